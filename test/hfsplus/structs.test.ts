/** What is read with a plain DataView for speed is held against the declared structures, on random bytes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeKeys, catalogKeys, extentKeys } from '../../src/formats/filesystems/hfsplus/btree/key.ts';
import { parseNode } from '../../src/formats/filesystems/hfsplus/btree/node.ts';
import { type KeyedNode, keyedNode } from '../../src/formats/filesystems/hfsplus/btree/tree.ts';
import { type CatalogItem, readFork, readItem, readThread } from '../../src/formats/filesystems/hfsplus/catalog.ts';
import { fromUnix, LAST_UNIX_SECOND, toUnix, UNIX_EPOCH } from '../../src/formats/filesystems/hfsplus/dates.ts';
import {
  AttributeKey,
  BsdInfo,
  CatalogFile,
  CatalogFolder,
  CatalogKey,
  CatalogThread,
  ExtentKey,
  NodeDescriptor,
  VolumeHeader,
} from '../../src/formats/filesystems/hfsplus/structs.ts';

const random = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });

/** A leaf of one record. */
function leafOf(key: Uint8Array, data: Uint8Array): Uint8Array {
  const node = new Uint8Array(4096);
  const view = new DataView(node.buffer);
  NodeDescriptor.write({ fLink: 7, bLink: 8, kind: -1, height: 1, numRecords: 1 }, node);
  node.set(key, 14);
  node.set(data, 14 + key.length);
  view.setUint16(4094, 14);
  view.setUint16(4092, 14 + key.length + data.length);
  return node;
}

const anyKey = new Uint8Array([0, 6, 0, 0, 0, 2, 0, 0]);

function itemLeaf(data: Uint8Array): KeyedNode<unknown> {
  return keyedNode(parseNode(leafOf(anyKey, data), 3, 1000), catalogKeys(true));
}

function commonFields(record: CatalogFile | CatalogFolder) {
  const { createDate, contentModDate, attributeModDate, accessDate, backupDate, permissions, flags } = record;
  const { ownerID, groupID, adminFlags, ownerFlags, fileMode, special } = permissions;
  return {
    createDate,
    contentModDate,
    attributeModDate,
    accessDate,
    backupDate,
    flags,
    ownerID,
    groupID,
    adminFlags,
    ownerFlags,
    fileMode,
    special,
  };
}

function itemFields(item: CatalogItem) {
  const { createDate, contentModDate, attributeModDate, accessDate, backupDate, flags } = item;
  const { ownerID, groupID, adminFlags, ownerFlags, fileMode, special } = item;
  return {
    createDate,
    contentModDate,
    attributeModDate,
    accessDate,
    backupDate,
    flags,
    ownerID,
    groupID,
    adminFlags,
    ownerFlags,
    fileMode,
    special,
  };
}

