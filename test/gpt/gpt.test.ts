import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/core/crc32.ts';
import { bytesDisk, type Disk, zerosDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { SECTOR } from '../../src/core/partition.ts';
import { open } from '../../src/formats/partitions/gpt/open.ts';
import { type GptVolume, partition } from '../../src/formats/partitions/gpt/partition.ts';
import { guidBytes, guidText } from '../../src/formats/partitions/gpt/structs.ts';
import { openPartitions, partitionMapOf } from '../../src/formats/partitions/open.ts';
import { corpusBytes, hasCorpus } from '../support/corpus.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const id = (value: number): Uint8Array => new Uint8Array(16).fill(value);
const volume = (sectors: number, value = 1): GptVolume => ({
  disk: bytesDisk(new Uint8Array(sectors * SECTOR).fill(value)),
  type: 'Apple_HFS',
  name: 'disk image',
});
const plan = (...volumes: GptVolume[]) => partition(volumes, { diskId: id(1), volumeIds: volumes.map((_, index) => id(2 + index)) });
const bytesOf = (disk: Disk): Promise<Uint8Array> => disk.read(0, disk.size);

/** The bytes of a small planned disk, changed. */
async function changed(change: (bytes: Uint8Array) => void): Promise<Disk> {
  const bytes = await bytesOf(plan(volume(80)));
  change(bytes);
  return bytesDisk(bytes);
}

/** Makes the header at a sector right again after a change. */
function reseal(bytes: Uint8Array, sector: number): void {
  const header = bytes.subarray(sector * SECTOR, sector * SECTOR + 92);
  const view = new DataView(header.buffer, header.byteOffset, 92);
  view.setUint32(16, 0, true);
  view.setUint32(16, crc32(header), true);
}

async function fault(disk: Disk): Promise<string> {
  return open(disk).then(
    () => 'opened',
    (error: unknown) => (error instanceof DisksealError ? `${error.code} ${error.field}` : `escaped: ${String(error)}`),
  );
}

describe('partition', () => {
  test('areas are named and placed as hdiutil does', () => {
    expect(plan(volume(4472)).areas).toEqual([
      { name: 'Protective Master Boot Record (MBR : 0)', firstSector: 0, sectorCount: 1 },
      { name: 'GPT Header (Primary GPT Header : 1)', firstSector: 1, sectorCount: 1 },
      { name: 'GPT Partition Data (Primary GPT Table : 2)', firstSector: 2, sectorCount: 32 },
      { name: ' (Apple_Free : 3)', firstSector: 34, sectorCount: 6 },
      { name: 'disk image (Apple_HFS : 4)', firstSector: 40, sectorCount: 4472 },
      { name: ' (Apple_Free : 5)', firstSector: 4512, sectorCount: 7 },
      { name: 'GPT Partition Data (Backup GPT Table : 6)', firstSector: 4519, sectorCount: 32 },
      { name: 'GPT Header (Backup GPT Header : 7)', firstSector: 4551, sectorCount: 1 },
    ]);
  });

  test('no gap, no free area: later numbers move down', () => {
    const names = plan(volume(87)).areas.map(({ name }) => name);
    expect(names.slice(4)).toEqual([
      'disk image (Apple_HFS : 4)',
      'GPT Partition Data (Backup GPT Table : 5)',
      'GPT Header (Backup GPT Header : 6)',
    ]);
  });

  test.skipIf(!hasCorpus)('the same sectors as on a disk that hdiutil divided', async () => {
    // 32768 sectors, of which 32688 are the volume: hfs-basic, APFS in a raw image.
    const theirs = corpusBytes('dmg/apfs-basic-udto.cdr.gz');
    const part = (await open(bytesDisk(theirs)))[0];
    const volumes: GptVolume[] = [{ disk: part.disk, type: 'Apple_APFS', name: part.name }];
    const ids = { diskId: theirs.slice(512 + 56, 512 + 72), volumeIds: [theirs.slice(1024 + 16, 1024 + 32)] };
    const ours = await bytesOf(partition(volumes, ids));
    expect(Buffer.from(ours).equals(theirs)).toBe(true);
  });

  test('open finds what partition wrote', async () => {
    const volumes = [volume(80, 1), { ...volume(3, 2), name: 'Ünïcode 名' }, { ...volume(9, 3), type: 'Apple_APFS' as const }];
    const planned = plan(...volumes);
    const whole = bytesDisk(await bytesOf(planned));
    const found = await open(whole);
    expect(found.map(({ type, name, position }) => ({ type, name, position }))).toEqual(
      planned.partitions.map(({ type, name, position }) => ({ type, name, position })),
    );
    for (const [index, { disk }] of found.entries()) expect(await bytesOf(disk)).toEqual(await bytesOf(volumes[index].disk));
    expect((await openPartitions(whole)).map).toBe('gpt');
  });

  test('a volume that ends inside a sector is filled up with zeros', async () => {
    const planned = partition([{ disk: bytesDisk(new Uint8Array(513).fill(7)), type: 'Apple_HFS', name: 'x' }], {
      diskId: id(1),
      volumeIds: [id(2)],
    });
    expect(planned.size % 4096).toBe(0);
    expect(planned.areas.reduce((sum, { sectorCount }) => sum + sectorCount, 0) * SECTOR).toBe(planned.size);
    const [found] = await open(bytesDisk(await bytesOf(planned)));
    expect(found.disk.size).toBe(1024);
  });

  test('five terabytes are planned without touching them', () => {
    const planned = partition([{ disk: zerosDisk(5e12), type: 'Apple_HFS', name: 'x' }], { diskId: id(1), volumeIds: [id(2)] });
    expect(planned.size).toBeGreaterThan(5e12);
  });

  test('GUIDs are mixed-endian', () => {
    const text = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
    expect([...guidBytes(text).subarray(0, 8)]).toEqual([0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11]);
    expect(guidText(guidBytes(text))).toBe(text);
  });

  const sgdisk = spawnSync('sgdisk', ['--version']).status === 0;
  if (!sgdisk) console.warn('sgdisk is not installed: no second opinion on partition tables');
  test.skipIf(!sgdisk)('sgdisk finds no problem', async () => {
    const path = join(await temporaryFolder(), 'disk.img');
    await writeFile(path, await bytesOf(plan(volume(4472), volume(16))));
    const { status, stdout } = spawnSync('sgdisk', ['--verify', path], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('No problems found') });
  });
});

