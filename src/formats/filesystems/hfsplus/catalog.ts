/**
 * The records of the catalog, and where a file's forks are. Source: TN1150 "Catalog File Data".
 * Folder and file records are read with a plain DataView, because listing a large folder reads a hundred thousand of them;
 * test/hfsplus/structs.test.ts holds them against CatalogFolder, CatalogFile and CatalogThread.
 */
import { readUnits } from './btree/key.ts';
import type { KeyedNode } from './btree/tree.ts';
import type { Claim, ForkPlace } from './fork.ts';
import { malformed } from './malformed.ts';
import { CatalogFile, CatalogFolder, CatalogThread, EXTENTS_PER_RECORD, type ExtentDescriptor, RecordType } from './structs.ts';

/** What folders and files have in common. */
export interface CatalogItem {
  /** RecordType.folder or RecordType.file */
  readonly recordType: number;
  readonly flags: number;
  /** A folder's valence; in an inode the first link of the chain. */
  readonly valence: number;
  /** Catalog node id. */
  readonly id: number;
  readonly createDate: number;
  readonly contentModDate: number;
  readonly attributeModDate: number;
  readonly accessDate: number;
  readonly backupDate: number;
  readonly ownerID: number;
  readonly groupID: number;
  readonly adminFlags: number;
  readonly ownerFlags: number;
  readonly fileMode: number;
  readonly special: number;
  /** Where the record is. */
  readonly view: DataView;
  readonly at: number;
  /** Bytes from the start of the volume to the record's data. */
  readonly offset: number;
}

export interface Thread {
  readonly recordType: number;
  readonly parent: number;
  readonly name: string;
}

/** The type of a leaf's record. */
export function recordTypeOf(leaf: KeyedNode<unknown>, index: number): number {
  const at = leaf.data[index]!;
  return leaf.starts[index + 1]! - at < 2 ? 0 : leaf.view.getInt16(at);
}

/** A folder or file record. @throws DisksealError `E_HFSPLUS` for another type or length */
export function readItem(leaf: KeyedNode<unknown>, index: number): CatalogItem {
  const { view } = leaf;
  const at = leaf.data[index]!;
  const offset = leaf.offset + at;
  const length = leaf.starts[index + 1]! - at;
  const recordType = recordTypeOf(leaf, index);
  const size = recordType === RecordType.folder ? CatalogFolder.size : recordType === RecordType.file ? CatalogFile.size : 0;
  if (size === 0) throw malformed(`a catalog record has the type ${recordType}`, offset, 'CatalogRecord.recordType');
  if (length !== size) throw malformed(`a record of type ${recordType} has ${length} bytes, not ${size}`, offset, 'CatalogRecord');
  return {
    recordType,
    flags: view.getUint16(at + 2),
    valence: view.getUint32(at + 4),
    id: view.getUint32(at + 8),
    createDate: view.getUint32(at + 12),
    contentModDate: view.getUint32(at + 16),
    attributeModDate: view.getUint32(at + 20),
    accessDate: view.getUint32(at + 24),
    backupDate: view.getUint32(at + 28),
    ownerID: view.getUint32(at + 32),
    groupID: view.getUint32(at + 36),
    adminFlags: view.getUint8(at + 40),
    ownerFlags: view.getUint8(at + 41),
    fileMode: view.getUint16(at + 42),
    special: view.getUint32(at + 44),
    view,
    at,
    offset,
  };
}

/** A thread record. @throws DisksealError `E_HFSPLUS` for another type or length */
export function readThread(leaf: KeyedNode<unknown>, index: number): Thread {
  const { view } = leaf;
  const at = leaf.data[index]!;
  const length = leaf.starts[index + 1]! - at;
  const recordType = recordTypeOf(leaf, index);
  if (recordType !== RecordType.folderThread && recordType !== RecordType.fileThread) {
    throw malformed(`expected a thread record, found the type ${recordType}`, leaf.offset + at, 'CatalogRecord.recordType');
  }
  const units = length < CatalogThread.size ? 0 : view.getUint16(at + 8);
  // Some writers always store the longest thread record (fsck_hfs takes that too), so only too short is wrong.
  if (length < CatalogThread.size + 2 * units) {
    throw malformed(`a thread record of ${length} bytes with a name of ${units} units`, leaf.offset + at, 'CatalogThread.nodeNameLength');
  }
  return { recordType, parent: view.getUint32(at + 4), name: readUnits(view, at + CatalogThread.size, units) };
}

/** Where a file's forks are described, in its record. */
const FORK_OFFSET = { data: 88, resource: 168 } as const;
export type ForkName = keyof typeof FORK_OFFSET;

/** One fork of a file record. @throws DisksealError `E_HFSPLUS` for a size beyond 2^53-1 */
export function readFork(item: CatalogItem, fork: ForkName): ForkPlace & { claim: Claim } {
  const at = item.at + FORK_OFFSET[fork];
  const { view } = item;
  const claim = { offset: item.offset + FORK_OFFSET[fork], field: `CatalogFile.${fork}Fork` };
  const high = view.getUint32(at);
  if (high > 0x1f_ffff) throw malformed('a size beyond 2^53-1', claim.offset, `${claim.field}.logicalSize`);
  return {
    logicalSize: high * 0x1_0000_0000 + view.getUint32(at + 4),
    totalBlocks: view.getUint32(at + 12),
    extents: readExtents(view, at + 16),
    claim,
  };
}

/** An extent record, up to the first empty extent. */
export function readExtents(view: DataView, at: number): ExtentDescriptor[] {
  const extents: ExtentDescriptor[] = [];
  for (let index = 0; index < EXTENTS_PER_RECORD; index++) {
    const blockCount = view.getUint32(at + 8 * index + 4);
    if (blockCount === 0) break;
    extents.push({ startBlock: view.getUint32(at + 8 * index), blockCount });
  }
  return extents;
}
