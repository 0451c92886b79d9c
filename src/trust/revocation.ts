/**
 * Revocation: was a certificate of a path declared invalid by its issuer, and is that known? Sources: RFC 5280 6.3, RFC 6960; `seal-format.md`,
 * revocation.
 *
 * All evidence is heard, from the image and from files, and nothing is fetched. Any revocation that counts refuses; else the newest statement
 * decides. The anchor is not asked about: whoever trusts it would have to be told by himself.
 */
import type { Platform } from '../core/platform.ts';
import type { CertificateList } from '../pki/crl.ts';
import type { Revocation, RevocationReason } from '../pki/crl-entries.ts';
import type { OcspResponse } from '../pki/ocsp.ts';
import type { Certificate } from '../pki/x509.ts';
import { askList } from './crl-statement.ts';
import { askResponse, type ResponderStatus } from './ocsp-statement.ts';
import { type PathFault, who } from './path-validation.ts';
import type { RevocationEvidence } from './revocation-evidence.ts';
import { day, type Finding, type Moment, type Statement, staleness } from './revocation-statement.ts';

export { embeddedEvidence, parseEvidence, type RevocationEvidence } from './revocation-evidence.ts';

/** `hard`: every certificate must be known to be good now. `soft`: only a revocation refuses. `off`: nobody asks. */
export type RevocationMode = 'hard' | 'soft' | 'off';

export interface RevocationRequest extends Moment {
  /** The certificate that is used first, the anchor last. Names and signatures were checked. */
  readonly path: readonly Certificate[];
  readonly mode: RevocationMode;
  readonly evidence: RevocationEvidence;
}

export interface RevocationStatus {
  readonly certificate: Certificate;
  /** `good` also when it was revoked later, in a way that leaves what was signed before as it is. */
  readonly status: 'good' | 'revoked' | 'unknown';
  /** For people: what says so, or why nothing does. */
  readonly source: string;
}

export interface RevocationResult {
  /** All of code `E_REVOKED`: a revocation that counts or, under `hard`, a status that is not known. */
  readonly faults: readonly PathFault[];
  /** One for each certificate of the path but the anchor, in its order. */
  readonly statuses: readonly RevocationStatus[];
  /**
   * Evidence about a certificate of the path (or about a responder of its issuer's), signed by who may, stale or not, and without
   * certificates that nobody needs. Embedded evidence must all be here.
   */
  readonly used: ReadonlySet<CertificateList | OcspResponse>;
}

/** @returns the status of every certificate of the path but the anchor; bad evidence is no exception, it only counts for nothing */
export async function checkRevocation(request: RevocationRequest, platform: Platform): Promise<RevocationResult> {
  const { path, mode } = request;
  const used = new Set<CertificateList | OcspResponse>();
  const statuses: RevocationStatus[] = [];
  for (const [index, issuer] of path.slice(1).entries()) {
    const certificate = path[index]!;
    const findings = await hear(certificate, issuer, request, used, platform);
    statuses.push(mode === 'off' ? { certificate, status: 'unknown', source: 'not asked' } : judge(certificate, findings, request));
  }
  return { faults: statuses.flatMap((status) => faultOf(status, mode)), statuses, used };
}

/** Everything that the evidence has to say about one certificate. */
async function hear(
  certificate: Certificate,
  issuer: Certificate,
  request: RevocationRequest,
  used: Set<CertificateList | OcspResponse>,
  platform: Platform,
): Promise<Finding[]> {
  const { evidence, mode, tolerance } = request;
  const hearAll = async (about: Certificate, statusOf: ResponderStatus): Promise<Finding[]> => {
    const heard: Finding[] = [];
    for (const list of evidence.crls) heard.push(...(await askList(list, about, issuer, platform)));
    const question = { certificate: about, issuer, tolerance, hard: mode === 'hard', statusOf };
    for (const response of evidence.responses) heard.push(...(await askResponse(response, question, platform)));
    for (const finding of heard) if (typeof finding !== 'string' && !hasSurplus(finding)) used.add(finding.source);
    return heard;
  };
  // A responder's status is asked of its issuer and of responders of whom nobody needs to ask: one step, so no circle.
  const statusOf: ResponderStatus = async (responder) => {
    const heard = await hearAll(responder, () => Promise.resolve('unknown'));
    return judge(responder, heard, { ...request, at: request.now, proven: false }).status;
  };
  return hearAll(certificate, statusOf);
}

