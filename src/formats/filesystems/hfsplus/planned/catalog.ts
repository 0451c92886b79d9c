/** The records of a planned catalog (TN1150, "Catalog File"), made from the index when a node is read. */
import { compareBinary } from '../names.ts';
import { orderKey } from '../sorted-children.ts';
import {
  CatalogFile,
  CatalogFolder,
  CatalogKey,
  CatalogThread,
  Cnid,
  FILE_CREATOR,
  FILE_TYPE,
  FileInfo,
  FinderFlag,
  type ForkData,
  RecordFlag,
  RecordType,
} from '../structs.ts';
import type { SortedRecords } from './btree.ts';
import { type CatalogIndex, Column, cnidOf, Kind } from './catalog-index.ts';
import { blocksOf, type ForkNumber, type PlannedForks } from './forks.ts';

/** Byte of the Finder info in folder and file records. */
const FINDER_INFO_OFFSET = 48;
const NO_FORK: ForkData = { logicalSize: 0, clumpSize: 0, totalBlocks: 0, extents: [] };
const SYMLINK_INFO = FileInfo.write({ fileType: FILE_TYPE.symlink, fileCreator: FILE_CREATOR.symlink });
const LINK_INFO = FileInfo.write({
  fileType: FILE_TYPE.hardLink,
  fileCreator: FILE_CREATOR.hardLink,
  finderFlags: FinderFlag.inited,
});
/** Type and creator. */
const FINDER_TYPE_SIZE = 8;

/** Where the forks lie. */
export interface ForkPlaces {
  readonly forks: PlannedForks;
  /** The volume's block where the first fork begins: known only when the trees are planned, so it is asked for when records are written. */
  readonly firstBlock: number;
}

export interface CatalogCounts {
  readonly files: number;
  /** Without the root. */
  readonly folders: number;
}

export function catalogRecords(index: CatalogIndex, caseSensitive: boolean, places: ForkPlaces): SortedRecords {
  const order = recordOrder(index, caseSensitive);
  const isThread = (record: number): boolean => (order[record]! & 1) === 1;
  const entryAt = (record: number): number => order[record]! >>> 1;
  return {
    count: order.length,
    keySize: (record) => CatalogKey.size + (isThread(record) ? 0 : 2 * index.names[entryAt(record)]!.length),
    dataSize(record) {
      const entry = entryAt(record);
      if (isThread(record)) return CatalogThread.size + 2 * index.names[entry]!.length;
      return index.get(entry, Column.kind) === Kind.folder ? CatalogFolder.size : CatalogFile.size;
    },
    writeKey(record, into, at) {
      const entry = entryAt(record);
      if (isThread(record)) writeKey(cnidOf(entry), '', into, at);
      else writeKey(parentId(index, entry), index.names[entry]!, into, at);
    },
    writeData(record, into, at) {
      const entry = entryAt(record);
      if (isThread(record)) writeThread(index, entry, into, at);
      else if (index.get(entry, Column.kind) === Kind.folder) writeFolder(index, entry, into, at);
      else writeFile(index, entry, places, into, at);
    },
  };
}

export function countRecords(index: CatalogIndex): CatalogCounts {
  let folders = 0;
  for (let entry = 1; entry < index.count; entry++) if (index.get(entry, Column.kind) === Kind.folder) folders++;
  return { files: index.count - 1 - folders, folders };
}

/**
 * All records in the order of their keys, each as twice its entry, plus 1 for a thread. Keys begin with a CNID: that of
 * the entry in a thread (whose name is empty and comes first), that of the folder in all others. So for each CNID in
 * turn there is its thread and then, in a folder, what lies in it.
 */
function recordOrder(index: CatalogIndex, caseSensitive: boolean): Uint32Array {
  const order = new Uint32Array(2 * index.count);
  let filled = 0;
  order[filled++] = 0;
  for (let entry = 0; entry < index.count; entry++) {
    order[filled++] = entry * 2 + 1;
    for (const child of childrenOf(index, entry, caseSensitive)) order[filled++] = child * 2;
  }
  return order;
}

function* childrenOf(index: CatalogIndex, entry: number, caseSensitive: boolean): Generator<number> {
  if (index.get(entry, Column.kind) !== Kind.folder) return;
  const { privateFolder } = index;
  if (entry === privateFolder?.entry) {
    yield* privateFolder.inodes;
    return;
  }
  let waiting = entry === 0 ? privateFolder?.entry : undefined;
  const first = index.get(entry, Column.first);
  const end = first + index.get(entry, Column.count) - (waiting === undefined ? 0 : 1);
  for (let child = first; child < end; child++) {
    if (waiting !== undefined && precedes(index, waiting, child, caseSensitive)) {
      yield waiting;
      waiting = undefined;
    }
    yield child;
  }
  if (waiting !== undefined) yield waiting;
}

