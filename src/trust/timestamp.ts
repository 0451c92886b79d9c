/**
 * Whether a timestamp proves a time to this user. Sources: RFC 3161 section 4 and appendix B, RFC 4998 section 4 for the idea of renewal;
 * `docs/seal-format.md`, timestamps. Authorities have anchors of their own: one who vouches for publishers does not vouch for time.
 *
 * A token that nobody whom the user trusts vouches for proves nothing and refuses nothing, since anybody could take it away. So it is
 * with one whose authority has expired without renewal, or was revoked: but for reasons that leave its key alone, later than the token
 * (RFC 3161 section 4, 1).
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import type { Certificate } from '../pki/x509.ts';
import type { Anchor } from './anchor.ts';
import { findPath } from './path.ts';
import { TIME_STAMPING } from './path-validation.ts';
import { checkRevocation, type RevocationEvidence, type RevocationMode, type RevocationResult } from './revocation.ts';
import { type ProvenTimeStamp, proveTimeStamp } from './timestamp-proof.ts';

export interface TimestampRequest {
  /** For timestamps alone. */
  readonly anchors: readonly Anchor[];
  /** Unix seconds. */
  readonly now: number;
  /** How many seconds a clock may be wrong. */
  readonly tolerance: number;
  readonly evidence?: RevocationEvidence | undefined;
  /** `soft` when absent. */
  readonly revocation?: RevocationMode | undefined;
}

interface Claim {
  /** Unix seconds: what the authority says. */
  readonly time: number;
  /** Seconds by which that may be wrong, in both directions. */
  readonly accuracy: number;
  /** The certificates of the token, the authority's own first. */
  readonly chain: readonly Certificate[];
  /** What is known of the authority's path; absent when there is none. */
  readonly revocation?: RevocationResult | undefined;
  /** A later token over this one's signature. */
  readonly renewal?: TimestampResult | undefined;
}

export type TimestampResult =
  /** The path has the authority's certificate first, the anchor last. */
  | (Claim & { readonly status: 'trusted'; readonly path: readonly Certificate[] })
  /** It proves nothing, and why. */
  | (Claim & { readonly status: 'unknown'; readonly reason: string });

/** A result and those of its renewals, each later than the one before. */
export function withRenewals(result: TimestampResult): TimestampResult[] {
  return [result, ...(result.renewal ? withRenewals(result.renewal) : [])];
}

// Authorities' certificates live ten years and more.
const MAX_RENEWALS = 3;

/**
 * @param token - DER, as it stands beside the signature
 * @param signature - the octets of the signature that it is about
 * @throws DisksealError `E_TIMESTAMP` when it is wrong, whomever one trusts: malformed, about another signature, not rightly signed,
 *   by a certificate that is not for this, or later than now
 */
export async function judgeTimestamp(
  token: Uint8Array,
  signature: Uint8Array,
  request: TimestampRequest,
  platform: Platform,
): Promise<TimestampResult> {
  return judge(token, signature, { ...request, renewals: MAX_RENEWALS }, platform);
}

const NO_EVIDENCE: RevocationEvidence = { crls: [], responses: [] };

type Judgement = TimestampRequest & { readonly renewals: number };

async function judge(der: Uint8Array, signature: Uint8Array, request: Judgement, platform: Platform): Promise<TimestampResult> {
  const proven = await proveTimeStamp(der, signature, platform);
  const { info, signer, renewal: renewed } = proven.token;
  if (info.time > request.now + request.tolerance) throw wrong(`it was made in the future, at ${instant(info.time)}`);
  if (!renewed) return vouchFor(proven, undefined, request, platform);
  if (request.renewals === 0) throw wrong(`it was renewed more than ${MAX_RENEWALS} times`);
  const renewal = await judge(renewed, signer.signature, { ...request, renewals: request.renewals - 1 }, platform);
  if (renewal.time + request.tolerance < info.time) throw wrong('its renewal is older than itself');
  return vouchFor(proven, renewal, request, platform);
}

/**
 * The authority's path must have been good when the token was made, and be good now: or when a trusted renewal was made, which shows
 * that the token was there by then.
 */
async function vouchFor(
  { token, chain }: ProvenTimeStamp,
  renewal: TimestampResult | undefined,
  { anchors, now, tolerance, evidence = NO_EVIDENCE, revocation: mode = 'soft' }: Judgement,
  platform: Platform,
): Promise<TimestampResult> {
  const { time, accuracy } = token.info;
  const claim = { time, accuracy, chain, renewal };
  if (anchors.length === 0) return { ...claim, status: 'unknown', reason: 'no timestamp authority is trusted' };
  const carried = renewal?.status === 'trusted';
  const at = carried ? renewal.time + renewal.accuracy : now;
  const [certificate, ...intermediates] = chain;
  const moments = [time - accuracy, time + accuracy, at];
  const found = await findPath({ certificate, intermediates, anchors, at: moments, tolerance, purpose: TIME_STAMPING }, platform);
  if (!found.path) return { ...claim, status: 'unknown', reason: found.faults.map(({ message }) => message).join('; ') };
  const { path } = found;
  // Unless the key was stolen, what it said about the time is true, and a revocation for another reason came before or after that.
  const request = { path, at: time + accuracy, proven: true, now, tolerance, mode, evidence };
  const revocation = await checkRevocation(request, platform);
  const { faults } = revocation;
  if (faults.length > 0) return { ...claim, revocation, status: 'unknown', reason: faults.map(({ message }) => message).join('; ') };
  return { ...claim, revocation, status: 'trusted', path };
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function wrong(message: string): DisksealError {
  return new DisksealError('E_TIMESTAMP', `the timestamp is invalid: ${message}`, { field: 'TimeStampToken' });
}
