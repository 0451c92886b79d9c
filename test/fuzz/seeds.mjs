/** Writes the first inputs of the corpus: `node test/fuzz/seeds.mjs`. What they are is in seeds.ts; this makes it run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { corpusFolder, writeInput } from './inputs.mjs';

const place = mkdtempSync(fileURLToPath(new URL('../../node_modules/.seeds-', import.meta.url)));
const outfile = join(place, 'seeds.mjs');
const entryPoints = [fileURLToPath(new URL('seeds.ts', import.meta.url))];
try {
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  const { seeds } = await import(pathToFileURL(outfile).href);
  for (const [name, inputs] of Object.entries(await seeds())) for (const bytes of inputs) writeInput(corpusFolder(name), bytes);
} finally {
  rmSync(place, { recursive: true, force: true });
}
