/** What other people's programs write, we read; what we write, their readers read: the same folder of this machine both ways. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { format } from '../../src/formats/filesystems/iso9660/format.ts';
import { open } from '../../src/formats/filesystems/iso9660/open.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { isInstalled, run } from '../interop/tools.ts';
import { hostTree } from '../support/host-tree.ts';
import { type Listed, listing } from '../support/listing.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { hasGenisoimage, hasIsoinfo, hasXorriso, seenByIsoinfo, seenByUs, seenByXorriso, seenInFolder, shownPath } from './judges.ts';
import { fill, LONGER_NAMES, NAMES } from './source-folder.ts';

const has7z = isInstalled('7z');

/** What every maker keeps. */
async function essence(tree: FileTree): Promise<unknown[]> {
  const entries = (await listing(tree)).filter(({ path }) => path !== '');
  const first = new Map<string, string>();
  return entries
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry) => ({
      path: entry.path,
      type: entry.type,
      // genisoimage and xorriso write other modes for links, which nobody asks.
      mode: entry.type === 'symlink' ? '' : entry.metadata['mode'],
      modified: entry.metadata['modified'],
      content: entry.content,
      target: entry.target,
      group: groupOf(entry, first),
    }));
}

/** The first path of a group in the order of paths: trees list in orders of their own. */
function groupOf({ path, linkedTo }: Listed, first: Map<string, string>): string | undefined {
  if (linkedTo === undefined) return undefined;
  if (!first.has(linkedTo)) first.set(linkedTo, path);
  return first.get(linkedTo);
}

async function withImage<T>(path: string, use: (disk: Disk) => Promise<T>): Promise<T> {
  const disk = await openFile(path);
  try {
    return await use(disk);
  } finally {
    await disk.close();
  }
}

function make(command: string, args: readonly string[]): void {
  const { status, stderr } = run(command, args);
  if (status !== 0) throw new Error(`${command} ends with ${status}: ${stderr}`);
}

describe('images of others', () => {
  let source = '';
  let plainer = '';
  let scratch = '';
  beforeAll(async () => {
    scratch = await temporaryFolder();
    [source, plainer] = [join(scratch, 'source'), join(scratch, 'plainer')];
    mkdirSync(source);
    mkdirSync(plainer);
    fill(source, 14, [...NAMES, ...LONGER_NAMES], `${'d/'.repeat(300)}end`);
    fill(plainer, 12, NAMES, `${'d/'.repeat(100)}end`);
  });

  const cases = [
    ['xorriso', 'source', ['-as', 'mkisofs', '-quiet', '-R', '-J', '-joliet-long', '--hardlinks']],
    ['xorriso', 'source', ['-as', 'mkisofs', '-quiet', '-R', '--hardlinks', '-iso-level', '3']],
    ['xorriso', 'plainer', ['-as', 'mkisofs', '-quiet', '-R', '-J', '--hardlinks', '-rr_reloc_dir', 'rr_moved']],
    ['xorriso', 'plainer', ['-as', 'mkisofs', '-quiet', '-R', '--hardlinks', '-iso-level', '1', '-no-pad']],
    ['genisoimage', 'plainer', ['-quiet', '-R', '-J', '-joliet-long', '-input-charset', 'utf-8']],
    ['genisoimage', 'plainer', ['-quiet', '-R', '-l', '-input-charset', 'utf-8']],
    ['genisoimage', 'plainer', ['-quiet', '-R', '-J', '-udf', '-input-charset', 'utf-8']],
  ] as const;

  it.runIf(hasXorriso && hasIsoinfo && hasGenisoimage).each(cases)(
    '%s of %s %j has the tree that was given',
    async (maker, which, args) => {
      const image = join(scratch, 'image.iso');
      const folder = which === 'source' ? source : plainer;
      make(maker, [...args, '-o', image, folder]);
      await withImage(image, async (disk) => {
        expect(await essence(await open(disk))).toEqual(await essence(await hostTree(folder)));
        const seen = await seenByUs(disk, 'iso9660');
        const stripped = seen.map((entry) => ({ ...entry, path: shownPath(entry.path) }));
        expect(stripped).toEqual(seenByIsoinfo(image));
        if (!args.some((option) => option === '-J')) return;
        expect(await seenByUs(disk, 'joliet')).toEqual(await seenByXorriso(image, 'joliet', join(scratch, 'joliet')));
      });
    },
  );
});

describe('images of ours', () => {
  let scratch = '';
  let source = '';
  beforeAll(async () => {
    scratch = await temporaryFolder();
    source = join(scratch, 'source');
    mkdirSync(source);
    fill(source, 14, [...NAMES, ...LONGER_NAMES], `${'d/'.repeat(300)}end`);
  });

  async function write(options: Parameters<typeof format>[1]): Promise<{ path: string; disk: Disk }> {
    const volume = await format(await hostTree(source, 'Source'), options);
    const path = join(scratch, 'ours.iso');
    const bytes = await volume.read(0, volume.size);
    writeFileSync(path, bytes);
    return { path, disk: bytesDisk(bytes) };
  }

  it.runIf(hasXorriso)('xorriso extracts from Rock Ridge what was put in', async () => {
    const { path } = await write({ created: NEW_YEAR, joliet: false });
    expect(await seenByXorriso(path, 'rockRidge', join(scratch, 'out'))).toEqual(await seenInFolder(source));
    expect(statSync(join(scratch, 'out', 'mode 4755')).mode & 0o7777).toBe(0o4755);
  });

  it.runIf(hasXorriso)('xorriso extracts from Joliet what we see there', async () => {
    const { path, disk } = await write({ created: NEW_YEAR, joliet: 'long' });
    const seen = await seenByUs(disk, 'joliet');
    expect(seen.length).toBeGreaterThan(150);
    expect(await seenByXorriso(path, 'joliet', join(scratch, 'out'))).toEqual(seen);
  });

  it.runIf(hasIsoinfo).each([1, 2, 3] as const)('isoinfo reads from level %i what we see there', async (level) => {
    const { path, disk } = await write({ created: NEW_YEAR, joliet: false, rockRidge: false, level });
    const seen = await seenByUs(disk, 'iso9660');
    expect(seen.length).toBeGreaterThan(150);
    expect(seenByIsoinfo(path)).toEqual(seen);
  });

  it.runIf(has7z)('7-Zip tests and extracts Joliet', async () => {
    const { path, disk } = await write({ created: NEW_YEAR, rockRidge: false });
    const out = join(scratch, 'out7');
    make('7z', ['x', '-bd', '-y', `-o${out}`, path]);
    expect(await seenInFolder(out)).toEqual(await seenByUs(disk, 'joliet'));
  });

  it.runIf(hasXorriso)('xorriso finds the boot images and the table in the loader', async () => {
    const volume = await format(await hostTree(source, 'Boot'), {
      created: NEW_YEAR,
      boot: [
        { path: 'size 70000', platform: 'bios', infoTable: true },
        { path: 'size 2049', platform: 'uefi' },
      ],
    });
    const path = join(scratch, 'boot.iso');
    writeFileSync(path, await volume.read(0, volume.size));
    const { stdout } = spawnSync('xorriso', ['-indev', path, '-report_el_torito', 'plain'], { encoding: 'utf8' });
    expect(stdout).toMatch(/boot img : +1 +BIOS +y +none +0x0000 +0x00 +4 /);
    expect(stdout).toMatch(/boot img : +2 +UEFI +y +none +0x0000 +0x00 +5 /);
    expect(stdout).toMatch(/img path : +1 +\/size 70000/);
    expect(stdout).toMatch(/img opts : +1 +boot-info-table/);
  });
});
