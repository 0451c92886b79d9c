import { describe, expect, it } from 'vitest';
import { extentKeys } from '../../src/formats/filesystems/hfsplus/btree/key.ts';
import { Faults } from '../../src/formats/filesystems/hfsplus/check/faults.ts';
import { checkTree } from '../../src/formats/filesystems/hfsplus/check/tree.ts';
import { planTree, type SortedRecords } from '../../src/formats/filesystems/hfsplus/planned/btree.ts';
import { ExtentKey, ExtentRecord, HeaderRecord, NodeDescriptor } from '../../src/formats/filesystems/hfsplus/structs.ts';

/** Small nodes, so that few records need many of them; the header's map reaches 2048. */
const KIND = { nodeSize: 512, maxKeyLength: 10, keyCompareType: 0, attributes: 2, spareNodes: 3 };

function extents(count: number): SortedRecords {
  return {
    count,
    keySize: () => ExtentKey.size,
    dataSize: () => ExtentRecord.size,
    writeKey: (record, into, at) => void ExtentKey.write({ keyLength: 10, fileID: 16 + record }, into, at),
    writeData: (record, into, at) => void ExtentRecord.write({ extents: [{ startBlock: record, blockCount: 1 }] }, into, at),
  };
}

describe('a planned B-tree', () => {
  // Six records fill a leaf. 2047 leaves and index nodes are the last that need no map node.
  it.each([0, 1, 6, 7, 200, 11_854, 11_855, 11_900, 40_000, 120_000])('of %i records is whole', async (count) => {
    const tree = planTree(extents(count), KIND);
    const disk = tree.disk(8192);
    expect(disk.size).toBe(tree.totalNodes * KIND.nodeSize);
    const faults = new Faults();
    let visited = 0;
    const rules = { keys: extentKeys, maxKeyLength: 10, attributes: 2, keyCompareTypes: [], unusedAreZero: true };
    const whole = await checkTree({ disk, locate: (position) => position }, rules, faults, (leaf, index) => {
      expect(leaf.keys[index]?.fileID).toBe(16 + visited++);
    });
    expect(faults.all()).toEqual([]);
    expect(whole).toBe(true);
    expect(visited).toBe(count);
  });

  it('has map nodes exactly when the header has no bits left', async () => {
    const seen = new Map<number, number>();
    for (let count = 10_000; count < 13_000; count++) {
      const tree = planTree(extents(count), KIND);
      const header = await tree.disk(0).read(0, KIND.nodeSize);
      expect(NodeDescriptor.read(header).fLink === 0).toBe(tree.totalNodes <= 2048);
      expect(HeaderRecord.read(header, NodeDescriptor.size).freeNodes).toBe(3);
      seen.set(tree.totalNodes, count);
    }
    expect(seen.has(2048)).toBe(true);
    // With the 2049th node comes the map node that it needs.
    expect(seen.has(2049)).toBe(false);
    expect(seen.has(2050)).toBe(true);
  });
});
