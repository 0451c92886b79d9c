import { describe, expect, it } from 'vitest';
import { bytesDisk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { format as formatUdf } from '../../src/formats/filesystems/udf/format.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import { partition as mbr } from '../../src/formats/partitions/mbr/partition.ts';
import { openLayers, openVolume } from '../../src/verify/layers.ts';
import { file, tree } from '../support/memory-tree.ts';
import { nrgImage, rawSectors } from '../support/nrg-image.ts';
import { testPlatform } from '../support/platform.ts';
import { smallIso } from '../support/small-images.ts';

const ids = (count: number) => ({
  diskId: new Uint8Array(16).fill(1),
  volumeIds: Array.from({ length: count }, (_, index) => new Uint8Array(16).fill(index + 2)),
});
const volume = (name: string) => format(tree(name, [file('a', 'a')]), { caseSensitive: false, created: 1_767_225_600, volumeId: 1n });
const names = async ({ root }: FileTree): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of root.children()) found.push(name);
  return found;
};

it('opens a bare volume', async () => {
  const layers = await openLayers(await volume('Bare'), testPlatform);
  expect(layers).toMatchObject({ container: 'raw', map: 'none', partitions: [], volumes: [{ filesystem: 'hfsplus', position: 0 }] });
  const opened = await openVolume(layers);
  expect(opened.root.name).toBe('Bare');
  expect(await names(opened)).toEqual(['a']);
});

it('finds the one volume of a disk, whatever else is on it', async () => {
  const other = joinDisks([zerosDisk(32), bytesDisk(new TextEncoder().encode('NXSB')), zerosDisk(8192 - 36)]);
  const disk = partition(
    [
      { disk: other, type: 'Apple_HFS', name: 'not what it says' },
      { disk: await volume('Real'), type: 'Apple_HFS', name: 'disk image' },
    ],
    ids(2),
  );
  const layers = await openLayers(disk, testPlatform);
  expect(layers.map).toBe('gpt');
  expect(layers.volumes.map(({ filesystem }) => filesystem)).toEqual(['apfs', 'hfsplus']);
  expect((await openVolume(layers)).root.name).toBe('Real');
});

it('does not choose between two volumes', async () => {
  const disk = partition(
    [
      { disk: await volume('One'), type: 'Apple_HFS', name: 'one' },
      { disk: await volume('Two'), type: 'Apple_HFS', name: 'two' },
    ],
    ids(2),
  );
  await expect(openLayers(disk, testPlatform).then(openVolume)).rejects.toMatchObject({
    code: 'E_UNSUPPORTED',
    message: expect.stringMatching(/2 volumes/),
  });
});

it('opens a UDF volume', async () => {
  const layers = await openLayers(await formatUdf(tree('Disc', [file('a', 'a')]), { volumeId: 1n, created: 1_767_225_600 }), testPlatform);
  expect(layers.volumes.map(({ filesystem }) => filesystem)).toEqual(['udf']);
  expect(await names(await openVolume(layers))).toEqual(['a']);
});

it('names the filesystem that it does not read', async () => {
  const apfs = joinDisks([zerosDisk(32), bytesDisk(new TextEncoder().encode('NXSB')), zerosDisk(40_000)]);
  const layers = await openLayers(apfs, testPlatform);
  expect(layers.volumes.map(({ filesystem }) => filesystem)).toEqual(['apfs']);
  await expect(openVolume(layers)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message: expect.stringMatching(/APFS/), offset: 0 });
});

it.each([0, 1, 511, 512, 4096, 100_000])('says that %d bytes of nothing are no image', async (size) => {
  await expect(openLayers(zerosDisk(size), testPlatform)).rejects.toMatchObject({ code: 'E_NOT_IMAGE', offset: 0 });
});

const udf = () => formatUdf(tree('Disc', [file('a', 'a')]), { volumeId: 1n, created: 1_767_225_600 });
const layersOf = (bytes: Uint8Array) => openLayers(bytesDisk(bytes), testPlatform);

it('opens a UDF volume in a partition, wherever that begins', async () => {
  const disc = await udf();
  for (const disk of [partition([{ disk: disc, type: 'Apple_HFS', name: 'disc' }], ids(1)), mbr({ disk: disc, type: 'Apple_HFS' }, 1)]) {
    const layers = await openLayers(disk, testPlatform);
    expect(layers.volumes.map(({ filesystem, position }) => [filesystem, position > 0])).toEqual([['udf', true]]);
    expect(await names(await openVolume(layers))).toEqual(['a']);
  }
});

it('names an HFS volume that shares the disk with a disc', async () => {
  const hybrid = smallIso();
  hybrid.set(new TextEncoder().encode('BD'), 1024);
  const layers = await layersOf(hybrid);
  expect(layers.volumes.map(({ filesystem, position }) => [filesystem, position])).toEqual([
    ['iso9660', 0],
    ['hfs', 0],
  ]);
  expect(await names(await openVolume(layers))).toEqual(['FILE.TXT']);
});

describe('containers of discs', () => {
  const iso = smallIso();
  it('are opened by what is in them', async () => {
    for (const [container, bytes] of [
      ['bin', rawSectors(iso)],
      ['nrg', nrgImage(iso, { gap: 150 })],
      ['nrg', nrgImage(iso, { raw: true })],
    ] as const) {
      const layers = await layersOf(bytes);
      expect(layers).toMatchObject({ container, map: 'none', disk: { size: iso.length } });
      expect(await names(await openVolume(layers))).toEqual(['FILE.TXT']);
    }
  });
  it('an NRG image whose data begins with the file is the ISO image that it is', async () => {
    const layers = await layersOf(nrgImage(iso));
    expect(layers.container).toBe('raw');
    expect(await names(await openVolume(layers))).toEqual(['FILE.TXT']);
  });
  it('a file that is two discs is refused', async () => {
    const other = nrgImage(iso, { gap: 32 });
    other.set(iso.subarray(32_768, 32_768 + 4096), 32_768);
    const bin = iso.slice();
    bin.set(rawSectors(new Uint8Array(2048)).subarray(0, 12));
    for (const bytes of [other, bin])
      await expect(layersOf(bytes)).rejects.toMatchObject({ code: 'E_UNCOVERED', offset: expect.any(Number) });
  });
  it('a cue sheet is told from an image, and the image is named', async () => {
    const sheet = new TextEncoder().encode('FILE "disc.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 01 00:00:00\n');
    await expect(layersOf(sheet)).rejects.toMatchObject({ code: 'E_NOT_IMAGE', hint: 'name the image: disc.bin' });
  });
});
