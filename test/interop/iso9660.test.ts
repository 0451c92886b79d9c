/**
 * ISO 9660 and UDF images of ours, shown to a real Linux kernel and to every other reader that the oracles beside the project run:
 * plain, Joliet, Rock Ridge and all three, UDF beside them and UDF alone, of an application's folder, of odd names, and of twenty
 * thousand files.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { type FormatOptions, format } from '../../src/formats/filesystems/iso9660/format.ts';
import { project } from '../../src/formats/filesystems/iso9660/project.ts';
import { planBridge } from '../../src/formats/filesystems/udf/bridge.ts';
import { format as formatUdf } from '../../src/formats/filesystems/udf/format.ts';
import { fill, LONGER_NAMES, NAMES } from '../iso9660/source-folder.ts';
import { hostTree } from '../support/host-tree.ts';
import { listing } from '../support/listing.ts';
import { file, NEW_YEAR, tree } from '../support/memory-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { isInstalled, runStreaming } from './tools.ts';
import { manyFiles } from './trees.ts';

const ORACLES = fileURLToPath(new URL('../../../shared/oracles/', import.meta.url));
const hasOracles = existsSync(ORACLES);
if (!hasOracles) console.warn('interop: ../shared/oracles is not there: ISO images are SKIPPED');
const MAKE_APP = fileURLToPath(new URL('../../../shared/bench/make-app', import.meta.url));

const VOLUMES = [
  ['plain', { rockRidge: false, joliet: false }],
  ['Joliet', { rockRidge: false }],
  ['Rock Ridge', { joliet: false }],
  ['all three', {}],
] as const satisfies readonly (readonly [string, Partial<FormatOptions>])[];

let scratch = '';
beforeAll(async () => {
  scratch = await temporaryFolder();
});

/** Zeros are left out, so that a large image takes no room. */
async function write(volume: Disk, name: string): Promise<string> {
  const path = join(scratch, name);
  const handle = openSync(path, 'w');
  for (const { kind, position, length } of volume.extents()) {
    if (kind === 'zeros') continue;
    for (let at = position; at < position + length; at += 1 << 24) {
      const bytes = await volume.read(at, Math.min(1 << 24, position + length - at));
      writeSync(handle, bytes, 0, bytes.length, at);
    }
  }
  ftruncateSync(handle, volume.size);
  closeSync(handle);
  return path;
}

