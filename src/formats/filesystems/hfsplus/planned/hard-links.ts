/**
 * Hard links as Apple's kernel makes them (TN1150, "Hard Links"; the chain fields from the public headers of Apple's hfs
 * project): the file itself, an inode, lies in a private folder, and each link is a file record that leads to it.
 */
import { DisksealError } from '../../../../core/errors.ts';
import { FINDER_INFO_SIZE } from '../finder-info.ts';
import { compareBinary } from '../names.ts';
import { FileMode, FinderFlag, FolderInfo, INODE_PREFIX, OwnerFlag, PRIVATE_FOLDER, RecordFlag } from '../structs.ts';
import { CatalogIndex, Column, cnidOf, Kind, type Row } from './catalog-index.ts';

/** The kernel's HFS_LINK_MAX. */
const MAX_LINKS = 32767;

/** What the kernel gives to the link records it makes. */
const LINK_MODE = FileMode.file | 0o444;
const ROOT_PLACE = 16384;

/**
 * Turns each group of two or more files into links to one inode, which is appended to the index.
 * @param groups - entries of each group in order; the first has forks, attributes and metadata
 * @param created - HFS Plus date of the private folder, which is also how a link is told from a file of type "hlnk"
 */
export function linkUp(index: CatalogIndex, groups: ReadonlyMap<string, readonly number[]>, created: number): void {
  const linked = [...groups.values()].filter((group) => group.length > 1);
  if (linked.length === 0) return;
  const folder = addPrivateFolder(index, linked.length, created);
  const inodes = new Map<number, number>();
  for (const group of linked) inodes.set(group[0]!, addInode(index, folder, group));
  for (const group of linked) writeLinks(index, group, inodes.get(group[0]!)!, created);
  for (const attribute of index.attributes) attribute.owner = inodes.get(attribute.owner) ?? attribute.owner;
  const sorted = [...inodes.values()].sort((a, b) => compareBinary(index.names[a]!, index.names[b]!));
  index.privateFolder = { entry: folder, inodes: sorted };
  index.set(0, { count: index.get(0, Column.count) + 1, subfolders: index.get(0, Column.subfolders) + 1 });
}

function addPrivateFolder(index: CatalogIndex, count: number, created: number): number {
  const row: Row = {
    kind: Kind.folder,
    parent: 0,
    mode: FileMode.folder,
    created,
    modified: created,
    changed: created,
    accessed: created,
    flags: OwnerFlag.immutable,
    recordFlags: RecordFlag.hasFolderCount,
    count,
  };
  const entry = index.add(PRIVATE_FOLDER);
  index.set(entry, row);
  const finderInfo = new Uint8Array(FINDER_INFO_SIZE);
  FolderInfo.write({ finderFlags: FinderFlag.invisible | FinderFlag.nameLocked, location: { v: ROOT_PLACE, h: ROOT_PLACE } }, finderInfo);
  index.finderInfo.set(entry, finderInfo);
  return entry;
}

function addInode(index: CatalogIndex, parent: number, group: readonly number[]): number {
  const first = group[0]!;
  if (group.length > MAX_LINKS) {
    throw new DisksealError('E_HFSPLUS', `the file has ${group.length} hard links, HFS+ holds ${MAX_LINKS}`, { path: index.path(first) });
  }
  const entry = index.add(`${INODE_PREFIX}${cnidOf(index.count)}`);
  index.copyRow(first, entry);
  const recordFlags = index.get(first, Column.recordFlags) | RecordFlag.hasLinkChain;
  index.set(entry, { kind: Kind.inode, parent, recordFlags, first: cnidOf(first), count: group.length });
  const finderInfo = index.finderInfo.get(first);
  index.finderInfo.delete(first);
  if (finderInfo) index.finderInfo.set(entry, finderInfo);
  return entry;
}

function writeLinks(index: CatalogIndex, group: readonly number[], inode: number, created: number): void {
  for (const [place, entry] of group.entries()) {
    const previous = group[place - 1];
    const next = group[place + 1];
    index.set(entry, {
      kind: Kind.link,
      mode: LINK_MODE,
      uid: previous === undefined ? 0 : cnidOf(previous),
      gid: next === undefined ? 0 : cnidOf(next),
      created,
      modified: created,
      changed: created,
      accessed: created,
      backedUp: 0,
      flags: OwnerFlag.immutable,
      recordFlags: RecordFlag.threadExists | RecordFlag.hasLinkChain,
      dataFork: 0,
      resourceFork: 0,
      first: cnidOf(inode),
      count: 0,
    });
  }
}
