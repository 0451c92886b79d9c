/**
 * A mounted volume, seen by other people's programs: the same files as the source, whoever reads them and however many at once.
 * Needs root and /dev/fuse, and says so where it has them not.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTree } from '../../bench/make-tree.mjs';
import { diskseal } from '../support/command-line.ts';
import { canMountFuse, mountsBelow, unmountAfterwards, until } from '../support/mounting.ts';
import { mayUse, run } from './tools.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diskseal-interop-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
unmountAfterwards(() => scratch);

const KEYS = fileURLToPath(new URL('../../keys.example/', import.meta.url));
const TRUST = ['--trust', join(KEYS, 'publisher.cert.pem')];
const source = join(scratch, 'source');
/** Folders with a volume in them, by the image's kind. */
const KINDS = ['dmg', 'iso', 'img'] as const;
const tools = { name: 'mount', commands: ['rsync', 'fio', '7z', 'getfattr', 'setfattr'], packages: ['rsync', 'fio', 'p7zip-full', 'attr'] };
const usable = canMountFuse && mayUse(tools);

beforeAll(async () => {
  if (!usable) return;
  makeTree(source, 60, 1200);
  furnish(join(source, 'Odd things'));
  writeFileSync(join(source, 'secret'), 'for the owner\n', { mode: 0o600 });
  // No filesystem here keeps parts of seconds.
  run('find', [source, '-type', 'd', '-exec', 'touch', '-d', '@1500000000', '{}', '+']);
  utimesSync(join(source, 'secret'), 1_400_000_000, 1_400_000_000);
  const sign = `sign: { key: ${KEYS}publisher.key.pem, certificates: ${KEYS}publisher.chain.pem }`;
  const lines = [
    'name: Mounted',
    'version: 1.0.0',
    'id: com.example.mounted',
    'output: image.${ext}',
    'targets: [dmg, iso, raw]',
    'hostAttributes: true',
  ];
  writeFileSync(
    join(scratch, 'installer.yaml'),
    [
      ...lines,
      'contents:',
      '  - { src: source/Bench.app }',
      '  - { src: source/Odd things }',
      '  - { src: source/secret, mode: "0600" }',
      sign,
    ].join('\n'),
  );
  const built = await diskseal(['build', join(scratch, 'installer.yaml')], { cwd: scratch });
  expect(built.code, built.stderr).toBe(0);
  for (const kind of KINDS) await mounted(kind, kind);
});

/** What a folder can hold beside plain files. */
function furnish(folder: string): void {
  mkdirSync(join(folder, 'empty folder'), { recursive: true });
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'Café Ünïcode 日本.txt'), 'composed, as it is written here\n');
  writeFileSync(join(folder, 'program'), '#!/bin/sh\necho it runs\n');
  chmodSync(join(folder, 'program'), 0o755);
  writeFileSync(join(folder, 'one name'), 'a file of two names\n');
  linkSync(join(folder, 'one name'), join(folder, 'other name'));
  symlinkSync('../Bench.app/Contents', join(folder, 'inside'));
  symlinkSync('/nowhere', join(folder, 'dangling'));
  writeFileSync(join(folder, 'noted'), 'with attributes\n');
  spawnSync('setfattr', ['-n', 'user.com.example.note', '-v', 'a note', join(folder, 'noted')]);
  spawnSync('setfattr', ['-n', 'user.bytes', '-v', '0x00ff10', join(folder, 'noted')]);
  for (const name of readdirSync(folder)) {
    if (name === 'inside' || name === 'dangling') lutimesSync(join(folder, name), 1_600_000_001, 1_600_000_001);
    else utimesSync(join(folder, name), 1_600_000_000, 1_600_000_000);
  }
  utimesSync(folder, 1_500_000_000, 1_500_000_000);
}

async function mounted(kind: string, folder: string, ...words: string[]): Promise<string> {
  const image = join(scratch, `image.${kind}`);
  const detached = kind === 'dmg' ? [] : readdirSync(scratch).includes(`image.${kind}.seal`) ? ['--seal', `${image}.seal`] : [];
  const result = await diskseal(['mount', image, folder, ...TRUST, ...detached, ...words, '--json'], { cwd: scratch });
  expect(result.code, result.stderr).toBe(0);
  return String((result.json() as { pid: number }).pid);
}

const inFolder = (kind: string): string => join(scratch, kind);
const listing = (folder: string, format: string): string[] =>
  run('find', ['.', '-mindepth', '1', '-printf', format], { cwd: folder }).stdout.split('\n').sort();

