/** Block tables ("mish"): which sectors of the device lie where in the data fork, and how they are stored. */
import { assert, DisksealError } from '../../../core/errors.ts';
import { SECTOR } from '../../../core/partition.ts';
import { BlockRun, BlockTable, crc32Checksum, RUN_SECTORS, RUN_TYPE_NAMES, RunType, type UdifChecksum } from './structs.ts';

/** Runs as columns: an image may have a million of them. */
export interface Runs {
  readonly count: number;
  /** See RunType; comments and the terminator are left out. */
  readonly type: Uint32Array;
  /** First sector on the device. */
  readonly sector: Float64Array;
  readonly sectorCount: Float64Array;
  /** Where the payload lies in the image file, and how many bytes it has. */
  readonly offset: Float64Array;
  readonly length: Float64Array;
}

export interface ReadTable {
  readonly name: string;
  readonly firstSector: number;
  readonly sectorCount: number;
  readonly checksum: UdifChecksum;
  readonly runs: Runs;
}

/** The part of the image file that holds payloads. */
export interface DataFork {
  readonly offset: number;
  readonly length: number;
}

/** A compressed run is held in memory whole; hdiutil's have 1 MiB, some other writers' more. */
const MAX_COMPRESSED_SECTORS = 32_768;
/** Deflate cannot make its input longer by more than this: a run that claims to is a bomb or a lie. */
const MAX_DEFLATE_RATIO = 1032;
/** 2^52 bytes: beyond this, sums of offsets would lose precision. */
const MAX_SECTORS = 2 ** 43;

/**
 * Reads and checks one table. Memory: 36 bytes for each of the runs that are really there.
 * @param offset - where the table's text lies in the image, for error messages
 * @throws DisksealError `E_UDIF`
 */
export function readBlockTable(bytes: Uint8Array, name: string, fork: DataFork, offset: number): ReadTable {
  const table = BlockTable.read(bytes, 0, offset);
  const fault = (message: string, field: string): DisksealError =>
    new DisksealError('E_UDIF', `block table "${name}": ${message}`, { offset, field });
  if (table.signature !== 'mish') throw fault('expected "mish"', 'BlockTable.signature');
  if (table.version !== 1) throw fault(`version ${table.version}`, 'BlockTable.version');
  if (table.sectorNumber > MAX_SECTORS || table.sectorCount > MAX_SECTORS)
    throw fault('more sectors than any disk has', 'BlockTable.sectorCount');
  if (bytes.length !== BlockTable.size + table.blockRunCount * BlockRun.size) {
    throw fault(`${table.blockRunCount} runs do not make ${bytes.length} bytes`, 'BlockTable.blockRunCount');
  }
  const { sectorNumber: firstSector, sectorCount, checksum } = table;
  const runs = readRuns(bytes, table, fork, fault);
  return { name, firstSector, sectorCount, checksum, runs };
}

type Fault = (message: string, field: string) => DisksealError;
interface TableHead {
  readonly sectorNumber: number;
  readonly sectorCount: number;
  readonly dataOffset: number;
  readonly blockRunCount: number;
}

/** Plain DataView instead of BlockRun.read: there may be a million runs. A test compares the two. */
function readRuns(bytes: Uint8Array, table: TableHead, fork: DataFork, fault: Fault): Runs {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u64 = (at: number): number => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  const runs = emptyRuns(table.blockRunCount);
  let count = 0;
  let next = 0;
  let ended = false;
  for (let at = BlockTable.size; at < bytes.length; at += BlockRun.size) {
    if (ended) throw fault('runs follow the terminator', 'BlockRun.type');
    const type = view.getUint32(at);
    if (type === RunType.comment) continue;
    if (type === RunType.terminator) {
      ended = true;
      continue;
    }
    const sectorCount = u64(at + 16);
    if (u64(at + 8) !== next) throw fault(`a run at sector ${u64(at + 8)}, expected at ${next}`, 'BlockRun.sectorNumber');
    next += sectorCount;
    if (next > table.sectorCount) throw fault(`runs go beyond the table's ${table.sectorCount} sectors`, 'BlockRun.sectorCount');
    if (sectorCount === 0) continue; // hdiutil writes one now and then
    runs.type[count] = type;
    runs.sector[count] = table.sectorNumber + next - sectorCount;
    runs.sectorCount[count] = sectorCount;
    runs.length[count] = u64(at + 32);
    runs.offset[count] = placePayload(type, sectorCount, table.dataOffset, u64(at + 24), u64(at + 32), fork, fault);
    count++;
  }
  if (!ended) throw fault('the terminator is missing', 'BlockRun.type');
  if (next !== table.sectorCount) throw fault(`runs cover ${next} of ${table.sectorCount} sectors`, 'BlockTable.sectorCount');
  return {
    count,
    type: runs.type.subarray(0, count),
    sector: runs.sector.subarray(0, count),
    sectorCount: runs.sectorCount.subarray(0, count),
    offset: runs.offset.subarray(0, count),
    length: runs.length.subarray(0, count),
  };
}

