/**
 * A GUID partition table around volumes, laid out as `hdiutil create` does: the table's own sectors, free space 34 to 39,
 * the first volume at sector 40, the whole disk a multiple of 4096 bytes. Source: UEFI 5.2.3 and 5.3; the layout from images hdiutil made.
 */
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { assert } from '../../../core/errors.ts';
import { type Area, type Partition, type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import { MasterBootRecord } from '../mbr/structs.ts';
import type { GptType } from './structs.ts';
import { ENTRY_COUNT, FIRST_USABLE, gptTables, protectiveEntry, TABLE_SECTORS } from './tables.ts';

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

/** Volumes begin at multiples of 4096 bytes, the block size of HFS+ and APFS. */
const ALIGNMENT = 8;

/** Plans the disk; nothing is read but the volumes' sizes. A volume that ends inside a sector is filled up with zeros. */
export function partition(volumes: readonly GptVolume[], options: GptOptions): GptDisk {
  assert(volumes.length > 0 && volumes.length <= ENTRY_COUNT, `a GPT of 1 to ${ENTRY_COUNT} volumes, not ${volumes.length}`);
  const { placed, end } = place(volumes);
  const total = roundUp(end + TABLE_SECTORS + 1, ALIGNMENT);
  assert(options.volumeIds.length === placed.length, `${options.volumeIds.length} ids for ${placed.length} volumes`);
  const entries = placed.map((volume, index) => ({ ...volume, id: options.volumeIds[index]! }));
  const { table, header, backupHeader } = gptTables({ total, diskId: options.diskId, entries });

  const pieces: Piece[] = [
    {
      label: 'Protective Master Boot Record (MBR',
      first: 0,
      count: 1,
      disk: bytesDisk(MasterBootRecord.write({ partitions: [protectiveEntry(total)], signature: 0xaa55 })),
    },
    { label: 'GPT Header (Primary GPT Header', first: 1, count: 1, disk: bytesDisk(header) },
    { label: 'GPT Partition Data (Primary GPT Table', first: 2, count: TABLE_SECTORS, disk: bytesDisk(table) },
    ...placed.map((volume) => ({ ...volume, label: `${volume.name} (${volume.type}` })),
    { label: 'GPT Partition Data (Backup GPT Table', first: total - 1 - TABLE_SECTORS, count: TABLE_SECTORS, disk: bytesDisk(table) },
    { label: 'GPT Header (Backup GPT Header', first: total - 1, count: 1, disk: bytesDisk(backupHeader) },
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

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