/** Certificates in a response that are not its signer's: nothing binds them. */
function hasSurplus({ source, signer }: Statement): boolean {
  return 'certificates' in source && source.certificates.some((certificate) => certificate !== signer);
}

function judge(certificate: Certificate, findings: readonly Finding[], moment: Moment): RevocationStatus {
  const statements = findings.filter((finding) => typeof finding !== 'string');
  const revocations = statements.filter(({ says }) => says === 'revoked');
  const others = statements.filter(({ says }) => says !== 'revoked');
  const current = others.filter((statement) => staleness(statement, certificate, moment) === undefined);
  const refusing = revocations.find((statement) => !isReleased(statement, current) && refuses(statement.revocation!, moment));
  if (refusing) return { certificate, status: 'revoked', source: `${refusing.title} says so: ${wordsFor(refusing.revocation!)}` };
  const harmless = revocations.find(({ revocation }) => revocation!.reason !== 'certificateHold');
  if (harmless) {
    return { certificate, status: 'good', source: `${harmless.title}: ${wordsFor(harmless.revocation!)}, after the time of the signature` };
  }
  const newest = current.reduce<Statement | undefined>(
    (best, next) => (best && best.thisUpdate >= next.thisUpdate ? best : next),
    undefined,
  );
  if (newest?.says === 'good') return { certificate, status: 'good', source: newest.title };
  const reasons = findings.map((finding) => (typeof finding === 'string' ? finding : staleness(finding, certificate, moment)));
  if (newest) reasons.unshift(`${newest.title} does not know this certificate`);
  const known = reasons.filter((reason) => reason !== undefined);
  return {
    certificate,
    status: 'unknown',
    source: known.length > 0 ? [...new Set(known)].join('; ') : 'nothing at hand says anything about it',
  };
}

/** RFC 5280 5.3.1: a certificate on hold may be released, and a newer word of its issuer's says that it was. No other revocation ends. */
function isReleased({ revocation, thisUpdate }: Statement, current: readonly Statement[]): boolean {
  if (revocation!.reason !== 'certificateHold') return false;
  return current.some((statement) => statement.says === 'good' && statement.thisUpdate > thisUpdate);
}

/** Reasons that say nothing against the key: what it signed before stays good. Every other one, or none given, puts all in doubt. */
const KEY_WAS_GOOD: ReadonlySet<RevocationReason> = new Set([
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
]);

/**
 * Attack 48: who stole a key can have its signatures stamped until the theft is noticed, so a compromise refuses whatever the time.
 * The date of its discovery (invalidityDate) does not help: it is when somebody began to suspect.
 */
function refuses({ reason, date, invalidityDate }: Revocation, { at, proven }: Moment): boolean {
  if (!proven || !KEY_WAS_GOOD.has(reason)) return true;
  return !(date > at) || (invalidityDate !== undefined && !(invalidityDate > at));
}

function wordsFor({ date, reason, invalidityDate }: Revocation): string {
  const since = invalidityDate === undefined ? '' : `, not good since ${day(invalidityDate)}`;
  return `revoked on ${day(date)} (${reason}${since})`;
}

function faultOf({ certificate, status, source }: RevocationStatus, mode: RevocationMode): PathFault[] {
  const name = who(certificate.subject.text);
  if (status === 'revoked') return [{ code: 'E_REVOKED', message: `${name} was revoked; ${source}`, hint: 'do not use what it signed' }];
  if (mode !== 'hard' || status === 'good') return [];
  const hint = 'give a fresh revocation list or OCSP response of its issuer, or do not demand one (revocation soft)';
  return [{ code: 'E_REVOKED', message: `nobody says that ${name} was not revoked: ${source}`, hint }];
}
