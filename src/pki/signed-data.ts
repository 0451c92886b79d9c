/**
 * CMS SignedData, as far as seals and timestamp tokens use it. Sources: RFC 5652 sections 5 and 11, RFC 6211 (algorithm protection),
 * RFC 3161 appendix A (timestamp token as an attribute).
 *
 * Strict DER throughout, though RFC 5652 would allow BER outside the signed attributes, and closed: what a profile does not name is
 * refused (`docs/seal-format.md`). Syntax only: nothing is hashed or verified here.
 * Left out on purpose: detached content, attribute certificates, signing without signed attributes (which lets a signature over
 * attributes pass as one over content, draft-ietf-lamps-cms-euf-cma-signeddata), several values for an attribute, countersignatures.
 */
import { DisksealError } from '../core/errors.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { compareBytes, context, type DerElement, equalBytes, readDer, TAG } from './der.ts';
import { OID, oidName } from './oids.ts';
import { type Certificate, readCertificate } from './x509.ts';

/** What one kind of message makes of the type. */
export interface SignedDataProfile {
  /** The OID of what is signed. */
  readonly contentType: string;
  /** Bytes of the whole message. */
  readonly maxSize: number;
  readonly maxSigners: number;
  readonly maxCertificates: number;
  readonly maxTokens: number;
  /** Bytes of revocation data; with 0 there is none. */
  readonly maxRevocations: number;
  /** The attributes that are signed, and whether each must be there. */
  readonly signedAttributes: ReadonlyMap<string, 'required' | 'optional'>;
}

export interface ProfiledSignedData {
  /** The OCTET STRING eContent. */
  readonly content: DerElement;
  /** In the order of their encodings, all different. */
  readonly certificates: readonly Certificate[];
  /** RevocationInfoChoice elements as they stand. */
  readonly revocations: readonly Uint8Array[];
  readonly signers: readonly ProfiledSignerInfo[];
}

export type SignerIdentifier =
  | { readonly kind: 'issuerAndSerial'; readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly kind: 'subjectKeyIdentifier'; readonly keyIdentifier: Uint8Array };

/** What is the same in every profile. */
export interface SignerFacts {
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
  readonly signature: Uint8Array;
  /** RFC 3161 tokens as they stand. */
  readonly timeStampTokens: readonly Uint8Array[];
}

export interface ProfiledSignerInfo extends SignerFacts {
  readonly algorithmProtection: AlgorithmProtection | undefined;
  /** The values of the signed attributes by OID. */
  readonly values: ReadonlyMap<string, DerElement>;
}

export interface AlgorithmProtection {
  /** AlgorithmIdentifiers, both under the tag of SEQUENCE. */
  readonly digestAlgorithm: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
}

const MAX_REVOCATION_CHOICES = 64;
const MAX_DIGESTS = 16;

/**
 *     ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT ANY }
 *
 * @param der - exactly the message
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER`, `E_CMS`, `E_CERTIFICATE`
 */
export function readSignedData(der: Uint8Array, profile: SignedDataProfile, base = 0): ProfiledSignedData {
  if (der.length > profile.maxSize)
    throw new DisksealError('E_CMS', `a CMS message of ${der.length} bytes: at most ${profile.maxSize}`, { offset: base });
  const fields = readDer(der, 'ContentInfo', base).fields('ContentInfo');
  expectType(fields.next(TAG.oid, 'contentType'), OID.idSignedData, 'ContentInfo.contentType');
  const content = fields.next(context(0), 'content').only('ContentInfo.content');
  fields.end();
  return readContent(content, profile);
}

/**
 * RFC 5652 5.1:
 *
 *     SignedData ::= SEQUENCE { version INTEGER, digestAlgorithms SET OF AlgorithmIdentifier, encapContentInfo EncapsulatedContentInfo,
 *       certificates [0] IMPLICIT CertificateSet OPTIONAL, crls [1] IMPLICIT RevocationInfoChoices OPTIONAL, signerInfos SET OF SignerInfo }
 */
