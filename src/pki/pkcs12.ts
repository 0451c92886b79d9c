/**
 * PKCS#12 files (.p12, .pfx) as encodings: what is in them, and what is encrypted how. Source: RFC 7292.
 *
 *     PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }
 *     AuthenticatedSafe ::= SEQUENCE OF ContentInfo      -- in the OCTET STRING of authSafe; each holds SafeContents
 *     SafeContents ::= SEQUENCE OF SafeBag
 *     SafeBag ::= SEQUENCE { bagId OID, bagValue [0] EXPLICIT ANY, bagAttributes SET OF Attribute OPTIONAL }
 *
 * Left out: integrity and privacy by public key, CRL, secret and nested bags (passed over), SDSI certificates.
 */

import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { derFromBer } from './ber.ts';
import { context, type DerElement, readDer, TAG } from './der.ts';
import { oidName } from './oids.ts';
import { type PasswordEncryption, readPasswordEncryption } from './password-encryption.ts';
import { type EncryptedPrivateKeyInfo, readEncryptedPrivateKeyInfo, readPrivateKeyInfo } from './pkcs8.ts';

/** A stretch of SafeContents: readable, or to be decrypted first. */
type Safe =
  | { readonly encryption: undefined; readonly contents: Uint8Array }
  | { readonly encryption: PasswordEncryption; readonly contents: Uint8Array };

export interface Pfx {
  /** What the MAC is made over. */
  readonly authenticated: Uint8Array;
  /** Absent: nothing protects the file against change. */
  readonly mac: MacData | undefined;
  readonly safes: readonly Safe[];
}

