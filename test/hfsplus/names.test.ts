import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkAttributeName,
  compareBinary,
  compareFolded,
  decompose,
  foldKey,
  storedName,
  toPosix,
  toStored,
} from '../../src/formats/filesystems/hfsplus/names.ts';

const anyUnits = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0x300, max: 0x370 })))
  .map((units) => String.fromCharCode(...units));

describe('decomposition', () => {
  it.each([
    ['é', 'e\u0301'],
    ['한', '\u1112\u1161\u11ab'],
    ['\u1e69', 's\u0323\u0307'], // two marks, in canonical order
    ['\u01d6', 'u\u0308\u0304'], // a decomposition that decomposes again
    ['\u037e', ';'], // a singleton
    ['\u0340', '\u0300'],
  ])('takes %j apart', (composed, decomposed) => {
    expect(decompose(composed)).toBe(decomposed);
  });

  it.each([
    '\u212b',
    '\u2126',
    '\u2260',
    '\u2adc',
    '\uf900',
    '\ufa0e',
    '\u1b06',
    '\u1b43',
    '\u{2f800}',
    '\u{1d15e}',
    '😀',
    '\ud800',
    '\udc00x',
  ])('leaves %j as it is', (name) => {
    expect(decompose(name)).toBe(name);
  });

  it('orders marks by the classes of Unicode 3.2', () => {
    expect(decompose('a\u0301\u0323')).toBe('a\u0323\u0301');
    expect(decompose('a\u0345\u0301\u0327')).toBe('a\u0327\u0301\u0345');
    expect(decompose('\u00e9\u0323')).toBe('e\u0323\u0301');
    expect(decompose('a\u0301\u0300')).toBe('a\u0301\u0300');
    // U+0358 came with Unicode 4.1: it stays, and no mark passes it.
    expect(decompose('a\u0301\u0358\u0323')).toBe('a\u0301\u0358\u0323');
  });

  it('is the same table on every platform', () => {
    const hash = createHash('sha256');
    for (let unit = 0; unit < 0x10000; unit++) {
      const name = decompose(String.fromCharCode(unit));
      hash.update(`${unit}:${Array.from({ length: name.length }, (_, index) => name.charCodeAt(index)).join()};`);
    }
    expect(hash.digest('hex')).toBe('eb5fb733f178e65f80067ee5ece1d6680aca4a7252a09640050fc644b5818b4f');
  });

  it('is idempotent', () => {
    fc.assert(fc.property(anyUnits, (name) => decompose(decompose(name)) === decompose(name)));
  });
});

describe('stored names', () => {
  it('swap ":" and "/", NUL and its picture', () => {
    expect(toStored('a:b\u2400')).toBe('a/b\0');
    expect(toPosix('a/b\0')).toBe('a:b\u2400');
    expect(toStored('\u2400\u2400\u2400\u2400HFS+ Private Data')).toBe('\0\0\0\0HFS+ Private Data');
  });

  it('come back from POSIX as they were', () => {
    fc.assert(fc.property(anyUnits, (name) => toStored(toPosix(toStored(name))) === toStored(name)));
  });

  it('have 255 units at most, counted when decomposed', () => {
    expect(storedName('é'.repeat(127), 'p')).toHaveLength(254);
    expect(storedName('x'.repeat(255), 'p')).toHaveLength(255);
    expect(() => storedName('é'.repeat(128), 'dir/name')).toThrowError(expect.objectContaining({ code: 'E_HFSPLUS', path: 'dir/name' }));
    expect(() => storedName('😀'.repeat(128), 'p')).toThrow('256 UTF-16 units');
  });

  it.each(['', '.', '..', 'a/b', 'a\0b'])('are not made of %j', (name) => {
    expect(() => storedName(name, 'p')).toThrowError(expect.objectContaining({ code: 'E_HFSPLUS' }));
  });

  it('limit attribute names to 127 units', () => {
    checkAttributeName('x'.repeat(127), 'p');
    for (const name of ['x'.repeat(128), '', 'a\0']) expect(() => checkAttributeName(name, 'p')).toThrow();
  });
});

describe('order', () => {
  it('folds case by the table, not by the platform', () => {
    const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    expect(units.filter((unit) => foldKey(unit) !== unit)).toHaveLength(329);
    expect(units.filter((unit) => foldKey(unit) === '')).toHaveLength(16);
    expect(
      units.filter((unit) => decompose(unit) === unit && unit !== '\0' && foldKey(unit) !== unit.toLowerCase()).length,
    ).toBeGreaterThan(500);
  });

  it.each([
    ['README', 'readme', 0],
    ['ÆØ', 'æø', 0],
    ['ΣΩ', 'σω', 0],
    ['ДЖ', 'дж', 0],
    ['Ⅷ', 'ⅷ', 0],
    ['a\u200d\ufeffb', 'AB', 0],
    ['ẞ', 'ß', 1], // not in the table
    ['Ā', 'ā', -1], // stored, this is never composed
    ['a', 'b', -1],
    ['a', 'ab', -1],
    ['Z', '_', 1], // folded to "z", which lies above "_"
    ['\0', '\ufffe', 1], // NUL sorts last
    ['\ud83d\ude00', '\uff5e', -1], // by units, not by code points
  ])('of %j and %j on HFS+', (a, b, sign) => {
    expect(Math.sign(compareFolded(a, b))).toBe(sign);
    expect(Math.sign(compareFolded(b, a)) + sign).toBe(0);
  });

  it('of HFSX is by units', () => {
    expect(compareBinary('Z', 'a')).toBe(-1);
    expect(compareBinary('a', 'a')).toBe(0);
    expect(compareBinary('a', 'ab')).toBe(-1);
    expect(compareBinary('\ud83d\ude00', '\uff5e')).toBe(-1);
  });

  it('takes the fast way for ASCII without changing the answer', () => {
    const ascii = Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1));
    for (const unit of ascii) expect(foldKey(unit)).toBe(foldKey(`${unit}é`).slice(0, 1));
  });
});
