/**
 * CMS SignedData, as far as a seal uses it. Sources: RFC 5652 section 5 and 11, RFC 5035 (signing certificate), RFC 6211 (algorithm
 * protection), RFC 3161 appendix A (timestamp token as an attribute).
 *
 * Strict DER throughout, though RFC 5652 would allow BER outside the signed attributes, and closed: what the format does not name is
 * refused (`docs/seal-format.md`). Syntax only: nothing is hashed or verified here.
 * Left out on purpose: detached content, attribute certificates, signing without signed attributes (which lets a signature over
 * attributes pass as one over content, draft-ietf-lamps-cms-euf-cma-signeddata), several values for an attribute, countersignatures.
 */
import { DisksealError } from '../core/errors.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { compareBytes, context, type DerElement, equalBytes, readDer, TAG } from './der.ts';
import { OID, oidName } from './oids.ts';
import { type Certificate, readCertificate } from './x509.ts';

export interface SignedData {
  /** The octets of eContent: what was signed, to be believed only after every signature was checked. */
  readonly content: Uint8Array;
  /** In the order of their encodings, all different. */
  readonly certificates: readonly Certificate[];
  /** RevocationInfoChoice elements as they stand. */
  readonly revocations: readonly Uint8Array[];
  readonly signers: readonly SignerInfo[];
}

type SignerIdentifier =
  | { readonly kind: 'issuerAndSerial'; readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly kind: 'subjectKeyIdentifier'; readonly keyIdentifier: Uint8Array };

export interface SignerInfo {
  readonly offset: number;
  /** The whole SignerInfo as it stands. */
  readonly bytes: Uint8Array;
  readonly sid: SignerIdentifier;
  readonly digestAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** What is signed: the original octets of signedAttrs under the tag of SET OF (RFC 5652 section 5.4). */
  readonly signedAttributes: Uint8Array;
  readonly messageDigest: Uint8Array;
  /** What the signer's clock said, Unix seconds: for display, never a proof. */
  readonly signingTime: number | undefined;
  /** SHA-256 of each certificate of the signer's path, its own first. */
  readonly certificateHashes: readonly Uint8Array[];
  readonly algorithmProtection: AlgorithmProtection;
  readonly signature: Uint8Array;
  /** RFC 3161 tokens as they stand, 0 to 3. */
  readonly timeStampTokens: readonly Uint8Array[];
}

interface AlgorithmProtection {
  /** AlgorithmIdentifiers, both under the tag of SEQUENCE. */
  readonly digestAlgorithm: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
}

const MAX_SIZE = 1 << 20;
const MAX_SIGNERS = 16;
const MAX_CERTIFICATES = 64;
const MAX_PATH = 16;
const MAX_TOKENS = 3;
const MAX_REVOCATION_BYTES = 16 << 10;

/**
 * Reads a seal's CMS message.
 *
 *     ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT ANY }
 *
 * @param der - exactly the message
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER`, `E_CMS`, `E_CERTIFICATE`
 */
export function parseSignedData(der: Uint8Array, base = 0): SignedData {
  if (der.length > MAX_SIZE)
    throw new DisksealError('E_CMS', `a CMS message of ${der.length} bytes: at most ${MAX_SIZE}`, { offset: base });
  const fields = readDer(der, 'ContentInfo', base).fields('ContentInfo');
  expectType(fields.next(TAG.oid, 'contentType'), OID.idSignedData, 'ContentInfo.contentType');
  const content = fields.next(context(0), 'content').only('ContentInfo.content');
  fields.end();
  return readSignedData(content);
}

/**
 * RFC 5652 5.1:
 *
 *     SignedData ::= SEQUENCE { version INTEGER, digestAlgorithms SET OF AlgorithmIdentifier, encapContentInfo EncapsulatedContentInfo,
 *       certificates [0] IMPLICIT CertificateSet OPTIONAL, crls [1] IMPLICIT RevocationInfoChoices OPTIONAL, signerInfos SET OF SignerInfo }
 */