describe('open', () => {
  test('a damaged primary header or table: the backup speaks', async () => {
    for (const at of [SECTOR, SECTOR + 20, SECTOR + 72, 2 * SECTOR, 2 * SECTOR + 60]) {
      const [found] = await open(await changed((bytes) => (bytes[at] ^= 1)));
      expect(found).toMatchObject({ type: 'Apple_HFS', position: 40 * SECTOR, name: 'disk image' });
    }
  });

  test('a damaged backup: the primary speaks', async () => {
    const [found] = await open(await changed((bytes) => (bytes[bytes.length - SECTOR] ^= 1)));
    expect(found.disk.size).toBe(80 * SECTOR);
  });

  test('both damaged: refused, with the place', async () => {
    const disk = await changed((bytes) => {
      bytes[SECTOR] ^= 1;
      bytes[bytes.length - SECTOR] ^= 1;
    });
    await expect(open(disk)).rejects.toMatchObject({ code: 'E_PARTITION', offset: SECTOR, field: 'GptHeader.signature' });
  });

  test('two good tables that differ: refused', async () => {
    const disk = await changed((bytes) => {
      bytes[SECTOR + 56] ^= 1;
      reseal(bytes, 1);
    });
    expect(await fault(disk)).toBe('E_PARTITION GptHeader');
  });

  const both = (change: (bytes: Uint8Array, table: number, header: number) => void) => (bytes: Uint8Array) => {
    const last = bytes.length / SECTOR - 1;
    for (const [table, header] of [
      [2, 1],
      [last - 32, last],
    ] as const) {
      change(bytes, table * SECTOR, header * SECTOR);
      const view = new DataView(bytes.buffer, header * SECTOR, 92);
      if (table * SECTOR + 16384 <= bytes.length) view.setUint32(88, crc32(bytes.subarray(table * SECTOR, table * SECTOR + 16384)), true);
      reseal(bytes, header);
    }
  };
  const setEntry = (at: number, value: bigint) => both((bytes, table) => new DataView(bytes.buffer).setBigUint64(table + at, value, true));
  const setHeader = (at: number, value: number) =>
    both((bytes, _, header) => new DataView(bytes.buffer).setUint32(header + at, value, true));

  test.each([
    ['ends after the disk', setEntry(40, 100_000n), 'E_PARTITION GptEntry.startingLba'],
    ['ends beyond 2^53', setEntry(40, 2n ** 60n), 'E_UNSUPPORTED GptEntry.endingLba'],
    ['ends before it begins', setEntry(40, 39n), 'E_PARTITION GptEntry.startingLba'],
    ['four thousand million entries', setHeader(80, 0xffffffff), 'E_PARTITION GptHeader.numberOfPartitionEntries'],
    ['entries of one byte', setHeader(84, 1), 'E_PARTITION GptHeader.numberOfPartitionEntries'],
    ['entries of no bytes', setHeader(84, 0), 'E_PARTITION GptHeader.numberOfPartitionEntries'],
    ['a table beyond the disk', setHeader(72, 0xffffff), 'E_TRUNCATED GptHeader.partitionEntryLba'],
  ])('%s: refused', async (_, change, expected) => {
    expect(await fault(await changed(change))).toBe(expected);
  });

  test('one that begins with the map is the disk once more, and may lie over others', async () => {
    const disk = await changed(
      both((bytes, table) => {
        bytes.copyWithin(table + 128, table, table + 128);
        new DataView(bytes.buffer).setBigUint64(table + 128 + 32, 0n, true);
      }),
    );
    const partitions = await open(disk);
    expect(partitions.map(({ position }) => position)).toEqual([40 * SECTOR, 0]);
  });

  test('overlapping partitions: refused', async () => {
    const disk = await changed(both((bytes, table) => bytes.copyWithin(table + 128, table, table + 128)));
    expect(await fault(disk)).toBe('E_PARTITION GptEntry.startingLba');
  });

  test('random, short and empty disks: refused, or without a map', async () => {
    for (const size of [0, 1, 511, 512, 1024, 1536, 4096, 20_000]) {
      const disk = bytesDisk(new Uint8Array(randomBytes(size)));
      expect(await fault(disk)).toMatch(/^E_(PARTITION|TRUNCATED) /);
      expect(await partitionMapOf(disk)).toBe('none');
    }
  });

  test('a disk that cannot be read is not taken for a damaged one', async () => {
    const disk: Disk = { ...plan(volume(80)), read: () => Promise.reject(new DisksealError('E_READ', 'the test disk fails')) };
    await expect(open(disk)).rejects.toMatchObject({ code: 'E_READ' });
  });
});

