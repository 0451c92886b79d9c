/**
 * Makes dist/page/verifier-page.js, the program of the page that `diskseal verifier` writes: the worker's program stands in it as text.
 * The same sources give the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const FILE = 'dist/page/verifier-page.js';
const COMMON = { bundle: true, write: false, minify: true, platform: 'browser', target: 'es2022', format: 'iife', charset: 'utf8' };
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

// The page compares no volumes, so their readers are left out: of two thirds of the code nothing would ever run.
const withoutVolumes = {
  name: 'without-volumes',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/compare-volume\.ts$/ }, () => ({ path: 'volumes', namespace: 'none' }));
    onLoad({ filter: /./, namespace: 'none' }, () => ({
      contents: "export function compareVolume() { throw new Error('this page does not open volumes'); }",
    }));
  },
};

const worker = await build({ ...COMMON, entryPoints: ['src/page/worker.ts'], plugins: [withoutVolumes] });
const WORKER_PROGRAM = JSON.stringify(worker.outputFiles[0].text);
const licence = readFileSync('LICENSE', 'utf8').trim();
const { outputFiles } = await build({
  ...COMMON,
  entryPoints: ['src/page/verifier-page.ts'],
  define: { WORKER_PROGRAM },
  banner: { js: `/* diskseal ${version}, verifier page\n\n${licence}\n*/` },
});
mkdirSync('dist/page', { recursive: true });
writeFileSync(FILE, outputFiles[0].contents);
console.log(`${FILE}: ${outputFiles[0].contents.length} bytes`);