function readSignedData(element: DerElement): SignedData {
  const fields = element.fields('SignedData');
  const version = fields.next(TAG.integer, 'version');
  const digestAlgorithms = fields.next(TAG.set, 'digestAlgorithms');
  const content = readEncapsulatedContent(fields.next(TAG.sequence, 'encapContentInfo'));
  const certificates = readCertificates(fields.next(context(0), 'certificates'));
  const revocationSet = fields.optional(context(1));
  const revocations = revocationSet ? readRevocations(revocationSet) : [];
  const signerSet = fields.next(TAG.set, 'signerInfos');
  fields.end();
  const infos = signerSet.list('signerInfos', { tag: TAG.set, maximum: MAX_SIGNERS });
  refuseDuplicates(infos, 'signerInfos');
  const signers = infos.map(readSignerInfo);
  checkVersion(version, signers, revocations);
  checkDigestAlgorithms(digestAlgorithms, signers);
  return { content, certificates, revocations: revocations.map(({ bytes }) => bytes), signers };
}

/** RFC 5652 5.1: 5 with foreign revocation data, 3 when a signer is named by key identifier, else 1. */
function checkVersion(element: DerElement, signers: readonly SignerInfo[], revocations: readonly DerElement[]): void {
  const byKey = signers.some(({ sid }) => sid.kind === 'subjectKeyIdentifier');
  const expected = revocations.some(({ tag }) => tag === context(1)) ? 5 : byKey ? 3 : 1;
  const version = element.smallInteger('SignedData.version', 255);
  if (version !== expected) throw fault(`the version must be ${expected}, is ${version}`, element, 'SignedData.version');
}

/** The set says which digests the signers use: no other, none twice. */
function checkDigestAlgorithms(element: DerElement, signers: readonly SignerInfo[]): void {
  const listed = element.list('digestAlgorithms', { tag: TAG.set, maximum: MAX_SIGNERS });
  refuseDuplicates(listed, 'digestAlgorithms');
  const used = signers.map(({ digestAlgorithm }) => digestAlgorithm.bytes);
  const agree =
    listed.every(({ bytes }) => used.some((other) => equalBytes(bytes, other))) &&
    used.every((bytes) => listed.some((other) => equalBytes(bytes, other.bytes)));
  if (!agree) throw fault('the digest algorithms are not those of the signers', element, 'SignedData.digestAlgorithms');
}

/** RFC 5652 5.2: EncapsulatedContentInfo ::= SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING OPTIONAL } */
function readEncapsulatedContent(element: DerElement): Uint8Array {
  const fields = element.fields('EncapsulatedContentInfo');
  expectType(fields.next(TAG.oid, 'eContentType'), OID.idData, 'EncapsulatedContentInfo.eContentType');
  const wrapped = fields.next(context(0), 'eContent').only('eContent');
  fields.end();
  const content = wrapped.octetString('eContent');
  // A statement is a JSON object. Signed attributes begin with the tag of SET (31): neither can be taken for the other.
  if (content[0] !== 0x7b) throw fault('the content is no statement: it must begin with "{"', wrapped, 'eContent');
  return content;
}

/** RFC 5652 10.2.2 and 10.2.3: of CertificateChoices only certificates proper. */
function readCertificates(element: DerElement): Certificate[] {
  const choices = element.list('certificates', { tag: context(0), maximum: MAX_CERTIFICATES });
  element.requireSorted('certificates');
  refuseDuplicates(choices, 'certificates');
  return choices.map((choice) => {
    if (choice.tag !== TAG.sequence) throw fault('a certificate of another kind', choice, 'certificates');
    return readCertificate(choice);
  });
}

/** RFC 5652 10.2.1: RevocationInfoChoice ::= CHOICE { crl CertificateList, other [1] IMPLICIT OtherRevocationInfoFormat } */
function readRevocations(element: DerElement): readonly DerElement[] {
  const choices = element.list('crls', { tag: context(1), maximum: MAX_CERTIFICATES });
  element.requireSorted('crls');
  refuseDuplicates(choices, 'crls');
  if (element.content.length > MAX_REVOCATION_BYTES)
    throw fault(`more than ${MAX_REVOCATION_BYTES} bytes of revocation data`, element, 'crls');
  const foreign = choices.find(({ tag }) => tag !== TAG.sequence && tag !== context(1));
  if (foreign) throw fault('revocation data of another kind', foreign, 'crls');
  return choices;
}