export interface MacData {
  readonly hash: 'sha1' | HashAlgorithm;
  readonly value: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** Keys and certificates of one SafeContents. */
export interface Bags {
  /** PrivateKeyInfo in DER. */
  readonly keys: readonly Uint8Array[];
  readonly encryptedKeys: readonly EncryptedPrivateKeyInfo[];
  /** X.509 certificates in DER. */
  readonly certificates: readonly Uint8Array[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const MAC_HASHES: Readonly<Record<string, MacData['hash']>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const MAX_COUNT = 0xffff_ffff;

/** Whether bytes begin as a PKCS#12 file does: a SEQUENCE whose first member is the INTEGER 3. */
export function looksLikePfx(bytes: Uint8Array): boolean {
  if (bytes[0] !== TAG.sequence) return false;
  const content = bytes[1]! < 0x80 ? 2 : 2 + (bytes[1]! & 0x7f); // 0x80, the indefinite length, has no octets behind it
  return bytes[content] === TAG.integer && bytes[content + 1] === 1 && bytes[content + 2] === 3;
}

/** @throws DisksealError `E_DER`, `E_KEY` for something that is not known */
export function parsePfx(bytes: Uint8Array): Pfx {
  const fields = readDer(derFromBer(bytes, 'PFX'), 'PFX').fields('PFX');
  const version = fields.next(TAG.integer, 'version').smallInteger('PFX.version', 255);
  if (version !== 3) throw new DisksealError('E_KEY', `PKCS#12 version ${version} is not known, only 3`);
  const { type, content } = readContentInfo(fields.next(TAG.sequence, 'authSafe'));
  if (type !== DATA) throw new DisksealError('E_KEY', 'this PKCS#12 file is protected by a public key and not by a passphrase');
  const mac = fields.optional(TAG.sequence);
  fields.end();
  const authenticated = content.octetString('authSafe.content');
  const safes = readDer(derFromBer(authenticated, 'AuthenticatedSafe'), 'AuthenticatedSafe').list('AuthenticatedSafe', {
    minimum: 0,
    maximum: 64,
  });
  return { authenticated, mac: mac && readMac(mac), safes: safes.map(readSafe) };
}

/** ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT ANY } */
function readContentInfo(element: DerElement): { type: string; content: DerElement } {
  const fields = element.fields('ContentInfo');
  const type = fields.next(TAG.oid, 'contentType').oid('ContentInfo.contentType');
  const content = fields.next(context(0), 'content').only('ContentInfo.content');
  fields.end();
  return { type, content };
}

/** MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 } */
function readMac(element: DerElement): MacData {
  const fields = element.fields('MacData');
  const digest = fields.next(TAG.sequence, 'mac').fields('DigestInfo');
  const algorithm = digest
    .next(TAG.sequence, 'digestAlgorithm')
    .fields('digestAlgorithm')
    .next(TAG.oid, 'algorithm')
    .oid('digestAlgorithm');
  const value = digest.next(TAG.octetString, 'digest').content;
  digest.end();
  const salt = fields.next(TAG.octetString, 'macSalt').content;
  const iterations = fields.optional(TAG.integer)?.smallInteger('MacData.iterations', MAX_COUNT) ?? 1;
  fields.end();
  if (!Object.hasOwn(MAC_HASHES, algorithm)) {
    const hint = 'export it again, with a MAC that uses SHA-256';
    throw new DisksealError('E_KEY', `the PKCS#12 file’s integrity check (${oidName(algorithm)}) is not known`, { hint });
  }
  return { hash: MAC_HASHES[algorithm]!, value, salt, iterations };
}

function readSafe(element: DerElement): Safe {
  const { type, content } = readContentInfo(element);
  if (type === DATA) return { encryption: undefined, contents: content.octetString('SafeContents') };
  if (type !== ENCRYPTED_DATA) throw new DisksealError('E_KEY', `a part of the PKCS#12 file is ${oidName(type)}, which is not known`);
  // EncryptedData ::= SEQUENCE { version INTEGER, encryptedContentInfo EncryptedContentInfo }
  const fields = content.fields('EncryptedData');
  fields.next(TAG.integer, 'version').smallInteger('EncryptedData.version', 2);
  const info = fields.next(TAG.sequence, 'encryptedContentInfo').fields('EncryptedContentInfo');
  fields.end();
  info.next(TAG.oid, 'contentType');
  const encryption = readPasswordEncryption(info.next(TAG.sequence, 'contentEncryptionAlgorithm'));
  const encrypted = info.any('encryptedContent');
  info.end();
  return { encryption, contents: encryptedContent(encrypted) };
}

/** `[0] IMPLICIT OCTET STRING`, whole or, as BER allows behind such a tag, in pieces. */
function encryptedContent(element: DerElement): Uint8Array {
  if (element.tag !== context(0)) return element.expect(context(0, 'primitive'), 'encryptedContent').content;
  const pieces = element.children.map((piece) => piece.octetString('encryptedContent'));
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads the SafeContents of a safe, decrypted where it was encrypted. @throws DisksealError `E_DER`, `E_KEY` */
export function parseSafeContents(bytes: Uint8Array): Bags {
  const keys: Uint8Array[] = [];
  const encryptedKeys: EncryptedPrivateKeyInfo[] = [];
  const certificates: Uint8Array[] = [];
  for (const bag of readDer(derFromBer(bytes, 'SafeContents'), 'SafeContents').list('SafeContents', { minimum: 0, maximum: 256 })) {
    const fields = bag.fields('SafeBag');
    const id = fields.next(TAG.oid, 'bagId').oid('SafeBag.bagId');
    const value = fields.next(context(0), 'bagValue').only('SafeBag.bagValue');
    fields.optional(TAG.set);
    fields.end();
    if (id === KEY_BAG) keys.push(readPrivateKeyInfo(value).bytes);
    else if (id === SHROUDED_KEY_BAG) encryptedKeys.push(readEncryptedPrivateKeyInfo(value));
    else if (id === CERTIFICATE_BAG) certificates.push(readCertificateBag(value));
  }
  return { keys, encryptedKeys, certificates };
}

/** CertBag ::= SEQUENCE { certId OID, certValue [0] EXPLICIT ANY } */
function readCertificateBag(element: DerElement): Uint8Array {
  const fields = element.fields('CertBag');
  const id = fields.next(TAG.oid, 'certId').oid('CertBag.certId');
  const value = fields.next(context(0), 'certValue').only('CertBag.certValue');
  fields.end();
  if (id !== X509_CERTIFICATE) throw new DisksealError('E_KEY', 'the PKCS#12 file holds a certificate that is not X.509');
  return value.octetString('CertBag.certValue');
}
