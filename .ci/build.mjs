/** Compiles src/ into dist/: `npm run build`. What no longer has a source is removed first. */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { bundle } from './bundle.mjs';

rmSync('dist', { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', '.'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
chmodSync('dist/cli/main.js', 0o755);
await bundleVerify();
await import('./build-verifier.mjs');
await import('./build-page.mjs');

/** `verify` from a few files and not from a hundred: finding and loading each costs time. */
async function bundleVerify() {
  const { outputFiles } = await bundle(
    {
      entryPoints: ['src/cli/verify-program.ts'],
      outdir: 'dist/cli',
      splitting: true,
      chunkNames: 'verify-[name]-[hash]',
      // Loaded for a policy in YAML and for a URL.
      external: ['yaml', 'undici'],
    },
    { 'cli/program.ts': null },
  );
  for (const { path, contents } of outputFiles) writeFileSync(resolve(path), contents);
}