function readContent(element: DerElement, profile: SignedDataProfile): ProfiledSignedData {
  const fields = element.fields('SignedData');
  const version = fields.next(TAG.integer, 'version');
  const digestAlgorithms = fields.next(TAG.set, 'digestAlgorithms');
  const content = readEncapsulatedContent(fields.next(TAG.sequence, 'encapContentInfo'), profile);
  const certificates = readCertificates(fields.next(context(0), 'certificates'), profile);
  const revocationSet = profile.maxRevocations > 0 ? fields.optional(context(1)) : undefined;
  const revocations = revocationSet ? readRevocations(revocationSet, profile) : [];
  const signerSet = fields.next(TAG.set, 'signerInfos');
  fields.end();
  const infos = signerSet.list('signerInfos', { tag: TAG.set, maximum: profile.maxSigners });
  refuseDuplicates(infos, 'signerInfos');
  const signers = infos.map((info) => readSignerInfo(info, profile));
  checkVersion(version, expectedVersion(profile, signers, revocations));
  checkDigestAlgorithms(digestAlgorithms, signers);
  return { content, certificates, revocations: revocations.map(({ bytes }) => bytes), signers };
}

/** RFC 5652 5.1: 5 with foreign revocation data, 3 when a signer is named by key identifier or something else than data is signed, else 1. */
function expectedVersion(
  { contentType }: SignedDataProfile,
  signers: readonly SignerFacts[],
  revocations: readonly DerElement[],
): 1 | 3 | 5 {
  if (revocations.some(({ tag }) => tag === context(1))) return 5;
  return contentType !== OID.idData || signers.some(({ sid }) => sid.kind === 'subjectKeyIdentifier') ? 3 : 1;
}

function checkVersion(element: DerElement, expected: number): void {
  const version = element.smallInteger('SignedData.version', 255);
  if (version !== expected) throw fault(`the version must be ${expected}, is ${version}`, element, 'SignedData.version');
}

/** The set says which digests the signers use: no other, none twice. */
function checkDigestAlgorithms(element: DerElement, signers: readonly SignerFacts[]): void {
  const listed = element.list('digestAlgorithms', { tag: TAG.set, maximum: MAX_DIGESTS });
  refuseDuplicates(listed, 'digestAlgorithms');
  const used = signers.map(({ digestAlgorithm }) => digestAlgorithm.bytes);
  const agree =
    listed.every(({ bytes }) => used.some((other) => equalBytes(bytes, other))) &&
    used.every((bytes) => listed.some((other) => equalBytes(bytes, other.bytes)));
  if (!agree) throw fault('the digest algorithms are not those of the signers', element, 'SignedData.digestAlgorithms');
}

/** RFC 5652 5.2: EncapsulatedContentInfo ::= SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING OPTIONAL } */
function readEncapsulatedContent(element: DerElement, { contentType }: SignedDataProfile): DerElement {
  const fields = element.fields('EncapsulatedContentInfo');
  expectType(fields.next(TAG.oid, 'eContentType'), contentType, 'EncapsulatedContentInfo.eContentType');
  const wrapped = fields.next(context(0), 'eContent').only('eContent');
  fields.end();
  return wrapped.expect(TAG.octetString, 'eContent');
}

/** RFC 5652 10.2.2 and 10.2.3: of CertificateChoices only certificates proper. */
function readCertificates(element: DerElement, { maxCertificates }: SignedDataProfile): Certificate[] {
  const choices = element.list('certificates', { tag: context(0), maximum: maxCertificates });
  element.requireSorted('certificates');
  refuseDuplicates(choices, 'certificates');
  return choices.map((choice) => {
    if (choice.tag !== TAG.sequence) throw fault('a certificate of another kind', choice, 'certificates');
    return readCertificate(choice);
  });
}

