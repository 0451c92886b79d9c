/**
 * The algorithms that may make or check a signature: an allow-list of whole AlgorithmIdentifiers, parameters included.
 * Sources: RFC 5754 (SHA-2), RFC 4055 and 8017 (RSA), RFC 5758 (ECDSA), RFC 8410 and 8419 (Ed25519).
 *
 *     AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
 *
 * An identifier is known when its bytes are one of the encodings made here. Nothing is said about an unknown one but its name: whether
 * it is weak or merely foreign makes no difference to a verifier.
 */
import type { HashAlgorithm, SignatureScheme } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { type DerElement, TAG } from './der.ts';
import { explicit, integer, nullValue, oid, sequence } from './der-write.ts';
import { OID, oidName } from './oids.ts';

export interface AlgorithmIdentifier {
  readonly oid: string;
  /** The whole identifier as it stands. */
  readonly bytes: Uint8Array;
  readonly parameters: DerElement | undefined;
  readonly offset: number;
}

/** A way to sign that is allowed. */
export interface SignatureAlgorithm {
  readonly scheme: SignatureScheme;
  /** Absent for Ed25519. */
  readonly hash?: HashAlgorithm | undefined;
  /** For people: `ECDSA with SHA-256`. */
  readonly name: string;
}

export function readAlgorithm(element: DerElement, field: string): AlgorithmIdentifier {
  const fields = element.fields(field);
  const algorithm = fields.next(TAG.oid, 'algorithm').oid(field);
  const parameters = fields.more() ? fields.any('parameters') : undefined;
  fields.end();
  return { oid: algorithm, bytes: element.bytes, parameters, offset: element.offset };
}

/** @returns undefined when this is not a signature algorithm of the list, with exactly the parameters it has there */
export function signatureAlgorithm(identifier: AlgorithmIdentifier): SignatureAlgorithm | undefined {
  return SIGNATURES.get(toHex(identifier.bytes));
}

/** @returns undefined when this is not SHA-256, SHA-384 or SHA-512 without parameters (RFC 5754 section 2) */
export function digestAlgorithm(identifier: AlgorithmIdentifier): HashAlgorithm | undefined {
  return DIGESTS.get(toHex(identifier.bytes));
}

/** The same, also with NULL parameters: RFC 5754 section 2 asks to accept what others wrote so. */
export function foreignDigestAlgorithm(identifier: AlgorithmIdentifier): HashAlgorithm | undefined {
  return DIGESTS.get(toHex(identifier.bytes)) ?? DIGESTS_WITH_NULL.get(toHex(identifier.bytes));
}

/**
 * How a CMS signer of others signed whose digest is `hash`: also by the name of the key alone, rsaEncryption (RFC 3370 section 3.2).
 * @returns undefined for what is not of the list, or goes with another digest
 */
export function foreignSignatureAlgorithm(identifier: AlgorithmIdentifier, hash: HashAlgorithm): SignatureAlgorithm | undefined {
  const byKey = toHex(identifier.bytes) === RSA_KEY;
  const algorithm = byKey ? ({ scheme: 'rsa-pkcs1', hash, name: `RSA with ${hashName(hash)}` } as const) : signatureAlgorithm(identifier);
  // RFC 8419 section 3: SHA-512 with Ed25519.
  return (algorithm?.hash ?? 'sha512') === hash ? algorithm : undefined;
}

/** The name of an algorithm for messages, weak and unknown ones included. */
export function algorithmName(identifier: AlgorithmIdentifier): string {
  return signatureAlgorithm(identifier)?.name ?? oidName(identifier.oid);
}

export function encodeDigestAlgorithm(hash: HashAlgorithm): Uint8Array {
  return sequence(oid(OID[hash]));
}

/** @param hash - not looked at for Ed25519, which hashes by itself */
export function encodeSignatureAlgorithm(scheme: SignatureScheme, hash: HashAlgorithm): Uint8Array {
  if (scheme === 'ed25519') return sequence(oid(OID.ed25519));
  if (scheme === 'ecdsa') return sequence(oid(ECDSA[hash]));
  if (scheme === 'rsa-pkcs1') return sequence(oid(RSA_PKCS1[hash]), nullValue());
  return pssIdentifier(hash, encodeDigestAlgorithm(hash), encodeDigestAlgorithm(hash));
}

const HASHES = ['sha256', 'sha384', 'sha512'] as const;
const HASH_SIZE = { sha256: 32, sha384: 48, sha512: 64 } as const;
const ECDSA = { sha256: OID.ecdsaWithSha256, sha384: OID.ecdsaWithSha384, sha512: OID.ecdsaWithSha512 } as const;
const RSA_PKCS1 = {
  sha256: OID.sha256WithRsaEncryption,
  sha384: OID.sha384WithRsaEncryption,
  sha512: OID.sha512WithRsaEncryption,
} as const;

/** Octets of a digest. */
export function hashSize(hash: HashAlgorithm): number {
  return HASH_SIZE[hash];
}

export function hashName(hash: HashAlgorithm): string {
  return hash.replace('sha', 'SHA-');
}

/**
 * RFC 4055 section 3.1. Salt as long as the digest, MGF1 with the same hash, trailer field 1 (its DEFAULT, so absent).
 *
 *     RSASSA-PSS-params ::= SEQUENCE {
 *       hashAlgorithm [0] HashAlgorithm DEFAULT sha1, maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
 *       saltLength [2] INTEGER DEFAULT 20, trailerField [3] INTEGER DEFAULT 1 }
 */
function pssIdentifier(hash: HashAlgorithm, digest: Uint8Array, maskDigest: Uint8Array): Uint8Array {
  const mask = sequence(oid(OID.mgf1), maskDigest);
  return sequence(oid(OID.rsassaPss), sequence(explicit(0, digest), explicit(1, mask), explicit(2, integer(HASH_SIZE[hash]))));
}

const DIGESTS = new Map(HASHES.map((hash) => [toHex(encodeDigestAlgorithm(hash)), hash]));
const DIGESTS_WITH_NULL = new Map(HASHES.map((hash) => [toHex(sequence(oid(OID[hash]), nullValue())), hash]));
const RSA_KEY = toHex(sequence(oid(OID.rsaEncryption), nullValue()));
const SIGNATURES = new Map(allowedSignatures());

function allowedSignatures(): [string, SignatureAlgorithm][] {
  const list: [string, SignatureAlgorithm][] = [
    [toHex(encodeSignatureAlgorithm('ed25519', 'sha512')), { scheme: 'ed25519', name: 'Ed25519' }],
  ];
  const add = (encoded: Uint8Array, scheme: SignatureScheme, hash: HashAlgorithm, name: string): void => {
    list.push([toHex(encoded), { scheme, hash, name: `${name} with ${hashName(hash)}` }]);
  };
  for (const hash of HASHES) {
    add(encodeSignatureAlgorithm('ecdsa', hash), 'ecdsa', hash, 'ECDSA');
    add(encodeSignatureAlgorithm('rsa-pkcs1', hash), 'rsa-pkcs1', hash, 'RSA');
    // RFC 4055 section 2.1: the hash identifiers come with NULL or without parameters, and both must be understood.
    const spellings = [encodeDigestAlgorithm(hash), sequence(oid(OID[hash]), nullValue())];
    for (const digest of spellings) for (const mask of spellings) add(pssIdentifier(hash, digest, mask), 'rsa-pss', hash, 'RSA-PSS');
  }
  return list;
}
