/**
 * Bundles a program into few files, or one, that start fast. In place of src/node/worker-entry.ts stands the worker's own code, so
 * that a thread needs no file; in place of other modules what the caller names.
 */
import { resolve } from 'node:path';
import { build } from 'esbuild';

const COMMON = {
  bundle: true,
  write: false,
  minify: true,
  platform: 'node',
  target: 'node20',
  charset: 'utf8',
  legalComments: 'none',
};

/**
 * @param options - of esbuild
 * @param instead - modules by their path in src/, and what stands in their place; null: it stays outside
 * @param worker - a module that gives `startWorker`; one that holds the worker's code when it is left out
 * @returns what esbuild gives, with the files in `outputFiles`
 */
export async function bundle(options, instead = {}, worker) {
  const module = worker ?? startOf(JSON.stringify(await workerCode()));
  const substitutes = {
    name: 'substitutes',
    setup({ onResolve, onLoad }) {
      const places = new Map(Object.entries(instead).map(([from, to]) => [resolve('src', from), to]));
      onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const full = resolve(resolveDir, path);
        if (full === resolve('src/node/worker-entry.ts')) return { path: 'worker', namespace: 'worker' };
        if (!places.has(full)) return undefined;
        const to = places.get(full);
        return to === null ? { path: path.replace(/\.ts$/, '.js'), external: true } : { path: resolve('src', to) };
      });
      onLoad({ filter: /./, namespace: 'worker' }, () => ({ contents: module, resolveDir: resolve('src/node') }));
    },
  };
  return build({ ...COMMON, format: 'esm', metafile: true, ...options, plugins: [substitutes] });
}

function startOf(code) {
  return `import { Worker } from 'node:worker_threads'; export const startWorker = () => new Worker(${code}, { eval: true });`;
}

/** A classic script, which starts sooner than a module. */
export async function workerCode() {
  const { outputFiles } = await build({ ...COMMON, entryPoints: ['src/verify-worker.ts'], format: 'cjs' });
  return outputFiles[0].text;
}
