/**
 * The three kinds of checksum in a UDIF image, recomputed. They are CRC-32: good against a bad cable, worth nothing against a person.
 */
import { crc32Combine, crc32OfZeros } from '../../../core/crc32.ts';
import { type Disk, sliceDisk, stream } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { SECTOR } from '../../../core/partition.ts';
import type { Platform } from '../../../core/platform.ts';
import type { ReadTable } from './block-table.ts';
import { open, type UdifDisk } from './open.ts';
import { CHECKSUM_NONE, crc32Of, RunType, type UdifChecksum } from './structs.ts';
import { masterCrc } from './trailer.ts';

export interface ChecksumResult {
  /** `absent`: the image has none here; `unchecked`: of a kind, or over runs of a kind, that is not read yet. */
  readonly state: 'ok' | 'bad' | 'absent' | 'unchecked';
  /** CRC-32 values where both are known. */
  readonly stored?: number;
  readonly computed?: number;
  /** Why it is unchecked. */
  readonly reason?: string;
}

export interface Checksums {
  readonly dataFork: ChecksumResult;
  /** In the order of the property list. */
  readonly tables: readonly (ChecksumResult & { readonly name: string })[];
  readonly master: ChecksumResult;
}

/**
 * Reads the whole image and expands it once. Memory: a few runs.
 * @throws DisksealError as `open` does; `E_UDIF` when a run cannot be expanded at all
 */
export async function checksums(image: Disk, platform: Platform): Promise<Checksums> {
  const disk = await open(image, platform);
  const { koly } = disk;
  const dataFork = await compare(koly.dataForkChecksum, () => storedCrc(image, disk, platform));
  const tables: (ChecksumResult & { name: string })[] = [];
  for (const table of disk.tables) {
    tables.push({ name: table.name, ...(await compare(table.checksum, () => expandedCrc(disk, table, platform))) });
  }
  const values = disk.tables.map(({ checksum }) => crc32Of(checksum));
  const known = values.filter((value) => value !== undefined);
  const master =
    known.length === values.length
      ? await compare(koly.masterChecksum, async () => masterCrc(known))
      : { state: 'unchecked' as const, reason: 'it is over checksums that are not CRC-32' };
  return { dataFork, tables, master };
}

async function compare(checksum: UdifChecksum, compute: () => Promise<number>): Promise<ChecksumResult> {
  if (checksum.type === CHECKSUM_NONE) return { state: 'absent' };
  const stored = crc32Of(checksum);
  if (stored === undefined) return { state: 'unchecked', reason: `checksum type ${checksum.type} is not known` };
  try {
    const computed = await compute();
    return { state: computed === stored ? 'ok' : 'bad', stored, computed };
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_UNSUPPORTED') return { state: 'unchecked', stored, reason: error.message };
    throw error;
  }
}

async function storedCrc(image: Disk, { koly }: UdifDisk, platform: Platform): Promise<number> {
  let crc = 0;
  for await (const bytes of stream(sliceDisk(image, koly.dataForkOffset, koly.dataForkLength))) crc = platform.crc32(bytes, crc);
  return crc;
}

/** Zeros count, and cost nothing; what is only ignored does not count. */
async function expandedCrc(disk: UdifDisk, { runs }: ReadTable, platform: Platform): Promise<number> {
  let crc = 0;
  for (let run = 0; run < runs.count; run++) {
    const length = runs.sectorCount[run]! * SECTOR;
    const type = runs.type[run];
    if (type === RunType.zero) crc = crc32Combine(crc, crc32OfZeros(length), length);
    else if (type !== RunType.ignore) {
      const part = sliceDisk(disk, runs.sector[run]! * SECTOR, length);
      // Runs of four at a time are expanded together; a raw run may be as large as the disk.
      for await (const bytes of stream(part, 4 << 20)) crc = platform.crc32(bytes, crc);
    }
  }
  return crc;
}