/**
 * RFC 5652 5.3:
 *
 *     SignerInfo ::= SEQUENCE { version INTEGER, sid SignerIdentifier, digestAlgorithm AlgorithmIdentifier,
 *       signedAttrs [0] IMPLICIT SET OF Attribute OPTIONAL, signatureAlgorithm AlgorithmIdentifier, signature OCTET STRING,
 *       unsignedAttrs [1] IMPLICIT SET OF Attribute OPTIONAL }
 */
function readSignerInfo(element: DerElement): SignerInfo {
  const fields = element.fields('SignerInfo');
  const version = fields.next(TAG.integer, 'version');
  const sid = readSignerIdentifier(fields.any('sid'));
  const digestAlgorithm = readAlgorithm(fields.any('digestAlgorithm'), 'SignerInfo.digestAlgorithm');
  const signedAttrs = fields.optional(context(0));
  if (!signedAttrs) throw fault('there are no signed attributes', element, 'SignerInfo.signedAttrs');
  const signatureAlgorithm = readAlgorithm(fields.any('signatureAlgorithm'), 'SignerInfo.signatureAlgorithm');
  const signature = fields.next(TAG.octetString, 'signature').octetString('SignerInfo.signature');
  const unsignedAttrs = fields.optional(context(1));
  fields.end();
  const expected = sid.kind === 'issuerAndSerial' ? 1 : 3;
  if (version.smallInteger('SignerInfo.version', 255) !== expected)
    throw fault(`the version must be ${expected}`, version, 'SignerInfo.version');
  return {
    offset: element.offset,
    bytes: element.bytes,
    sid,
    digestAlgorithm,
    signatureAlgorithm,
    signedAttributes: asSet(signedAttrs),
    ...readSignedAttributes(signedAttrs),
    signature,
    timeStampTokens: unsignedAttrs ? readUnsignedAttributes(unsignedAttrs) : [],
  };
}

/** SignerIdentifier ::= CHOICE { issuerAndSerialNumber SEQUENCE { issuer Name, serialNumber INTEGER }, subjectKeyIdentifier [0] OCTET STRING } */
function readSignerIdentifier(element: DerElement): SignerIdentifier {
  if (element.tag === context(0, 'primitive')) return { kind: 'subjectKeyIdentifier', keyIdentifier: element.content };
  const fields = element.fields('IssuerAndSerialNumber');
  const issuer = fields.next(TAG.sequence, 'issuer').bytes;
  const serial = fields.next(TAG.integer, 'serialNumber').content;
  fields.end();
  return { kind: 'issuerAndSerial', issuer, serial };
}

/** RFC 5652 5.4: what is hashed has the tag of SET OF where the message has `[0]`. */
function asSet(element: DerElement): Uint8Array {
  const copy = new Uint8Array(element.bytes);
  copy[0] = TAG.set;
  return copy;
}

type SignedAttributes = Pick<SignerInfo, 'messageDigest' | 'signingTime' | 'certificateHashes' | 'algorithmProtection'>;

const SIGNED_ATTRIBUTES: ReadonlySet<string> = new Set([
  OID.contentType,
  OID.messageDigest,
  OID.signingTime,
  OID.signingCertificateV2,
  OID.cmsAlgorithmProtection,
]);

function readSignedAttributes(element: DerElement): SignedAttributes {
  const values = readAttributes(element, context(0), SIGNED_ATTRIBUTES, 'signedAttrs');
  const required = (type: string): DerElement => {
    const found = values.get(type);
    if (!found) throw fault(`the signed attribute ${oidName(type)} is missing`, element, 'SignerInfo.signedAttrs');
    return found[0]!;
  };
  for (const [type, [, second]] of values) if (second) throw fault(`${oidName(type)} has several values`, second, 'SignerInfo.signedAttrs');
  expectType(required(OID.contentType), OID.idData, 'the signed attribute contentType');
  return {
    messageDigest: required(OID.messageDigest).octetString('messageDigest'),
    signingTime: values.get(OID.signingTime)?.[0]?.time('signingTime'),
    certificateHashes: readSigningCertificate(required(OID.signingCertificateV2)),
    algorithmProtection: readAlgorithmProtection(required(OID.cmsAlgorithmProtection)),
  };
}

