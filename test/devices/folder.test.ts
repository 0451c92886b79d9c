/** `capture` of a folder: what of its metadata is in the volume. */
import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, link, lstat, lutimes, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sliceDisk } from '../../src/core/disk.ts';
import { find, walk } from '../../src/core/file-tree.ts';
import { open as openUdif } from '../../src/formats/containers/udif/open.ts';
import { open as openHfsPlus } from '../../src/formats/filesystems/hfsplus/open.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { diskseal, type Run } from '../support/command-line.ts';
import { hasProgram } from '../support/loop-device.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const isRoot = process.getuid?.() === 0;
const TRUST = ['--trust', 'keys/publisher.cert.pem'];
let folder: string;
const at = (name: string): string => join(folder, name);
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });

beforeAll(async () => {
  folder = await temporaryFolder();
  await run('keys', 'new', 'keys', '--name', 'Publisher');
  await mkdir(at('src/Inner/empty'), { recursive: true });
  await writeFile(at('src/a.txt'), 'a');
  await writeFile(at('src/A.txt'), 'upper');
  await writeFile(at('src/Inner/u b'), 'name');
  await link(at('src/a.txt'), at('src/Inner/hard'));
  await symlink('../a.txt', at('src/Inner/soft'));
  await chmod(at('src/a.txt'), 0o4751);
  await chmod(at('src/Inner'), 0o1777);
  if (isRoot) {
    await chown(at('src/A.txt'), 501, 20);
    await lchown(at('src/Inner/soft'), 7, 8);
  }
  await lutimes(at('src/Inner/soft'), 1_000_000_000, 1_000_000_000);
  await utimes(at('src/A.txt'), 1_111_111_111, 1_222_222_222);
  execFileSync('mkfifo', [at('src/pipe')]);
}, 60_000);

test('modes, owners, times and links are those of the folder; what is left out is said', async () => {
  const done = await run('capture', 'src', 'all.dmg', '--json');
  expect(done.code, done.stderr).toBe(0);
  expect(done.json()).toMatchObject({ sealed: false, filesystem: 'HFSX', skipped: ['pipe'] });
  expect(done.stderr).toContain('pipe: a pipe, socket or device is not captured');
  const image = await openFile(at('all.dmg'));
  const disk = await openUdif(image, testPlatform);
  const { partitions } = await openPartitions(disk);
  const tree = await openHfsPlus(sliceDisk(disk, partitions[0].position, partitions[0].disk.size));
  expect(tree.root.name).toBe('src');
  let count = 0;
  for await (const { path, entry } of walk(tree.root)) {
    count++;
    const stat = await lstat(at(`src/${path}`));
    if (entry.type !== 'symlink') expect(entry.mode, path).toBe(stat.mode & 0o7777);
    expect([entry.uid, entry.gid], path).toEqual([stat.uid, stat.gid]);
    expect(entry.times.modified, path).toBe(Math.floor(stat.mtimeMs / 1000));
    if (path === 'A.txt') expect(entry.times.accessed).toBe(1_111_111_111);
  }
  expect(count).toBe((await readdir(at('src'), { recursive: true })).length - 1);
  const [one, other, soft] = [await find(tree, 'a.txt'), await find(tree, 'Inner/hard'), await find(tree, 'Inner/soft')];
  expect(one).toMatchObject({ type: 'file', mode: 0o4751 });
  expect(one?.type === 'file' && one.linkGroup).toBeTruthy();
  expect(other).toMatchObject({ linkGroup: (one as { linkGroup: string }).linkGroup });
  expect(soft).toMatchObject({ type: 'symlink', target: '../a.txt' });
  await image.close();
});

test('sealed, as DMG and as raw image, the files are stated and come out again', async () => {
  const key = [
    '--key',
    'keys/publisher.key.pem',
    '--certificates',
    'keys/publisher.chain.pem',
    '--id',
    'com.example.folder',
    '--product-version',
    '1',
  ];
  for (const out of ['sealed.dmg', 'sealed.img']) {
    const done = await run('capture', 'src', out, ...key);
    expect(done.code, done.stderr).toBe(0);
    expect((await run('verify', out, ...TRUST, '--deep')).code).toBe(0);
    const extracted = await run('extract', out, '-o', `${out}.d`, ...TRUST);
    expect(extracted.code, extracted.stderr).toBe(0);
    execFileSync('diff', ['-r', '--no-dereference', '--exclude=pipe', at('src'), at(`${out}.d`)]);
  }
});

test.runIf(hasProgram('setfattr', '--version'))('attributes are kept', async () => {
  await mkdir(at('attributes'));
  await writeFile(at('attributes/file'), 'x');
  try {
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', at('attributes/file')], { stdio: 'pipe' });
    execFileSync('setfattr', ['-n', 'user.com.apple.FinderInfo', '-v', `0x${'54455854'.padEnd(64, '0')}`, at('attributes/file')], {
      stdio: 'pipe',
    });
  } catch {
    return console.warn('this filesystem holds no attributes: capturing them is not tested');
  }
  expect((await run('capture', 'attributes', 'attributes.img')).code).toBe(0);
  const image = await openFile(at('attributes.img'));
  const { partitions } = await openPartitions(image);
  const file = await find(await openHfsPlus(partitions[0].disk), 'file');
  const note = await file!.xattrs!.get('note')!.read(0, 4);
  expect(Buffer.from(note).toString()).toBe('kept');
  expect(Buffer.from(file!.finderInfo!.subarray(0, 4)).toString()).toBe('TEXT');
  await image.close();
});

test('what it writes itself is not captured', async () => {
  await mkdir(at('own'));
  await writeFile(at('own/file'), 'x');
  expect((await run('capture', 'own', 'own/out.dmg')).code).toBe(0);
  const again = await run('capture', 'own', 'own/out.dmg', '--force', '--json');
  expect(again.code, again.stderr).toBe(0);
  expect(again.json()).toMatchObject({ entries: 1 });
  expect(await readdir(at('own'))).toEqual(['file', 'out.dmg']);
});
