/**
 * The records of a .DS_Store in words: those that today's Finder reads, and those of older ones. Source: files that the Finder wrote,
 * and public findings about the codes (see docs/finder.md).
 */
import { DisksealError } from '../../../core/errors.ts';
import { toHex } from '../../../core/struct.ts';
import { isBinaryPlist, readBinaryPlist } from '../../plist/binary-plist.ts';
import { isArray, isDict, type PlistValue } from '../../plist/value.ts';
import { type Alias, readAlias } from '../alias.ts';
import { readPlace } from '../window.ts';
import type { RecordValue, StoreRecord } from './record.ts';

/** A record as plain data. */
export interface DescribedRecord {
  readonly name: string;
  readonly code: string;
  /** What the code stands for; absent when nobody knows. */
  readonly about?: string | undefined;
  /** As JSON can hold it: bytes in hexadecimal, whole numbers beyond 2^53 as text. */
  readonly value: unknown;
}

const CODES: Readonly<Record<string, string>> = {
  BKGD: 'background, as Mac OS X before 10.5 has it',
  ICVO: 'an icon view is stored',
  Iloc: 'place of the icon',
  LSVO: 'a list view is stored',
  bwsp: 'window',
  cmmt: 'comment',
  dilc: 'place on the desktop',
  dscl: 'opened in the list',
  extn: 'extension',
  fwi0: 'window, as Mac OS X before 10.6 has it',
  fwsw: 'width of the sidebar',
  fwvh: 'height of the window',
  icgo: 'icon view, unknown',
  icsp: 'icon view, unknown',
  icvl: 'view',
  icvo: 'icon view, as Mac OS X before 10.6 has it',
  icvp: 'icon view',
  icvt: 'text size of the icon view',
  info: 'unknown',
  lg1S: 'size in bytes',
  logS: 'size in bytes',
  lssp: 'scroll position of the list view',
  lsvC: 'list view, columns',
  lsvP: 'list view',
  lsvp: 'list view',
  lsvt: 'text size of the list view',
  moDD: 'date of change',
  modD: 'date of change',
  pBB0: 'bookmark of the background picture',
  pBBk: 'bookmark of the background picture',
  ph1S: 'size on disk in bytes',
  phyS: 'size on disk in bytes',
  pict: 'alias of the background picture, as Mac OS X before 10.5 has it',
  vSrn: 'version',
  vstl: 'view',
};
const ALIAS_KEY = 'backgroundImageAlias';
/** 1904 to 1970 in seconds; a date has 65536 parts a second. */
const EPOCH = 2_082_844_800;
/** Of bytes that nobody knows: as many are shown. */
const SHOWN_BYTES = 64;

export function describeRecords(records: readonly StoreRecord[]): DescribedRecord[] {
  return records.map(({ name, code, data }) => ({ name, code, about: CODES[code], value: describeValue(code, data) }));
}

function describeValue(code: string, data: RecordValue): unknown {
  if (data.type === 'dutc') return dateText(Number(data.value) / 65_536);
  if (data.type === 'comp') return whole(data.value);
  if (data.type !== 'blob') return data.value;
  const { value } = data;
  if (code === 'Iloc') return readPlace(value) ?? bytesText(value);
  if (code === 'fwi0') return legacyWindow(value) ?? bytesText(value);
  if (code === 'BKGD') return legacyBackground(value) ?? bytesText(value);
  if (code === 'icvo') return legacyIconView(value) ?? bytesText(value);
  if (code === 'pict') return orBytes(value, () => aliasValue(readAlias(value)));
  return isBinaryPlist(value) ? orBytes(value, () => plistValue(readBinaryPlist(value))) : bytesText(value);
}

/** What is damaged within is shown as the bytes that it is. */
function orBytes(value: Uint8Array, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof DisksealError) return bytesText(value);
    throw error;
  }
}

function plistValue(value: PlistValue, key = ''): unknown {
  if (isDict(value)) return Object.fromEntries([...value].map(([name, inner]) => [name, plistValue(inner, name)]));
  if (isArray(value)) return value.map((inner) => plistValue(inner));
  if (value instanceof Uint8Array) return key === ALIAS_KEY ? orBytes(value, () => aliasValue(readAlias(value))) : bytesText(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'bigint' ? whole(value) : value;
}

function aliasValue({ volumeCreated, fileCreated, ...alias }: Alias): object {
  return { ...alias, volumeCreated: dateText(volumeCreated), fileCreated: dateText(fileCreated) };
}

function whole(value: bigint): number | string {
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : String(value);
}

function dateText(seconds: number): string {
  const date = new Date((seconds - EPOCH) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} seconds since 1904` : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function bytesText(value: Uint8Array): string {
  const shown = toHex(value.subarray(0, SHOWN_BYTES));
  return value.length <= SHOWN_BYTES ? shown : `${shown}… (${value.length} bytes)`;
}

function characters(value: Uint8Array, at: number): string {
  return String.fromCharCode(...value.subarray(at, at + 4));
}

function viewOf(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.length);
}

function legacyWindow(value: Uint8Array): object | undefined {
  if (value.length < 12) return undefined;
  const [top, left, bottom, right] = [0, 2, 4, 6].map((at) => viewOf(value).getInt16(at));
  return { top, left, bottom, right, view: characters(value, 8) };
}

function legacyBackground(value: Uint8Array): object | undefined {
  if (value.length < 12) return undefined;
  const kind = characters(value, 0);
  const [red, green, blue] = [4, 6, 8].map((at) => viewOf(value).getUint16(at));
  if (kind === 'ClrB') return { kind: 'color', red, green, blue };
  if (kind === 'PctB') return { kind: 'picture', length: viewOf(value).getUint32(4) };
  return kind === 'DefB' ? { kind: 'none' } : undefined;
}

function legacyIconView(value: Uint8Array): object | undefined {
  if (value.length < 14 || characters(value, 0) !== 'icv4') return undefined;
  return { iconSize: viewOf(value).getUint16(4), arrangeBy: characters(value, 6), labelPosition: characters(value, 10) };
}
