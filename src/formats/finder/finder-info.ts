/**
 * The 32 bytes of com.apple.FinderInfo: type, creator, flags and label by name.
 * Source: Inside Macintosh: Macintosh Toolbox Essentials, "Finder Interface" (FInfo, FXInfo, DInfo, DXInfo); Finder.h.
 * Left out: window rectangles, icon places and what only the Finder itself writes; such bytes are kept as they are.
 */
import { DisksealError } from '../../core/errors.ts';
import { bytes, field, latin1, struct, u16be, type ValueOf } from '../../core/struct.ts';

export const FINDER_INFO_SIZE = 32;

/** Of a file; a folder has its window's rectangle where type and creator are. */
export const FinderInfo = struct(
  { name: 'FinderInfo', size: FINDER_INFO_SIZE, spec: 'Finder.h, FileInfo and ExtendedFileInfo' },
  {
    type: field(latin1(4), 'four characters, Mac OS Roman'),
    creator: field(latin1(4), 'four characters, Mac OS Roman'),
    flags: field(u16be, 'see FINDER_FLAGS and LABEL'),
    location: field(bytes(4), 'of the icon in its window'),
    reserved: field(u16be),
    extended: field(bytes(8), 'a date, or reserved'),
    extendedFlags: field(u16be),
    reserved2: field(u16be),
    extendedRest: field(bytes(4)),
  },
);
export type FinderInfo = ValueOf<typeof FinderInfo.fields>;

/** Finder.h; hideExtension is the bit that the Finder of Mac OS X uses for "hide extension". */
export const FINDER_FLAGS = {
  onDesk: 0x0001,
  hideExtension: 0x0010,
  shared: 0x0040,
  noInits: 0x0080,
  inited: 0x0100,
  customIcon: 0x0400,
  stationery: 0x0800,
  nameLocked: 0x1000,
  hasBundle: 0x2000,
  invisible: 0x4000,
  alias: 0x8000,
} as const;

export type FinderFlag = keyof typeof FINDER_FLAGS;

/** The colour label: three bits of the flags. */
const LABEL_SHIFT = 1;
const LABEL_MASK = 7 << LABEL_SHIFT;

/** What a person can say about an entry; what is left out stays as it was. */
export interface FinderSettings {
  readonly type?: string | undefined;
  readonly creator?: string | undefined;
  /** All flags that are set; the others are cleared. */
  readonly flags?: readonly FinderFlag[] | undefined;
  /** 0 (none) to 7. */
  readonly label?: number | undefined;
}

/** Finder info with settings put into it. @param before - the 32 bytes so far; absent: all zero */
export function applyFinderSettings(settings: FinderSettings, before?: Uint8Array): Uint8Array {
  const info = FinderInfo.read(before ?? new Uint8Array(FINDER_INFO_SIZE));
  const result = before ? new Uint8Array(before) : new Uint8Array(FINDER_INFO_SIZE);
  let flags = info.flags;
  if (settings.flags) flags = settings.flags.reduce((all, name) => all | FINDER_FLAGS[name], flags & LABEL_MASK);
  if (settings.label !== undefined) flags = (flags & ~LABEL_MASK) | (settings.label << LABEL_SHIFT);
  // Type and creator are set as bytes, so that a folder's rectangle survives where they are not given.
  if (settings.type !== undefined) result.set(fourCharacters(settings.type, 'type'), 0);
  if (settings.creator !== undefined) result.set(fourCharacters(settings.creator, 'creator'), 4);
  result[8] = flags >>> 8;
  result[9] = flags & 0xff;
  return result;
}

/** What the 32 bytes say, by name. */
export function describeFinderInfo(info: Uint8Array): { flags: FinderFlag[]; label: number; unknownFlags: number } {
  const { flags } = FinderInfo.read(info);
  const names = (Object.keys(FINDER_FLAGS) as FinderFlag[]).filter((name) => flags & FINDER_FLAGS[name]);
  const known = names.reduce((all, name) => all | FINDER_FLAGS[name], LABEL_MASK);
  return { flags: names, label: (flags & LABEL_MASK) >>> LABEL_SHIFT, unknownFlags: flags & ~known };
}

function fourCharacters(text: string, what: string): Uint8Array {
  const codes = Array.from(text, (character) => character.codePointAt(0)!);
  // Mac OS Roman and ASCII agree below 0x80; nothing in use today goes beyond.
  if (codes.length !== 4 || codes.some((code) => code < 0x20 || code > 0x7e)) {
    throw new DisksealError('E_USAGE', `a ${what} is four ASCII characters, not ${JSON.stringify(text)}`);
  }
  return Uint8Array.from(codes);
}
