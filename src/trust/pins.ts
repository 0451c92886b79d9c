/**
 * Publishers known from before, and the newest release seen of each: decisions alone; the file is the command line's affair.
 * Source: docs/seal-format.md section 9. A pin never makes up for trust: it gives an identity under an anchor that the user trusts,
 * and it notices a change.
 */
import { compareReleases, type Release } from './version-order.ts';

/** Under `key` another key is a change; under `subject` the same name under the same anchor may renew its key. */
export type PinRule = 'key' | 'subject';

export interface Pin {
  readonly product: string;
  /** SHA-256 of the anchor, lower-case hexadecimal. */
  readonly anchor: string;
  /** The publisher's whole subject, RFC 4514. */
  readonly subject: string;
  /** SHA-256 of SubjectPublicKeyInfos that have signed. */
  readonly keys: readonly string[];
  /** Those that may sign next: what the newest statement said that was signed by one of `keys`. */
  readonly next: readonly string[];
  readonly rule: PinRule;
  /** The newest release seen on each track. */
  readonly releases: readonly SeenRelease[];
}

/** Releases of different tracks have no order. */
export interface Track {
  readonly platform: string;
  readonly arch: string;
  readonly channel: string;
}

export interface SeenRelease extends Track, Release {
  /** SHA-256 of the content inventory. */
  readonly content: string;
}

export interface Memory {
  /** The newest time that a trusted timestamp proved, Unix seconds. */
  readonly time: number;
  readonly publishers: readonly Pin[];
}

export const EMPTY_MEMORY: Memory = { time: 0, publishers: [] };

/** A signer under an anchor that the user trusts. */
export interface Signatory {
  readonly anchor: string;
  readonly subject: string;
  readonly spki: string;
}

export type PinAnswer =
  /** Nobody was remembered for the product. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly pin: Pin }
  /** The name and the root are those remembered, the key is not. */
  | { readonly kind: 'new-key'; readonly pin: Pin }
  | { readonly kind: 'other'; readonly pins: readonly Pin[] };

export function lookUp({ publishers }: Memory, product: string, signatory: Signatory): PinAnswer {
  const pins = publishers.filter((pin) => pin.product === product);
  if (pins.length === 0) return { kind: 'unknown' };
  const known = pins.find((pin) => holds(pin, signatory));
  if (known) return { kind: 'known', pin: known };
  const renamed = pins.find((pin) => sameName(pin, signatory));
  return renamed ? { kind: 'new-key', pin: renamed } : { kind: 'other', pins };
}

function holds(pin: Pin, signatory: Signatory): boolean {
  if (pin.keys.includes(signatory.spki) || pin.next.includes(signatory.spki)) return true;
  return pin.rule === 'subject' && sameName(pin, signatory);
}

function sameName(pin: Pin, { anchor, subject }: Signatory): boolean {
  return pin.anchor === anchor && pin.subject === subject;
}

export type ReleaseFault = 'older' | 'unordered' | 'other-content';

/** How a release stands to the newest one seen; undefined when nothing is wrong with it. */
export function releaseFault(pin: Pin, release: SeenRelease): { fault: ReleaseFault; seen: SeenRelease } | undefined {
  const seen = pin.releases.find((one) => sameTrack(one, release));
  if (!seen) return undefined;
  const order = compareReleases(release, seen);
  if (order === undefined) return { fault: 'unordered', seen };
  if (order < 0) return { fault: 'older', seen };
  return order === 0 && release.content !== seen.content ? { fault: 'other-content', seen } : undefined;
}

function sameTrack(left: Track, right: Track): boolean {
  return left.platform === right.platform && left.arch === right.arch && left.channel === right.channel;
}

/** A fully verified image, as far as it is remembered. */
export interface Experience {
  readonly product: string;
  readonly signatories: readonly Signatory[];
  readonly release: SeenRelease;
  /** The statement's `keys`. */
  readonly next?: readonly string[] | undefined;
  /** Unix seconds that a trusted timestamp proved; 0 when none did. */
  readonly time: number;
  /** For publishers that are met for the first time. */
  readonly rule: PinRule;
}

/** What is known after it. The caller has verified everything, `lookUp` and `releaseFault` included. */
export function remember(memory: Memory, experience: Experience): Memory {
  const { product, signatories, time } = experience;
  let publishers = memory.publishers;
  for (const signatory of signatories) {
    const answer = lookUp({ ...memory, publishers }, product, signatory);
    if (answer.kind === 'known') publishers = publishers.map((pin) => (pin === answer.pin ? updated(pin, signatory, experience) : pin));
    // Met together with one that is known: a publisher of its own. Alone it would have been refused.
    else publishers = [...publishers, firstPin(signatory, experience)];
  }
  return { time: Math.max(memory.time, time), publishers };
}

function firstPin({ anchor, subject, spki }: Signatory, { product, rule, release, next = [] }: Experience): Pin {
  return { product, anchor, subject, keys: [spki], next: sorted(next), rule, releases: [release] };
}

function updated(pin: Pin, { spki }: Signatory, { release, next = [] }: Experience): Pin {
  const seen = pin.releases.find((one) => sameTrack(one, release));
  const others = pin.releases.filter((one) => one !== seen);
  // Of an older release of another track the keys say nothing new; of the newest on its own track they hold.
  const newest = pin.releases.every((one) => (compareReleases(release, one) ?? 0) >= 0);
  return {
    ...pin,
    keys: sorted([...pin.keys, spki]),
    next: newest ? sorted(next) : pin.next,
    releases: [...others, release],
  };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
