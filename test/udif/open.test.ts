import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { SECTOR } from '../../src/core/partition.ts';
import { checksums } from '../../src/formats/containers/udif/checksums.ts';
import { isEncrypted, isUdif } from '../../src/formats/containers/udif/koly.ts';
import { open, readBlkx } from '../../src/formats/containers/udif/open.ts';
import { pack } from '../../src/formats/containers/udif/pack.ts';
import { rawFields } from '../../src/formats/containers/udif/raw.ts';
import { BlockRun, BlockTable, KolyTrailer, RunType } from '../../src/formats/containers/udif/structs.ts';
import { trailer } from '../../src/formats/containers/udif/trailer.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { corpus, corpusBytes, hasCorpus } from '../support/corpus.ts';
import { memorySink } from '../support/memory-sink.ts';
import { movingThreads } from '../support/moving-threads.ts';
import { testPlatform as platform } from '../support/platform.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const threads = movingThreads(2);

/** The code and field of the error, or "opened and read". */
async function outcome(disk: Disk): Promise<string> {
  try {
    const image = await open(disk, platform);
    for (let at = 0; at < image.size; at += 1 << 22) await image.read(at, Math.min(1 << 22, image.size - at));
    return 'opened and read';
  } catch (error) {
    return error instanceof DisksealError ? `${error.code} ${error.field ?? ''}`.trim() : `escaped: ${String(error)}`;
  }
}

interface RunFields {
  type: number;
  sectorNumber: number;
  sectorCount: number;
  compressedOffset: number;
  compressedLength: number;
}
const raw = (sectorNumber: number, sectorCount: number, at = 0): RunFields => ({
  type: RunType.raw,
  sectorNumber,
  sectorCount,
  compressedOffset: at,
  compressedLength: sectorCount * SECTOR,
});
const end = (sectorNumber: number): RunFields => ({
  type: RunType.terminator,
  sectorNumber,
  sectorCount: 0,
  compressedOffset: 0,
  compressedLength: 0,
});

/** An image of one table with these runs, right in everything that is not given. */
function imageOf(
  runs: RunFields[],
  more: { table?: object; koly?: object; fork?: Uint8Array; sectors?: number; tables?: number } = {},
): Uint8Array {
  const fork = more.fork ?? new Uint8Array(8 * SECTOR).fill(5);
  const sectors = more.sectors ?? 8;
  const bytes = new Uint8Array(BlockTable.size + runs.length * BlockRun.size);
  BlockTable.write({ signature: 'mish', version: 1, sectorCount: sectors, blockRunCount: runs.length, ...more.table }, bytes);
  for (const [index, run] of runs.entries()) BlockRun.write(run, bytes, BlockTable.size + index * BlockRun.size);
  const table = { name: 'whole disk', id: 0, bytes, crc: 0 };
  const packed = { dataForkLength: fork.length, dataForkCrc: 0, sectorCount: sectors, segmentId: new Uint8Array(16) };
  const { plist, koly } = trailer({ ...packed, tables: Array.from({ length: more.tables ?? 1 }, () => table) }, { xmlOffset: fork.length });
  KolyTrailer.write({ ...KolyTrailer.read(koly), ...more.koly }, koly);
  return new Uint8Array(Buffer.concat([fork, plist, koly]));
}