/** RFC 5652 10.2.1: RevocationInfoChoice ::= CHOICE { crl CertificateList, other [1] IMPLICIT OtherRevocationInfoFormat } */
function readRevocations(element: DerElement, { maxRevocations }: SignedDataProfile): readonly DerElement[] {
  const choices = element.list('crls', { tag: context(1), maximum: MAX_REVOCATION_CHOICES });
  element.requireSorted('crls');
  refuseDuplicates(choices, 'crls');
  if (element.content.length > maxRevocations) throw fault(`more than ${maxRevocations} bytes of revocation data`, element, 'crls');
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
function readSignerInfo(element: DerElement, profile: SignedDataProfile): ProfiledSignerInfo {
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
    ...readSignedAttributes(signedAttrs, profile),
    signature,
    timeStampTokens: unsignedAttrs ? readUnsignedAttributes(unsignedAttrs, profile) : [],
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

/** The sid is not signed: it must name the certificate that the signature binds. */
export function identifies(sid: SignerIdentifier, { issuer, serial, extensions }: Certificate): boolean {
  if (sid.kind === 'issuerAndSerial') return equalBytes(sid.issuer, issuer.bytes) && equalBytes(sid.serial, serial);
  return extensions.subjectKeyIdentifier !== undefined && equalBytes(sid.keyIdentifier, extensions.subjectKeyIdentifier);
}

/** RFC 5652 5.4: what is hashed has the tag of SET OF where the message has `[0]`. */
function asSet(element: DerElement): Uint8Array {
  const copy = new Uint8Array(element.bytes);
  copy[0] = TAG.set;
  return copy;
}

type SignedAttributes = Pick<ProfiledSignerInfo, 'messageDigest' | 'signingTime' | 'algorithmProtection' | 'values'>;

function readSignedAttributes(element: DerElement, { signedAttributes, contentType }: SignedDataProfile): SignedAttributes {
  const lists = readAttributes(element, context(0), new Set(signedAttributes.keys()), 'signedAttrs');
  const missing = [...signedAttributes].find(([type, need]) => need === 'required' && !lists.has(type));
  if (missing) throw fault(`the signed attribute ${oidName(missing[0])} is missing`, element, 'SignerInfo.signedAttrs');
  for (const [type, [, second]] of lists) if (second) throw fault(`${oidName(type)} has several values`, second, 'SignerInfo.signedAttrs');
  const values = new Map([...lists].map(([type, [value]]) => [type, value!]));
  expectType(values.get(OID.contentType)!, contentType, 'the signed attribute contentType');
  const protection = values.get(OID.cmsAlgorithmProtection);
  return {
    messageDigest: values.get(OID.messageDigest)!.octetString('messageDigest'),
    signingTime: values.get(OID.signingTime)?.time('signingTime'),
    algorithmProtection: protection && readAlgorithmProtection(protection),
    values,
  };
}

/** RFC 5652 11.4 leaves other unsigned attributes open; here a timestamp is the only one. */
function readUnsignedAttributes(element: DerElement, { maxTokens }: SignedDataProfile): Uint8Array[] {
  const values = readAttributes(element, context(1), new Set([OID.timeStampToken]), 'unsignedAttrs');
  // No other type is allowed, and an empty set is refused.
  const tokens = values.get(OID.timeStampToken)!;
  if (tokens.length > maxTokens)
    throw fault(`more than ${maxTokens} timestamp${maxTokens === 1 ? '' : 's'}`, element, 'SignerInfo.unsignedAttrs');
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

/** RFC 6211: CMSAlgorithmProtection ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, signatureAlgorithm [1] IMPLICIT AlgorithmIdentifier OPTIONAL, … } */
function readAlgorithmProtection(element: DerElement): AlgorithmProtection {
  const fields = element.fields('CMSAlgorithmProtection');
  const digestAlgorithm = fields.next(TAG.sequence, 'digestAlgorithm').bytes;
  const signatureAlgorithm = new Uint8Array(fields.next(context(1), 'signatureAlgorithm').bytes);
  fields.end();
  signatureAlgorithm[0] = TAG.sequence;
  return { digestAlgorithm, signatureAlgorithm };
}

/** RFC 6211 section 3: the algorithms that were signed are those that are used. */
export function protects(protection: AlgorithmProtection, { digestAlgorithm, signatureAlgorithm }: SignerFacts): boolean {
  return (
    equalBytes(protection.digestAlgorithm, digestAlgorithm.bytes) && equalBytes(protection.signatureAlgorithm, signatureAlgorithm.bytes)
  );
}

export function refuseDuplicates(elements: readonly DerElement[], field: string): void {
  const ascending = [...elements].sort((left, right) => compareBytes(left.bytes, right.bytes));
  const twice = ascending.find((element, index) => index > 0 && equalBytes(element.bytes, ascending[index - 1]!.bytes));
  if (twice) throw fault('the same element twice', twice, field);
}

export function expectType(element: DerElement, type: string, field: string): void {
  const found = element.oid(field);
  if (found !== type) throw fault(`must be ${oidName(type)}, is ${oidName(found)}`, element, field);
}

export function fault(message: string, element: DerElement, field: string): DisksealError {
  return new DisksealError('E_CMS', `${field}: ${message}`, { offset: element.offset, field });
}
