/**
 * A policy: whom to believe, and under which conditions. Plain values; what is left out has its default here and nowhere else.
 * Every condition is judged for each signer by itself (docs/seal-format.md section 8). Deny by default: a policy without anchors
 * believes nobody.
 */
import type { HashAlgorithm } from '../core/platform.ts';
import type { Anchor } from './anchor.ts';
import type { NamedPublisher } from './publisher.ts';
import type { RevocationEvidence, RevocationMode } from './revocation.ts';

/** `required`: without a trusted timestamp nothing is good. `ifExpired`: it helps where there is one. `ignore`: the clock alone decides. */
export type TimestampRule = 'required' | 'ifExpired' | 'ignore';

/** Only narrower than what every seal must keep to; what is left out is not narrowed. They hold for signer, path and anchor. */
export interface AllowedAlgorithms {
  readonly hashes?: readonly HashAlgorithm[] | undefined;
  readonly keys?: readonly KeyFamily[] | undefined;
  readonly rsaBits?: number | undefined;
}

export const KEY_FAMILIES = ['P-256', 'P-384', 'P-521', 'RSA', 'Ed25519'] as const;
export type KeyFamily = (typeof KEY_FAMILIES)[number];

/** `count` signers with different keys, each one another of the publishers named. */
export interface Quorum {
  readonly count: number;
  /** Names of publishers; all that the policy names when absent. */
  readonly of?: readonly string[] | undefined;
}

export interface Policy {
  /** Where it comes from, for people: a file's name, or `flags`. */
  readonly name?: string | undefined;
  readonly anchors: readonly Anchor[];
  /** For timestamps alone: an anchor of publishers is none of them. */
  readonly timestampAnchors?: readonly Anchor[] | undefined;
  /** As `parsePublisher` reads them, or with conditions and a name; `'*'` for any code-signing certificate under an anchor. */
  readonly publishers: readonly (string | NamedPublisher)[] | '*';
  /** One signer is enough when absent. */
  readonly require?: Quorum | undefined;
  /** Each of these lists: what the statement may say; anything when absent. */
  readonly products?: readonly string[] | undefined;
  readonly channels?: readonly string[] | undefined;
  /** `any` in a statement goes for each platform, `universal` for each architecture. */
  readonly platforms?: readonly string[] | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly formats?: readonly string[] | undefined;
  readonly minVersion?: string | undefined;
  readonly minBuild?: number | undefined;
  readonly timestamp?: TimestampRule | undefined;
  /** Seconds; only with `timestamp: required`, which it would otherwise be easy to get round. */
  readonly maxTimestampAge?: number | undefined;
  readonly revocation?: RevocationMode | undefined;
  /** What was given beside the image: CRLs and OCSP responses. */
  readonly evidence?: RevocationEvidence | undefined;
  readonly algorithms?: AllowedAlgorithms | undefined;
  readonly apple?: 'required' | 'ifPresent' | undefined;
}

/** What the policy says nothing about, said. */
export interface CompletePolicy extends Policy {
  readonly name: string;
  readonly timestampAnchors: readonly Anchor[];
  readonly timestamp: TimestampRule;
  readonly revocation: RevocationMode;
  readonly evidence: RevocationEvidence;
  readonly apple: 'required' | 'ifPresent';
}

const DEFAULTS = {
  name: 'policy',
  timestampAnchors: [],
  timestamp: 'ifExpired',
  revocation: 'soft',
  evidence: { crls: [], responses: [] },
  apple: 'ifPresent',
} as const;

export function completePolicy(policy: Policy): CompletePolicy {
  const given = Object.entries(policy).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, anchors: policy.anchors, publishers: policy.publishers, ...Object.fromEntries(given) };
}
