/**
 * Writes a disk as UDIF: runs of zlib, raw, zeros, and free space, all three checksums, values as `hdiutil convert` has them.
 * The data fork is written front to back; what comes after it is known then, so that nothing seeks back.
 */
import { crc32Combine, crc32OfZeros } from '../../../core/crc32.ts';
import { assert, DisksealError } from '../../../core/errors.ts';
import { type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import type { PlannedRun } from '../../../core/planned-runs.ts';
import type { Platform, Sink, Threads } from '../../../core/platform.ts';
import { inRuns } from '../../../core/run-pipeline.ts';
import { TableWriter } from './block-table.ts';
import { type CompressedRun, compressRun } from './compress-run.ts';
import { RUN_SECTORS, RunType } from './structs.ts';
import { type PackedData, type PackedTable, trailer } from './trailer.ts';

export { type PackedData, trailer };

export interface PackOptions {
  readonly platform: Platform;
  readonly threads: Threads;
  /** zlib level 1 to 9. Default 6. */
  readonly level?: number;
  /**
   * Called front to back with every run that is not all zero; what lies between two calls is zeros.
   * The bytes may be used until the promise settles, not longer: the buffer serves another run then.
   */
  readonly observe?: ((position: number, expanded: Uint8Array) => Promise<void> | void) | undefined;
  /** Bytes of the disk done and in all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the data fork. Memory: two runs of 1 MiB for each thread, expanded and compressed, and 40 bytes for each run.
 * @param sink - at position 0: UDIF counts its offsets from the start of the file
 * @throws DisksealError what reading or writing throws; `E_INTERRUPTED` when the signal says so. No work is left behind then.
 */
export async function packData(disk: PartitionedDisk, sink: Sink, options: PackOptions): Promise<PackedData> {
  assert(sink.position === 0, 'a UDIF begins at the start of its file');
  const { threads, level = 6 } = options;
  const writer = new DataForkWriter(disk, sink, options);
  await inRuns(disk, {
    width: threads.width,
    work: (run) => threads.run(compressRun, { ...run, level }, [run.buffer]),
    put: (run, result, release) => writer.put(run, result, release),
  });
  return writer.finish();
}

/** Writes the whole image: data fork, property list, trailer. */
export async function pack(disk: PartitionedDisk, sink: Sink, options: PackOptions): Promise<PackedData> {
  const packed = await packData(disk, sink, options);
  const { plist, koly } = trailer(packed, { xmlOffset: packed.dataForkLength });
  await sink.write(plist);
  await sink.write(koly);
  return packed;
}

/** The one place where runs become bytes of the file, in order. */
class DataForkWriter {
  private readonly disk: PartitionedDisk;
  private readonly sink: Sink;
  private readonly options: PackOptions;
  private readonly tables: PackedTable[] = [];
  private dataForkCrc = 0;
  private table = new TableWriter();
  private tableCrc = 0;

  constructor(disk: PartitionedDisk, sink: Sink, options: PackOptions) {
    this.disk = disk;
    this.sink = sink;
    this.options = options;
  }

  /** Puts down the next run. */
  async put(run: PlannedRun, result: CompressedRun | undefined, release: () => void): Promise<void> {
    const { signal, observe, progress } = this.options;
    if (signal?.aborted) throw new DisksealError('E_INTERRUPTED', 'interrupted', { cause: signal.reason });
    if (!result || result.kind === 'zero') this.putZeros(run);
    else {
      await this.putStored(run, result);
      await observe?.(run.position, new Uint8Array(result.buffer, 0, run.length));
    }
    const done = run.position + run.length;
    if (done === this.areaEnd(run.area)) this.finishTable(run.area);
    progress?.(done, this.disk.size);
    // A raw run's buffer now belongs to the sink.
    if (result?.kind !== 'raw') release();
  }

  private async putStored(run: PlannedRun, { kind, crc, payload, buffer }: CompressedRun): Promise<void> {
    const stored = payload ?? new Uint8Array(buffer, 0, run.length);
    this.table.add(kind === 'zlib' ? RunType.zlib : RunType.raw, run.length / SECTOR, this.sink.position, stored.length);
    this.tableCrc = crc32Combine(this.tableCrc, crc, run.length);
    this.dataForkCrc = this.options.platform.crc32(stored, this.dataForkCrc);
    await this.sink.write(stored);
  }

  /** Free space becomes one run that no checksum covers, as hdiutil has it; other zeros are runs of the usual length. */
  private putZeros({ area, length }: PlannedRun): void {
    if (isFreeSpace(this.disk.areas[area]!.name)) {
      this.table.add(RunType.ignore, length / SECTOR, this.sink.position, 0);
      return;
    }
    this.tableCrc = crc32Combine(this.tableCrc, crc32OfZeros(length), length);
    for (let left = length / SECTOR; left > 0; left -= RUN_SECTORS) {
      this.table.add(RunType.zero, Math.min(left, RUN_SECTORS), this.sink.position, 0);
    }
  }

  private areaEnd(area: number): number {
    const { firstSector, sectorCount } = this.disk.areas[area]!;
    return (firstSector + sectorCount) * SECTOR;
  }

  private finishTable(index: number): void {
    const { name, firstSector, sectorCount } = this.disk.areas[index]!;
    const whole = this.disk.areas.length === 1;
    // A disk without a map is "whole disk", numbered 0 and -2; areas of a map count from -1 and 0.
    const id = whole ? 0 : index - 1;
    const blockDescriptor = whole ? 0xfffffffe : index;
    const table = this.table.finish({ firstSector, sectorCount, blockDescriptor, crc: this.tableCrc, end: this.sink.position });
    this.tables.push({ name, id, bytes: table, crc: this.tableCrc });
    this.table = new TableWriter();
    this.tableCrc = 0;
  }

  async finish(): Promise<PackedData> {
    const { platform } = this.options;
    return {
      dataForkLength: this.sink.position,
      dataForkCrc: this.dataForkCrc,
      sectorCount: this.disk.size / SECTOR,
      tables: this.tables,
      segmentId: await segmentId(this.tables, platform),
    };
  }
}

export function isFreeSpace(areaName: string): boolean {
  return /\(Apple_Free : \d+\)$/.test(areaName);
}

/** hdiutil takes a random UUID; this one follows from the tables, and so from all content: RFC 9562 version 8. */
async function segmentId(tables: readonly PackedTable[], platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  for (const { bytes } of tables) await hash.update(bytes);
  const id = (await hash.digest()).slice(0, 16);
  id[6] = (id[6]! & 0x0f) | 0x80;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return id;
}