describe('other maps', () => {
  test.skipIf(!hasCorpus)('an Apple partition map', async () => {
    const disk = bytesDisk(corpusBytes('dmg/hfs-apm-udrw.dmg.gz'));
    const { map, partitions } = await openPartitions(disk);
    expect(map).toBe('apm');
    expect(partitions.map(({ type, position }) => ({ type, position }))).toEqual([{ type: 'Apple_HFS', position: 64 * SECTOR }]);
  });

  test.skipIf(!hasCorpus)('every bit of an Apple partition map flipped: the same partition, another, or a clear refusal', async () => {
    const bytes = corpusBytes('dmg/hfs-apm-udrw.dmg.gz').slice(0, 200_000);
    new DataView(bytes.buffer).setUint32(3 * SECTOR, 0); // the third entry is left as it is; the disk is shortened
    for (let at = 0; at < 4 * SECTOR; at += 3) {
      const flipped = bytes.slice();
      flipped[at] ^= 1 << (at % 8);
      await openPartitions(bytesDisk(flipped)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(DisksealError);
        expect((error as DisksealError).exitCode).toBe(20);
      });
    }
  });

  test('a bare volume is one partition', async () => {
    const disk = zerosDisk(1 << 20);
    expect(await openPartitions(disk)).toEqual({ map: 'none', partitions: [{ disk, position: 0, type: '', name: '' }] });
  });

  test('a FAT boot sector is no partition map', async () => {
    const bytes = new Uint8Array(randomBytes(8192));
    bytes.set([0x55, 0xaa], 510);
    bytes.set([0x12], 446);
    expect(await partitionMapOf(bytesDisk(bytes))).toBe('none');
  });
});
