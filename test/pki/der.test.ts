import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { compareBytes, context, type DerElement, readDer, TAG } from '../../src/pki/der.ts';
import * as write from '../../src/pki/der-write.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const refusal = (bytes: Uint8Array, base = 0): DisksealError => {
  try {
    readDer(bytes, 'test', base);
  } catch (error) {
    expect(error).toBeInstanceOf(DisksealError);
    return error as DisksealError;
  }
  throw new Error(`${Buffer.from(bytes).toString('hex')} was accepted`);
};

/** Each breaks one rule of X.690; `at` is where. */
const BAD: [what: string, der: string, at: number, words: RegExp][] = [
  ['nothing', '', 0, /ends before its tag/],
  ['a tag alone', '30', 0, /ends before its length/],
  ['indefinite length', '3080 0000', 0, /indefinite/],
  ['indefinite length inside', '3004 3080 0000', 2, /indefinite/],
  ['a long length for a short one', '308105 0203010203', 0, /more octets than it needs/],
  ['a length with a leading zero', '30820005 0203010203', 0, /more octets than it needs/],
  ['a length in five octets', '308500000000 05', 0, /5 octets/],
  ['a length that is cut off', '3082 01', 0, /inside its length/],
  ['a length past the end', '3003 0101', 0, /claims 3 bytes where 2/],
  ['a length past its parent', '3003 020200', 2, /claims 2 bytes/],
  ['bytes after the end', '0500 00', 2, /1 bytes after the end/],
  ['a high tag number', '3f2100', 0, /above 30/],
  ['an application tag', '4100', 0, /application/],
  ['a private tag', 'c100', 0, /private/],
  ['a constructed OCTET STRING', '2403 040100', 0, /must be primitive/],
  ['a constructed UTF8String', '2c00', 0, /must be primitive/],
  ['a primitive SEQUENCE', '1000', 0, /must be constructed/],
  ['a primitive SET', '1100', 0, /must be constructed/],
  ['a REAL', '0900', 0, /not expected here/],
  ['end of contents', '0000', 0, /not expected here/],
  ['BOOLEAN 01', '010101', 0, /BOOLEAN/i],
  ['a BOOLEAN of two octets', '0102ffff', 0, /BOOLEAN/i],
  ['an empty INTEGER', '0200', 0, /INTEGER/i],
  ['INTEGER 0001', '02020001', 0, /INTEGER/i],
  ['INTEGER ff80', '0202ff80', 0, /INTEGER/i],
  ['an ENUMERATED with a spare octet', '0a020001', 0, /ENUMERATED/i],
  ['an empty BIT STRING', '0300', 0, /BIT STRING/],
  ['a BIT STRING with 8 unused bits', '03020800', 0, /BIT STRING/],
  ['a BIT STRING with unused bits of nothing', '030101', 0, /BIT STRING/],
  ['a BIT STRING whose unused bits are set', '03020101', 0, /BIT STRING/],
  ['a NULL with content', '050100', 0, /NULL/i],
  ['an empty OID', '0600', 0, /OID/i],
  ['an OID that is cut off', '06022a86', 0, /OID/i],
  ['an OID with a padded arc', '06032a8001', 0, /OID/i],
  ['an OID with a padded first arc', '06028001', 0, /OID/i],
  ['bad UTF-8', '0c02c080', 0, /UTF/i],
  ['a surrogate in UTF-8', '0c03eda080', 0, /UTF/i],
  ['an at sign in a PrintableString', '130140', 0, /PRINTABLE/i],
  ['a letter in a NumericString', '120141', 0, /NUMERIC/i],
  ['eight bits in an IA5String', '160180', 0, /IA5/i],
  ['a control in a VisibleString', '1a0107', 0, /VISIBLE/i],
  ['half a character in a BMPString', '1e0141', 0, /BMP/i],
  ['a surrogate in a BMPString', '1e02d800', 0, /BMP/i],
  ['no character in a UniversalString', '1c0400110000', 0, /UNIVERSAL/i],
  ['an unsorted SET', '3106 020102 020101', 5, /ascend/],
  ['a time without seconds', `170b${Buffer.from('2601010000Z').toString('hex')}`, 0, /UTC/i],
  ['a time with an offset', `1711${Buffer.from('260101000000+0100').toString('hex')}`, 0, /UTC/i],
  ['a day that is not', `170d${Buffer.from('260229000000Z').toString('hex')}`, 0, /UTC/i],
  ['a leap second', `170d${Buffer.from('161231235960Z').toString('hex')}`, 0, /UTC/i],
  ['a fraction that ends in zero', `1811${Buffer.from('20260101000000.0Z').toString('hex')}`, 0, /GENERALIZED/i],
  ['a comma in a time', `1811${Buffer.from('20260101000000,5Z').toString('hex')}`, 0, /GENERALIZED/i],
  ['a time without zone', `180e${Buffer.from('20260101000000').toString('hex')}`, 0, /GENERALIZED/i],
];

describe('what is not DER is refused where it is', () => {
  test.each(BAD)('%s', (_, der, at, words) => {
    const error = refusal(hex(der), 1000);
    expect(error.code).toBe('E_DER');
    expect(error.offset).toBe(1000 + at);
    expect(error.message).toMatch(words);
  });

  test('nesting beyond 48, as a chain of tags and through octet strings', () => {
    const nest = (depth: number, wrap: (inner: Uint8Array) => Uint8Array): Uint8Array =>
      depth === 0 ? write.nullValue() : wrap(nest(depth - 1, wrap));
    expect(readDer(nest(47, write.sequence), 'test').tag).toBe(TAG.sequence);
    expect(refusal(nest(48, write.sequence)).message).toMatch(/48 deep/);
    expect(refusal(nest(2000, write.sequence)).message).toMatch(/48 deep/);
    let inside: DerElement = readDer(nest(47, write.octetString), 'test');
    for (let depth = 0; depth < 47; depth++) inside = inside.nested('test');
    expect(inside.tag).toBe(TAG.null);
    let deeper = readDer(nest(60, write.octetString), 'test');
    expect(() => {
      for (;;) deeper = deeper.nested('test');
    }).toThrow(/48 deep/);
  });
});

