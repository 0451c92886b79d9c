import { expect, it } from 'vitest';
import { counted, grouped, humanSize, jsonText, printable, printableLines } from '../../src/cli/terminal/printable.ts';

it('shows what would act on a terminal instead of sending it there', () => {
  expect(printable('\u001b]0;title\u0007')).toBe('\\u{1b}]0;title\\u{7}');
  expect(printable('a\u202eb\u2066c\u200fd\u061ce')).toBe('a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}e');
  expect(printable('\u0085\u009b\u2028\u2029\ufeff\u00ad')).toBe('\\u{85}\\u{9b}\\u{2028}\\u{2029}\\u{feff}\\u{ad}');
  expect(printable('\ud800x')).toBe('\\u{d800}x');
  expect(printable('\u{e0041}')).toBe('\\u{e0041}');
  expect(printable('two\nlines\r')).toBe('two\\u{a}lines\\u{d}');
  expect(printableLines('two\nlines\r')).toBe('two\nlines\\u{d}');
});

it('leaves ordinary text of all scripts alone', () => {
  for (const text of ['plain', 'naïve', 'e\u0301', 'שלום', '日本語', '👩\u200d👩\u200d👧', 'क्\u200dष']) expect(printable(text)).toBe(text);
});

it('escapes in JSON without changing what it says', () => {
  const value = { text: '\u009b31m\u202e\u2028\u007f', bytes: Uint8Array.of(1, 255), big: 2n ** 60n, map: new Map([['a', 1]]) };
  const json = jsonText(value, 2);
  // oxlint-disable-next-line no-control-regex
  expect(json).not.toMatch(/[\u007f-\u009f\u202e\u2028]/);
  expect(JSON.parse(json)).toEqual({ text: value.text, bytes: '01ff', big: '1152921504606846976', map: { a: 1 } });
});

it('counts for people', () => {
  expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([0, 1, 999, 1000, 12_345, 999_499, 999_500, 2 ** 40].map(humanSize)).toEqual([
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1.0 kB',
    '12 kB',
    '999 kB',
    '1.0 MB',
    '1.1 TB',
  ]);
  expect([counted(1, 'file'), counted(2, 'entry', 'entries')]).toEqual(['1 file', '2 entries']);
});