describe('real images', () => {
  const images = corpus('dmg').filter(({ file, what }) => file.endsWith('.dmg') && what.includes('koly'));
  const readable = images.filter(({ what }) => !/BZ2:|LZMA:|LZFSE:|ADC:/.test(what));
  const others = images.filter((one) => !readable.includes(one));

  test.skipIf(!hasCorpus)('the corpus has both kinds', () => {
    expect(readable.length).toBeGreaterThanOrEqual(17);
    expect(others.length).toBeGreaterThanOrEqual(6);
  });

  test.skipIf(readable.length === 0).each(readable.map((one) => [one.file, one] as const))(
    '%s: main volume and checksums',
    async (_, one) => {
      const image = bytesDisk(corpusBytes(one.file));
      const disk = await open(image, platform);
      const parts = [
        ...(await openPartitions(disk)).partitions.map((part) => part.disk),
        ...disk.areas.map(({ firstSector, sectorCount }) => ({ firstSector, sectorCount })),
      ];
      const sized = parts.map((part) =>
        'read' in part ? () => part.read(0, part.size) : () => disk.read(part.firstSector * SECTOR, part.sectorCount * SECTOR),
      );
      const hashes = await Promise.all(
        parts.flatMap((part, index) =>
          ('read' in part ? part.size : part.sectorCount * SECTOR) === one.mainVolumeSize ? [sized[index]().then(sha256)] : [],
        ),
      );
      expect(hashes).toContain(one.mainVolumeSha256);
      const { dataFork, tables, master } = await checksums(image, platform);
      expect(dataFork.state).toBe(one.what.includes('data-crc none') ? 'absent' : 'ok');
      expect(new Set([master.state, ...tables.map(({ state }) => state)])).toEqual(new Set(['ok']));
    },
  );

  test.skipIf(readable.length === 0)('packed again, they read the same', async () => {
    for (const file of ['dmg/brew-container.dmg', 'dmg/udif-hfsj-zlib.dmg', 'dmg/udif-fat16-raw.dmg', 'dmg/hfs-basic-udzo.dmg']) {
      const disk = await open(bytesDisk(corpusBytes(file)), platform);
      const sink = memorySink();
      await pack(disk, sink, { platform, threads });
      const again = await open(bytesDisk(sink.bytes()), platform);
      expect(again.areas).toEqual(disk.areas);
      expect(sha256(await again.read(0, again.size))).toBe(sha256(await disk.read(0, disk.size)));
    }
  });

  test.skipIf(others.length === 0).each(others.map((one) => [one.file, one] as const))(
    '%s: opens; its runs are refused by name',
    async (file, { what }) => {
      const image = bytesDisk(corpusBytes(file));
      const disk = await open(image, platform);
      const codec = /BZ2|LZMA|LZFSE|ADC/.exec(what)![0].replace('BZ2', 'bzip2');
      await expect(disk.read(0, SECTOR)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message: expect.stringContaining(codec) });
      // Runs that hold nothing are read all the same.
      const { runs } = disk.tables.find((table) => table.name.includes('Apple_Free'))!;
      expect(await disk.read(runs.sector[0] * SECTOR, SECTOR)).toEqual(new Uint8Array(SECTOR));
      const { dataFork, tables } = await checksums(image, platform);
      expect(dataFork.state).toBe('ok');
      expect(new Set(tables.map(({ state }) => state))).toEqual(new Set(['unchecked', 'ok']));
    },
  );

  test.skipIf(!hasCorpus)('an encrypted image says so', async () => {
    const image = bytesDisk(corpusBytes('dmg/dmgwiz-encrypted-aes256.dmg'));
    expect([await isUdif(image), await isEncrypted(image)]).toEqual([false, true]);
    await expect(open(image, platform)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message: expect.stringContaining('encrypted') });
  });

  test.skipIf(!hasCorpus)('a raw image is no UDIF', async () => {
    const image = bytesDisk(corpusBytes('dmg/apfs-basic-udto.cdr.gz'));
    expect([await isUdif(image), await isEncrypted(image)]).toEqual([false, false]);
    await expect(open(image, platform)).rejects.toMatchObject({ code: 'E_UDIF', field: 'KolyTrailer.signature', offset: image.size - 512 });
  });

  test.skipIf(readable.length === 0)('the fast reader of runs agrees with the declared structure', async () => {
    const image = bytesDisk(corpusBytes('dmg/brew-container.dmg'));
    const { tables, koly } = await open(image, platform);
    for (const [index, { data }] of (await readBlkx(image, koly)).entries()) {
      const { runs, firstSector } = tables[index];
      const count = (data.length - BlockTable.size) / BlockRun.size;
      const declared = Array.from({ length: count }, (_, run) => BlockRun.read(data, BlockTable.size + run * BlockRun.size));
      const stored = declared.filter(({ type }) => type !== RunType.terminator);
      expect(runs.count).toBe(stored.length);
      expect([...runs.type]).toEqual(stored.map(({ type }) => type));
      expect([...runs.sector]).toEqual(stored.map(({ sectorNumber }) => firstSector + sectorNumber));
      expect([...runs.sectorCount]).toEqual(stored.map(({ sectorCount }) => sectorCount));
      expect([...runs.length]).toEqual(stored.map(({ compressedLength }) => compressedLength));
      expect([...runs.offset]).toEqual(
        stored.map(({ compressedLength, compressedOffset }) => (compressedLength > 0 ? compressedOffset : 0)),
      );
    }
  });
});

