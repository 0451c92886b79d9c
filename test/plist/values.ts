/** Every kind of value that both forms of a property list can hold. */
import fc from 'fast-check';
import type { PlistValue } from '../../src/formats/plist/value.ts';

const leaf = fc.oneof(
  fc.string({ unit: 'grapheme' }).filter((text) => !/[^\t\n\r\u0020-\uFFFD]/.test(text)),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.double(),
  fc
    .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000)),
  fc.uint8Array({ maxLength: 200 }),
);

const { tree } = fc.letrec<{ tree: PlistValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }).map((members) => new Map(Object.entries(members))),
  ),
}));

export const plistValues: fc.Arbitrary<PlistValue> = tree;
