/**
 * Reads a tree's names, sizes and metadata and numbers everything: folder by folder, depth first, children in the order
 * of the catalog. The order in which the tree gives its children therefore never shows in the volume.
 */

import { bytesDisk, type Disk } from '../../../../core/disk.ts';
import { DisksealError } from '../../../../core/errors.ts';
import type { Entry, File, FileTree, Folder, SymbolicLink } from '../../../../core/file-tree.ts';
import { checkAttributeName, compareBinary, storedName } from '../names.ts';
import { join, sortedChildren } from '../sorted-children.ts';
import { storedMetadata, type Warn } from '../stored-metadata.ts';
import { FileMode, RecordFlag } from '../structs.ts';
import { CatalogIndex, Column, Kind } from './catalog-index.ts';
import { linkUp } from './hard-links.ts';

export interface IndexingOptions {
  readonly caseSensitive: boolean;
  /** HFS Plus date of what the format itself adds. */
  readonly created: number;
  readonly warn?: Warn | undefined;
}

/**
 * The largest value that a record of the attributes file holds, with its nodes of 8192 bytes: half a node less the
 * longest key and the record's own fields (the kernel's rule; two records must fit a node).
 */
const MAX_INLINE_ATTRIBUTE = 3802;
/** UF_IMMUTABLE and SF_IMMUTABLE in st_flags. */
const IMMUTABLE = 0x2_0002;
const ACCESS_CONTROL_LIST = 'com.apple.system.Security';
/** These have places of their own in a FileTree. */
const NOT_ATTRIBUTES = ['com.apple.FinderInfo', 'com.apple.ResourceFork'];
/** The kernel's MAXPATHLEN, above which it reads no link. */
const MAX_TARGET = 1024;
/** As deep as core's `walk` goes. */
const MAX_DEPTH = 512;

interface Indexing {
  readonly index: CatalogIndex;
  readonly options: IndexingOptions;
  /** Link groups, each with its entries in order. */
  readonly groups: Map<string, number[]>;
}

interface WaitingFolder {
  readonly folder: Folder;
  readonly entry: number;
  readonly path: string;
  readonly depth: number;
}

