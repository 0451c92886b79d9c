/**
 * Path validation: may this chain of certificates be believed at this time, for this purpose? Source: RFC 5280 section 6.1, and what
 * sections 4.1 and 4.2 demand of the certificates on a path. Signatures are checked where the path is built (`path.ts`).
 *
 * The anchor is judged like every other certificate, which RFC 5280 leaves open: an expired root does not become good by being trusted.
 * Stricter than the RFC: version 3 throughout; key usage and key identifiers must be there on every authority; an authority's extended
 * key usage, if any, must allow the purpose.
 * Policies: `certificate-policies.ts`. Any policy satisfies a seal, so they matter only where a certificate demands an explicit one.
 */
import type { ErrorCode } from '../core/errors.ts';
import { algorithmName, signatureAlgorithm } from '../pki/algorithms.ts';
import { equalBytes } from '../pki/der.ts';
import type { KeyUsage } from '../pki/extensions.ts';
import { OID, oidName } from '../pki/oids.ts';
import { type KeyRole, keyFault } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';
import { policyFault } from './certificate-policies.ts';
import { comparisonBudget, constraintFault } from './name-constraints.ts';

/** What the certificate at the beginning of a path must be good for. */
export interface Purpose {
  /** OID of an extended key usage that must be listed by name; `anyExtendedKeyUsage` does not count. */
  readonly extendedKeyUsage?: string | undefined;
  /** Must be there, or one of these; without it a certificate that has no key usage extension passes. */
  readonly keyUsage?: KeyUsage | readonly KeyUsage[] | undefined;
  /** Nothing else beside: the one extended key usage is critical and alone, and so are the key usages. */
  readonly exclusive?: boolean | undefined;
  /** Which rule of key sizes applies. */
  readonly keyRole: KeyRole;
  /** Whether an authority may sign by itself. One that the user trusts by name always may. */
  readonly authorityAllowed: boolean;
}

/** Signing code: `seal-format.md`, certificates. */
export const CODE_SIGNING: Purpose = {
  extendedKeyUsage: OID.codeSigning,
  keyUsage: 'digitalSignature',
  keyRole: 'signer',
  authorityAllowed: false,
};

/**
 * Making timestamps: RFC 3161 section 2.3 wants exactly one critical extended key usage. A key that certifies or encrypts as well is
 * none of an authority's; which of the two usages for signing it has, or whether it says so at all, is left open, and all of it is in use.
 */
export const TIME_STAMPING: Purpose = {
  extendedKeyUsage: OID.timeStamping,
  keyUsage: ['digitalSignature', 'nonRepudiation'],
  exclusive: true,
  keyRole: 'authority',
  authorityAllowed: false,
};

export interface PathFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface ValidationRequest {
  /** The certificate to be used first, each one's issuer after it, the anchor last. Names and signatures were checked. */
  readonly path: readonly Certificate[];
  /** Unix seconds. */
  readonly at: number;
  /** How many seconds a clock may be wrong. */
  readonly tolerance: number;
  readonly purpose: Purpose;
}

/** Everything that is wrong with a path; nothing when it is good. */
export function validatePath(request: ValidationRequest): PathFault[] {
  const { path, purpose } = request;
  const faults = path.flatMap((certificate, index) => [
    ...formFaults(certificate),
    ...validityFaults(certificate, request),
    ...strengthFaults(certificate, index === path.length - 1, index === 0 ? purpose.keyRole : 'authority'),
    ...keyIdentifierFaults(certificate, path[index + 1]),
    ...(index === 0 ? purposeFaults(certificate, purpose, path.length === 1) : authorityFaults(certificate, path, index, purpose)),
  ]);
  return [...faults, ...nameFaults(path), ...policyFaults(path)];
}

function policyFaults(path: readonly Certificate[]): PathFault[] {
  const certificate = policyFault(path);
  return certificate ? [distrust(certificate, 'is under no policy that its issuers allow, and they demand one')] : [];
}

/** The extensions that are evaluated here, in `name-constraints.ts` or in `publisher-facts.ts`: only these may be critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
  OID.appleDeveloperIdApplication,
  OID.appleDeveloperIdAuthority,
]);
/** RFC 5280 4.2.1.9 to 4.2.1.14 for these: conforming authorities mark them critical, so that nobody overlooks them. */
const MUST_BE_CRITICAL = [OID.nameConstraints, OID.policyConstraints, OID.inhibitAnyPolicy] as const;

