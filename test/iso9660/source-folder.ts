/** A folder of this machine to make images from: odd names, sizes around a sector, deep folders, links, modes. */
import { chmodSync, linkSync, lutimesSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NEW_YEAR } from '../support/memory-tree.ts';

export const NAMES = [
  'a',
  'café composed',
  'nai\u0308ve',
  '한국어',
  'with:colon',
  'back\\slash "quotes" *?<>|',
  ' blanks ',
  '.hidden',
  '-rf',
  'a;1',
  'UPPER.TXT',
  'lower.txt',
];
/** Those that only some makers take. */
export const LONGER_NAMES = ['n'.repeat(150), 'x'.repeat(253), '日'.repeat(80), 'archive.tar.gz', 'no_ext.', 'dots...'];

/** @param target - of a symbolic link; longer ones send genisoimage round in circles */
export function fill(folder: string, depth: number, names: readonly string[], target: string): void {
  for (const [index, name] of names.entries()) writeFileSync(join(folder, name), `content ${index}\n`);
  for (const size of [0, 1, 2047, 2048, 2049, 70_000]) writeFileSync(join(folder, `size ${size}`), new Uint8Array(size).fill(size & 255));
  let at = folder;
  for (let level = 1; level <= depth; level++) {
    at = join(at, `level ${level}`);
    mkdirSync(at);
    writeFileSync(join(at, `in ${level}`), `${level}`);
  }
  const links = join(folder, 'links');
  mkdirSync(links);
  writeFileSync(join(links, 'one'), 'linked');
  linkSync(join(links, 'one'), join(links, 'other'));
  for (const [name, to] of [
    ['relative', 'one'],
    ['absolute', '/usr/share/x'],
    ['up', '../../a'],
    ['here', './one'],
    ['long', target],
  ] as const) {
    symlinkSync(to, join(links, name));
  }
  mkdirSync(join(folder, 'empty'));
  for (const mode of [0o400, 0o600, 0o755, 0o4755]) {
    writeFileSync(join(folder, `mode ${mode.toString(8)}`), 'm');
    chmodSync(join(folder, `mode ${mode.toString(8)}`), mode);
  }
  mkdirSync(join(folder, 'many'));
  for (let index = 0; index < 120; index++)
    writeFileSync(join(folder, 'many', `a name that is not short, number ${index}.text`), `${index}`);
  setTimes(folder);
}

function setTimes(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) lutimesSync(join(folder, name), NEW_YEAR, NEW_YEAR);
}
