/**
 * `npm run bench`: build, verify, extract and start, each beside its limit, measured in turn in the same run.
 *
 *   node bench/bench.mjs [--input DIR] [--runs N] [--only NAME,...] [--json] [--check]
 *
 * --input: the folder to build an image from; without it bench/make-tree.mjs makes one. --runs: at least 3 (default).
 * --only: some of the comparisons, by name. What needs genisoimage or xorriso is left out, and said, where these are not installed.
 * --check: exit code 1 when a limit is broken. How to read the figures: docs/benchmarks.md.
 */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeTree } from './make-tree.mjs';

const { values: options } = parseArgs({
  options: {
    input: { type: 'string' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const runs = Math.max(3, Number(options.runs) || 3);

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const MAIN = path('../dist/cli/main.js');
const KEYS = path('../keys.example');
const TRUST = ['--trust', join(KEYS, 'publisher.cert.pem')];
const node = (...args) => [process.execPath, ...args];

const work = mkdtempSync(join(tmpdir(), 'diskseal-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const input = options.input ? realpathSync(options.input) : generated();
const image = join(work, 'bench.dmg');
const folder = join(work, 'extracted');
const foreign = join(work, 'foreign.iso');
const other = join(work, 'other.iso');
const manifest = manifestFor(['dmg']);
const isoManifest = manifestFor(['iso']);
const threeManifest = manifestFor(['dmg', 'iso', 'raw']);

const COMMANDS = {
  deflate: node(path('deflate.mjs'), input),
  build: node(MAIN, 'build', manifest, '-o', image, '--force', '--allow-outside', '--quiet'),
  openssl: ['openssl', 'dgst', '-sha256', image],
  verify: node(MAIN, 'verify', image, ...TRUST, '--quiet'),
  start: node('-e', '0'),
  cp: ['cp', '-a', input, folder],
  extract: node(MAIN, 'extract', image, '-o', folder, ...TRUST, '--quiet'),
  help: node(MAIN, 'verify', '--help'),
  'build iso': node(MAIN, 'build', isoManifest, '--force', '--allow-outside', '--quiet'),
  genisoimage: ['genisoimage', '-quiet', '-J', '-R', '-o', other, input],
  xorriso: ['xorriso', '-as', 'mkisofs', '-quiet', '-J', '-R', '-o', other, input],
  'build three': node(MAIN, 'build', threeManifest, '--force', '--allow-outside', '--quiet'),
  'verify iso': node(MAIN, 'verify', foreign, ...TRUST, '--quiet'),
  'openssl iso': ['openssl', 'dgst', '-sha256', foreign],
};

/** Below this the start of Node.js weighs more than the work: limits that speak of the input are shown, not judged. */
const LARGE_ENOUGH = 100e6;

/** What is compared: seconds of one command, of what stands beside it, and how far apart they may be. */
const COMPARISONS = [
  { name: 'build and seal', command: 'build', beside: 'two-way deflate of the same bytes', limit: (t) => t.deflate, factor: 1.3 },
  { name: 'verify', command: 'verify', beside: '3 x openssl dgst -sha256 + node -e 0', limit: (t) => 3 * t.openssl + t.start, factor: 1 },
  { name: 'verify --help', command: 'help', beside: 'node -e 0 + 120 ms', limit: (t) => t.start + 0.12, factor: 1, anyInput: true },
  { name: 'extract', command: 'extract', beside: 'cp -a', limit: (t) => t.cp },
  {
    name: 'verify a sealed ISO',
    command: 'verify iso',
    beside: 'openssl dgst -sha256 + node -e 0',
    limit: (t) => t['openssl iso'] + t.start,
    factor: 1.2,
  },
  { name: 'sealed ISO beside xorriso', command: 'build iso', beside: 'xorriso -as mkisofs -J -R', limit: (t) => t.xorriso, factor: 1 },
  { name: 'sealed ISO beside genisoimage', command: 'build iso', beside: 'genisoimage -J -R', limit: (t) => t.genisoimage, factor: 1.6 },
  { name: 'three targets', command: 'build three', beside: 'the DMG alone', limit: (t) => t.build, factor: 1.15 },
];
const only = options.only?.split(',') ?? COMPARISONS.map(({ name }) => name);
const unknown = only.filter((name) => !COMPARISONS.some((one) => one.name === name));
if (unknown.length > 0)
  throw new Error(`no comparison is called ${unknown.join(', ')}; there are: ${COMPARISONS.map(({ name }) => name).join(', ')}`);
const MEMORY_LIMITS = { build: 350 * 2 ** 20, verify: undefined, extract: undefined };

const times = Object.fromEntries(Object.keys(COMMANDS).map((name) => [name, []]));
measure('deflate'); // Brings the files into the cache; not counted.
if (options.only) measure('build');
sealForeign();
const missing = ['genisoimage', 'xorriso'].filter((program) => spawnSync(program, ['--version']).error);
if (missing.includes('genisoimage')) missing.push('verify iso');
if (missing.length > 0) console.error(`not installed, and not compared with: ${missing.join(', ')}`);
const comparable = COMPARISONS.filter((one) => only.includes(one.name) && [...used(one)].every((name) => !missing.includes(name)));
const needed = new Set(comparable.flatMap((one) => [...used(one)]));
for (let run = 0; run < runs; run++) {
  for (const name of Object.keys(COMMANDS)) if (needed.has(name)) times[name].push(measure(name));
}
const memory = Object.fromEntries(Object.keys(MEMORY_LIMITS).map((name) => [name, peakMemory(name)]));
const report = summary();
if (options.json) console.log(JSON.stringify(report, null, 2));
else show(report);
if (options.check && report.broken.length > 0) process.exitCode = 1;

function measure(name) {
  prepare(name);
  const start = performance.now();
  run(name, {});
  return (performance.now() - start) / 1000;
}

function prepare(name) {
  if (name === 'cp' || name === 'extract') rmSync(folder, { recursive: true, force: true });
}

function run(name, environment) {
  const [command, ...args] = COMMANDS[name];
  const { status, stderr, error } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${COMMANDS[name].join(' ')} ended with ${status}: ${String(error ?? stderr)}`);
}

function peakMemory(name) {
  prepare(name);
  const result = join(work, 'memory');
  run(name, { DISKSEAL_BENCH_MEMORY: result, NODE_OPTIONS: `--import=${new URL('peak-memory.mjs', import.meta.url).href}` });
  return Number(readFileSync(result, 'utf8'));
}

/** The commands that a comparison needs. */
function used({ command, limit }) {
  const names = new Set([command]);
  limit(new Proxy({}, { get: (_, name) => names.add(name) && 0 }));
  return names;
}

/** An ISO image by another maker, sealed by `sign`. */
function sealForeign() {
  const maker = ['genisoimage', '-quiet', '-J', '-R', '-o', foreign, input];
  if (spawnSync(maker[0], maker.slice(1)).status !== 0) return;
  const key = ['--key', join(KEYS, 'publisher.key.pem'), '--certificates', join(KEYS, 'publisher.chain.pem')];
  const identity = ['--id', 'com.example.bench', '--product-version', '1.0.0'];
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'sign', foreign, ...key, ...identity, '--quiet']);
  if (status !== 0) throw new Error(`sign ended with ${status}: ${String(stderr)}`);
}

function manifestFor(targets) {
  const place = join(work, `${targets.join('-')}.yaml`);
  const lines = [
    'name: Bench',
    'version: 1.0.0',
    'id: com.example.bench',
    'mtime: 2026-01-01T00:00:00Z',
    `targets: [${targets.join(', ')}]`,
    `output: ${targets.join('-')}.\${ext}`,
    `contents: [{ src: ${JSON.stringify(input)}, dst: . }]`,
    `sign: { key: ${JSON.stringify(join(KEYS, 'publisher.key.pem'))}, certificates: ${JSON.stringify(join(KEYS, 'publisher.chain.pem'))} }`,
  ];
  writeFileSync(place, lines.join('\n'));
  return place;
}

function summary() {
  const tree = measured(input);
  const comparisons = comparable.map(({ name, command, beside, limit, factor, anyInput }) => {
    const limits = times[command].map((_, index) =>
      limit(Object.fromEntries(Object.keys(times).map((key) => [key, times[key][index] ?? 0]))),
    );
    const ratio = median(times[command].map((time, index) => time / limits[index]));
    const judged = anyInput || tree.bytes >= LARGE_ENOUGH ? { kept: ratio <= factor } : {};
    return {
      name,
      seconds: median(times[command]),
      beside,
      besideSeconds: median(limits),
      ratio,
      ...(factor ? { limit: factor, ...judged } : {}),
    };
  });
  const peaks = Object.entries(memory).map(([name, bytes]) => {
    const limit = MEMORY_LIMITS[name];
    return { name, bytes, ...(limit ? { limit, kept: bytes <= limit } : {}) };
  });
  return {
    input: tree,
    image: statSync(image).size,
    machine: { cores: availableParallelism(), model: cpus()[0]?.model.trim(), node: process.version },
    runs,
    comparisons,
    memory: peaks,
    seconds: Object.fromEntries([...needed].map((name) => [name, median(times[name])])),
    broken: [...comparisons, ...peaks].filter(({ kept }) => kept === false).map(({ name }) => name),
  };
}

function show({ input: { files, bytes }, image: size, machine, comparisons, memory: peaks, broken }) {
  const mb = (count) => `${(count / 1e6).toFixed(1)} MB`;
  console.log(
    `${files} files, ${mb(bytes)}; image ${mb(size)}; ${machine.cores} cores (${machine.model}), Node.js ${machine.node}; medians of ${runs} runs\n`,
  );
  const rows = comparisons.map(({ name, seconds, beside, besideSeconds, ratio, limit, kept }) => [
    name,
    `${seconds.toFixed(3)} s`,
    `${besideSeconds.toFixed(3)} s`,
    ratio.toFixed(2),
    limit === undefined ? '-' : `<= ${limit}`,
    verdict(kept, limit),
    beside,
  ]);
  for (const { name, bytes: peak, limit, kept } of peaks) {
    rows.push([
      `${name}: memory`,
      mebibytes(peak),
      '',
      '',
      limit === undefined ? '-' : `<= ${mebibytes(limit)}`,
      verdict(kept, limit),
      'peak of the process',
    ]);
  }
  const table = [['what', 'measured', 'beside it', 'ratio', 'limit', '', 'what stands beside it'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
  if (broken.length > 0) console.log(`\nlimits broken: ${broken.join(', ')}`);
}

function verdict(kept, limit) {
  if (kept === undefined) return limit === undefined ? '' : 'not judged: small input';
  return kept ? 'kept' : 'BROKEN';
}

function mebibytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function measured(place) {
  let files = 0;
  let bytes = 0;
  for (const entry of readdirSync(place, { recursive: true })) {
    const stat = lstatSync(join(place, entry));
    if (!stat.isFile()) continue;
    files++;
    bytes += stat.size;
  }
  return { files, bytes };
}

function generated() {
  const place = resolve(work, 'input');
  mkdirSync(place);
  makeTree(place);
  return place;
}
