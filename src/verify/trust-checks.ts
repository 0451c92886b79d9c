/** What became of the signers under a policy, as checks: one who counts is enough, or as many as the policy requires. */
import type { ErrorCode } from '../core/errors.ts';
import { verdictRank } from '../core/errors.ts';
import type { Judgement } from '../trust/judgement.ts';
import type { CompletePolicy } from '../trust/policy.ts';
import { ANYBODY, quorum } from '../trust/quorum.ts';
import type { RevocationResult } from '../trust/revocation.ts';
import type { SignerReport } from './signer-report.ts';
import type { Check } from './verdict.ts';

/**
 * @param judgements - one for each signer, in the order of the reports
 * @param named - whether failures say which policy they are of
 */
export function trustChecks(
  policy: CompletePolicy,
  judgements: readonly Judgement[],
  reports: readonly SignerReport[],
  named: boolean,
): Check[] {
  const accepted = judgements.filter(({ faults }) => faults.length === 0);
  // If nobody counts, the one who came furthest says why.
  const decisive = accepted.length > 0 ? undefined : furthest(judgements);
  const checks = judgements.flatMap((judgement, index): Check[] => {
    const report = reports[index]!;
    if (judgement.faults.length === 0) return acceptedChecks(policy, judgement, report);
    return judgement === decisive ? refusedChecks(policy, judgement, report) : [furtherSigner(judgement, report)];
  });
  if (policy.require && accepted.length > 0) checks.push(quorumCheck(policy, policy.require, judgements, reports));
  return named ? checks.map((check) => withName(check, policy.name)) : checks;
}

function withName(check: Check, name: string): Check {
  return check.status === 'fail' || check.name === 'cosignature' ? { ...check, message: `${name}: ${check.message}` } : check;
}

function furthest(judgements: readonly Judgement[]): Judgement | undefined {
  const rank = ({ faults }: Judgement): number => verdictRank(faults[0]!.code);
  return judgements.reduce((best, one) => (rank(one) > rank(best) ? one : best));
}

function acceptedChecks(policy: CompletePolicy, judgement: Judgement, report: SignerReport): Check[] {
  return [
    ...timestampChecks(judgement, report),
    pathCheck(report, judgement),
    ...revocationChecks(policy, judgement),
    publisherCheck(report, judgement),
  ];
}

/** Which check a refusal belongs to. */
const CHECK_OF: Partial<Record<ErrorCode, string>> = {
  E_TIMESTAMP: 'timestamp',
  E_REVOKED: 'revocation',
  E_UNKNOWN_PUBLISHER: 'publisher',
};

/** One failed check for each kind of fault; the decisive one of a kind gives code and hint, the others are told along. */
function refusedChecks(policy: CompletePolicy, judgement: Judgement, report: SignerReport): Check[] {
  const { faults } = judgement;
  const nameOf = (code: ErrorCode): string => CHECK_OF[code] ?? 'path';
  const failed = [...new Set(faults.map(({ code }) => nameOf(code)))].map((name): Check => {
    const own = faults.filter(({ code }) => nameOf(code) === name);
    const { code, hint } = own[0]!;
    return { name, status: 'fail', code, message: own.map(({ message }) => message).join('; '), hint };
  });
  const good = [
    ...timestampChecks(judgement, report),
    ...(judgement.path ? [pathCheck(report, judgement), ...revocationChecks(policy, judgement)] : []),
  ].filter(({ name }) => !failed.some((check) => check.name === name));
  return [...good, ...failed];
}

function furtherSigner({ faults }: Judgement, { certificate }: SignerReport): Check {
  const { subject, sha256 } = certificate;
  const message = `a further signer does not count: ${subject} (sha256:${sha256}): ${faults.map((fault) => fault.message).join('; ')}`;
  return { name: 'path', status: 'skipped', message };
}

function timestampChecks({ timestamp }: Judgement, { timestamps }: SignerReport): Check[] {
  if (timestamp) {
    const authority = timestamp.path[0]!.subject.text;
    return [{ name: 'timestamp', status: 'ok', message: `signed before ${utc(timestamp.time)}, as ${authority} proves` }];
  }
  return timestamps.map(({ time, reason }) => ({
    name: 'timestamp',
    status: 'skipped',
    message: `a timestamp claims ${utc(time)}; it was not evaluated${reason === undefined ? '' : `: ${reason}`}`,
  }));
}

function pathCheck({ certificate }: SignerReport, { facts, path }: Judgement): Check {
  const anchor = path!.at(-1)!;
  const own = facts.issuers.length === 0;
  const message = own
    ? `${certificate.subject} is itself trusted`
    : `${certificate.subject} is certified up to the trusted ${anchor.subject.text}`;
  return { name: 'path', status: 'ok', message };
}

function revocationChecks({ revocation: mode }: CompletePolicy, { revocation }: Judgement): Check[] {
  if (!revocation || revocation.statuses.length === 0) return [];
  if (mode === 'off') return [{ name: 'revocation', status: 'skipped', message: 'not asked for' }];
  const told = tell(revocation);
  const unknown = revocation.statuses.filter(({ status }) => status === 'unknown');
  if (unknown.length === 0) return [{ name: 'revocation', status: 'ok', message: told }];
  const message = unknown.length === revocation.statuses.length ? `not checked: ${told}` : `not checked for all: ${told}`;
  return [{ name: 'revocation', status: 'skipped', message }];
}

function tell({ statuses }: RevocationResult): string {
  return statuses.map(({ certificate, status, source }) => `${certificate.subject.text} ${status} (${source})`).join('; ');
}

const HOW = { anchor: 'whose own certificate is trusted', publisher: 'as asked for', pin: 'as remembered' } as const;

function publisherCheck({ certificate, demonstration }: SignerReport, { identification }: Judgement): Check {
  const message = `${certificate.subject}, ${HOW[identification!.how]}`;
  if (!demonstration) return { name: 'publisher', status: 'ok', message };
  return { name: 'publisher', status: 'warning', message: `${message}: an example key, whose private key everybody has` };
}

function quorumCheck(
  { publishers }: CompletePolicy,
  { count, of }: NonNullable<CompletePolicy['require']>,
  judgements: readonly Judgement[],
  reports: readonly SignerReport[],
): Check {
  const wanted = of && new Set(of);
  const counted = judgements.flatMap(({ faults, identification }, index) => {
    const names = faults.length > 0 ? [] : identification!.names.filter((name) => !wanted || wanted.has(name));
    return names.length > 0 ? [{ keyValue: reports[index]!.keyValue, names }] : [];
  });
  const found = quorum(counted);
  const all = of ?? (publishers === '*' ? [] : publishers.map((one) => (typeof one === 'string' ? one : one.name)));
  const whom = all.length === 0 || all.includes(ANYBODY) ? 'trusted publishers' : `the publishers ${all.join(', ')}`;
  if (found >= count)
    return { name: 'cosignature', status: 'ok', message: `${found} of ${whom} signed, each with a key of its own; ${count} required` };
  return {
    name: 'cosignature',
    status: 'fail',
    code: 'E_COSIGNATURE',
    message: `${found} of ${whom} signed, ${count} are required; the same key counts once, and so does the same publisher`,
    hint: 'ask the publisher for an image with all signatures: one may have been taken off',
  };
}

function utc(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString();
}
