/** The chunks of an image as its seal fixes them, for whoever has bytes that claim to be some of them: a copy, a download, a pipe. */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { CHUNK, type Coverage, leafCount, leafRange, type Range, withMask } from '../seal/coverage.ts';
import { leafHash } from '../seal/hash-tree.ts';

export interface ProvenLeaves {
  readonly coverage: Coverage;
  readonly count: number;
  /** Where a leaf's chunk lies, in sealed coordinates. */
  range(leaf: number): Range;
  /** Which leaf a byte belongs to. @throws DisksealError `E_UNCOVERED` for a byte of the seal itself */
  at(position: number): number;
  /** @returns the bytes as they were hashed, masked ones zero @throws DisksealError `E_TAMPERED` */
  check(leaf: number, bytes: Uint8Array): Promise<Uint8Array>;
}

/** @param table - the leaf table, already proven to hash to the signed root */
export function provenLeaves(coverage: Coverage, table: Uint8Array, platform: Platform): ProvenLeaves {
  const { covered, masked } = coverage;
  return {
    coverage,
    count: leafCount(covered),
    range: (leaf) => leafRange(covered, leaf),
    at: (position) => leafAt(covered, position),
    async check(leaf, given) {
      const [start] = leafRange(covered, leaf);
      const bytes = withMask(given, start, masked);
      const found = await leafHash(bytes, platform);
      if (found.every((byte, index) => byte === table[32 * leaf + index])) return bytes;
      throw new DisksealError('E_TAMPERED', 'these bytes are not what was signed', {
        offset: start,
        hint: 'the image was changed after it was verified, or it was never checked in full: download it again',
      });
    },
  };
}

function leafAt(covered: readonly Range[], position: number): number {
  let first = 0;
  for (const [offset, length] of covered) {
    if (position >= offset && position < offset + length) return first + Math.floor((position - offset) / CHUNK);
    first += Math.ceil(length / CHUNK);
  }
  throw new DisksealError('E_UNCOVERED', 'the seal itself is not part of what it covers', { offset: position });
}
