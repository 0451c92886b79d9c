/**
 * AppleDouble: Finder info, resource fork and extended attributes of a file in a file "._name" beside it.
 * Sources: RFC 1740 appendix B (header, entries 2 and 9); the "ATTR" block that Darwin puts into entry 9 behind the Finder
 * info, as XNU's bsd/vfs/vfs_xattr.c describes it. Left out: AppleSingle, and the other entries, which nothing writes today.
 */
import { bytesDisk, type Disk, joinDisks, readRange, sliceDisk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { array, bytes, field, struct, u8, u16be, u32be } from '../../core/struct.ts';
import { FINDER_INFO_SIZE } from './finder-info.ts';

export interface AppleDouble {
  /** 32 bytes; absent: all zero. */
  readonly finderInfo?: Uint8Array | undefined;
  readonly resourceFork?: Disk | undefined;
  /** Without FinderInfo and ResourceFork. */
  readonly xattrs: ReadonlyMap<string, Disk>;
}

const MAGIC = 0x00051607;
const VERSION = 0x00020000;
const ENTRY_RESOURCE_FORK = 2;
const ENTRY_FINDER_INFO = 9;
/** "ATTR" */
const ATTRIBUTE_MAGIC = 0x41545452;
const ATTRIBUTES_AT = 84;
/** Darwin's XATTR_MAXNAMELEN, in bytes without the NUL. */
export const XATTR_NAME_LIMIT = 127;
/** As many bytes as 65,535 entries with the longest names can take, rounded up: all that is read before values are asked for. */
const HEADER_LIMIT = 16 << 20;

const Header = struct(
  { name: 'AppleDoubleHeader', size: 26, spec: 'RFC 1740 B' },
  {
    magic: field(u32be),
    version: field(u32be),
    filler: field(bytes(16), 'the name of the home filesystem in version 1; "Mac OS X" by Darwin'),
    entryCount: field(u16be),
  },
);

const Descriptor = struct(
  { name: 'AppleDoubleEntry', size: 12, spec: 'RFC 1740 B' },
  { id: field(u32be), offset: field(u32be, 'from the start of the file'), length: field(u32be) },
);

const AttributeHeader = struct(
  { name: 'AttributeHeader', size: 36, spec: 'vfs_xattr.c, attr_header after the Finder info and two bytes of padding' },
  {
    magic: field(u32be, '"ATTR"'),
    debugTag: field(u32be, 'the file’s id, for debugging'),
    totalSize: field(u32be, 'where header, names and values end in the file'),
    dataStart: field(u32be, 'where values begin in the file'),
    dataLength: field(u32be),
    reserved: field(array(u32be, 3)),
    flags: field(u16be),
    attributeCount: field(u16be),
  },
);

const AttributeEntry = struct(
  { name: 'AttributeEntry', size: 11, spec: 'vfs_xattr.c, attr_entry; the name follows, the next entry begins at a multiple of 4' },
  {
    offset: field(u32be, 'of the value, from the start of the file'),
    length: field(u32be),
    flags: field(u16be),
    nameLength: field(u8, 'with the NUL'),
  },
);

/** Whether a file begins as an AppleDouble file does. */
export async function isAppleDouble(disk: Disk): Promise<boolean> {
  if (disk.size < Header.size) return false;
  return Header.read(await disk.read(0, Header.size)).magic === MAGIC;
}

/**
 * Reads an AppleDouble file; forks and values are ranges of it and are not read.
 * @throws DisksealError `E_READ` with offset and field for a malformed one, `E_TRUNCATED`
 */
export async function readAppleDouble(disk: Disk): Promise<AppleDouble> {
  const header = Header.read(await readRange(disk, 0, Header.size, 'AppleDoubleHeader'));
  if (header.magic !== MAGIC) throw damaged('it does not begin with the magic number 00051607', 0, 'AppleDoubleHeader.magic');
  if (header.version !== VERSION) throw damaged(`version ${header.version.toString(16)} is not known`, 4, 'AppleDoubleHeader.version');
  const entries = await readDescriptors(disk, header.entryCount);
  const finder = entries.get(ENTRY_FINDER_INFO);
  const fork = entries.get(ENTRY_RESOURCE_FORK);
  if (finder && finder.length < FINDER_INFO_SIZE)
    throw damaged('its Finder info is shorter than 32 bytes', finder.offset, 'AppleDoubleEntry.length');
  const finderInfo = finder && (await disk.read(finder.offset, FINDER_INFO_SIZE));
  return {
    finderInfo: finderInfo?.some((byte) => byte !== 0) ? finderInfo : undefined,
    resourceFork: fork && fork.length > 0 && !(await isBlankFork(disk, fork)) ? sliceDisk(disk, fork.offset, fork.length) : undefined,
    xattrs: finder ? await readAttributes(disk, finder) : new Map(),
  };
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

async function readDescriptors(disk: Disk, count: number): Promise<Map<number, Range>> {
  const table = await readRange(disk, Header.size, count * Descriptor.size, 'AppleDoubleHeader.entryCount');
  const found = new Map<number, Range>();
  for (let index = 0; index < count; index++) {
    const at = Header.size + index * Descriptor.size;
    const { id, offset, length } = Descriptor.read(table, index * Descriptor.size, Header.size);
    if (found.has(id)) throw damaged(`entry ${id} is there twice`, at, 'AppleDoubleEntry.id');
    if (offset < Header.size + table.length || length > disk.size - offset) {
      throw damaged(`entry ${id} does not lie in the file`, at + 4, 'AppleDoubleEntry.offset');
    }
    found.set(id, { offset, length });
  }
  return found;
}

/** The fork that Darwin writes where there is none: 286 bytes that say so. */
async function isBlankFork(disk: Disk, { offset, length }: Range): Promise<boolean> {
  if (length !== 286) return false;
  const text = new TextDecoder('latin1').decode(await disk.read(offset + 16, 43));
  return text === 'This resource fork intentionally left blank';
}

async function readAttributes(disk: Disk, entry: Range): Promise<Map<string, Disk>> {
  const found = new Map<string, Disk>();
  const start = entry.offset + FINDER_INFO_SIZE + 2;
  const end = entry.offset + entry.length;
  if (end - start < AttributeHeader.size) return found;
  const block = await disk.read(start, Math.min(end - start, HEADER_LIMIT));
  const header = AttributeHeader.read(block, 0, start);
  // Finder info may be padded with zeros instead.
  if (header.magic !== ATTRIBUTE_MAGIC) return found;
  let at = AttributeHeader.size;
  for (let index = 0; index < header.attributeCount; index++) {
    const { offset, length, nameLength } = AttributeEntry.read(block, at, start);
    const name = readName(block, at + AttributeEntry.size, nameLength, start);
    if (found.has(name)) throw damaged(`attribute ${JSON.stringify(name)} is there twice`, start + at, 'AttributeEntry');
    if (offset < start + AttributeHeader.size || offset > end || length > end - offset) {
      throw damaged(`the value of ${JSON.stringify(name)} does not lie in its block`, start + at, 'AttributeEntry.offset');
    }
    found.set(name, sliceDisk(disk, offset, length));
    at = align4(at + AttributeEntry.size + nameLength);
  }
  return found;
}

function readName(block: Uint8Array, at: number, length: number, start: number): string {
  const bytes = block.subarray(at, at + length - 1);
  if (length < 2 || at + length > block.length || block[at + length - 1] !== 0 || bytes.includes(0)) {
    throw damaged('an attribute’s name does not end with its NUL', start + at, 'AttributeEntry.nameLength');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damaged('an attribute’s name is not UTF-8', start + at, 'AttributeEntry.name');
  }
}

/**
 * An AppleDouble file as Darwin lays it out; values and fork are read when the file is read.
 * @throws DisksealError `E_UNSUPPORTED` for a name that is empty or too long, or values that do not fit
 */
export function writeAppleDouble({ finderInfo, resourceFork, xattrs }: AppleDouble): Disk {
  const names = [...xattrs.keys()].sort(compare).map((name) => ({ name, bytes: encodeName(name), value: xattrs.get(name)! }));
  const entriesSize = names.reduce((sum, { bytes }) => sum + align4(AttributeEntry.size + bytes.length), 0);
  const withAttributes = names.length > 0;
  const dataStart = withAttributes ? ATTRIBUTES_AT + AttributeHeader.size + entriesSize : ATTRIBUTES_AT - 2;
  const dataLength = names.reduce((sum, { value }) => sum + value.size, 0);
  const forkStart = dataStart + dataLength;
  if (forkStart + (resourceFork?.size ?? 0) > 0xffff_ffff)
    throw new DisksealError('E_UNSUPPORTED', 'attributes and resource fork do not fit an AppleDouble file (4 GiB)');

  const head = new Uint8Array(dataStart);
  Header.write({ magic: MAGIC, version: VERSION, filler: new TextEncoder().encode('Mac OS X        '), entryCount: 2 }, head);
  const finderStart = Header.size + 2 * Descriptor.size;
  Descriptor.write({ id: ENTRY_FINDER_INFO, offset: finderStart, length: forkStart - finderStart }, head, Header.size);
  Descriptor.write({ id: ENTRY_RESOURCE_FORK, offset: forkStart, length: resourceFork?.size ?? 0 }, head, Header.size + Descriptor.size);
  if (finderInfo) head.set(finderInfo, finderStart);
  if (withAttributes) {
    const header = { magic: ATTRIBUTE_MAGIC, totalSize: forkStart, dataStart, dataLength, attributeCount: names.length };
    AttributeHeader.write(header, head, ATTRIBUTES_AT);
    let at = ATTRIBUTES_AT + AttributeHeader.size;
    let offset = dataStart;
    for (const { bytes, value } of names) {
      AttributeEntry.write({ offset, length: value.size, nameLength: bytes.length }, head, at);
      head.set(bytes, at + AttributeEntry.size);
      at = align4(at + AttributeEntry.size + bytes.length);
      offset += value.size;
    }
  }
  return joinDisks([bytesDisk(head), ...names.map(({ value }) => value), ...(resourceFork ? [resourceFork] : [])]);
}

/** The name in UTF-8 with its NUL. */
function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > XATTR_NAME_LIMIT || name.includes('\0')) {
    throw new DisksealError(
      'E_UNSUPPORTED',
      `${JSON.stringify(name)} cannot be an attribute’s name: 1 to ${XATTR_NAME_LIMIT} bytes without NUL`,
    );
  }
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  return ended;
}

function align4(value: number): number {
  return (value + 3) & ~3;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function damaged(message: string, offset: number, field: string): DisksealError {
  return new DisksealError('E_READ', `not a sound AppleDouble file: ${message}`, { offset, field });
}
