/**
 * Which bytes of an image a seal speaks of, and the two digests over them, computed in one pass.
 * Positions are sealed coordinates: the file with Apple's signature frame taken out.
 */
import { DisksealError } from '../core/errors.ts';
import type { Hash, Platform } from '../core/platform.ts';
import { leafPrefix } from './hash-tree.ts';

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

/** Takes covered bytes front to back and gives the flat digest and the leaf table. Holds no content. */
export interface CoverageHasher {
  update(bytes: Uint8Array): Promise<void>;
  /** The next bytes belong to another covered range: a new leaf begins. */
  nextRange(): Promise<void>;
  /** `table`: 32 bytes for each leaf, in order. */
  finish(): Promise<{ flat: Uint8Array; table: Uint8Array }>;
}

/** @param digests - which of the two are wanted; the other one is empty */
export function coverageHasher(
  platform: Platform,
  digests: { flat?: boolean; tree?: boolean } = { flat: true, tree: true },
): CoverageHasher {
  const flat = digests.flat ? platform.hash('sha256') : undefined;
  const leaves = digests.tree ? leafHasher(platform) : undefined;
  return {
    async update(bytes) {
      await flat?.update(bytes);
      await leaves?.update(bytes);
    },
    async nextRange() {
      await leaves?.endLeaf();
    },
    async finish() {
      await leaves?.endLeaf();
      return { flat: (await flat?.digest()) ?? new Uint8Array(), table: leaves?.table() ?? new Uint8Array() };
    },
  };
}

function leafHasher(platform: Platform) {
  let table = new Uint8Array(32 * 1024);
  let count = 0;
  let hash: Hash | undefined;
  let filled = 0;

  const endLeaf = async (): Promise<void> => {
    if (!hash) return;
    if ((count + 1) * 32 > table.length) {
      const larger = new Uint8Array(table.length * 2);
      larger.set(table);
      table = larger;
    }
    table.set(await hash.digest(), 32 * count++);
    hash = undefined;
    filled = 0;
  };
  return {
    endLeaf,
    table: () => table.slice(0, 32 * count),
    async update(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; ) {
        if (!hash) {
          hash = platform.hash('sha256');
          await hash.update(leafPrefix);
        }
        const take = Math.min(CHUNK - filled, bytes.length - at);
        await hash.update(bytes.subarray(at, at + take));
        at += take;
        filled += take;
        if (filled === CHUNK) await endLeaf();
      }
    },
  };
}
