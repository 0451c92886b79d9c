/**
 * Certificates for tests, good and deliberately bad: every part can be replaced, which openssl would not allow.
 * Keys and signatures by node:crypto, DER by our own encoder; openssl is asked elsewhere whether it agrees.
 */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { HashAlgorithm, SignatureScheme } from '../../src/core/platform.ts';
import type { Signer } from '../../src/core/signer.ts';
import { encodeSignatureAlgorithm } from '../../src/pki/algorithms.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { type Certificate, parseCertificate } from '../../src/pki/x509.ts';

export type KeyKind = 'p256' | 'p384' | 'p521' | 'rsa1024' | 'rsa2048' | 'rsa3072' | 'ed25519';

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly hash: HashAlgorithm;
}

const CURVES = { p256: 'P-256', p384: 'P-384', p521: 'P-521' } as const;
const CURVE_HASHES = { p256: 'sha256', p384: 'sha384', p521: 'sha512' } as const;
const keyCache = new Map<string, TestKey>();

/** @param name - the same name gives the same key within one run: RSA keys are slow to make */
export function testKey(kind: KeyKind, name = 'a'): TestKey {
  const id = `${kind}/${name}`;
  const known = keyCache.get(id) ?? makeKey(kind);
  keyCache.set(id, known);
  return known;
}

function makeKey(kind: KeyKind): TestKey {
  if (kind === 'ed25519') return wrapKey(generateKeyPairSync('ed25519'), 'ed25519', 'sha512');
  if (kind in CURVES) {
    const curve = kind as keyof typeof CURVES;
    return wrapKey(generateKeyPairSync('ec', { namedCurve: CURVES[curve] }), 'ecdsa', CURVE_HASHES[curve]);
  }
  return wrapKey(generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) }), 'rsa-pkcs1', 'sha256');
}

function wrapKey(pair: { privateKey: KeyObject; publicKey: KeyObject }, scheme: SignatureScheme, hash: HashAlgorithm): TestKey {
  return { privateKey: pair.privateKey, spki: plain(pair.publicKey.export({ format: 'der', type: 'spki' })), scheme, hash };
}

export function signWith(key: TestKey, message: Uint8Array, scheme = key.scheme, hash = key.hash): Uint8Array {
  if (scheme === 'ed25519') return plain(sign(null, message, key.privateKey));
  if (scheme !== 'rsa-pss') return plain(sign(hash, message, key.privateKey));
  const options = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return plain(sign(hash, message, options));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return plain(createHash('sha256').update(bytes).digest());
}

export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** One RDN for each `TYPE=value`, in the order of the encoding: the most general first. Values become UTF8String. */
export function nameOf(text: string): Uint8Array {
  const types: Record<string, string> = { CN: OID.commonName, O: OID.organizationName, OU: OID.organizationalUnitName };
  const rdns = text === '' ? [] : text.split(',').map((part) => part.split('=') as [string, string]);
  return der.sequence(...rdns.map(([type, value]) => der.setOf([der.sequence(der.oid(types[type]), der.utf8String(value))])));
}

