/**
 * Plans an HFS Plus or HFSX volume from a FileTree. Source: Apple Technical Note TN1150; where it leaves a choice, what newfs_hfs
 * and hdiutil choose, as seen on volumes that they made.
 * Every fork is one extent and nothing is free between them, so the extents overflow file is empty; there is no journal.
 * Left out: links to folders, startup files, bad blocks, allocation blocks of other sizes than 4096.
 */
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import type { PlannedContent, PlannedVolume } from '../../../core/planned-volume.ts';
import { allocationDisk } from './planned/allocation.ts';
import { attributeRecords } from './planned/attributes.ts';
import { type PlannedTree, planTree, type SortedRecords, type TreeKind } from './planned/btree.ts';
import { catalogRecords, countRecords } from './planned/catalog.ts';
import { type CatalogIndex, Column, cnidOf, entryOf, Kind } from './planned/catalog-index.ts';
import { catalogNodeSize, clumpSize } from './planned/clump-sizes.ts';
import { BLOCK_SIZE, blocksOf } from './planned/forks.ts';
import { indexTree } from './planned/indexing.ts';
import { storedDate, type Warn } from './stored-metadata.ts';
import {
  Cnid,
  type ForkData,
  KeyCompare,
  MaxKeyLength,
  SIGNATURE_HFS_PLUS,
  SIGNATURE_HFSX,
  TreeAttribute,
  VERSION_HFS_PLUS,
  VERSION_HFSX,
  VOLUME_HEADER_OFFSET,
  VOLUME_HEADER_SIZE,
  VolumeAttribute,
  VolumeHeader,
} from './structs.ts';

export interface FormatOptions {
  /** HFSX, where "A" and "a" are two names. Default: HFS Plus, where they are one. */
  readonly caseSensitive?: boolean | undefined;
  /** 64 bits that tell this volume from all others. */
  readonly volumeId: bigint;
  /** Unix seconds, the volume's creation date, given as UTC everywhere. */
  readonly created: number;
  /** Smallest size of the volume in bytes; the rest of it is free. */
  readonly size?: number | undefined;
  /** Smallest free space in bytes. Default: none. */
  readonly freeBytes?: number | undefined;
  /** Whether the Finder is to open the root folder when it mounts the volume, as `bless --openfolder` says it. Default: no. */
  readonly opensRoot?: boolean | undefined;
  /** Told of dates that were clamped and flags that were dropped. */
  readonly warn?: Warn | undefined;
}

/** What an alias needs to know of an entry. */
export interface PlannedPlace {
  readonly cnid: number;
  /** HFS Plus date; 0 is "never". */
  readonly created: number;
  /** CNIDs of the folders that it lies in, innermost first, the root last. */
  readonly folders: readonly number[];
}

export interface HfsPlusVolume extends PlannedVolume {
  /** HFS Plus date, as the volume header has it. */
  readonly createDate: number;
  /** @param path - as the tree gave its names, joined by "/" */
  locate(path: string): PlannedPlace | undefined;
}

/**
 * Plans a volume that holds the tree; nothing is written and no content is read. Children are read folder by folder.
 * The size is a multiple of 4096. The same tree gives the same bytes, in whatever order its folders list their children.
 * In memory afterwards: some 150 bytes and the name for each entry, and each content's Disk; nodes of the trees are made when read.
 * @throws DisksealError `E_HFSPLUS` with the path of what HFS+ cannot hold, `E_UNSUPPORTED` for folders over 512 deep
 */
export async function format(tree: FileTree, options: FormatOptions): Promise<HfsPlusVolume> {
  const caseSensitive = options.caseSensitive ?? false;
  const created = storedDate(options.created, 'creation', '', options.warn);
  const index = await indexTree(tree, { caseSensitive, created, warn: options.warn });
  const plan = planVolume(index, caseSensitive, options);
  const volume = volumeDisk(plan, volumeHeader(plan, options, created));
  return { ...volume, createDate: created, locate: (path) => placeOf(index, path), contents: () => contentsOf(plan) };
}

function placeOf(index: CatalogIndex, path: string): PlannedPlace | undefined {
  const entry = index.find(path);
  if (entry === undefined) return undefined;
  const folders: number[] = [];
  for (let at = entry; at !== 0; ) {
    at = index.get(at, Column.parent);
    folders.push(cnidOf(at));
  }
  return { cnid: cnidOf(entry), created: index.get(entry, Column.created), folders };
}

type TreeName = 'extents' | 'attributes' | 'catalog';

interface SpecialFile {
  readonly nodeSize: number;
  readonly tree: PlannedTree;
  readonly firstBlock: number;
  readonly blockCount: number;
}

