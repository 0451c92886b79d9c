/** Faults put into a good volume one at a time: each is found, and nothing else is said to be wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { check, type Fault, type FaultCode } from '../../src/formats/filesystems/hfsplus/check.ts';
import {
  AttributeType,
  CatalogFile,
  Cnid,
  ExtentDescriptor,
  HEADER_MAP_OFFSET,
  RecordFlag,
  VOLUME_HEADER_OFFSET,
  VOLUME_HEADER_SIZE,
} from '../../src/formats/filesystems/hfsplus/structs.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { VolumeBytes } from '../support/volume-bytes.ts';

let good: VolumeBytes;
/** Ids of what the tests damage. */
let ids: Record<'folder' | 'file' | 'link' | 'private' | 'attributed', number>;

beforeAll(async () => {
  good = await VolumeBytes.of(sample(), { freeBytes: 1 << 20 });
  const privateFolder = (await good.folder(Cnid.root, '\0\0\0\0HFS+ Private Data')).record.folderID;
  ids = {
    folder: (await good.folder(Cnid.root, 'folder')).record.folderID,
    file: (await good.file(Cnid.root, 'a file')).record.fileID,
    link: (await good.file(Cnid.root, 'link a')).record.fileID,
    attributed: (await good.file(Cnid.root, 'attributed')).record.fileID,
    private: privateFolder,
  };
});

function sample() {
  const many = Array.from({ length: 120 }, (_, index) => file(`file ${index}`, index % 7 === 0 ? `content ${index}` : ''));
  const xattrs = new Map([
    ['com.example.small', bytesDisk(new Uint8Array(10).fill(1))],
    ['com.example.large', bytesDisk(new Uint8Array(9000).fill(2))],
  ]);
  return tree('Volume', [
    file('a file', 'hello'.repeat(2000), { resourceFork: bytesDisk(new Uint8Array(300).fill(9)) }),
    file('another file', 'x'.repeat(5000)),
    file('attributed', 'y', { xattrs }),
    file('link a', 'linked', { linkGroup: '1' }),
    file('link b', 'linked', { linkGroup: '1' }),
    file('link c', 'linked', { linkGroup: '1' }),
    symlink('symlink', 'a file'),
    folder('folder', many),
    folder('empty folder', []),
  ]);
}

async function errors(volume: VolumeBytes): Promise<Fault[]> {
  return (await check(volume.disk)).filter(({ level }) => level === 'error');
}

/** Damages a copy of the good volume. @returns the codes of all errors found, each once */
async function damaged(damage: (volume: VolumeBytes) => void | Promise<void>): Promise<FaultCode[]> {
  const volume = good.copy();
  await damage(volume);
  const faults = await errors(volume);
  for (const { offset, message } of faults) {
    expect(offset, message).toBeGreaterThanOrEqual(0);
    expect(offset, message).toBeLessThan(volume.bytes.length);
  }
  return [...new Set(faults.map(({ code }) => code))].sort();
}

const leaf = 2;

describe('a good volume', () => {
  it('has several leaves and an index, so that there is something to damage', () => {
    expect(good.treeHeader('catalog').treeDepth).toBe(2);
    expect(good.descriptor('catalog', leaf)).toMatchObject({ kind: -1, height: 1 });
    expect(good.descriptor('catalog', leaf).fLink).not.toBe(0);
  });

  it('has no fault at all', async () => {
    expect(await check(good.disk)).toEqual([]);
  });

  it('has none as HFSX either, nor when it is empty', async () => {
    expect(await check((await VolumeBytes.of(sample(), { caseSensitive: true })).disk)).toEqual([]);
    expect(await check((await VolumeBytes.of(tree('Empty', []))).disk)).toEqual([]);
  });
});

