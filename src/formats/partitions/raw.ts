/** The raw view of a partition map: its sectors field by field, entries that are not used as one stretch. */
import { type Disk, readRange } from '../../core/disk.ts';
import { SECTOR } from '../../core/partition.ts';
import type { RawField } from '../../core/struct.ts';
import { DriverDescriptorMap, PartitionMapEntry } from './apm/structs.ts';
import { GptEntry, GptHeader } from './gpt/structs.ts';
import { MasterBootRecord } from './mbr/structs.ts';
import type { PartitionMap } from './open.ts';

/** Entries of a map are shown up to here; more than any real map has. */
const MOST_ENTRIES = 1024;

/** Front to back. The map is one that its reader accepted. */
export async function rawFields(disk: Disk, map: PartitionMap): Promise<RawField[]> {
  if (map === 'none') return [];
  const fields = map === 'apm' ? await apmFields(disk) : await mbrFields(disk);
  if (map === 'gpt') fields.push(...(await gptFields(disk)));
  return fields.sort((a, b) => a.offset - b.offset);
}

async function mbrFields(disk: Disk): Promise<RawField[]> {
  return MasterBootRecord.describe(await readRange(disk, 0, SECTOR, 'MasterBootRecord'));
}

async function apmFields(disk: Disk): Promise<RawField[]> {
  const first = await readRange(disk, 0, SECTOR, 'DriverDescriptorMap');
  const fields = DriverDescriptorMap.describe(first);
  const { sbBlkSize } = DriverDescriptorMap.read(first);
  const block = (await hasEntry(disk, SECTOR)) || sbBlkSize < SECTOR ? SECTOR : sbBlkSize;
  for (let index = 1; index <= MOST_ENTRIES && (await hasEntry(disk, index * block)); index++) {
    const offset = index * block;
    const bytes = await readRange(disk, offset, PartitionMapEntry.size, 'PartitionMapEntry');
    fields.push(...numbered(PartitionMapEntry.describe(bytes, 0, offset), index - 1));
  }
  return fields;
}

async function hasEntry(disk: Disk, at: number): Promise<boolean> {
  if (at + SECTOR > disk.size) return false;
  const [p, m] = await disk.read(at, 2);
  return p === 0x50 && m === 0x4d;
}

/** Both headers, each with its table; one that is damaged says where it is and nothing more. */
async function gptFields(disk: Disk): Promise<RawField[]> {
  const primary = await headerFields(disk, SECTOR);
  const last = disk.size - (disk.size % SECTOR) - SECTOR;
  const backup = primary.alternate !== undefined && primary.alternate * SECTOR <= last ? primary.alternate * SECTOR : last;
  return [...primary.fields, ...(await headerFields(disk, backup)).fields];
}

async function headerFields(disk: Disk, offset: number): Promise<{ fields: RawField[]; alternate?: number }> {
  const sector = await readRange(disk, offset, SECTOR, 'GptHeader');
  if (String.fromCharCode(...sector.subarray(0, 8)) !== 'EFI PART') return { fields: [] };
  const fields = GptHeader.describe(sector, 0, offset);
  const {
    numberOfPartitionEntries: count,
    sizeOfPartitionEntry: size,
    partitionEntryLba,
    alternateLba,
  } = GptHeader.read(sector, 0, offset);
  const start = partitionEntryLba * SECTOR;
  if (count <= MOST_ENTRIES && size >= GptEntry.size && size <= 4096 && start + count * size <= disk.size) {
    fields.push(...entryFields(await disk.read(start, count * size), size, start));
  }
  return { fields, alternate: alternateLba };
}

function entryFields(table: Uint8Array, size: number, start: number): RawField[] {
  const fields: RawField[] = [];
  let unused = 0;
  const closeUnused = (end: number): void => {
    if (unused === 0) return;
    const value = `${unused} ${unused === 1 ? 'entry' : 'entries'}, all zero`;
    const length = unused * size;
    fields.push({ offset: start + end - length, bytes: new Uint8Array(), length, label: 'GptEntry', value, note: 'not used' });
    unused = 0;
  };
  for (let at = 0; at + size <= table.length; at += size) {
    if (table.subarray(at, at + size).every((byte) => byte === 0)) {
      unused++;
      continue;
    }
    closeUnused(at);
    fields.push(...numbered(GptEntry.describe(table, at, start), at / size).map((field) => named(field, table, at)));
  }
  closeUnused(table.length - (table.length % size));
  return fields;
}

/** A name as text instead of 36 numbers. */
function named(field: RawField, table: Uint8Array, at: number): RawField {
  if (!field.label.endsWith('.partitionName')) return field;
  const units = GptEntry.read(table, at).partitionName;
  const end = units.indexOf(0);
  return { ...field, value: JSON.stringify(String.fromCharCode(...units.slice(0, end < 0 ? undefined : end))) };
}

function numbered(fields: RawField[], index: number): RawField[] {
  return fields.map((field) => ({ ...field, label: field.label.replace('.', `[${index}].`) }));
}
