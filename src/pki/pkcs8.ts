/**
 * Private keys in DER. Source: RFC 5958 (PKCS#8).
 *
 *     OneAsymmetricKey ::= SEQUENCE { version INTEGER, privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET STRING,
 *       attributes [0] OPTIONAL, publicKey [1] OPTIONAL }
 *     EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }
 */
import { readAlgorithm } from './algorithms.ts';
import { context, type DerElement, readDer, TAG } from './der.ts';
import { octetString, sequence } from './der-write.ts';
import { type PasswordEncryption, readPasswordEncryption } from './password-encryption.ts';

export interface PrivateKeyInfo {
  /** The whole of it. */
  readonly bytes: Uint8Array;
  /** OID of the key's algorithm. */
  readonly algorithm: string;
}

export interface EncryptedPrivateKeyInfo {
  readonly encryption: PasswordEncryption;
  readonly data: Uint8Array;
}

/** @throws DisksealError `E_DER` */
export function readPrivateKeyInfo(element: DerElement): PrivateKeyInfo {
  const fields = element.fields('PrivateKeyInfo');
  fields.next(TAG.integer, 'version').smallInteger('PrivateKeyInfo.version', 1);
  const algorithm = readAlgorithm(fields.next(TAG.sequence, 'privateKeyAlgorithm'), 'privateKeyAlgorithm').oid;
  fields.next(TAG.octetString, 'privateKey');
  fields.optional(context(0));
  fields.optional(context(1, 'primitive'));
  fields.end();
  return { bytes: element.bytes, algorithm };
}

export function parsePrivateKeyInfo(der: Uint8Array): PrivateKeyInfo {
  return readPrivateKeyInfo(readDer(der, 'PrivateKeyInfo'));
}

/** @throws DisksealError `E_DER`, `E_KEY` for an encryption that is not known */
export function readEncryptedPrivateKeyInfo(element: DerElement): EncryptedPrivateKeyInfo {
  const fields = element.fields('EncryptedPrivateKeyInfo');
  const encryption = readPasswordEncryption(fields.next(TAG.sequence, 'encryptionAlgorithm'));
  const data = fields.next(TAG.octetString, 'encryptedData').content;
  fields.end();
  return { encryption, data };
}

export function parseEncryptedPrivateKeyInfo(der: Uint8Array): EncryptedPrivateKeyInfo {
  return readEncryptedPrivateKeyInfo(readDer(der, 'EncryptedPrivateKeyInfo'));
}

/** @param encryption - an AlgorithmIdentifier as `encodePbes2` makes it */
export function encodeEncryptedPrivateKeyInfo(encryption: Uint8Array, data: Uint8Array): Uint8Array {
  return sequence(encryption, octetString(data));
}
