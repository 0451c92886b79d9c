/**
 * Binary property lists, `bplist00`. Source: CFBinaryPList.c of Apple's CF-1153 (names of the trailer, markers of the objects) and what
 * Python's plistlib writes, which comes out byte for byte. An object may be referred to from several places, as makers do with equal
 * strings; it is read once. Objects that nothing refers to are not looked at.
 * Left out on purpose: UIDs (they belong to keyed archives), null, fill bytes, sets, and the later versions `bplist1x`.
 */
import { DisksealError } from '../../core/errors.ts';
import { array, field, id64be, struct, u8 } from '../../core/struct.ts';
import type { PlistArray, PlistDict, PlistValue } from './value.ts';
import { isArray, isDict } from './value.ts';
import { byCodeUnits } from './write-xml.ts';

const MAGIC = new TextEncoder().encode('bplist00');
const MAX_DEPTH = 64;
/** As in XML, and counted once for each place where an object stands: what is small here must not be endless elsewhere. */
const MAX_VALUES = 100_000;
/** 2001-01-01T00:00:00Z, in milliseconds: from there the seconds of dates count. */
const EPOCH = Date.UTC(2001, 0, 1);
/** The years 0 to 9999, which XML can name too. */
const [FIRST_DATE, LAST_DATE] = [Date.UTC(-1, 12, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 999)];

const Trailer = struct(
  { name: 'CFBinaryPlistTrailer', size: 32, spec: 'CFBinaryPList.c' },
  {
    unused: field(array(u8, 5)),
    sortVersion: field(u8, 'not used'),
    offsetIntSize: field(u8, 'bytes of an entry in the offset table'),
    objectRefSize: field(u8, 'bytes of a reference to an object'),
    numObjects: field(id64be, 'entries in the offset table'),
    topObject: field(id64be, 'number of the outermost object'),
    offsetTableOffset: field(id64be, 'bytes from the start of the list'),
  },
);

/** The high half of an object's first byte. */
const INTEGER = 0x1;
const REAL = 0x2;
const DATE = 0x3;
const DATA = 0x4;
const ASCII = 0x5;
const UTF16 = 0x6;
const UID = 0x8;
const ARRAY = 0xa;
const DICT = 0xd;
const FALSE = 0x08;
const TRUE = 0x09;