describe('what is refused', () => {
  const two = [raw(0, 4), raw(4, 4, 4 * SECTOR), end(8)];
  const zlib = (sectorCount: number, compressedLength: number): RunFields => ({
    ...raw(0, sectorCount),
    type: RunType.zlib,
    compressedLength,
  });

  test('the image that the others are made from is good', async () => {
    expect(await outcome(bytesDisk(imageOf(two)))).toBe('opened and read');
  });

  test.each<[string, Uint8Array, string]>([
    ['a gap between runs', imageOf([raw(0, 3), raw(4, 4), end(8)]), 'E_UDIF BlockRun.sectorNumber'],
    ['runs out of order', imageOf([raw(4, 4), raw(0, 4), end(8)]), 'E_UDIF BlockRun.sectorNumber'],
    ['runs beyond the table', imageOf([raw(0, 8), raw(8, 1), end(9)]), 'E_UDIF BlockRun.sectorCount'],
    ['too few runs', imageOf([raw(0, 4), end(8)]), 'E_UDIF BlockTable.sectorCount'],
    ['no terminator', imageOf([raw(0, 8)]), 'E_UDIF BlockRun.type'],
    ['a run after the terminator', imageOf([raw(0, 8), end(8), raw(8, 0)]), 'E_UDIF BlockRun.type'],
    ['an unknown type', imageOf([{ ...raw(0, 8), type: 0x80000009 }, end(8)]), 'E_UDIF BlockRun.type'],
    ['a payload outside the data fork', imageOf([raw(0, 8, SECTOR), end(8)]), 'E_UDIF BlockRun.compressedOffset'],
    ['a payload far outside', imageOf([raw(0, 8, 2 ** 52), end(8)]), 'E_UDIF BlockRun.compressedOffset'],
    ['a raw run of another length', imageOf([{ ...raw(0, 8), compressedLength: SECTOR }, end(8)]), 'E_UDIF BlockRun.compressedLength'],
    ['a run of zeros with bytes', imageOf([{ ...raw(0, 8), type: RunType.zero }, end(8)]), 'E_UDIF BlockRun.compressedLength'],
    ['shared payloads', imageOf([raw(0, 4), raw(4, 4, 3 * SECTOR), end(8)]), 'E_UDIF BlockRun.compressedOffset'],
    ['the same table twice', imageOf(two, { tables: 2 }), 'E_UDIF BlockTable.sectorNumber'],
    ['no table', imageOf(two, { tables: 0 }), 'E_UDIF blkx'],
    ['a compressed run without bytes', imageOf([zlib(8, 0), end(8)]), 'E_UDIF BlockRun.compressedLength'],
    ['a compressed run that is not', imageOf([zlib(8, 4096), end(8)]), 'E_UDIF BlockRun'],
    [
      'a zlib run longer than deflate can make',
      imageOf([zlib(4096, 1024), end(4096)], { sectors: 4096 }),
      'E_UDIF BlockRun.compressedLength',
    ],
    ['a compressed run of a gigabyte', imageOf([zlib(2 ** 21, 4096), end(2 ** 21)], { sectors: 2 ** 21 }), 'E_UDIF BlockRun.sectorCount'],
    ['four thousand million runs', imageOf(two, { table: { blockRunCount: 0xffffffff } }), 'E_UDIF BlockTable.blockRunCount'],
    ['more sectors than numbers', imageOf(two, { table: { sectorNumber: 2 ** 52 } }), 'E_UDIF BlockTable.sectorCount'],
    ['a table beyond the device', imageOf(two, { koly: { sectorCount: 7 } }), 'E_UDIF KolyTrailer.sectorCount'],
    ['a table that is none', imageOf(two, { table: { signature: 'mash' } }), 'E_UDIF BlockTable.signature'],
    ['another version of table', imageOf(two, { table: { version: 2 } }), 'E_UDIF BlockTable.version'],
    ['another version', imageOf(two, { koly: { version: 5 } }), 'E_UNSUPPORTED KolyTrailer.version'],
    ['another trailer size', imageOf(two, { koly: { headerSize: 1024 } }), 'E_UDIF KolyTrailer.headerSize'],
    ['segments', imageOf(two, { koly: { segmentCount: 2 } }), 'E_UNSUPPORTED KolyTrailer.segmentCount'],
    ['no property list', imageOf(two, { koly: { xmlOffset: 0, xmlLength: 0 } }), 'E_UNSUPPORTED KolyTrailer.xmlLength'],
    ['a property list outside the file', imageOf(two, { koly: { xmlLength: 2 ** 40 } }), 'E_UDIF KolyTrailer.xmlOffset'],
    ['a property list inside the data fork', imageOf(two, { koly: { xmlOffset: 100 } }), 'E_UDIF KolyTrailer.xmlOffset'],
    ['a property list that is none', imageOf(two, { koly: { dataForkLength: 0, xmlOffset: 0, xmlLength: 100 } }), 'E_PLIST'],
    ['a data fork outside the file', imageOf(two, { koly: { dataForkLength: 2 ** 40 } }), 'E_UDIF KolyTrailer.dataForkOffset'],
    ['a signature outside the file', imageOf(two, { koly: { codeSignatureOffset: 2 ** 40 } }), 'E_UDIF KolyTrailer.codeSignatureOffset'],
  ])('%s', async (_, image, expected) => {
    expect(await outcome(bytesDisk(image))).toBe(expected);
  });

  test('a zlib run with bytes after its end, too short, or too long', async () => {
    const good = await platform.deflate(new Uint8Array(8 * SECTOR).fill(3), 6);
    const image = (fork: Uint8Array, sectors = 8): Uint8Array => imageOf([zlib(sectors, fork.length), end(sectors)], { fork, sectors });
    expect(await outcome(bytesDisk(image(good)))).toBe('opened and read');
    for (const bad of [image(new Uint8Array([...good, 0])), image(good.slice(0, -1)), image(good, 7), image(good, 9)]) {
      expect(await outcome(bytesDisk(bad))).toBe('E_UDIF BlockRun');
    }
  });
});

