import { describe, expect, it } from 'vitest';
import { bytesDisk, type Disk, stream, zerosDisk } from '../../src/core/disk.ts';
import type { Entry, FileTree } from '../../src/core/file-tree.ts';
import { find } from '../../src/core/file-tree.ts';
import type { PlannedVolume } from '../../src/core/planned-volume.ts';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { type FormatOptions, format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { project } from '../../src/formats/filesystems/hfsplus/project.ts';
import { CatalogFile, HeaderRecord, NodeDescriptor, VolumeHeader } from '../../src/formats/filesystems/hfsplus/structs.ts';
import { listing } from '../support/listing.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';

const OPTIONS: FormatOptions = { volumeId: 0x0123_4567_89ab_cdefn, created: NEW_YEAR };
const BLOCK = 4096;

async function bytesOf(disk: Disk): Promise<Uint8Array> {
  const bytes = new Uint8Array(disk.size);
  let at = 0;
  for await (const chunk of stream(disk, 10_000)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Vitest's own comparison of large arrays takes seconds. */
function expectSame(one: Uint8Array, other: Uint8Array): void {
  expect(Buffer.compare(one, other)).toBe(0);
}

async function headerOf(volume: Disk): Promise<VolumeHeader> {
  return VolumeHeader.read(await volume.read(1024, 512));
}

/** Formats, checks, opens again, and expects the projected tree. */
async function roundTrip(source: FileTree, options: Partial<FormatOptions> = {}): Promise<PlannedVolume> {
  const volume = await format(source, { ...OPTIONS, ...options });
  expect(await check(volume)).toEqual([]);
  expect(await listing(await open(volume))).toEqual(await listing(project(source, options)));
  return volume;
}

/** The first file record whose key has this name. */
async function fileRecord(volume: Disk, name: string): Promise<CatalogFile> {
  const bytes = await bytesOf(volume);
  const units = Buffer.from(name, 'utf16le').swap16();
  const at = Buffer.from(bytes.buffer).indexOf(Buffer.concat([Buffer.from([0, name.length]), units, Buffer.from([0, 2])]));
  expect(at).toBeGreaterThan(0);
  return CatalogFile.read(bytes, at + 2 + units.length);
}

describe('the volume', () => {
  it('of an empty tree has its headers and trees and nothing else', async () => {
    const volume = await roundTrip(tree('Empty', []));
    const header = await headerOf(volume);
    expect(header).toMatchObject({
      signature: 0x482b,
      version: 4,
      attributes: 0x8000_0100,
      lastMountedVersion: '10.0',
      fileCount: 0,
      folderCount: 0,
      blockSize: BLOCK,
      freeBlocks: 0,
      nextCatalogID: 16,
      encodingsBitmap: 1n,
      finderInfo: [0, 0, 0, 0, 0, 0, 0x0123_4567, 0x89ab_cdef],
      createDate: NEW_YEAR + 2_082_844_800,
    });
    expect(header.totalBlocks * BLOCK).toBe(volume.size);
    const bytes = await bytesOf(volume);
    expect(bytes.subarray(0, 1024).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(-512).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(-1024, -512)).toEqual(bytes.subarray(1024, 1536));
  });

  it('marks the blocks that it uses, the last one too', async () => {
    const volume = await roundTrip(tree('Free', [file('a', 'x'.repeat(5000))]), { freeBytes: 100 * BLOCK });
    const { allocationFile, freeBlocks, totalBlocks, nextAllocation } = await headerOf(volume);
    expect(freeBlocks).toBe(100);
    expect(nextAllocation).toBe(totalBlocks - 101);
    const bitmap = await volume.read(allocationFile.extents[0].startBlock * BLOCK, allocationFile.logicalSize);
    const isUsed = (block: number): boolean => (bitmap[block >> 3] & (0x80 >> (block & 7))) !== 0;
    const used = Array.from({ length: bitmap.length * 8 }, (_, block) => isUsed(block));
    expect(used.every((bit, block) => bit === (block < totalBlocks - 101 || block === totalBlocks - 1))).toBe(true);
  });

  it('is as large as was asked for, in whole blocks', async () => {
    const source = tree('Sized', [file('a', 'x')]);
    const smallest = (await format(source, OPTIONS)).size;
    expect((await format(source, { ...OPTIONS, size: 10_000_001 })).size).toBe(Math.ceil(10_000_001 / BLOCK) * BLOCK);
    expect((await format(source, { ...OPTIONS, size: 1 })).size).toBe(smallest);
    expect((await format(source, { ...OPTIONS, freeBytes: 1 })).size).toBe(smallest + BLOCK);
    // The allocation file itself grows.
    const large = await roundTrip(source, { size: 2 ** 32 });
    expect((await headerOf(large)).allocationFile.totalBlocks).toBe(32);
  });

  it('has larger catalog nodes from 1 GiB on, and what newfs gives the trees to grow by', async () => {
    const clumps = async (size: number): Promise<number[]> => {
      const { extentsFile, attributesFile, catalogFile } = await headerOf(await format(tree('V', []), { ...OPTIONS, size }));
      return [extentsFile.clumpSize, attributesFile.clumpSize, catalogFile.clumpSize];
    };
    const nodeSize = async (size: number): Promise<number> => {
      const volume = await format(tree('V', []), { ...OPTIONS, size });
      const { catalogFile } = await headerOf(volume);
      return HeaderRecord.read(await volume.read(catalogFile.extents[0].startBlock * BLOCK, BLOCK), NodeDescriptor.size).nodeSize;
    };
    expect(await clumps(0)).toEqual([32768, 65536, 32768]);
    expect(await clumps(100 * 2 ** 20)).toEqual([819200, 819200, 819200]);
    expect(await clumps(2 ** 30)).toEqual([4 * 2 ** 20, 4 * 2 ** 20, 4 * 2 ** 20]);
    expect(await clumps(16 * 2 ** 30)).toEqual([5 * 2 ** 20, 64 * 2 ** 20, 32 * 2 ** 20]);
    expect(await nodeSize(2 ** 30 - BLOCK)).toBe(4096);
    expect(await nodeSize(2 ** 30)).toBe(8192);
    await roundTrip(tree('V', [file('a', 'x')]), { size: 2 ** 30 });
  });

  it('is the same in whatever order folders list their children', async () => {
    const entries = ['b', 'Z', 'a', 'é', '10', '9'].map((name) => folder(name, [file('x', name), symlink('y', name), file('X2', 'x')]));
    const one = await bytesOf(await format(tree('V', entries), OPTIONS));
    expectSame(await bytesOf(await format(tree('V', entries.toReversed()), OPTIONS)), one);
  });

  it('reads the same in any pieces, and as its extents say', async () => {
    const entries = Array.from({ length: 400 }, (_, index) => file(`file ${index}`, 'y'.repeat((index * 977) % 9000)));
    const volume = await format(tree('V', [...entries, file('big', zerosDisk(100_000))]), { ...OPTIONS, freeBytes: 50_000 });
    const whole = await volume.read(0, volume.size);
    expectSame(await bytesOf(volume), whole);
    let at = 0;
    for (const extent of volume.extents()) {
      expect(extent.position).toBe(at);
      at += extent.length;
      const bytes = whole.subarray(extent.position, at);
      if (extent.kind === 'zeros') expect(bytes.every((byte) => byte === 0)).toBe(true);
      if (extent.kind === 'bytes') expectSame(bytes, extent.bytes);
      expect(['zeros', 'bytes', 'generated']).toContain(extent.kind);
    }
    expect(at).toBe(volume.size);
    await expect(volume.read(volume.size - 1, 2)).rejects.toThrowError(expect.objectContaining({ code: 'E_TRUNCATED' }));
  });

  it('tells where contents are', async () => {
    const shared = { linkGroup: 'one' };
    const source = tree('V', [
      folder('é', [file('a:b', 'first'), file('empty'), symlink('link', 'target')]),
      folder('z', [file('second', 'linked', shared)]),
      file('a', 'top', { resourceFork: bytesDisk(new Uint8Array(9)) }),
      file('zz', 'linked', shared),
    ]);
    const volume = await roundTrip(source);
    const contents = [...volume.contents()];
    expect(contents.map(({ path }) => path)).toEqual(['a', 'zz', 'é/a:b']);
    let last = 0;
    for (const { path, position, length } of contents) {
      const entry = await find(source, path);
      expect(entry?.type === 'file' && (await entry.content.read(0, length))).toEqual(await volume.read(position, length));
      expect(position).toBeGreaterThan(last);
      last = position;
    }
  });
});

describe('trees', () => {
  it('of several levels are found by name', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `${'long name '.repeat(index % 20)}${index}`);
    const volume = await roundTrip(
      tree('Many', [
        folder(
          'inside',
          names.map((name) => file(name, name)),
        ),
        folder('other', []),
      ]),
    );
    const { catalogFile } = await headerOf(volume);
    const first = await volume.read(catalogFile.extents[0].startBlock * BLOCK, BLOCK);
    expect(HeaderRecord.read(first, NodeDescriptor.size).treeDepth).toBe(4);
    const opened = await open(volume);
    for (const name of ['0', names[2500], names[4999]]) expect(await find(opened, `inside/${name}`)).toMatchObject({ name });
    expect(await find(opened, 'INSIDE/0')).toBeDefined();
    expect(await find(opened, 'inside/5000')).toBeUndefined();
  });

  it('of folders 500 deep, and not of endless ones', async () => {
    const nest = (depth: number): Entry => folder('d', depth === 0 ? [file('bottom', 'x')] : [nest(depth - 1)]);
    await roundTrip(tree('Deep', [nest(500)]));
    const endless: Entry = {
      ...folder('d', []),
      async *children() {
        yield endless;
      },
    };
    await expect(format(tree('Endless', [endless]), OPTIONS)).rejects.toThrowError(expect.objectContaining({ code: 'E_UNSUPPORTED' }));
  });

  it('that are case-sensitive count folders in folders', async () => {
    const volume = await roundTrip(tree('Case', [folder('A', [folder('b', []), file('B', '')]), folder('a', []), file('É'), file('é')]), {
      caseSensitive: true,
    });
    expect(await headerOf(volume)).toMatchObject({ signature: 0x4858, version: 5 });
    const { catalogFile } = await headerOf(volume);
    const first = await volume.read(catalogFile.extents[0].startBlock * BLOCK, BLOCK);
    expect(HeaderRecord.read(first, NodeDescriptor.size).keyCompareType).toBe(0xbc);
  });

  it('hold files of more than 4 GiB', async () => {
    const size = 5 * 2 ** 30 + 123;
    const end = bytesDisk(new TextEncoder().encode('the end'));
    const content: Disk = {
      size,
      async read(position, length, into = new Uint8Array(length)) {
        into.fill(0);
        const from = Math.max(position, size - end.size);
        if (from < position + length) into.set(await end.read(from - (size - end.size), position + length - from), from - position);
        return into;
      },
      *extents() {
        yield { kind: 'opaque', position: 0, length: size };
      },
    };
    const volume = await format(tree('Large', [file('large', content), file('z', 'after')]), OPTIONS);
    const opened = await open(volume);
    const large = await find(opened, 'large');
    expect(large?.type === 'file' && large.content.size).toBe(size);
    expect(large?.type === 'file' && new TextDecoder().decode(await large.content.read(size - 7, 7))).toBe('the end');
    const after = await find(opened, 'z');
    expect(after?.type === 'file' && new TextDecoder().decode(await after.content.read(0, 5))).toBe('after');
  });

  it('are refused above 16 TiB', async () => {
    const huge = zerosDisk(2 ** 43);
    await expect(format(tree('V', [file('a', huge), file('b', huge)]), OPTIONS)).rejects.toThrow('16 TiB');
    await expect(format(tree('V', []), { ...OPTIONS, size: 2 ** 45 })).rejects.toThrow('16 TiB');
    expect((await format(tree('V', [file('a', huge)]), OPTIONS)).size).toBeGreaterThan(2 ** 43);
  });
});

describe('records', () => {
  it('of immutable files are locked', async () => {
    const volume = await roundTrip(
      tree('V', [
        file('user', '', { flags: 2 }),
        file('system', '', { flags: 0x2_0000 }),
        file('append', '', { flags: 4 }),
        folder('folder', [], { flags: 2 }),
      ]),
    );
    const flags = await Promise.all(['user', 'system', 'append'].map(async (name) => (await fileRecord(volume, name)).flags));
    expect(flags).toEqual([3, 3, 2]);
  });

  it('of symbolic links have their type, and what else was given', async () => {
    const finderInfo = new Uint8Array(32).fill(0x40, 0, 9);
    const volume = await roundTrip(tree('V', [symlink('link', '../né', { finderInfo, mode: 0o755 })]));
    expect(await fileRecord(volume, 'link')).toMatchObject({
      flags: 2,
      permissions: { fileMode: 0o120755, special: 1 },
      userInfo: { fileType: 'slnk', fileCreator: 'rhap', finderFlags: 0x4000 },
      dataFork: { logicalSize: 6 },
    });
  });

  it('of files keep all that they have a place for', async () => {
    const times = { created: 1, modified: 2, changed: 3, accessed: 4, backedUp: 5 };
    const source = file('file', 'data', {
      mode: 0o4711,
      uid: 501,
      gid: 0xffff_ffff,
      times,
      flags: 0x21_0040,
      finderInfo: finderInfo('TEXTttxt'),
      resourceFork: bytesDisk(new Uint8Array(4097)),
      xattrs: new Map([['com.apple.system.Security', bytesDisk(new Uint8Array(4))]]),
    });
    const record = await fileRecord(await roundTrip(tree('V', [source])), 'file');
    const date = (seconds: number): number => seconds + 2_082_844_800;
    expect(record).toMatchObject({
      recordType: 2,
      flags: 0xe,
      reserved1: 0,
      fileID: 16,
      createDate: date(1),
      contentModDate: date(2),
      attributeModDate: date(3),
      accessDate: date(4),
      backupDate: date(5),
      permissions: { ownerID: 501, groupID: 0xffff_ffff, adminFlags: 0x21, ownerFlags: 0x40, fileMode: 0o104711, special: 1 },
      userInfo: { fileType: 'TEXT', fileCreator: 'ttxt' },
      textEncoding: 0,
      reserved2: 0,
      dataFork: { logicalSize: 4, clumpSize: 0, totalBlocks: 1 },
      resourceFork: { logicalSize: 4097, clumpSize: 0, totalBlocks: 2 },
    });
    expect(record.dataFork.extents[1]).toEqual({ startBlock: 0, blockCount: 0 });
    expect(record.resourceFork.extents[0]?.startBlock).toBe(record.dataFork.extents[0].startBlock + 1);
  });
});

describe('hard links', () => {
  const both = { linkGroup: 'g', mode: 0o640, uid: 7, finderInfo: new Uint8Array(32).fill(5, 8, 10) };
  const linked = tree('Links', [
    file('one', 'shared', { ...both, xattrs: new Map([['user.a', bytesDisk(new Uint8Array([1]))]]) }),
    folder('in', [file('two', 'shared', { ...both, xattrs: new Map([['user.a', bytesDisk(new Uint8Array([1]))]]) })]),
    file('three', 'shared', { ...both, xattrs: new Map([['user.a', bytesDisk(new Uint8Array([1]))]]) }),
    file('single', 'alone', { linkGroup: 'h' }),
  ]);

  it('lead to one inode in a chain', async () => {
    const volume = await roundTrip(linked);
    expect(await headerOf(volume)).toMatchObject({ fileCount: 5, folderCount: 2, nextCatalogID: 23 });
    const inode = await fileRecord(volume, 'iNode22');
    expect(inode).toMatchObject({ flags: 0x26, reserved1: 17, fileID: 22, permissions: { special: 3, fileMode: 0o100640, ownerID: 7 } });
    expect(inode.dataFork.logicalSize).toBe(6);
    // Numbers go folder by folder: in, one, single, three from 16 on, then what lies in "in".
    const chain = await Promise.all(['one', 'three', 'two'].map((name) => fileRecord(volume, name)));
    expect(chain.map(({ fileID }) => fileID)).toEqual([17, 19, 20]);
    expect(chain.map(({ permissions }) => [permissions.ownerID, permissions.groupID])).toEqual([
      [0, 19],
      [17, 20],
      [19, 0],
    ]);
    for (const link of chain) {
      expect(link).toMatchObject({
        flags: 0x22,
        permissions: { special: 22, ownerFlags: 2, fileMode: 0o100444 },
        userInfo: { fileType: 'hlnk', fileCreator: 'hfs+', finderFlags: 0x100 },
        createDate: NEW_YEAR + 2_082_844_800,
      });
      expect(link.dataFork.logicalSize).toBe(0);
    }
  });

  it('keep the private folder in its place, whatever else is in the root', async () => {
    const pair = [file('a', 'x', { linkGroup: 'g' }), file('b', 'x', { linkGroup: 'g' })];
    for (const caseSensitive of [false, true]) {
      await roundTrip(tree('V', [...pair, file('\u2400\u2400\u2400\u2400\u2400'), file('\u2400a')]), { caseSensitive });
    }
  });

  it('in hundreds have inodes in order of their names', async () => {
    const entries = Array.from({ length: 300 }, (_, index) => file(`f${index}`, `${index >> 1}`, { linkGroup: `${index >> 1}` }));
    await roundTrip(tree('V', entries));
  });

  it('to different files or too many are refused', async () => {
    const wrong = tree('V', [file('a', 'x', { linkGroup: 'g' }), file('b', 'xy', { linkGroup: 'g' })]);
    await expect(format(wrong, OPTIONS)).rejects.toThrowError(expect.objectContaining({ code: 'E_HFSPLUS', path: 'b' }));
    const many = Array.from({ length: 32768 }, (_, index) => file(`f${index}`, '', { linkGroup: 'g' }));
    await expect(format(tree('V', many), OPTIONS)).rejects.toThrow('32768 hard links');
  });
});

describe('what HFS+ cannot hold', () => {
  const attribute = (name: string): Entry => file('f', '', { xattrs: new Map([[name, bytesDisk(new Uint8Array(1))]]) });
  it.each<[string, Entry[], string, string]>([
    ['names that differ by case', [file('Readme'), file('README')], 'README', '"Readme" and "README" are the same'],
    ['names that differ by composition', [file('é'), file('e\u0301')], 'e\u0301', 'the same name'],
    ['a name of 256 units', [folder('d', [file('x'.repeat(256))])], `d/${'x'.repeat(256)}`, '256 UTF-16 units'],
    ['a name with NUL', [file('a\0')], 'a\0', 'NUL'],
    ['a name with "/"', [file('a/b')], 'a/b', '"/"'],
    ['an empty name', [file('')], '', 'not a name'],
    ['a name of nothing', [file('\u200d\ufeff')], '\u200d\ufeff', 'ignores every character'],
    [
      "the private folder's name",
      [file('\u2400\u2400\u2400\u2400HFS+ private data')],
      '\u2400\u2400\u2400\u2400HFS+ private data',
      'hard links',
    ],
    ["the other private folder's name", [file('.HFS+ Private Directory Data\r')], '.HFS+ Private Directory Data\r', 'hard links'],
    ['a long attribute name', [attribute('x'.repeat(128))], 'f', '128 UTF-16 units'],
    ['an empty attribute name', [attribute('')], 'f', 'empty'],
    ['Finder info as an attribute', [attribute('com.apple.FinderInfo')], 'f', 'place of its own'],
    ['short Finder info', [file('f', '', { finderInfo: new Uint8Array(31) })], 'f', '32 bytes'],
    ['the type of hard links', [file('f', '', { finderInfo: finderInfo('hlnkhfs+') })], 'f', 'hard link'],
    ['an empty target', [symlink('l', '')], 'l', 'is empty'],
    ['a long target', [symlink('l', 'x'.repeat(1025))], 'l', '1025 bytes'],
    ['a target with NUL', [symlink('l', 'a\0b')], 'l', 'NUL'],
    ['a target that is no Unicode', [symlink('l', 'a\ud800b')], 'l', 'Unicode'],
    ['a negative owner', [file('f', '', { uid: -1 })], 'f', 'not a user or group id'],
    ['a date that is none', [file('f', '', { times: { modified: Number.NaN } })], 'f', 'not a number'],
  ])('%s', async (_, entries, path, message) => {
    await expect(format(tree('V', entries), OPTIONS)).rejects.toThrowError(
      expect.objectContaining({ code: 'E_HFSPLUS', path, message: expect.stringContaining(message) }),
    );
  });

  it('a volume name that is none', async () => {
    for (const name of ['', '.', 'a/b', 'x'.repeat(256)]) await expect(format(tree(name, []), OPTIONS)).rejects.toThrow();
    await roundTrip(tree('x'.repeat(255), []));
    await roundTrip(tree('a:b é', []));
  });

  it('content that the filesystem compressed', async () => {
    const raw = file('f', '', { flags: 0x20, xattrs: new Map([['com.apple.decmpfs', bytesDisk(new Uint8Array(16))]]) });
    await expect(format(tree('V', [raw]), OPTIONS)).rejects.toThrowError(expect.objectContaining({ code: 'E_UNSUPPORTED', path: 'f' }));
  });

  it('names of one folder only', async () => {
    await roundTrip(tree('V', [folder('a', [file('x')]), folder('b', [file('X')]), file('c')]));
    await roundTrip(tree('V', [folder('d', [file('\u2400\u2400\u2400\u2400HFS+ Private Data')])]));
  });

  it('dates and flags, which are changed and told', async () => {
    const told: string[] = [];
    const warn = (message: string, path: string): void => {
      told.push(`${path}: ${message}`);
    };
    const times = { created: -3e9, modified: 3e9, accessed: 0.9, changed: -0.5 };
    const volume = await roundTrip(tree('V', [folder('d', [file('f', '', { times, flags: 0x4000_8002 })])]), { warn });
    expect(told).toEqual([
      expect.stringContaining('d/f: its creation date'),
      expect.stringContaining('d/f: its modification date'),
      'd/f: HFS+ has no place for the file flags 0x40000000',
    ]);
    const entry = await find(await open(volume), 'd/f');
    expect(entry).toMatchObject({ flags: 2, times: { created: -2_082_844_799, modified: 2_212_122_495, accessed: 0, changed: -1 } });
    expect(entry?.finderInfo?.[8]).toBe(0x40);
  });
});

describe('extended attributes', () => {
  it.each([0, 1, 2, 3801, 3802, 3803, 100_000])('of %i bytes', async (size) => {
    const xattrs = new Map([
      ['user.test', bytesDisk(new Uint8Array(size).fill(3))],
      ['a'.repeat(127), bytesDisk(new Uint8Array(3802).fill(4))],
    ]);
    const source = tree('V', [folder('d', [file('f', 'x', { xattrs })], { xattrs }), symlink('l', 't', { xattrs })], { xattrs });
    await roundTrip(source);
    await roundTrip(source, { caseSensitive: true });
  });

  it('on ten thousand files', async () => {
    const xattrs = new Map([['com.apple.quarantine', bytesDisk(new Uint8Array(57).fill(65))]]);
    await roundTrip(
      tree(
        'V',
        Array.from({ length: 10_000 }, (_, index) => file(`f${index}`, '', { xattrs })),
      ),
    );
  });
});

function finderInfo(text: string): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}
