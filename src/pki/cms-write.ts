/**
 * Writes the CMS SignedData that `cms.ts` reads; the types and their sources are quoted there.
 * Sets are sorted, so the same values give the same bytes.
 */
import type { HashAlgorithm, SignatureScheme } from '../core/platform.ts';
import { encodeDigestAlgorithm, encodeSignatureAlgorithm } from './algorithms.ts';
import { compareBytes, equalBytes, TAG } from './der.ts';
import { element, explicit, implicit, integer, octetString, oid, sequence, setOf, time } from './der-write.ts';
import { OID } from './oids.ts';
import { parseCertificate } from './x509.ts';

export interface SignedAttributeValues {
  /** Digest of the content, by `hash`. */
  readonly messageDigest: Uint8Array;
  /** Unix seconds, whole. */
  readonly signingTime: number;
  /** SHA-256 of each certificate of the path, the signer's own first. */
  readonly certificateHashes: readonly Uint8Array[];
  readonly hash: HashAlgorithm;
  readonly scheme: SignatureScheme;
}

/** @returns the SET OF Attribute: the message to sign */
export function signedAttributes(values: SignedAttributeValues): Uint8Array {
  const digest = encodeDigestAlgorithm(values.hash);
  const signature = encodeSignatureAlgorithm(values.scheme, values.hash);
  const path = values.certificateHashes.map((hash) => sequence(octetString(hash)));
  return setOf([
    attribute(OID.contentType, [oid(OID.idData)]),
    attribute(OID.signingTime, [time(values.signingTime)]),
    attribute(OID.messageDigest, [octetString(values.messageDigest)]),
    attribute(OID.signingCertificateV2, [sequence(sequence(...path))]),
    attribute(OID.cmsAlgorithmProtection, [sequence(digest, implicit(1, signature))]),
  ]);
}

export interface SignatureParts {
  /** The signer's own certificate. */
  readonly certificate: Uint8Array;
  readonly hash: HashAlgorithm;
  readonly scheme: SignatureScheme;
  /** What `signedAttributes` gave, as it was signed. */
  readonly signedAttributes: Uint8Array;
  readonly signature: Uint8Array;
  /** RFC 3161 tokens, 0 to 3. */
  readonly timeStampTokens?: readonly Uint8Array[];
}

export interface SignedDataParts {
  readonly content: Uint8Array;
  /** Every certificate of every path; one that is given twice is written once. */
  readonly certificates: readonly Uint8Array[];
  readonly signers: readonly SignatureParts[];
}

/** @returns a ContentInfo, DER */
export function encodeSignedData({ content, certificates, signers }: SignedDataParts): Uint8Array {
  const digests = distinct(signers.map(({ hash }) => encodeDigestAlgorithm(hash)));
  const signedData = sequence(
    integer(1),
    setOf(digests),
    sequence(oid(OID.idData), explicit(0, octetString(content))),
    setOf(distinct(certificates), 0xa0),
    setOf(signers.map(encodeSignerInfo)),
  );
  return sequence(oid(OID.idSignedData), explicit(0, signedData));
}

function encodeSignerInfo(parts: SignatureParts): Uint8Array {
  const { issuer, serial } = parseCertificate(parts.certificate);
  const tokens = parts.timeStampTokens ?? [];
  const unsignedAttributes = tokens.length > 0 ? [implicit(1, setOf([attribute(OID.timeStampToken, tokens)]))] : [];
  return sequence(
    integer(1),
    sequence(issuer.bytes, element(TAG.integer, serial)),
    encodeDigestAlgorithm(parts.hash),
    implicit(0, parts.signedAttributes),
    encodeSignatureAlgorithm(parts.scheme, parts.hash),
    octetString(parts.signature),
    ...unsignedAttributes,
  );
}

function attribute(type: string, values: readonly Uint8Array[]): Uint8Array {
  return sequence(oid(type), setOf(values));
}

function distinct(encodings: readonly Uint8Array[]): Uint8Array[] {
  const ascending = [...encodings].sort(compareBytes);
  return ascending.filter((bytes, index) => index === 0 || !equalBytes(bytes, ascending[index - 1]!));
}
