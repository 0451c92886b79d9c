/** The raw view: what names bytes, merged in the order of the file, and every byte that nothing names as a gap. */
import type { Disk } from '../../core/disk.ts';
import { type RawField, toHex } from '../../core/struct.ts';
import { counted } from './printable.ts';

/** Bytes shown of a field or gap. */
const SHOWN = 12;
const PIECE = 1 << 20;
/** Bytes of a gap that are looked through: a small hostile image can stand for a disk of many terabytes. */
const SEARCHED = 256 << 20;
const LONGEST_VALUE = 80;

/** The fields of several ordered sources in one order. */
export async function* merged(...sources: (AsyncIterable<RawField> | Iterable<RawField>)[]): AsyncGenerator<RawField> {
  const lanes = [];
  for (const source of sources) {
    const fields = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    lanes.push({ fields, next: await fields.next() });
  }
  for (;;) {
    let first: (typeof lanes)[number] | undefined;
    for (const lane of lanes) {
      if (!lane.next.done && (!first || lane.next.value.offset < (first.next.value as RawField).offset)) first = lane;
    }
    if (!first) return;
    yield first.next.value as RawField;
    first.next = await first.fields.next();
  }
}

/** Adds a field labelled `gap` wherever no field names the bytes, to the disk's end. Reads the gaps. */
export async function* withGaps(disk: Disk, fields: AsyncIterable<RawField>): AsyncGenerator<RawField> {
  let end = 0;
  for await (const field of fields) {
    if (field.offset > end) yield await gap(disk, end, field.offset);
    yield field;
    end = Math.max(end, field.offset + (field.length ?? field.bytes.length));
  }
  if (end < disk.size) yield await gap(disk, end, disk.size);
}

async function gap(disk: Disk, from: number, to: number): Promise<RawField> {
  const bytes = await disk.read(from, Math.min(to - from, SHOWN));
  const zero = await isZero(disk, from, to);
  return {
    offset: from,
    bytes,
    length: to - from,
    label: 'gap',
    value: `${counted(to - from, 'byte')}${zero ? ', all zero' : ''}`,
    note: '',
  };
}

/** False when that is not known after looking for long. */
async function isZero(disk: Disk, from: number, to: number): Promise<boolean> {
  let searched = 0;
  for (const extent of disk.extents(from)) {
    if (extent.position >= to) break;
    if (extent.kind === 'zeros') continue;
    const [start, end] = [Math.max(from, extent.position), Math.min(to, extent.position + extent.length)];
    searched += end - start;
    if (searched > SEARCHED) return false;
    for (let at = start; at < end; at += PIECE) {
      const piece = await disk.read(at, Math.min(PIECE, end - at));
      if (piece.some((byte) => byte !== 0)) return false;
    }
  }
  return true;
}

/** Moves fields of a volume to their place on the disk around it. */
export async function* shifted(fields: AsyncIterable<RawField> | Iterable<RawField>, by: number): AsyncGenerator<RawField> {
  for await (const field of fields) yield { ...field, offset: field.offset + by };
}

/** Offset, bytes, label, value, note; the columns of docs and golden files. */
export function rawLine({ offset, bytes, length, label, value, note }: RawField): string {
  const shown = bytes.length > SHOWN || (length ?? bytes.length) > bytes.length;
  const hex = bytes.length === 0 ? '' : `${toHex(bytes.subarray(0, SHOWN))}${shown ? '…' : ''}`;
  // A checksum field of 128 bytes would push the note out of sight.
  const short = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  const columns = [offset.toString(16).padStart(8, '0'), hex.padEnd(2 * SHOWN + 1), label.padEnd(40), short.padEnd(20), note];
  return columns.join('  ').trimEnd();
}
