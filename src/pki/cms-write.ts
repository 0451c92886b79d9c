/**
 * Writes the CMS SignedData that `signed-data.ts` reads; the types and their sources are quoted there.
 * Sets are sorted, so the same values give the same bytes.
 */
import type { HashAlgorithm, SignatureScheme } from '../core/platform.ts';
import { encodeDigestAlgorithm, encodeSignatureAlgorithm } from './algorithms.ts';
import { compareBytes, context, type DerElement, equalBytes, readDer, TAG } from './der.ts';
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
  /** The OID of what is signed: data when absent. */
  readonly contentType?: string;
  readonly content: Uint8Array;
  /** Every certificate of every path; one that is given twice is written once. */
  readonly certificates: readonly Uint8Array[];
  /** New ones as parts; those of an older message as they stand there: the DER of a SignerInfo. */
  readonly signers: readonly (SignatureParts | Uint8Array)[];
  /** RevocationInfoChoice elements, DER; one that is given twice is written once. */
  readonly revocations?: readonly Uint8Array[] | undefined;
}

/** @returns a ContentInfo, DER */
export function encodeSignedData(parts: SignedDataParts): Uint8Array {
  const { contentType = OID.idData, content, certificates, signers, revocations = [] } = parts;
  const infos = signers.map((signer) => (signer instanceof Uint8Array ? signer : encodeSignerInfo(signer)));
  const headers = infos.map(readSignerHeader);
  const foreign = revocations.some(([tag]) => tag === context(1));
  const plain = contentType === OID.idData && headers.every(({ sidTag }) => sidTag === TAG.sequence);
  const signedData = sequence(
    // RFC 5652 5.1: 5 with revocation data that is no CRL, 3 for anything but data and when a signer is named by key identifier.
    integer(foreign ? 5 : plain ? 1 : 3),
    setOf(distinct(headers.map(({ digestAlgorithm }) => digestAlgorithm))),
    sequence(oid(contentType), explicit(0, octetString(content))),
    setOf(distinct(certificates), context(0)),
    ...(revocations.length > 0 ? [setOf(distinct(revocations), context(1))] : []),
    setOf(infos),
  );
  return sequence(oid(OID.idSignedData), explicit(0, signedData));
}

/** What SignedData repeats of a SignerInfo. */
function readSignerHeader(info: Uint8Array): { sidTag: number; digestAlgorithm: Uint8Array } {
  const fields = readDer(info, 'SignerInfo').fields('SignerInfo');
  fields.next(TAG.integer, 'version');
  const sidTag = fields.any('sid').tag;
  return { sidTag, digestAlgorithm: fields.next(TAG.sequence, 'digestAlgorithm').bytes };
}

/**
 * The same SignerInfo with one timestamp token more. Everything else keeps its bytes: the signature stays what it was.
 * @param signerInfo - DER, as `SignerInfo.bytes` or a token's own
 * @throws DisksealError `E_DER`
 */
export function withTimeStampToken(signerInfo: Uint8Array, token: Uint8Array): Uint8Array {
  const { children } = readDer(signerInfo, 'SignerInfo').expect(TAG.sequence, 'SignerInfo');
  const unsigned = children.find(({ tag }) => tag === context(1));
  const isTimestamp = ([type]: readonly DerElement[]): boolean => type?.tag === TAG.oid && type.oid('attrType') === OID.timeStampToken;
  const entries = unsigned?.children ?? [];
  const others = entries.filter((entry) => !isTimestamp(entry.children));
  const values = entries.filter((entry) => isTimestamp(entry.children)).flatMap((entry) => entry.children.slice(1));
  const tokens = values.flatMap((set) => set.children);
  const attributes = [
    ...others.map(({ bytes }) => bytes),
    attribute(OID.timeStampToken, distinct([...tokens.map(({ bytes }) => bytes), token])),
  ];
  const kept = children.filter((child) => child !== unsigned).map(({ bytes }) => bytes);
  return sequence(...kept, setOf(attributes, context(1)));
}

/** The same SignerInfo with nothing in it that is not signed. @throws DisksealError `E_DER` */
export function withoutUnsignedAttributes(signerInfo: Uint8Array): Uint8Array {
  const { children } = readDer(signerInfo, 'SignerInfo').expect(TAG.sequence, 'SignerInfo');
  return sequence(...children.filter(({ tag }) => tag !== context(1)).map(({ bytes }) => bytes));
}

function encodeSignerInfo(parts: SignatureParts): Uint8Array {
  const { issuer, serial } = parseCertificate(parts.certificate);
  const tokens = parts.timeStampTokens ?? [];
  const unsignedAttributes = tokens.length > 0 ? [setOf([attribute(OID.timeStampToken, distinct(tokens))], context(1))] : [];
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