export function isBinaryPlist(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * @param bytes - the whole list, its trailer at the very end; data are copied out of it
 * @param offset - where `bytes` begin in the image, for error messages
 * @throws DisksealError `E_PLIST`
 */
export function readBinaryPlist(bytes: Uint8Array, offset = 0): PlistValue {
  return new Reader(bytes, offset).top();
}

interface ReadObject {
  readonly value: PlistValue;
  /** Values in it and below, itself included. */
  readonly count: number;
}

interface OffsetTable {
  readonly start: number;
  /** Bytes of an entry, and entries. */
  readonly size: number;
  readonly count: number;
  readonly refSize: number;
  readonly top: number;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offset: number;
  readonly #table: OffsetTable;
  /** By number; undefined while it is being read. */
  readonly #objects = new Map<number, ReadObject | undefined>();
  /** Bytes of objects that are not read yet. Objects do not overlap, or a few bytes could be copied without end. */
  #left: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#offset = offset;
    if (!isBinaryPlist(bytes)) throw this.#fault('it does not begin with bplist00', 0);
    this.#table = this.#readTrailer();
    this.#left = this.#table.start - MAGIC.length;
  }

  /** The table fills the room between the objects and the trailer; its numbers lose precision only where they are out of every bound. */
  #readTrailer(): OffsetTable {
    const at = this.#bytes.length - Trailer.size;
    if (at <= MAGIC.length) throw this.#fault('it is cut short', 0);
    const trailer = Trailer.read(this.#bytes, at);
    const { offsetIntSize: size, objectRefSize: refSize } = trailer;
    const [count, top, start] = [Number(trailer.numObjects), Number(trailer.topObject), Number(trailer.offsetTableOffset)];
    if (size < 1 || size > 8 || refSize < 1 || refSize > 8) throw this.#fault('its trailer has numbers of an impossible size', at + 6);
    if (top >= count) throw this.#fault(`its outermost object is number ${top} of ${count}`, at + 16);
    if (start <= MAGIC.length || count * size !== at - start) throw this.#fault('its offset table does not end at the trailer', at + 24);
    return { start, size, refSize, count, top };
  }

  top(): PlistValue {
    return this.#object(this.#table.top, MAX_DEPTH, this.#bytes.length - 16).value;
  }

  /** @param from - where the reference stands */
  #object(number: number, depth: number, from: number): ReadObject {
    const known = this.#objects.get(number);
    if (known) return known;
    if (this.#objects.has(number)) throw this.#fault(`object ${number} contains itself`, from);
    if (number >= this.#table.count) throw this.#fault(`there is no object ${number}`, from);
    if (depth === 0) throw this.#fault(`nested more than ${MAX_DEPTH} deep`, from);
    const entry = this.#table.start + number * this.#table.size;
    const at = this.#unsigned(entry, this.#table.size);
    if (at < MAGIC.length || at >= this.#table.start) throw this.#fault(`object ${number} lies outside of the objects`, entry);
    this.#objects.set(number, undefined);
    const read = this.#read(at, depth);
    if (read.count > MAX_VALUES) throw this.#fault(`more than ${MAX_VALUES} values`, at);
    this.#objects.set(number, read);
    return read;
  }

  #read(at: number, depth: number): ReadObject {
    const marker = this.#bytes[at]!;
    switch (marker >>> 4) {
      case ARRAY:
        return this.#array(at, depth);
      case DICT:
        return this.#dict(at, depth);
      default:
        return { value: this.#scalar(marker, at), count: 1 };
    }
  }

  #scalar(marker: number, at: number): PlistValue {
    const low = marker & 15;
    switch (marker >>> 4) {
      case FALSE >>> 4:
        if (marker === TRUE || marker === FALSE) return marker === TRUE;
        break;
      case INTEGER:
        return this.#integer(low, at);
      case REAL:
        if (low === 2) return this.#view.getFloat32(this.#within(at + 1, 4));
        if (low === 3) return this.#view.getFloat64(this.#within(at + 1, 8));
        break;
      case DATE:
        if (low === 3) return this.#date(at);
        break;
      case DATA:
        return this.#content(at, 1).slice();
      case ASCII:
        return this.#ascii(at);
      case UTF16:
        return this.#utf16(at);
      case UID:
        throw this.#fault('it holds a UID, as keyed archives do', at);
    }
    throw this.#fault(`0x${marker.toString(16).padStart(2, '0')} is not a kind of object that property lists have`, at);
  }

  /** 1, 2 and 4 bytes have no sign, 8 have one; 16 are used for what 63 bits do not hold. */
  #integer(power: number, at: number): bigint {
    if (power > 4) throw this.#fault('not an integer of 64 bits', at);
    this.#within(at + 1, 2 ** power);
    if (power === 3) return this.#view.getBigInt64(at + 1);
    if (power < 3) return BigInt(this.#unsigned(at + 1, 2 ** power));
    const value = (this.#view.getBigInt64(at + 1) << 64n) + this.#view.getBigUint64(at + 9);
    if (value < -(2n ** 63n) || value >= 2n ** 64n) throw this.#fault('not an integer of 64 bits', at);
    return value;
  }

  #date(at: number): Date {
    const time = EPOCH + Math.round(this.#view.getFloat64(this.#within(at + 1, 8)) * 1000);
    if (!(time >= FIRST_DATE && time <= LAST_DATE)) throw this.#fault('not a date of the years 0 to 9999', at);
    return new Date(time);
  }

  #ascii(at: number): string {
    const bytes = this.#content(at, 1);
    if (bytes.some((byte) => byte > 0x7f)) throw this.#fault('a string of ASCII has other characters', at);
    return new TextDecoder().decode(bytes);
  }

  #utf16(at: number): string {
    const bytes = this.#content(at, 2);
    try {
      return new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw this.#fault('a string has half of a surrogate pair', at, cause);
    }
  }

  #array(at: number, depth: number): ReadObject {
    const { start, count } = this.#extent(at, this.#table.refSize);
    const items: PlistValue[] = [];
    let total = 1;
    for (let index = 0; index < count && total <= MAX_VALUES; index++) {
      const item = this.#reference(start, index, depth);
      items.push(item.value);
      total += item.count;
    }
    return { value: items, count: total };
  }

  /** All keys stand before all values. */
  #dict(at: number, depth: number): ReadObject {
    const { start, count } = this.#extent(at, 2 * this.#table.refSize);
    const dict = new Map<string, PlistValue>();
    let total = 1;
    for (let index = 0; index < count && total <= MAX_VALUES; index++) {
      const key = this.#reference(start, index, depth).value;
      if (typeof key !== 'string') throw this.#fault('a key is not a string', start);
      if (dict.has(key)) throw this.#fault(`the key ${JSON.stringify(key)} appears twice`, start);
      const member = this.#reference(start, count + index, depth);
      dict.set(key, member.value);
      total += member.count;
    }
    return { value: dict, count: total };
  }

  #reference(start: number, index: number, depth: number): ReadObject {
    const at = start + index * this.#table.refSize;
    return this.#object(this.#unsigned(at, this.#table.refSize), depth - 1, at);
  }

  #content(at: number, unit: number): Uint8Array {
    const { start, count } = this.#extent(at, unit);
    return this.#bytes.subarray(start, start + count * unit);
  }

  /** The count in the low half of the marker or, when that is 15, in an integer behind it. */
  #extent(at: number, unit: number): { start: number; count: number } {
    let start = at + 1;
    let count = this.#bytes[at]! & 15;
    if (count === 15) {
      const marker = this.#bytes[this.#within(start, 1)]!;
      const width = 2 ** (marker & 15);
      if (marker >>> 4 !== INTEGER || width > 8) throw this.#fault('a length is not an integer', start);
      this.#within(start + 1, width);
      count = this.#unsigned(start + 1, width);
      start += 1 + width;
    }
    this.#within(start, count * unit);
    this.#left -= count * unit;
    if (this.#left < 0) throw this.#fault('its objects overlap', at);
    return { start, count };
  }

  /** Objects end before the offset table. */
  #within(at: number, length: number): number {
    if (at + length > this.#table.start) throw this.#fault(`${length} bytes leave the objects`, at);
    return at;
  }

  /** Values past 2^53 lose precision, and are past every bound all the same. */
  #unsigned(at: number, size: number): number {
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + this.#bytes[at + index]!;
    return value;
  }

  #fault(message: string, at: number, cause?: unknown): DisksealError {
    return new DisksealError('E_PLIST', `not a binary property list: ${message}`, { offset: this.#offset + at, cause });
  }
}

