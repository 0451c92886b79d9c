/**
 * Judges the CMS message of a seal: are all signatures right, and do they come from publishers whom the user knows, under every policy
 * that is in force? Rules: `docs/seal-format.md` sections 7 and 8. Nothing of the system is asked: anchors, publishers, evidence and
 * the time are values.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { equalBytes } from '../pki/der.ts';
import { parseTimeStampToken, type TimeStampToken } from '../pki/timestamp-token.ts';
import type { Certificate } from '../pki/x509.ts';
import { parseStatement } from '../seal/statement.ts';
import type { KnownBefore } from '../trust/identification.ts';
import { CLOCK_TOLERANCE, type Judgement, judgeSigner } from '../trust/judgement.ts';
import type { Edges } from '../trust/path.ts';
import type { Memory } from '../trust/pins.ts';
import { type CompletePolicy, completePolicy, type Policy } from '../trust/policy.ts';
import { type ExpectedPublisher, expectedPublishers } from '../trust/publisher.ts';
import type { RevocationEvidence } from '../trust/revocation.ts';
import { judgeTimestamp, type TimestampResult, withRenewals } from '../trust/timestamp.ts';
import { type ProvenMessage, proveMessage } from './signed-message.ts';
import type { ProvenSigner } from './signer-info.ts';
import { reportSigner, type SignerReport } from './signer-report.ts';
import { trustChecks } from './trust-checks.ts';
import { type Check, failure } from './verdict.ts';

export type { SignerReport } from './signer-report.ts';

export interface SignatureExpectations extends Policy {
  /** More policies, of which each must be met too: one of the system, say, that what the user gives cannot weaken. */
  readonly further?: readonly Policy[] | undefined;
  /** What this machine's clock says: Unix seconds. */
  readonly now: number;
  /** Unix seconds that have surely passed: when this verifier was released. */
  readonly notEarlierThan?: number | undefined;
  /** Publishers and releases known from before. */
  readonly memory?: Memory | undefined;
  /** SHA-256 (hexadecimal) of the SubjectPublicKeyInfos of the example keys, to label what they signed. They are no anchors. */
  readonly demonstrationKeys?: ReadonlySet<string> | undefined;
}

export interface SignatureResult {
  readonly checks: readonly Check[];
  /** What was signed. Absent unless every signature is cryptographically right, whoever made them. */
  readonly content?: Uint8Array;
  /** One for each signature that is right. */
  readonly signers: readonly SignerReport[];
}

/** Every policy in force, the user's first. */
export function policiesOf(expectations: SignatureExpectations): CompletePolicy[] {
  return [expectations, ...(expectations.further ?? [])].map(completePolicy);
}

/**
 * @param cms - exactly the DER of the message
 * @param base - where it begins in the image, for the offsets of failed checks
 * @returns checks named `signature`, then `clock`, `timestamp`, `path`, `revocation`, `publisher` and `cosignature` as they apply; a bad
 *   message is a failed check and no throw
 * @throws DisksealError `E_USAGE` when a publisher cannot be read
 */
export async function checkSignatures(
  cms: Uint8Array,
  expectations: SignatureExpectations,
  platform: Platform,
  base = 0,
): Promise<SignatureResult> {
  const policies = policiesOf(expectations).map((policy) => ({ policy, publishers: expectedPublishers(policy.publishers) }));
  const checks: Check[] = [];
  const message = await proveMessage(cms, base, checks, platform);
  if (!message) return { checks, signers: [] };
  const run = new SignatureRun(message, expectations, checks, platform);
  const judged: Judgement[][] = [];
  for (const { policy, publishers } of policies) judged.push(await run.judge(policy, publishers));
  run.refuseUnusedEvidence(judged);
  const signers: SignerReport[] = [];
  for (const [index, signer] of message.signers.entries()) {
    const opinions = judged.map((judgements) => judgements[index]!);
    signers.push(await reportSigner(signer, opinions, expectations.demonstrationKeys, platform));
  }
  for (const [index, { policy }] of policies.entries()) run.add(trustChecks(policy, judged[index]!, signers, index > 0));
  return { checks, content: message.content, signers };
}

class SignatureRun {
  readonly #message: ProvenMessage;
  readonly #expectations: SignatureExpectations;
  readonly #checks: Check[];
  readonly #platform: Platform;
  readonly #knownBefore: KnownBefore | undefined;
  /** Signers of one message may bring the same certificates, and policies may name the same anchors. */
  readonly #edges: Edges = new Map();

  constructor(message: ProvenMessage, expectations: SignatureExpectations, checks: Check[], platform: Platform) {
    this.#message = message;
    this.#expectations = expectations;
    this.#checks = checks;
    this.#platform = platform;
    const { memory } = expectations;
    const product = memory && memory.publishers.length > 0 ? productOf(message.content) : undefined;
    this.#knownBefore = memory && product !== undefined ? { memory, product } : undefined;
  }

