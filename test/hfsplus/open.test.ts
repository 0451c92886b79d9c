/** Opening volumes: what `format` never writes but others do, and what hostile volumes try. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesDisk, type Disk, type Extent, opaqueDisk, sliceDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { type Entry, type File, type FileTree, find, walk } from '../../src/core/file-tree.ts';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { type OpenOptions, open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { rawFields } from '../../src/formats/filesystems/hfsplus/raw.ts';
import {
  AttributeExtents,
  AttributeFork,
  AttributeKey,
  AttributeType,
  Cnid,
  ExtentKey,
  ExtentRecord,
  ForkData,
  HEADER_MAP_OFFSET,
  VOLUME_HEADER_OFFSET,
} from '../../src/formats/filesystems/hfsplus/structs.ts';
import { corpus, corpusBytes, hasCorpus } from '../support/corpus.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { type NewRecord, VolumeBytes } from '../support/volume-bytes.ts';

const CREATED = { volumeId: 1n, created: NEW_YEAR };
const BLOCK = 4096;

function asFile(entry: Entry | undefined): File {
  if (entry?.type !== 'file') throw new Error(`expected a file, found ${entry?.type}`);
  return entry;
}

async function paths(tree: FileTree): Promise<string[]> {
  const found = [];
  for await (const { path } of walk(tree.root)) found.push(path);
  return found;
}

/** Opens and reads everything that can be read. */
async function readAll(disk: Disk, options?: OpenOptions): Promise<void> {
  for await (const { entry } of walk((await open(disk, options)).root)) {
    if (entry.type === 'file') await entry.content.read(0, Math.min(entry.content.size, 1 << 16));
  }
}

async function refusal(work: Promise<unknown>): Promise<DisksealError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DisksealError);
  return error as DisksealError;
}

describe('names', () => {
  const entries = () => [file('ReadMe.txt', 'r'), file('\u00fcml\u00e4ut', 'u'), folder('Folder', [file('a:b', 'slash')])];

  it('are found as the volume compares them: decomposed, and on HFS+ without case', async () => {
    const { root } = await open(await format(tree('V', entries()), CREATED));
    expect((await root.child!('README.TXT'))?.name).toBe('ReadMe.txt');
    expect((await root.child!('\u00dcML\u00c4UT'))?.name).toBe('u\u0308mla\u0308ut');
    expect((await find({ root }, 'FOLDER/A:B'))?.name).toBe('a:b');
  });

  it('are found exactly on HFSX', async () => {
    const opened = await open(await format(tree('V', entries()), { ...CREATED, caseSensitive: true }));
    expect(opened.caseSensitive).toBe(true);
    expect(await opened.root.child!('README.TXT')).toBeUndefined();
    expect((await opened.root.child!('ReadMe.txt'))?.name).toBe('ReadMe.txt');
    expect((await opened.root.child!('\u00fcml\u00e4ut'))?.name).toBe('u\u0308mla\u0308ut');
  });

  it('that cannot be there are not found', async () => {
    const { root } = await open(await format(tree('V', entries()), CREATED));
    for (const name of ['', '.', '..', 'a/b', 'x\0', 'nothing', 'x'.repeat(300)]) expect(await root.child!(name)).toBeUndefined();
  });

  it('of private folders and of the journal are hidden', async () => {
    const linked = [file('a', 'x', { linkGroup: 'x' }), file('b', 'x', { linkGroup: 'x' }), file('.journal', 'an ordinary file')];
    const opened = await open(await format(tree('V', linked), CREATED));
    expect(await paths(opened)).toEqual(['.journal', 'a', 'b']);
    expect(await opened.root.child!('\u2400\u2400\u2400\u2400HFS+ Private Data')).toBeUndefined();
  });
});

