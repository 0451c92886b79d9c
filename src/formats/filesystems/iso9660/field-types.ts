/**
 * How ISO 9660 writes numbers, texts and dates. Source: ECMA-119 (2nd edition) sections 7.2.3, 7.3.3, 8.4.26.1 and 9.1.5.
 * A date in local time stands beside its offset from GMT; what is written here is GMT.
 */
import { DisksealError } from '../../../core/errors.ts';
import { bytes, type FieldType } from '../../../core/struct.ts';

/** 7.2.3: both byte orders, the little one first. Readers choose either, so two that differ are two contents: refused. */
export const u16both: FieldType<number> = both(2, 'getUint16', 'setUint16');
/** 7.3.3 */
export const u32both: FieldType<number> = both(4, 'getUint32', 'setUint32');

function both(half: number, get: 'getUint16' | 'getUint32', set: 'setUint16' | 'setUint32'): FieldType<number> {
  return {
    size: 2 * half,
    zero: 0,
    read(view, at) {
      const value = view[get](at, true);
      const other = view[get](at + half, false);
      if (value !== other) throw new DisksealError('E_ISO9660', `it is ${value} in one byte order and ${other} in the other`);
      return value;
    },
    write(view, at, value) {
      view[set](at, value, true);
      view[set](at + half, value, false);
    },
    show: String,
  };
}

/** Text in the character set of its descriptor: kept as bytes, shown as ASCII. */
export function text(size: number): FieldType<Uint8Array> {
  const plain = bytes(size);
  return { ...plain, show: (value) => JSON.stringify(String.fromCharCode(...value).replace(/[\0 ]+$/, '')) };
}

/** 9.1.5: seven bytes. Unix seconds; undefined for "not recorded", and for what is no date. */
export const recordedDate: FieldType<number | undefined> = {
  size: 7,
  zero: undefined,
  read(view, at) {
    const [year, month, day, hour, minute, second] = [0, 1, 2, 3, 4, 5].map((index) => view.getUint8(at + index));
    return unixTime([1900 + year!, month!, day!, hour!, minute!, second!], view.getInt8(at + 6));
  },
  write(view, at, value) {
    for (const [index, part] of recordedParts(value).entries()) view.setUint8(at + index, part);
  },
  show: showDate,
};

/** 8.4.26.1: sixteen digits, hundredths of a second among them, and the offset from GMT. */
export const descriptorDate: FieldType<number | undefined> = {
  size: 17,
  zero: undefined,
  read(view, at) {
    const digits = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, 16));
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)?.slice(1).map(Number);
    const seconds = parts && unixTime(parts.slice(0, 6), view.getInt8(at + 16));
    return seconds === undefined ? undefined : seconds + parts![6]! / 100;
  },
  write(view, at, value) {
    const digits = value === undefined ? '0'.repeat(16) : digitsOf(value);
    for (let index = 0; index < 16; index++) view.setUint8(at + index, digits.charCodeAt(index));
    view.setInt8(at + 16, 0);
  },
  show: showDate,
};

/** The first and the last whole second that a recorded date can hold: 1900-01-01T00:00:00Z, 2155-12-31T23:59:59Z. */
export const FIRST_SECOND = Date.UTC(1900, 0, 1) / 1000;
export const LAST_SECOND = Date.UTC(2156, 0, 1) / 1000 - 1;

function unixTime(parts: readonly number[], quarters: number): number | undefined {
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return utc(year, month, day) / 1000 + hour * 3600 + minute * 60 + second - quarters * 900;
}

function utc(year: number, month: number, day: number): number {
  // Date.UTC takes years below 100 for those of the last century.
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

function recordedParts(value: number | undefined): number[] {
  if (value === undefined) return [0, 0, 0, 0, 0, 0, 0];
  const date = new Date(value * 1000);
  const day = [date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate()];
  return [...day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0];
}

function digitsOf(value: number): string {
  const date = new Date(Math.floor(value) * 1000);
  const hundredths = Math.floor((value - Math.floor(value)) * 100);
  return (
    date
      .toISOString()
      .replace(/\.\d+Z$/, '')
      .replace(/\D/g, '') + String(hundredths).padStart(2, '0')
  );
}

function showDate(value: number | undefined): string {
  return value === undefined ? 'not recorded' : new Date(value * 1000).toISOString().replace('.000Z', 'Z');
}
