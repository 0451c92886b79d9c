import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, zerosDisk } from '../../src/core/disk.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { partition as apm } from '../../src/formats/partitions/apm/partition.ts';
import { partition as mbr } from '../../src/formats/partitions/mbr/partition.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { file, NEW_YEAR, tree } from '../support/memory-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const volume = (): Promise<Disk> => format(tree('Volume', [file('hello.txt', 'hello')]), { volumeId: 1n, created: NEW_YEAR });

const has7z = spawnSync('7z', ['i']).status === 0;
if (!has7z) console.warn('7z is not installed: it is not asked about partition maps');

describe.each([
  ['MBR', 'mbr', (disk: Disk) => mbr({ disk, type: 'Apple_HFS' }, 0x1234_5678)],
  ['APM', 'apm', (disk: Disk) => apm({ disk, type: 'Apple_HFS', name: 'disk image' })],
] as const)('%s', (_, map, partition) => {
  test('the volume is found again where it was put', async () => {
    const disk = await volume();
    const whole = partition(disk);
    const opened = await openPartitions(whole);
    expect(opened.map).toBe(map);
    expect(opened.partitions).toMatchObject([{ position: whole.partitions[0].position, type: 'Apple_HFS' }]);
    expect(await opened.partitions[0].disk.read(0, disk.size)).toEqual(await disk.read(0, disk.size));
  });
  test('the areas divide the disk', async () => {
    const whole = partition(await volume());
    let end = 0;
    for (const { firstSector, sectorCount } of whole.areas) {
      expect(firstSector).toBe(end);
      end += sectorCount;
    }
    expect(end * 512).toBe(whole.size);
  });
  test('a volume that ends inside a sector is filled up', async () => {
    const whole = partition(bytesDisk(new Uint8Array(700).fill(1)));
    expect(whole.size % 512).toBe(0);
    expect((await whole.read(whole.size - 324, 324)).every((byte) => byte === 0)).toBe(true);
  });
  test('more than 2 TiB are refused', () => {
    expect(() => partition(zerosDisk(2 ** 41))).toThrow(expect.objectContaining({ code: 'E_PARTITION' }));
  });
  test.runIf(has7z)('7-Zip finds the partition and its file', async () => {
    const whole = partition(await volume());
    const path = `${await temporaryFolder()}/disk.img`;
    writeFileSync(path, await whole.read(0, whole.size));
    const outer = spawnSync('7z', ['l', '-slt', path], { encoding: 'utf8' });
    expect(outer.status, outer.stdout).toBe(0);
    expect(outer.stdout).toContain('hello.txt');
  });
});