interface VolumePlan {
  readonly index: CatalogIndex;
  readonly caseSensitive: boolean;
  readonly allocationBlocks: number;
  readonly files: Readonly<Record<TreeName, SpecialFile>>;
  /** Where the forks of files and attributes begin. */
  readonly firstForkBlock: number;
  /** Blocks used from the volume's start on. */
  readonly usedBlocks: number;
  readonly totalBlocks: number;
}

const BIG_AND_VARIABLE = TreeAttribute.bigKeys | TreeAttribute.variableIndexKeys;
const EXTENTS: TreeKind = {
  nodeSize: 4096,
  maxKeyLength: MaxKeyLength.extents,
  keyCompareType: 0,
  attributes: TreeAttribute.bigKeys,
  spareNodes: 1,
};
const ATTRIBUTES: TreeKind = {
  nodeSize: 8192,
  maxKeyLength: MaxKeyLength.attributes,
  keyCompareType: 0,
  attributes: BIG_AND_VARIABLE,
  spareNodes: 1,
};
const NO_RECORDS: SortedRecords = { count: 0, keySize: () => 0, dataSize: () => 0, writeKey() {}, writeData() {} };

function planVolume(index: CatalogIndex, caseSensitive: boolean, options: FormatOptions): VolumePlan {
  // Records say where forks lie, forks lie behind the trees, and the trees' sizes come from the records' sizes:
  // the place is filled in when all sizes are known, before any node can be read.
  const places = { forks: index.forks, firstBlock: 0 };
  const records = catalogRecords(index, caseSensitive, places);
  const attributes = planTree(attributeRecords(index.attributes, places), ATTRIBUTES);
  const extents = planTree(NO_RECORDS, EXTENTS);
  const planWith = (nodeSize: number): VolumePlan =>
    layOut(index, caseSensitive, options, {
      extents: { tree: extents, nodeSize: EXTENTS.nodeSize },
      attributes: { tree: attributes, nodeSize: ATTRIBUTES.nodeSize },
      catalog: { tree: planTree(records, catalogKind(nodeSize, caseSensitive)), nodeSize },
    });
  const small = planWith(catalogNodeSize(0));
  const nodeSize = catalogNodeSize(small.totalBlocks * BLOCK_SIZE);
  const plan = nodeSize === small.files.catalog.nodeSize ? small : planWith(nodeSize);
  places.firstBlock = plan.firstForkBlock;
  return plan;
}

function catalogKind(nodeSize: number, caseSensitive: boolean): TreeKind {
  const keyCompareType = caseSensitive ? KeyCompare.binary : KeyCompare.caseFolding;
  return { nodeSize, maxKeyLength: MaxKeyLength.catalog, keyCompareType, attributes: BIG_AND_VARIABLE, spareNodes: 1 };
}

/** Volume header, allocation file, extents, attributes, catalog: newfs's order, without the gap that it leaves for growing. */
function layOut(
  index: CatalogIndex,
  caseSensitive: boolean,
  options: FormatOptions,
  trees: Record<TreeName, Pick<SpecialFile, 'tree' | 'nodeSize'>>,
): VolumePlan {
  const treeBlocks = Object.values(trees).reduce((sum, { tree, nodeSize }) => sum + blocksOf(tree.totalNodes * nodeSize), 0);
  const { allocationBlocks, totalBlocks } = fitAllocation(1 + treeBlocks + index.forks.blockCount, options);
  let block = 1 + allocationBlocks;
  const place = ({ tree, nodeSize }: Pick<SpecialFile, 'tree' | 'nodeSize'>): SpecialFile => {
    const file = { tree, nodeSize, firstBlock: block, blockCount: blocksOf(tree.totalNodes * nodeSize) };
    block += file.blockCount;
    return file;
  };
  const files = { extents: place(trees.extents), attributes: place(trees.attributes), catalog: place(trees.catalog) };
  return { index, caseSensitive, allocationBlocks, files, firstForkBlock: block, usedBlocks: block + index.forks.blockCount, totalBlocks };
}

/** The allocation file has a bit for each block, its own blocks and the last one among them. */
function fitAllocation(otherBlocks: number, { size = 0, freeBytes = 0 }: FormatOptions): { allocationBlocks: number; totalBlocks: number } {
  const free = blocksOf(Math.max(0, freeBytes));
  for (let allocationBlocks = 1; ; ) {
    const totalBlocks = Math.max(otherBlocks + allocationBlocks + free + 1, blocksOf(Math.max(0, size)));
    if (!(totalBlocks <= 0xffff_ffff)) throw new DisksealError('E_HFSPLUS', 'the volume would be larger than the 16 TiB of HFS+');
    const needed = blocksOf(totalBlocks / 8);
    if (needed <= allocationBlocks) return { allocationBlocks, totalBlocks };
    allocationBlocks = needed;
  }
}

