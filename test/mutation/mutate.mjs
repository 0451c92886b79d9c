/**
 * `npm run mutate -- [STRYKER OPTIONS]`: changes the path validation and the verifier in one place after the other and sees whether a
 * test notices. Stryker works in a copy of the project; the shared vectors, which lie beside the project, are linked beside the copy.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const place = join(root, '.stryker-tmp');
const link = join(place, 'shared');
mkdirSync(place, { recursive: true });
if (!existsSync(link)) symlinkSync(resolve(root, '../shared'), link);

const stryker = join(dirname(createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json')), 'bin/stryker.js');
const { status } = spawnSync(process.execPath, [stryker, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