function emptyRuns(most: number): Omit<Runs, 'count'> {
  return {
    type: new Uint32Array(most),
    sector: new Float64Array(most),
    sectorCount: new Float64Array(most),
    offset: new Float64Array(most),
    length: new Float64Array(most),
  };
}

/** Where a payload lies in the file; checked, so that reading it needs no further care. */
function placePayload(type: number, sectors: number, base: number, offset: number, length: number, fork: DataFork, fault: Fault): number {
  const name = RUN_TYPE_NAMES.get(type);
  if (name === undefined) throw fault(`a run of unknown type ${type.toString(16).padStart(8, '0')}`, 'BlockRun.type');
  if (type === RunType.zero || type === RunType.ignore) {
    if (length > 0) throw fault(`a run of type ${name} with ${length} bytes`, 'BlockRun.compressedLength');
    return 0;
  }
  const start = base + offset;
  if (start > fork.length || length > fork.length - start) throw fault('a run lies outside the data fork', 'BlockRun.compressedOffset');
  if (type === RunType.raw) {
    if (length !== sectors * SECTOR) throw fault(`${length} raw bytes for ${sectors} sectors`, 'BlockRun.compressedLength');
  } else {
    if (length === 0) throw fault(`a ${name} run without bytes`, 'BlockRun.compressedLength');
    if (sectors > MAX_COMPRESSED_SECTORS) throw fault(`a ${name} run of ${sectors} sectors`, 'BlockRun.sectorCount');
    if (type === RunType.zlib && sectors * SECTOR > length * MAX_DEFLATE_RATIO) {
      throw fault(`${length} bytes cannot hold ${sectors} sectors`, 'BlockRun.compressedLength');
    }
  }
  return fork.offset + start;
}

/** Sectors that two tables or payload bytes that two runs claim: a small file could otherwise stand for many. */
export function refuseOverlaps(tables: readonly ReadTable[], offset: number): void {
  let end = 0;
  for (const { name, firstSector, sectorCount } of tables) {
    if (firstSector < end)
      throw new DisksealError('E_UDIF', `block table "${name}" overlaps another`, { offset, field: 'BlockTable.sectorNumber' });
    end = firstSector + sectorCount;
  }
  const total = tables.reduce((sum, { runs }) => sum + runs.count, 0);
  const starts = new Float64Array(total);
  const ends = new Float64Array(total);
  let stored = 0;
  for (const { runs } of tables) {
    for (let index = 0; index < runs.count; index++) {
      if (runs.length[index] === 0) continue;
      starts[stored] = runs.offset[index]!;
      ends[stored++] = runs.offset[index]! + runs.length[index]!;
    }
  }
  // Intervals are disjoint exactly when, each side sorted by itself, every one ends before the next begins.
  starts.subarray(0, stored).sort();
  ends.subarray(0, stored).sort();
  for (let index = 1; index < stored; index++) {
    if (starts[index]! < ends[index - 1]!) {
      throw new DisksealError('E_UDIF', 'two runs share stored bytes', { offset: starts[index], field: 'BlockRun.compressedOffset' });
    }
  }
}

/** Collects the runs of one area; the table is known when they all are. */
export class TableWriter {
  private bytes = new Uint8Array(BlockTable.size + 8 * BlockRun.size);
  private count = 0;
  private sectors = 0;
  private stores = false;

  add(type: number, sectorCount: number, offset: number, length: number): void {
    this.append({ type, sectorNumber: this.sectors, sectorCount, compressedOffset: offset, compressedLength: length });
    this.sectors += sectorCount;
    this.stores ||= length > 0;
  }

  /** @param end - the data fork's length so far, which hdiutil puts into the terminator */
  finish(about: { firstSector: number; sectorCount: number; blockDescriptor: number; crc: number; end: number }): Uint8Array {
    const { firstSector, sectorCount, blockDescriptor, crc, end } = about;
    assert(this.sectors === sectorCount, `runs of ${this.sectors} sectors for an area of ${sectorCount}`);
    this.append({ type: RunType.terminator, sectorNumber: sectorCount, sectorCount: 0, compressedOffset: end, compressedLength: 0 });
    const table = {
      signature: 'mish',
      version: 1,
      sectorNumber: firstSector,
      sectorCount,
      // What hdiutil writes into zlib images however long the runs are, and for areas that need no buffer.
      buffersNeeded: this.stores ? RUN_SECTORS + 8 : 0,
      blockDescriptor,
      checksum: crc32Checksum(crc),
      blockRunCount: this.count,
    };
    return BlockTable.write(table, this.bytes.slice(0, BlockTable.size + this.count * BlockRun.size));
  }

  private append(run: Parameters<typeof BlockRun.write>[0]): void {
    const at = BlockTable.size + this.count++ * BlockRun.size;
    if (at + BlockRun.size > this.bytes.length) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    BlockRun.write(run, this.bytes, at);
  }
}