function volumeDisk(plan: VolumePlan, header: Uint8Array): Disk {
  const { allocationBlocks, usedBlocks, totalBlocks, files, index } = plan;
  const freeBlocks = totalBlocks - 1 - usedBlocks;
  return joinDisks([
    zerosDisk(VOLUME_HEADER_OFFSET),
    bytesDisk(header),
    zerosDisk(BLOCK_SIZE - VOLUME_HEADER_OFFSET - VOLUME_HEADER_SIZE),
    allocationDisk(allocationBlocks * BLOCK_SIZE, usedBlocks, totalBlocks),
    treeDisk(plan, 'extents', files.extents),
    treeDisk(plan, 'attributes', files.attributes),
    treeDisk(plan, 'catalog', files.catalog),
    index.forks.disk(),
    zerosDisk((freeBlocks + 1) * BLOCK_SIZE - VOLUME_HEADER_OFFSET),
    bytesDisk(header),
    zerosDisk(VOLUME_HEADER_OFFSET - VOLUME_HEADER_SIZE),
  ]);
}

function treeDisk(plan: VolumePlan, name: TreeName, { tree, nodeSize }: SpecialFile): Disk {
  return tree.disk(clumpSize(name, nodeSize, plan.totalBlocks * BLOCK_SIZE));
}

function volumeHeader(plan: VolumePlan, { volumeId, opensRoot = false }: FormatOptions, created: number): Uint8Array {
  const { caseSensitive, files, index, totalBlocks, usedBlocks } = plan;
  const counts = countRecords(index);
  const freeBlocks = totalBlocks - 1 - usedBlocks;
  return VolumeHeader.write({
    signature: caseSensitive ? SIGNATURE_HFSX : SIGNATURE_HFS_PLUS,
    version: caseSensitive ? VERSION_HFSX : VERSION_HFS_PLUS,
    attributes: VolumeAttribute.unmounted | VolumeAttribute.unusedNodesZeroed,
    lastMountedVersion: '10.0',
    createDate: created,
    modifyDate: created,
    checkedDate: created,
    fileCount: counts.files,
    folderCount: counts.folders,
    blockSize: BLOCK_SIZE,
    totalBlocks,
    freeBlocks,
    nextAllocation: freeBlocks > 0 ? usedBlocks : 0,
    rsrcClumpSize: DEFAULT_CLUMP,
    dataClumpSize: DEFAULT_CLUMP,
    nextCatalogID: Math.max(cnidOf(index.count), cnidOf(1)),
    encodingsBitmap: 1n,
    finderInfo: [
      0,
      0,
      opensRoot ? Cnid.root : 0,
      0,
      0,
      0,
      Number(BigInt.asUintN(32, volumeId >> 32n)),
      Number(BigInt.asUintN(32, volumeId)),
    ],
    allocationFile: fork(1, plan.allocationBlocks, BLOCK_SIZE),
    extentsFile: treeFork(plan, 'extents', files.extents),
    catalogFile: treeFork(plan, 'catalog', files.catalog),
    attributesFile: treeFork(plan, 'attributes', files.attributes),
  });
}

/** newfs's default growth of data and resource forks. */
const DEFAULT_CLUMP = 65536;

function treeFork(plan: VolumePlan, name: TreeName, { firstBlock, blockCount, nodeSize }: SpecialFile): ForkData {
  return fork(firstBlock, blockCount, clumpSize(name, nodeSize, plan.totalBlocks * BLOCK_SIZE));
}

function fork(startBlock: number, blockCount: number, clump: number): ForkData {
  return { logicalSize: blockCount * BLOCK_SIZE, clumpSize: clump, totalBlocks: blockCount, extents: [{ startBlock, blockCount }] };
}

function* contentsOf({ index, firstForkBlock }: VolumePlan): Generator<PlannedContent> {
  const { forks } = index;
  const owners = dataForkOwners(index);
  for (let forkNumber = 1; forkNumber <= forks.count; forkNumber++) {
    const owner = owners[forkNumber]!;
    if (owner === 0) continue;
    const position = (firstForkBlock + forks.firstBlock(forkNumber)) * BLOCK_SIZE;
    yield { path: index.path(owner), position, length: forks.content(forkNumber).size };
  }
}

/** For each fork the entry of the file whose data it is, the first link in place of an inode; 0 for all other forks. */
function dataForkOwners(index: CatalogIndex): Uint32Array {
  const owners = new Uint32Array(index.forks.count + 1);
  for (let entry = 1; entry < index.count; entry++) {
    const kind = index.get(entry, Column.kind);
    if (kind === Kind.file) owners[index.get(entry, Column.dataFork)] = entry;
    if (kind === Kind.inode) owners[index.get(entry, Column.dataFork)] = entryOf(index.get(entry, Column.first));
  }
  owners[0] = 0;
  return owners;
}
