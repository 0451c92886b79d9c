import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareCodePoints, encodeInventory, type InventoryEntry, parseInventory } from '../../src/seal/inventory.ts';

const digest = new Uint8Array(32).fill(0xab);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const refused = (lines: string) =>
  expect(() => parseInventory(new TextEncoder().encode(lines))).toThrow(expect.objectContaining({ code: 'E_SEAL' }));

const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((part) => !part.includes('/') && part !== '.' && part !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const entry: fc.Arbitrary<InventoryEntry> = fc.oneof(
  fc.record({ type: fc.constant('folder' as const), path, mode: fc.nat(0o7777) }),
  fc.record({ type: fc.constant('symlink' as const), path, mode: fc.nat(0o7777), target: fc.string({ unit: 'binary' }) }),
  fc.record({
    type: fc.constant('file' as const),
    path,
    mode: fc.nat(0o7777),
    size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
);

describe('inventory', () => {
  test('has a line for each entry, sorted by code points', () => {
    const entries: InventoryEntry[] = [
      { type: 'symlink', path: 'b', mode: 0o755, target: '/Applications' },
      { type: 'file', path: 'a/x\ty\\\n', mode: 0o644, size: 5, digest },
      { type: 'folder', path: 'a', mode: 0o4755 },
      { type: 'folder', path: '\u{1f600}', mode: 0 },
      { type: 'folder', path: '\uff5e', mode: 0 },
    ];
    expect(text(encodeInventory(entries))).toBe(
      `d 4755 - - a\nf 0644 5 ${'ab'.repeat(32)} a/x\\u0009y\\u005c\\u000a\nl 0755 - - b\t/Applications\nd 0000 - - \uff5e\nd 0000 - - \u{1f600}\n`,
    );
  });
  test('what is written is read back, lone surrogates and controls too', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: (item) => item.path }), (entries) => {
        const sorted = [...entries].sort((a, b) => compareCodePoints(a.path, b.path));
        expect(parseInventory(encodeInventory(entries))).toEqual(sorted);
      }),
    );
  });
  test('the order is that of the UTF-8 bytes', () => {
    const wellFormed = fc.string({ unit: 'binary' }).filter((part) => !/\p{Cs}/u.test(part));
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
  });
  test.each([
    ['no line end', 'd 0755 - - a'],
    ['another type', 'x 0755 - - a\n'],
    ['a short mode', 'd 755 - - a\n'],
    ['a leading zero', `f 0644 05 ${'ab'.repeat(32)} a\n`],
    ['an upper-case digest', `f 0644 5 ${'AB'.repeat(32)} a\n`],
    ['an empty file with another digest', `f 0644 0 ${'ab'.repeat(32)} a\n`],
    ['a path that climbs', 'd 0755 - - a/../b\n'],
    ['an absolute path', 'd 0755 - - /a\n'],
    ['an empty name', 'd 0755 - - a//b\n'],
    ['a line twice', 'd 0755 - - a\nd 0755 - - a\n'],
    ['a wrong order', 'd 0755 - - b\nd 0755 - - a\n'],
    ['an idle escape', 'd 0755 - - \\u0061\n'],
    ['a raw backslash', 'd 0755 - - a\\b\n'],
    ['an empty line', '\n'],
    ['a size beyond 2^53-1', `f 0644 9007199254740993 ${'ab'.repeat(32)} a\n`],
    ['an idle escape in a target', 'l 0755 - - a\t\\u0061\n'],
    ['a raw backslash in a target', 'l 0755 - - a\tb\\c\n'],
    ['a control character in a target', 'l 0755 - - a\tb\u0007\n'],
  ])('%s is refused', (_, lines) => refused(lines));
  test('bytes that are not UTF-8 are refused', () => {
    expect(() => parseInventory(Uint8Array.of(0xff, 0x0a))).toThrow(expect.objectContaining({ code: 'E_SEAL' }));
  });
  test('nothing is an inventory too', () => expect(parseInventory(new Uint8Array())).toEqual([]));
});