/**
 * The same value gives the same bytes: keys are sorted by code units, equal values that are no arrays or dictionaries are stored once.
 * Reals have 8 bytes, integers as few as hold them.
 * @throws DisksealError `E_PLIST` for a string with half of a surrogate pair
 */
export function writeBinaryPlist(value: PlistValue): Uint8Array {
  const objects = new Objects();
  const top = objects.add(value, MAX_DEPTH);
  return objects.write(top);
}

/** A scalar's bytes, or the numbers of the objects in an array or dictionary behind its marker. */
type Encoded = Uint8Array | { readonly head: Uint8Array; readonly references: readonly number[] };

/** Numbered as they are met from the outside in: a container, then all of its keys, then its values. */
class Objects {
  readonly #encoded: Encoded[] = [];
  readonly #scalars = new Map<string, number>();

  add(value: PlistValue, depth: number): number {
    if (depth === 0) throw new DisksealError('E_PLIST', `a property list is nested more than ${MAX_DEPTH} deep`);
    if (isArray(value)) return this.#container(head(ARRAY, value.length), value, depth);
    if (isDict(value)) {
      const keys = [...value.keys()].sort(byCodeUnits);
      return this.#container(head(DICT, keys.length), [...keys, ...keys.map((key) => value.get(key)!)], depth);
    }
    const bytes = encodeScalar(value);
    const name = latin1(bytes);
    const number = this.#scalars.get(name) ?? this.#encoded.push(bytes) - 1;
    this.#scalars.set(name, number);
    return number;
  }