function formFaults(certificate: Certificate): PathFault[] {
  const { extensions, subject, issuer } = certificate;
  const faults: PathFault[] = [];
  const say = (message: string): void => void faults.push(distrust(certificate, message));
  if (certificate.version !== 3) say('is not of version 3');
  // 4.1.2.2; roots in wide use have zero, so on a root it is tolerated.
  if (certificate.serial.every((octet) => octet === 0) && !certificate.selfIssued) say('has the serial number 0');
  for (const type of extensions.critical)
    if (!PROCESSED.has(type)) say(`has the critical extension ${oidName(type)}, which is not understood`);
  for (const type of MUST_BE_CRITICAL)
    if (extensions.present.has(type) && !extensions.critical.has(type)) say(`has ${oidName(type)} not marked critical`);
  // 4.1.2.4 and 4.1.2.6
  if (issuer.rdns.length === 0) say('names no issuer');
  if (subject.rdns.length === 0 && !extensions.critical.has(OID.subjectAltName)) say('names no subject');
  if (
    extensions.critical.has(OID.certificatePolicies) &&
    !extensions.certificatePolicies!.every(({ qualifiers }) => qualifiers.every(isKnownQualifier))
  ) {
    say('has a critical policy with a qualifier that is not understood');
  }
  // 4.2.1.9: without cA the key certifies nothing; 4.2.1.10: constraints are for authorities.
  if (!extensions.basicConstraints?.ca && extensions.keyUsage?.has('keyCertSign')) say('may sign certificates and is no authority');
  if (!extensions.basicConstraints?.ca && extensions.nameConstraints) say('constrains names and is no authority');
  return faults;
}

function isKnownQualifier(type: string): boolean {
  return type === OID.policyQualifierCps || type === OID.policyQualifierUserNotice;
}

/** 6.1.3 (a)(2): both ends, whole seconds, belong to the time in which a certificate is valid. */
function validityFaults(certificate: Certificate, { at, tolerance }: ValidationRequest): PathFault[] {
  const second = Math.floor(at);
  const { notBefore, notAfter, subject } = certificate;
  // Put so that a time which is no number is within no validity.
  if (!(second <= notAfter + tolerance)) return [{ code: 'E_EXPIRED', message: `${who(subject.text)} expired on ${day(notAfter)}` }];
  if (!(second >= notBefore - tolerance))
    return [{ code: 'E_EXPIRED', message: `${who(subject.text)} is not valid before ${day(notBefore)}` }];
  return [];
}

/** The anchor's own signature proves nothing, so its algorithm does not matter. */
function strengthFaults(certificate: Certificate, isAnchor: boolean, role: KeyRole): PathFault[] {
  const faults: PathFault[] = [];
  const key = keyFault(certificate.publicKey, role);
  if (key) faults.push({ code: 'E_WEAK', message: `${who(certificate.subject.text)} has ${key}` });
  if (!isAnchor) faults.push(...signatureStrengthFaults(certificate));
  return faults;
}

export function signatureStrengthFaults({ signatureAlgorithm: identifier, subject }: Certificate): PathFault[] {
  if (signatureAlgorithm(identifier)) return [];
  return [{ code: 'E_WEAK', message: `${who(subject.text)} is signed with ${algorithmName(identifier)}, which is not accepted` }];
}

/** 4.2.1.1: who certified this key, by key identifier. A self-issued certificate may leave it out, and so may the anchor. */
function keyIdentifierFaults(certificate: Certificate, issuer: Certificate | undefined): PathFault[] {
  const authority = certificate.extensions.authorityKeyIdentifier;
  const certifier = issuer ?? (certificate.selfIssued ? certificate : undefined);
  if (!authority)
    return issuer && !certificate.selfIssued
      ? [distrust(certificate, 'has no authorityKeyIdentifier', reissue('authorityKeyIdentifier=keyid'))]
      : [];
  if (!authority.keyIdentifier) return [distrust(certificate, 'has an authorityKeyIdentifier without key identifier')];
  if (!certifier) return [];
  const { subjectKeyIdentifier } = certifier.extensions;
  if (subjectKeyIdentifier && !equalBytes(authority.keyIdentifier, subjectKeyIdentifier)) {
    return [distrust(certificate, 'names another key as the one that certified it')];
  }
  if (authority.serial && !equalBytes(authority.serial, certifier.serial))
    return [distrust(certificate, 'names another certificate as its issuer')];
  return [];
}

/** What is wrong with the first certificate of a path for what it is used for. */
export function purposeFaults(certificate: Certificate, purpose: Purpose, isAnchor: boolean): PathFault[] {
  const { basicConstraints } = certificate.extensions;
  const faults = [...keyUsageFaults(certificate, purpose), ...extendedKeyUsageFaults(certificate, purpose)];
  if (!basicConstraints?.ca || purpose.authorityAllowed || isAnchor) return faults;
  return [distrust(certificate, 'is an authority and must not sign by itself'), ...faults];
}

