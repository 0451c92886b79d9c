/**
 * Which bytes of an image a seal speaks of, and the two digests over them, computed in one pass.
 * Positions are sealed coordinates: the file with Apple's signature frame taken out.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';

/** Bytes of a leaf; the last one of a range may be shorter. */
export const CHUNK = 65_536;

/** [offset, length] in bytes. */
export type Range = readonly [number, number];

export interface Coverage {
  readonly format: 'dmg' | 'iso' | 'raw';
  readonly placement: 'embedded' | 'detached';
  readonly imageSize: number;
  /** Where the area stands. */
  readonly seal: { readonly offset: number; readonly size: number };
  /** Ascending, apart from each other; the leaves of the tree begin anew at each. */
  readonly covered: readonly Range[];
  /** Read as zeros; within `covered`. */
  readonly masked: readonly Range[];
}

export function leafCount(covered: readonly Range[]): number {
  return covered.reduce((sum, [, length]) => sum + Math.ceil(length / CHUNK), 0);
}

/** Where a leaf's chunk lies. */
export function leafRange(covered: readonly Range[], leaf: number): Range {
  let first = 0;
  for (const [offset, length] of covered) {
    const within = (leaf - first) * CHUNK;
    if (within < length) return [offset + within, Math.min(CHUNK, length - within)];
    first += Math.ceil(length / CHUNK);
  }
  throw new DisksealError('E_INTERNAL', `internal error: there is no leaf ${leaf}`);
}

/** Bytes of a chunk at `position` with the masked ones zeroed; the chunk itself when none is masked. */
export function withMask(bytes: Uint8Array, position: number, masked: readonly Range[]): Uint8Array {
  let result = bytes;
  for (const [start, length] of masked) {
    const from = Math.max(0, start - position);
    const to = Math.min(bytes.length, start + length - position);
    if (from >= to) continue;
    if (result === bytes) result = new Uint8Array(bytes);
    result.fill(0, from, to);
  }
  return result;
}

/** Takes covered bytes front to back and gives the flat digest and the leaf table. Holds one leaf. */
export interface CoverageHasher {
  update(bytes: Uint8Array): Promise<void>;
  /** The next bytes belong to another covered range: a new leaf begins. */
  nextRange(): Promise<void>;
  /** `table`: 32 bytes for each leaf, in order. */
  finish(): Promise<{ flat: Uint8Array; table: Uint8Array }>;
}

export function coverageHasher(platform: Platform): CoverageHasher {
  const flat = platform.hash('sha256');
  const leaves = leafHasher(platform);
  return {
    async update(bytes) {
      // Leaves first: a browser digests them beside this thread, on which the flat digest is made meanwhile.
      await Promise.all([leaves.update(bytes), flat.update(bytes)]);
    },
    nextRange: () => leaves.endLeaf(),
    async finish() {
      await leaves.endLeaf();
      return { flat: await flat.digest(), table: await leaves.table() };
    },
  };
}

/** Leaves that are digested at the same time, where the platform can. */
const IN_FLIGHT = 32;

function leafHasher(platform: Platform) {
  let table = new Uint8Array(32 * 1024);
  let count = 0;
  /** A leaf is digested with the zero before it (RFC 9162). */
  const leaf = new Uint8Array(1 + CHUNK);
  let filled = 0;
  const pending: Promise<void>[] = [];

  const endLeaf = async (): Promise<void> => {
    if (filled === 0) return;
    const place = 32 * count++;
    if (place === table.length) {
      const larger = new Uint8Array(table.length * 2);
      larger.set(table);
      table = larger;
    }
    pending.push(platform.digest('sha256', leaf.subarray(0, 1 + filled)).then((digest) => table.set(digest, place)));
    filled = 0;
    if (pending.length >= IN_FLIGHT) await Promise.all(pending.splice(0));
  };
  return {
    endLeaf,
    async table() {
      await Promise.all(pending.splice(0));
      return table.slice(0, 32 * count);
    },
    async update(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; ) {
        const take = Math.min(CHUNK - filled, bytes.length - at);
        leaf.set(bytes.subarray(at, at + take), 1 + filled);
        at += take;
        filled += take;
        if (filled === CHUNK) await endLeaf();
      }
    },
  };
}
