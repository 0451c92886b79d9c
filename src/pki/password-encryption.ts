/**
 * How private keys and PKCS#12 files say that they are encrypted with a passphrase. Sources: RFC 8018 (PBES2, PBKDF2), RFC 7914
 * (scrypt), RFC 7292 appendix C (PKCS#12 schemes). Only the encoding: what is strong enough, and the decrypting, is elsewhere.
 * Left out: PBES1 of RFC 8018 (DES and RC2 with MD5 or SHA-1), which nothing in use writes.
 */

import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { type DerElement, TAG } from './der.ts';
import { integer, nullValue, octetString, oid, sequence } from './der-write.ts';
import { oidName } from './oids.ts';

type Prf = 'sha1' | 'sha224' | HashAlgorithm;

export type KeyDerivation =
  | { readonly kind: 'pbkdf2'; readonly salt: Uint8Array; readonly iterations: number; readonly prf: Prf }
  | { readonly kind: 'scrypt'; readonly salt: Uint8Array; readonly cost: number; readonly blockSize: number; readonly parallel: number };

/** Cipher names as OpenSSL has them. */
type BlockCipher = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc';

export interface Pbes2 {
  readonly kind: 'pbes2';
  readonly derivation: KeyDerivation;
  readonly cipher: BlockCipher;
  readonly iv: Uint8Array;
}

/** The schemes of PKCS#12 before PBES2: SHA-1, and a key derivation of its own. */
export interface Pkcs12Pbe {
  readonly kind: 'pkcs12';
  readonly cipher: 'des-ede3' | 'des-ede' | 'rc2-128' | 'rc2-40';
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export type PasswordEncryption = Pbes2 | Pkcs12Pbe;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';

const PRFS: Readonly<Record<string, Prf>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const CIPHERS: Readonly<Record<string, BlockCipher>> = {
  '2.16.840.1.101.3.4.1.2': 'aes-128-cbc',
  '2.16.840.1.101.3.4.1.22': 'aes-192-cbc',
  '2.16.840.1.101.3.4.1.42': 'aes-256-cbc',
  '1.2.840.113549.3.7': 'des-ede3-cbc',
};

const PKCS12_CIPHERS: Readonly<Record<string, Pkcs12Pbe['cipher']>> = {
  '1.2.840.113549.1.12.1.3': 'des-ede3',
  '1.2.840.113549.1.12.1.4': 'des-ede',
  '1.2.840.113549.1.12.1.5': 'rc2-128',
  '1.2.840.113549.1.12.1.6': 'rc2-40',
};

const MAX_COUNT = 0xffff_ffff;

/** @throws DisksealError `E_KEY` for a scheme that is not known here, `E_DER` for a malformed one */
export function readPasswordEncryption(element: DerElement): PasswordEncryption {
  const fields = element.fields('EncryptionAlgorithm');
  const scheme = fields.next(TAG.oid, 'algorithm').oid('EncryptionAlgorithm.algorithm');
  const parameters = fields.next(TAG.sequence, 'parameters');
  fields.end();
  if (scheme === PBES2) return readPbes2(parameters);
  const cipher = look(PKCS12_CIPHERS, scheme, 'encryption');
  const inner = parameters.fields('pkcs-12PbeParams');
  const salt = inner.next(TAG.octetString, 'salt').content;
  const iterations = inner.next(TAG.integer, 'iterations').smallInteger('pkcs-12PbeParams.iterations', MAX_COUNT);
  inner.end();
  return { kind: 'pkcs12', cipher, salt, iterations };
}

/** PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier } */
function readPbes2(element: DerElement): Pbes2 {
  const fields = element.fields('PBES2-params');
  const derivation = fields.next(TAG.sequence, 'keyDerivationFunc');
  const scheme = fields.next(TAG.sequence, 'encryptionScheme').fields('encryptionScheme');
  fields.end();
  const cipher = look(CIPHERS, scheme.next(TAG.oid, 'algorithm').oid('encryptionScheme.algorithm'), 'cipher');
  const iv = scheme.next(TAG.octetString, 'iv').content;
  scheme.end();
  return { kind: 'pbes2', derivation: readDerivation(derivation), cipher, iv };
}

function readDerivation(element: DerElement): KeyDerivation {
  const fields = element.fields('keyDerivationFunc');
  const kind = fields.next(TAG.oid, 'algorithm').oid('keyDerivationFunc.algorithm');
  const parameters = fields.next(TAG.sequence, 'parameters').fields('keyDerivationFunc.parameters');
  fields.end();
  if (kind !== PBKDF2 && kind !== SCRYPT) throw unknown('key derivation', kind);
  const salt = parameters.next(TAG.octetString, 'salt').content;
  const count = (field: string): number => parameters.next(TAG.integer, field).smallInteger(field, MAX_COUNT);
  let result: KeyDerivation;
  if (kind === SCRYPT) {
    const [cost, blockSize, parallel] = [count('costParameter'), count('blockSize'), count('parallelizationParameter')];
    parameters.optional(TAG.integer);
    result = { kind: 'scrypt', salt, cost, blockSize, parallel };
  } else {
    const iterations = count('iterationCount');
    parameters.optional(TAG.integer);
    // prf AlgorithmIdentifier DEFAULT algid-hmacWithSHA1
    const prf = parameters.optional(TAG.sequence)?.fields('prf').next(TAG.oid, 'algorithm').oid('prf');
    result = { kind: 'pbkdf2', salt, iterations, prf: prf === undefined ? 'sha1' : look(PRFS, prf, 'pseudo-random function') };
  }
  parameters.end();
  return result;
}

/** PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC: what is written here. */
export function encodePbes2(salt: Uint8Array, iterations: number, iv: Uint8Array): Uint8Array {
  const prf = sequence(oid('1.2.840.113549.2.9'), nullValue());
  const derivation = sequence(oid(PBKDF2), sequence(octetString(salt), integer(iterations), prf));
  const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(iv));
  return sequence(oid(PBES2), sequence(derivation, scheme));
}

function look<T>(table: Readonly<Record<string, T>>, id: string, what: string): T {
  if (!Object.hasOwn(table, id)) throw unknown(what, id);
  return table[id]!;
}

function unknown(what: string, id: string): DisksealError {
  return new DisksealError('E_KEY', `the ${what} ${oidName(id)} is not known`, { hint: 'export the key again with AES-256' });
}
