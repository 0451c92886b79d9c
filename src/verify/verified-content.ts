/**
 * The disk that a verified image holds, decoded: what `restore` writes. Each read of it is a read of verified bytes. The seal of an ISO
 * image lies within the disk and covers all but itself: it is read once, judged, and written as it was judged.
 */
import { type Disk, opaqueDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { patched } from '../seal/embedding.ts';
import { findSeal, imageKind } from '../seal/place.ts';
import { openContainer } from './layers.ts';
import type { VerifiedDisk } from './verified-disk.ts';

declare const content: unique symbol;

export interface VerifiedContent extends Disk {
  readonly [content]: true;
}

/** A seal within the disk, read. */
export interface HeldSeal {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** More than two inventories and a leaf table of their largest; bytes. */
const LIMIT = 2 ** 30;

/**
 * Reads the seal of an ISO image into memory.
 * @returns the image with that seal, which is the one to verify; the image itself when it has none within
 */
export async function holdSeal(image: Disk): Promise<{ image: Disk; seal?: HeldSeal }> {
  try {
    const place = (await imageKind(image)) === 'iso' ? await findSeal(image) : undefined;
    if (!place || place.area.layout.size > LIMIT) return { image };
    const { offset, layout } = place.area;
    const bytes = await image.read(offset, layout.size);
    return { image: patched(image, [{ offset, bytes }]), seal: { offset, bytes } };
  } catch (error) {
    // What is wrong with it is the verifier's to say.
    if (error instanceof DisksealError && error.exitCode >= 20) return { image };
    throw error;
  }
}

/** @param seal - as it was verified @throws DisksealError what opening the container throws */
export async function openVerifiedContent(disk: VerifiedDisk, platform: Platform, seal?: HeldSeal): Promise<VerifiedContent> {
  const found = (await openContainer(disk, platform, disk.sealed)).disk;
  return (seal ? withSeal(found, seal) : found) as VerifiedContent;
}

function withSeal(disk: Disk, { offset, bytes }: HeldSeal): Disk {
  const end = offset + bytes.length;
  return opaqueDisk(disk.size, async (position, into) => {
    const stop = position + into.length;
    const read = async (from: number, to: number): Promise<void> => {
      if (from < to) await disk.read(from, to - from, into.subarray(from - position, to - position));
    };
    await read(position, Math.min(stop, offset));
    await read(Math.max(position, end), stop);
    const [from, to] = [Math.max(position, offset), Math.min(stop, end)];
    if (from < to) into.set(bytes.subarray(from - offset, to - offset), from - position);
  });
}
