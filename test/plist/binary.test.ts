/** The judge is bplist-parser; what Python's plistlib wrote of the same values is held in bytes. */
import { parseBuffer } from 'bplist-parser';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { readBinaryPlist, writeBinaryPlist } from '../../src/formats/plist/binary-plist.ts';
import { readPlist } from '../../src/formats/plist/read.ts';
import type { PlistValue } from '../../src/formats/plist/value.ts';
import { writeXmlPlist } from '../../src/formats/plist/write-xml.ts';
import { plistValues } from './values.ts';

/** As the judge says it: integers and reals are numbers, bigints where a number would lose digits. */
function asJudged(value: PlistValue): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, asJudged(member)]));
  return Array.isArray(value) ? value.map(asJudged) : value;
}

/** `plistlib.dumps(value, fmt=plistlib.FMT_BINARY).hex()` of the value in the test that asks for it. */
const PYTHON =
  '62706c6973743030d501020304050607080912556279746573546461746557696e7465676572546c697374547265616c4f1014000102030405060708' +
  '090a0b0c0d0e0f101112133341c783b6928000001001a90a0b0c0d0e0f051011090813ffffffffffffffff10ff120001000014000000000000000080' +
  '000000000000006265e5672cd0233ff00000000000000813191e262b304750525c5d5e67696e7f848500000000000001010000000000000013000000' +
  '0000000000000000000000008e';

/** Objects become a whole list, the first of them the outermost; offsets and references have one byte. */
function listOf(
  objects: readonly (readonly number[])[],
  trailer: Partial<Record<'size' | 'refSize' | 'count' | 'top' | 'table', number>> = {},
) {
  const bytes = [...Buffer.from('bplist00')];
  const offsets = objects.map((object) => {
    const at = bytes.length;
    bytes.push(...object);
    return at;
  });
  const table = bytes.length;
  const end = new Uint8Array(32);
  end.set([trailer.size ?? 1, trailer.refSize ?? 1], 6);
  end[15] = trailer.count ?? objects.length;
  end[23] = trailer.top ?? 0;
  end[31] = trailer.table ?? table;
  return Uint8Array.from([...bytes, ...offsets, ...end]);
}

const codeOf = (bytes: Uint8Array): string => {
  try {
    readBinaryPlist(bytes);
    return 'accepted';
  } catch (error) {
    return error instanceof DisksealError ? error.code : `escaped: ${String(error)}`;
  }
};

