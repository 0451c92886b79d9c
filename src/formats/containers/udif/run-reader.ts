/** Expands the runs of an image as they are asked for. */
import { type Disk, lastAtOrBefore } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { SECTOR } from '../../../core/partition.ts';
import type { Platform } from '../../../core/platform.ts';
import { inflateExactly } from '../../compression/zlib.ts';
import type { ReadTable, Runs } from './block-table.ts';
import { RunCache } from './run-cache.ts';
import { RUN_TYPE_NAMES, RunType } from './structs.ts';

/** Expanded bytes that are remembered. */
const CACHE_BYTES = 16 << 20;
/** Runs of one read that are expanded at the same time. */
const AT_ONCE = 4;

export class RunReader {
  private readonly image: Disk;
  private readonly tables: readonly ReadTable[];
  private readonly platform: Platform;
  private readonly starts: readonly number[];
  private readonly cache = new RunCache(CACHE_BYTES);

  /** @param tables - ascending, without overlap */
  constructor(image: Disk, tables: readonly ReadTable[], platform: Platform) {
    this.image = image;
    this.tables = tables.filter(({ sectorCount }) => sectorCount > 0);
    this.platform = platform;
    this.starts = this.tables.map(({ firstSector }) => firstSector);
  }

  /** Fills `into` with the device's bytes from `position`; sectors of no table are zeros. */
  async read(position: number, into: Uint8Array): Promise<void> {
    const pending: Promise<void>[] = [];
    try {
      for (let done = 0; done < into.length; ) {
        const { length, stored } = this.locate(position + done, into.length - done);
        const place = into.subarray(done, done + length);
        if (stored) pending.push(watched(this.copy(stored, place)));
        else place.fill(0);
        if (pending.length >= AT_ONCE) await pending.shift();
        done += length;
      }
      await Promise.all(pending);
    } finally {
      // Nobody may write into the caller's buffer after a failure was reported.
      await Promise.allSettled(pending);
    }
  }

  /** What the device has at a position, up to the end of the run, of the gap, or of `most` bytes. */
  private locate(position: number, most: number): { length: number; stored?: StoredPart } {
    const sector = Math.floor(position / SECTOR);
    const index = this.starts.length === 0 || sector < this.starts[0]! ? -1 : lastAtOrBefore(this.starts, sector);
    const table = this.tables[index];
    if (!table || sector >= table.firstSector + table.sectorCount) {
      const next = this.starts[index + 1];
      return { length: next === undefined ? most : Math.min(most, next * SECTOR - position) };
    }
    const { runs } = table;
    const run = lastAtOrBefore(runs.sector, sector);
    const start = position - runs.sector[run]! * SECTOR;
    const length = Math.min(most, runs.sectorCount[run]! * SECTOR - start);
    const type = runs.type[run]!;
    return type === RunType.zero || type === RunType.ignore ? { length } : { length, stored: { runs, run, start } };
  }

  private async copy({ runs, run, start }: StoredPart, into: Uint8Array): Promise<void> {
    if (runs.type[run] === RunType.raw) {
      await this.image.read(runs.offset[run]! + start, into.length, into);
      return;
    }
    const size = runs.sectorCount[run]! * SECTOR;
    const expanded = await this.cache.get(runs.offset[run]!, size, () => this.expand(runs, run));
    into.set(expanded.subarray(start, start + into.length));
  }

  /** The bytes of one compressed run. */
  private async expand(runs: Runs, run: number): Promise<Uint8Array> {
    const offset = runs.offset[run]!;
    const type = runs.type[run]!;
    if (type !== RunType.zlib) {
      throw new DisksealError('E_UNSUPPORTED', `the image is compressed with ${RUN_TYPE_NAMES.get(type)}, which is not read yet`, {
        offset,
        field: 'BlockRun.type',
        hint: 'convert it on a Mac: hdiutil convert -format UDZO',
      });
    }
    const stored = await this.image.read(offset, runs.length[run]!);
    return inflateExactly(stored, runs.sectorCount[run]! * SECTOR, this.platform, { code: 'E_UDIF', offset, field: 'BlockRun' });
  }
}

interface StoredPart {
  readonly runs: Runs;
  readonly run: number;
  /** Bytes into the run. */
  readonly start: number;
}

/** A promise that is awaited later: failing earlier than that must not count as unhandled. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