  /** What several policies find alike is said once. */
  add(checks: readonly Check[]): void {
    const known = new Set(this.#checks.map((check) => JSON.stringify(check)));
    this.#checks.push(...checks.filter((check) => !known.has(JSON.stringify(check))));
  }

  async judge(policy: CompletePolicy, publishers: readonly ExpectedPublisher[]): Promise<Judgement[]> {
    const { signers, evidence: embedded } = this.#message;
    const evidence = merged(policy.evidence, embedded);
    const timestamps: TimestampResult[][] = [];
    for (const signer of signers) timestamps.push(await this.#timestampsOf(signer, policy, evidence));
    const now = this.#latestTime(timestamps.flat());
    const judgements: Judgement[] = [];
    for (const [index, signer] of signers.entries()) {
      const circumstances = {
        now,
        timestamps: timestamps[index]!,
        evidence,
        publishers,
        knownBefore: this.#knownBefore,
        edges: this.#edges,
      };
      judgements.push(await judgeSigner(signer, policy, circumstances, this.#platform));
    }
    return judgements;
  }

  /** Rule 7 of the seal: a token that is not right is refused whoever made it and whatever the policy says of timestamps. */
  async #timestampsOf({ info }: ProvenSigner, policy: CompletePolicy, evidence: RevocationEvidence): Promise<TimestampResult[]> {
    const results: TimestampResult[] = [];
    const { timestampAnchors, revocation } = policy;
    const anchors = policy.timestamp === 'ignore' ? [] : timestampAnchors;
    const now = this.#latestTime([]);
    const judgeAt = (token: Uint8Array, at: number): Promise<TimestampResult> =>
      judgeTimestamp(token, info.signature, { anchors, now: at, tolerance: CLOCK_TOLERANCE, evidence, revocation }, this.#platform);
    for (const token of info.timeStampTokens) {
      try {
        // Rule 14: a trusted timestamp knows better than the clock what time it is. One that is not trusted was made in the future.
        const claimed = Math.max(now, claimedTime(token));
        const result = await judgeAt(token, claimed);
        results.push(claimed === now || newest([result]) === claimed ? result : await judgeAt(token, now));
      } catch (error) {
        this.add([failure('timestamp', error)]);
      }
    }
    return results;
  }

  /** The latest time that is known to have passed. A clock that is behind it is told about. */
  #latestTime(timestamps: readonly TimestampResult[]): number {
    const { now: clock, notEarlierThan = 0, memory } = this.#expectations;
    const known = {
      'the release of this program': notEarlierThan,
      'what was remembered': memory?.time ?? 0,
      'a timestamp': newest(timestamps),
    };
    const latest = Math.max(clock, ...Object.values(known));
    if (latest > clock + CLOCK_TOLERANCE) {
      const from = Object.entries(known).find(([, time]) => time === latest)![0];
      const date = new Date(latest * 1000).toISOString().slice(0, 16);
      const message = `the clock of this machine is behind: ${from} proves that ${date} UTC has passed, which is taken for now`;
      this.add([{ name: 'clock', status: 'warning', message, hint: 'set the clock' }]);
    }
    return latest;
  }

  /**
   * Rule 7: nothing rides along that is of no use. From an anchor on, and where there is no path to one, nobody asks about a certificate
   * or can say whether its issuer made the evidence; then it must at least be about one of the message's certificates.
   */
  refuseUnusedEvidence(judged: readonly (readonly Judgement[])[]): void {
    const { evidence, signers } = this.#message;
    const judgements = judged.flat();
    const stamps = judgements.flatMap(({ timestamps }) => timestamps).flatMap(withRenewals);
    const results = [...judgements, ...stamps].flatMap(({ revocation = [] }) => revocation);
    const lost = [
      ...signers.flatMap(({ path }, index) => judged.flatMap((opinions) => path.slice((opinions[index]!.path?.length ?? 1) - 1))),
      ...stamps.flatMap(({ status, revocation, chain }) => (status === 'trusted' && revocation ? [] : chain)),
    ];
    const unused = [
      ...evidence.crls.filter((crl) => !lost.some(({ issuer }) => equalBytes(issuer.bytes, crl.issuer.bytes))),
      ...evidence.responses.filter((response) => !lost.some((certificate) => isAbout(response, certificate))),
    ].filter((item) => !results.some(({ used }) => used.has(item)));
    if (unused.length === 0) return;
    const what = unused.length === 1 ? 'revocation data' : `${unused.length} pieces of revocation data`;
    const message = `the message carries ${what} about no certificate of its signers`;
    this.add([failure('signature', new DisksealError('E_CMS', message))]);
  }
}

function isAbout({ answers }: RevocationEvidence['responses'][number], { serial }: Certificate): boolean {
  return answers.some(({ certId }) => equalBytes(certId.serial, serial));
}

function newest(timestamps: readonly TimestampResult[]): number {
  return Math.max(0, ...timestamps.flatMap(withRenewals).map(({ status, time }) => (status === 'trusted' ? time : 0)));
}

function merged(left: RevocationEvidence, right: RevocationEvidence): RevocationEvidence {
  return { crls: [...left.crls, ...right.crls], responses: [...left.responses, ...right.responses] };
}

/** The newest time that a token and its renewals speak of. @throws DisksealError `E_TIMESTAMP` */
function claimedTime(der: Uint8Array): number {
  let newestClaim = 0;
  for (let next: Uint8Array | undefined = der; next; ) {
    const { info, renewal }: TimeStampToken = parseTimeStampToken(next);
    newestClaim = Math.max(newestClaim, info.time);
    next = renewal;
  }
  return newestClaim;
}

/** What the statement calls the product, if it is a statement: whether it is a good one is checked elsewhere. */
function productOf(content: Uint8Array): string | undefined {
  try {
    return parseStatement(content).product;
  } catch {
    return undefined;
  }
}