describe('content', () => {
  it('keeps the kinds of the extents of a planned volume', async () => {
    const path = '/nowhere/at/all';
    const extents: Extent[] = [{ position: 0, length: 10_000, kind: 'file', file: { path, offset: 5, fileSize: 20_000 } }];
    const source: Disk = { size: 10_000, read: () => Promise.reject(new Error('not read')), extents: () => extents };
    const volume = await format(tree('V', [file('f', source), file('g', 'bytes')]), CREATED);
    const { root } = await open(volume);
    const kinds = (disk: Disk) => [...disk.extents()].map(({ position, length, kind }) => ({ position, length, kind }));
    expect(kinds(asFile(await root.child!('f')).content)).toEqual([{ position: 0, length: 10_000, kind: 'file' }]);
    expect([...asFile(await root.child!('f')).content.extents()][0]).toMatchObject({ file: { path, offset: 5 } });
    expect(kinds(asFile(await root.child!('g')).content)).toEqual([{ position: 0, length: 5, kind: 'bytes' }]);
  });

  it('of an opaque disk is opaque, and nothing is read around it', async () => {
    const { bytes } = await VolumeBytes.of(tree('V', [file('f', 'x'.repeat(10_000))]));
    const seen: [number, number][] = [];
    const disk = opaqueDisk(bytes.length, (position, into) => {
      seen.push([position, into.length]);
      into.set(bytes.subarray(position, position + into.length));
      return Promise.resolve();
    });
    const { content } = asFile(await (await open(disk)).root.child!('f'));
    expect([...content.extents()]).toEqual([{ position: 0, length: 10_000, kind: 'opaque' }]);
    const before = seen.length;
    expect(new TextDecoder().decode(await content.read(5000, 3))).toBe('xxx');
    expect(seen.slice(before)).toEqual([[expect.any(Number), 3]]);
  });

  it('in more than eight pieces is put together by the extents file', async () => {
    const volume = await fragmented();
    expect(await check(volume.disk)).toEqual([]);
    const { content } = asFile(await (await open(volume.disk)).root.child!('fragmented'));
    const bytes = await content.read(0, content.size);
    const numbers = Array.from({ length: 20 }, (_, block) => bytes[block * BLOCK]);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, block) => 20 - block));
    expect((await content.read(BLOCK - 1, 2)).join()).toBe('20,19');
    const labels = [];
    for await (const { label } of rawFields(volume.disk)) labels.push(label);
    expect(labels.filter((label) => label.endsWith('ExtentRecord.extents'))).toHaveLength(2);
  });

  it('in pieces, one of which is missing, is refused', async () => {
    const volume = await fragmented();
    volume.writeNode('extents', 1, { kind: -1, height: 1 }, volume.records('extents', 1).slice(0, 1));
    const error = await refusal(open(volume.disk).then(({ root }) => root.child!('fragmented')));
    expect(error).toMatchObject({ code: 'E_HFSPLUS', field: 'CatalogFile.dataFork.totalBlocks' });
    expect(error.message).toBe('20 blocks are claimed, the extents have 16');
  });

  it('of an attribute in more than eight pieces is put together', async () => {
    const volume = await fragmentedAttribute();
    expect(await check(volume.disk)).toEqual([]);
    const xattrs = (await (await open(volume.disk)).root.child!('f'))!.xattrs!;
    const value = xattrs.get('com.example.large')!;
    const bytes = await value.read(0, value.size);
    expect(Array.from({ length: 10 }, (_, block) => bytes[block * BLOCK])).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect([...xattrs.keys()]).toEqual(['com.example.large', 'com.example.small']);
  });
});