describe('what is only odd', () => {
  const two = [raw(0, 4), raw(4, 4, 4 * SECTOR), end(8)];
  test.each<[string, Uint8Array]>([
    ['a sector count of 0', imageOf(two, { koly: { sectorCount: 0 } })],
    ['segment 0 of 0', imageOf(two, { koly: { segmentNumber: 0, segmentCount: 0 } })],
    ['flags of an internet-enabled image', imageOf(two, { koly: { flags: 5 } })],
    ['a device larger than its tables', imageOf(two, { koly: { sectorCount: 100 } })],
    ['comments among the runs', imageOf([{ ...raw(0, 0), type: RunType.comment }, ...two])],
    ['a run of no sectors', imageOf([{ ...raw(0, 0), type: RunType.ignore }, ...two])],
    ['payloads out of order', imageOf([raw(0, 4, 4 * SECTOR), raw(4, 4), end(8)])],
    ['no checksums', imageOf(two, { koly: { dataForkChecksum: { type: 0, size: 0, value: new Uint8Array(128) } } })],
  ])('%s: opens', async (_, image) => {
    expect(await outcome(bytesDisk(image))).toBe('opened and read');
  });

  test('what no table covers is zeros, and an area of its own', async () => {
    const disk = await open(bytesDisk(imageOf(two, { koly: { sectorCount: 100 } })), platform);
    expect(disk.areas.at(-1)).toEqual({ name: ' (Apple_Free : 1)', firstSector: 8, sectorCount: 92 });
    const bytes = await disk.read(0, disk.size);
    expect([bytes[0], bytes[8 * SECTOR - 1], bytes[8 * SECTOR], bytes.at(-1)]).toEqual([5, 5, 0, 0]);
    await expect(disk.read(disk.size - 1, 2)).rejects.toMatchObject({ code: 'E_TRUNCATED' });
  });
});

describe('checksums', () => {
  const make = async (): Promise<Uint8Array> => {
    const sink = memorySink();
    const disk = joinDisks([bytesDisk(new TextEncoder().encode('x1 y2 z3 '.repeat(512))), zerosDisk(SECTOR)]);
    await pack({ ...disk, areas: [{ name: 'whole disk', firstSector: 0, sectorCount: disk.size / SECTOR }] }, sink, { platform, threads });
    return sink.bytes();
  };

  test('bad is told apart from absent', async () => {
    const image = await make();
    const at = image.length - 512;
    image[at + 88] ^= 1; // data fork checksum
    image[at + 355] = 0; // master: type none
    const result = await checksums(bytesDisk(image), platform);
    expect([result.dataFork.state, result.master.state, result.tables[0].state]).toEqual(['bad', 'absent', 'ok']);
  });

  test('a kind that is not known is unchecked', async () => {
    const image = await make();
    image[image.length - 512 + 83] = 4;
    expect((await checksums(bytesDisk(image), platform)).dataFork).toEqual({ state: 'unchecked', reason: 'checksum type 4 is not known' });
  });
});

