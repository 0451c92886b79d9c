/**
 * Disks that may be acted on. Only a verification makes one: the signature and the policy passed, and every read is
 * checked against the leaves that the signature fixes, so a file that changes after the verdict is refused.
 */
import { checkRange, type Disk, opaqueDisk, readRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { CHUNK, type Coverage, leafRange, type Range, withMask } from '../seal/coverage.ts';
import { leafHash } from '../seal/hash-tree.ts';

declare const checked: unique symbol;

export interface VerifiedDisk extends Disk {
  readonly [checked]: true;
}

/** Leaves kept after they were checked: 4 MiB. */
const KEPT = 64;

/**
 * @param image - in sealed coordinates
 * @param table - the leaf table, already proven to hash to the signed root
 */
export function verifiedDisk(image: Disk, coverage: Coverage, table: Uint8Array, platform: Platform): VerifiedDisk {
  const kept = new Map<number, Promise<Uint8Array>>();

  const leaf = (index: number): Promise<Uint8Array> => {
    const found = kept.get(index);
    if (found) {
      kept.delete(index);
      kept.set(index, found);
      return found;
    }
    const read = readLeaf(image, coverage, leafRange(coverage.covered, index), table.subarray(32 * index, 32 * index + 32), platform);
    kept.set(index, read);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return read;
  };

  const disk = opaqueDisk(coverage.imageSize, async (position, into) => {
    for (let done = 0; done < into.length; ) {
      const { index, start } = leafAt(coverage, position + done);
      const bytes = await leaf(index);
      const from = position + done - start;
      const take = Math.min(bytes.length - from, into.length - done);
      into.set(bytes.subarray(from, from + take), done);
      done += take;
    }
  });
  return disk as VerifiedDisk;
}

/**
 * The loud way round: a disk that nobody checked, for `--insecure-skip-verify` alone.
 * A search for this name finds every use.
 */
export function trustUnverified(image: Disk): VerifiedDisk {
  return image as VerifiedDisk;
}

function leafAt({ covered }: Coverage, position: number): { index: number; start: number } {
  let first = 0;
  for (const [offset, length] of covered) {
    if (position >= offset && position < offset + length) {
      const within = Math.floor((position - offset) / CHUNK);
      return { index: first + within, start: offset + within * CHUNK };
    }
    first += Math.ceil(length / CHUNK);
  }
  throw new DisksealError('E_UNCOVERED', 'the seal itself is not part of what it covers', { offset: position });
}

async function readLeaf(
  image: Disk,
  coverage: Coverage,
  [start, length]: Range,
  expected: Uint8Array,
  platform: Platform,
): Promise<Uint8Array> {
  checkRange(image.size, start, length, 'leaf');
  const bytes = withMask(await readRange(image, start, length, 'leaf'), start, coverage.masked);
  const found = await leafHash(bytes, platform);
  if (found.some((byte, index) => byte !== expected[index])) {
    throw new DisksealError('E_TAMPERED', 'these bytes are not what was signed', {
      offset: start,
      hint: 'the image was changed after it was verified, or it was never checked in full: download it again',
    });
  }
  return bytes;
}