describe('each fault that a checker must find', () => {
  it('swapped record offsets in a catalog leaf', async () => {
    const codes = await damaged((volume) => {
      const [a, b] = [volume.offsetEntry('catalog', leaf, 1), volume.offsetEntry('catalog', leaf, 2)];
      const [first, second] = [volume.view.getUint16(a), volume.view.getUint16(b)];
      volume.view.setUint16(a, second);
      volume.view.setUint16(b, first);
    });
    expect(codes).toEqual(['record-offsets']);
  });

  it('two neighbouring keys exchanged', async () => {
    const codes = await damaged((volume) => {
      const records = volume.records('catalog', leaf);
      const { fLink, bLink } = volume.descriptor('catalog', leaf);
      [records[3], records[4]] = [records[4], records[3]];
      volume.writeNode('catalog', leaf, { fLink, bLink, kind: -1, height: 1 }, records);
    });
    expect(codes).toEqual(['key-order']);
  });

  it('wrong leaf kind', async () => {
    expect(await damaged((volume) => volume.view.setInt8(volume.node('catalog', leaf) + 8, 0))).toEqual(['node-kind']);
    expect(await damaged((volume) => volume.view.setInt8(volume.node('catalog', leaf) + 8, 7))).toEqual(['node-kind']);
  });

  it('damaged record type', async () => {
    const codes = await damaged(async (volume) => volume.view.setInt16(await volume.item(Cnid.root, 'a file'), 9));
    expect(codes).toContain('record-type');
    // What the record was is now missing, in every count that has it.
    expect(codes).toEqual(['block-marked-used', 'file-count', 'record-type', 'thread', 'valence']);
  });

  it('broken forward link', async () => {
    for (const to of [0, leaf, 1, 0xffff_ffff]) {
      expect(await damaged((volume) => volume.view.setUint32(volume.node('catalog', leaf), to))).toEqual(['forward-link']);
    }
  });

  it('wrong leaf-record count', async () => {
    const count = good.treeHeader('catalog').leafRecords;
    expect(await damaged((volume) => volume.setTreeHeader('catalog', { leafRecords: count + 1 }))).toEqual(['leaf-records']);
  });

  it('used block marked free', async () => {
    const { record } = await good.file(Cnid.root, 'a file');
    expect(await damaged((volume) => volume.markBlock(record.dataFork.extents[0].startBlock, false))).toEqual([
      'block-marked-free',
      'free-blocks',
    ]);
  });

  it('free block marked used', async () => {
    const { totalBlocks } = good.header;
    expect(await damaged((volume) => volume.markBlock(totalBlocks - 3, true))).toEqual(['block-marked-used', 'free-blocks']);
  });

  it('wrong free count', async () => {
    const { freeBlocks } = good.header;
    const codes = await damaged((volume) => {
      volume.setHeader({ freeBlocks: freeBlocks - 1 });
      volume.copyHeader();
    });
    expect(codes).toEqual(['free-blocks']);
  });

  it('wrong file count', async () => {
    const { fileCount } = good.header;
    expect(await damaged((volume) => volume.setHeader({ fileCount: fileCount + 1 }))).toEqual(['file-count']);
  });

  it('wiped alternate header', async () => {
    const at = good.bytes.length - 1024;
    expect(await damaged((volume) => void volume.bytes.fill(0, at, at + VOLUME_HEADER_SIZE))).toEqual(['alternate-header']);
  });
});

type Damage = (volume: VolumeBytes) => void | Promise<void>;