/** A file of twenty blocks, numbered from 1, that lie in reverse: 8 extents in its record, 12 in the extents file. */
async function fragmented(): Promise<VolumeBytes> {
  const content = new Uint8Array(20 * BLOCK);
  for (let block = 0; block < 20; block++) content.fill(block + 1, block * BLOCK, (block + 1) * BLOCK);
  const volume = await VolumeBytes.of(tree('V', [file('fragmented', content)]));
  const { at, record } = await volume.file(Cnid.root, 'fragmented');
  const extents = reversed(record.dataFork.extents[0].startBlock, 20);
  ForkData.write({ ...record.dataFork, extents: extents.slice(0, 8) }, volume.bytes, at + 88);
  const records = [8, 16].map((startBlock) => ({
    key: ExtentKey.write({ keyLength: 10, fileID: record.fileID, startBlock }),
    data: ExtentRecord.write({ extents: extents.slice(startBlock, startBlock + 8) }),
  }));
  volume.writeNode('extents', 1, { kind: -1, height: 1 }, records);
  const { freeNodes } = volume.treeHeader('extents');
  volume.setTreeHeader('extents', {
    treeDepth: 1,
    rootNode: 1,
    firstLeafNode: 1,
    lastLeafNode: 1,
    leafRecords: 2,
    freeNodes: freeNodes - 1,
  });
  volume.bytes[volume.tree('extents') + HEADER_MAP_OFFSET] = 0xc0;
  return volume;
}

/** An attribute of ten blocks in reverse: 8 extents in its fork record, 2 in a record behind it. */
async function fragmentedAttribute(): Promise<VolumeBytes> {
  const content = new Uint8Array(10 * BLOCK);
  for (let block = 0; block < 10; block++) content.fill(block + 1, block * BLOCK, (block + 1) * BLOCK);
  const xattrs = new Map([
    ['com.example.large', bytesDisk(content)],
    ['com.example.small', bytesDisk(new Uint8Array([1]))],
  ]);
  const volume = await VolumeBytes.of(tree('V', [file('f', 'x', { xattrs })]));
  const records = volume.records('attributes', 1);
  const large = records.findIndex(({ data }) => new DataView(data.buffer).getUint32(0) === AttributeType.fork);
  const { theFork } = AttributeFork.read(records[large].data);
  const extents = reversed(theFork.extents[0].startBlock, 10);
  const data = AttributeFork.write({ recordType: AttributeType.fork, theFork: { ...theFork, extents: extents.slice(0, 8) } });
  const more: NewRecord = {
    key: AttributeKey.write({ ...AttributeKey.read(records[large].key), startBlock: 8 }, records[large].key.slice()),
    data: AttributeExtents.write({ recordType: AttributeType.extents, extents: extents.slice(8) }),
  };
  records.splice(large, 1, { key: records[large].key, data }, more);
  volume.writeNode('attributes', 1, { kind: -1, height: 1 }, records);
  volume.setTreeHeader('attributes', { leafRecords: records.length });
  return volume;
}

function reversed(first: number, count: number) {
  return Array.from({ length: count }, (_, index) => ({ startBlock: first + count - 1 - index, blockCount: 1 }));
}

describe('files compressed by the filesystem', () => {
  const header = (type: number, size: number) => {
    const bytes = new Uint8Array(20);
    bytes.set(new TextEncoder().encode('fpmc'));
    new DataView(bytes.buffer).setUint32(4, type, true);
    new DataView(bytes.buffer).setUint32(8, size, true);
    return new Map([['com.apple.decmpfs', bytesDisk(bytes)]]);
  };

  it('are listed with their real size, and their content is refused by name', async () => {
    const given = { xattrs: header(4, 12345), resourceFork: bytesDisk(new Uint8Array(50)) };
    const volume = await VolumeBytes.of(tree('V', [file('packed.txt', '', given)]));
    volume.view.setUint8((await volume.item(Cnid.root, 'packed.txt')) + 41, 0x20);
    const opened = asFile(await (await open(volume.disk)).root.child!('packed.txt'));
    expect(opened.content.size).toBe(12345);
    expect([...opened.content.extents()]).toEqual([{ position: 0, length: 12345, kind: 'opaque' }]);
    expect(opened).toMatchObject({ flags: 0x20 });
    expect(opened.resourceFork).toBeUndefined();
    expect(opened.xattrs).toBeUndefined();
    const error = await refusal(opened.content.read(0, 1));
    expect(error).toMatchObject({ code: 'E_UNSUPPORTED' });
    expect(error.message).toContain('"packed.txt"');
    expect((await refusal(opened.content.read(0, 0))).code).toBe('E_UNSUPPORTED');
  });

  it('are ordinary files when only one of flag and attribute says so', async () => {
    const entries = [file('flag', 'plain', { flags: 0x20 }), file('attribute', 'plain', { xattrs: header(4, 99) })];
    const { root } = await open(await format(tree('V', entries), CREATED));
    for await (const entry of root.children()) {
      expect(new TextDecoder().decode(await asFile(entry).content.read(0, 5))).toBe('plain');
    }
  });
});

