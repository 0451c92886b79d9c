/**
 * Decrypting what a passphrase protects, and encrypting new keys. AES, triple DES and the derivations are the platform's; RC2, which
 * OpenSSL 3 does not give to programs, comes from node-forge, loaded only when a file of old needs it.
 */
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { DisksealError } from '../core/errors.ts';
import { encodePbes2, type KeyDerivation, type PasswordEncryption, type Pbes2, type Pkcs12Pbe } from '../pki/password-encryption.ts';
import { encodeEncryptedPrivateKeyInfo } from '../pki/pkcs8.ts';
import { derive, PURPOSE, pkcs12Password } from './pkcs12-kdf.ts';

/** Iterations beyond which a file is refused: it would only keep the machine busy. PBKDF2 runs natively, PKCS#12's own does not. */
const PBKDF2_LIMIT = 20_000_000;
export const PKCS12_LIMIT = 1_000_000;
const SCRYPT_MEMORY_LIMIT = 512 << 20;
/** OWASP's figure for PBKDF2-HMAC-SHA-256 in 2023. */
const ITERATIONS = 600_000;

const pbkdf2InPool = promisify(pbkdf2);
const scryptInPool = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/** @throws DisksealError `E_KEY` when the passphrase is wrong, or the scheme beyond what is accepted */
export async function decrypt(encryption: PasswordEncryption, data: Uint8Array, passphrase: string): Promise<Uint8Array> {
  return encryption.kind === 'pbes2' ? decryptPbes2(encryption, data, passphrase) : decryptPkcs12(encryption, data, passphrase);
}

/** An error that a wrong passphrase gives; a damaged file cannot be told from it. */
export function wrongPassphrase(cause?: unknown): DisksealError {
  return new DisksealError('E_KEY', 'wrong passphrase', { cause, hint: 'or the file is damaged' });
}

const KEY_SIZES = { 'aes-128-cbc': 16, 'aes-192-cbc': 24, 'aes-256-cbc': 32, 'des-ede3-cbc': 24 } as const;

async function decryptPbes2({ derivation, cipher, iv }: Pbes2, data: Uint8Array, passphrase: string): Promise<Uint8Array> {
  if (iv.length !== (cipher === 'des-ede3-cbc' ? 8 : 16)) throw new DisksealError('E_KEY', 'the initialisation vector has a wrong length');
  const key = await deriveKey(derivation, passphrase, KEY_SIZES[cipher]);
  return decipher(cipher, key, iv, data);
}

async function deriveKey(derivation: KeyDerivation, passphrase: string, length: number): Promise<Uint8Array> {
  if (derivation.kind === 'pbkdf2') {
    checkIterations(derivation.iterations, PBKDF2_LIMIT);
    return pbkdf2InPool(passphrase, derivation.salt, derivation.iterations, length, derivation.prf);
  }
  const { salt, cost, blockSize, parallel } = derivation;
  const memory = 128 * blockSize * (cost + parallel);
  const sound = cost > 1 && Number.isInteger(Math.log2(cost)) && blockSize > 0 && parallel > 0 && parallel * cost * blockSize < 1 << 27;
  if (!sound || memory > SCRYPT_MEMORY_LIMIT) throw new DisksealError('E_KEY', 'the key’s scrypt parameters are beyond what is accepted');
  return scryptInPool(passphrase, salt, length, { cost, blockSize, parallelization: parallel, maxmem: 2 * SCRYPT_MEMORY_LIMIT });
}

export function checkIterations(iterations: number, limit: number): void {
  if (iterations >= 1 && iterations <= limit) return;
  throw new DisksealError('E_KEY', `the file asks for ${iterations} iterations, 1 to ${limit} are accepted`);
}

function decipher(cipher: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  try {
    const state = createDecipheriv(cipher, key, iv);
    return new Uint8Array(Buffer.concat([state.update(data), state.final()]));
  } catch (cause) {
    throw wrongPassphrase(cause);
  }
}

const PKCS12_KEYS = { 'des-ede3': 24, 'des-ede': 16, 'rc2-128': 16, 'rc2-40': 5 } as const;

async function decryptPkcs12({ cipher, salt, iterations }: Pkcs12Pbe, data: Uint8Array, passphrase: string): Promise<Uint8Array> {
  checkIterations(iterations, PKCS12_LIMIT);
  const shared = { hash: 'sha1', password: pkcs12Password(passphrase), salt, iterations } as const;
  const key = await derive({ ...shared, purpose: PURPOSE.key, length: PKCS12_KEYS[cipher] });
  const iv = await derive({ ...shared, purpose: PURPOSE.iv, length: 8 });
  if (cipher === 'des-ede3') return decipher('des-ede3-cbc', key, iv, data);
  // Two-key triple DES is three-key with the first key again.
  if (cipher === 'des-ede') return decipher('des-ede3-cbc', new Uint8Array([...key, ...key.subarray(0, 8)]), iv, data);
  return decryptRc2(key, iv, data);
}

async function decryptRc2(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const { default: forge } = await import('node-forge');
  const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  // RFC 2268: the effective key length equals the key's.
  const state = forge.rc2.createDecryptionCipher(binary(key), key.length * 8);
  state.start(binary(iv));
  state.update(forge.util.createBuffer(binary(data)));
  if (data.length === 0 || data.length % 8 !== 0 || !state.finish()) throw wrongPassphrase();
  return new Uint8Array(Buffer.from(state.output.getBytes(), 'latin1'));
}

/** A PrivateKeyInfo as an EncryptedPrivateKeyInfo: PBES2, PBKDF2-HMAC-SHA-256, AES-256-CBC. */
export async function encryptPrivateKey(privateKeyInfo: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const key = await pbkdf2InPool(passphrase, salt, ITERATIONS, 32, 'sha256');
  const state = createCipheriv('aes-256-cbc', key, iv);
  const data = Buffer.concat([state.update(privateKeyInfo), state.final()]);
  return encodeEncryptedPrivateKeyInfo(encodePbes2(salt, ITERATIONS, iv), data);
}