describe('writing', () => {
  test('what is written is read back the same, reals as reals and integers as integers', () => {
    fc.assert(
      fc.property(plistValues, (value) => {
        expect(readBinaryPlist(writeBinaryPlist(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  test('bplist-parser reads the same', () => {
    fc.assert(
      fc.property(plistValues, (value) => {
        expect(parseBuffer(Buffer.from(writeBinaryPlist(value)))).toEqual([asJudged(value)]);
      }),
      { numRuns: 300 },
    );
  });

  test('byte for byte as plistlib of Python 3.11', () => {
    const value = new Map<string, PlistValue>([
      ['real', 1],
      ['integer', 1n],
      ['list', [true, false, -1n, 255n, 65_536n, 2n ** 63n, 'real', '\u65e5\u672c', new Map()]],
      ['bytes', Uint8Array.from({ length: 20 }, (_, index) => index)],
      ['date', new Date('2026-01-02T03:04:05Z')],
    ]);
    expect(Buffer.from(writeBinaryPlist(value)).toString('hex')).toBe(PYTHON);
  });

  test('the order of keys does not show, and equal strings are stored once', () => {
    const [one, other] = [
      new Map([
        ['a', 'x'],
        ['b', 'x'],
      ]),
      new Map([
        ['b', 'x'],
        ['a', 'x'],
      ]),
    ];
    expect(writeBinaryPlist(one)).toEqual(writeBinaryPlist(other));
    expect(Buffer.from(writeBinaryPlist(one)).toString('latin1').split('x').length).toBe(2);
  });

  test('more than 255 objects, and strings past every length that a marker holds', () => {
    const value = Array.from({ length: 70_000 }, (_, index) => BigInt(index));
    expect(readBinaryPlist(writeBinaryPlist(value))).toEqual(value);
    for (const length of [14, 15, 255, 256, 70_000]) {
      for (const text of ['a'.repeat(length), '\u00e9'.repeat(length)]) expect(readBinaryPlist(writeBinaryPlist(text))).toBe(text);
    }
  });

  test('half of a surrogate pair and endless nesting are refused', () => {
    expect(() => writeBinaryPlist('\ud800')).toThrow(expect.objectContaining({ code: 'E_PLIST' }));
    let nested: PlistValue = [];
    for (let depth = 0; depth < 64; depth++) nested = [nested];
    expect(() => writeBinaryPlist(nested)).toThrow(expect.objectContaining({ code: 'E_PLIST' }));
  });
});

describe('reading', () => {
  test('either form', () => {
    const value = new Map<string, PlistValue>([['a', [1n, 1, 'x']]]);
    expect(readPlist(writeBinaryPlist(value))).toEqual(value);
    expect(readPlist(writeXmlPlist(value))).toEqual(value);
  });

  test('what other makers write: small reals, wide integers, shared objects, references of two bytes', () => {
    expect(readBinaryPlist(listOf([[0x22, 0x3f, 0xc0, 0, 0]]))).toBe(1.5);
    expect(readBinaryPlist(listOf([[0x13, 0, 0, 0, 0, 0, 0, 0, 7]]))).toBe(7n);
    expect(readBinaryPlist(listOf([[0x14, ...new Uint8Array(16).fill(0xff)]]))).toBe(-1n);
    expect(
      readBinaryPlist(
        listOf([
          [0xa2, 1, 1],
          [0xa1, 2],
          [0x51, 0x61],
        ]),
      ),
    ).toEqual([['a'], ['a']]);
    expect(
      readBinaryPlist(
        listOf(
          [
            [0xa1, 0, 1],
            [0x51, 0x61],
          ],
          { refSize: 2 },
        ),
      ),
    ).toEqual(['a']);
    expect(readBinaryPlist(listOf([[0x5f, 0x10, 2, 0x61, 0x62]]))).toBe('ab');
  });

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a magic alone', new TextEncoder().encode('bplist00')],
    ['the next version', Uint8Array.from(listOf([[0x09]]), (byte, index) => (index === 7 ? 0x31 : byte))],
    ['no object', listOf([], { table: 8 })],
    ['an outermost object that is not there', listOf([[0x09]], { top: 1 })],
    ['a table that ends early', listOf([[0x09], [0x08]], { count: 1 })],
    ['a table that ends late', listOf([[0x09]], { count: 2 })],
    ['a table over the magic', listOf([[0x09]], { table: 7 })],
    ['entries of no size', listOf([[0x09]], { size: 0 })],
    ['references of nine bytes', listOf([[0x09]], { refSize: 9 })],
    ['an object in the table', listOf([[0xa1, 1], []])],
    ['a reference to nothing', listOf([[0xa1, 1]])],
    ['an array of itself', listOf([[0xa1, 0]])],
    [
      'a dictionary of itself',
      listOf([
        [0xd1, 1, 0],
        [0x51, 0x61],
      ]),
    ],
    [
      'a circle of three',
      listOf([
        [0xa1, 1],
        [0xa1, 2],
        [0xa1, 0],
      ]),
    ],
    ['null', listOf([[0x00]])],
    ['fill', listOf([[0x0f]])],
    ['a UID', listOf([[0x80, 1]])],
    ['a set', listOf([[0xc0]])],
    ['an integer of 32 bytes', listOf([[0x15, ...new Uint8Array(32)]])],
    ['an integer of 65 bits', listOf([[0x14, ...new Uint8Array(7), 1, ...new Uint8Array(8)]])],
    ['an integer cut short', listOf([[0x13, 0, 0]])],
    ['a real of two bytes', listOf([[0x21, 0, 0]])],
    ['a date of four bytes', listOf([[0x32, 0, 0, 0, 0]])],
    ['a date that is none', listOf([[0x33, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]])],
    ['a date past all years', listOf([[0x33, 0x7f, 0, 0, 0, 0, 0, 0, 0]])],
    ['ASCII that is none', listOf([[0x51, 0xe9]])],
    ['half of a pair', listOf([[0x61, 0xd8, 0]])],
    ['text that leaves the objects', listOf([[0x53, 0x61]])],
    ['a length that is no integer', listOf([[0x5f, 0x51, 0x61]])],
    ['a length without end', listOf([[0x4f, 0x13, 0x7f, ...new Uint8Array(7).fill(0xff)]])],
    ['a length below zero', listOf([[0x4f, 0x13, ...new Uint8Array(8).fill(0xff)]])],
    ['a key that is no string', listOf([[0xd1, 1, 1], [0x09]])],
    ['a key twice', listOf([[0xd2, 1, 1, 2, 2], [0x51, 0x61], [0x09]])],
    ['two keys that read the same', listOf([[0xd2, 1, 2, 3, 3], [0x51, 0x61], [0x61, 0, 0x61], [0x09]])],
    ['nesting without bound', listOf([...Array.from({ length: 100 }, (_, index) => [0xa1, index + 1]), [0x09]])],
    ['a web that doubles and doubles', listOf([...Array.from({ length: 60 }, (_, index) => [0xa2, index + 1, index + 1]), [0x09]])],
  ])('%s is E_PLIST', (_, bytes) => {
    expect(codeOf(bytes)).toBe('E_PLIST');
  });

  test('objects that share their bytes are refused: they would be copied without end', () => {
    // Each offset begins another datum of the same bytes.
    const inner = [0x4a, 0x49, 0x48, ...new Uint8Array(20)];
    const bytes = listOf([[0xa3, 1, 2, 3], inner, [], []]);
    bytes.set([12, 13, 14], bytes.length - 35);
    expect(codeOf(bytes)).toBe('E_PLIST');
  });

  test('the place of a fault counts from where the list begins in the image', () => {
    expect(() => readBinaryPlist(listOf([[0x09], [0x00]], { top: 1 }), 1000)).toThrow(expect.objectContaining({ offset: 1009 }));
  });

  test('every single byte changed: an answer or E_PLIST', () => {
    const bytes = writeBinaryPlist(new Map<string, PlistValue>([['a', [1n, 2, 'x', '\u00e9', Uint8Array.of(1)]]]));
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1]) {
        expect(codeOf(Uint8Array.from(bytes, (byte, index) => (index === at ? value : byte)))).toMatch(/accepted|E_PLIST/);
      }
    }
  });
});
