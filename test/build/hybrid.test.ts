/** ISO images that are disks with partitions as well: built, verified in every view, changed, and refused where nothing would start. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BuildPlan, HybridSettings } from '../../src/build/plan.ts';
import { bytesDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { GptEntry, GptHeader } from '../../src/formats/partitions/gpt/structs.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { GPT_COPY } from '../../src/formats/partitions/system-area.ts';
import { findSeal } from '../../src/seal/place.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { verify } from '../../src/verify/verify.ts';
import { inventoryOfImage } from '../../src/verify/volume-inventory.ts';
import { build, type Made, planOf, verdictOf } from '../support/built-images.ts';
import { NOW, testChain } from '../support/certificates.ts';
import { fatImage, isolinux } from '../support/loaders.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { sealedBeside, sealedInside } from '../support/sealed-foreign.ts';
import { folderOf } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const code = Uint8Array.from({ length: 432 }, (_, index) => (index * 11 + 3) & 255);

function bootable(loader: Uint8Array = isolinux(), efi: Uint8Array = fatImage()): FileTree {
  return tree('Boot', [
    file('efi.img', efi),
    folder('isolinux', [file('isolinux.bin', loader), file('isolinux.cfg', 'say hello')]),
    folder('packages', [file('größe 日本.pkg', new Uint8Array(300_000).fill(9)), symlink('latest', 'größe 日本.pkg')]),
  ]);
}

const LOADERS = [
  { path: 'isolinux/isolinux.bin', platform: 'bios', infoTable: true },
  { path: 'efi.img', platform: 'uefi' },
] as const;

const settings = (hybrid: HybridSettings, more: BuildPlan['iso'] = {}): Partial<BuildPlan> => ({ iso: { boot: LOADERS, hybrid, ...more } });
const built = async (given: FileTree, plan: Partial<BuildPlan>): Promise<Made> =>
  (await build(['iso'], await planOf(given, plan))).made.get('iso')!;

describe.each(['gpt', 'mbr'] as const)('%s', (map) => {
  test('the image carries its seal, and verifies deeply', async () => {
    const made = await built(bootable(), settings({ map, bootSector: code }));
    expect((await verdictOf(made)).checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect((await verdictOf(made)).exitCode).toBe(0);
    expect(made.beside.has('seal')).toBe(false);
    const { coverage } = (await findSeal(made.image.written()))!;
    const behind = map === 'gpt' ? GPT_COPY : 0;
    expect(coverage.seal.offset + coverage.seal.size).toBe(coverage.imageSize - behind);
    expect(coverage.covered.slice(1)).toEqual(behind > 0 ? [[coverage.imageSize - behind, behind]] : []);
  });

  test('the partition for UEFI is the file, at a whole MiB, and the boot sector has the loader’s place', async () => {
    const bytes = (await built(bootable(), settings({ map, bootSector: code }))).image.bytes();
    const { partitions } = await openPartitions(bytesDisk(bytes));
    expect(partitions.map(({ position }) => position)).toEqual([20_480, MIB]);
    expect(Buffer.compare(await partitions[1].disk.read(0, 720 * 1024), fatImage())).toBe(0);
    const start = Number(new DataView(bytes.buffer).getBigUint64(432, true)) * 512;
    expect(Buffer.compare(bytes.subarray(start + 64, start + 1000), isolinux().subarray(64, 1000))).toBe(0);
  });

  test('the same inputs give the same bytes; another tree has other identifiers', async () => {
    const plan = { ...settings({ map, bootSector: code }), seal: undefined };
    const [one, two] = [await built(bootable(), plan), await built(bootable(), plan)];
    expect(Buffer.compare(one.image.bytes(), two.image.bytes())).toBe(0);
    const other = await built(bootable(isolinux(5001)), plan);
    expect(idsOf(one.image.bytes(), map)).not.toEqual(idsOf(other.image.bytes(), map));
    expect(new Set(idsOf(one.image.bytes(), map)).size).toBe(map === 'gpt' ? 3 : 1);
  });

  test('beside other targets it is the same image, and states the same content', async () => {
    const boot = [{ path: 'efi.img', platform: 'uefi' }] as const;
    const plan = await planOf(bootable(), { iso: { boot, hybrid: { map } } });
    const [together, alone] = [await build(['dmg', 'iso', 'bin'], plan), await build(['iso'], plan)];
    const [one, two] = [together.made.get('iso')!, alone.made.get('iso')!];
    const sealed = (await findSeal(one.image.written()))!.coverage.seal.offset;
    expect(Buffer.compare(one.image.bytes().subarray(0, sealed), two.image.bytes().subarray(0, sealed))).toBe(0);
    expect((await verdictOf(one)).exitCode).toBe(0);
    const contents = [...together.made.values()].map(async (made) => (await verdictOf(made)).statement!.content.digest);
    expect(new Set(await Promise.all(contents)).size).toBe(1);
  });

  test('a flipped byte of the boot sector, of any table or of its copy is refused', async () => {
    const made = await built(bootable(), settings({ map, bootSector: code }));
    const bytes = made.image.bytes();
    const end = bytes.length;
    const places = [0, 431, 432, 440, 446, 510, 512, 530, 1024, 1100, 20_000, 32_767, MIB, MIB + 600, end - GPT_COPY, end - 600, end - 500];
    for (const place of places) {
      bytes[place] = bytes[place] ^ 1;
      expect((await verdictOf(made)).exitCode, String(place)).not.toBe(0);
      bytes[place] = bytes[place] ^ 1;
    }
    expect((await verdictOf(made)).exitCode).toBe(0);
  });

  test('one that is not sealed is sealed by "sign", in its padding, and nothing else changes', async () => {
    const image = (await built(bootable(), { ...settings({ map, bootSector: code }), seal: undefined })).image.bytes();
    const { leaf, root } = testChain();
    const sealed = await sealedInside(image, leaf);
    expect(sealed.length).toBe(image.length);
    const { coverage } = (await findSeal(bytesDisk(sealed)))!;
    const { offset, size } = coverage.seal;
    expect(Buffer.compare(sealed.subarray(0, offset), image.subarray(0, offset))).toBe(0);
    expect(Buffer.compare(sealed.subarray(offset + size), image.subarray(offset + size))).toBe(0);
    const verdict = await verify(
      bytesDisk(sealed),
      { anchors: parseAnchors(root.bytes), publishers: '*', now: NOW, deep: true },
      testPlatform,
    );
    expect([verdict.exitCode, verdict.statement?.content.entries]).toEqual([0, 7]);
  });
});

function idsOf(bytes: Uint8Array, map: 'gpt' | 'mbr'): string[] {
  const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');
  if (map === 'mbr') return [hex(bytes.subarray(440, 444))];
  const entries = [0, 1].map((index) => GptEntry.read(bytes, 1024 + index * 128));
  return [GptHeader.read(bytes, 512).diskGuid, ...entries.map(({ uniquePartitionGuid }) => uniquePartitionGuid)].map(hex);
}

test('UDF beside it: with a master boot record it is sealed by a file, with a GPT it is refused', async () => {
  const made = await built(bootable(), settings({ map: 'mbr', bootSector: code }, { udf: true }));
  expect(made.beside.has('seal')).toBe(true);
  expect((await verdictOf(made)).exitCode).toBe(0);
  const refused = built(bootable(), settings({ map: 'gpt', bootSector: code }, { udf: true }));
  await expect(refused).rejects.toMatchObject({ code: 'E_MANIFEST' });
});

test('GRUB’s boot sector reads behind the first part of its image', async () => {
  const boot = [{ path: 'isolinux/isolinux.bin', platform: 'bios', infoTable: 'grub' }] as const;
  const plan = { iso: { boot, hybrid: { map: 'gpt', bootSector: code } }, seal: undefined } as const;
  const bytes = (await built(bootable(new Uint8Array(4000).fill(5)), plan)).image.bytes();
  const sector = Number(new DataView(bytes.buffer).getBigUint64(432, true));
  expect(new DataView(bytes.buffer).getBigUint64((sector - 4) * 512 + 2548, true)).toBe(BigInt(sector + 1));
});

test.each([
  ['a UEFI image that is no FAT volume', bootable(isolinux(), new Uint8Array(5000).fill(1)), 'efi.img'],
  ['a short one', bootable(isolinux(), new Uint8Array(100).fill(1)), 'efi.img'],
  ['a loader that is not isolinux', bootable(new Uint8Array(5000).fill(1)), 'isolinux/isolinux.bin'],
  ['a short loader', bootable(new Uint8Array(65).fill(1)), 'isolinux/isolinux.bin'],
])('%s is refused', async (_, given, path) => {
  await expect(built(given, settings({ map: 'gpt', bootSector: code }))).rejects.toMatchObject({ code: 'E_ISO9660', path });
});

describe('partitions of which the inventory says nothing', () => {
  test('a partition that is no file of the volume is refused by a deep check, and "sign" states nothing', async () => {
    const image = (await built(bootable(), { ...settings({ map: 'mbr' }), seal: undefined })).image.bytes();
    // The FAT volume begins a sector later than the file: other bytes than were stated.
    const view = new DataView(image.buffer);
    view.setUint32(446 + 16 + 8, view.getUint32(446 + 16 + 8, true) + 1, true);
    expect(await inventoryOfImage(bytesDisk(image), testPlatform)).toMatchObject({
      entries: [],
      silence: expect.stringContaining('holds'),
    });
    const { leaf, root } = testChain();
    const sealed = await sealedInside(image, leaf);
    const verdict = await verify(bytesDisk(sealed), { anchors: parseAnchors(root.bytes), publishers: '*', now: NOW }, testPlatform);
    expect([verdict.exitCode, verdict.statement?.content.entries]).toEqual([0, 0]);
  });
});

const hasXorriso = spawnSync('xorriso', ['-version']).status === 0;
if (!hasXorriso) console.warn('xorriso is not installed: its hybrid images are not signed');

describe.runIf(hasXorriso)('hybrids that xorriso made', () => {
  const made = async (args: readonly string[]): Promise<Uint8Array> => {
    const place = await folderOf({ 'in/efi.img': fatImage(), 'in/isolinux.bin': isolinux(), 'in/docs/a.txt': 'text', mbr: code });
    const output = join(place, 'out.iso');
    const loaders = ['-c', 'boot.cat', '-b', 'isolinux.bin', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'];
    const efi = ['-eltorito-alt-boot', '-e', 'efi.img', '-no-emul-boot'];
    const common = ['-as', 'mkisofs', '-J', '-R', '-o', output, ...loaders, ...efi];
    await writeFile(join(place, 'sector'), code);
    const { status, stderr } = spawnSync('xorriso', [...common, ...args.map((arg) => arg.replace('@', place)), join(place, 'in')], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    return readFileSync(output);
  };
  const judged = async (image: Uint8Array, seal?: Uint8Array) => {
    const { root } = testChain();
    const policy = { anchors: parseAnchors(root.bytes), publishers: '*' as const, now: NOW, deep: true };
    return verify(bytesDisk(image), { ...policy, ...(seal ? { seal: bytesDisk(seal) } : {}) }, testPlatform);
  };

  test('with a master boot record: sealed inside', async () => {
    const image = await made(['-isohybrid-mbr', '@/sector']);
    const verdict = await judged(await sealedInside(image, testChain().leaf));
    expect([verdict.exitCode, verdict.statement?.content.entries]).toEqual([0, 5]);
  });

  test('with a GPT of the El Torito image: there is no room, so beside', async () => {
    const image = await made(['-isohybrid-mbr', '@/sector', '-isohybrid-gpt-basdat']);
    const { leaf } = testChain();
    await expect(sealedInside(image, leaf)).rejects.toMatchObject({ code: 'E_NO_ROOM' });
    const verdict = await judged(image, await sealedBeside(image, leaf));
    expect([verdict.exitCode, verdict.statement?.content.entries]).toEqual([0, 5]);
  });
});
