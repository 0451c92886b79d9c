import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, stream, zerosDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { type FileTree, walk } from '../../src/core/file-tree.ts';
import { sealTag } from '../../src/formats/filesystems/udf/descriptor-tag.ts';
import { format } from '../../src/formats/filesystems/udf/format.ts';
import { open } from '../../src/formats/filesystems/udf/open.ts';
import { project } from '../../src/formats/filesystems/udf/project.ts';
import { Tag } from '../../src/formats/filesystems/udf/structs.ts';
import { isOneVolume } from '../../src/formats/filesystems/udf/volume.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { type Listed, listing } from '../support/listing.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { randomTree } from '../support/random-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OPTIONS = { volumeId: 0x0123_4567_89ab_cdefn, created: NEW_YEAR };
const HELD = { creationTimes: true };

async function bytesOf(disk: Disk): Promise<Uint8Array> {
  return disk.read(0, disk.size);
}

describe('format and open', () => {
  test('open(format(tree)) equals project(tree) for random trees', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree({ respell: (name) => name.slice(0, 127) }), async (given) => {
        const volume = await format(given, OPTIONS);
        expect(await listing(await open(volume))).toEqual(await listing(project(given, HELD)));
        for (const { path, position, length } of volume.contents()) {
          const entry = await entryOf(given, path);
          expect(await volume.read(position, length), path).toEqual(await bytesOf(entry));
        }
      }),
      { numRuns: 200 },
    );
  });
  test('the extents say what read gives, and end where the volume ends', async () => {
    const volume = await format(SAMPLE, OPTIONS);
    let end = 0;
    for (const extent of volume.extents()) {
      expect(extent.position).toBe(end);
      end += extent.length;
      if (extent.kind === 'zeros') expect(await volume.read(extent.position, extent.length)).toEqual(new Uint8Array(extent.length));
    }
    expect(end).toBe(volume.size);
  });
  test('the order in which a folder lists its children changes nothing', async () => {
    const names = ['b', 'a', 'é', 'C'];
    const volumes = [names, names.toReversed()].map((order) =>
      format(
        tree(
          'T',
          order.map((name) => file(name, name)),
        ),
        OPTIONS,
      ),
    );
    const [one, two] = await Promise.all(volumes);
    expect(await bytesOf(one)).toEqual(await bytesOf(two));
  });
  test('a file over 1 GiB has several extents', async () => {
    const large = 5 * 2 ** 30 + 12_345;
    const volume = await format(tree('T', [file('large', zerosDisk(large)), file('after', 'after')]), OPTIONS);
    const opened = await listSizes(await open(volume));
    expect(opened).toEqual({ large, after: 5 });
  });
  test('what UDF cannot hold is refused or said', async () => {
    const long = format(tree('T', [file('a/b'.replace('/', '_') + 'x'.repeat(260))]), OPTIONS);
    await expect(long).rejects.toMatchObject({ code: 'E_UDF', path: expect.stringContaining('a_bxxx') });
    await expect(format(tree('T', [file('Ω'.repeat(128))]), OPTIONS)).rejects.toMatchObject({ code: 'E_UDF' });
    const warnings: string[] = [];
    const given = tree('T', [
      file('f', 'x', { xattrs: new Map([['a', bytesDisk(Uint8Array.of(1))]]), finderInfo: new Uint8Array(32).fill(1) }),
    ]);
    await format(given, { ...OPTIONS, warn: (message, path) => warnings.push(`${path}: ${message}`) });
    expect(warnings).toEqual(['f: UDF does not hold Finder info, extended attributes']);
  });
  test('a long volume name is cut, which is said', async () => {
    const warnings: string[] = [];
    const volume = await format(tree('日本'.repeat(50), []), { ...OPTIONS, warn: (message) => warnings.push(message) });
    expect((await open(volume)).root.name).toBe('日本'.repeat(50).slice(0, 63));
    expect(warnings).toHaveLength(1);
  });
  test('times keep microseconds, before 1970 too', async () => {
    const times = { created: -86_400.5, modified: 1_700_000_000.123_456, changed: 0, accessed: 253_402_300_799 };
    const opened = await open(await format(tree('T', [file('f', '', { times })]), OPTIONS));
    for await (const { entry } of walk(opened.root)) expect(entry.times).toEqual(times);
  });
});

