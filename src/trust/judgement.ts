/**
 * Is one signer to be believed under one policy? Source: docs/seal-format.md section 8. Every condition is judged for this signer
 * alone, so that nothing of another signer helps.
 *
 * The time rule: the earliest trusted timestamp says when the signature was there, and the whole path must be valid then; without one
 * it must be valid now. The signer's own signingTime is no proof and is not looked at.
 */
import { type ErrorCode, verdictRank } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import type { SignatureAlgorithm } from '../pki/algorithms.ts';
import type { Certificate } from '../pki/x509.ts';
import { algorithmFaults } from './allowed-algorithms.ts';
import { type Identification, identify, type KnownBefore } from './identification.ts';
import { type Edges, findPath } from './path.ts';
import { CODE_SIGNING, type PathFault, who } from './path-validation.ts';
import type { CompletePolicy } from './policy.ts';
import type { ExpectedPublisher } from './publisher.ts';
import { factsOf, type PublisherFacts } from './publisher-facts.ts';
import { checkRevocation, type RevocationEvidence, type RevocationResult } from './revocation.ts';
import type { TimestampResult } from './timestamp.ts';

/** Seconds that clocks may be wrong: seal-format.md section 8. */
export const CLOCK_TOLERANCE = 600;

/** A signer whose signature is right. */
export interface Signatory {
  /** The certificates that the signature binds, the signer's own first. */
  readonly path: readonly [Certificate, ...Certificate[]];
  readonly algorithm: SignatureAlgorithm;
}

export interface Circumstances {
  /** Unix seconds: the latest that is known of the time. */
  readonly now: number;
  /** Of this signer's tokens, under this policy. */
  readonly timestamps: readonly TimestampResult[];
  /** What came with the message and with the policy. */
  readonly evidence: RevocationEvidence;
  readonly publishers: readonly ExpectedPublisher[];
  /** Absent when nothing is remembered or the product is not known. */
  readonly knownBefore?: KnownBefore | undefined;
  readonly edges: Edges;
}

export type TrustedTimestamp = Extract<TimestampResult, { status: 'trusted' }>;

export interface Judgement {
  readonly facts: PublisherFacts;
  /** To the anchor, which is last; absent when there is none. */
  readonly path?: readonly Certificate[] | undefined;
  readonly timestamps: readonly TimestampResult[];
  /** What the path was judged at; absent: now. */
  readonly timestamp?: TrustedTimestamp | undefined;
  readonly revocation?: RevocationResult | undefined;
  readonly identification?: Identification | undefined;
  /** In the order of the exit codes. None: this signer counts. */
  readonly faults: readonly PathFault[];
}

export async function judgeSigner(
  signatory: Signatory,
  policy: CompletePolicy,
  circumstances: Circumstances,
  platform: Platform,
): Promise<Judgement> {
  const { timestamps } = circumstances;
  const timestamp = policy.timestamp === 'ignore' ? undefined : earliest(timestamps);
  const faults = timestampFaults(signatory, policy, circumstances, timestamp);
  const found = await pathOf(signatory, policy, circumstances, timestamp, platform);
  if (!found.path) {
    const facts = await factsOf([signatory.path[0]], platform);
    return { facts, timestamps, timestamp, faults: inOrder([...faults, ...pathFaults(found.faults, facts, policy, circumstances)]) };
  }
  const path = found.path as [Certificate, ...Certificate[]];
  const facts = await factsOf(path, platform);
  const revocation = await revocationOf(path, policy, circumstances, timestamp, platform);
  const identified = identify(facts, circumstances.publishers, circumstances.knownBefore);
  faults.push(
    ...algorithmFaults(path, signatory.algorithm, policy.algorithms ?? {}),
    ...revocation.faults,
    ...(identified.fault ? [identified.fault] : []),
  );
  return { facts, path, timestamps, timestamp, revocation, identification: identified.identification, faults: inOrder(faults) };
}

function inOrder(faults: readonly PathFault[]): PathFault[] {
  return [...faults].sort((left, right) => verdictRank(left.code) - verdictRank(right.code));
}

function earliest(timestamps: readonly TimestampResult[]): TrustedTimestamp | undefined {
  const trusted = timestamps.filter((result) => result.status === 'trusted');
  return trusted.reduce<TrustedTimestamp | undefined>((best, one) => (best && best.time <= one.time ? best : one), undefined);
}

