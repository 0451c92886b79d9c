/**
 * Binary structures declared once, as data: one declaration reads, writes and prints.
 * The sum of the fields is checked against the declared size when the module loads.
 */
import { checkRange } from './disk.ts';
import { assert, DisksealError } from './errors.ts';

/** How a value of type T lies in bytes. */
export interface FieldType<T> {
  readonly size: number;
  /** What a field left out of `write` becomes. */
  readonly zero: T;
  read(view: DataView, at: number): T;
  write(view: DataView, at: number, value: T): void;
  show(value: T): string;
}

export interface Field<T> {
  readonly type: FieldType<T>;
  readonly note: string;
}

export type ValueOf<Fields> = { -readonly [K in keyof Fields]: Fields[K] extends Field<infer T> ? T : never };

/** One line of a raw view. */
export interface RawField {
  /** Bytes from the start of the image. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Bytes that the field names where that is more than `bytes` shows: a stretch that is named as a whole. */
  readonly length?: number | undefined;
  /** As in `KolyTrailer.signature`. */
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

export interface Struct<Fields extends Record<string, Field<unknown>>> {
  readonly name: string;
  readonly size: number;
  readonly spec: string;
  readonly fields: Fields;
  /** @param offset - where `bytes` begin in the image, for error messages */
  read(bytes: Uint8Array, at?: number, offset?: number): ValueOf<Fields>;
  /** Fields left out are zero. Writes into `into` at `at` when given, else into new bytes. */
  write(value: Partial<ValueOf<Fields>>, into?: Uint8Array, at?: number): Uint8Array;
  /** The raw view of one structure. @param offset - where `bytes` begin in the image */
  describe(bytes: Uint8Array, at?: number, offset?: number): RawField[];
}

export function field<T>(type: FieldType<T>, note = ''): Field<T> {
  return { type, note };
}

export function struct<Fields extends Record<string, Field<unknown>>>(
  about: { name: string; size: number; spec: string },
  fields: Fields,
): Struct<Fields> {
  const { name, size, spec } = about;
  const layout = place(fields);
  const sum = layout.reduce((total, { type }) => total + type.size, 0);
  assert(sum === size, `${name} declares ${size} bytes, its fields have ${sum}`);

  return {
    name,
    size,
    spec,
    fields,
    read(bytes, at = 0, offset = 0) {
      within(bytes, at, size, name, offset);
      const view = viewOf(bytes);
      const value: Record<string, unknown> = {};
      for (const part of layout) value[part.key] = readField(part, view, at, name, offset);
      return value as ValueOf<Fields>;
    },
    write(value, into = new Uint8Array(size), at = 0) {
      checkRange(into.length, at, size, name);
      const view = viewOf(into);
      const given = value as Record<string, unknown>;
      for (const { key, type, start } of layout) type.write(view, at + start, given[key] ?? type.zero);
      return into;
    },
    describe(bytes, at = 0, offset = 0) {
      within(bytes, at, size, name, offset);
      const view = viewOf(bytes);
      return layout.map((part) => ({
        offset: offset + at + part.start,
        bytes: bytes.subarray(at + part.start, at + part.start + part.type.size),
        label: `${name}.${part.key}`,
        value: showField(part, view, at),
        note: part.note,
      }));
    },
  };
}

interface PlacedField {
  readonly key: string;
  readonly type: FieldType<unknown>;
  readonly note: string;
  readonly start: number;
}

function place(fields: Record<string, Field<unknown>>): PlacedField[] {
  let start = 0;
  return Object.entries(fields).map(([key, { type, note }]) => {
    const placed = { key, type, note, start };
    start += type.size;
    return placed;
  });
}

function within(bytes: Uint8Array, at: number, size: number, name: string, offset: number): void {
  if (at >= 0 && size <= bytes.length - at) return;
  throw new DisksealError('E_TRUNCATED', `${name} needs ${size} bytes, ${Math.max(0, bytes.length - at)} are left`, {
    offset: offset + Math.max(0, at),
    field: name,
  });
}

function readField({ key, type, start }: PlacedField, view: DataView, at: number, name: string, offset: number): unknown {
  try {
    return type.read(view, at + start);
  } catch (error) {
    if (error instanceof DisksealError) throw error.with({ field: `${name}.${key}`, offset: offset + at + start });
    throw error;
  }
}

function showField({ type, start }: PlacedField, view: DataView, at: number): string {
  try {
    return type.show(type.read(view, at + start));
  } catch {
    return 'out of range';
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Getter = 'getUint8' | 'getInt8' | 'getUint16' | 'getInt16' | 'getUint32' | 'getInt32';

function integer(size: number, getter: Getter, littleEndian: boolean): FieldType<number> {
  const setter = getter.replace('get', 'set') as 'setUint32';
  return {
    size,
    zero: 0,
    read: (view, at) => view[getter](at, littleEndian),
    write: (view, at, value) => view[setter](at, value, littleEndian),
    show: String,
  };
}

export const u8 = integer(1, 'getUint8', false);
export const i8 = integer(1, 'getInt8', false);
export const u16be = integer(2, 'getUint16', false);
export const i16be = integer(2, 'getInt16', false);
export const u32be = integer(4, 'getUint32', false);
export const u16le = integer(2, 'getUint16', true);
export const u32le = integer(4, 'getUint32', true);
export const i32le = integer(4, 'getInt32', true);

function wide(littleEndian: boolean): FieldType<number> {
  return {
    size: 8,
    zero: 0,
    read(view, at) {
      const value = view.getBigUint64(at, littleEndian);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DisksealError('E_UNSUPPORTED', `${value} is more than 2^53-1`);
      return Number(value);
    },
    write: (view, at, value) => view.setBigUint64(at, BigInt(value), littleEndian),
    show: String,
  };
}

/** An offset or size: a number. Reading more than 2^53-1 is `E_UNSUPPORTED`. */
export const u64be = wide(false);
export const u64le = wide(true);

function wideId(littleEndian: boolean): FieldType<bigint> {
  return {
    size: 8,
    zero: 0n,
    read: (view, at) => view.getBigUint64(at, littleEndian),
    write: (view, at, value) => view.setBigUint64(at, value, littleEndian),
    show: (value) => `0x${value.toString(16).padStart(16, '0')}`,
  };
}

/** A 64-bit id or mask: a bigint. */
export const id64be = wideId(false);
export const id64le = wideId(true);

/** Plain bytes, copied out. */
export function bytes(size: number): FieldType<Uint8Array> {
  return {
    size,
    zero: new Uint8Array(size),
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size).slice(),
    write(view, at, value) {
      assert(value.length === size, `${value.length} bytes for a field of ${size}`);
      new Uint8Array(view.buffer, view.byteOffset + at, size).set(value);
    },
    show: (value) => (value.every((byte) => byte === 0) ? `${size} bytes, all zero` : toHex(value)),
  };
}

/** One byte a character, U+0000 to U+00FF, padded with NUL; read with the padding taken off. */
export function latin1(size: number): FieldType<string> {
  return {
    size,
    zero: '',
    read: (view, at) => String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, size)).replace(/\0+$/, ''),
    write(view, at, value) {
      assert(value.length <= size, `"${value}" does not fit ${size} bytes`);
      for (let index = 0; index < size; index++) view.setUint8(at + index, index < value.length ? value.charCodeAt(index) : 0);
    },
    show: (value) => JSON.stringify(value),
  };
}

/** `count` values one after the other. */
export function array<T>(type: FieldType<T>, count: number): FieldType<T[]> {
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    size: type.size * count,
    zero: indices.map(() => type.zero),
    read: (view, at) => indices.map((index) => type.read(view, at + index * type.size)),
    write(view, at, value) {
      for (const index of indices) type.write(view, at + index * type.size, value[index] ?? type.zero);
    },
    show: (value) => `[${value.map((item) => type.show(item)).join(', ')}]`,
  };
}

/** A structure inside another. */
export function nested<Fields extends Record<string, Field<unknown>>>(inner: Struct<Fields>): FieldType<ValueOf<Fields>> {
  const whole = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return {
    size: inner.size,
    zero: inner.read(new Uint8Array(inner.size)),
    read: (view, at) => inner.read(whole(view), at),
    write(view, at, value) {
      inner.write(value, whole(view), at);
    },
    show: (value) =>
      `{${Object.entries(inner.fields)
        .map(([key, { type }]) => `${key} ${type.show((value as Record<string, unknown>)[key])}`)
        .join(', ')}}`,
  };
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