describe('hard links', () => {
  let good: VolumeBytes;
  beforeAll(async () => {
    good = await VolumeBytes.of(
      tree('V', [file('a', 'one', { linkGroup: '1', mode: 0o640, uid: 7 }), file('b', 'one', { linkGroup: '1' })]),
    );
  });

  it('have the metadata and content of their inode, and one key', async () => {
    const { root } = await open(good.disk);
    const [a, b] = [asFile(await root.child!('a')), asFile(await root.child!('b'))];
    expect(a.linkGroup).toBe(b.linkGroup);
    expect(a.linkGroup).toBeDefined();
    expect(b).toMatchObject({ name: 'b', mode: 0o640, uid: 7, type: 'file' });
    expect(new TextDecoder().decode(await b.content.read(0, 3))).toBe('one');
  });

  it('to an inode that is not there are refused', async () => {
    const volume = good.copy();
    volume.view.setUint32((await volume.item(Cnid.root, 'b')) + 44, 4711);
    expect(await refusal(readAll(volume.disk))).toMatchObject({ code: 'E_HFSPLUS', field: 'BsdInfo.special' });
  });

  it('with another date than the private folder are ordinary files, as for a kernel', async () => {
    const volume = good.copy();
    volume.view.setUint32((await volume.item(Cnid.root, 'b')) + 12, 5);
    const b = asFile(await (await open(volume.disk)).root.child!('b'));
    expect(b.linkGroup).toBeUndefined();
    expect(b.content.size).toBe(0);
  });

  it('to folders are refused by name', async () => {
    const volume = good.copy();
    const at = await volume.item(Cnid.root, 'b');
    volume.bytes.set(new TextEncoder().encode('fdrpMACS'), at + 48);
    const error = await refusal(readAll(volume.disk));
    expect(error.code).toBe('E_UNSUPPORTED');
    expect(error.message).toContain('"b" is a hard link to a folder');
  });
});

describe.runIf(hasCorpus)('a journal', () => {
  const name = 'fs/rusty-hfsplus-journaled-clean.img.gz';
  const journaled = () => new VolumeBytes(corpusBytes(corpus('fs').find(({ file }) => file === name)!.file));

  it('that is clean lets the volume be read', async () => {
    expect(await paths(await open(journaled().disk))).toContain('hello.txt');
  });

  it('that holds changes is not ignored unless told so', async () => {
    const volume = journaled();
    const info = volume.header.journalInfoBlock * volume.blockSize;
    const header = Number(volume.view.getBigUint64(info + 36));
    volume.view.setBigUint64(header + 16, volume.view.getBigUint64(header + 8, true) + 512n, true);
    const error = await refusal(open(volume.disk));
    expect(error).toMatchObject({ code: 'E_UNSUPPORTED', offset: header });
    expect(error.hint).toContain('Mac');
    expect(await paths(await open(volume.disk, { ignoreJournal: true }))).toContain('hello.txt');
    expect((await check(volume.disk)).filter(({ level }) => level === 'error').map(({ code }) => code)).toEqual(['journal']);
  });

  it.each([
    ['its block is beyond the volume', (v: VolumeBytes) => v.setHeader({ journalInfoBlock: 0xffff_ffff }), 'VolumeHeader.journalInfoBlock'],
    [
      'it is beyond the volume',
      (v: VolumeBytes) => v.view.setUint32(v.header.journalInfoBlock * v.blockSize + 36, 1),
      'JournalInfoBlock.offset',
    ],
    [
      'it does not begin as one',
      (v: VolumeBytes) => v.view.setUint32(Number(v.view.getBigUint64(v.header.journalInfoBlock * v.blockSize + 36)), 1),
      'JournalHeader.magic',
    ],
  ])('is refused when %s', async (_, damage, field) => {
    const volume = journaled();
    damage(volume);
    expect(await refusal(open(volume.disk))).toMatchObject({ code: 'E_HFSPLUS', field });
  });
});

