/**
 * `keys new`: a root and, certified by it, a code-signing key. The root's own key certifies nothing else until the signing key is
 * renewed, so it is kept only encrypted; without a passphrase for it, it is thrown away and the next publisher needs a new root.
 */
import { randomBytes, webcrypto } from 'node:crypto';
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { writePem } from '../pki/pem.ts';
import { parseCertificate } from '../pki/x509.ts';
import { signerFault } from './certificate-path.ts';
import { encryptPrivateKey } from './password-decryption.ts';
import { type CertificateReport, describeCertificate } from './show-keys.ts';

export const KEY_KINDS = ['p256', 'p384', 'rsa3072', 'rsa4096'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface NewKeys {
  /** The publisher, for people: the common name of the signing certificate. */
  readonly name: string;
  readonly organization?: string | undefined;
  /** Default: p256. */
  readonly algorithm?: KeyKind | undefined;
  /** How long the signing certificate lives; default: three years. */
  readonly days?: number | undefined;
  /** How long the root lives; default: twenty years, and never less than `days`. */
  readonly rootDays?: number | undefined;
  /** The common name of the root; default: the name and "Root". */
  readonly rootName?: string | undefined;
  /** Encrypts publisher.key.pem. Without it the key is in clear, readable by its owner only. */
  readonly passphrase?: string | undefined;
  /** Encrypts root.key.pem. Without it there is no root.key.pem: the root's key is thrown away. */
  readonly rootPassphrase?: string | undefined;
  /** Replaces files that are there. */
  readonly force?: boolean | undefined;
  /** Unix seconds: when the certificates begin. */
  readonly now: number;
}

export interface NewKeysReport {
  /** Paths of what was written. */
  readonly files: readonly string[];
  readonly root: CertificateReport;
  readonly publisher: CertificateReport;
  /** Whether each private key's file is encrypted; the root's may have been thrown away. */
  readonly publisherKey: 'encrypted' | 'in clear';
  readonly rootKey: 'encrypted' | 'thrown away';
}

const DAY = 86_400;
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const NAME_LIMIT = 64;

type Library = typeof import('./x509-library.ts')['x509'];
type KeyPair = Awaited<ReturnType<typeof generate>>;

/**
 * Writes root.cert.pem, publisher.cert.pem, publisher.chain.pem (publisher, then root), publisher.key.pem and perhaps root.key.pem.
 * @throws DisksealError `E_EXISTS` before anything is written, `E_USAGE` for impossible wishes, `E_WRITE`
 */
export async function makeKeys(folder: string, options: NewKeys): Promise<NewKeysReport> {
  checkOptions(options);
  const { x509 } = await import('./x509-library.ts');
  const kind = options.algorithm ?? 'p256';
  const [rootKeys, publisherKeys] = await Promise.all([generate(kind), generate(kind)]);
  const certificates = await certify(x509, kind, rootKeys, publisherKeys, options);
  const root = parseCertificate(certificates.root);
  const publisher = parseCertificate(certificates.publisher);
  const fault = signerFault(publisher, options.now);
  if (fault !== undefined) throw new DisksealError('E_INTERNAL', `internal error: the new certificate cannot sign: ${fault}`);

  const pem = { root: writePem('CERTIFICATE', root.bytes), publisher: writePem('CERTIFICATE', publisher.bytes) };
  const files: NewFile[] = [
    { name: 'root.cert.pem', text: pem.root, mode: 0o644 },
    { name: 'publisher.cert.pem', text: pem.publisher, mode: 0o644 },
    { name: 'publisher.chain.pem', text: pem.publisher + pem.root, mode: 0o644 },
    { name: 'publisher.key.pem', text: await privateKeyPem(publisherKeys, options.passphrase), mode: 0o600 },
  ];
  const { rootPassphrase } = options;
  if (rootPassphrase !== undefined) files.push({ name: 'root.key.pem', text: await privateKeyPem(rootKeys, rootPassphrase), mode: 0o600 });
  await writeFiles(folder, files, options.force ?? false);
  return {
    files: files.map(({ name }) => join(folder, name)),
    root: describeCertificate(root, options.now),
    publisher: describeCertificate(publisher, options.now),
    publisherKey: options.passphrase === undefined ? 'in clear' : 'encrypted',
    rootKey: rootPassphrase === undefined ? 'thrown away' : 'encrypted',
  };
}

function checkOptions({ name, organization, rootName, algorithm, days, rootDays, passphrase, rootPassphrase }: NewKeys): void {
  for (const text of [name, organization, rootName]) {
    if (text === undefined) continue;
    if (text.trim() === '' || Array.from(text.normalize('NFC')).length > NAME_LIMIT || /[\p{Cc}\p{Cs}]/u.test(text)) {
      throw new DisksealError('E_USAGE', `a name is 1 to ${NAME_LIMIT} characters without control characters, not ${JSON.stringify(text)}`);
    }
  }
  if (algorithm !== undefined && !KEY_KINDS.includes(algorithm)) {
    throw new DisksealError('E_USAGE', `the algorithm is one of ${KEY_KINDS.join(', ')}, not ${algorithm}`);
  }
  for (const count of [days, rootDays]) {
    if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 36_525)) {
      throw new DisksealError('E_USAGE', `a validity is 1 to 36525 days, not ${count}`);
    }
  }
  if (passphrase === '' || rootPassphrase === '') throw new DisksealError('E_USAGE', 'an empty passphrase protects nothing');
}

