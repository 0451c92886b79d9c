/**
 * The limit that a build is measured against: deflates every file of a folder, in pieces of 1 MiB at level 6, two at a time.
 * It reads the same bytes and does nothing else with them.
 *
 *   node bench/deflate.mjs DIR
 */
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';

const PIECE = 1 << 20;
const deflated = promisify(deflate);

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) yield* files(path);
    else if (stat.isFile()) yield path;
  }
}

function* pieces(folder) {
  let piece = Buffer.allocUnsafe(PIECE);
  let filled = 0;
  for (const path of files(folder)) {
    const descriptor = openSync(path, 'r');
    for (let got; (got = readSync(descriptor, piece, filled, PIECE - filled, null)) > 0; ) {
      filled += got;
      if (filled < PIECE) continue;
      yield piece;
      piece = Buffer.allocUnsafe(PIECE);
      filled = 0;
    }
    closeSync(descriptor);
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

const source = pieces(process.argv[2]);
let read = 0;
let written = 0;
const lane = async () => {
  for (let next = source.next(); !next.done; next = source.next()) {
    const { length } = await deflated(next.value, { level: 6 });
    read += next.value.length;
    written += length;
  }
};
await Promise.all([lane(), lane()]);
console.log(JSON.stringify({ read, written }));