describe('values', () => {
  test('integers survive both ways', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 200n), max: 1n << 200n }), (value) => {
        expect(readDer(write.integer(value), 'test').integer('test')).toBe(value);
      }),
    );
  });

  test('object identifiers survive both ways, with arcs beyond 53 bits', () => {
    const arcs = fc.array(fc.bigInt({ min: 0n, max: 1n << 70n }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 39 }), arcs, (first, second, rest) => {
        const text = [first, second, ...rest].join('.');
        expect(readDer(write.oid(text), 'test').oid('test')).toBe(text);
      }),
    );
    expect(readDer(write.oid('2.999.1'), 'test').oid('test')).toBe('2.999.1');
  });

  test('times survive both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        expect(readDer(write.time(seconds), 'test').time('test')).toBe(seconds);
      }),
    );
    expect(readDer(write.time(Date.UTC(2050, 0) / 1000), 'test').tag).toBe(TAG.generalizedTime);
    expect(readDer(write.time(Date.UTC(2050, 0) / 1000 - 1), 'test').tag).toBe(TAG.utcTime);
    expect(readDer(hex(`1812${Buffer.from('20260101000000.25Z').toString('hex')}`), 'test').time('test')).toBe(
      Date.UTC(2026, 0) / 1000 + 0.25,
    );
  });

  test('named bits survive both ways and must not be padded', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 30 })), (bits) => {
        expect(readDer(write.namedBits(bits), 'test').namedBits('test')).toEqual([...bits].sort((left, right) => left - right));
      }),
    );
    expect(() => readDer(hex('03020080'), 'test').namedBits('test')).toThrow(/zero bits/);
    expect(readDer(hex('03020780'), 'test').namedBits('test')).toEqual([0]);
    expect(readDer(hex('80020780'), 'test').namedBits('test', context(0, 'primitive'))).toEqual([0]);
    expect(() => readDer(hex('80020180'), 'test').namedBits('test', context(0, 'primitive'))).toThrow(/zero bits/);
    expect(() => readDer(hex('80020781'), 'test').namedBits('test', context(0, 'primitive'))).toThrow(/BIT STRING/);
  });

  test('a SET OF is written sorted', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (contents) => {
        const set = readDer(write.setOf(contents.map(write.octetString)), 'test');
        expect(set.children.map(({ bytes }) => Buffer.from(bytes).toString('hex')).sort()).toEqual(
          contents.map((content) => Buffer.from(write.octetString(content)).toString('hex')).sort(),
        );
      }),
    );
    expect(compareBytes(hex('01'), hex('0100'))).toBeLessThan(0);
  });

  test('the wrong type is refused by name', () => {
    const element = readDer(write.integer(1), 'test');
    expect(() => element.oid('version')).toThrow('version: expected OID, found INTEGER');
    expect(() => element.fields('thing')).toThrow(/expected SEQUENCE/);
    expect(() => element.text('thing')).toThrow(/character string/);
    expect(() => readDer(write.integer(300), 'test').smallInteger('count', 255)).toThrow(/0 to 255/);
    expect(() => readDer(write.integer(-1), 'test').smallInteger('count', 255)).toThrow(/0 to 255/);
  });

  test('members are taken in order, none is left over, none is missing', () => {
    const fields = readDer(write.sequence(write.integer(1), write.nullValue()), 'test').fields('Pair');
    expect(fields.optional(TAG.oid)).toBeUndefined();
    expect(fields.next(TAG.integer, 'one').integer('one')).toBe(1n);
    expect(() => fields.end()).toThrow(/does not belong here/);
    fields.any('rest');
    fields.end();
    expect(() => fields.any('more')).toThrow('Pair.more: is missing');
  });
});

describe('bytes from strangers', () => {
  test('random bytes give a DisksealError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readDer(bytes, 'test');
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
          expect((error as DisksealError).offset).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('what is accepted is the one encoding of what it holds', () => {
    const tags = fc.constantFrom(0x02, 0x04, 0x05, 0x06, 0x0c, 0x30, 0x31, 0xa0);
    const node = fc.tuple(tags, fc.uint8Array({ maxLength: 6 })).map(([tag, content]) => write.element(tag, content));
    const document = fc.array(node, { maxLength: 5 }).map((nodes) => write.sequence(...nodes));
    fc.assert(
      fc.property(document, (bytes) => {
        let read: DerElement;
        try {
          read = readDer(bytes, 'test');
        } catch {
          return;
        }
        expect(encodeAgain(read)).toEqual(bytes);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a megabyte of nothing but tags is read or refused within a second', () => {
    const began = performance.now();
    const nulls = new Uint8Array(400_000).map((_, index) => (index % 2 === 0 ? 5 : 0));
    expect(readDer(write.element(TAG.sequence, nulls), 'test').children.length).toBe(200_000);
    refusal(new Uint8Array(1 << 20).fill(0x30));
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});

function encodeAgain(element: DerElement): Uint8Array {
  return element.tag & 0x20
    ? write.element(element.tag, ...element.children.map(encodeAgain))
    : write.element(element.tag, element.content);
}
