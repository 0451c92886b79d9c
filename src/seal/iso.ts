/**
 * Where a seal stands in an ISO 9660 image: its last bytes are the last bytes of the volume, so that a copy by the volume's size has it
 * too; everything before and after it is covered. Source: docs/seal-format.md section 2.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { findArea, type SealPlace } from './area.ts';
import type { Coverage, Range } from './coverage.ts';
import { readIsoVolume, SECTOR } from './iso-volume.ts';

/** ECMA-119 8.1.2: what stands in every volume descriptor, the first one being at sector 16. */
export const ISO_MARK = { offset: 16 * SECTOR + 1, text: 'CD001' } as const;

/** All numbers are bytes. */
export function isoCoverage(seal: { readonly offset: number; readonly size: number }, imageSize: number): Coverage {
  const end = seal.offset + seal.size;
  const covered: Range[] = [
    [0, seal.offset],
    [end, imageSize - end],
  ];
  return { format: 'iso', placement: 'embedded', imageSize, seal, covered: covered.filter(([, length]) => length > 0), masked: [] };
}

/**
 * @returns nothing when there is no seal
 * @throws DisksealError `E_ISO9660`, `E_TRUNCATED`, `E_UNSUPPORTED`, `E_UNCOVERED`, `E_SEAL`, `E_READ`
 */
export async function findIsoSeal(image: Disk): Promise<SealPlace | undefined> {
  const volume = await readIsoVolume(image);
  const area = await findArea(image, volume.size);
  if (!area) return undefined;
  const { offset, layout } = area;
  if (offset < volume.descriptorsEnd) {
    throw new DisksealError('E_UNCOVERED', 'the seal lies upon the volume descriptors', { offset });
  }
  const anchor = volume.udf ? anchorIn({ offset, size: layout.size }, image.size) : undefined;
  if (anchor !== undefined) {
    throw new DisksealError('E_UNCOVERED', 'the seal lies where UDF has an anchor', { offset: anchor * SECTOR });
  }
  return { area, coverage: isoCoverage({ offset, size: layout.size }, image.size), appleFrame: 0 };
}

/**
 * Readers of UDF look for its anchor in three sectors (ECMA-167 3/8.4.2.1): bytes of a seal that pass for one there would show another
 * volume. @returns the first of these sectors that the place touches
 */
export function anchorIn({ offset, size }: { offset: number; size: number }, imageSize: number): number | undefined {
  const last = Math.floor(imageSize / SECTOR) - 1;
  return [256, last - 256, last].find((sector) => (sector + 1) * SECTOR > offset && sector * SECTOR < offset + size);
}