/** Faults of our own list: what is damaged, and the errors found. */
const MORE: readonly (readonly [string, readonly FaultCode[], Damage])[] = [
  ['an alternate header of another size', ['alternate-header'], (v) => v.view.setUint32(v.bytes.length - 1024 + 44, 7)],
  ['a volume that says it is inconsistent', ['volume-state'], (v) => v.setHeader({ attributes: v.header.attributes + 0x4000 })],
  ['no signature', ['volume-header'], (v) => v.view.setUint16(VOLUME_HEADER_OFFSET, 0)],
  ['a folder count', ['folder-count'], (v) => v.setHeader({ folderCount: 1 })],
  ['a next id that is in use', ['next-catalog-id'], (v) => v.setHeader({ nextCatalogID: ids.folder })],
  ['a bit behind the last block', ['bitmap-tail'], (v) => v.markBlock(v.header.totalBlocks + 1, true)],

  ['a tree header without its third record', ['node-records'], (v) => v.view.setUint16(v.tree('catalog') + 10, 2)],
  ['a longest key', ['tree-header'], (v) => v.setTreeHeader('catalog', { maxKeyLength: 515 })],
  ['an order of keys', ['tree-header'], (v) => v.setTreeHeader('catalog', { keyCompareType: 0xbc })],
  ['a tree of fewer nodes than its file', ['free-nodes', 'tree-header'], (v) => oneNodeLess(v)],
  ['a depth', ['node-height'], (v) => v.setTreeHeader('catalog', { treeDepth: 3 })],
  ['a root that is a leaf', ['node-kind'], (v) => v.setTreeHeader('catalog', { rootNode: leaf })],
  ['a root beyond the tree', ['node-number'], (v) => v.setTreeHeader('catalog', { rootNode: 99999 })],
  ['the first leaf', ['first-last-leaf'], (v) => v.setTreeHeader('catalog', { firstLeafNode: leaf })],
  ['a count of free nodes', ['free-nodes'], (v) => v.setTreeHeader('catalog', { freeNodes: 77 })],
  ['a used node marked as free', ['node-map'], (v) => flipMapBit(v, leaf)],
  ['a free node marked as used', ['node-map'], (v) => flipMapBit(v, v.treeHeader('catalog').totalNodes - 1)],
  ['a bit of the map behind the last node', ['node-map'], (v) => flipMapBit(v, v.treeHeader('catalog').totalNodes)],
  [
    'a free node that is not zero',
    ['unused-node'],
    (v) => v.view.setUint8(v.node('catalog', v.treeHeader('catalog').totalNodes - 1) + 99, 1),
  ],
  ['a backward link', ['backward-link'], (v) => v.view.setUint32(v.node('catalog', leaf) + 4, 9)],
  ['a height', ['node-height'], (v) => v.view.setUint8(v.node('catalog', leaf) + 9, 2)],
  ['a node without records', ['node-records'], (v) => v.writeNode('catalog', leaf, { kind: -1, height: 1 }, [])],
  ['more records than fit', ['node-records'], (v) => v.view.setUint16(v.node('catalog', leaf) + 10, 40000)],
  ['a key that leaves its record', ['key-length'], (v) => v.view.setUint16(v.record('catalog', leaf, 0), 5000)],
  ['a key longer than its name', ['key-length'], (v) => v.view.setUint16(v.record('catalog', leaf, 0), 8)],
  ['a name longer than its key', ['key-length'], (v) => v.view.setUint16(v.record('catalog', leaf, 1) + 6, 300)],
  ['an index with another key than its child', ['index-key'], async (v) => indexKey(v)],
  ['two index records with one child', ['backward-link', 'forward-link', 'node-number'], async (v) => doubledChild(v)],

  ['a folder flag in a file', ['record-flags'], async (v) => v.view.setUint16((await v.item(2, 'a file')) + 2, 0x4002)],
  ['a file without the thread flag', ['record-flags'], async (v) => v.view.setUint16((await v.item(2, 'a file')) + 2, 0)],
  ['a file flag in a folder', ['record-flags'], async (v) => v.view.setUint16((await v.item(2, 'folder')) + 2, 2)],
  ['a reserved id', ['catalog-id', 'thread'], async (v) => setId(v, 'another file', 12)],
  ['two records of one id', ['duplicate-id', 'thread'], async (v) => setId(v, 'another file', ids.file)],
  ['a valence', ['valence'], async (v) => v.view.setUint32((await v.item(2, 'folder')) + 4, 5)],
  ['a thread of another parent', ['thread'], async (v) => v.view.setUint32((await v.item(ids.file, '')) + 4, ids.folder)],
  ['a thread of another name', ['thread'], async (v) => v.view.setUint8((await v.item(ids.file, '')) + 11, 0x42)],
  ['a thread whose name differs in case', ['thread'], async (v) => v.view.setUint8((await v.item(ids.file, '')) + 11, 0x41)],
  ['a thread of the other kind', ['thread'], async (v) => v.view.setUint16(await v.item(ids.file, ''), 3)],
  ['a thread that is cut short', ['record-length', 'thread'], async (v) => v.view.setUint16((await v.item(ids.file, '')) + 8, 90)],
  ['a second root', ['duplicate-id', 'orphan', 'thread'], async (v) => setId(v, 'empty folder', Cnid.root)],
  ['a file that is a folder by its mode', ['file-mode'], async (v) => v.view.setUint16((await v.item(2, 'a file')) + 42, 0o040755)],
  ['a folder that is a file by its mode', ['file-mode'], async (v) => v.view.setUint16((await v.item(2, 'folder')) + 42, 0o100755)],
  ['a symbolic link by mode only', ['symbolic-link'], async (v) => v.view.setUint32((await v.item(2, 'symlink')) + 48, 0)],
  ['a symbolic link by type only', ['symbolic-link'], async (v) => v.view.setUint16((await v.item(2, 'symlink')) + 42, 0o100644)],
  ['a symbolic link without target', ['symbolic-link'], async (v) => v.view.setUint32((await v.item(2, 'symlink')) + 92, 0)],
  ['a name that is not decomposed', ['name', 'thread'], async (v) => rename(v, 'symlink', '\u00e9')],
  ['a name with a colon', ['name', 'thread'], async (v) => rename(v, 'symlink', ':')],

  ['a link count of an ordinary file', ['link-count'], async (v) => v.view.setUint32((await v.item(2, 'a file')) + 44, 2)],
  ['a file said to be of a chain', ['link-count'], async (v) => v.view.setUint16((await v.item(2, 'a file')) + 2, 0x22)],
  ['a link count of an inode', ['link-count'], async (v) => v.view.setUint32((await inode(v)) + 44, 2)],
  ['a link to no inode', ['hard-link', 'link-count'], async (v) => v.view.setUint32((await v.item(2, 'link c')) + 44, 999)],
  ['a chain that begins elsewhere', ['hard-link'], async (v) => v.view.setUint32((await inode(v)) + 4, 999)],
  ['a chain that goes back wrongly', ['hard-link'], async (v) => v.view.setUint32((await v.item(2, 'link b')) + 32, 999)],
  ['a chain that goes on wrongly', ['hard-link'], async (v) => v.view.setUint32((await v.item(2, 'link b')) + 36, ids.link)],
  ['a chain without its flag', ['hard-link'], async (v) => v.view.setUint16((await v.item(2, 'link b')) + 2, 2)],
  ['a link with another date', ['hard-link'], async (v) => v.view.setUint32((await v.item(2, 'link b')) + 12, 12345)],

  ['two files with one block', ['block-marked-used', 'overlap'], overlap],
  ['a file in the volume header', ['overlap', 'block-marked-used'].sort() as FaultCode[], async (v) => setExtent(v, 'another file', 0)],
  ['blocks beyond the volume', ['block-marked-used', 'extent-range'], async (v) => setExtent(v, 'another file', v.header.totalBlocks - 1)],
  ['a size beyond the blocks', ['fork-size'], async (v) => v.view.setUint32((await v.item(2, 'a file')) + 92, 1 << 30)],
  ['more blocks than the extents have', ['fork-size'], async (v) => v.view.setUint32((await v.item(2, 'a file')) + 88 + 12, 4)],
  [
    'a size of more than 2^53',
    ['block-marked-used', 'fork-size'],
    async (v) => v.view.setUint32((await v.item(2, 'a file')) + 88, 0x80000000),
  ],
  ['an extent behind an empty one', ['extent-record', 'fork-size', 'overlap'], async (v) => extentBehindEmpty(v)],

  ['attributes that the record does not know of', ['attribute-flag'], async (v) => setFlags(v, 'attributed', RecordFlag.threadExists)],
  [
    'a record that claims attributes',
    ['attribute-flag'],
    async (v) => setFlags(v, 'a file', RecordFlag.threadExists | RecordFlag.hasAttributes),
  ],
  ['a record that claims an access list', ['attribute-flag'], async (v) => setFlags(v, 'attributed', 2 + 4 + 8)],
  ['attributes of nobody', ['attribute-flag', 'orphan-attribute'], (v) => orphanAttributes(v)],
  ['an attribute longer than its record', ['attribute-record'], (v) => v.view.setUint32(attribute(v, AttributeType.inline) + 12, 4000)],
  ['an attribute of no known type', ['record-type'], (v) => v.view.setUint32(attribute(v, AttributeType.inline), 0x11)],
  [
    'an attribute with blocks that are free',
    ['block-marked-used', 'fork-size'],
    (v) => v.view.setUint32(attribute(v, AttributeType.fork) + 8 + 20, 1),
  ],
];

