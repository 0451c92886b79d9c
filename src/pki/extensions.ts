/**
 * The extensions of a certificate. Source: RFC 5280 section 4.2.
 *
 *     Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension
 *     Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 *
 * What is read here is syntax alone; `trust/` decides. Extensions that path validation does not need are checked for well-formed DER
 * when this module knows their type. Which ones are critical is remembered: whoever validates must refuse those that he does not evaluate.
 */
import { DisksealError } from '../core/errors.ts';
import { context, type DerElement, TAG } from './der.ts';
import { type DistributionPoint, readDistributionPoints } from './distribution-point.ts';
import { type GeneralName, generalNameFault, malformedName, readGeneralName } from './general-name.ts';
import { OID, oidName } from './oids.ts';

/** RFC 5280 4.2.1.3: KeyUsage ::= BIT STRING, in the order of its bits. */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

interface BasicConstraints {
  readonly critical: boolean;
  readonly ca: boolean;
  readonly pathLength?: number | undefined;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Uint8Array | undefined;
  readonly issuer?: readonly GeneralName[] | undefined;
  /** Content octets of the INTEGER. */
  readonly serial?: Uint8Array | undefined;
}

export interface NameConstraints {
  readonly critical: boolean;
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

interface PolicyInformation {
  readonly policy: string;
  readonly qualifiers: readonly string[];
}

interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

interface PolicyConstraints {
  readonly requireExplicitPolicy?: number | undefined;
  readonly inhibitPolicyMapping?: number | undefined;
}

interface AccessDescription {
  /** OID. */
  readonly method: string;
  readonly location: GeneralName;
}

/** Every extension at most once (RFC 5280 4.2). */
export interface Extensions {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** OIDs of the purposes. */
  readonly extendedKeyUsage?: ReadonlySet<string>;
  readonly subjectKeyIdentifier?: Uint8Array;
  readonly authorityKeyIdentifier?: AuthorityKeyIdentifier;
  readonly subjectAltName?: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints;
  readonly certificatePolicies?: readonly PolicyInformation[];
  readonly policyMappings?: readonly PolicyMapping[];
  readonly policyConstraints?: PolicyConstraints;
  /** How many more certificates may be under anyPolicy. */
  readonly inhibitAnyPolicy?: number;
  readonly crlDistributionPoints?: readonly DistributionPoint[];
  readonly authorityInfoAccess?: readonly AccessDescription[];
  /** OIDs of all extensions that are there, and of the critical ones. */
  readonly present: ReadonlySet<string>;
  readonly critical: ReadonlySet<string>;
}

type Draft = { -readonly [Key in keyof Extensions]: Extensions[Key] };
type Reader = (value: DerElement, draft: Draft, critical: boolean) => void;

const MAX_EXTENSIONS = 64;

/** @param element - the SEQUENCE inside `[3]` of TBSCertificate, or undefined when there is none */
export function readExtensions(element: DerElement | undefined): Extensions {
  const present = new Set<string>();
  const critical = new Set<string>();
  const draft: Draft = { present, critical };
  for (const { type, isCritical, value } of element ? listExtensions(element) : []) {
    present.add(type);
    if (isCritical) critical.add(type);
    READERS.get(type)?.(value.nested(oidName(type)), draft, isCritical);
  }
  return draft;
}

export interface Extension {
  readonly type: string;
  readonly isCritical: boolean;
  /** The OCTET STRING. */
  readonly value: DerElement;
}

/** Extensions of certificates, revocation lists, their entries and OCSP answers have one syntax. Each type appears once. */
export function listExtensions(element: DerElement, tag: number = TAG.sequence): Extension[] {
  const seen = new Set<string>();
  return element.list('Extensions', { tag, maximum: MAX_EXTENSIONS }).map((member) => {
    const extension = readExtension(member);
    if (seen.has(extension.type)) throw fault(`the extension ${oidName(extension.type)} appears twice`, member);
    seen.add(extension.type);
    return extension;
  });
}

function readExtension(element: DerElement): Extension {
  const fields = element.fields('Extension');
  const type = fields.next(TAG.oid, 'extnID').oid('Extension.extnID');
  const critical = fields.optional(TAG.boolean);
  const isCritical = critical?.boolean('Extension.critical') ?? false;
  // X.690 11.5: a DEFAULT value is not encoded.
  if (critical && !isCritical) throw critical.fail('FALSE is the default and must be left out', 'Extension.critical');
  const value = fields.next(TAG.octetString, 'extnValue');
  fields.end();
  return { type, isCritical, value };
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [OID.basicConstraints, readBasicConstraints],
  [OID.keyUsage, readKeyUsage],
  [OID.extendedKeyUsage, readExtendedKeyUsage],
  [OID.subjectKeyIdentifier, readSubjectKeyIdentifier],
  [OID.authorityKeyIdentifier, (value, draft) => void (draft.authorityKeyIdentifier = readAuthorityKeyIdentifier(value))],
  [OID.subjectAltName, readSubjectAltName],
  [OID.issuerAltName, (value) => void readNames(value, 'issuerAltName')],
  [OID.nameConstraints, readNameConstraints],
  [OID.certificatePolicies, readCertificatePolicies],
  [OID.policyMappings, readPolicyMappings],
  [OID.policyConstraints, readPolicyConstraints],
  [OID.inhibitAnyPolicy, (value, draft) => void (draft.inhibitAnyPolicy = value.smallInteger('inhibitAnyPolicy', MAX_COUNT))],
  [OID.authorityInfoAccess, (value, draft) => void (draft.authorityInfoAccess = readAccessDescriptions(value))],
  [OID.subjectInfoAccess, (value) => void readAccessDescriptions(value)],
  [OID.crlDistributionPoints, (value, draft) => void (draft.crlDistributionPoints = readDistributionPoints(value))],
  [OID.freshestCrl, (value) => void readDistributionPoints(value)],
]);