export function extension(type: string, value: Uint8Array, critical = false): Uint8Array {
  return der.sequence(der.oid(type), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

const KEY_USAGE_BITS = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5, cRLSign: 6 } as const;

export interface Recipe {
  subject: string | Uint8Array;
  key: TestKey;
  /** Absent: certifies itself. */
  issuer?: Made | undefined;
  ca?: boolean;
  pathLength?: number;
  notBefore?: number | undefined;
  notAfter?: number | undefined;
  serial?: bigint;
  keyUsage?: (keyof typeof KEY_USAGE_BITS)[] | undefined;
  extendedKeyUsage?: string[] | undefined;
  /** Replaces an extension by its OID, or leaves it out when undefined. */
  extensions?: Record<string, Uint8Array | undefined> | undefined;
  /** The whole AlgorithmIdentifier inside and outside. */
  algorithm?: Uint8Array;
  scheme?: SignatureScheme;
  hash?: HashAlgorithm;
  /** Replaces the SubjectPublicKeyInfo. */
  spki?: Uint8Array;
  version?: number;
}

export interface Made {
  readonly bytes: Uint8Array;
  readonly key: TestKey;
  readonly issuer: Made | undefined;
  readonly certificate: Certificate;
}

/** The time at which everything made here is valid unless the recipe says otherwise: 2026-06-01. */
export const NOW = Date.UTC(2026, 5, 1) / 1000;
const YEAR = 365 * 86_400;

export function makeCertificate(recipe: Recipe): Made {
  const bytes = encodeCertificate(recipe);
  let parsed: Certificate | undefined;
  return {
    bytes,
    key: recipe.key,
    issuer: recipe.issuer,
    get certificate() {
      parsed ??= parseCertificate(bytes);
      return parsed;
    },
  };
}

function encodeCertificate(recipe: Recipe): Uint8Array {
  const certifier = recipe.issuer?.key ?? recipe.key;
  const scheme = recipe.scheme ?? certifier.scheme;
  const hash = recipe.hash ?? certifier.hash;
  const algorithm = recipe.algorithm ?? encodeSignatureAlgorithm(scheme, hash);
  const subject = typeof recipe.subject === 'string' ? nameOf(recipe.subject) : recipe.subject;
  const issuer = recipe.issuer ? recipe.issuer.certificate.subject.bytes : subject;
  const serial = recipe.serial ?? BigInt(`0x${Buffer.from(sha256(subject).subarray(0, 8)).toString('hex')}`) / 2n + 1n;
  const version = recipe.version ?? 2;
  const tbs = der.sequence(
    ...(version === 0 ? [] : [der.explicit(0, der.integer(version))]),
    der.integer(serial),
    algorithm,
    issuer,
    der.sequence(der.time(recipe.notBefore ?? NOW - YEAR), der.time(recipe.notAfter ?? NOW + YEAR)),
    subject,
    recipe.spki ?? recipe.key.spki,
    ...(version === 0 ? [] : [der.explicit(3, der.sequence(...extensionsOf(recipe)))]),
  );
  return der.sequence(tbs, algorithm, der.bitString(signWith(certifier, tbs, scheme, hash)));
}

function extensionsOf(recipe: Recipe): Uint8Array[] {
  const ca = recipe.ca ?? false;
  const keyUsage = recipe.keyUsage ?? (ca ? ['keyCertSign', 'cRLSign'] : ['digitalSignature']);
  const purposes = recipe.extendedKeyUsage ?? (ca ? undefined : [OID.codeSigning]);
  const own = sha256(recipe.spki ?? recipe.key.spki).subarray(0, 20);
  const authority = recipe.issuer ? sha256(recipe.issuer.key.spki).subarray(0, 20) : own;
  const all: Record<string, Uint8Array | undefined> = {
    [OID.basicConstraints]: ca ? basicConstraints(recipe.pathLength) : undefined,
    [OID.keyUsage]: extension(OID.keyUsage, der.namedBits(keyUsage.map((usage) => KEY_USAGE_BITS[usage])), true),
    [OID.extendedKeyUsage]: purposes && extension(OID.extendedKeyUsage, der.sequence(...purposes.map(der.oid))),
    [OID.subjectKeyIdentifier]: extension(OID.subjectKeyIdentifier, der.octetString(own)),
    [OID.authorityKeyIdentifier]: extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, der.octetString(authority)))),
    ...recipe.extensions,
  };
  return Object.values(all).filter((bytes) => bytes !== undefined);
}

export function basicConstraints(pathLength?: number, critical = true): Uint8Array {
  const limit = pathLength === undefined ? [] : [der.integer(pathLength)];
  return extension(OID.basicConstraints, der.sequence(der.boolean(true), ...limit), critical);
}

export type Life = Pick<Recipe, 'notBefore' | 'notAfter'>;
/** For those who are asked by a command, which takes the time from the clock. */
export const LONG_LIFE: { readonly notBefore: number; readonly notAfter: number } = {
  notBefore: Date.UTC(2020, 0) / 1000,
  notAfter: Date.UTC(2049, 0) / 1000,
};

/** A root, an intermediate and a code-signing certificate, all by keys of one kind. */
export function testChain(kind: KeyKind = 'p256', name = 'Demo', life: Life = {}): { root: Made; intermediate: Made; leaf: Made } {
  const root = makeCertificate({ ...life, subject: `O=${name},CN=${name} Root`, key: testKey(kind, 'root'), ca: true });
  const middle = { subject: `O=${name},CN=${name} CA`, key: testKey(kind, 'intermediate'), ca: true, issuer: root };
  const intermediate = makeCertificate({ ...life, ...middle });
  const leaf = makeCertificate({ ...life, subject: `O=${name},CN=${name} Publisher`, key: testKey(kind, 'leaf'), issuer: intermediate });
  return { root, intermediate, leaf };
}

/** The signer of a certificate, with its path below the root. */
export function signerOf(leaf: Made): Signer {
  const path: Made[] = [leaf];
  for (let at = leaf.issuer; at?.issuer; at = at.issuer) path.push(at);
  return {
    scheme: leaf.key.scheme,
    hash: leaf.key.hash,
    certificates: path.map(({ bytes }) => bytes),
    sign: (message) => Promise.resolve(signWith(leaf.key, message)),
  };
}
