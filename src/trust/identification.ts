/**
 * Who a trusted signer is to the user. Source: docs/seal-format.md section 8 and 9: an anchor vouches for many, so an identity is needed
 * besides: the publisher's own certificate as the anchor, a publisher that was named, or one that was remembered. What was remembered
 * also speaks against a signer, whoever named him.
 */
import type { PathFault } from './path-validation.ts';
import { lookUp, type Memory, type Pin, type PinAnswer } from './pins.ts';
import { type ExpectedPublisher, isPublisher, publisherFlag } from './publisher.ts';
import type { PublisherFacts } from './publisher-facts.ts';
import { ANYBODY } from './quorum.ts';

export interface KnownBefore {
  readonly memory: Memory;
  /** What the statement says. */
  readonly product: string;
}

export interface Identification {
  readonly how: 'anchor' | 'publisher' | 'pin';
  /** The policy's names for him, for counting. Never empty. */
  readonly names: readonly string[];
  readonly pin?: Pin | undefined;
}

export type Identified =
  | { readonly identification: Identification; readonly fault?: undefined }
  | { readonly identification?: undefined; readonly fault: PathFault };

/** @param facts - with the certificates above, the anchor last; none when the signer's own certificate is the anchor */
export function identify(
  facts: PublisherFacts,
  publishers: readonly ExpectedPublisher[],
  knownBefore: KnownBefore | undefined,
): Identified {
  const anchor = facts.issuers.at(-1) ?? facts;
  const signatory = { anchor: anchor.sha256, subject: facts.subject, spki: facts.spki };
  const answer: PinAnswer = knownBefore ? lookUp(knownBefore.memory, knownBefore.product, signatory) : { kind: 'unknown' };
  if (answer.kind === 'new-key' || answer.kind === 'other') return { fault: changed(facts, knownBefore!.product, answer) };
  const pin = answer.kind === 'known' ? answer.pin : undefined;
  const ownAnchor = anchor === facts;
  if (publishers.length > 0) {
    const names = publishers.filter(({ publisher }) => isPublisher(publisher, facts)).map(({ name }) => name);
    if (names.length === 0) return { fault: notAskedFor(facts, anchor) };
    return { identification: { how: ownAnchor ? 'anchor' : 'publisher', names, pin } };
  }
  // One who was not named counts for himself.
  const names = [ANYBODY];
  if (ownAnchor) return { identification: { how: 'anchor', names, pin } };
  return pin ? { identification: { how: 'pin', names, pin } } : { fault: notAskedFor(facts, anchor) };
}

function notAskedFor(facts: PublisherFacts, anchor: PublisherFacts): PathFault {
  const message =
    anchor === facts
      ? `${facts.subject} is trusted but is not the publisher that was asked for`
      : `signed by ${facts.subject} under the trusted ${anchor.subject}, which says nothing yet: that publisher was not asked for`;
  return { code: 'E_UNKNOWN_PUBLISHER', message, hint: `if this is the publisher you expect, add ${publisherFlag(facts)}` };
}

function changed(facts: PublisherFacts, product: string, answer: Extract<PinAnswer, { kind: 'new-key' | 'other' }>): PathFault {
  if (answer.kind === 'new-key') {
    return {
      code: 'E_UNKNOWN_PUBLISHER',
      message: `the publisher of ${product} has a new key: ${facts.subject}, under the same root as before, signed with spki:${facts.spki}`,
      hint: 'a renewed certificate looks like this, and so does a false one: ask the publisher whether this key is theirs, then remove the old entry from the known publishers and use --remember again',
    };
  }
  const before = [...new Set(answer.pins.map(({ subject }) => subject))].join(', ');
  return {
    code: 'E_UNKNOWN_PUBLISHER',
    message: `the publisher of ${product} has changed: it was ${before}, this image is signed by ${facts.subject}`,
    hint: 'do not open it before you know why; to accept the change, remove the old entry from the known publishers and use --remember again',
  };
}
