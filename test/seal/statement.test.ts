import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/seal/canonical-json.ts';
import { encodeStatement, isDisplayText, parseStatement, type Statement } from '../../src/seal/statement.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const DIGEST = 'ab'.repeat(32);
const GOOD: Statement = {
  type: 'diskseal/seal/1',
  product: 'com.example.hello',
  version: '2.1.0',
  build: 7,
  platform: 'any',
  arch: 'universal',
  channel: 'stable',
  format: 'dmg',
  placement: 'embedded',
  imageSize: 200_000,
  seal: { offset: 1000, size: 67_584 },
  covered: [
    [0, 1000],
    [68_584, 131_416],
  ],
  masked: [[199_784, 16]],
  apple: 'none',
  tree: { algorithm: 'rfc9162-sha256', chunk: 65_536, leaves: 4, root: DIGEST },
  flat: DIGEST,
  content: { entries: 2, bytes: 90, digest: DIGEST },
  dressing: { entries: 0, bytes: 0, digest: DIGEST },
};
const without = (key: keyof Statement): Record<string, unknown> =>
  Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== key));
const encoded = (value: unknown): Uint8Array => text(canonicalJson(value as never));
const refused = (bytes: Uint8Array): void => {
  expect(() => parseStatement(bytes)).toThrow(expect.objectContaining({ code: 'E_SEAL' }));
};

/** Any value with its members in canonical order, however wrong they are. */
const inOrder = (value: Record<string, unknown>): Uint8Array =>
  text(JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))));

describe('canonical JSON', () => {
  test('sorts members by UTF-16 code units and leaves out white space', () => {
    expect(canonicalJson({ b: 1, a: [true, 'x'], '\ufb01': 1, '\u{1f600}': 2 })).toBe('{"a":[true,"x"],"b":1,"\u{1f600}":2,"\ufb01":1}');
  });
  test('refuses what has no canonical form', () => {
    for (const value of [1.5, -0, 2 ** 53, Number.NaN, '\ud800'])
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'E_INTERNAL' }));
  });
  test('what it writes, JSON.parse reads back', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.nat(), fc.boolean(), fc.string({ unit: 'grapheme' }))), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual({ ...value });
      }),
    );
  });
});

describe('statement', () => {
  test('is read back as it was written', () => expect(parseStatement(encodeStatement(GOOD))).toEqual(GOOD));
  test('build may be left out', () => expect(parseStatement(encoded(without('build')))).toEqual(without('build')));
  test('an empty critical list is allowed, another is not', () => {
    expect(parseStatement(encoded({ ...GOOD, critical: [] }))).toHaveProperty('critical', []);
    refused(encoded({ ...GOOD, critical: ['x'] }));
  });
  test('the next keys may be named, in order and once each', () => {
    const [one, two] = ['0'.repeat(64), 'f'.repeat(64)];
    expect(parseStatement(encodeStatement({ ...GOOD, keys: [one, two] })).keys).toEqual([one, two]);
    const many = Array.from({ length: 17 }, (_, index) => index.toString(16).padStart(64, '0'));
    for (const keys of [[], [two, one], [one, one], ['F'.repeat(64)], [one.slice(1)], one, many, [1]]) refused(encoded({ ...GOOD, keys }));
  });
  test.each(Object.keys(GOOD).filter((key) => key !== 'build') as (keyof Statement)[])('%s is required', (key) =>
    refused(encoded(without(key))),
  );
  test('an unknown member is refused at every level', () => {
    refused(encoded({ ...GOOD, extra: 1 }));
    refused(encoded({ ...GOOD, seal: { ...GOOD.seal, extra: 1 } }));
    refused(encoded({ ...GOOD, tree: { ...GOOD.tree, extra: 1 } }));
    refused(encoded({ ...GOOD, content: { ...GOOD.content, extra: 1 } }));
    refused(text(canonicalJson(GOOD as never).replace('{"apple"', '{"__proto__":1,"apple"')));
  });
  test('another encoding of the same statement is refused', () => {
    const canonical = canonicalJson(GOOD as never);
    expect(parseStatement(text(canonical))).toEqual(GOOD);
    for (const other of [
      ` ${canonical}`,
      `${canonical}\n`,
      `\ufeff${canonical}`,
      canonical.replace('"build":7', '"build":7.0'),
      canonical.replace('"build":7', '"build":7e0'),
      canonical.replace('"build":7', '"build":7,"build":7'),
      canonical.replace('stable', '\\u0073table'),
      JSON.stringify(GOOD),
    ]) {
      refused(text(other));
    }
  });
  test.each([
    ['product', 'Com.Example'],
    ['product', ''],
    ['version', ''],
    ['version', 'a\u202eb'],
    ['version', 'a\u0007'],
    ['version', 'a\ufdd0'],
    ['version', 'x'.repeat(256)],
    ['build', -1],
    ['build', 1.5],
    ['build', 2 ** 53],
    ['platform', 'Any'],
    ['format', 'zip'],
    ['placement', 'beside'],
    ['imageSize', '5'],
    ['covered', [[0]]],
    ['covered', [[0, -1]]],
    ['covered', Array.from({ length: 17 }, () => [0, 1])],
    ['flat', 'AB'.repeat(32)],
    ['apple', 'yes'],
  ])('%s %j is refused', (key, value) => refused(inOrder({ ...GOOD, [key]: value })));
  test('hostile nesting and sizes end in a refusal', () => {
    refused(text('['.repeat(60_000)));
    refused(text(`{"type":"${'x'.repeat(70_000)}"}`));
    refused(new Uint8Array());
    refused(Uint8Array.of(0xff));
  });
  test('random bytes never give anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(text)), (bytes) => refused(bytes)));
  });
});

test('display text excludes what can deceive', () => {
  expect(isDisplayText('2.1.0 “beta” – größer 😀')).toBe(true);
  for (const bad of ['', '\n', 'a\u2028', '\u2066x', '\ud800', '\u{1ffff}', '\u{10fffe}']) expect(isDisplayText(bad)).toBe(false);
});