function precedes(index: CatalogIndex, one: number, other: number, caseSensitive: boolean): boolean {
  return compareBinary(orderKey(index.names[one]!, caseSensitive), orderKey(index.names[other]!, caseSensitive)) < 0;
}

function parentId(index: CatalogIndex, entry: number): number {
  return entry === 0 ? Cnid.rootParent : cnidOf(index.get(entry, Column.parent));
}

function writeKey(parentID: number, name: string, into: Uint8Array, at: number): void {
  CatalogKey.write({ keyLength: CatalogKey.size - 2 + 2 * name.length, parentID, nodeNameLength: name.length }, into, at);
  writeUnits(name, into, at + CatalogKey.size);
}

export function writeUnits(name: string, into: Uint8Array, at: number): void {
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    into[at + 2 * index] = unit >>> 8;
    into[at + 2 * index + 1] = unit & 0xff;
  }
}

function writeThread(index: CatalogIndex, entry: number, into: Uint8Array, at: number): void {
  const recordType = index.get(entry, Column.kind) === Kind.folder ? RecordType.folderThread : RecordType.fileThread;
  const name = index.names[entry]!;
  CatalogThread.write({ recordType, parentID: parentId(index, entry), nodeNameLength: name.length }, into, at);
  writeUnits(name, into, at + CatalogThread.size);
}

function writeFolder(index: CatalogIndex, entry: number, into: Uint8Array, at: number): void {
  const counted = { valence: index.get(entry, Column.count), folderCount: countedFolders(index, entry) };
  const record = { recordType: RecordType.folder, folderID: cnidOf(entry), ...counted, ...common(index, entry, entry === 0 ? 0 : 1) };
  CatalogFolder.write(record, into, at);
  const finderInfo = index.finderInfo.get(entry);
  if (finderInfo) into.set(finderInfo, at + FINDER_INFO_OFFSET);
}

/** A folder count without its flag must be zero. */
function countedFolders(index: CatalogIndex, entry: number): number {
  return (index.get(entry, Column.recordFlags) & RecordFlag.hasFolderCount) === 0 ? 0 : index.get(entry, Column.subfolders);
}

function writeFile(index: CatalogIndex, entry: number, places: ForkPlaces, into: Uint8Array, at: number): void {
  const kind = index.get(entry, Column.kind);
  const special = index.get(entry, kind === Kind.link ? Column.first : Column.count);
  const record = {
    recordType: RecordType.file,
    reserved1: kind === Kind.inode ? index.get(entry, Column.first) : 0,
    fileID: cnidOf(entry),
    ...common(index, entry, special),
    dataFork: forkData(places, index.get(entry, Column.dataFork)),
    resourceFork: forkData(places, index.get(entry, Column.resourceFork)),
  };
  CatalogFile.write(record, into, at);
  const finderInfo = index.finderInfo.get(entry);
  if (finderInfo) into.set(finderInfo, at + FINDER_INFO_OFFSET);
  if (kind === Kind.symlink) into.set(SYMLINK_INFO.subarray(0, FINDER_TYPE_SIZE), at + FINDER_INFO_OFFSET);
  if (kind === Kind.link) into.set(LINK_INFO, at + FINDER_INFO_OFFSET);
}

/** What folder and file records share. @param special - link count, inode, or 1 */
function common(index: CatalogIndex, entry: number, special: number) {
  const flags = index.get(entry, Column.flags);
  return {
    flags: index.get(entry, Column.recordFlags),
    createDate: index.get(entry, Column.created),
    contentModDate: index.get(entry, Column.modified),
    attributeModDate: index.get(entry, Column.changed),
    accessDate: index.get(entry, Column.accessed),
    backupDate: index.get(entry, Column.backedUp),
    permissions: {
      ownerID: index.get(entry, Column.uid),
      groupID: index.get(entry, Column.gid),
      adminFlags: flags >>> 16,
      ownerFlags: flags & 0xff,
      fileMode: index.get(entry, Column.mode),
      special,
    },
  };
}

/** A fork as one extent. */
export function forkData({ forks, firstBlock }: ForkPlaces, fork: ForkNumber): ForkData {
  if (fork === 0) return NO_FORK;
  const { size } = forks.content(fork);
  const blockCount = blocksOf(size);
  const extent = { startBlock: firstBlock + forks.firstBlock(fork), blockCount };
  return { logicalSize: size, clumpSize: 0, totalBlocks: blockCount, extents: [extent] };
}