describe('what is no HFS+ volume', () => {
  it.each([
    ['nothing at all', new Uint8Array(0)],
    ['too few bytes', new Uint8Array(1535)],
    ['zeros', new Uint8Array(10_000)],
  ])('%s', async (_, bytes) => {
    expect(await refusal(open(bytesDisk(bytes)))).toMatchObject({ code: 'E_HFSPLUS' });
    expect(await check(bytesDisk(bytes))).toMatchObject([{ code: 'volume-header', level: 'error' }]);
  });

  it.each([
    ['classic HFS', 0, 'a classic HFS volume is not read'],
    ['a wrapper', 0x482b, 'an HFS+ volume inside an HFS wrapper is not read'],
  ])('%s', async (_, embedded, message) => {
    const bytes = new Uint8Array(10_000);
    new DataView(bytes.buffer).setUint16(1024, 0x4244);
    new DataView(bytes.buffer).setUint16(1024 + 124, embedded);
    expect(await refusal(open(bytesDisk(bytes)))).toMatchObject({ code: 'E_UNSUPPORTED', message, offset: 1024 });
  });

  it('a volume cut short', async () => {
    const { disk } = await VolumeBytes.of(tree('V', [file('f', 'x')]));
    const error = await refusal(open(sliceDisk(disk, 0, disk.size - 512)));
    expect(error).toMatchObject({ code: 'E_HFSPLUS', field: 'VolumeHeader.totalBlocks', hint: 'the volume may be cut short' });
  });
});

