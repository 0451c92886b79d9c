/**
 * Reads of a disk that has bad places: what cannot be read is asked for again in smaller parts, down to a sector, and is zeros where even
 * that fails. Only what the system calls a fault of the medium counts as one: a device that was taken away must not become an image of zeros.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { errnoOf } from '../core/system-error.ts';

/** A range that could not be read; bytes. */
export interface Hole {
  readonly offset: number;
  readonly length: number;
}

/** What is captured. */
export interface FragileDisk {
  readonly disk: Disk;
  /** Bytes of the smallest part that is asked for by itself; a power of two. */
  readonly sector: number;
  /** @throws DisksealError when the source is gone or not what it was */
  check(): Promise<void>;
}

/**
 * Linux tells of a medium's fault by EIO, ENODATA (a sector), EILSEQ (its protection), EREMOTEIO (its target); a filesystem below a disk
 * file by EBADMSG and EUCLEAN (a wrong checksum). Source: the kernel's block/blk-core.c and errno(3).
 */
const MEDIUM = new Set([
  'EIO',
  'ENODATA',
  'EILSEQ',
  'EREMOTEIO',
  'EBADMSG',
  'EUCLEAN',
  'Unknown system error -61',
  'Unknown system error -117',
]);

export function isMediumFault(error: unknown): boolean {
  const cause = error instanceof DisksealError ? error.cause : error;
  return MEDIUM.has(errnoOf(cause) ?? '');
}

/**
 * Fills `into` from `position`.
 * @returns what could not be read, in order, neighbours as one
 * @throws DisksealError any other fault than the medium's, and what `check` throws after one
 */
export async function readAround(source: FragileDisk, position: number, into: Uint8Array): Promise<Hole[]> {
  const holes: { offset: number; length: number }[] = [];
  const open: { at: number; length: number }[] = [{ at: 0, length: into.length }];
  for (let part = open.pop(); part; part = open.pop()) {
    const { at, length } = part;
    const bytes = into.subarray(at, at + length);
    const fault = await source.disk.read(position + at, length, bytes).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fault === undefined) continue;
    if (!isMediumFault(fault)) throw fault;
    await source.check();
    const half = cutAt(position + at, length, source.sector);
    if (half > 0) {
      open.push({ at: at + half, length: length - half }, { at, length: half });
      continue;
    }
    bytes.fill(0);
    const last = holes.at(-1);
    if (last && last.offset + last.length === position + at) last.length += length;
    else holes.push({ offset: position + at, length });
  }
  return holes;
}

/**
 * Where a range is cut in two: near its middle, where a sector begins.
 * @returns bytes of the first part; none for a range within one sector
 */
function cutAt(start: number, length: number, sector: number): number {
  const above = Math.ceil((start + length / 2) / sector) * sector;
  const cut = above < start + length ? above : above - sector;
  return Math.max(0, cut - start);
}
