/**
 * The seal's area: header, content inventory, dressing inventory, leaf table, CMS, zero slack, footer, without gaps.
 * Specification: docs/seal-format.md section 4. Header and footer are pointers that nobody trusts: every one of their
 * bytes is also fixed by the statement, the container or the length of the DER.
 */
import { crc32 } from '../core/crc32.ts';
import { type Disk, readRange } from '../core/disk.ts';
import { assert, DisksealError } from '../core/errors.ts';
import { bytes, field, latin1, struct, u32be, u64be, type ValueOf } from '../core/struct.ts';
import type { Coverage } from './coverage.ts';

const MAGIC = latin1(8);

/** 64 bytes at the start and, with another magic, at the end of the area. */
export const AreaMark = struct(
  { name: 'AreaMark', size: 64, spec: 'docs/seal-format.md section 4.1' },
  {
    magic: field(MAGIC, 'DSEALHDR at the start, DSEALFTR at the end'),
    version: field(u32be, '1'),
    checksum: field(u32be, 'CRC-32 of this mark with the checksum as zero: tells damage, proves nothing'),
    areaSize: field(u64be, 'bytes of the whole area, a multiple of 2048'),
    contentLength: field(u64be, 'bytes of the content inventory, which follows the header'),
    dressingLength: field(u64be, 'bytes of the dressing inventory'),
    tableLength: field(u64be, 'bytes of the leaf table, 32 a leaf'),
    cmsLength: field(u64be, 'bytes of the CMS SignedData (DER)'),
    reserved: field(bytes(8), 'zero'),
  },
);
export type AreaMark = ValueOf<typeof AreaMark.fields>;

export const HEADER_MAGIC = 'DSEALHDR';
export const FOOTER_MAGIC = 'DSEALFTR';
const VERSION = 1;
const ALIGNMENT = 2048;
/** CMS and slack together have at least this, so that timestamps and co-signatures can come later. */
export const CMS_ROOM = 65_536;
/** The longest CMS that is read. Bytes. */
export const CMS_LIMIT = 1 << 20;

/** Where the parts stand, from the area's start. */
export interface AreaLayout {
  readonly size: number;
  readonly content: number;
  readonly dressing: number;
  readonly table: number;
  readonly cms: number;
  readonly footer: number;
}

interface PartLengths {
  readonly contentLength: number;
  readonly dressingLength: number;
  readonly tableLength: number;
}

/** The area's size for parts of these lengths, decided before anything is signed. */
export function areaSize({ contentLength, dressingLength, tableLength }: PartLengths): number {
  const needed = 2 * AreaMark.size + contentLength + dressingLength + tableLength + CMS_ROOM;
  return Math.ceil(needed / ALIGNMENT) * ALIGNMENT;
}

function layoutOf(size: number, { contentLength, dressingLength, tableLength }: PartLengths): AreaLayout {
  const content = AreaMark.size;
  const dressing = content + contentLength;
  const table = dressing + dressingLength;
  return { size, content, dressing, table, cms: table + tableLength, footer: size - AreaMark.size };
}

function encodeMark(magic: string, mark: Partial<AreaMark>): Uint8Array {
  const encoded = AreaMark.write({ ...mark, magic, version: VERSION, checksum: 0 });
  return AreaMark.write({ ...mark, magic, version: VERSION, checksum: crc32(encoded) });
}

export interface AreaParts {
  readonly content: Uint8Array;
  readonly dressing: Uint8Array;
  readonly table: Uint8Array;
  readonly cms: Uint8Array;
}

/** The finished area. @throws DisksealError `E_SEAL` when the CMS needs more room than there is */
export function encodeArea(size: number, parts: AreaParts): Uint8Array {
  const { content, dressing, table, cms } = parts;
  const lengths = { contentLength: content.length, dressingLength: dressing.length, tableLength: table.length };
  const layout = layoutOf(size, lengths);
  if (cms.length > Math.min(CMS_LIMIT, layout.footer - layout.cms)) {
    throw new DisksealError('E_SEAL', `signatures of ${cms.length} bytes do not fit the seal's room of ${layout.footer - layout.cms}`, {
      hint: 'use a shorter certificate path',
    });
  }
  const mark = { areaSize: size, ...lengths, cmsLength: cms.length };
  const area = new Uint8Array(size);
  area.set(encodeMark(HEADER_MAGIC, mark));
  area.set(content, layout.content);
  area.set(dressing, layout.dressing);
  area.set(table, layout.table);
  area.set(cms, layout.cms);
  area.set(encodeMark(FOOTER_MAGIC, mark), layout.footer);
  return area;
}

