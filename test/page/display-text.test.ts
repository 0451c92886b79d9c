/** Names, sizes and dates as the page shows them. */
import { describe, expect, test } from 'vitest';
import { countText, dateText, nameOf, shown, sizeText } from '../../src/page/display-text.ts';

describe('text of strangers', () => {
  test.each([
    ['plain name.app', 'plain name.app'],
    ['caf\u00e9 \u{1f469}\u200d\u{1f4bb}', 'caf\u00e9 \u{1f469}\u200d\u{1f4bb}'],
    ['exe.\u202egpj', 'exe.\\u{202e}gpj'],
    ['a\u0000b\n', 'a\\u{0}b\\u{a}'],
    ['\u200b\ufeff\ud800', '\\u{200b}\\u{feff}\\u{d800}'],
  ])('%j', (text, expected) => expect(shown(text)).toBe(expected));
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1500, '1.5 kB'],
  [271_678, '272 kB'],
  [1_073_741_824, '1.1 GB'],
  [4.4e12, '4.4 TB'],
  [4e15, '4000 TB'],
])('%i bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));

test('a date, a count, a name', () => {
  expect(dateText(1_767_225_600)).toBe('January 1, 2026');
  expect(countText(1, 'file')).toBe('1 file');
  expect(countText(12_345, 'file')).toBe('12,345 files');
  expect(nameOf('CN=Example\\, Ltd,O=x')).toBe('Example, Ltd');
  expect(nameOf('O=x')).toBe('O=x');
});
