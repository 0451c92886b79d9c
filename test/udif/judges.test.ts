/** What we pack, others read: 7-Zip and dmg2img, byte for byte. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { pack } from '../../src/formats/containers/udif/pack.ts';
import { type GptDisk, partition } from '../../src/formats/partitions/gpt/partition.ts';
import { corpusBytes, hasCorpus } from '../support/corpus.ts';
import { memorySink } from '../support/memory-sink.ts';
import { movingThreads } from '../support/moving-threads.ts';
import { testPlatform as platform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const installed = (tool: string): boolean => {
  const found = spawnSync(tool, ['--help']).error === undefined;
  if (!found) console.warn(`${tool} is not installed: it does not judge our images`);
  return found;
};
const has7z = installed('7z');
const hasDmg2img = installed('dmg2img');

async function packedVolume(): Promise<{ disk: GptDisk; path: string; folder: string }> {
  const volume = bytesDisk(corpusBytes('fs/tika-hfsplus.raw.gz'));
  const disk = partition([{ disk: volume, type: 'Apple_HFS', name: 'disk image' }], {
    diskId: new Uint8Array(16).fill(1),
    volumeIds: [new Uint8Array(16).fill(2)],
  });
  const sink = memorySink();
  await pack(disk, sink, { platform, threads: movingThreads(2) });
  const folder = await temporaryFolder();
  const path = join(folder, 'packed.dmg');
  await writeFile(path, sink.bytes());
  return { disk, path, folder };
}

describe.skipIf(!hasCorpus)('an HFS+ volume of the corpus, packed by us', () => {
  test.skipIf(!has7z)('7-Zip finds no error and takes out the same volume', async () => {
    const { disk, path, folder } = await packedVolume();
    const tested = spawnSync('7z', ['t', '-tdmg', path], { encoding: 'utf8' });
    expect({ status: tested.status, output: tested.stdout }).toEqual({ status: 0, output: expect.stringContaining('Everything is Ok') });
    expect(tested.stdout).not.toMatch(/warning/i);
    const out = join(folder, 'parts');
    expect(spawnSync('7z', ['x', '-tdmg', `-o${out}`, path]).status).toBe(0);
    const volume = disk.partitions[0].disk;
    expect(Buffer.compare(await readFile(join(out, '4.hfs')), await volume.read(0, volume.size))).toBe(0);
  });

  test.skipIf(!hasDmg2img)('dmg2img expands the same disk', async () => {
    const { disk, path, folder } = await packedVolume();
    const out = join(folder, 'disk.img');
    expect(spawnSync('dmg2img', [path, out]).status).toBe(0);
    expect(Buffer.compare(await readFile(out), await disk.read(0, disk.size))).toBe(0);
  });
});
