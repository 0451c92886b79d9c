/**
 * Where a seal stands in a raw image: at its end, beginning at a multiple of 4 KiB, the footer in the last 64 bytes; everything before
 * it is covered. Source: docs/seal-format.md section 2.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { findArea, type SealPlace } from './area.ts';
import type { Coverage } from './coverage.ts';

export const RAW_ALIGNMENT = 4096;

/** All numbers are bytes. */
export function rawCoverage(seal: { readonly offset: number; readonly size: number }, imageSize: number): Coverage {
  const { offset } = seal;
  return { format: 'raw', placement: 'embedded', imageSize, seal, covered: offset > 0 ? [[0, offset]] : [], masked: [] };
}

/** @returns nothing when there is no seal @throws DisksealError `E_SEAL`, `E_READ` */
export async function findRawSeal(image: Disk): Promise<SealPlace | undefined> {
  const area = await findArea(image, image.size);
  if (!area) return undefined;
  const { offset, layout } = area;
  if (offset % RAW_ALIGNMENT !== 0) {
    throw new DisksealError('E_SEAL', 'the seal is malformed: it does not begin at a multiple of 4096', { offset });
  }
  return { area, coverage: rawCoverage({ offset, size: layout.size }, image.size), appleFrame: 0 };
}
