/**
 * What a revocation list says about a certificate. Source: RFC 5280 6.3.3, for lists that the certificate's issuer signed itself.
 *
 * An entry counts whatever the list leaves out. Its silence counts only when the list is about all certificates of this kind and all reasons:
 * a list of changes (delta), of some reasons, or of another distribution point proves nothing by silence.
 * Left out: lists that speak for other issuers (indirect), which are not used at all, and lists signed by another key of the issuer's.
 */
import type { Platform } from '../core/platform.ts';
import type { CertificateList } from '../pki/crl.ts';
import { equalBytes } from '../pki/der.ts';
import { sameGeneralName } from '../pki/general-name.ts';
import { OID, oidName } from '../pki/oids.ts';
import type { Certificate } from '../pki/x509.ts';
import { who } from './path-validation.ts';
import { day, type Finding, isSignedBy, type Statement } from './revocation-statement.ts';

/** @returns nothing when the list is another issuer's */
export async function askList(
  list: CertificateList,
  certificate: Certificate,
  issuer: Certificate,
  platform: Platform,
): Promise<readonly Finding[]> {
  if (!equalBytes(list.issuer.bytes, certificate.issuer.bytes)) return [];
  const title = `the revocation list of ${day(list.thisUpdate)}`;
  const refusal = (await signatureRefusal(list, issuer, platform)) ?? formRefusal(list);
  return refusal ? [`${title} ${refusal}`] : statements(list, title, certificate, issuer);
}

async function signatureRefusal(list: CertificateList, issuer: Certificate, platform: Platform): Promise<string | undefined> {
  const { keyUsage } = issuer.extensions;
  // 6.3.3 (f): looked at when it is there.
  if (keyUsage && !keyUsage.has('cRLSign')) return `is worth nothing: ${who(issuer.subject.text)} may not sign such lists (key usage)`;
  const { signatureAlgorithm, tbs, signature } = list;
  if (await isSignedBy(issuer, { signatureAlgorithm, message: tbs, signature }, platform)) return undefined;
  return `does not bear the signature of ${who(issuer.subject.text)}`;
}

const EVALUATED: ReadonlySet<string> = new Set([OID.issuingDistributionPoint, OID.deltaCrlIndicator]);
/** 5.2.1 and 5.2.3: never critical. Nothing is lost when they are, but who makes such lists is not to be relied on. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set([OID.authorityKeyIdentifier, OID.crlNumber]);

/** Lists whose entries may mean something else than they seem to. */
function formRefusal({ extensions, revoked }: CertificateList): string | undefined {
  const scope = extensions.issuingDistributionPoint;
  if (scope?.indirectCrl || revoked.critical.has(OID.certificateIssuer)) return 'speaks for other issuers too, which is not evaluated';
  if (scope?.onlyContainsAttributeCerts) return 'is about attribute certificates';
  const foreign = [...extensions.critical].find((type) => !EVALUATED.has(type) && !NEVER_CRITICAL.has(type)) ?? [...revoked.critical][0];
  return foreign && `has the critical extension ${oidName(foreign)}, which is not understood`;
}

function statements(list: CertificateList, title: string, certificate: Certificate, issuer: Certificate): Statement[] {
  const { thisUpdate, nextUpdate, extensions } = list;
  const keepsExpiredSince = extensions.expiredCertsOnCrl;
  const common = { source: list, title, thisUpdate, nextUpdate, keepsExpiredSince, signer: issuer, delegated: false };
  const entries = list.revoked.find(certificate.serial);
  const revocations = entries.filter(({ reason }) => reason !== 'removeFromCRL');
  if (revocations.length > 0) return revocations.map((revocation) => ({ ...common, says: 'revoked', revocation }));
  const removed = entries.length > 0 && extensions.deltaCrlIndicator === undefined;
  const reservation = removed
    ? 'takes back a revocation, which only a list of changes may do'
    : scopeReservation(list, certificate, issuer);
  return [{ ...common, says: 'good', reservation }];
}

/** Why silence about a certificate says nothing. */
function scopeReservation({ version, extensions }: CertificateList, certificate: Certificate, issuer: Certificate): string | undefined {
  const { authorityKeyIdentifier, issuingDistributionPoint: scope } = extensions;
  if (extensions.deltaCrlIndicator !== undefined) return 'only tells what has changed';
  // 5.2.3: in every list.
  if (version === 2 && extensions.crlNumber === undefined) return 'has no number';
  for (const type of extensions.critical) if (NEVER_CRITICAL.has(type)) return `has ${oidName(type)} marked critical`;
  const named = authorityKeyIdentifier?.keyIdentifier;
  const own = issuer.extensions.subjectKeyIdentifier;
  if (named && own && !equalBytes(named, own)) return 'names another key as the one that signed it';
  if (!scope) return undefined;
  const isAuthority = certificate.extensions.basicConstraints?.ca ?? false;
  if (scope.onlySomeReasons) return 'is about some reasons only';
  if (scope.onlyContainsUserCerts && isAuthority) return 'is not about authorities';
  if (scope.onlyContainsCaCerts && !isAuthority) return 'is about authorities only';
  return scope.names && !sharesPoint(scope.names, certificate) ? 'is of another distribution point than the certificate names' : undefined;
}

/** 6.3.3 (b)(2)(i): one name of the list's distribution point is a name of one of the certificate's. */
function sharesPoint(names: readonly Parameters<typeof sameGeneralName>[0][], certificate: Certificate): boolean {
  const points = certificate.extensions.crlDistributionPoints ?? [];
  return points.some((point) => !point.otherIssuer && point.names.some((own) => names.some((name) => sameGeneralName(name, own))));
}
