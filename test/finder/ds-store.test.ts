import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { compareFolded } from '../../src/formats/filesystems/hfsplus/names.ts';
import { readStore } from '../../src/formats/finder/ds-store/read.ts';
import type { StoreRecord } from '../../src/formats/finder/ds-store/record.ts';
import { writeStore } from '../../src/formats/finder/ds-store/write.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';

const place = (name: string): StoreRecord => ({ name, code: 'Iloc', data: { type: 'blob', value: new Uint8Array(16).fill(7) } });

const value: fc.Arbitrary<StoreRecord['data']> = fc.oneof(
  fc.boolean().map((flag) => ({ type: 'bool' as const, value: flag })),
  fc.nat(0xffff_ffff).map((number) => ({ type: 'long' as const, value: number })),
  fc.uint8Array({ maxLength: 1500 }).map((bytes) => ({ type: 'blob' as const, value: bytes })),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => ({ type: 'ustr' as const, value: text })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((number) => ({ type: 'dutc' as const, value: number })),
  fc.constant({ type: 'type' as const, value: 'icnv' }),
);
const records = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    code: fc.constantFrom('Iloc', 'bwsp', 'icvp', 'vSrn'),
    data: value,
  }),
  {
    maxLength: 300,
    selector: ({ name, code }) => `${code}${name}`,
    comparator: (a, b) => a.slice(0, 4) === b.slice(0, 4) && compareFolded(a.slice(4), b.slice(4)) === 0,
  },
);

describe('.DS_Store', () => {
  test('what is written is read again, in the order of names', () => {
    fc.assert(
      fc.property(records, (given) => {
        const read = readStore(writeStore(given, compareFolded));
        expect(read).toEqual(given.toSorted((a, b) => compareFolded(a.name, b.name) || (a.code < b.code ? -1 : 1)));
      }),
      { numRuns: 200 },
    );
  });
  test('a small one has the layout of other makers: the root at 800h, the tree at 20h, one page at 1000h', () => {
    const file = writeStore([place('a')], compareFolded);
    const view = new DataView(file.buffer);
    expect(file.length).toBe(8196);
    expect([0, 4, 8, 12, 16].map((at) => view.getUint32(at))).toEqual([1, 0x42756431, 0x800, 0x800, 0x800]);
    expect([0, 1, 2].map((block) => view.getUint32(4 + 0x800 + 8 + 4 * block))).toEqual([0x80b, 0x25, 0x100c]);
  });
  test('every byte of the space is in one block or one free list', () => {
    const many = Array.from({ length: 40_000 }, (_, index) => place(`file ${String(index).padStart(6, '0')}`));
    for (const count of [0, 1, 100, 1000, 40_000]) {
      const file = writeStore(many.slice(0, count), compareFolded);
      expect(spaceOf(file)).toEqual({ overlaps: 0, bytes: 2 ** 31 - 32 });
      expect(readStore(file)).toHaveLength(count);
    }
  });
  test('a record that fits no page, and one that is there twice, are refused', () => {
    const large: StoreRecord = { name: '.', code: 'icvp', data: { type: 'blob', value: new Uint8Array(4096) } };
    expect(() => writeStore([large], compareFolded)).toThrow(expect.objectContaining({ code: 'E_DS_STORE' }));
    expect(() => writeStore([place('A'), place('a')], compareFolded)).toThrow(/twice/);
  });
  const found = corpus('finder').filter(({ file }) => /DS_Store/.test(file));
  /** Not a store yet: the block that describes the tree is blank, a program fills it in. */
  const TEMPLATE = 'finder/appdmg-new_DS_Store';
  test.runIf(found.length > 0)('a template without a tree is refused', () => {
    expect(() => readStore(corpusBytes(TEMPLATE))).toThrow(expect.objectContaining({ code: 'E_DS_STORE' }));
  });
  test.each(found.map(({ file }) => file).filter((file) => file !== TEMPLATE))(
    '%s: the records are read, and come back from a store of our own',
    (file) => {
      const read = readStore(corpusBytes(file));
      expect(read.length).toBeGreaterThan(0);
      expect(readStore(writeStore(read, compareFolded))).toEqual(read);
    },
  );
  test('any changed byte: records, or an error of ours', () => {
    const file = writeStore(
      Array.from({ length: 200 }, (_, index) => place(`${index}`)),
      compareFolded,
    );
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const bytes = file.slice();
        bytes[at] = byte;
        try {
          readStore(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** Walks the root block as a stranger would: allocated blocks and free lists must tile the space. */
function spaceOf(file: Uint8Array): { overlaps: number; bytes: number } {
  const view = new DataView(file.buffer);
  const root = 4 + view.getUint32(8);
  const count = view.getUint32(root);
  const pieces: [number, number][] = [];
  for (let block = 0; block < count; block++) {
    const address = view.getUint32(root + 8 + 4 * block);
    pieces.push([address - (address & 31), 2 ** (address & 31)]);
  }
  let at = root + 8 + Math.ceil(count / 256) * 1024 + 13;
  for (let width = 0; width < 32; width++) {
    const length = view.getUint32(at);
    for (let index = 1; index <= length; index++) pieces.push([view.getUint32(at + 4 * index), 2 ** width]);
    at += 4 + 4 * length;
  }
  pieces.sort(([a], [b]) => a - b);
  const overlaps = pieces.filter(([start], index) => index > 0 && pieces[index - 1][0] + pieces[index - 1][1] > start).length;
  return { overlaps, bytes: pieces.reduce((sum, [, size]) => sum + size, 0) };
}
