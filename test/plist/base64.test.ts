import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../src/formats/plist/base64.ts';

describe('base64', () => {
  test('what is written is what Node writes, and is read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(text)).toEqual(bytes);
        expect(decodeBase64(text.replace(/(.{5})/g, '$1\n\t '))).toEqual(bytes);
      }),
    );
  });

  test('parts of a long text join without padding between them', () => {
    const bytes = Uint8Array.from({ length: 100_003 }, (_, index) => index * 7);
    expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  });

  test.each(['A', 'AA', 'AAA', 'AA=', 'AAA==', 'AAAA=', 'AB==', 'AAB=', 'AA==AA==', 'AA-_', 'AA\u00e9A', '=', '====', 'A==='])(
    '%j is refused',
    (text) => {
      expect(() => decodeBase64(text)).toThrow(expect.objectContaining({ code: 'E_PLIST' }));
    },
  );
});
