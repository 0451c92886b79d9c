/** File entries and the lists of folders, made when they are read. Source: ECMA-167 4/14.4, 4/14.9, 4/14.17. */
import { DisksealError } from '../../../../core/errors.ts';
import { sealTag } from '../descriptor-tag.ts';
import {
  Allocation,
  Characteristic,
  ExtendedFileEntry,
  FileEntry,
  FileIdentifier,
  FileType,
  IcbFlag,
  MAX_EXTENT,
  SECTOR,
  ShortAd,
  TagId,
} from '../structs.ts';
import { toTimestamp } from '../times.ts';
import { IMPLEMENTATION, type Revision, tagVersion } from './entities.ts';
import type { Icb, Link } from './tree-index.ts';

/** Where content lies: blocks of the partition. */
export interface Extent {
  readonly block: number;
  /** Bytes. */
  readonly length: number;
}

/** The first 16 are reserved (UDF 2.01 3.2.1.1). */
export function uniqueId({ number }: Icb): number {
  return number === 0 ? 0 : 15 + number;
}

function entryStruct(revision: Revision): typeof FileEntry | typeof ExtendedFileEntry {
  return revision === 0x0102 ? FileEntry : ExtendedFileEntry;
}

/** Bytes that a link's target may have to stand in its entry. */
export function embeddedRoom(revision: Revision): number {
  return SECTOR - entryStruct(revision).size;
}

/** The most that the descriptors in one entry can reach. @throws DisksealError `E_UDF` */
export function checkContentSize(size: number, path: string, revision: Revision): void {
  const limit = Math.floor(embeddedRoom(revision) / ShortAd.size) * MAX_EXTENT;
  if (size > limit) throw new DisksealError('E_UDF', `the file has ${size} bytes, a file entry holds ${limit}`, { path });
}

const TYPES = { folder: FileType.folder, file: FileType.file, symlink: FileType.symlink } as const;

/** One block with the entry of an ICB. @param content - where its bytes lie, or the bytes themselves */
export function encodeFileEntry(icb: Icb, block: number, content: Extent | Uint8Array, revision: Revision): Uint8Array {
  const struct = entryStruct(revision);
  const allocation = content instanceof Uint8Array ? content : encodeExtents(content);
  const size = content instanceof Uint8Array ? content.length : content.length;
  const entry = new Uint8Array(SECTOR);
  const { mode, uid, gid, times } = icb.metadata;
  struct.write(
    {
      icb: { ...ICB, fileType: TYPES[icb.kind], flags: flagsOf(mode, content instanceof Uint8Array) },
      uid,
      gid,
      permissions: permissionsOf(mode),
      links: icb.links,
      size,
      objectSize: size,
      recordedBlocks: content instanceof Uint8Array ? 0 : Math.ceil(size / SECTOR),
      accessed: toTimestamp(times.accessed),
      modified: toTimestamp(times.modified),
      created: toTimestamp(times.created ?? times.modified),
      changed: toTimestamp(times.changed),
      checkpoint: 1,
      implementation: IMPLEMENTATION,
      uniqueId: uniqueId(icb),
      allocationLength: allocation.length,
    },
    entry,
  );
  entry.set(allocation, struct.size);
  const tag = {
    identifier: revision === 0x0102 ? TagId.fileEntry : TagId.extendedFileEntry,
    version: tagVersion(revision),
    location: block,
  };
  sealTag(entry.subarray(0, struct.size + allocation.length), tag);
  return entry;
}

const ICB = { prior: 0, strategy: 4, strategyParameter: 0, maximumEntries: 1, reserved: 0, parentBlock: 0, parentPartition: 0 };

function encodeExtents({ block, length }: Extent): Uint8Array {
  const extents = new Uint8Array(Math.ceil(length / MAX_EXTENT) * ShortAd.size);
  for (let at = 0, done = 0; done < length; at += ShortAd.size, done += MAX_EXTENT) {
    ShortAd.write({ length: Math.min(MAX_EXTENT, length - done), block: block + done / SECTOR }, extents, at);
  }
  return extents;
}

function flagsOf(mode: number, embedded: boolean): number {
  const special = (mode & 0o4000 ? IcbFlag.setuid : 0) | (mode & 0o2000 ? IcbFlag.setgid : 0) | (mode & 0o1000 ? IcbFlag.sticky : 0);
  return special | (embedded ? Allocation.embedded : Allocation.short);
}

function permissionsOf(mode: number): number {
  return (((mode >> 6) & 7) << 10) | (((mode >> 3) & 7) << 5) | (mode & 7);
}

function identifierSize(nameLength: number): number {
  return Math.ceil((FileIdentifier.size + nameLength) / 4) * 4;
}

/** Bytes of a folder's list. */
export function listSize({ children }: Icb): number {
  return children.reduce((sum, { name }) => sum + identifierSize(name.length), identifierSize(0));
}

/** A folder's list, the parent first. @param firstBlock - of the list, in the partition @param blockOf - an ICB's block */
export function encodeList(folder: Icb, firstBlock: number, blockOf: (icb: Icb) => number, revision: Revision): Uint8Array {
  const list = new Uint8Array(listSize(folder));
  let at = 0;
  const add = ({ name, icb }: Link, characteristics: number): void => {
    const identifier = list.subarray(at, at + identifierSize(name.length));
    const place = { length: SECTOR, block: blockOf(icb), partition: 0, flags: 0, uniqueId: uniqueId(icb) };
    FileIdentifier.write({ version: 1, characteristics, nameLength: name.length, icb: place }, identifier);
    identifier.set(name, FileIdentifier.size);
    const location = firstBlock + Math.floor(at / SECTOR);
    sealTag(identifier, { identifier: TagId.fileIdentifier, version: tagVersion(revision), location });
    at += identifier.length;
  };
  add({ name: new Uint8Array(), icb: folder.parent ?? folder }, Characteristic.parent | Characteristic.folder);
  for (const link of folder.children) add(link, link.icb.kind === 'folder' ? Characteristic.folder : 0);
  return list;
}