/** @throws DisksealError `E_HFSPLUS`, `E_UNSUPPORTED` with the path of what HFS+ cannot hold */
export async function indexTree(tree: FileTree, options: IndexingOptions): Promise<CatalogIndex> {
  const indexing = { index: new CatalogIndex(), options, groups: new Map<string, number[]>() };
  addEntry(indexing, tree.root, storedName(tree.root.name, ''), 0, '');
  const waiting: WaitingFolder[] = [{ folder: tree.root, entry: 0, path: '', depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const subfolders = await addChildren(indexing, next);
    // The stack is taken from its end, and the first folder comes first.
    for (const subfolder of subfolders.reverse()) waiting.push(subfolder);
  }
  linkUp(indexing.index, indexing.groups, options.created);
  return indexing.index;
}

async function addChildren(indexing: Indexing, { folder, entry, path, depth }: WaitingFolder): Promise<WaitingFolder[]> {
  const { index, options } = indexing;
  const first = index.count;
  const subfolders: WaitingFolder[] = [];
  for (const { entry: child, stored } of await sortedChildren(folder, path, options.caseSensitive)) {
    const childPath = join(path, child.name);
    const added = addEntry(indexing, child, stored, entry, childPath);
    if (child.type === 'folder') subfolders.push({ folder: child, entry: added, path: childPath, depth: depth + 1 });
  }
  if (depth > MAX_DEPTH) throw new DisksealError('E_UNSUPPORTED', `folders are nested more than ${MAX_DEPTH} deep`, { path });
  index.set(entry, { first, count: index.count - first, subfolders: subfolders.length });
  return subfolders;
}

function addEntry(indexing: Indexing, source: Entry, stored: string, parent: number, path: string): number {
  const { index, options } = indexing;
  const metadata = storedMetadata(source, path, options.warn);
  const entry = index.add(stored, source.name);
  index.setMetadata(entry, metadata);
  const mode = metadata.mode | TYPE_BITS[source.type];
  index.set(entry, { parent, count: 1, mode, kind: Kind[source.type], recordFlags: recordFlags(source, options) });
  if (source.type === 'file' && joinsGroup(indexing, source, entry, path)) return entry;
  if (metadata.finderInfo) index.finderInfo.set(entry, metadata.finderInfo);
  if (source.type === 'file') addForks(index, source, entry, path);
  if (source.type === 'symlink') index.set(entry, { dataFork: index.forks.add(targetOf(source, path), path) });
  addAttributes(index, source, entry, path);
  return entry;
}

const TYPE_BITS = { folder: FileMode.folder, file: FileMode.file, symlink: FileMode.symlink } as const;

function recordFlags(source: Entry, { caseSensitive }: IndexingOptions): number {
  let flags = source.type === 'folder' ? 0 : RecordFlag.threadExists;
  // The kernel takes the immutable flags from a file that is not locked too (xnu's hfs, getbsdattr).
  if (source.type !== 'folder' && ((source.flags ?? 0) & IMMUTABLE) !== 0) flags |= RecordFlag.locked;
  // HFSX counts the folders in a folder; HFS Plus does so in the private ones only.
  if (source.type === 'folder' && caseSensitive) flags |= RecordFlag.hasFolderCount;
  if (source.xattrs && source.xattrs.size > 0) flags |= RecordFlag.hasAttributes;
  if (source.xattrs?.has(ACCESS_CONTROL_LIST)) flags |= RecordFlag.hasSecurity;
  return flags;
}

/** True for a further link to a file that is there already: forks, attributes and metadata are the first one's. */
function joinsGroup({ index, groups }: Indexing, source: File, entry: number, path: string): boolean {
  if (source.linkGroup === undefined) return false;
  const group = groups.get(source.linkGroup);
  if (!group) {
    groups.set(source.linkGroup, [entry]);
    return false;
  }
  const size = forkSize(index, group[0]!);
  if (size !== source.content.size) {
    throw new DisksealError(
      'E_HFSPLUS',
      `it has ${source.content.size} bytes, but "${index.path(group[0]!)}", a hard link to the same file, has ${size}`,
      { path },
    );
  }
  group.push(entry);
  return true;
}

function forkSize(index: CatalogIndex, entry: number): number {
  const fork = index.get(entry, Column.dataFork);
  return fork === 0 ? 0 : index.forks.content(fork).size;
}

function addForks(index: CatalogIndex, file: File, entry: number, path: string): void {
  const dataFork = index.forks.add(file.content, path);
  const resourceFork = file.resourceFork ? index.forks.add(file.resourceFork, path) : 0;
  index.set(entry, { dataFork, resourceFork });
}

/** The target is the data fork: UTF-8 without a NUL at its end. */
function targetOf({ target }: SymbolicLink, path: string): Disk {
  const bytes = new TextEncoder().encode(target);
  const fault = targetFault(target, bytes.length);
  if (fault) throw new DisksealError('E_HFSPLUS', `the target of the symbolic link ${fault}`, { path });
  return bytesDisk(bytes);
}

function targetFault(target: string, size: number): string | undefined {
  if (size === 0) return 'is empty';
  if (size > MAX_TARGET) return `has ${size} bytes, the system follows ${MAX_TARGET}`;
  if (target.includes('\0')) return 'has a NUL';
  return isWellFormed(target) ? undefined : 'is not well-formed Unicode';
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function addAttributes(index: CatalogIndex, { xattrs }: Entry, entry: number, path: string): void {
  if (!xattrs) return;
  for (const [name, value] of [...xattrs].sort(([a], [b]) => compareBinary(a, b))) {
    checkAttributeName(name, path);
    if (NOT_ATTRIBUTES.includes(name)) throw new DisksealError('E_HFSPLUS', `${name} has a place of its own, it is no attribute`, { path });
    const fork = value.size > MAX_INLINE_ATTRIBUTE ? index.forks.add(value, path) : 0;
    index.attributes.push({ owner: entry, name, value, fork });
  }
}
