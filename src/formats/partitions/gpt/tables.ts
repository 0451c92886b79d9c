/**
 * The sectors of a GUID partition table: a header and a table of 128 entries at the front of the disk, the same once more at its end.
 * Source: UEFI 5.2.3 and 5.3. Left out: attributes of partitions, tables of another size.
 */
import { crc32 } from '../../../core/crc32.ts';
import { assert } from '../../../core/errors.ts';
import { SECTOR } from '../../../core/partition.ts';
import { BEYOND_CHS, type MbrEntry, MbrType } from '../mbr/structs.ts';
import { GPT_SIGNATURE, GptEntry, GptHeader, type GptType, guidBytes, TYPE_GUIDS } from './structs.ts';

export const ENTRY_COUNT = 128;
export const TABLE_SECTORS = (ENTRY_COUNT * GptEntry.size) / SECTOR;
/** Behind boot record, header and table. */
export const FIRST_USABLE = 2 + TABLE_SECTORS;

/** Sectors of 512 bytes. */
export interface GptPartition {
  readonly first: number;
  readonly count: number;
  readonly type: GptType;
  /** 16 bytes, as they stand on disk. */
  readonly id: Uint8Array;
  /** At most 36 UTF-16 units. */
  readonly name: string;
}

export interface GptPlan {
  /** Sectors of the whole disk. */
  readonly total: number;
  /** 16 bytes. */
  readonly diskId: Uint8Array;
  /** In the order of the table, within the usable sectors, apart from each other. */
  readonly entries: readonly GptPartition[];
}

export interface GptTables {
  /** For sector 1. */
  readonly header: Uint8Array;
  /** For sector 2, and for the sectors before the last one. */
  readonly table: Uint8Array;
  /** For the last sector. */
  readonly backupHeader: Uint8Array;
}

export function gptTables({ total, diskId, entries }: GptPlan): GptTables {
  const table = entryTable(entries);
  const ends = { total, table, diskId };
  return {
    table,
    header: header(ends, 1, total - 1, 2),
    backupHeader: header(ends, total - 1, 1, total - 1 - TABLE_SECTORS),
  };
}

/** UEFI 5.2.3: one entry over the whole disk keeps old programs from taking it for empty. @param total - sectors of the disk */
export function protectiveEntry(total: number): MbrEntry {
  return {
    bootIndicator: 0,
    startingChs: BEYOND_CHS,
    osType: MbrType.protective,
    endingChs: BEYOND_CHS,
    startingLba: 1,
    sizeInLba: Math.min(total - 1, 0xffff_ffff),
  };
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

function entryTable(entries: readonly GptPartition[]): Uint8Array {
  assert(entries.length <= ENTRY_COUNT, `${entries.length} partitions in a table of ${ENTRY_COUNT}`);
  const table = new Uint8Array(ENTRY_COUNT * GptEntry.size);
  for (const [index, { first, count, type, name, id }] of entries.entries()) {
    assert(name.length <= 36, `"${name}" is longer than the 36 UTF-16 units of a GPT entry`);
    const entry = {
      partitionTypeGuid: guidBytes(TYPE_GUIDS[type]),
      uniquePartitionGuid: id,
      startingLba: first,
      endingLba: first + count - 1,
      partitionName: Array.from({ length: name.length }, (_, unit) => name.charCodeAt(unit)),
    };
    GptEntry.write(entry, table, index * GptEntry.size);
  }
  return table;
}
