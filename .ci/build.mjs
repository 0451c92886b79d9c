/** Compiles src/ into dist/: `npm run build`. What no longer has a source is removed first. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** `verify` from a few files and not from a hundred: finding and loading each costs time. */
async function bundleVerify() {
  const others = readdirSync('src/cli/commands').filter((name) => name !== 'verify.ts');
  const { outputFiles } = await bundle(
    {
      entryPoints: ['src/cli/verify-program.ts'],
      outdir: 'dist/cli',
      splitting: true,
      chunkNames: 'verify-[name]-[hash]',
      // Loaded for a policy in YAML and for a URL.
      external: ['yaml', 'undici'],
      // commander is CommonJS and asks for Node's modules by `require`.
      banner: { js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);" },
    },
    // Never loaded from here: this program is `verify` alone.
    Object.fromEntries(others.map((name) => [`cli/commands/${name}`, null])),
  );
  for (const { path, contents } of outputFiles) writeFileSync(resolve(path), contents);
}