const MAX_COUNT = 0xffff;

/** 4.2.1.9: BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL } */
function readBasicConstraints(value: DerElement, draft: Draft, critical: boolean): void {
  const fields = value.fields('basicConstraints');
  const flag = fields.optional(TAG.boolean);
  const ca = flag?.boolean('cA') ?? false;
  if (flag && !ca) throw flag.fail('FALSE is the default and must be left out', 'basicConstraints.cA');
  const pathLength = fields.optional(TAG.integer)?.smallInteger('pathLenConstraint', MAX_COUNT);
  fields.end();
  if (pathLength !== undefined && !ca) throw fault('a path length without cA', value);
  draft.basicConstraints = { critical, ca, pathLength };
}

/** 4.2.1.3: at least one bit. */
function readKeyUsage(value: DerElement, draft: Draft): void {
  const bits = value.namedBits('keyUsage');
  if (bits.length === 0 || bits.some((bit) => bit >= KEY_USAGES.length)) throw fault('not a key usage', value);
  draft.keyUsage = new Set(bits.map((bit) => KEY_USAGES[bit]!));
}

/** 4.2.1.12: ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId */
function readExtendedKeyUsage(value: DerElement, draft: Draft): void {
  const purposes = value.list('extKeyUsage').map((purpose) => purpose.oid('KeyPurposeId'));
  if (new Set(purposes).size !== purposes.length) throw fault('a key purpose appears twice', value);
  draft.extendedKeyUsage = new Set(purposes);
}

/** 4.2.1.2: KeyIdentifier ::= OCTET STRING */
function readSubjectKeyIdentifier(value: DerElement, draft: Draft): void {
  const identifier = value.octetString('subjectKeyIdentifier');
  if (identifier.length === 0) throw fault('an empty subjectKeyIdentifier', value);
  draft.subjectKeyIdentifier = identifier;
}

/**
 * 4.2.1.1: AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] KeyIdentifier OPTIONAL,
 *   authorityCertIssuer [1] GeneralNames OPTIONAL, authorityCertSerialNumber [2] CertificateSerialNumber OPTIONAL }
 * The last two are both there or both absent.
 */
export function readAuthorityKeyIdentifier(value: DerElement): AuthorityKeyIdentifier {
  const fields = value.fields('authorityKeyIdentifier');
  const keyIdentifier = fields.optional(context(0, 'primitive'))?.content;
  const issuer = fields.optional(context(1));
  const serial = fields.optional(context(2, 'primitive'))?.content;
  fields.end();
  if ((issuer === undefined) !== (serial === undefined)) throw fault('issuer and serial number go together', value);
  const names = issuer?.list('authorityCertIssuer', { tag: context(1) }).map((name) => readGeneralName(name, 'authorityCertIssuer'));
  return { keyIdentifier, issuer: names, serial };
}

function readSubjectAltName(value: DerElement, draft: Draft): void {
  draft.subjectAltName = readNames(value, 'subjectAltName');
}

function readNames(value: DerElement, field: string): GeneralName[] {
  return value.list(field).map((element) => {
    const name = readGeneralName(element, field);
    const wrong = generalNameFault(name);
    if (wrong) throw malformedName(wrong, name.offset);
    return name;
  });
}

/**
 * 4.2.1.10: NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL, excludedSubtrees [1] GeneralSubtrees OPTIONAL }
 * GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] BaseDistance DEFAULT 0, maximum [1] BaseDistance OPTIONAL };
 * in this profile minimum is 0 and maximum absent. Neither list is empty, and one of them is there.
 */
