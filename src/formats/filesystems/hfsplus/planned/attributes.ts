/** The records of a planned attributes file (hfs_format.h): extended attributes in the record or, when large, in a fork. */
import { compareBinary } from '../names.ts';
import { AttributeData, AttributeFork, AttributeKey, AttributeType } from '../structs.ts';
import type { SortedRecords } from './btree.ts';
import { type ForkPlaces, forkData, writeUnits } from './catalog.ts';
import { cnidOf, type IndexedAttribute } from './catalog-index.ts';

/** @param attributes - sorted in place, by owner and then by the units of the name */
export function attributeRecords(attributes: IndexedAttribute[], places: ForkPlaces): SortedRecords {
  attributes.sort((a, b) => a.owner - b.owner || compareBinary(a.name, b.name));
  return {
    count: attributes.length,
    keySize: (record) => AttributeKey.size + 2 * attributes[record]!.name.length,
    dataSize: (record) => dataSize(attributes[record]!),
    writeKey(record, into, at) {
      const { name, owner } = attributes[record]!;
      const keyLength = AttributeKey.size - 2 + 2 * name.length;
      AttributeKey.write({ keyLength, fileID: cnidOf(owner), attrNameLength: name.length }, into, at);
      writeUnits(name, into, at + AttributeKey.size);
    },
    writeData: (record, into, at) => writeData(attributes[record]!, places, into, at),
  };
}

function dataSize({ fork, value }: IndexedAttribute): number {
  return fork === 0 ? AttributeData.size + value.size + (value.size % 2) : AttributeFork.size;
}

async function writeData({ fork, value }: IndexedAttribute, places: ForkPlaces, into: Uint8Array, at: number): Promise<void> {
  if (fork !== 0) {
    AttributeFork.write({ recordType: AttributeType.fork, theFork: forkData(places, fork) }, into, at);
    return;
  }
  AttributeData.write({ recordType: AttributeType.inline, attrSize: value.size }, into, at);
  const start = at + AttributeData.size;
  if (value.size > 0) await value.read(0, value.size, into.subarray(start, start + value.size));
}
