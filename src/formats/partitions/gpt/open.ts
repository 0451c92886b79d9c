/**
 * GUID partition tables, read. Source: UEFI 5.3. Both headers and both tables are checked; either one alone is enough,
 * two that disagree are refused. Left out: sectors other than 512 bytes.
 */
import { crc32 } from '../../../core/crc32.ts';
import { checkRange, type Disk, sliceDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Partition, SECTOR } from '../../../core/partition.ts';
import { GPT_SIGNATURE, GptEntry, GptHeader, guidText, TYPE_GUIDS } from './structs.ts';

/** UEFI wants room for 128 entries at least; nobody writes more than a few hundred. */
const MAX_TABLE_BYTES = 1 << 20;

const TYPE_NAMES = new Map<string, string>([
  [TYPE_GUIDS.Apple_HFS, 'Apple_HFS'],
  [TYPE_GUIDS.Apple_APFS, 'Apple_APFS'],
]);

/**
 * The partitions in the order of the table; their disks read through `disk`.
 * @throws DisksealError `E_PARTITION` when no header is good, the two disagree, or a partition leaves the disk or another's side
 */
export async function open(disk: Disk): Promise<Partition[]> {
  const sectors = Math.floor(disk.size / SECTOR);
  const primary = await attempt(disk, 1);
  const backup = await attempt(disk, primary.table?.header.alternateLba ?? sectors - 1);
  if (primary.table && backup.table && !same(primary.table, backup.table)) {
    throw fault('the primary and the backup partition table differ', backup.table.header.myLba * SECTOR, 'GptHeader', {
      hint: 'one of them was changed and the other was not: it cannot be known which is meant',
    });
  }
  const good = primary.table ?? backup.table;
  if (!good) throw primary.fault ?? fault('there is no partition table', SECTOR, 'GptHeader');
  return partitionsOf(disk, good);
}

interface Table {
  readonly header: GptHeader;
  readonly bytes: Uint8Array;
}

async function attempt(disk: Disk, lba: number): Promise<{ table?: Table; fault?: DisksealError }> {
  try {
    return { table: await readTable(disk, lba) };
  } catch (error) {
    // A fault in the bytes lets the other copy speak; a disk that cannot be read does not.
    if (error instanceof DisksealError && (error.code === 'E_PARTITION' || error.code === 'E_TRUNCATED' || error.code === 'E_UNSUPPORTED'))
      return { fault: error };
    throw error;
  }
}

async function readTable(disk: Disk, lba: number): Promise<Table> {
  const offset = lba * SECTOR;
  checkRange(disk.size, offset, SECTOR, 'GptHeader');
  const sector = await disk.read(offset, SECTOR);
  if (GPT_SIGNATURE.some((byte, index) => sector[index] !== byte)) throw fault('expected "EFI PART"', offset, 'GptHeader.signature');
  const header = GptHeader.read(sector, 0, offset);
  if (header.headerSize < GptHeader.size || header.headerSize > SECTOR) {
    throw fault(`a header of ${header.headerSize} bytes`, offset, 'GptHeader.headerSize');
  }
  const covered = sector.slice(0, header.headerSize);
  covered.fill(0, 16, 20);
  if (crc32(covered) !== header.headerCrc32) throw fault('the checksum of the header is wrong', offset, 'GptHeader.headerCrc32');
  if (header.revision >>> 16 !== 1) throw fault(`revision ${header.revision.toString(16)}`, offset, 'GptHeader.revision');
  if (header.myLba !== lba) throw fault(`the header says it is at sector ${header.myLba}, it is at ${lba}`, offset, 'GptHeader.myLba');
  return { header, bytes: await readEntries(disk, header, offset) };
}

async function readEntries(disk: Disk, header: GptHeader, offset: number): Promise<Uint8Array> {
  const { numberOfPartitionEntries: count, sizeOfPartitionEntry: size, partitionEntryLba } = header;
  if (size < GptEntry.size || size % GptEntry.size !== 0 || count * size > MAX_TABLE_BYTES) {
    throw fault(`a table of ${count} entries of ${size} bytes`, offset, 'GptHeader.numberOfPartitionEntries');
  }
  checkRange(disk.size, partitionEntryLba * SECTOR, count * size, 'GptHeader.partitionEntryLba');
  const bytes = await disk.read(partitionEntryLba * SECTOR, count * size);
  if (crc32(bytes) !== header.partitionEntryArrayCrc32) {
    throw fault('the checksum of the partition table is wrong', offset, 'GptHeader.partitionEntryArrayCrc32');
  }
  return bytes;
}

function same(a: Table, b: Table): boolean {
  return (
    guidText(a.header.diskGuid) === guidText(b.header.diskGuid) &&
    a.header.sizeOfPartitionEntry === b.header.sizeOfPartitionEntry &&
    a.bytes.length === b.bytes.length &&
    a.bytes.every((byte, index) => byte === b.bytes[index])
  );
}

function partitionsOf(disk: Disk, { header, bytes }: Table): Partition[] {
  const found: Partition[] = [];
  for (let at = 0; at < bytes.length; at += header.sizeOfPartitionEntry) {
    const offset = header.partitionEntryLba * SECTOR + at;
    const unused = bytes.subarray(at, at + 16).every((byte) => byte === 0);
    if (!unused) found.push(partitionOf(disk, GptEntry.read(bytes, at, offset - at), offset));
  }
  // A partition that begins with the map itself is the whole disk once more, as hybrid ISO images of xorriso have it.
  const ordered = found.filter(({ position }) => position > 0).toSorted((a, b) => a.position - b.position);
  for (const [index, { position }] of ordered.entries()) {
    const before = ordered[index - 1];
    if (before && before.position + before.disk.size > position) {
      throw fault('two partitions overlap', position, 'GptEntry.startingLba');
    }
  }
  return found;
}

function partitionOf(disk: Disk, entry: GptEntry, offset: number): Partition {
  const { startingLba: first, endingLba: last } = entry;
  if (last < first || (last + 1) * SECTOR > disk.size) {
    throw fault(
      `a partition from sector ${first} to ${last} on a disk of ${Math.floor(disk.size / SECTOR)}`,
      offset,
      'GptEntry.startingLba',
    );
  }
  const type = guidText(entry.partitionTypeGuid);
  const units = entry.partitionName.indexOf(0);
  return {
    disk: sliceDisk(disk, first * SECTOR, (last - first + 1) * SECTOR),
    position: first * SECTOR,
    type: TYPE_NAMES.get(type) ?? type,
    name: String.fromCharCode(...entry.partitionName.slice(0, units < 0 ? undefined : units)),
  };
}

function fault(message: string, offset: number, field: string, more: { hint?: string } = {}): DisksealError {
  return new DisksealError('E_PARTITION', message, { offset, field, ...more });
}
