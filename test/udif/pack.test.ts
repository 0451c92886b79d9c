import { createHash } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, type Extent, joinDisks, opaqueDisk, zerosDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { type PartitionedDisk, SECTOR } from '../../src/core/partition.ts';
import { RUN_BYTES } from '../../src/core/planned-runs.ts';
import { checksums } from '../../src/formats/containers/udif/checksums.ts';
import { open } from '../../src/formats/containers/udif/open.ts';
import { pack, packData, trailer } from '../../src/formats/containers/udif/pack.ts';
import { BlockRun, BlockTable, KolyTrailer, RunType } from '../../src/formats/containers/udif/structs.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import { sourceFile } from '../../src/node/file-disk.ts';
import { nodePlatform } from '../../src/node/platform.ts';
import { createThreadPool } from '../../src/node/threads.ts';
import { memorySink } from '../support/memory-sink.ts';
import { movingThreads } from '../support/moving-threads.ts';
import { testPlatform as platform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const threads = movingThreads(2);
const pool = createThreadPool({ width: 2 });
afterAll(() => pool.close());

const MiB = 1 << 20;
const whole = (disk: Disk): PartitionedDisk => ({
  ...disk,
  areas: [{ name: 'whole disk (Apple_HFS : 0)', firstSector: 0, sectorCount: disk.size / SECTOR }],
});
const inGpt = (disk: Disk) =>
  partition([{ disk, type: 'Apple_HFS', name: 'disk image' }], {
    diskId: new Uint8Array(16).fill(1),
    volumeIds: [new Uint8Array(16).fill(2)],
  });

async function packed(disk: PartitionedDisk, width = 2): Promise<Uint8Array> {
  const sink = memorySink();
  await pack(disk, sink, { platform, threads: movingThreads(width) });
  return sink.bytes();
}

/** Bytes that no compressor makes shorter; the same for the same seed. */
function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Lines that compress well and fast. */
function text(length: number, seed = 1): Uint8Array {
  let lines = '';
  for (let line = 0; lines.length < length; line++)
    lines += `line ${line} of text ${seed}, as plain as any other line of it
`;
  return new TextEncoder().encode(lines.slice(0, length));
}

/** Every run of an image as [type, sectors]. */
async function runsOf(image: Uint8Array): Promise<[string, number][][]> {
  const { tables } = await open(bytesDisk(image), platform);
  const name = (type: number): string => Object.entries(RunType).find(([, value]) => value === type)![0];
  return tables.map(({ runs }) => Array.from({ length: runs.count }, (_, run) => [name(runs.type[run]), runs.sectorCount[run]]));
}

async function expectSame(image: Uint8Array, disk: Disk): Promise<void> {
  const again = await open(bytesDisk(image), platform);
  expect(again.size).toBe(disk.size);
  for (let at = 0; at < disk.size; at += MiB) {
    const length = Math.min(MiB, disk.size - at);
    expect(Buffer.compare(await again.read(at, length), await disk.read(at, length)), `at ${at}`).toBe(0);
  }
}

describe('runs', () => {
  test('zlib, raw, zero and ignore, at most 2048 sectors, never across an area', async () => {
    const volume = joinDisks([
      bytesDisk(text(3 * MiB + 512)),
      zerosDisk(2 * MiB),
      bytesDisk(noise(2 * MiB)),
      zerosDisk(MiB),
      bytesDisk(text(512)),
    ]);
    const disk = inGpt(volume);
    const image = await packed(disk);
    await expectSame(image, disk);
    expect(await runsOf(image)).toEqual([
      [['zlib', 1]],
      [['zlib', 1]],
      [['zlib', 32]],
      [['ignore', 6]],
      [
        ['zlib', 2048],
        ['zlib', 2048],
        ['zlib', 2048],
        ['zlib', 2048], // a sector of text, then zeros
        ['zero', 2048],
        ['zlib', 2048], // a sector of zeros, then noise
        ['raw', 2048],
        ['zlib', 2048],
        ['zlib', 2],
      ],
      [['ignore', disk.areas[5].sectorCount]],
      [['zlib', 32]],
      [['zlib', 1]],
    ]);
  });

  test('bytes that happen to be zero become a run of zeros too', async () => {
    const image = await packed(whole(bytesDisk(new Uint8Array(3 * MiB))));
    expect(await runsOf(image)).toEqual([
      [
        ['zero', 2048],
        ['zero', 2048],
        ['zero', 2048],
      ],
    ]); // prettier-ignore
    expect((await open(bytesDisk(image), platform)).koly.dataForkLength).toBe(0);
  });

  test('free space that holds something is kept', async () => {
    const disk: PartitionedDisk = {
      ...bytesDisk(text(8 * SECTOR)),
      areas: [{ name: ' (Apple_Free : 0)', firstSector: 0, sectorCount: 8 }],
    };
    await expectSame(await packed(disk), disk);
  });

  test('five gigabytes of zeros take no time, and no thread', async () => {
    const idle = movingThreads(2);
    const sink = memorySink();
    const begun = performance.now();
    await pack(whole(zerosDisk(5 * 2 ** 30)), sink, { platform, threads: idle });
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(idle.most).toBe(0);
    expect(sink.position).toBeLessThan(MiB);
    expect(await runsOf(sink.bytes())).toEqual([Array.from({ length: 5120 }, () => ['zero', 2048])]);
  });

  test('300,000 extents are asked for once, and one at a time', async () => {
    let given = 0;
    let seen = 0;
    let begun = 0;
    let ahead = 0;
    const count = 300_000;
    const piece = text(SECTOR);
    const disk: PartitionedDisk = {
      ...whole(zerosDisk(count * SECTOR)),
      *extents() {
        begun++;
        for (; given < count; given++) {
          ahead = Math.max(ahead, given * SECTOR - seen);
          yield { kind: 'bytes', position: given * SECTOR, length: SECTOR, bytes: piece } satisfies Extent;
        }
      },
    };
    await packData(disk, memorySink(), { platform, threads, progress: (done) => (seen = done) });
    expect(begun).toBe(1);
    expect(ahead).toBeLessThanOrEqual(8 * RUN_BYTES);
  });
});

describe('the end of an image', () => {
  const disk = inGpt(joinDisks([bytesDisk(text(MiB)), zerosDisk(MiB), bytesDisk(noise(MiB))]));

  test('all three checksums are right', async () => {
    const result = await checksums(bytesDisk(await packed(disk)), platform);
    expect([result.dataFork.state, result.master.state, ...result.tables.map(({ state }) => state)]).toEqual(
      Array.from({ length: 10 }, () => 'ok'),
    );
  });

  test('the trailer is that of hdiutil convert', async () => {
    const image = await packed(disk);
    const koly = KolyTrailer.read(image, image.length - 512);
    expect(koly).toMatchObject({
      signature: 'koly',
      version: 4,
      headerSize: 512,
      flags: 1,
      segmentNumber: 1,
      segmentCount: 1,
      imageVariant: 1,
      sectorCount: disk.size / SECTOR,
      codeSignatureOffset: 0,
      codeSignatureLength: 0,
    });
    expect(koly.xmlOffset).toBe(koly.dataForkLength);
    expect(koly.xmlOffset + koly.xmlLength + 512).toBe(image.length);
  });

  test('tables are numbered and sized like those of hdiutil', async () => {
    const { tables } = await packData(disk, memorySink(), { platform, threads });
    expect(tables.map(({ id }) => id)).toEqual([-1, 0, 1, 2, 3, 4, 5, 6]);
    const heads = tables.map(({ bytes }) => BlockTable.read(bytes));
    expect(heads.map(({ blockDescriptor }) => blockDescriptor)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(heads.map(({ buffersNeeded }) => buffersNeeded)).toEqual([2056, 2056, 2056, 0, 2056, 0, 2056, 2056]);
    for (const { bytes } of tables)
      expect(BlockRun.read(bytes, bytes.length - 40)).toMatchObject({ type: RunType.terminator, sectorCount: 0 });
  });

  test('a seal may lie between data fork and property list', async () => {
    const sink = memorySink();
    const data = await packData(disk, sink, { platform, threads });
    await sink.write(noise(1000));
    const { plist, koly } = trailer(data, { xmlOffset: sink.position });
    await sink.write(plist);
    await sink.write(koly);
    await expectSame(sink.bytes(), disk);
    expect(() => trailer(data, { xmlOffset: data.dataForkLength - 1 })).toThrow(expect.objectContaining({ code: 'E_INTERNAL' }));
  });
});

describe('determinism', () => {
  test('two packs, one thread or two, real threads or none: the same bytes', async () => {
    const disk = inGpt(joinDisks([bytesDisk(text(5 * MiB)), zerosDisk(MiB), bytesDisk(noise(3 * MiB)), bytesDisk(text(MiB, 2))]));
    const first = await packed(disk);
    for (const width of [1, 2, 5]) expect(Buffer.compare(await packed(disk, width), first)).toBe(0);
    const sink = memorySink();
    await pack(disk, sink, { platform: nodePlatform(pool), threads: pool });
    expect(Buffer.compare(sink.bytes(), first)).toBe(0);
  });

  test('another content has another segment id', async () => {
    const ids = await Promise.all(
      [1, 2].map(async (seed) => (await packData(whole(bytesDisk(text(MiB, seed))), memorySink(), { platform, threads })).segmentId),
    );
    expect(ids[0]).not.toEqual(ids[1]);
  });
});

describe('properties', () => {
  const piece = fc.oneof(
    fc.tuple(fc.constant('text' as const), fc.integer({ min: 1, max: 1500 })),
    fc.tuple(fc.constant('noise' as const), fc.integer({ min: 1, max: 1500 })),
    fc.tuple(fc.constant('zeros' as const), fc.integer({ min: 1, max: 5000 })),
    fc.tuple(fc.constant('zero bytes' as const), fc.integer({ min: 1, max: 3000 })),
    fc.tuple(fc.constant('opaque' as const), fc.integer({ min: 1, max: 1500 })),
  );
  const makeDisk = ([kind, sectors]: readonly [string, number], seed: number): Disk => {
    const size = sectors * SECTOR;
    if (kind === 'zeros') return zerosDisk(size);
    const bytes = kind === 'zero bytes' ? new Uint8Array(size) : kind === 'noise' ? noise(size, seed) : text(size, seed);
    return kind === 'opaque'
      ? opaqueDisk(size, async (position, into) => into.set(bytes.subarray(position, position + into.length)))
      : bytesDisk(bytes);
  };

  test('open(pack(disk)) reads what the disk reads, observers see it too, checksums are right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 511 }), async (pieces, odd) => {
        const volume = joinDisks([...pieces.map((one, index) => makeDisk(one, index + 1)), bytesDisk(text(odd))]);
        const disk = inGpt(volume);
        const sink = memorySink();
        const seen = new Uint8Array(disk.size);
        let last = 0;
        await pack(disk, sink, {
          platform,
          threads: movingThreads(1 + (odd % 3)),
          level: 1,
          async observe(position, expanded) {
            expect(position).toBeGreaterThanOrEqual(last);
            await Promise.resolve();
            seen.set(expanded, position);
            last = position + expanded.length;
          },
        });
        await expectSame(sink.bytes(), disk);
        expect(Buffer.compare(seen, await disk.read(0, disk.size))).toBe(0);
        const { tables, master, dataFork } = await checksums(bytesDisk(sink.bytes()), platform);
        expect(new Set([...tables, master, dataFork].map(({ state }) => state))).toEqual(new Set(['ok']));
      }),
      { numRuns: 25 },
    );
  });

  test('reads of any range agree, however they are cut', async () => {
    const disk = inGpt(joinDisks([bytesDisk(text(2 * MiB)), zerosDisk(3 * MiB), bytesDisk(noise(MiB)), bytesDisk(text(700 * SECTOR))]));
    const plain = await disk.read(0, disk.size);
    const again = await open(bytesDisk(await packed(disk)), platform);
    await fc.assert(
      fc.asyncProperty(fc.nat(disk.size), fc.nat(6 * MiB), async (position, most) => {
        const length = Math.min(most, disk.size - position);
        expect(Buffer.compare(await again.read(position, length), plain.subarray(position, position + length))).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('files', () => {
  test('threads read them; a file that changed is E_CHANGED', async () => {
    const folder = await temporaryFolder();
    const files: Disk[] = [];
    const hash = createHash('sha256');
    for (let index = 0; index < 40; index++) {
      const path = join(folder, `${index}`);
      const bytes = text(1 + index * 9000, index);
      await writeFile(path, bytes);
      await utimes(path, 1e9, 1e9);
      hash.update(bytes).update(new Uint8Array((512 - (bytes.length % 512)) % 512));
      files.push(sourceFile(path, bytes.length, 10n ** 18n), zerosDisk((512 - (bytes.length % 512)) % 512));
    }
    const disk = inGpt(joinDisks(files));
    const sink = memorySink();
    await pack(disk, sink, { platform: nodePlatform(pool), threads: pool });
    const again = await open(bytesDisk(sink.bytes()), platform);
    const volume = disk.partitions[0];
    expect(
      createHash('sha256')
        .update(await again.read(volume.position, volume.disk.size))
        .digest('hex'),
    ).toBe(hash.digest('hex'));

    await utimes(join(folder, '20'), 1e9, 1e9 + 1);
    await expect(pack(disk, memorySink(), { platform: nodePlatform(pool), threads: pool })).rejects.toMatchObject({
      code: 'E_CHANGED',
      path: join(folder, '20'),
    });
  });
});

describe('faults', () => {
  const content = joinDisks([bytesDisk(text(4 * MiB)), zerosDisk(MiB), bytesDisk(noise(4 * MiB))]);

  function failingDisk(at: number): Disk {
    let reads = 0;
    return opaqueDisk(content.size, async (position, into) => {
      if (++reads === at) throw new DisksealError('E_READ', 'the test disk fails');
      await content.read(position, into.length, into);
    });
  }

  test('a disk that fails at the Nth read: one rejection, nothing left at work', async () => {
    for (let at = 1; at <= 9; at++) {
      const lanes = movingThreads(2);
      await expect(pack(whole(failingDisk(at)), memorySink(), { platform, threads: lanes })).rejects.toMatchObject({ code: 'E_READ' });
      expect(lanes.running).toBe(0);
    }
  });

  test('a sink that fails at the Nth write', async () => {
    for (let at = 1; at <= 8; at++) {
      const lanes = movingThreads(2);
      await expect(pack(whole(content), memorySink(at), { platform, threads: lanes })).rejects.toMatchObject({ code: 'E_WRITE' });
      expect(lanes.running).toBe(0);
    }
  });

  test('an observer that fails', async () => {
    const observe = (): void => {
      throw new DisksealError('E_TAMPERED', 'the test observer fails');
    };
    await expect(pack(whole(content), memorySink(), { platform, threads, observe })).rejects.toMatchObject({ code: 'E_TAMPERED' });
  });

  test('an abort, before and on the way', async () => {
    await expect(pack(whole(content), memorySink(), { platform, threads, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'E_INTERRUPTED',
    });
    const controller = new AbortController();
    const lanes = movingThreads(2);
    const progress = (done: number): void => {
      if (done > 3 * MiB) controller.abort();
    };
    await expect(
      pack(whole(content), memorySink(), { platform, threads: lanes, signal: controller.signal, progress }),
    ).rejects.toMatchObject({
      code: 'E_INTERRUPTED',
    });
    expect(lanes.running).toBe(0);
  });

  test('at most two runs a thread are in flight', async () => {
    const lanes = movingThreads(3);
    await pack(whole(bytesDisk(text(20 * MiB))), memorySink(), { platform, threads: lanes, level: 1 });
    expect(lanes.most).toBeLessThanOrEqual(6);
  });

  test.each<[string, PartitionedDisk]>([
    ['areas with a gap', { ...zerosDisk(4096), areas: [{ name: 'a', firstSector: 1, sectorCount: 7 }] }],
    ['areas that end early', { ...zerosDisk(4096), areas: [{ name: 'a', firstSector: 0, sectorCount: 7 }] }],
    ['extents with a gap', { ...whole(zerosDisk(4096)), extents: () => [{ kind: 'zeros', position: 512, length: 4096 - 512 }] }],
    ['extents that end early', { ...whole(zerosDisk(4096)), extents: () => [{ kind: 'opaque', position: 0, length: 512 }] }],
  ])('%s: a broken promise is not packed', async (_, disk) => {
    await expect(pack(disk, memorySink(), { platform, threads })).rejects.toMatchObject({ code: 'E_INTERNAL' });
  });
});
