/**
 * A Linux kernel writes to a volume of ours: its B-tree and bitmap code has to work on our structures, and what it leaves
 * behind must still be in order for our checker, our reader and 7-Zip.
 */
import { copyFileSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, expect, test } from 'vitest';
import { stream } from '../../src/core/disk.ts';
import { find, walk } from '../../src/core/file-tree.ts';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { boot, kernel } from './readers/kernel.ts';
import { sevenZip } from './readers/seven-zip.ts';
import { mayUse, run } from './tools.ts';
import { interopTrees } from './trees.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diskseal-interop-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const usable = mayUse(kernel);

test.runIf(usable).each(['links', 'hard links', 'attributes', 'case', 'many 3000'])(
  'a kernel writes to the volume of "%s"',
  async (name) => {
    const { tree, caseSensitive } = interopTrees().find((tree) => tree.name === name)!;
    const planned = await format(tree, { volumeId: 1n, created: 1_700_000_000, caseSensitive, freeBytes: 8 << 20 });
    const volume = join(scratch, `${name}.volume`);
    await pipeline(Readable.from(stream(planned)), createWriteStream(volume));
    const written = `${volume}.written`;
    copyFileSync(volume, written);

    const { report, log } = await boot({ disk: volume, hasMap: false }, written);
    expect(
      report.find(({ failed }) => failed),
      log,
    ).toBeUndefined();
    expect(report.some(({ written }) => written !== undefined)).toBe(true);

    const disk = await openFile(written);
    try {
      // Linux leaves two things otherwise than Apple does, which the checker warns of: the alternate header and hard links' flags.
      expect((await check(disk)).filter(({ level }) => level === 'error')).toEqual([]);
      const after = await open(disk);
      expect(await find(after, 'written by a kernel/symbolic')).toMatchObject({ type: 'symlink', target: 'nowhere' });
      for await (const { path, entry } of walk(tree.root)) {
        // What the kernel did not touch is still there, under the name that HFS+ gives it.
        expect((await find(after, path.normalize('NFD')))?.type, path).toBe(entry.type);
      }
    } finally {
      await disk.close();
    }
    if (mayUse(sevenZip)) expect(run('7z', ['t', '-thfs', '-bd', written]).status).toBe(0);
  },
);
