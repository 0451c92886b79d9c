/** Several images of one tree, built at once: the same files in each, each source read once, each image verified deeply. */
import { randomBytes } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../src/core/disk.ts';
import { type FileTree, walk } from '../../src/core/file-tree.ts';
import type { Platform } from '../../src/core/platform.ts';
import { open as openBin } from '../../src/formats/containers/bincue/open.ts';
import { open as openIso9660 } from '../../src/formats/filesystems/iso9660/open.ts';
import { open as openUdf } from '../../src/formats/filesystems/udf/open.ts';
import { isOneVolume } from '../../src/formats/filesystems/udf/volume.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { sourceFile } from '../../src/node/file-disk.ts';
import { build, planOf, verdictOf } from '../support/built-images.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform as platform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The test's platform, and how many bytes of files it was asked for. */
function countingPlatform(): { platform: Platform; bytesRead: () => number } {
  let read = 0;
  const counting: Platform = {
    ...platform,
    readFile(range, into) {
      read += into.length;
      return platform.readFile(range, into);
    },
    threads: { width: 1, run: async (task, input) => (await task.run(input, counting)).value },
  };
  return { platform: counting, bytesRead: () => read };
}

function sample(): FileTree {
  return tree('Sample', [
    folder('Docs', [file('größe 日本.txt', 'text'), file('empty'), folder('deep', [file('x', 'x'.repeat(3000))])]),
    file('large', randomBytes(3_000_000)),
    file('zeros', new Uint8Array(200_000)),
    file('b link', 'linked', { linkGroup: 'g' }),
    file('a link', 'linked', { linkGroup: 'g' }),
    symlink('Applications', '/Applications'),
  ]);
}

describe('targets', () => {
  test.each([
    ['all four', ['dmg', 'raw', 'iso', 'bin']],
    ['without a DMG', ['iso', 'raw']],
    ['an ISO alone', ['iso']],
    ['a BIN alone', ['bin']],
  ] as const)('%s: each verifies deeply, and all state the same content', async (_, targets) => {
    const { made, results } = await build(targets, await planOf(sample()));
    const contents = new Set<string>();
    for (const [target, one] of made) {
      const verdict = await verdictOf(one);
      // A BIN's files are behind its sectors, which the verifier does not take apart.
      const failures = verdict.checks.filter(({ status }) => status === 'fail');
      if (target !== 'bin') expect(failures, target).toEqual([]);
      contents.add(verdict.statement!.content.digest);
      expect(one.beside.has('seal')).toBe(target === 'bin');
    }
    expect(contents.size).toBe(1);
    expect(new Set(results.map(({ entries }) => entries))).toEqual(new Set([10]));
  });
  test.each([[['dmg', 'raw', 'iso', 'bin']], [['iso', 'bin']], [['raw']]] as const)('every source is read once for %j', async (targets) => {
    const size = 2_500_000;
    const path = join(await temporaryFolder(), 'source');
    await writeFile(path, randomBytes(size));
    const { mtimeNs } = await stat(path, { bigint: true });
    const source = sourceFile(path, size, mtimeNs);
    const direct: number[] = [];
    const watched: Disk = { ...source, read: (position, length, into) => (direct.push(length), source.read(position, length, into)) };
    const { platform: counting, bytesRead } = countingPlatform();
    await build(targets, await planOf(tree('T', [file('f', watched)])), [], counting);
    expect(bytesRead() + direct.reduce((sum, length) => sum + length, 0)).toBe(size);
  });
  test('the same inputs give the same bytes', async () => {
    const given = sample();
    const unsigned = await planOf(given, { seal: undefined });
    const [one, two] = [await build(['raw', 'iso', 'bin'], unsigned), await build(['dmg', 'raw', 'iso', 'bin'], unsigned)];
    for (const target of ['raw', 'iso', 'bin'] as const) {
      expect(Buffer.compare(one.made.get(target)!.image.bytes(), two.made.get(target)!.image.bytes()), target).toBe(0);
    }
  });
  test.each(['gpt', 'none'] as const)('a raw image with %s gets its seal beside it, which is said', async (partitionMap) => {
    const warnings: string[] = [];
    const { made } = await build(['raw'], await planOf(sample(), { raw: { partitionMap } }), warnings);
    expect(warnings.join()).toContain('image.raw.seal');
    expect((await verdictOf(made.get('raw')!)).exitCode).toBe(0);
  });
  test('a raw image with a master boot record carries its seal', async () => {
    const { made } = await build(['raw'], await planOf(sample(), { raw: { partitionMap: 'mbr' } }));
    expect((await verdictOf(made.get('raw')!)).exitCode).toBe(0);
    expect((await openPartitions(made.get('raw')!.image.written())).map).toBe('mbr');
  });
  test('an ISO image with UDF shows the same through both, sealed beside', async () => {
    const { made } = await build(['dmg', 'iso'], await planOf(sample(), { iso: { udf: true } }));
    const { image, beside } = made.get('iso')!;
    expect(beside.has('seal')).toBe(true);
    expect((await verdictOf(made.get('iso')!)).exitCode).toBe(0);
    const names = async ({ root }: FileTree): Promise<string[]> => {
      const found: string[] = [];
      for await (const { name, type } of root.children()) if (type !== 'symlink') found.push(name);
      return found.sort();
    };
    expect(await names(await openUdf(image.written()))).toEqual(await names(await openIso9660(image.written())));
  });
  test.each(['iso', 'bin'] as const)('%s with UDF alone: links and all, sealed beside', async (target) => {
    const { made } = await build([target], await planOf(sample(), { iso: { udf: 'only' } }));
    const { image, beside } = made.get(target)!;
    expect(beside.has('seal')).toBe(true);
    const verdict = await verdictOf(made.get(target)!);
    expect([verdict.exitCode, verdict.statement?.format, verdict.statement?.placement]).toEqual([0, 'raw', 'detached']);
    const volume = target === 'bin' ? openBin(image.written()) : image.written();
    expect(await isOneVolume(volume)).toBe(true);
    const { root } = await openUdf(volume);
    const types = new Set<string>();
    for await (const { entry } of walk(root)) types.add(entry.type);
    expect([...types].sort()).toEqual(['file', 'folder', 'symlink']);
  });
  test('a BIN image holds the ISO volume, and its cue sheet names it', async () => {
    const { made } = await build(['bin'], await planOf(sample(), { seal: undefined }));
    const { image, beside } = made.get('bin')!;
    expect((await openIso9660(openBin(image.written()))).root.name).toBe('Sample');
    expect(new TextDecoder().decode(beside.get('cue')!.bytes())).toContain('FILE "image.bin" BINARY');
  });
  test('a loader that is changed in the ISO image is not built beside a DMG', async () => {
    const boot = [{ path: 'large', platform: 'bios' as const, infoTable: true }];
    const plan = await planOf(sample(), { iso: { boot } });
    await expect(build(['dmg', 'iso'], plan)).rejects.toMatchObject({ code: 'E_MANIFEST' });
    expect((await verdictOf((await build(['iso'], plan)).made.get('iso')!)).exitCode).toBe(0);
  });
});
