/**
 * Path tables, held against the directories that they list. Source: ECMA-119 6.9 and 9.4. `open` does not read them, but some systems
 * find directories by them alone: a table that leads elsewhere would show those systems another tree.
 * Trees are compared as their records have them, without Rock Ridge: a relocated directory is where it lies.
 */
import type { Disk } from '../../../core/disk.ts';
import { toHex } from '../../../core/struct.ts';
import { type Blocks, directoryExtent, type Extent, isParent, isSelf, readRecords } from './directory.ts';
import { malformed } from './malformed.ts';
import { FileFlag, PathTableRecordL, PathTableRecordM, type VolumeDescriptor } from './structs.ts';
import { type PlacedDescriptor, readDescriptors } from './volume-descriptors.ts';

/** First block of a directory → the identifier in its parent, and the parent's block. */
type Listed = ReadonlyMap<number, string>;

/** A million directories with names of 30 bytes. */
const LARGEST_TABLE = 1 << 26;

/**
 * Compares the tables of all trees with their records; an image without tables shows nothing by them.
 * @returns what the first difference is @throws DisksealError `E_ISO9660` for tables and directories that cannot be read
 */
export async function pathTableDifference(disk: Disk): Promise<string | undefined> {
  const { primary, joliet, enhanced } = await readDescriptors(disk);
  for (const placed of [primary, joliet, enhanced]) {
    const difference = placed && placed.descriptor.pathTableSize > 0 ? await differenceIn(disk, placed) : undefined;
    if (difference !== undefined) return difference;
  }
  return undefined;
}

async function differenceIn(disk: Disk, placed: PlacedDescriptor): Promise<string | undefined> {
  const { descriptor, offset } = placed;
  const reached = await reachedBy(disk, placed);
  for (const { field, isBigEndian, at } of TABLES) {
    const block = descriptor[field];
    // The second copy of each is optional (8.4.15, 8.4.17).
    if (block === 0 && field.startsWith('optional')) continue;
    const listed = await listedIn(disk, descriptor, block, isBigEndian, offset + at);
    for (const location of listed.keys()) {
      if (!reached.has(location)) return `a path table leads to block ${location}, where the tree has no directory`;
    }
    for (const [location, where] of reached) {
      if (listed.get(location) !== where) return `a path table does not list the directory at block ${location} as the tree does`;
    }
  }
  return undefined;
}

const TABLES = [
  { field: 'typeLPathTable', isBigEndian: false, at: 140 },
  { field: 'optionalTypeLPathTable', isBigEndian: false, at: 144 },
  { field: 'typeMPathTable', isBigEndian: true, at: 148 },
  { field: 'optionalTypeMPathTable', isBigEndian: true, at: 152 },
] as const;

async function reachedBy(disk: Disk, { descriptor, root, offset }: PlacedDescriptor): Promise<Listed> {
  const { logicalBlockSize: blockSize, volumeSequenceNumber } = descriptor;
  const blocks: Blocks = { disk, blockSize, volumeSequenceNumber };
  const reached = new Map([[root.extentLocation, place(Uint8Array.of(0), root.extentLocation)]]);
  const waiting: (Extent & { block: number })[] = [{ ...directoryExtent(blocks, root, offset + 156, ''), block: root.extentLocation }];
  let bytes = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    bytes += next.length;
    if (bytes > disk.size) throw malformed('directories overlap', next.start, 'DirectoryRecord.extentLocation');
    for await (const window of readRecords(disk, next)) {
      for (const placed of window) {
        if (isSelf(placed) || isParent(placed) || (placed.record.fileFlags & FileFlag.directory) === 0) continue;
        const block = placed.record.extentLocation;
        if (reached.has(block))
          throw malformed(`the directory at block ${block} is reached by two ways`, placed.offset, 'DirectoryRecord.extentLocation');
        reached.set(block, place(placed.identifier, next.block));
        waiting.push({ ...directoryExtent(blocks, placed.record, placed.offset, toHex(placed.identifier)), block });
      }
    }
  }
  return reached;
}

function place(identifier: Uint8Array, parent: number): string {
  return `${toHex(identifier)} in ${parent}`;
}

async function listedIn(disk: Disk, descriptor: VolumeDescriptor, block: number, isBigEndian: boolean, claim: number): Promise<Listed> {
  const { pathTableSize: size, logicalBlockSize } = descriptor;
  const start = block * logicalBlockSize;
  if (size > LARGEST_TABLE || start + size > disk.size) {
    throw malformed(`a path table of ${size} bytes at ${start}, the image has ${disk.size}`, claim, 'VolumeDescriptor.pathTableSize');
  }
  const bytes = await disk.read(start, size);
  const struct = isBigEndian ? PathTableRecordM : PathTableRecordL;
  const listed = new Map<number, string>();
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { identifierLength: length, extentLocation, parentNumber } = struct.read(bytes, at, start);
    const end = at + struct.size + length;
    if (length === 0 || end > bytes.length)
      throw malformed(`a path table record with an identifier of ${length} bytes`, start + at, struct.name);
    blocks.push(extentLocation);
    const parent = blocks[parentNumber - 1];
    if (parent === undefined)
      throw malformed(`directory ${blocks.length} of a path table is in directory ${parentNumber}`, start + at, struct.name);
    listed.set(extentLocation, place(bytes.subarray(at + struct.size, end), parent));
    at = end + (length % 2);
  }
  return listed;
}
