/**
 * An opened volume: its header, its trees, and the few records that everything else is found from.
 * Sources: TN1150 "Volume Header", "Catalog File", "Hard Links".
 */
import type { Disk } from '../../../core/disk.ts';
import {
  type AttributeKey,
  attributeKeys,
  type CatalogKey,
  catalogKeys,
  type ExtentKey,
  extentKeys,
  type MakeCatalogKey,
} from './btree/key.ts';
import { BTree, type Found, type TreeFile } from './btree/tree.ts';
import { type CatalogItem, readExtents, readItem, readThread, type Thread } from './catalog.ts';
import { type Blocks, type Claim, extentsOf, type ForkPlace, forkDisk, locate, type Overflow } from './fork.ts';
import { malformed } from './malformed.ts';
import {
  Cnid,
  type ExtentDescriptor,
  ExtentRecord,
  ForkType,
  type HeaderRecord,
  KeyCompare,
  PRIVATE_FOLDER,
  RecordType,
  SIGNATURE_HFSX,
  type VolumeHeader,
} from './structs.ts';
import { readVolumeHeader, type SpecialFile, specialFork } from './volume-header.ts';

export interface Volume {
  readonly header: VolumeHeader;
  readonly blocks: Blocks;
  readonly caseSensitive: boolean;
  readonly extents: BTree<ExtentKey>;
  readonly catalog: BTree<CatalogKey>;
  /** Absent when the volume never had extended attributes. */
  readonly attributes: BTree<AttributeKey> | undefined;
  readonly catalogKey: MakeCatalogKey;
}

/**
 * Opens the trees. Reads the volume header and the first node of each.
 * @throws DisksealError `E_HFSPLUS`, `E_UNSUPPORTED`
 */
export async function openVolume(disk: Disk): Promise<Volume> {
  const header = await readVolumeHeader(disk);
  const blocks: Blocks = { disk, blockSize: header.blockSize, totalBlocks: header.totalBlocks };
  // The extents file cannot have extents in itself (TN1150, "Extents Overflow File").
  const extents = await BTree.open(await specialFile(blocks, header, 'extentsFile'), 'extentsFile', () => extentKeys);
  const open = async (name: SpecialFile, id: number) => specialFile(blocks, header, name, overflowOf(extents, id, ForkType.data));

  let keys = catalogKeys(false);
  const catalog = await BTree.open(await open('catalogFile', Cnid.catalogFile), 'catalogFile', (tree) => {
    keys = catalogKeys(isCaseSensitive(header, tree));
    return keys;
  });
  const attributes =
    header.attributesFile.totalBlocks === 0
      ? undefined
      : await BTree.open(await open('attributesFile', Cnid.attributesFile), 'attributesFile', () => attributeKeys);
  const caseSensitive = isCaseSensitive(header, catalog.header);
  return { header, blocks, caseSensitive, extents, catalog, attributes, catalogKey: keys.of };
}

/** Only HFSX has a choice; on HFS+ the field is reserved (TN1150, "HFSX"). */
export function isCaseSensitive(header: VolumeHeader, tree: HeaderRecord): boolean {
  return header.signature === SIGNATURE_HFSX && tree.keyCompareType === KeyCompare.binary;
}

/** One of the volume's own files. */
export async function specialFile(blocks: Blocks, header: VolumeHeader, name: SpecialFile, overflow?: Overflow): Promise<TreeFile> {
  const { fork, claim } = specialFork(header, name);
  const extents = await extentsOf(blocks, fork, claim, overflow);
  return { disk: forkDisk(blocks, extents, fork.logicalSize), locate: (position) => locate(blocks, extents, position) };
}

/** Looks a fork's further extents up. */
export function overflowOf(tree: BTree<ExtentKey>, fileID: number, forkType: number): Overflow {
  return async (startBlock) => {
    const found = await tree.get({ fileID, forkType, startBlock });
    if (!found) return undefined;
    const { leaf, index } = found;
    const at = leaf.data[index]!;
    const length = leaf.starts[index + 1]! - at;
    if (length !== ExtentRecord.size) throw malformed(`an extent record of ${length} bytes`, leaf.offset + at, 'ExtentRecord');
    return readExtents(leaf.view, at);
  };
}

/** All extents of a file's fork. */
export function forkExtents(
  volume: Volume,
  fileID: number,
  forkType: number,
  fork: ForkPlace & { claim: Claim },
): Promise<ExtentDescriptor[]> {
  return extentsOf(volume.blocks, fork, fork.claim, overflowOf(volume.extents, fileID, forkType));
}

/** A folder with its name and its parent's id. */
export interface Place {
  readonly parent: number;
  /** As stored. */
  readonly name: string;
}

export interface Root extends Place {
  readonly item: CatalogItem;
}

/** The root folder, found by its thread. */
export async function rootFolder(volume: Volume): Promise<Root> {
  const { thread } = await threadOf(volume, Cnid.root, RecordType.folderThread);
  if (thread.parent !== Cnid.rootParent) {
    throw malformed(`the root folder lies in folder ${thread.parent}`, locateCatalog(volume), 'CatalogThread.parentID');
  }
  const found = await volume.catalog.get(volume.catalogKey(Cnid.rootParent, thread.name));
  const item = found && readItem(found.leaf, found.index);
  if (item?.recordType !== RecordType.folder || item.id !== Cnid.root) {
    throw malformed('the root folder has no record', item?.offset ?? locateCatalog(volume), 'CatalogFolder');
  }
  return { item, parent: thread.parent, name: thread.name };
}

/** The thread record of a folder, which its children follow, or of a file. @param recordType - which of the two it must be */
export async function threadOf(volume: Volume, id: number, recordType: number): Promise<Found<CatalogKey> & { thread: Thread }> {
  const found = await volume.catalog.get(volume.catalogKey(id, ''));
  if (!found) throw malformed(`${id} has no thread record`, locateCatalog(volume), 'CatalogThread');
  const thread = readThread(found.leaf, found.index);
  if (thread.recordType !== recordType) {
    const offset = found.leaf.offset + found.leaf.data[found.index]!;
    throw malformed(`the thread record of ${id} has the type ${thread.recordType}`, offset, 'CatalogThread.recordType');
  }
  return { ...found, thread };
}

/** The folder that holds what hard links lead to; undefined on a volume that never had any. */
export async function privateFolder(volume: Volume): Promise<CatalogItem | undefined> {
  const found = await volume.catalog.get(volume.catalogKey(Cnid.root, PRIVATE_FOLDER));
  if (!found) return undefined;
  const item = readItem(found.leaf, found.index);
  return item.recordType === RecordType.folder ? item : undefined;
}

/** For messages about what is not there. */
function locateCatalog(volume: Volume): number {
  return (volume.header.catalogFile.extents[0]?.startBlock ?? 0) * volume.blocks.blockSize;
}
