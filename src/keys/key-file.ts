/** Files of keys and certificates, whatever their form: PEM, DER, PKCS#12. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { readDer, TAG } from '../pki/der.ts';
import { isPem, type PemBlock, readPem } from '../pki/pem.ts';
import { parseEncryptedPrivateKeyInfo, parsePrivateKeyInfo } from '../pki/pkcs8.ts';
import { looksLikePfx } from '../pki/pkcs12.ts';
import { type Certificate, parseCertificate } from '../pki/x509.ts';
import type { PassphraseSource } from './passphrase.ts';
import { decrypt, wrongPassphrase } from './password-decryption.ts';
import { openPfx } from './pkcs12-file.ts';

export interface KeyFile {
  /** In Node's hands: never printed, never handed out by this folder. */
  readonly privateKeys: readonly KeyObject[];
  readonly certificates: readonly Certificate[];
}

const SIZE_LIMIT = 4 << 20;

/**
 * Reads everything a file holds.
 * @param passphrase - asked at most once, and only when something is encrypted
 * @throws DisksealError `E_KEY` with a hint; `E_NOT_FOUND`, `E_READ`
 */
export async function readKeyFile(path: string, passphrase?: PassphraseSource): Promise<KeyFile> {
  const bytes = await readSmallFile(path);
  let asked: Promise<string> | undefined;
  const ask = (): Promise<string> => (asked ??= (passphrase ?? noPassphrase)(path));
  try {
    return isPem(bytes) ? await readBlocks(readPem(bytes), ask) : await readDerFile(bytes, ask);
  } catch (error) {
    throw error instanceof DisksealError ? inKeyFile(error, path) : error;
  }
}

function noPassphrase(): Promise<string> {
  const hint = 'give its passphrase by a prompt, an environment variable or a private file';
  return Promise.reject(new DisksealError('E_KEY', 'the key is encrypted, and no passphrase was given', { hint }));
}

/** Syntax errors of a key file are a matter of its owner and not of an image. */
function inKeyFile(error: DisksealError, path: string): DisksealError {
  if (error.code !== 'E_DER' && error.code !== 'E_CERTIFICATE') return error.with({ path });
  const { message, offset, field, hint } = error;
  return new DisksealError('E_KEY', message, { path, offset, field, hint, cause: error });
}

async function readSmallFile(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw readError(path, cause);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new DisksealError('E_KEY', 'not a regular file', { path });
    if (stat.size > SIZE_LIMIT) throw new DisksealError('E_KEY', 'the file is too large to hold keys', { path });
    return new Uint8Array(await handle.readFile());
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    await handle.close();
  }
}

async function readBlocks(blocks: readonly PemBlock[], ask: () => Promise<string>): Promise<KeyFile> {
  const privateKeys: KeyObject[] = [];
  const certificates: Certificate[] = [];
  for (const { label, bytes, headers, line } of blocks) {
    if (headers.has('Proc-Type')) {
      const hint = 'convert it: openssl pkcs8 -topk8 -in OLD -out NEW';
      throw new DisksealError('E_KEY', 'the key is encrypted in a way of old (MD5, one round)', { line, hint });
    }
    if (label === 'CERTIFICATE' || label === 'X509 CERTIFICATE') certificates.push(parseCertificate(bytes));
    else if (label === 'PRIVATE KEY') privateKeys.push(importKey(bytes, 'pkcs8'));
    else if (label === 'ENCRYPTED PRIVATE KEY') privateKeys.push(await importEncrypted(bytes, ask));
    else if (label === 'RSA PRIVATE KEY') privateKeys.push(importKey(bytes, 'pkcs1'));
    else if (label === 'EC PRIVATE KEY') privateKeys.push(importKey(bytes, 'sec1'));
    // Parameters and public keys stand beside what they belong to; anything else is a mistake of the caller.
    else if (label !== 'EC PARAMETERS' && label !== 'PUBLIC KEY') {
      throw new DisksealError('E_KEY', `a block "${label}" is neither key nor certificate`, { line });
    }
  }
  if (blocks.length === 0) throw new DisksealError('E_KEY', 'the file has no PEM block');
  return { privateKeys, certificates };
}

async function readDerFile(bytes: Uint8Array, ask: () => Promise<string>): Promise<KeyFile> {
  if (looksLikePfx(bytes)) {
    const { keys, certificates } = await openPfx(bytes, ask);
    return { privateKeys: keys.map((key) => importKey(key, 'pkcs8')), certificates: certificates.map((one) => parseCertificate(one)) };
  }
  if (bytes[0] !== TAG.sequence) {
    throw new DisksealError('E_KEY', 'neither PEM, DER nor PKCS#12', { hint: 'is it the right file?' });
  }
  // Told apart by their first members: see RFC 5958 (PKCS#8), RFC 8017 A.1.2 (PKCS#1), RFC 5915 (SEC 1).
  const tags = readDer(bytes, 'key file').children.map(({ tag }) => tag);
  const only = (key: KeyObject): KeyFile => ({ privateKeys: [key], certificates: [] });
  if (tags[0] === TAG.sequence && tags[1] === TAG.octetString) return only(await importEncrypted(bytes, ask));
  if (tags[0] === TAG.sequence) return { privateKeys: [], certificates: [parseCertificate(bytes)] };
  if (tags[1] === TAG.sequence) return only(importKey(bytes, 'pkcs8'));
  return only(importKey(bytes, tags[1] === TAG.octetString ? 'sec1' : 'pkcs1'));
}

async function importEncrypted(der: Uint8Array, ask: () => Promise<string>): Promise<KeyObject> {
  const { encryption, data } = parseEncryptedPrivateKeyInfo(der);
  const plain = await decrypt(encryption, data, await ask());
  try {
    parsePrivateKeyInfo(plain);
  } catch (cause) {
    // One wrong passphrase in 256 leaves a padding that looks right.
    throw wrongPassphrase(cause);
  }
  return importKey(plain, 'pkcs8');
}

function importKey(der: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1'): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type });
  } catch (cause) {
    throw new DisksealError('E_KEY', 'a private key that cannot be read', { cause, hint: 'the file is damaged, or its kind is not known' });
  }
}
