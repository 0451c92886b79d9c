import { link, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { project } from '../../src/formats/filesystems/hfsplus/project.ts';
import { hostTree } from '../support/host-tree.ts';
import { listing } from '../support/listing.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OPTIONS = { volumeId: 1n, created: NEW_YEAR };

it('files of this machine pass through as ranges of files', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'large'), 'x'.repeat(10_000));
  await writeFile(join(folder, 'in', 'small'), 'small');
  await writeFile(join(folder, 'empty'), '');
  await link(join(folder, 'large'), join(folder, 'in', 'linked'));
  await symlink('../nowhere', join(folder, 'in', 'dangling'));
  await utimes(join(folder, 'in', 'small'), 1_700_000_000.75, 1_700_000_000.75);

  const source = await hostTree(folder, 'Host');
  const volume = await format(source, OPTIONS);
  expect(await check(volume)).toEqual([]);
  expect(await listing(await open(volume))).toEqual(await listing(project(source)));

  const contents = [...volume.contents()];
  expect(contents.map(({ path, length }) => [path, length])).toEqual([
    ['large', 10_000],
    ['in/small', 5],
  ]);
  for (const { path, position, length } of contents) {
    const extent = [...volume.extents()].find((found) => found.position === position);
    expect(extent).toMatchObject({ kind: 'file', length, file: { path: join(folder, path), offset: 0, fileSize: length } });
    expect(Buffer.compare(await volume.read(position, length), await readFile(join(folder, path)))).toBe(0);
  }
});

it('a file that changed after planning is not read', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), 'before');
  const volume = await format(await hostTree(folder, 'Host'), OPTIONS);
  await writeFile(join(folder, 'file'), 'after, and longer');
  const [content] = volume.contents();
  await expect(volume.read(content.position, content.length)).rejects.toThrowError(expect.objectContaining({ code: 'E_CHANGED' }));
});