const SAMPLE = tree('Sample é 日本', [
  folder('Hello.app', [
    folder('Contents', [
      file('Info.plist', '<plist/>'),
      symlink('Current', '../Versions/A'),
      file('tool', 'x'.repeat(5000), { mode: 0o4755 }),
    ]),
  ]),
  symlink('Applications', '/Applications'),
  file('empty'),
  file('日本語.txt', 'text', { uid: 501, gid: 20, mode: 0o640 }),
  file('one', 'linked', { linkGroup: 'g' }),
  file('two', 'linked', { linkGroup: 'g' }),
]);

async function entryOf({ root }: FileTree, path: string): Promise<Disk> {
  for await (const placed of walk(root)) if (placed.path === path && placed.entry.type === 'file') return placed.entry.content;
  throw new Error(`no ${path}`);
}

async function listSizes({ root }: FileTree): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const { path, entry } of walk(root)) if (entry.type === 'file') sizes[path] = entry.content.size;
  return sizes;
}

describe('other people’s volumes', () => {
  /** Names of the files that each image shows in 7-Zip or, where 7-Zip opens none, in the program that made it. */
  const EXPECTED: Record<string, readonly string[] | RegExp> = {
    'isolyzer-is9660_udf_imgburn': ['nimbie.jpg', 'readme.txt'],
    'isolyzer-iso9660_udf': ['nimbie.jpg', 'readme.txt'],
    'isolyzer-udf': [],
    'libcdio-udf102': ['FéжΘvrier'],
    'blkid-udf-cd-nero-6': ['test.txt'],
    'blkid-udf-cd-mkudfiso-20100208': [],
    'blkid-udf-hdd-macosx-2.60-4096': [],
    'blkid-udf-hdd-win7': [],
    'blkid-udf-hdd-mkudffs-1.3-1': [],
    'blkid-udf-hdd-udfclient-0.7.7': [],
    'blkid-udf-multi-0-417-834-genisoimage': [],
    'blkid-udf': [],
    // Cut: of 50 GB the first 1.3 MB were kept.
    'blkid-udf-bdr-2.60-nero': /leaves the 1310720 bytes/,
  };
  const images = corpus('iso').filter(({ file: name }) => /udf/.test(name));
  test.each(images.map(({ file: name }) => name))('%s', async (name) => {
    const expected = EXPECTED[name.replace(/^iso\/|\.(img|iso)\.gz$/g, '')];
    const reading = (async () => {
      const opened = await open(bytesDisk(corpusBytes(name)));
      for await (const { entry } of walk(opened.root)) if (entry.type === 'file') for await (const _ of stream(entry.content)) continue;
      return Object.keys(await listSizes(opened));
    })();
    if (expected instanceof RegExp) await expect(reading).rejects.toThrow(expected);
    else expect(await reading).toEqual(expected);
  });
});

describe('bad input', () => {
  test('any changed byte: the same tree, another one, or an error of ours; never a hang', async () => {
    const sound = await bytesOf(await format(SAMPLE, OPTIONS));
    const metadata = [16 * 2048, 19 * 2048, 32 * 2048, 38 * 2048, 256 * 2048, 285 * 2048];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 2, 4), fc.nat(), fc.integer({ min: 0, max: 255 }), async (range, at, value) => {
        const bytes = sound.slice();
        const [from, to] = [metadata[range], metadata[range + 1]];
        bytes[from + (at % (to - from))] = value;
        await outcome(bytes);
      }),
      { numRuns: 600 },
    );
  });
  test('a volume cut at any sector', async () => {
    const sound = await bytesOf(await format(SAMPLE, OPTIONS));
    for (let sectors = 0; sectors * 2048 < sound.length; sectors += 3) await outcome(sound.slice(0, sectors * 2048));
  });
  test('a folder that contains itself is refused', async () => {
    const volume = await bytesOf(await format(tree('T', [folder('a', [folder('b', [])])]), OPTIONS));
    await expect(listing(await open(bytesDisk(withLoop(volume))))).rejects.toMatchObject({
      code: 'E_UDF',
      message: expect.stringContaining('two places'),
    });
  });
});