/** @param forgiven - rows of the table that tell of a tool's own limits */
function checkImage(path: string, forgiven: readonly string[] = []): void {
  const tolerate = forgiven.flatMap((tool) => ['--tolerate', tool]);
  const { status, stdout } = spawnSync(`${ORACLES}check-image`, [path, '--seconds', '300', ...tolerate], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  expect(status, stdout).toBe(0);
}

interface Mounted {
  readonly path: string;
  readonly type: string;
  readonly mode: string | number;
  readonly nlink: number;
  readonly size: number;
  readonly sha256?: string;
  readonly target?: string;
  readonly mtime: number;
}

function mounted(path: string, options: readonly string[], type: 'iso9660' | 'udf' = 'iso9660'): Mounted[] {
  const { status, stdout, stderr } = spawnSync(`${ORACLES}kernel-mount`, [type, path, ...options], {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  expect(status, stderr).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Mounted);
}

const TYPES = { file: 'f', folder: 'd', symlink: 'l' } as const;

async function essence(given: FileTree) {
  const listed = await listing(given);
  const rows = listed.map(({ path, type, content, target }) => [path === '' ? '.' : path, TYPES[type], content ?? target ?? '']);
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

function seen(entries: readonly Mounted[]) {
  const rows = entries.map(({ path, type, size, sha256, target }) => [path, type, type === 'f' ? `${size} ${sha256}` : (target ?? '')]);
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

describe.runIf(hasOracles)('an application', () => {
  let app: FileTree;
  beforeAll(async () => {
    const folder = join(scratch, 'app');
    const { status } = spawnSync(MAKE_APP, [folder, 'small'], { stdio: 'ignore' });
    expect(status).toBe(0);
    app = await hostTree(folder, 'Small');
  });

  test.each(VOLUMES)('%s: every reader is content', async (name, options) => {
    checkImage(await write(await format(app, { created: NEW_YEAR, ...options }), `app ${name}.iso`));
  });

  test('started from by BIOS and UEFI: every reader is content', async () => {
    const boot = [
      { path: 'Small.app/Contents/Info.plist', platform: 'bios' },
      { path: 'Small.app/Contents/PkgInfo', platform: 'uefi' },
    ] as const;
    // 7-Zip lists boot images a second time, in a folder of its own.
    checkImage(await write(await format(app, { created: NEW_YEAR, boot }), 'app boot.iso'), ['7z']);
  });

  test('the kernel lists with Rock Ridge and with Joliet what was put in', async () => {
    const path = await write(await format(app, { created: NEW_YEAR, joliet: 'long' }), 'app.iso');
    expect(seen(mounted(path, []))).toEqual(await essence(app));
    expect(seen(mounted(path, ['-o', 'norock']))).toEqual(await essence(project(app, { view: 'joliet', joliet: 'long' })));
  });
});

const UDF = { volumeId: 0x0123_4567_89ab_cdefn, created: NEW_YEAR };

async function bridged(given: FileTree): Promise<Disk> {
  const bridge = await planBridge(given, UDF);
  const volume = await format(given, { created: NEW_YEAR, firstSector: bridge.firstSector });
  return bridge.over(volume, volume.contents());
}

/** As UDF beside ISO 9660 shows it. */
async function withoutLinks(given: FileTree) {
  return (await essence(given)).filter(([, type]) => type !== 'l');
}

describe.runIf(hasOracles).each([
  ['an application', (folder: string) => void spawnSync(MAKE_APP, [folder, 'small'], { stdio: 'ignore' })],
  ['odd names', (folder: string) => fill(folder, 20, [...NAMES, ...LONGER_NAMES], `${'d/'.repeat(300)}end`)],
])('UDF of %s', (name, make) => {
  let given: FileTree;
  beforeAll(async () => {
    const folder = join(scratch, `udf ${name}`);
    mkdirSync(folder);
    make(folder);
    given = await hostTree(folder, 'Disc');
  });

  test('alone: the kernel lists what was put in, links too, and every reader but 7-Zip is content', async () => {
    const path = await write(await formatUdf(given, UDF), `${name} udf.iso`);
    expect(seen(mounted(path, [], 'udf'))).toEqual(await essence(given));
    // It refuses a volume for one symbolic link.
    checkImage(path, ['7z']);
  });

  test('beside ISO 9660: the kernel lists in both what was put in, but for links in UDF', async () => {
    const path = await write(await bridged(given), `${name} bridge.iso`);
    expect(seen(mounted(path, [], 'udf'))).toEqual(await withoutLinks(given));
    expect(seen(mounted(path, []))).toEqual(await essence(given));
    // iso-info leaves out Rock Ridge names that go on in a continuation area.
    checkImage(path, ['iso-info']);
  });
});

describe.runIf(hasOracles)('odd names', () => {
  let odd: FileTree;
  beforeAll(async () => {
    const folder = join(scratch, 'odd');
    mkdirSync(folder);
    fill(folder, 20, [...NAMES, ...LONGER_NAMES], `${'d/'.repeat(300)}end`);
    odd = await hostTree(folder, 'Odd');
  });

  test('the kernel lists what was put in, modes and links too', async () => {
    const path = await write(await format(odd, { created: NEW_YEAR }), 'odd.iso');
    const entries = mounted(path, []);
    expect(seen(entries)).toEqual(await essence(odd));
    const links = Object.fromEntries(entries.map(({ path: place, nlink }) => [place, nlink]));
    expect([links['links/one'], links['links/other'], links['level 1'], links['a']]).toEqual([2, 2, 3, 1]);
    expect(new Set(entries.filter(({ path: place }) => place !== '.').map(({ mtime }) => Math.floor(mtime)))).toEqual(new Set([NEW_YEAR]));
    expect(seen(mounted(path, ['-o', 'norock']))).toEqual(await essence(project(odd, { view: 'joliet' })));
  });

  test.each([VOLUMES[0], VOLUMES[1]])('%s: every reader is content', async (name, options) => {
    checkImage(await write(await format(odd, { created: NEW_YEAR, ...options }), `odd ${name}.iso`));
  });
});

test.runIf(hasOracles)('twenty thousand files: every reader is content', async () => {
  const { tree: many } = manyFiles(20_000);
  checkImage(await write(await format(many, { created: NEW_YEAR }), 'many.iso'));
});

test.runIf(isInstalled('7z') && isInstalled('isoinfo'))('a file of 5 GiB is read back to its last byte', async () => {
  const end = new Uint8Array(1 << 20).map((_, index) => index * 7);
  const size = 5 * 2 ** 30 + end.length;
  const volume = await format(tree('Large', [file('large', joinDisks([zerosDisk(size - end.length), bytesDisk(end)]))]), {
    created: NEW_YEAR,
  });
  const path = await write(volume, 'large.iso');
  const last = createHash('sha256');
  let position = 0;
  const status = await runStreaming('7z', ['x', '-so', '-tiso', path], (bytes) => {
    const from = Math.max(0, size - end.length - position);
    if (from < bytes.length) last.update(bytes.subarray(from));
    position += bytes.length;
  });
  expect([status, position]).toEqual([0, size]);
  expect(last.digest('hex')).toBe(createHash('sha256').update(end).digest('hex'));
});
