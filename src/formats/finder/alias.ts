/**
 * Alias records of version 2: how the Finder remembers a file, here a window's background picture. Apple documents nothing of
 * the layout; the source is aliases that the Finder wrote, and what public projects found out about them (see docs/finder.md).
 * Written are aliases to a file on the volume itself. Left out: what says from where the volume was mounted, since that would
 * carry a path of the machine that built it; version 3, which no background picture has.
 */
import { DisksealError } from '../../core/errors.ts';
import { array, bytes, field, i16be, latin1, struct, u16be, u32be } from '../../core/struct.ts';
import { decodeMacRoman, encodeMacRoman } from './mac-roman.ts';

/** The parts before the tags. */
const AliasHeader = struct(
  { name: 'AliasRecord', size: 150, spec: 'alias record, version 2' },
  {
    application: field(latin1(4), 'who made it may put a mark here'),
    length: field(u16be, 'bytes of the whole record'),
    version: field(u16be, '2'),
    kind: field(u16be, '0: a file, 1: a folder'),
    volumeName: field(bytes(28), 'length and Mac OS Roman'),
    volumeCreated: field(u32be, 'local seconds since 1904: the date of the volume header'),
    fileSystem: field(latin1(2), '"H+"'),
    diskType: field(u16be, '0: fixed, 5: ejectable'),
    parentId: field(u32be, 'CNID of the folder'),
    fileName: field(bytes(64), 'length and Mac OS Roman'),
    fileId: field(u32be, 'CNID of the file'),
    fileCreated: field(u32be, 'local seconds since 1904'),
    type: field(latin1(4)),
    creator: field(latin1(4)),
    levelsFrom: field(i16be, 'folders up from the alias to where both paths meet; -1: another volume'),
    levelsTo: field(i16be),
    volumeAttributes: field(u32be),
    fileSystemId: field(u16be),
    reserved: field(array(u16be, 5)),
  },
);

const Tag = {
  folderName: 0,
  folderIds: 1,
  carbonPath: 2,
  unicodeName: 14,
  unicodeVolumeName: 15,
  volumeCreatedUtc: 16,
  fileCreatedUtc: 17,
  posixPath: 18,
  mountPoint: 19,
} as const;

/** As on every volume of a disk image that was looked at. */
const VOLUME_ATTRIBUTES = 0x0000_0d02;
const EJECTABLE = 5;
/** Dates with fractions: 16 bits of seconds above 32, 32 bits, 16 bits of fraction. */
const UTC_SIZE = 8;

/** A file on a volume. Dates are HFS Plus dates: seconds since 1904. */
export interface Alias {
  readonly kind: 'file' | 'folder';
  readonly volumeName: string;
  /** As the volume header has it: local time of whoever made the volume. */
  readonly volumeCreated: number;
  /** `H+` is HFS Plus. */
  readonly fileSystem: string;
  readonly fileName: string;
  readonly fileId: number;
  readonly fileCreated: number;
  /** CNIDs of the folders that it lies in, innermost first, without the root; the parent's own stands in the header too. */
  readonly folderIds: readonly number[];
  readonly parentId: number;
  /** Name of the innermost folder. */
  readonly folderName?: string | undefined;
  /** Path in the volume, with a slash in front. */
  readonly path?: string | undefined;
  readonly mountPoint?: string | undefined;
  /** Numbers of the tags that are none of these. */
  readonly otherTags: readonly number[];
}

export interface AliasTarget {
  readonly volumeName: string;
  /** As in the volume header. */
  readonly volumeCreated: number;
  /** Names from the root, POSIX; the last is the file's. */
  readonly path: readonly string[];
  readonly fileId: number;
  readonly fileCreated: number;
  /** As `Alias.folderIds`, and the root last. */
  readonly folderIds: readonly number[];
}

/**
 * An alias to a file on an HFS Plus volume. Its length depends on names and depth alone, not on ids and dates.
 * @throws DisksealError `E_DS_STORE` when the path is too long for an alias
 */
export function writeAlias({ volumeName, volumeCreated, path, fileId, fileCreated, folderIds }: AliasTarget): Uint8Array {
  const fileName = path.at(-1)!;
  const folders = path.slice(0, -1);
  const root = folderIds.at(-1) ?? 0;
  const tags = encodeTags([
    ...(folders.length > 0 ? [[Tag.folderName, encodeMacRoman(folders.at(-1)!, 255)] as const] : []),
    [Tag.volumeCreatedUtc, utc(volumeCreated)],
    [Tag.fileCreatedUtc, utc(fileCreated)],
    [Tag.folderIds, words(folderIds.slice(0, -1))],
    // The Finder's own have a NUL before the name.
    [Tag.carbonPath, encodeMacRoman([volumeName, ...folders.map(colonFree), `\0${colonFree(fileName)}`].join(':'), 0xffff)],
    [Tag.unicodeName, pascalUnicode(fileName)],
    [Tag.unicodeVolumeName, pascalUnicode(volumeName)],
    [Tag.posixPath, new TextEncoder().encode(`/${path.join('/')}`)],
    [Tag.mountPoint, new TextEncoder().encode(`/Volumes/${volumeName}`)],
  ]);
  const length = AliasHeader.size + tags.length;
  if (length > 0xffff) throw new DisksealError('E_DS_STORE', 'the path is too long for an alias', { path: path.join('/') });
  const record = new Uint8Array(length);
  AliasHeader.write(
    {
      length,
      version: 2,
      volumeName: pascal(volumeName, 28),
      volumeCreated,
      fileSystem: 'H+',
      diskType: EJECTABLE,
      parentId: folderIds[0] ?? root,
      fileName: pascal(fileName, 64),
      fileId,
      fileCreated,
      levelsFrom: -1,
      levelsTo: -1,
      volumeAttributes: VOLUME_ATTRIBUTES,
    },
    record,
  );
  record.set(tags, AliasHeader.size);
  return record;
}