async function outcome(bytes: Uint8Array): Promise<readonly Listed[] | undefined> {
  try {
    return await listing(await open(bytesDisk(bytes)));
  } catch (error) {
    expect(error).toBeInstanceOf(DisksealError);
    return undefined;
  }
}

/** Lets the identifier of "b" lead to the entry of "a", and mends its CRC by the writer's own tag. */
function withLoop(volume: Uint8Array): Uint8Array {
  const bytes = volume.slice();
  const view = new DataView(bytes.buffer);
  // Blocks: 0 file set, 1 end, 2 root, 3 a, 4 b, 5 list of the root, 6 list of a, 7 list of b.
  const at = (257 + 6) * 2048 + 40;
  view.setUint32(at + 24, 3, true);
  let crc = 0;
  for (const byte of bytes.subarray(at + 16, at + 16 + view.getUint16(at + 10, true))) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  view.setUint16(at + 8, crc, true);
  let sum = 0;
  for (let index = 0; index < 16; index++) if (index !== 4) sum += bytes[at + index];
  bytes[at + 4] = sum & 0xff;
  return bytes;
}

const ORACLES = fileURLToPath(new URL('../../../shared/oracles/', import.meta.url));
const hasOracles = existsSync(ORACLES);
if (!hasOracles) console.warn('no oracles beside the project: the kernel is not asked about UDF volumes');

describe.runIf(hasOracles)('the Linux kernel', () => {
  test('lists what was put in', async () => {
    const path = `${await temporaryFolder()}/sample.udf`;
    writeFileSync(path, await bytesOf(await format(SAMPLE, OPTIONS)));
    const { stdout, stderr, status } = spawnSync(`${ORACLES}kernel-mount`, ['udf', path], { encoding: 'utf8', maxBuffer: 64 << 20 });
    expect(status, stderr).toBe(0);
    const seen = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const byPath = Object.fromEntries(seen.map((entry) => [entry['path'], entry]));
    const expected = await listing(project(SAMPLE, HELD));
    expect(seen).toHaveLength(expected.length);
    for (const { path: place, type, metadata, content, target } of expected) {
      const found = byPath[place === '' ? '.' : place]!;
      expect(found, place).toMatchObject({
        type: type === 'folder' ? 'd' : type === 'symlink' ? 'l' : 'f',
        uid: metadata['uid'],
        gid: metadata['gid'],
      });
      if (target !== undefined) expect(found['target']).toBe(target);
      if (content !== undefined) expect(`${found['size']} ${found['sha256']}`).toBe(content);
    }
    expect(byPath['one']!['nlink']).toBe(2);
  });
});

describe('anchors', () => {
  const SECTOR = 2048;
  test('that lead to one volume', async () => {
    expect(await isOneVolume(await format(SAMPLE, OPTIONS))).toBe(true);
    await expect(isOneVolume(bytesDisk(new Uint8Array(1 << 20)))).rejects.toMatchObject({ code: 'E_UDF' });
  });
  test('that lead to another volume at the end are found, and so is a reserve sequence that does', async () => {
    const [one, other] = await Promise.all([SAMPLE, tree('Other', [])].map(async (given) => bytesOf(await format(given, OPTIONS))));
    // Both as they would be read: the first with the last 17 sectors of the second.
    for (const sectors of [17, 1]) {
      const mixed = one.slice();
      const end = other.slice(other.length - 17 * SECTOR);
      mixed.set(end.subarray((17 - sectors) * SECTOR), mixed.length - sectors * SECTOR);
      const last = mixed.length / SECTOR - 1;
      for (let sector = last - sectors + 1; sector <= last; sector++) relocate(mixed, sector);
      // An anchor alone still leads to what is there.
      expect(await isOneVolume(bytesDisk(mixed)), `${sectors}`).toBe(sectors === 1);
    }
  });
  /** Makes a descriptor right for another sector. */
  function relocate(bytes: Uint8Array, sector: number): void {
    const descriptor = bytes.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    const { identifier, version } = Tag.read(descriptor);
    if (identifier === 0) return;
    sealTag(descriptor.subarray(0, 512), { identifier, version, location: sector });
  }
});
