/** Writes a disk as the raw sectors of a BIN image. The cue sheet beside it is `cue-sheet.ts`'s. */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Sink } from '../../../core/platform.ts';
import { DATA_SECTOR, encodeSector, RAW_SECTOR, SECTOR_LIMIT } from './sector.ts';

/** Sectors in hand at a time: 600 KiB. */
const BATCH = 256;

export interface PackOptions {
  readonly progress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * MODE1/2352, front to back.
 * @param disk - whole sectors of 2,048 bytes, no more than a disc can address (920 MB)
 * @throws DisksealError `E_BINCUE` for another size, what reading and writing throws
 */
export async function pack(disk: Disk, sink: Sink, { progress, signal }: PackOptions = {}): Promise<void> {
  const sectors = disk.size / DATA_SECTOR;
  if (!Number.isInteger(sectors) || sectors > SECTOR_LIMIT) {
    throw new DisksealError('E_BINCUE', `a disk of ${disk.size} bytes is not 1 to ${SECTOR_LIMIT} sectors of ${DATA_SECTOR} bytes`, {
      hint: 'build an iso or raw image instead',
    });
  }
  for (let first = 0; first < sectors; first += BATCH) {
    signal?.throwIfAborted();
    const count = Math.min(BATCH, sectors - first);
    const data = await disk.read(first * DATA_SECTOR, count * DATA_SECTOR);
    const raw = new Uint8Array(count * RAW_SECTOR);
    for (let index = 0; index < count; index++) {
      const from = index * DATA_SECTOR;
      encodeSector(data.subarray(from, from + DATA_SECTOR), first + index, raw.subarray(index * RAW_SECTOR, (index + 1) * RAW_SECTOR));
    }
    await sink.write(raw);
    progress?.((first + count) * DATA_SECTOR, disk.size);
  }
}