/** An area that was found: where its parts are. Nothing in it is believed yet. */
export interface Area {
  /** The image, or the file of a detached seal. */
  readonly disk: Disk;
  /** Bytes from the start of that disk. */
  readonly offset: number;
  readonly layout: AreaLayout;
  readonly mark: AreaMark;
}

/** A seal that was found, and what it must cover. */
export interface SealPlace {
  readonly area: Area;
  readonly coverage: Coverage;
  /** Bytes of Apple's signature frame, which sealed coordinates leave out; 0 when there is none, and for all but DMGs. */
  readonly appleFrame: number;
}

/**
 * Reads the marks of the area that ends at `end`. Whether the leaf table has the length that the image asks for is known
 * when it is known where the image ends.
 * @returns nothing when no footer stands there
 * @throws DisksealError `E_SEAL` when there is one and it is not exactly right, `E_READ`
 */
export async function findArea(image: Disk, end: number): Promise<Area | undefined> {
  if (end < 2 * AreaMark.size) return undefined;
  const footerOffset = end - AreaMark.size;
  const footer = await readRange(image, footerOffset, AreaMark.size, 'AreaMark');
  if (MAGIC.read(new DataView(footer.buffer, footer.byteOffset), 0) !== FOOTER_MAGIC) return undefined;
  const mark = readMark(footer, footerOffset);
  checkMark(footer, mark, footerOffset);
  const offset = end - mark.areaSize;
  const layout = layoutOf(mark.areaSize, mark);
  checkLayout(mark, layout, end);
  const header = await readRange(image, offset, AreaMark.size, 'AreaMark');
  if (!equal(header, encodeMark(HEADER_MAGIC, mark))) throw malformed('header and footer differ', offset);
  return { disk: image, offset, layout, mark };
}

function readMark(encoded: Uint8Array, offset: number): AreaMark {
  try {
    return AreaMark.read(encoded, 0, offset);
  } catch {
    throw malformed('the footer has a number beyond 2^53-1', offset);
  }
}

function checkMark(encoded: Uint8Array, mark: AreaMark, offset: number): void {
  if (mark.version !== VERSION) throw malformed(`version ${mark.version} is not known`, offset);
  if (!equal(encoded, encodeMark(FOOTER_MAGIC, mark))) throw malformed('the footer is damaged', offset);
  if (mark.reserved.some((byte) => byte !== 0)) throw malformed('reserved bytes of the footer are not zero', offset);
}

function checkLayout(mark: AreaMark, layout: AreaLayout, end: number): void {
  const at = end - AreaMark.size;
  if (mark.areaSize > end || mark.areaSize % ALIGNMENT !== 0) throw malformed(`an area of ${mark.areaSize} bytes cannot end here`, at);
  if (!(layout.cms <= layout.footer) || layout.footer - layout.cms < CMS_ROOM) throw malformed('the parts do not fit the area', at);
  if (mark.cmsLength === 0 || mark.cmsLength > Math.min(CMS_LIMIT, layout.footer - layout.cms)) {
    throw malformed(`a CMS of ${mark.cmsLength} bytes does not fit`, at);
  }
}

/** The CMS message of a seal, as it stands. */
export function readCms({ disk, offset, layout, mark }: Area): Promise<Uint8Array> {
  return readRange(disk, offset + layout.cms, mark.cmsLength, 'CMS');
}

/** Proves that nothing hides between CMS and footer. @throws DisksealError `E_SEAL` */
export async function checkSlack(area: Area): Promise<void> {
  const end = area.offset + area.layout.footer;
  for (let at = area.offset + area.layout.cms + area.mark.cmsLength; at < end; at += 1 << 20) {
    const slack = await readRange(area.disk, at, Math.min(1 << 20, end - at), 'slack');
    const found = slack.findIndex((byte) => byte !== 0);
    if (found >= 0) throw malformed('the slack after the signatures is not zero', at + found);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function malformed(message: string, offset: number): DisksealError {
  assert(Number.isSafeInteger(offset), 'an offset is a whole number');
  return new DisksealError('E_SEAL', `the seal is malformed: ${message}`, { offset });
}
