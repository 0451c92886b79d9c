/**
 * Makes a checkout ready to run: installs the locked dependencies when they are missing or out of date, and compiles when a
 * source is newer than the last build. `npm start`, `npm test` and the others call it first; it costs little when nothing is to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Node.js 20.19 or later is needed, this is ${process.versions.node}`);

const INSTALLED = 'node_modules/.diskseal-lock.json';
const BUILT = 'dist/.built';

if (!existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== readFileSync('package-lock.json', 'utf8')) {
  // Not `npm ci`: it wants entries for the binaries of every platform, and a mirror of the registry may not have them all.
  // This installs the versions of the lock file too, and leaves that file alone.
  run('installing the locked dependencies', 'npm', [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  writeFileSync(INSTALLED, readFileSync('package-lock.json'));
}
if (!existsSync(BUILT) || newest(['src', 'package-lock.json', 'tsconfig.json']) > statSync(BUILT).mtimeMs) {
  const started = new Date();
  run('compiling', process.execPath, ['.ci/build.mjs']);
  writeFileSync(BUILT, '');
  // As old as the beginning of the build: a source saved meanwhile is newer.
  utimesSync(BUILT, started, started);
}

function newest(places) {
  return Math.max(...places.map((place) => (statSync(place).isDirectory() ? newestIn(place) : statSync(place).mtimeMs)));
}

function newestIn(folder) {
  const entries = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs);
  return Math.max(statSync(folder).mtimeMs, ...entries);
}

function run(what, command, args) {
  process.stderr.write(`diskseal: ${what} ...\n`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) fail(`${what} failed${error ? `: ${error.message}` : ''}`);
}

function fail(message) {
  process.stderr.write(`diskseal: ${message}\n`);
  process.exit(1);
}