describe('further faults', () => {
  it.each(MORE)('%s', async (_, codes, damage) => {
    expect(await damaged(damage)).toEqual([...codes].sort());
  });

  it('are told one by one up to twenty, then counted', async () => {
    const volume = good.copy();
    const { totalBlocks } = volume.header;
    for (let block = totalBlocks - 100; block < totalBlocks - 50; block++) volume.markBlock(block, true);
    const faults = (await errors(volume)).filter(({ code }) => code === 'block-marked-used');
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)?.message).toBe('and 30 more faults of this kind');
  });

  it('are found where only the parents are wrong: a folder in itself', async () => {
    const volume = await folderInItself();
    expect((await errors(volume)).map(({ code, message }) => `${code}: ${message}`)).toEqual(['orphan: folder 17 lies in itself']);
  });

  it('of the volume are told, those of the disk are thrown', async () => {
    const failing = { ...good.disk, read: () => Promise.reject(new Error('unplugged')) };
    await expect(check(failing)).rejects.toThrow('unplugged');
  });
});

/** Folder 17 lies in itself; its record, its thread and all counts agree on that. */
async function folderInItself(): Promise<VolumeBytes> {
  const volume = await VolumeBytes.of(tree('V', [folder('p', [folder('q', [])])]));
  const records = volume.records('catalog', 1);
  const parentOf = ({ key }: { key: Uint8Array }) => new DataView(key.buffer).getUint32(2);
  const at = records.findIndex((record) => parentOf(record) === 16 && record.key.length > 8);
  const [q] = records.splice(at, 1);
  new DataView(q.key.buffer).setUint32(2, 17);
  const thread = records.findIndex((record) => parentOf(record) === 17);
  new DataView(records[thread].data.buffer).setUint32(4, 17);
  new DataView(q.data.buffer).setUint32(4, 1);
  records.splice(thread + 1, 0, q);
  volume.writeNode('catalog', 1, { kind: -1, height: 1 }, records);
  const p = await volume.item(Cnid.root, 'p');
  volume.view.setUint32(p + 4, 0);
  return volume;
}