/** RFC 5652 11.4 leaves other unsigned attributes open; here a timestamp is the only one. */
function readUnsignedAttributes(element: DerElement): Uint8Array[] {
  const values = readAttributes(element, context(1), new Set([OID.timeStampToken]), 'unsignedAttrs');
  const tokens = values.get(OID.timeStampToken) ?? [];
  if (tokens.length > MAX_TOKENS) throw fault(`more than ${MAX_TOKENS} timestamps`, element, 'SignerInfo.unsignedAttrs');
  refuseDuplicates(tokens, 'timeStampToken');
  return tokens.map(({ bytes }) => bytes);
}

/** Attribute ::= SEQUENCE { attrType OID, attrValues SET OF ANY }; each type once, from a fixed set of types, at least one value. */
function readAttributes(
  element: DerElement,
  tag: number,
  allowed: ReadonlySet<string>,
  field: string,
): ReadonlyMap<string, readonly DerElement[]> {
  const attributes = element.list(field, { tag });
  element.requireSorted(field);
  const values = new Map<string, readonly DerElement[]>();
  for (const attribute of attributes) {
    const fields = attribute.fields('Attribute');
    const type = fields.next(TAG.oid, 'attrType').oid('Attribute.attrType');
    const list = fields.next(TAG.set, 'attrValues').list('Attribute.attrValues', { tag: TAG.set });
    fields.end();
    if (!allowed.has(type)) throw fault(`the attribute ${oidName(type)} does not belong here`, attribute, field);
    if (values.has(type)) throw fault(`the attribute ${oidName(type)} appears twice`, attribute, field);
    values.set(type, list);
  }
  return values;
}

/**
 * RFC 5035 section 3 and 4, with SHA-256 (its DEFAULT, so never written), without issuerSerial (the hash says which certificate) and
 * without policies:
 *
 *     SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF PolicyInformation OPTIONAL }
 *     ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT {id-sha256}, certHash OCTET STRING, issuerSerial OPTIONAL }
 */
function readSigningCertificate(element: DerElement): Uint8Array[] {
  const fields = element.fields('SigningCertificateV2');
  const list = fields.next(TAG.sequence, 'certs').list('SigningCertificateV2.certs', { maximum: MAX_PATH });
  fields.end();
  const hashes = list.map((entry) => {
    const members = entry.fields('ESSCertIDv2');
    const hash = members.next(TAG.octetString, 'certHash').octetString('ESSCertIDv2.certHash');
    members.end();
    if (hash.length !== 32) throw fault(`a certificate hash of ${hash.length} octets`, entry, 'ESSCertIDv2.certHash');
    return hash;
  });
  refuseDuplicates(list, 'SigningCertificateV2.certs');
  return hashes;
}

/** RFC 6211: CMSAlgorithmProtection ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, signatureAlgorithm [1] IMPLICIT AlgorithmIdentifier OPTIONAL, … } */
function readAlgorithmProtection(element: DerElement): AlgorithmProtection {
  const fields = element.fields('CMSAlgorithmProtection');
  const digestAlgorithm = fields.next(TAG.sequence, 'digestAlgorithm').bytes;
  const signatureAlgorithm = new Uint8Array(fields.next(context(1), 'signatureAlgorithm').bytes);
  fields.end();
  signatureAlgorithm[0] = TAG.sequence;
  return { digestAlgorithm, signatureAlgorithm };
}

function refuseDuplicates(elements: readonly DerElement[], field: string): void {
  const ascending = [...elements].sort((left, right) => compareBytes(left.bytes, right.bytes));
  const twice = ascending.find((element, index) => index > 0 && equalBytes(element.bytes, ascending[index - 1]!.bytes));
  if (twice) throw fault('the same element twice', twice, field);
}

function expectType(element: DerElement, type: string, field: string): void {
  const found = element.oid(field);
  if (found !== type) throw fault(`must be ${oidName(type)}, is ${oidName(found)}`, element, field);
}

function fault(message: string, element: DerElement, field: string): DisksealError {
  return new DisksealError('E_CMS', `${field}: ${message}`, { offset: element.offset, field });
}
