/**
 * Disks that may be acted on. Only a verification makes one: the signature and the policy passed, and every read is
 * checked against the leaves that the signature fixes, so a file that changes after the verdict is refused.
 */
import { type Disk, opaqueDisk, readRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Coverage } from '../seal/coverage.ts';
import type { ProvenLeaves } from './proven-leaves.ts';

declare const checked: unique symbol;

export interface VerifiedDisk extends Disk {
  readonly [checked]: true;
  /** What the image was sealed as: nobody looks for another kind in it. Absent when nothing was sealed. */
  readonly sealed?: SealedAs;
}

/** The kind of the image, and whether its seal is in it. */
export type SealedAs = Pick<Coverage, 'format' | 'placement'>;

/** Leaves kept after they were checked: 4 MiB. */
const KEPT = 64;
/** Leaves asked for at once: a server answers them in one go. */
const TOGETHER = 16;

/** @param image - in sealed coordinates */
export function verifiedDisk(image: Disk, leaves: ProvenLeaves): VerifiedDisk {
  const kept = new Map<number, Promise<Uint8Array>>();
  // Of bytes that were wrong once nobody knows when they were right: they stay refused, although the image may be put right again.
  const refused = new Map<number, DisksealError>();

  const leaf = (index: number): Promise<Uint8Array> => {
    const refusal = refused.get(index);
    if (refusal) return Promise.reject(refusal);
    const found = kept.get(index);
    const read = found ?? readLeaf(image, leaves, index);
    if (found) kept.delete(index);
    // What a server or a disk failed to give now, it may give when it is asked again.
    else {
      read.catch((error: unknown) => {
        if (error instanceof DisksealError && error.code === 'E_TAMPERED') refused.set(index, error);
        if (kept.get(index) === read) kept.delete(index);
      });
    }
    kept.set(index, read);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return read;
  };

  const { format, placement, seal, imageSize } = leaves.coverage;
  // A seal behind a raw disk is not part of the disk that was there before.
  const end = format === 'raw' && placement === 'embedded' ? seal.offset : imageSize;
  const disk = opaqueDisk(end, async (position, into) => {
    for (let done = 0; done < into.length; ) {
      const wanted: { start: number; bytes: Promise<Uint8Array> }[] = [];
      let end = position + done;
      while (end < position + into.length && wanted.length < TOGETHER) {
        const index = leaves.at(end);
        const [start, length] = leaves.range(index);
        wanted.push({ start, bytes: leaf(index) });
        end = start + length;
      }
      for (const { start, bytes } of wanted) {
        const from = position + done - start;
        const found = (await bytes).subarray(from, from + into.length - done);
        into.set(found, done);
        done += found.length;
      }
    }
  });
  return { ...disk, sealed: { format, placement } } as VerifiedDisk;
}

async function readLeaf(image: Disk, leaves: ProvenLeaves, index: number): Promise<Uint8Array> {
  const [start, length] = leaves.range(index);
  return leaves.check(index, await readRange(image, start, length, 'leaf'));
}

/**
 * The loud way round: a disk that nobody checked, for `--insecure-skip-verify` alone.
 * A search for this name finds every use.
 */
export function trustUnverified(image: Disk): VerifiedDisk {
  return image as VerifiedDisk;
}