function keyUsageFaults(certificate: Certificate, { keyUsage: wanted, exclusive }: Purpose): PathFault[] {
  if (wanted === undefined) return [];
  const allowed: readonly KeyUsage[] = typeof wanted === 'string' ? [wanted] : wanted;
  const { keyUsage = new Set(exclusive ? allowed : []) } = certificate.extensions;
  if (!allowed.some((usage) => keyUsage.has(usage)))
    return [distrust(certificate, `is not for ${allowed.join(' or ')} (key usage)`, reissue(`keyUsage=critical,${allowed[0]}`))];
  const other = exclusive ? [...keyUsage].find((usage) => !allowed.includes(usage)) : undefined;
  return other ? [distrust(certificate, `is also for ${other} (key usage)`, reissue(`keyUsage=critical,${allowed[0]}`))] : [];
}

function extendedKeyUsageFaults(certificate: Certificate, { extendedKeyUsage: wanted, exclusive }: Purpose): PathFault[] {
  if (wanted === undefined) return [];
  const { extendedKeyUsage, critical } = certificate.extensions;
  const name = oidName(wanted);
  if (!extendedKeyUsage?.has(wanted))
    return [
      distrust(certificate, `is not for ${name} (extended key usage)`, reissue(`extendedKeyUsage=${exclusive ? 'critical,' : ''}${name}`)),
    ];
  if (exclusive && (extendedKeyUsage.size > 1 || !critical.has(OID.extendedKeyUsage)))
    return [
      distrust(certificate, `is not for ${name} alone, marked critical (extended key usage)`, reissue(`extendedKeyUsage=critical,${name}`)),
    ];
  return [];
}

/** 6.1.4 (k) to (n), 4.2.1.2, 4.2.1.9, and the nesting of extended key usage. */
function authorityFaults(certificate: Certificate, path: readonly Certificate[], index: number, purpose: Purpose): PathFault[] {
  const { basicConstraints, keyUsage, extendedKeyUsage, subjectKeyIdentifier } = certificate.extensions;
  const faults: PathFault[] = [];
  const say = (message: string, hint?: string): void => void faults.push(distrust(certificate, message, hint));
  if (!basicConstraints?.ca) say('is no authority: it may not certify others');
  else if (!basicConstraints.critical) say('has basicConstraints not marked critical', reissue('basicConstraints=critical,CA:TRUE'));
  if (!keyUsage?.has('keyCertSign')) say('may not sign certificates (key usage)', reissue('keyUsage=critical,keyCertSign,cRLSign'));
  if (!subjectKeyIdentifier) say('has no subjectKeyIdentifier', reissue('subjectKeyIdentifier=hash'));
  // Self-issued certificates, as they are made when a key is replaced, do not count; nor does the first one.
  const below = path.slice(1, index).filter(({ selfIssued }) => !selfIssued).length;
  if (basicConstraints?.pathLength !== undefined && below > basicConstraints.pathLength) {
    say(`allows ${basicConstraints.pathLength} authorities below it, there are ${below}`);
  }
  const wanted = purpose.extendedKeyUsage;
  if (wanted && extendedKeyUsage && !extendedKeyUsage.has(wanted) && !extendedKeyUsage.has(OID.anyExtendedKeyUsage)) {
    say(`may not certify for ${oidName(wanted)} (extended key usage)`);
  }
  return faults;
}

/** 6.1.3 (b) and (c): every authority's constraints hold for all certificates below it, self-issued ones excepted unless they are the first. */
function nameFaults(path: readonly Certificate[]): PathFault[] {
  const budget = comparisonBudget();
  const faults: PathFault[] = [];
  for (const [index, authority] of path.entries()) {
    const constraints = index > 0 ? authority.extensions.nameConstraints : undefined;
    if (!constraints) continue;
    for (const [below, certificate] of path.slice(0, index).entries()) {
      if (below > 0 && certificate.selfIssued) continue;
      const fault = constraintFault(constraints, certificate, budget);
      if (fault) faults.push(distrust(certificate, `breaks the name constraints of ${who(authority.subject.text)}: ${fault}`));
    }
  }
  return faults;
}

function distrust(certificate: Certificate, message: string, hint?: string): PathFault {
  return { code: 'E_UNTRUSTED', message: `${who(certificate.subject.text)} ${message}`, hint };
}

/** What the publisher can do about a certificate that lacks something. */
function reissue(extension: string): string {
  return `the certificate must be issued anew, with openssl as ${extension} in its extensions`;
}

export function who(subjectText: string): string {
  return subjectText === '' ? 'a certificate without subject' : subjectText;
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