function readNameConstraints(value: DerElement, draft: Draft, critical: boolean): void {
  const fields = value.fields('nameConstraints');
  const permitted = readSubtrees(fields.optional(context(0)), 0);
  const excluded = readSubtrees(fields.optional(context(1)), 1);
  fields.end();
  if (permitted.length + excluded.length === 0) throw fault('name constraints that constrain nothing', value);
  draft.nameConstraints = { critical, permitted, excluded };
}

function readSubtrees(element: DerElement | undefined, number: number): GeneralName[] {
  if (!element) return [];
  return element.list('GeneralSubtrees', { tag: context(number), maximum: 4096 }).map((subtree) => {
    const fields = subtree.fields('GeneralSubtree');
    const base = readGeneralName(fields.any('base'), 'GeneralSubtree.base');
    fields.end();
    return base;
  });
}

/**
 * 4.2.1.4: certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
 * PolicyInformation ::= SEQUENCE { policyIdentifier OID, policyQualifiers SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo OPTIONAL }
 */
function readCertificatePolicies(value: DerElement, draft: Draft): void {
  const policies = value.list('certificatePolicies').map((information) => {
    const fields = information.fields('PolicyInformation');
    const policy = fields.next(TAG.oid, 'policyIdentifier').oid('policyIdentifier');
    const list = fields.optional(TAG.sequence)?.list('policyQualifiers') ?? [];
    fields.end();
    return { policy, qualifiers: list.map(readQualifier) };
  });
  if (new Set(policies.map(({ policy }) => policy)).size !== policies.length) throw fault('a policy appears twice', value);
  draft.certificatePolicies = policies;
}

/** PolicyQualifierInfo ::= SEQUENCE { policyQualifierId OID, qualifier ANY } */
function readQualifier(element: DerElement): string {
  const fields = element.fields('PolicyQualifierInfo');
  const type = fields.next(TAG.oid, 'policyQualifierId').oid('policyQualifierId');
  fields.any('qualifier');
  fields.end();
  return type;
}

/** 4.2.1.5: SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy OID, subjectDomainPolicy OID }, neither being anyPolicy */
function readPolicyMappings(value: DerElement, draft: Draft): void {
  draft.policyMappings = value.list('policyMappings').map((mapping) => {
    const fields = mapping.fields('policyMapping');
    const issuerDomainPolicy = fields.next(TAG.oid, 'issuerDomainPolicy').oid('issuerDomainPolicy');
    const subjectDomainPolicy = fields.next(TAG.oid, 'subjectDomainPolicy').oid('subjectDomainPolicy');
    fields.end();
    if (issuerDomainPolicy === OID.anyPolicy || subjectDomainPolicy === OID.anyPolicy) throw fault('anyPolicy cannot be mapped', mapping);
    return { issuerDomainPolicy, subjectDomainPolicy };
  });
}

/** 4.2.1.11: SEQUENCE { requireExplicitPolicy [0] SkipCerts OPTIONAL, inhibitPolicyMapping [1] SkipCerts OPTIONAL }, not empty */
function readPolicyConstraints(value: DerElement, draft: Draft): void {
  const fields = value.fields('policyConstraints');
  const requireExplicitPolicy = skipCerts(fields.optional(context(0, 'primitive')));
  const inhibitPolicyMapping = skipCerts(fields.optional(context(1, 'primitive')));
  fields.end();
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined) throw fault('policy constraints that say nothing', value);
  draft.policyConstraints = { requireExplicitPolicy, inhibitPolicyMapping };
}

/** SkipCerts ::= INTEGER (0..MAX), here behind an IMPLICIT tag; more certificates than 127 are on no path. */
function skipCerts(element: DerElement | undefined): number | undefined {
  if (!element) return undefined;
  const [value] = element.content;
  if (element.content.length !== 1 || value === undefined || value > 127) throw fault('not a number of certificates', element);
  return value;
}

/** 4.2.2.1: SEQUENCE SIZE (1..MAX) OF SEQUENCE { accessMethod OID, accessLocation GeneralName } */
function readAccessDescriptions(value: DerElement): AccessDescription[] {
  return value.list('AccessDescriptions').map((description) => {
    const fields = description.fields('AccessDescription');
    const method = fields.next(TAG.oid, 'accessMethod').oid('accessMethod');
    const location = readGeneralName(fields.any('accessLocation'), 'accessLocation');
    fields.end();
    return { method, location };
  });
}

function fault(message: string, element: DerElement): DisksealError {
  return new DisksealError('E_CERTIFICATE', message, { offset: element.offset, field: 'Certificate.extensions' });
}