describe('raw view', () => {
  test.skipIf(!hasCorpus)('names every field of trailer and tables', async () => {
    const image = bytesDisk(corpusBytes('dmg/dmg-license-empty-udro.dmg'));
    const lines: string[] = [];
    for await (const { offset, label, value } of rawFields(image)) lines.push(`${offset} ${label} ${value}`);
    expect(lines).toContain('0 DataFork 113152 bytes');
    expect(lines).toContain('121528 ResourceFork 4729 bytes');
    expect(lines).toContain(`${image.size - 20} KolyTrailer.sectorCount 3024`);
    expect(lines.filter((line) => line.includes('BlockTable.signature "mish"'))).toHaveLength(8);
    expect(lines.some((line) => line.endsWith('run[1].BlockRun.type raw'))).toBe(true);
  });
});

describe('bad input', () => {
  let image = new Uint8Array();
  let ends: readonly number[] = [];
  beforeAll(async () => {
    const sink = memorySink();
    const disk = joinDisks([bytesDisk(new TextEncoder().encode('some text '.repeat(1024))), zerosDisk(4 * SECTOR)]);
    await pack({ ...disk, areas: [{ name: 'whole disk', firstSector: 0, sectorCount: disk.size / SECTOR }] }, sink, { platform, threads });
    image = new Uint8Array(sink.bytes());
    ends = [0, 1, 511, 512, 513, image.length - 1, image.length - 511, image.length - 512, image.length - 513];
  });

  const expectRefusal = (found: string, what: string): void => {
    expect(found, what).toMatch(/^E_(UDIF|PLIST|UNSUPPORTED|TRUNCATED)\b/);
  };

  test('cut anywhere', async () => {
    for (const length of ends) expectRefusal(await outcome(bytesDisk(image.slice(0, length))), `cut at ${length}`);
    for (const start of [1, 100, 512]) expectRefusal(await outcome(bytesDisk(image.slice(start))), `begins at ${start}`);
  });

  test('random bytes with a trailer', async () => {
    for (let round = 0; round < 300; round++) {
      const bytes = image.slice();
      for (let at = 0; at < bytes.length - 512; at++) bytes[at] = (Math.imul(at + 1, 2_654_435_761 + round * 97) >>> 24) & 255;
      expectRefusal(await outcome(bytesDisk(bytes)), `round ${round}`);
    }
  });

  test('every byte of tables and trailer flipped in turn: refused, or read within bounds, never anything else', async () => {
    const begun = performance.now();
    let slowest = 0;
    for (let at = 0; at < image.length; at++) {
      const flipped = image.slice();
      flipped[at] ^= 1 << (at % 8);
      const start = performance.now();
      const found = await open(bytesDisk(flipped), platform)
        .then(
          async (disk) => {
            await disk.read(0, Math.min(disk.size, 1 << 16));
            return 'read';
          },
          (error: unknown) => (error instanceof DisksealError ? error.code : `escaped: ${String(error)}`),
        )
        .catch((error: unknown) => (error instanceof DisksealError ? error.code : `escaped: ${String(error)}`));
      slowest = Math.max(slowest, performance.now() - start);
      expect(found, `byte ${at}`).toMatch(/^(read|E_UDIF|E_PLIST|E_UNSUPPORTED|E_TRUNCATED)$/);
    }
    expect(slowest).toBeLessThan(1000);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  test('an image that cannot be read says that, and not that it is damaged', async () => {
    for (let failAt = 1; failAt <= 6; failAt++) {
      let reads = 0;
      const disk: Disk = {
        ...bytesDisk(image),
        read: (position, length, into) =>
          ++reads === failAt
            ? Promise.reject(new DisksealError('E_READ', 'the test disk fails'))
            : bytesDisk(image).read(position, length, into),
      };
      expect(await outcome(disk)).toBe(failAt <= reads ? 'E_READ' : 'opened and read');
    }
  });
});
