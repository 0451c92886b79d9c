import { expect, it } from 'vitest';
import { foldedName, nameProblem } from '../../src/mount/host-names.ts';

it.each(['', '.', '..', 'a/b', '/', 'a\0b'])('%j is no name anywhere', (name) => {
  for (const system of ['linux', 'darwin', 'win32'] as const) expect(nameProblem(name, system)).toBeTypeOf('string');
});

it.each(['...', '..a', 'a..', ' ', 'CON', 'a:b', 'a\\b', 'naïve', '😀', '\u202e', '-rf', '._x'])(
  '%j is a name on Linux and macOS',
  (name) => {
    for (const system of ['linux', 'darwin'] as const) expect(nameProblem(name, system)).toBeUndefined();
  },
);

it.each([
  'con',
  'PRN.txt',
  'aux.tar.gz',
  'NUL ',
  'nul .x',
  'com1',
  'LPT\u00b2',
  'conin$',
  'CLOCK:',
  'a<b',
  'a?',
  'a|b',
  '"',
  'a\tb',
  'x.',
  'x ',
])('%j is no name on Windows', (name) => expect(nameProblem(name, 'win32')).toBeTypeOf('string'));

it.each(['console', 'com', 'com10', 'nully', 'a.con', 'LPTs', '.hidden', 'x y.z'])('%j is a name on Windows', (name) =>
  expect(nameProblem(name, 'win32')).toBeUndefined(),
);

it('folds cases and normal forms together, and nothing else', () => {
  expect(foldedName('STRASSE')).toBe(foldedName('straße'));
  expect(foldedName('É')).toBe(foldedName('e\u0301'));
  expect(foldedName('Σ')).toBe(foldedName('ς'));
  expect(foldedName('a')).not.toBe(foldedName('b'));
});
