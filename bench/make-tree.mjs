/**
 * Makes a folder to build images from, the same bytes each time: a few large files that compress a little, as programs do, and many
 * small ones that compress well, as scripts and texts do.
 *
 *   node bench/make-tree.mjs DIR [MEGABYTES] [FILES]      default 120 MB in 3,000 files
 */
import { createHash } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MIB = 1 << 20;
const LARGE = 6;
const TIME = 1_700_000_000;

export function makeTree(folder, megabytes = 120, files = 3000) {
  const programs = join(folder, 'Bench.app', 'Contents', 'MacOS');
  mkdirSync(programs, { recursive: true });
  const small = Math.min(files - LARGE, files) * 4096;
  const each = Math.max(MIB, Math.floor((megabytes * MIB - small) / LARGE));
  for (let number = 0; number < LARGE; number++) {
    const path = join(programs, `program ${number}`);
    writeFileSync(path, mixed(each, `program ${number}`), { mode: 0o755 });
    utimesSync(path, TIME, TIME);
  }
  for (let number = 0; number < files - LARGE; number++) {
    const place = join(folder, 'Bench.app', 'Contents', 'Resources', String(Math.floor(number / 250)));
    if (number % 250 === 0) mkdirSync(place, { recursive: true });
    const path = join(place, `text ${number}.txt`);
    writeFileSync(path, text(512 + ((number * 2917) % 7168), number));
    utimesSync(path, TIME, TIME);
  }
}

/** Of every 64 bytes 40 are noise and the rest repeats: deflate takes about a third off, as it does with machine code. */
function mixed(size, seed) {
  const bytes = Buffer.alloc(size);
  const noise = createHash('shake256', { outputLength: Math.ceil((size / 64) * 40) })
    .update(seed)
    .digest();
  for (let at = 0, from = 0; at < size; at += 64, from += 40) {
    noise.copy(bytes, at, from, Math.min(from + 40, from + size - at));
    if (at + 40 < size) bytes.fill('\u0000\u0001mov call ret\u0000\u0002push pop', at + 40, Math.min(at + 64, size), 'latin1');
  }
  return bytes;
}

function text(size, number) {
  const words = ['build', 'seal', 'verify', 'open', 'disk', 'volume', 'leaf', 'root', 'chunk', 'table'];
  let line = '';
  for (let state = number + 1; line.length < size; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    line += `${words[state % words.length]} ${state % 97}${state % 7 === 0 ? '\n' : ' '}`;
  }
  return line.slice(0, size);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder, megabytes, files] = process.argv.slice(2);
  if (!folder) throw new Error('usage: make-tree.mjs DIR [MEGABYTES] [FILES]');
  makeTree(folder, megabytes && Number(megabytes), files && Number(files));
}
