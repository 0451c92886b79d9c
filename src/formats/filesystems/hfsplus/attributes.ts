/**
 * Extended attributes of a file or folder. Source: hfs_format.h (HFSPlusAttrKey, HFSPlusAttrData, HFSPlusAttrForkData,
 * HFSPlusAttrExtents); TN1150 "Attributes File" reserves the places.
 */
import { bytesDisk, type Disk } from '../../../core/disk.ts';
import type { AttributeKey } from './btree/key.ts';
import type { BTree, Found, KeyedNode } from './btree/tree.ts';
import { extentsOf, forkDisk, requireForkSize } from './fork.ts';
import { malformed } from './malformed.ts';
import { AttributeData, AttributeExtents, AttributeFork, AttributeType, type ExtentDescriptor } from './structs.ts';
import type { Volume } from './volume.ts';

/** These have places of their own in a record: an attribute of that name would hide them. macOS never stores one. */
const NAMES_WITH_PLACES = new Set(['com.apple.FinderInfo', 'com.apple.ResourceFork']);

/** All attributes of one catalog node id, by name. Inline values are copied: at most one node each. */
export async function attributesOf(volume: Volume, fileID: number): Promise<Map<string, Disk>> {
  const found = new Map<string, Disk>();
  const tree = volume.attributes;
  if (!tree) return found;
  let place = await tree.seek({ fileID, name: '', startBlock: 0 });
  while (place) {
    const key = keyAt(place);
    if (key.fileID !== fileID) break;
    // Records from another block on belong to the fork before them, which has read them.
    if (key.startBlock === 0 && !NAMES_WITH_PLACES.has(key.name)) found.set(key.name, await valueOf(volume, tree, place));
    place = await following(tree, place);
  }
  return found;
}

function keyAt({ leaf, index }: Found<AttributeKey>): AttributeKey {
  return leaf.keys[index]!;
}

async function following(tree: BTree<AttributeKey>, { leaf, index }: Found<AttributeKey>): Promise<Found<AttributeKey> | undefined> {
  if (index + 1 < leaf.count) return { leaf, index: index + 1 };
  const next = await tree.after(leaf);
  return next && { leaf: next, index: 0 };
}

async function valueOf(volume: Volume, tree: BTree<AttributeKey>, place: Found<AttributeKey>): Promise<Disk> {
  const record = recordBytes(place.leaf, place.index);
  const offset = place.leaf.offset + place.leaf.data[place.index]!;
  const type = record.length < 4 ? 0 : new DataView(record.buffer, record.byteOffset).getUint32(0);
  if (type === AttributeType.inline) return inlineValue(record, offset);
  if (type !== AttributeType.fork) throw malformed(`an attribute record has the type ${type}`, offset, 'AttributeRecord.recordType');

  const claim = { offset: offset + 8, field: 'AttributeFork.theFork' };
  if (record.length < AttributeFork.size) throw malformed(`a fork record of ${record.length} bytes`, offset, 'AttributeFork');
  requireForkSize(record, 8, claim);
  const { theFork } = AttributeFork.read(record, 0, offset);
  const { fileID, name } = keyAt(place);
  const extents = await extentsOf(volume.blocks, theFork, claim, async (startBlock) => {
    const more = await tree.get({ fileID, name, startBlock });
    return more && overflowExtents(more);
  });
  return forkDisk(volume.blocks, extents, theFork.logicalSize);
}

function inlineValue(record: Uint8Array, offset: number): Disk {
  const size = record.length < AttributeData.size ? -1 : AttributeData.read(record, 0, offset).attrSize;
  if (size < 0 || size > record.length - AttributeData.size) {
    throw malformed(`${size} bytes of data in a record of ${record.length}`, offset + 12, 'AttributeData.attrSize');
  }
  return bytesDisk(record.slice(AttributeData.size, AttributeData.size + size));
}

function overflowExtents({ leaf, index }: Found<AttributeKey>): ExtentDescriptor[] {
  const record = recordBytes(leaf, index);
  const offset = leaf.offset + leaf.data[index]!;
  if (record.length < AttributeExtents.size) throw malformed(`an extents record of ${record.length} bytes`, offset, 'AttributeExtents');
  const { recordType, extents } = AttributeExtents.read(record, 0, offset);
  if (recordType !== AttributeType.extents) {
    throw malformed(`expected an extents record, found the type ${recordType}`, offset, 'AttributeExtents.recordType');
  }
  return extents;
}

function recordBytes(leaf: KeyedNode<unknown>, index: number): Uint8Array {
  const at = leaf.data[index]!;
  return new Uint8Array(leaf.view.buffer, leaf.view.byteOffset + at, leaf.starts[index + 1]! - at);
}
