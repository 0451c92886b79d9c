/**
 * A GUID partition table around volumes, laid out as `hdiutil create` does: the table's own sectors, free space 34 to 39,
 * the first volume at sector 40, the whole disk a multiple of 4096 bytes. Source: UEFI 5.2.3 and 5.3; the layout from images hdiutil made.
 */
import { crc32 } from '../../../core/crc32.ts';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { assert } from '../../../core/errors.ts';
import { type Area, type Partition, type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import { MasterBootRecord } from '../mbr/structs.ts';
import { GPT_SIGNATURE, GptEntry, GptHeader, type GptType, guidBytes, TYPE_GUIDS } from './structs.ts';

export interface GptVolume {
  readonly disk: Disk;
  readonly type: GptType;
  /** At most 36 UTF-16 units; hdiutil says "disk image". */
  readonly name: string;
}

export interface GptOptions {
  /** 16 bytes, as they stand on disk. */
  readonly diskId: Uint8Array;
  /** 16 bytes for each volume. */
  readonly volumeIds: readonly Uint8Array[];
}

export interface GptDisk extends PartitionedDisk {
  /** The volumes with their places on the disk, in the order given. */
  readonly partitions: readonly Partition[];
}

const ENTRY_COUNT = 128;
const TABLE_SECTORS = (ENTRY_COUNT * GptEntry.size) / SECTOR;
const FIRST_USABLE = 2 + TABLE_SECTORS;
/** Volumes begin at multiples of 4096 bytes, the block size of HFS+ and APFS. */
const ALIGNMENT = 8;

/** Plans the disk; nothing is read but the volumes' sizes. A volume that ends inside a sector is filled up with zeros. */
export function partition(volumes: readonly GptVolume[], options: GptOptions): GptDisk {
  assert(volumes.length > 0 && volumes.length <= ENTRY_COUNT, `a GPT of 1 to ${ENTRY_COUNT} volumes, not ${volumes.length}`);
  const { placed, end } = place(volumes);
  const total = roundUp(end + TABLE_SECTORS + 1, ALIGNMENT);
  const table = entryTable(placed, options.volumeIds);
  const ends = { total, table, diskId: options.diskId };

  const pieces: Piece[] = [
    { label: 'Protective Master Boot Record (MBR', first: 0, count: 1, disk: bytesDisk(protectiveMbr(total)) },
    { label: 'GPT Header (Primary GPT Header', first: 1, count: 1, disk: bytesDisk(header(ends, 1, total - 1, 2)) },
    { label: 'GPT Partition Data (Primary GPT Table', first: 2, count: TABLE_SECTORS, disk: bytesDisk(table) },
    ...placed.map((volume) => ({ ...volume, label: `${volume.name} (${volume.type}` })),
    { label: 'GPT Partition Data (Backup GPT Table', first: total - 1 - TABLE_SECTORS, count: TABLE_SECTORS, disk: bytesDisk(table) },
    {
      label: 'GPT Header (Backup GPT Header',
      first: total - 1,
      count: 1,
      disk: bytesDisk(header(ends, total - 1, 1, total - 1 - TABLE_SECTORS)),
    },
  ];
  const whole = withFreeSpace(pieces);
  return {
    ...joinDisks(whole.flatMap(({ disk, count }) => [disk, zerosDisk(count * SECTOR - disk.size)])),
    areas: whole.map(({ label, first, count }, index): Area => ({ name: `${label} : ${index})`, firstSector: first, sectorCount: count })),
    partitions: placed.map(({ disk, first, type, name }) => ({ disk, position: first * SECTOR, type, name })),
  };
}

interface Piece {
  readonly label: string;
  readonly first: number;
  readonly count: number;
  readonly disk: Disk;
}

interface PlacedVolume extends GptVolume {
  readonly first: number;
  readonly count: number;
}

function place(volumes: readonly GptVolume[]): { placed: PlacedVolume[]; end: number } {
  let end = FIRST_USABLE;
  const placed = volumes.map((volume) => {
    assert(volume.disk.size > 0, 'a volume without bytes');
    const first = roundUp(end, ALIGNMENT);
    const count = Math.ceil(volume.disk.size / SECTOR);
    end = first + count;
    return { ...volume, first, count };
  });
  return { placed, end };
}

function withFreeSpace(pieces: readonly Piece[]): Piece[] {
  let end = 0;
  return pieces.flatMap((piece) => {
    const free = { label: ' (Apple_Free', first: end, count: piece.first - end, disk: zerosDisk(0) };
    end = piece.first + piece.count;
    return free.count > 0 ? [free, piece] : [piece];
  });
}

/** UEFI 5.2.3: one entry over the whole disk keeps old programs from taking it for empty. */
function protectiveMbr(total: number): Uint8Array {
  const beyond = Uint8Array.of(0xfe, 0xff, 0xff);
  const sizeInLba = Math.min(total - 1, 0xffffffff);
  const entry = { bootIndicator: 0, startingChs: beyond, osType: 0xee, endingChs: beyond, startingLba: 1, sizeInLba };
  return MasterBootRecord.write({ partitions: [entry], signature: 0xaa55 });
}

interface Ends {
  readonly total: number;
  readonly table: Uint8Array;
  readonly diskId: Uint8Array;
}

function header({ total, table, diskId }: Ends, myLba: number, alternateLba: number, partitionEntryLba: number): Uint8Array {
  const value = {
    signature: GPT_SIGNATURE,
    revision: 0x10000,
    headerSize: GptHeader.size,
    myLba,
    alternateLba,
    firstUsableLba: FIRST_USABLE,
    lastUsableLba: total - 2 - TABLE_SECTORS,
    diskGuid: diskId,
    partitionEntryLba,
    numberOfPartitionEntries: ENTRY_COUNT,
    sizeOfPartitionEntry: GptEntry.size,
    partitionEntryArrayCrc32: crc32(table),
  };
  const headerCrc32 = crc32(GptHeader.write(value));
  return GptHeader.write({ ...value, headerCrc32 }, new Uint8Array(SECTOR));
}

function entryTable(placed: readonly PlacedVolume[], ids: readonly Uint8Array[]): Uint8Array {
  assert(ids.length === placed.length, `${ids.length} ids for ${placed.length} volumes`);
  const table = new Uint8Array(ENTRY_COUNT * GptEntry.size);
  for (const [index, { first, count, type, name }] of placed.entries()) {
    assert(name.length <= 36, `"${name}" is longer than the 36 UTF-16 units of a GPT entry`);
    const entry = {
      partitionTypeGuid: guidBytes(TYPE_GUIDS[type]),
      uniquePartitionGuid: ids[index]!,
      startingLba: first,
      endingLba: first + count - 1,
      partitionName: Array.from({ length: name.length }, (_, unit) => name.charCodeAt(unit)),
    };
    GptEntry.write(entry, table, index * GptEntry.size);
  }
  return table;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