function oneNodeLess(volume: VolumeBytes): void {
  const { totalNodes } = volume.treeHeader('catalog');
  volume.setTreeHeader('catalog', { totalNodes: totalNodes - 1 });
}

function flipMapBit(volume: VolumeBytes, node: number): void {
  const at = volume.tree('catalog') + HEADER_MAP_OFFSET + (node >> 3);
  volume.bytes[at] = volume.bytes[at] ^ (0x80 >> (node & 7));
}

/** The root's second record: another name, still between its neighbours. */
function indexKey(volume: VolumeBytes): void {
  const root = volume.treeHeader('catalog').rootNode;
  const records = volume.records('catalog', root);
  const key = records[1].key;
  const parent = new DataView(key.buffer).getUint32(2);
  const shorter = new Uint8Array(8);
  const view = new DataView(shorter.buffer);
  view.setUint16(0, 6);
  view.setUint32(2, parent);
  records[1] = { key: shorter, data: records[1].data };
  volume.writeNode('catalog', root, { kind: 0, height: 2 }, records);
}

function doubledChild(volume: VolumeBytes): void {
  const root = volume.treeHeader('catalog').rootNode;
  const records = volume.records('catalog', root);
  records[1] = { key: records[1].key, data: records[0].data };
  volume.writeNode('catalog', root, { kind: 0, height: 2 }, records);
}

async function setId(volume: VolumeBytes, name: string, id: number): Promise<void> {
  volume.view.setUint32((await volume.item(Cnid.root, name)) + 8, id);
}

/** Another name of one unit at the same place of the order would need the records moved: the first unit alone is changed. */
async function rename(volume: VolumeBytes, name: string, unit: string): Promise<void> {
  const at = (await volume.item(Cnid.root, name)) - 2;
  volume.view.setUint16(at, unit.charCodeAt(0));
}

async function inode(volume: VolumeBytes): Promise<number> {
  const { record } = await volume.file(Cnid.root, 'link a');
  return volume.item(ids.private, `iNode${record.permissions.special}`);
}

async function overlap(volume: VolumeBytes): Promise<void> {
  const { record } = await volume.file(Cnid.root, 'a file');
  await setExtent(volume, 'another file', record.dataFork.extents[0].startBlock);
}

async function setExtent(volume: VolumeBytes, name: string, startBlock: number): Promise<void> {
  volume.view.setUint32((await volume.item(Cnid.root, name)) + 88 + 16, startBlock);
}

async function extentBehindEmpty(volume: VolumeBytes): Promise<void> {
  const { at, record } = await volume.file(Cnid.root, 'another file');
  ExtentDescriptor.write({ startBlock: record.dataFork.extents[0].startBlock, blockCount: 1 }, volume.bytes, at + 88 + 16 + 16);
}

async function setFlags(volume: VolumeBytes, name: string, flags: number): Promise<void> {
  volume.view.setUint16((await volume.item(Cnid.root, name)) + 2, flags);
}

function orphanAttributes(volume: VolumeBytes): void {
  for (let index = 0; index < 2; index++) volume.view.setUint32(volume.record('attributes', 1, index) + 4, 4000);
}

/** Where the data of the first attribute of a type is. */
function attribute(volume: VolumeBytes, type: number): number {
  for (let index = 0; ; index++) {
    const start = volume.record('attributes', 1, index);
    const at = start + 2 + volume.view.getUint16(start);
    if (volume.view.getUint32(at) === type) return at;
  }
}

it('names the record that is wrong', async () => {
  const volume = good.copy();
  const at = await volume.item(Cnid.root, 'a file');
  volume.view.setUint32(at + 44, 3);
  expect(await errors(volume)).toEqual([
    { code: 'link-count', level: 'error', message: `file ${ids.file} claims 3 links, it has 1`, offset: at + 44, field: 'BsdInfo.special' },
  ]);
  expect(CatalogFile.read(volume.bytes, at).fileID).toBe(ids.file);
});