describe('plain reading equals the declaration', () => {
  it('of a file record and its forks', () => {
    fc.assert(
      fc.property(random(CatalogFile.size), (bytes) => {
        bytes.set([0, 2], 0);
        // Sizes of 2^53 and more are refused by both.
        bytes.set([0, 0], 88);
        bytes.set([0, 0], 168);
        const declared = CatalogFile.read(bytes);
        const item = readItem(itemLeaf(bytes), 0);
        expect(item).toMatchObject({ recordType: 2, id: declared.fileID, valence: declared.reserved1, offset: 1000 + 14 + 8 });
        expect(itemFields(item)).toEqual(commonFields(declared));
        for (const [name, fork] of [
          ['data', declared.dataFork],
          ['resource', declared.resourceFork],
        ] as const) {
          const { logicalSize, totalBlocks, extents } = readFork(item, name);
          const end = fork.extents.findIndex(({ blockCount }) => blockCount === 0);
          expect({ logicalSize, totalBlocks }).toEqual({ logicalSize: fork.logicalSize, totalBlocks: fork.totalBlocks });
          expect(extents).toEqual(end < 0 ? fork.extents : fork.extents.slice(0, end));
        }
      }),
    );
  });

  it('of a folder record', () => {
    fc.assert(
      fc.property(random(CatalogFolder.size), (bytes) => {
        bytes.set([0, 1], 0);
        const declared = CatalogFolder.read(bytes);
        const item = readItem(itemLeaf(bytes), 0);
        expect(item).toMatchObject({ recordType: 1, id: declared.folderID, valence: declared.valence });
        expect(itemFields(item)).toEqual(commonFields(declared));
      }),
    );
  });

  it('of a thread record', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 4 }), fc.nat(), fc.string({ maxLength: 255 }), (recordType, parentID, name) => {
        const data = new Uint8Array(CatalogThread.size + 2 * name.length);
        CatalogThread.write({ recordType, parentID, nodeNameLength: name.length }, data);
        for (let index = 0; index < name.length; index++) new DataView(data.buffer).setUint16(10 + 2 * index, name.charCodeAt(index));
        expect(readThread(itemLeaf(data), 0)).toEqual({ recordType, parent: parentID, name });
      }),
    );
  });

  it('of a node', () => {
    const bytes = leafOf(anyKey, new Uint8Array(10));
    const declared = NodeDescriptor.read(bytes);
    const { fLink, bLink, kind, height, count, starts } = parseNode(bytes, 0, 0);
    expect({ fLink, bLink, kind, height, numRecords: count, reserved: 0 }).toEqual(declared);
    expect([...starts]).toEqual([14, 32]);
  });

  it('of keys', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string({ maxLength: 127 }), fc.constantFrom(0, 255), (id, startBlock, name, forkType) => {
        const units = new Uint8Array(2 * name.length);
        for (let index = 0; index < name.length; index++) new DataView(units.buffer).setUint16(2 * index, name.charCodeAt(index));
        const catalog = CatalogKey.write({ keyLength: 6 + units.length, parentID: id, nodeNameLength: name.length });
        expect(keyOf([catalog, units], catalogKeys(true))).toEqual({ parent: id, name, order: name });
        const attribute = AttributeKey.write({ keyLength: 12 + units.length, fileID: id, startBlock, attrNameLength: name.length });
        expect(keyOf([attribute, units], attributeKeys)).toEqual({ fileID: id, startBlock, name });
        const extent = ExtentKey.write({ keyLength: 10, fileID: id, startBlock, forkType });
        expect(keyOf([extent], extentKeys)).toEqual({ fileID: id, startBlock, forkType });
      }),
    );
  });
});

function keyOf<Key>(parts: readonly Uint8Array[], keys: Parameters<typeof keyedNode<Key>>[1]): Key {
  return keyedNode(parseNode(leafOf(new Uint8Array(Buffer.concat(parts)), new Uint8Array(4)), 0, 0), keys).keys[0];
}

describe('declared structures', () => {
  it('write what they read', () => {
    fc.assert(
      fc.property(random(VolumeHeader.size), (bytes) => {
        for (let at = 112; at < 512; at += 80) bytes.set([0, 0], at);
        // Latin-1 fields are padded with NUL, which is taken off when read.
        bytes.fill(0x41, 8, 12);
        expect(VolumeHeader.write(VolumeHeader.read(bytes))).toEqual(bytes);
        expect(BsdInfo.write(BsdInfo.read(bytes))).toEqual(bytes.slice(0, BsdInfo.size));
      }),
    );
  });

  it('show numbers as what they mean', () => {
    const header = VolumeHeader.write({ signature: 0x482b, createDate: UNIX_EPOCH, modifyDate: 0 });
    const shown = new Map(VolumeHeader.describe(header, 0, 1024).map(({ label, value }) => [label, value]));
    expect(shown.get('VolumeHeader.signature')).toBe('0x482b');
    expect(shown.get('VolumeHeader.createDate')).toBe('1970-01-01T00:00:00');
    expect(shown.get('VolumeHeader.modifyDate')).toBe('never');
    expect(shown.get('VolumeHeader.catalogFile')).toContain('extents none');
  });
});

describe('dates', () => {
  it('count from 1904', () => {
    expect(toUnix(UNIX_EPOCH)).toBe(0);
    expect(toUnix(0)).toBeUndefined();
    expect(fromUnix(0)).toBe(UNIX_EPOCH);
    expect(fromUnix(undefined)).toBe(0);
    expect(new Date(LAST_UNIX_SECOND * 1000).toISOString()).toBe('2040-02-06T06:28:15.000Z');
  });

  it('are clamped to whole seconds that there are', () => {
    expect(fromUnix(1.9)).toBe(UNIX_EPOCH + 1);
    expect(fromUnix(-1e12)).toBe(1);
    expect(fromUnix(1e12)).toBe(0xffff_ffff);
    expect(toUnix(fromUnix(LAST_UNIX_SECOND))).toBe(LAST_UNIX_SECOND);
  });
});