describe.runIf(usable).each(KINDS)('%s', (kind) => {
  test('diff finds no difference', () => {
    const { status, stdout } = run('diff', ['-r', '--no-dereference', source, inFolder(kind)]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test('types, modes, sizes, link targets and times are the same', () => {
    const format = '%P %y %m %l %T@\n';
    const sizes = '%P %y %s\n';
    expect(listing(inFolder(kind), format)).toEqual(listing(source, format));
    const files = (folder: string): string[] => listing(folder, sizes).filter((line) => / [fl] \d+$/.test(line));
    expect(files(inFolder(kind))).toEqual(files(source));
  });

  test('extended attributes are the same, where the filesystem holds them', () => {
    const dump = (folder: string): string => run('getfattr', ['-R', '-d', '-h', '-m', '-', '.'], { cwd: folder }).stdout;
    if (kind === 'iso') expect(dump(inFolder(kind))).toBe('');
    else expect(dump(inFolder(kind))).toBe(dump(source));
    expect(dump(source)).toContain('user.com.example.note="a note"');
  });

  test('hard links are one file', () => {
    const [one, other] = ['one name', 'other name'].map((name) => statSync(join(inFolder(kind), 'Odd things', name)));
    if (kind === 'iso') return expect(one.size).toBe(other.size);
    expect(one.ino).toBe(other.ino);
    return expect(one.nlink).toBeGreaterThan(1);
  });

  test('rsync -c and grep -r find the same', () => {
    const { status, stdout } = run('rsync', ['-rlpc', '--dry-run', '--itemize-changes', `${inFolder(kind)}/`, `${source}/`]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
    const found = (folder: string): string[] => run('grep', ['-rlF', 'e', '.'], { cwd: folder }).stdout.split('\n').sort();
    expect(found(source).length).toBeGreaterThan(100);
    expect(found(inFolder(kind))).toEqual(found(source));
  });

  test('a program in it runs', () => {
    expect(run(join(inFolder(kind), 'Odd things/program'), []).stdout).toBe('it runs\n');
  });

  test('eight readers at once get the right bytes', async () => {
    const sums = (folder: string): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn('sh', ['-c', 'find . -type f -print0 | sort -z | xargs -0 sha256sum'], {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        child.once('close', () => resolve(text));
      });
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    const all = await Promise.all(Array.from({ length: 8 }, () => sums(inFolder(kind))));
    expect(new Set(all)).toEqual(new Set([await sums(source)]));
  });

  test('fio reads at random, past the cache, what is there', () => {
    const program = 'Bench.app/Contents/MacOS/program 0';
    const bytes = readFileSync(join(source, program));
    const common = [
      '--readonly',
      '--rw=randread',
      '--bsrange=1-256k',
      '--size=8m',
      '--runtime=20',
      '--numjobs=4',
      '--thread',
      '--direct=0',
      '--invalidate=1',
    ];
    const filename = join(inFolder(kind), program).replaceAll(':', '\\:');
    const { status, stderr } = run('fio', ['--name=r', `--filename=${filename}`, ...common, '--output-format=terse']);
    expect(status, stderr).toBe(0);
    // fio looks for faults, not at the bytes: those are compared here, at the same kind of places.
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    for (let turn = 0; turn < 200; turn++) {
      const [skip, count] = [(turn * 7_919_113) % bytes.length, 1 + ((turn * 104_729) % 200_000)];
      const { stdout } = spawnSync(
        'dd',
        [`if=${join(inFolder(kind), program)}`, 'iflag=skip_bytes,count_bytes', `skip=${skip}`, `count=${count}`, 'bs=64k', 'status=none'],
        { maxBuffer: 1 << 20 },
      );
      expect(stdout.equals(bytes.subarray(skip, skip + count)), `${count} bytes at ${skip}`).toBe(true);
    }
  });
});

/** Seconds of a command, its output thrown away. */
function seconds(command: string, args: readonly string[]): number {
  const started = process.hrtime.bigint();
  expect(spawnSync(command, args, { stdio: ['ignore', 'ignore', 'ignore'] }).status).toBe(0);
  return Number(process.hrtime.bigint() - started) / 1e9;
}

test.runIf(usable)('reading front to back takes at most twice as long as 7z does', async () => {
  const name = 'Bench.app/Contents/MacOS/program 1';
  const ratios: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    // Another server each time: what is read twice is in its memory.
    await mounted('dmg', `timed${turn}`);
    // What the image's file holds is in the system's cache for both.
    readFileSync(join(scratch, 'image.dmg'));
    const ours = seconds('cat', [join(scratch, `timed${turn}`, name)]);
    const theirs = seconds('7z', ['x', '-so', join(scratch, 'image.dmg'), `*/${name}`]);
    ratios.push(ours / theirs);
    expect((await diskseal(['unmount', join(scratch, `timed${turn}`)])).code).toBe(0);
  }
  console.warn(`mount: seconds of cat by seconds of 7z x -so, ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`);
  expect(ratios.sort((a, b) => a - b)[2]).toBeLessThan(2);
});

test.runIf(usable)('ten thousand opens leave memory and descriptors as they were', async () => {
  const pid = await mounted('dmg', 'steady');
  const state = (): { descriptors: number; kilobytes: number } => ({
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    kilobytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]),
  });
  const files = run('find', ['.', '-type', 'f', '-size', '-64k'], { cwd: inFolder('steady') })
    .stdout.trim()
    .split('\n')
    .slice(0, 500);
  const turn = (): void => {
    for (const name of files) readFileSync(join(inFolder('steady'), name));
    // The kernel forgets names and pages, and asks for all of them again.
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  };
  for (let warm = 0; warm < 4; warm++) turn();
  const before = state();
  for (let turns = 0; turns < 20; turns++) turn();
  const after = state();
  console.warn(`mount: ${before.kilobytes} KiB before 10,000 opens, ${after.kilobytes} KiB after`);
  expect(after.descriptors).toBe(before.descriptors);
  expect(after.kilobytes).toBeLessThan(before.kilobytes + 60_000);
  expect((await diskseal(['unmount', inFolder('steady')])).code).toBe(0);
});

test.runIf(usable)('a hundred mounts in a row', async () => {
  for (let turn = 0; turn < 100; turn++) {
    await mounted('dmg', 'again');
    expect(readdirSync(inFolder('again')).sort()).toEqual(['Bench.app', 'Odd things', 'secret']);
    expect((await diskseal(['unmount', inFolder('again')])).code).toBe(0);
  }
  await until(() => mountsBelow(inFolder('again')).length === 0, 'nothing is left');
});
