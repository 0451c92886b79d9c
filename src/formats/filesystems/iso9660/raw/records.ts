/** Directory records, system use entries, path tables and boot catalogs, field by field. */
import { DisksealError } from '../../../../core/errors.ts';
import type { Field, RawField, Struct } from '../../../../core/struct.ts';
import { type PlacedRecord, recordAt } from '../directory.ts';
import {
  AA,
  BootEntry,
  CE,
  CL,
  DirectoryRecord,
  ER,
  NM,
  PathTableRecordL,
  PathTableRecordM,
  PX,
  PXSerial,
  SECTOR,
  SectionHeader,
  SF,
  SL,
  SP,
  SystemUseEntry,
  TF,
  ValidationEntry,
  ZF,
} from '../structs.ts';

type AnyStruct = Struct<Record<string, Field<unknown>>>;

const PXSERIAL = PXSerial as unknown as AnyStruct;
const ANY = SystemUseEntry as unknown as AnyStruct;
const ENTRIES = new Map<string, AnyStruct>(
  Object.entries({ AA, CE, CL, ER, NM, PX, SF, SL, SP, TF, ZF, PL: CL }).map(([signature, struct]) => [
    signature,
    struct as unknown as AnyStruct,
  ]),
);

/** Bytes that a structure holds as a whole. */
export function stretch(label: string, bytes: Uint8Array, offset: number, note = ''): RawField[] {
  if (bytes.length === 0) return [];
  const text = String.fromCharCode(...bytes);
  const value = /^[ -~]*$/.test(text) ? JSON.stringify(text) : `${bytes.length} bytes`;
  return [{ offset, bytes, label, value, note }];
}

/** @param bytes - of a directory, whole sectors @param skip - bytes before system use entries; undefined: there are none */
export function* directoryFields(bytes: Uint8Array, offset: number, skip: number | undefined): Generator<RawField> {
  for (const placed of recordsOf(bytes, offset)) {
    if (placed instanceof DisksealError) {
      yield { offset: placed.offset ?? offset, bytes: new Uint8Array(), label: 'DirectoryRecord', value: placed.message, note: '' };
      continue;
    }
    const at = placed.offset - offset;
    yield* DirectoryRecord.describe(bytes, at, offset);
    yield* stretch('DirectoryRecord.identifier', placed.identifier, placed.offset + DirectoryRecord.size);
    if (skip === undefined) {
      yield* stretch('DirectoryRecord.systemUse', placed.systemUse, placed.systemUseOffset);
      continue;
    }
    yield* stretch('DirectoryRecord.systemUse', placed.systemUse.subarray(0, skip), placed.systemUseOffset);
    yield* systemUseFields(placed.systemUse.subarray(skip), placed.systemUseOffset + skip);
  }
}

/** Sector by sector; a record that cannot be read ends its sector. */
export function* recordsOf(bytes: Uint8Array, offset: number): Generator<PlacedRecord | DisksealError> {
  for (let sector = 0; sector < bytes.length; sector += SECTOR) {
    const within = bytes.subarray(sector, sector + SECTOR);
    for (let at = 0; at < within.length && within[at] !== 0; at += within[at]!) {
      const placed = lenient(() => recordAt(within, at, offset + sector));
      yield placed;
      if (placed instanceof DisksealError) break;
    }
  }
}

export function lenient<T>(read: () => T): T | DisksealError {
  try {
    return read();
  } catch (error) {
    if (error instanceof DisksealError) return error;
    throw error;
  }
}

/** Up to what is no entry. */
export function* systemUseFields(area: Uint8Array, offset: number): Generator<RawField> {
  for (let at = 0; at + SystemUseEntry.size <= area.length && area[at] !== 0; ) {
    const length = area[at + 2]!;
    if (length < SystemUseEntry.size || at + length > area.length) return;
    const struct = structOf(area, at, length);
    yield* struct.describe(area, at, offset);
    yield* stretch(`${struct.name}.data`, area.subarray(at + struct.size, at + length), offset + at + struct.size);
    at += length;
  }
}

function structOf(area: Uint8Array, at: number, length: number): AnyStruct {
  const signature = String.fromCharCode(area[at]!, area[at + 1]!);
  const struct = signature === 'PX' && length >= PXSerial.size ? PXSERIAL : ENTRIES.get(signature);
  return struct && struct.size <= length ? struct : ANY;
}

export function* pathTableFields(bytes: Uint8Array, offset: number, isBigEndian: boolean): Generator<RawField> {
  const struct = isBigEndian ? PathTableRecordM : PathTableRecordL;
  for (let at = 0; at + struct.size <= bytes.length; ) {
    const length = bytes[at]!;
    if (length === 0) return;
    yield* struct.describe(bytes, at, offset);
    yield* stretch(`${struct.name}.identifier`, bytes.subarray(at + struct.size, at + struct.size + length), offset + at + struct.size);
    at += struct.size + length + (length % 2);
  }
}

const HEADERS = [0x90, 0x91];

/** Entries up to the first that is all zero. */
export function* bootCatalogFields(bytes: Uint8Array, offset: number): Generator<RawField> {
  yield* ValidationEntry.describe(bytes, 0, offset);
  for (let at = ValidationEntry.size; at + BootEntry.size <= bytes.length; at += BootEntry.size) {
    if (bytes.subarray(at, at + BootEntry.size).every((byte) => byte === 0)) return;
    yield* (HEADERS.includes(bytes[at]!) ? SectionHeader : BootEntry).describe(bytes, at, offset);
  }
}