describe('a hostile volume', () => {
  let good: VolumeBytes;
  beforeAll(async () => {
    const many = Array.from({ length: 200 }, (_, index) => file(`file ${String(index).padStart(3, '0')}`, 'x'));
    good = await VolumeBytes.of(
      tree('V', [folder('p', [folder('q', [file('r', 'x')])]), file('f', 'hello'), symlink('s', 'f'), folder('many', many)]),
    );
  });

  const at = (name: string, offset: number, value: number) => async (v: VolumeBytes) =>
    v.view.setUint32((await v.item(Cnid.root, name)) + offset, value);
  /** The second leaf, in the middle of a folder. */
  const someLeaf = (v: VolumeBytes) => v.descriptor('catalog', v.treeHeader('catalog').firstLeafNode).fLink;

  it.each<[string, string, (volume: VolumeBytes) => void | Promise<void>]>([
    ['block size 0', 'VolumeHeader.blockSize', (v) => v.setHeader({ blockSize: 0 })],
    ['block size 4097', 'VolumeHeader.blockSize', (v) => v.setHeader({ blockSize: 4097 })],
    ['block size 2^31', 'VolumeHeader.totalBlocks', (v) => v.setHeader({ blockSize: 0x8000_0000 })],
    ['more blocks than bytes', 'VolumeHeader.totalBlocks', (v) => v.setHeader({ totalBlocks: 0xffff_ffff })],
    ['another version', 'VolumeHeader.version', (v) => v.setHeader({ version: 5 })],
    ['a catalog of 2^63 bytes', 'VolumeHeader.catalogFile.logicalSize', (v) => v.view.setUint32(VOLUME_HEADER_OFFSET + 272, 0x8000_0000)],
    ['a catalog beyond the volume', 'VolumeHeader.catalogFile', (v) => v.view.setUint32(VOLUME_HEADER_OFFSET + 272 + 16, 0xffff_fff0)],
    ['a catalog without blocks', 'catalogFile', (v) => v.bytes.fill(0, VOLUME_HEADER_OFFSET + 272, VOLUME_HEADER_OFFSET + 352)],
    ['nodes of 0 bytes', 'HeaderRecord.nodeSize', (v) => v.setTreeHeader('catalog', { nodeSize: 0 })],
    ['nodes of 65535 bytes', 'HeaderRecord.nodeSize', (v) => v.setTreeHeader('catalog', { nodeSize: 65535 })],
    ['2^32 nodes', 'HeaderRecord.totalNodes', (v) => v.setTreeHeader('catalog', { totalNodes: 0xffff_ffff })],
    ['a depth of 65535', 'HeaderRecord.treeDepth', (v) => v.setTreeHeader('catalog', { treeDepth: 65535 })],
    ['a root that is the header', 'NodeDescriptor.kind', (v) => v.setTreeHeader('catalog', { rootNode: 0 })],
    ['a root beyond the tree', 'catalogFile node', (v) => v.setTreeHeader('catalog', { rootNode: 0x7fff_ffff })],
    ['a root that is its own child', 'NodeDescriptor.kind', (v) => rootInItself(v)],
    [
      'leaves in a circle',
      'NodeDescriptor.fLink',
      (v) => v.view.setUint32(v.node('catalog', someLeaf(v)), v.treeHeader('catalog').firstLeafNode),
    ],
    ['a leaf that leads to itself', 'NodeDescriptor.fLink', (v) => v.view.setUint32(v.node('catalog', someLeaf(v)), someLeaf(v))],
    [
      'a leaf that leads to an index',
      'NodeDescriptor.kind',
      (v) => v.view.setUint32(v.node('catalog', someLeaf(v)), v.treeHeader('catalog').rootNode),
    ],
    ['65535 records', 'NodeDescriptor.numRecords', (v) => v.view.setUint16(v.node('catalog', someLeaf(v)) + 10, 65535)],
    ['no records', 'NodeDescriptor.numRecords', (v) => v.writeNode('catalog', someLeaf(v), { kind: -1, height: 1 }, [])],
    ['offsets that fall', 'Node.recordOffsets', (v) => v.view.setUint16(v.offsetEntry('catalog', someLeaf(v), 1), 14)],
    ['offsets beyond the node', 'Node.recordOffsets', (v) => v.view.setUint16(v.offsetEntry('catalog', someLeaf(v), 1), 0xfff0)],
    ['a key of 65535 bytes', 'catalogFile keyLength', (v) => v.view.setUint16(v.record('catalog', someLeaf(v), 1), 65535)],
    ['a key of 0 bytes', 'CatalogKey.keyLength', (v) => v.view.setUint16(v.record('catalog', someLeaf(v), 1), 0)],
    ['a name of 65535 units', 'CatalogKey.keyLength', (v) => v.view.setUint16(v.record('catalog', someLeaf(v), 1) + 6, 65535)],
    ['a file of 2^63 bytes', 'CatalogFile.dataFork.logicalSize', at('f', 88, 0x8000_0000)],
    ['a file larger than its blocks', 'CatalogFile.dataFork.logicalSize', at('f', 92, 0x7fff_ffff)],
    ['a file beyond the volume', 'CatalogFile.dataFork', at('f', 104, 0xffff_ffff)],
    ['a file of 2^32 blocks', 'CatalogFile.dataFork', at('f', 108, 0xffff_ffff)],
    ['a link of 2^31 bytes', 'CatalogFile.dataFork.logicalSize', at('s', 92, 0x7fff_ffff)],
    ['a folder that is the root', 'CatalogThread.parentID', at('p', 8, Cnid.root)],
    ['a folder without thread', 'CatalogThread', at('p', 8, 0xffff_0000)],
    ['a folder that is a file', 'CatalogThread.recordType', async (v) => at('p', 8, (await v.file(Cnid.root, 'f')).record.fileID)(v)],
    ['two folders that are one', 'CatalogThread.parentID', async (v) => at('p', 8, (await v.folder(Cnid.root, 'many')).record.folderID)(v)],
    ['a record of no type', 'CatalogRecord.recordType', at('f', 0, 0x7777_0000)],
    ['a file that is a folder by its type', 'CatalogRecord', at('f', 0, 0x0001_0000)],
    ['a name ".."', 'CatalogKey.nodeName', (v) => dots(v)],
  ])('%s is refused in no time', async (_, field, damage) => {
    const volume = good.copy();
    await damage(volume);
    const started = performance.now();
    const error = await refusal(readAll(volume.disk));
    expect(error).toMatchObject({ code: 'E_HFSPLUS', field });
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(volume.bytes.length);
    // The checker has something to say too, and the raw view shows what can be shown.
    expect((await check(volume.disk)).filter(({ level }) => level === 'error')).not.toEqual([]);
    await drain(rawFields(volume.disk)).catch((error: unknown) => expect(error).toBeInstanceOf(DisksealError));
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('with a target that is not UTF-8, or has a NUL, is refused', async () => {
    for (const byte of [0xff, 0]) {
      const volume = good.copy();
      const { record } = await volume.file(Cnid.root, 's');
      volume.bytes[record.dataFork.extents[0].startBlock * BLOCK] = byte;
      expect(await refusal(readAll(volume.disk))).toMatchObject({ code: 'E_HFSPLUS', field: 'CatalogFile.dataFork' });
    }
  });

  it('with a device is refused by name', async () => {
    const volume = good.copy();
    volume.view.setUint16((await volume.item(Cnid.root, 'f')) + 42, 0o020666);
    const error = await refusal(readAll(volume.disk));
    expect(error).toMatchObject({ code: 'E_UNSUPPORTED' });
    expect(error.message).toContain('"f" is a device');
  });

  it('cannot make one file’s attributes be read many times: two records of one id are refused', async () => {
    const xattrs = new Map([['a', bytesDisk(new Uint8Array(1))]]);
    const volume = await VolumeBytes.of(tree('V', [file('one', '1', { xattrs }), file('two', '2', { xattrs })]));
    const { record } = await volume.file(Cnid.root, 'one');
    volume.view.setUint32((await volume.item(Cnid.root, 'two')) + 8, record.fileID);
    expect(await refusal(readAll(volume.disk))).toMatchObject({ code: 'E_HFSPLUS', field: 'CatalogThread.parentID' });
  });

  it('with two names that show as one is refused', async () => {
    const volume = await VolumeBytes.of(tree('V', [file('a:', '1'), file('a;', '2')]));
    volume.view.setUint16((await volume.item(Cnid.root, 'a;')) - 2, 0x3a);
    expect(await refusal(readAll(volume.disk))).toMatchObject({ code: 'E_HFSPLUS', message: 'two names show as "a:"' });
  });

  it('gives an error of the disk as it is, and can be read again afterwards', async () => {
    const failure = new DisksealError('E_TAMPERED', 'leaf 7 differs');
    let fails = false;
    const disk = {
      ...good.disk,
      read: (...given: Parameters<Disk['read']>) => (fails ? Promise.reject(failure) : good.disk.read(...given)),
    };
    const opened = await open(disk);
    fails = true;
    await expect(paths(opened)).rejects.toBe(failure);
    fails = false;
    expect(await paths(opened)).toContain('p/q/r');
  });
});

function rootInItself(volume: VolumeBytes): void {
  const root = volume.treeHeader('catalog').rootNode;
  const records = volume.records('catalog', root).map(({ key }) => {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, root);
    return { key, data };
  });
  volume.writeNode('catalog', root, { kind: 0, height: 2 }, records);
}

/** "s" and "f" become ".." by way of a leaf written anew: the name is longer. */
async function dots(volume: VolumeBytes): Promise<void> {
  const wanted = new Uint8Array([0, 10, 0, 0, 0, 2, 0, 2, 0, 0x2e, 0, 0x2e]);
  const { firstLeafNode } = volume.treeHeader('catalog');
  const records = volume.records('catalog', firstLeafNode);
  const index = records.findIndex(({ key }) => key.length === 10 && key[5] === 2 && key[9] === 0x66);
  const { fLink } = volume.descriptor('catalog', firstLeafNode);
  records[index] = { key: wanted, data: records[index].data };
  volume.writeNode('catalog', firstLeafNode, { kind: -1, height: 1, fLink }, records);
}

async function drain(fields: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of fields) count++;
  return count;
}