  #container(start: Uint8Array, members: readonly PlistValue[], depth: number): number {
    const references: number[] = [];
    const number = this.#encoded.push({ head: start, references }) - 1;
    for (const member of members) references.push(this.add(member, depth - 1));
    return number;
  }

  write(topObject: number): Uint8Array {
    const count = this.#encoded.length;
    const objectRefSize = byteWidth(count);
    const parts: Uint8Array[] = [MAGIC];
    const offsets: number[] = [];
    let length = MAGIC.length;
    for (const encoded of this.#encoded) {
      const pieces = encoded instanceof Uint8Array ? [encoded] : [encoded.head, numbers(encoded.references, objectRefSize)];
      offsets.push(length);
      parts.push(...pieces);
      length += pieces.reduce((sum, { length: piece }) => sum + piece, 0);
    }
    const offsetIntSize = byteWidth(length);
    const trailer = {
      offsetIntSize,
      objectRefSize,
      numObjects: BigInt(count),
      topObject: BigInt(topObject),
      offsetTableOffset: BigInt(length),
    };
    return joined([...parts, numbers(offsets, offsetIntSize), Trailer.write(trailer)]);
  }
}

/** Bytes that hold every number up to `largest`. */
function byteWidth(largest: number): number {
  return largest < 2 ** 8 ? 1 : largest < 2 ** 16 ? 2 : 4;
}

function numbers(values: readonly number[], width: number): Uint8Array {
  const bytes = new Uint8Array(values.length * width);
  values.forEach((value, index) => {
    for (let place = 0; place < width; place++) bytes[index * width + place] = value / 256 ** (width - 1 - place);
  });
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeScalar(value: Exclude<PlistValue, PlistArray | PlistDict>): Uint8Array {
  if (typeof value === 'boolean') return Uint8Array.of(value ? TRUE : FALSE);
  if (typeof value === 'bigint') return encodeInteger(value);
  if (typeof value === 'number') return encodeDouble(REAL, value);
  if (typeof value === 'string') return encodeString(value);
  if (value instanceof Uint8Array) return joined([head(DATA, value.length), value]);
  return encodeDouble(DATE, (value.getTime() - EPOCH) / 1000);
}

function encodeInteger(value: bigint): Uint8Array {
  const power = value < 0n ? 3 : value < 1n << 8n ? 0 : value < 1n << 16n ? 1 : value < 1n << 32n ? 2 : value < 1n << 63n ? 3 : 4;
  const bytes = new Uint8Array(1 + 2 ** power);
  bytes[0] = (INTEGER << 4) | power;
  for (let at = bytes.length - 1, rest = value; at > 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  return bytes;
}

function encodeDouble(kind: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (kind << 4) | 3;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function encodeString(text: string): Uint8Array {
  // oxlint-disable-next-line no-control-regex -- ASCII is what the format calls it, control characters included
  if (/^[\0-\x7f]*$/.test(text)) return joined([head(ASCII, text.length), new TextEncoder().encode(text)]);
  if (/\p{Surrogate}/u.test(text)) throw new DisksealError('E_PLIST', `${JSON.stringify(text)} has half of a surrogate pair`);
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return joined([head(UTF16, text.length), numbers(units, 2)]);
}

/** A marker, and the count behind it where four bits do not hold it. */
function head(kind: number, count: number): Uint8Array {
  if (count < 15) return Uint8Array.of((kind << 4) | count);
  return joined([Uint8Array.of((kind << 4) | 15), encodeInteger(BigInt(count))]);
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
