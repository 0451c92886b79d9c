import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32, crc32Combine, crc32OfZeros } from '../../src/core/crc32.ts';

describe('CRC-32', () => {
  test('equals zlib on any bytes, in one part or two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (first, second) => {
        const both = Buffer.concat([first, second]);
        expect(crc32(both)).toBe(zlibCrc32(both));
        expect(crc32(second, crc32(first))).toBe(zlibCrc32(both));
        expect(crc32Combine(crc32(first), crc32(second), second.length)).toBe(zlibCrc32(both));
      }),
    );
  });

  test('of zeros', () => {
    for (const length of [0, 1, 7, 512, 1 << 20, 12_345_678]) expect(crc32OfZeros(length)).toBe(zlibCrc32(Buffer.alloc(length)));
  });

  test('lengths beyond 32 bits: combining many equals combining once', () => {
    const part = 3 * 2 ** 31;
    let crc = crc32(Buffer.from('start'));
    for (let times = 0; times < 5; times++) crc = crc32Combine(crc, crc32OfZeros(part), part);
    expect(crc32Combine(crc32(Buffer.from('start')), crc32OfZeros(5 * part), 5 * part)).toBe(crc);
  });
});