function parameters(kind: KeyKind) {
  if (kind === 'p256') return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  if (kind === 'p384') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as const;
  const modulusLength = kind === 'rsa3072' ? 3072 : 4096;
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: Uint8Array.of(1, 0, 1) } as const;
}

async function generate(kind: KeyKind) {
  return webcrypto.subtle.generateKey(parameters(kind), true, ['sign', 'verify']);
}

async function certify(x509: Library, kind: KeyKind, rootKeys: KeyPair, publisherKeys: KeyPair, options: NewKeys) {
  const { now, days = 1095 } = options;
  const rootDays = Math.max(days, options.rootDays ?? 7305);
  const subject = new x509.Name(nameOf(options.name, options.organization));
  const issuer = new x509.Name(nameOf(options.rootName ?? `${options.name} Root`.slice(0, NAME_LIMIT), options.organization));
  const shared = {
    issuer,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: parameters(kind),
    notBefore: new Date(now * 1000),
  };
  const authority = await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey);
  const root = await x509.X509CertificateGenerator.create({
    ...shared,
    subject: issuer,
    serialNumber: newSerial(),
    publicKey: rootKeys.publicKey,
    notAfter: new Date((now + rootDays * DAY) * 1000),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
      authority,
    ],
  });
  const publisher = await x509.X509CertificateGenerator.create({
    ...shared,
    subject,
    serialNumber: newSerial(),
    publicKey: publisherKeys.publicKey,
    notAfter: new Date((now + days * DAY) * 1000),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([CODE_SIGNING], false),
      await x509.SubjectKeyIdentifierExtension.create(publisherKeys.publicKey),
      authority,
    ],
  });
  return { root: new Uint8Array(root.rawData), publisher: new Uint8Array(publisher.rawData) };
}

/** The most general part first. As data and not as text, so that nothing in a name needs escaping. */
function nameOf(commonName: string, organization: string | undefined): Record<string, { utf8String: string }[]>[] {
  const part = (type: string, text: string) => ({ [type]: [{ utf8String: text.normalize('NFC') }] });
  return [...(organization === undefined ? [] : [part('O', organization)]), part('CN', commonName)];
}

/** RFC 5280 4.1.2.2: positive, at most 20 octets; 127 random bits. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function privateKeyPem({ privateKey }: KeyPair, passphrase: string | undefined): Promise<string> {
  const der = new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  if (passphrase === undefined) return writePem('PRIVATE KEY', der);
  return writePem('ENCRYPTED PRIVATE KEY', await encryptPrivateKey(der, passphrase));
}

interface NewFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

const ALL_NAMES = ['root.cert.pem', 'root.key.pem', 'publisher.cert.pem', 'publisher.chain.pem', 'publisher.key.pem'];

/** All or nothing as far as the system allows: written under temporary names first, then given their own. */
async function writeFiles(folder: string, files: readonly NewFile[], force: boolean): Promise<void> {
  const suffix = `.${randomBytes(6).toString('hex')}.part`;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw writeError(folder, cause);
  });
  if (!force) for (const name of ALL_NAMES) await refuseExisting(join(folder, name));
  try {
    for (const { name, text, mode } of files) await writeFile(join(folder, name + suffix), text, { flag: 'wx', mode });
    for (const { name } of files) {
      const path = join(folder, name);
      // A link fails where a file is, a rename would replace it.
      if (force) await rename(path + suffix, path);
      else await link(path + suffix, path);
    }
    // The key of the root that was there does not belong to the new one.
    const stale = ALL_NAMES.filter((name) => files.every((file) => file.name !== name));
    for (const name of stale) await rm(join(folder, name), { force: true });
  } catch (cause) {
    throw errnoOf(cause) === 'EEXIST' ? exists(folder) : writeError(folder, cause);
  } finally {
    for (const { name } of files) await rm(join(folder, name + suffix), { force: true });
  }
}

async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found) throw exists(path);
}

function exists(path: string): DisksealError {
  return new DisksealError('E_EXISTS', 'there are keys already', {
    path,
    hint: 'give another folder, or --force to replace them for good',
  });
}