/** In a Carbon path a colon separates, and what POSIX writes as a colon is a slash. */
function colonFree(name: string): string {
  return name.replaceAll(':', '/');
}

function pascal(text: string, size: number): Uint8Array {
  const encoded = encodeMacRoman(text, size - 1);
  const padded = new Uint8Array(size);
  padded[0] = encoded.length;
  padded.set(encoded, 1);
  return padded;
}

function pascalUnicode(text: string): Uint8Array {
  const encoded = new Uint8Array(2 + 2 * text.length);
  const view = new DataView(encoded.buffer);
  view.setUint16(0, text.length);
  for (let index = 0; index < text.length; index++) view.setUint16(2 + 2 * index, text.charCodeAt(index));
  return encoded;
}

function utc(date: number): Uint8Array {
  const encoded = new Uint8Array(UTC_SIZE);
  new DataView(encoded.buffer).setUint32(2, date);
  return encoded;
}

function words(values: readonly number[]): Uint8Array {
  const encoded = new Uint8Array(4 * values.length);
  for (const [index, value] of values.entries()) new DataView(encoded.buffer).setUint32(4 * index, value);
  return encoded;
}

/** Tag, length, value padded to an even length; ended by tag -1. */
function encodeTags(tags: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const size = tags.reduce((sum, [, value]) => sum + 4 + even(value.length), 4);
  const encoded = new Uint8Array(size);
  const view = new DataView(encoded.buffer);
  let at = 0;
  for (const [tag, value] of tags) {
    view.setUint16(at, tag);
    view.setUint16(at + 2, value.length);
    encoded.set(value, at + 4);
    at += 4 + even(value.length);
  }
  view.setUint16(at, 0xffff);
  return encoded;
}

function even(length: number): number {
  return length + (length & 1);
}

/** Reads an alias of version 2. @throws DisksealError `E_DS_STORE` */
export function readAlias(record: Uint8Array): Alias {
  if (record.length < AliasHeader.size) throw malformed(`it has ${record.length} bytes`, 0);
  const header = AliasHeader.read(record);
  if (header.version !== 2) throw malformed(`version ${header.version} is not known`, 6);
  if (header.length > record.length || header.length < AliasHeader.size) throw malformed(`it says that it has ${header.length} bytes`, 4);
  const tags = readTags(record.subarray(0, header.length));
  const text = (tag: number): string | undefined => optional(tags.get(tag), (value) => new TextDecoder().decode(value));
  return {
    kind: header.kind === 1 ? 'folder' : 'file',
    volumeName: unicode(tags.get(Tag.unicodeVolumeName)) ?? fromPascal(header.volumeName),
    volumeCreated: header.volumeCreated,
    fileSystem: header.fileSystem,
    fileName: unicode(tags.get(Tag.unicodeName)) ?? fromPascal(header.fileName),
    fileId: header.fileId,
    fileCreated: header.fileCreated,
    folderIds: optional(tags.get(Tag.folderIds), fromWords) ?? [],
    parentId: header.parentId,
    folderName: optional(tags.get(Tag.folderName), decodeMacRoman),
    path: text(Tag.posixPath),
    mountPoint: text(Tag.mountPoint),
    otherTags: [...tags.keys()].filter((tag) => !(Object.values(Tag) as number[]).includes(tag)),
  };
}

function readTags(record: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const tags = new Map<number, Uint8Array>();
  for (let at = AliasHeader.size; ; ) {
    if (at + 4 > record.length) throw malformed('its list of tags has no end', at);
    const tag = view.getUint16(at);
    if (tag === 0xffff) return tags;
    const length = view.getUint16(at + 2);
    if (length > record.length - at - 4) throw malformed(`tag ${tag} leaves it`, at);
    tags.set(tag, record.subarray(at + 4, at + 4 + length));
    at += 4 + even(length);
  }
}

function optional<T>(value: Uint8Array | undefined, read: (value: Uint8Array) => T): T | undefined {
  return value && read(value);
}

function fromPascal(field: Uint8Array): string {
  return decodeMacRoman(field.subarray(1, 1 + Math.min(field[0]!, field.length - 1)));
}

/** Length in units and UTF-16; nothing when it is cut off. */
function unicode(value: Uint8Array | undefined): string | undefined {
  if (!value || value.length < 2) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const length = view.getUint16(0);
  if (2 + 2 * length > value.length) return undefined;
  return String.fromCharCode(...Array.from({ length }, (_, index) => view.getUint16(2 + 2 * index)));
}

function fromWords(value: Uint8Array): number[] {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) => view.getUint32(4 * index));
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_DS_STORE', `the alias is malformed: ${message}`, { offset });
}
