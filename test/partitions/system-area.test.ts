/** The system area of a hybrid ISO image, read back as a disk: by our own readers, and by other people's partitioning tools. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import { MasterBootRecord } from '../../src/formats/partitions/mbr/structs.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { GPT_COPY, SYSTEM_AREA, type SystemAreaPlan, systemArea } from '../../src/formats/partitions/system-area.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const has = (tool: string): boolean => spawnSync(tool, ['--version'], { env: { ...process.env, PATH } }).status === 0;
const [hasSgdisk, hasSfdisk] = [has('sgdisk'), has('sfdisk')];
for (const [tool, found] of [['sgdisk', hasSgdisk] as const, ['sfdisk', hasSfdisk] as const]) {
  if (!found) console.warn(`${tool} is not installed: it is not asked about hybrid images`);
}

const EFI_TYPE = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const ids = Array.from({ length: 40 }, (_, index) => new Uint8Array(16).fill(index + 1));
const MIB = 1 << 20;
const plan = (given: Partial<SystemAreaPlan> = {}): SystemAreaPlan => ({
  map: 'gpt',
  volumeSize: 4 * MIB,
  efi: [{ position: MIB, length: 1_474_560 }],
  ids,
  ...given,
});

/** A volume of ones, so that nothing of it passes for free space. */
function whole(given: SystemAreaPlan): Disk {
  const { start, end } = systemArea(given);
  const volume = bytesDisk(new Uint8Array(given.volumeSize - SYSTEM_AREA).fill(1));
  return joinDisks([bytesDisk(start), zerosDisk(SYSTEM_AREA - start.length), volume, bytesDisk(end)]);
}

async function inFile(disk: Disk): Promise<string> {
  const path = join(await temporaryFolder(), 'hybrid.iso');
  writeFileSync(path, await disk.read(0, disk.size));
  return path;
}

describe.each(['gpt', 'mbr'] as const)('%s', (map) => {
  test('the volume and each loader are a partition, where they lie', async () => {
    const efi = [
      { position: MIB, length: 700_000 },
      { position: 2 * MIB, length: MIB },
    ];
    const opened = await openPartitions(whole(plan({ map, efi })));
    expect(opened.map).toBe(map);
    expect(opened.partitions.map(({ position, disk }) => [position, disk.size])).toEqual([
      [20_480, MIB - 20_480],
      [MIB, 700_416],
      [2 * MIB, MIB],
    ]);
    expect(opened.partitions.slice(1).map(({ type }) => type)).toEqual(map === 'gpt' ? [EFI_TYPE, EFI_TYPE] : ['0xef', '0xef']);
  });

  test('without a loader for UEFI the volume is one partition to its end', async () => {
    const { partitions } = await openPartitions(whole(plan({ map, efi: [] })));
    expect(partitions.map(({ position, disk }) => position + disk.size)).toEqual([4 * MIB]);
  });

  test('any volume and loaders: partitions lie apart, within the volume, and where they were asked for', async () => {
    const loaders = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(loaders, fc.integer({ min: 1, max: MIB }), fc.integer({ min: 0, max: 500 }), async (places, length, more) => {
        const efi = places.sort((a, b) => a - b).map((place) => ({ position: place * MIB, length }));
        const volumeSize = 8 * MIB + more * 2048;
        const { partitions } = await openPartitions(whole(plan({ map, efi, volumeSize })));
        expect(partitions.slice(1).map(({ position }) => position)).toEqual(efi.map(({ position }) => position));
        for (const [index, { position, disk }] of partitions.entries()) {
          expect(position + disk.size).toBeLessThanOrEqual(partitions[index + 1]?.position ?? volumeSize);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('the boot sector keeps its code and gets the address of its loader; a BIOS finds a mark', () => {
    const code = Uint8Array.from({ length: 512 }, (_, index) => (index * 3 + 1) & 255);
    const { start } = systemArea(plan({ map, bootSector: { code, loader: 0x1_2345_6789 } }));
    expect(start.subarray(0, 432)).toEqual(code.subarray(0, 432));
    expect(new DataView(start.buffer).getBigUint64(432, true)).toBe(0x1_2345_6789n);
    const { partitions, signature } = MasterBootRecord.read(start);
    expect(signature).toBe(0xaa55);
    expect(partitions.filter(({ bootIndicator }) => bootIndicator === 0x80)).toHaveLength(1);
    const unmarked = MasterBootRecord.read(systemArea(plan({ map })).start);
    expect(unmarked.partitions.every(({ bootIndicator }) => bootIndicator === 0)).toBe(true);
    expect(unmarked.bootCode.every((byte) => byte === 0)).toBe(true);
  });

  test.runIf(hasSgdisk)('sgdisk finds nothing to say against it', async () => {
    const path = await inFile(whole(plan({ map, bootSector: { code: new Uint8Array(432), loader: 77 } })));
    const { stdout } = spawnSync('sgdisk', ['-v', path], { encoding: 'utf8', env: { ...process.env, PATH } });
    expect(stdout).toContain('No problems found');
    expect(stdout).not.toMatch(/Caution|Warning|Problem:/);
  });

  test.runIf(hasSfdisk)('sfdisk reads the same partitions', async () => {
    const path = await inFile(whole(plan({ map })));
    const { stdout } = spawnSync('sfdisk', ['-d', path], { encoding: 'utf8', env: { ...process.env, PATH } });
    expect(stdout).toMatch(map === 'gpt' ? /^label: gpt$/m : /^label: dos$/m);
    expect([...stdout.matchAll(/start= *(\d+), size= *(\d+)/g)].map(([, first, count]) => [Number(first), Number(count)])).toEqual([
      [40, 2008],
      [2048, 2880],
    ]);
  });
});

test('the protective entry is the one that UEFI wants, with a boot sector too', () => {
  const { start, end } = systemArea(plan({ bootSector: { code: new Uint8Array(432), loader: 1 } }));
  const [protective, mark] = MasterBootRecord.read(start).partitions;
  const sectors = (4 * MIB + GPT_COPY) / 512;
  expect(protective).toMatchObject({ bootIndicator: 0, osType: 0xee, startingLba: 1, sizeInLba: sectors - 1 });
  expect(mark).toMatchObject({ bootIndicator: 0x80, osType: 0 });
  expect(end).toHaveLength(GPT_COPY);
});

test('the copy of the table speaks when the first one is damaged', async () => {
  const disk = whole(plan());
  const bytes = await disk.read(0, disk.size);
  bytes.fill(0xff, 512, 2048);
  expect((await openPartitions(bytesDisk(bytes))).partitions).toHaveLength(2);
});

test('what a master boot record cannot hold is refused', () => {
  const efi = [1, 2, 3, 4].map((place) => ({ position: place * MIB, length: 5000 }));
  expect(() => systemArea(plan({ map: 'mbr', efi }))).toThrow(expect.objectContaining({ code: 'E_PARTITION' }));
  expect(() => systemArea(plan({ map: 'mbr', efi: [], volumeSize: 2 ** 41 + 2 ** 20 }))).toThrow(
    expect.objectContaining({ code: 'E_PARTITION' }),
  );
});