function pathOf(
  { path }: Signatory,
  { anchors }: CompletePolicy,
  { now, edges }: Circumstances,
  timestamp: TrustedTimestamp | undefined,
  platform: Platform,
): ReturnType<typeof findPath> {
  const request = { certificate: path[0], intermediates: path.slice(1), anchors, purpose: CODE_SIGNING, edges };
  if (!timestamp) return findPath({ ...request, at: now, tolerance: CLOCK_TOLERANCE }, platform);
  // The proven time may be off by the authority's accuracy, in either direction.
  const { time, accuracy } = timestamp;
  return findPath({ ...request, at: [time - accuracy, time + accuracy], tolerance: CLOCK_TOLERANCE }, platform);
}

/** Made under `off` too: what came with the message must be of use to somebody, whatever the policy. */
function revocationOf(
  path: readonly Certificate[],
  { revocation }: CompletePolicy,
  { now, evidence }: Circumstances,
  timestamp: TrustedTimestamp | undefined,
  platform: Platform,
): Promise<RevocationResult> {
  const at = timestamp ? timestamp.time + timestamp.accuracy : now;
  return checkRevocation(
    { path, at, proven: timestamp !== undefined, now, tolerance: CLOCK_TOLERANCE, mode: revocation, evidence },
    platform,
  );
}

function timestampFaults(
  { path: [own] }: Signatory,
  { timestamp: rule, maxTimestampAge }: CompletePolicy,
  { now, timestamps }: Circumstances,
  trusted: TrustedTimestamp | undefined,
): PathFault[] {
  if (rule !== 'required') return [];
  if (!trusted) return [withoutTimestamp(who(own.subject.text), timestamps)];
  const age = now - trusted.time;
  if (maxTimestampAge === undefined || age <= maxTimestampAge + CLOCK_TOLERANCE) return [];
  const days = (seconds: number): number => Math.floor(seconds / 86_400);
  const message = `the timestamp of ${who(own.subject.text)}'s signature is ${days(age)} days old, ${days(maxTimestampAge)} are allowed`;
  return [{ code: 'E_TIMESTAMP', message, hint: 'ask the publisher for a newer image, or for a newer seal on this one' }];
}

function withoutTimestamp(name: string, timestamps: readonly TimestampResult[]): PathFault {
  const reasons = timestamps.map((result) => (result.status === 'unknown' ? result.reason : '')).filter(Boolean);
  if (reasons.length === 0) {
    const message = `the signature of ${name} has no timestamp, and one is required`;
    return { code: 'E_TIMESTAMP', message, hint: 'ask the publisher for an image whose signature has a timestamp' };
  }
  const message = `a timestamp is required, and none on the signature of ${name} is trusted: ${reasons.join('; ')}`;
  return { code: 'E_TIMESTAMP', message, hint: TIMESTAMP_TRUST };
}

const TIMESTAMP_TRUST = 'if you trust the authority that made the timestamp, give its root with --timestamp-trust';

function pathFaults(
  faults: readonly PathFault[],
  facts: PublisherFacts,
  { anchors, timestamp }: CompletePolicy,
  { timestamps }: Circumstances,
): PathFault[] {
  if (anchors.length === 0) {
    const message = `signed by the key spki:${facts.spki}, which calls itself ${facts.subject}; nobody you trust vouches for it`;
    const hint = `compare with what the publisher published elsewhere; to trust exactly this certificate, add --trust sha256:${facts.sha256}`;
    return [{ code: 'E_UNTRUSTED', message, hint }];
  }
  const unevaluated = timestamp !== 'ignore' && timestamps.some(({ status }) => status === 'unknown');
  return faults.map((fault) => ({ ...fault, hint: fault.hint ?? hintFor(fault.code, unevaluated) }));
}

function hintFor(code: ErrorCode, unevaluated: boolean): string | undefined {
  if (code === 'E_EXPIRED') {
    return unevaluated
      ? `the signature has a timestamp that was not evaluated: ${TIMESTAMP_TRUST}`
      : 'ask the publisher for an image with a newer seal; check the clock of this machine';
  }
  return code === 'E_UNTRUSTED' ? "give the publisher's certificate or its root with --trust" : undefined;
}
