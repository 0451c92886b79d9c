/**
 * Makes sets of the test vectors anew, with new keys: `node test/vectors/make.mjs dmg further`. What it makes is in make.ts;
 * this only turns that into something that Node.js runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const place = mkdtempSync(fileURLToPath(new URL('../../node_modules/.vectors-', import.meta.url)));
const outfile = join(place, 'make.mjs');
const entryPoints = [fileURLToPath(new URL('make.ts', import.meta.url))];
try {
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  const { makeVectors } = await import(pathToFileURL(outfile).href);
  await makeVectors(fileURLToPath(new URL('.', import.meta.url)), process.argv.slice(2));
} finally {
  rmSync(place, { recursive: true, force: true });
}
