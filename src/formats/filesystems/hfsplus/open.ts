/**
 * Opens an HFS Plus or HFSX volume as a FileTree: lazily, through the given disk only, and trusting nothing.
 * Sources: TN1150; hfs_format.h for what came later (attributes, link chains).
 *
 * Each folder must be where its own thread record says, so that no folder is reached by two ways: what is walked is a tree,
 * whatever the catalog says. Folders of the filesystem's own (private folders, the journal's files) are not shown.
 * Left out: hard links to folders (Time Machine makes them), device files, journals that hold changes, files compressed
 * by the filesystem (listed, but not read): `E_UNSUPPORTED`, by name.
 */
import { bytesDisk, type Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, File, FileTree, Folder, Metadata, SymbolicLink } from '../../../core/file-tree.ts';
import { attributesOf } from './attributes.ts';
import type { CatalogKey } from './btree/key.ts';
import type { Found, KeyedNode } from './btree/tree.ts';
import { type CatalogItem, type ForkName, readFork, readItem } from './catalog.ts';
import { toUnix, UNIX_EPOCH } from './dates.ts';
import { compressedContent, DECMPFS_ATTRIBUTE } from './decmpfs.ts';
import { FINDER_INFO_SIZE, visibleFinderInfo } from './finder-info.ts';
import { extentsInRecord, forkDisk } from './fork.ts';
import { type HardLinks, hardLinks, isFolderLink, isHardLink } from './hard-links.ts';
import { requireQuietJournal } from './journal.ts';
import { malformed } from './malformed.ts';
import { toPosix, toStored } from './names.ts';
import {
  Cnid,
  FileMode,
  ForkType,
  OwnerFlag,
  PRIVATE_DIRECTORY_FOLDER,
  PRIVATE_FOLDER,
  RecordFlag,
  RecordType,
  VolumeAttribute,
  type VolumeHeader,
} from './structs.ts';
import { forkExtents, openVolume, type Place, rootFolder, threadOf, type Volume } from './volume.ts';

export interface OpenOptions {
  /** Reads a volume although its journal holds changes that were not written: what is seen may be old or torn. */
  readonly ignoreJournal?: boolean | undefined;
}

export interface HfsPlusTree extends FileTree {
  readonly header: VolumeHeader;
  readonly caseSensitive: boolean;
}

/**
 * Opens a volume. Reads its header, the trees' first nodes and the root's records; folders are read when asked for.
 * `child(name)` finds a name as the volume does: decomposed, and on HFS+ without regard to case.
 * Memory: at most 4 MiB of nodes per tree, and what one folder's records say.
 * @throws DisksealError `E_HFSPLUS` with offset and field for whatever is not as it must be, here and from every folder and
 *   file; `E_UNSUPPORTED`
 */
export async function open(disk: Disk, options: OpenOptions = {}): Promise<HfsPlusTree> {
  const volume = await openVolume(disk);
  if (!options.ignoreJournal) await requireQuietJournal(disk, volume.header);
  const root = await rootFolder(volume);
  const reader = new Reader(volume, await hardLinks(volume, root.item));
  return { root: await reader.folder(root.item, root), header: volume.header, caseSensitive: volume.caseSensitive };
}

/** Inodes kept for the next link to them, which mostly follows soon. */
const KEPT_INODES = 256;

/** A longer target is no path on any system (PATH_MAX). */
const MAX_TARGET_BYTES = 4096;

class Reader {
  readonly #volume: Volume;
  readonly #links: HardLinks;
  /** What of the root is not shown, in the order of the catalog's keys. */
  readonly #hidden: ReadonlySet<string>;
  readonly #inodes = new Map<number, Promise<File | SymbolicLink>>();

  constructor(volume: Volume, links: HardLinks) {
    this.#volume = volume;
    this.#links = links;
    const journal = volume.header.attributes & VolumeAttribute.journaled ? ['.journal', '.journal_info_block'] : [];
    const names = [PRIVATE_FOLDER, PRIVATE_DIRECTORY_FOLDER, ...journal];
    this.#hidden = new Set(names.map((name) => volume.catalogKey(Cnid.root, name).order));
  }

  async folder(item: CatalogItem, place: Place): Promise<Folder> {
    const xattrs = await this.#attributes(item, place);
    return {
      type: 'folder',
      ...metadata(item, toPosix(place.name)),
      ...(xattrs.size > 0 ? { xattrs } : {}),
      children: () => this.#children(item, place),
      child: (name) => this.#child(item, place, name),
    };
  }

  async *#children(folder: CatalogItem, place: Place): AsyncGenerator<Entry> {
    const found = await this.#thread(folder, place);
    let leaf: KeyedNode<CatalogKey> | undefined = found.leaf;
    const ambiguous = new Set<string>();
    for (let index = found.index + 1; leaf; index = 0) {
      for (; index < leaf.count; index++) {
        const key = leaf.keys[index]!;
        if (key.parent !== folder.id) return;
        if (this.#isHidden(key)) continue;
        requireDistinct(ambiguous, key.name, leaf.offset + leaf.starts[index]!);
        yield this.#entry(leaf, index);
      }
      leaf = await this.#volume.catalog.after(leaf);
    }
  }

  async #child(folder: CatalogItem, place: Place, name: string): Promise<Entry | undefined> {
    if (name === '' || name.includes('/') || name.includes('\0')) return undefined;
    await this.#thread(folder, place);
    const found = await this.#volume.catalog.get(this.#volume.catalogKey(folder.id, toStored(name)));
    if (!found || this.#isHidden(found.leaf.keys[found.index]!)) return undefined;
    return this.#entry(found.leaf, found.index);
  }

  /**
   * The thread record of a folder or file, which must name the place where it was found: then nothing is reached by two ways,
   * and no volume can ask for more work than it has records.
   */
  async #thread(item: CatalogItem, place: Place): Promise<Found<CatalogKey>> {
    const recordType = item.recordType === RecordType.folder ? RecordType.folderThread : RecordType.fileThread;
    const { leaf, index, thread } = await threadOf(this.#volume, item.id, recordType);
    const { catalogKey, catalog } = this.#volume;
    if (catalog.keys.compare(catalogKey(thread.parent, thread.name), catalogKey(place.parent, place.name)) !== 0) {
      const message = `${item.id} is in folder ${place.parent}, its thread record says ${thread.parent}`;
      throw malformed(message, leaf.offset + leaf.data[index]!, 'CatalogThread.parentID');
    }
    return { leaf, index };
  }

  #isHidden(key: CatalogKey): boolean {
    return key.parent === Cnid.root && this.#hidden.has(key.order);
  }

  /** A plain file is made at once, which matters in a folder of a hundred thousand; what needs more reading comes later. */
  #entry(leaf: KeyedNode<CatalogKey>, index: number): Entry | Promise<Entry> {
    const key = leaf.keys[index]!;
    const item = readItem(leaf, index);
    if (key.name === '' || key.name === '.' || key.name === '..') {
      throw malformed(`"${key.name}" is not a name`, leaf.offset + leaf.starts[index]!, 'CatalogKey.nodeName');
    }
    if (item.recordType === RecordType.folder) return this.folder(item, key);
    if (isFolderLink(item)) {
      throw new DisksealError('E_UNSUPPORTED', `"${toPosix(key.name)}" is a hard link to a folder, which is not read`, {
        offset: item.offset,
      });
    }
    if (isHardLink(item, this.#links)) return this.#linked(item, key.name);
    return this.#plainFile(item, key.name) ?? this.#file(item, key, key.name);
  }

  async #linked(link: CatalogItem, name: string): Promise<Entry> {
    const kept = this.#inodes.get(link.special);
    const inode = kept ?? this.#inode(link, name);
    this.#inodes.delete(link.special);
    this.#inodes.set(link.special, inode);
    if (!kept) {
      inode.catch(() => this.#inodes.delete(link.special));
      if (this.#inodes.size > KEPT_INODES) this.#inodes.delete(this.#inodes.keys().next().value!);
    }
    return { ...(await inode), name: toPosix(name) };
  }

  async #inode(link: CatalogItem, name: string): Promise<File | SymbolicLink> {
    const { item, place } = await this.#links.inode(link);
    const entry = await this.#file(item, place, name);
    return entry.type === 'file' ? { ...entry, linkGroup: `inode ${link.special}` } : entry;
  }

  /** A regular file whose record says all there is. */
  #plainFile(item: CatalogItem, name: string): File | undefined {
    const type = item.fileMode & FileMode.typeMask;
    if ((type !== FileMode.file && type !== 0) || hasAttributes(item)) return undefined;
    const content = this.#shortFork(item, 'data');
    const resourceFork = this.#shortFork(item, 'resource');
    if (!content || !resourceFork) return undefined;
    return { type: 'file', ...metadata(item, toPosix(name)), content, ...(resourceFork.size > 0 ? { resourceFork } : {}) };
  }

  /** @param place - where the record is @param stored - the name to give, a link's for an inode */
  async #file(item: CatalogItem, place: Place, stored: string): Promise<File | SymbolicLink> {
    const name = toPosix(stored);
    const type = item.fileMode & FileMode.typeMask;
    const xattrs = await this.#attributes(item, place);
    const content = await this.#fork(item, place, 'data');
    if (type === FileMode.symlink) {
      const target = await readTarget(content, name, item.offset);
      return { type: 'symlink', ...metadata(item, name), ...(xattrs.size > 0 ? { xattrs } : {}), target };
    }
    if (type !== FileMode.file && type !== 0) {
      throw new DisksealError('E_UNSUPPORTED', `"${name}" is a device, pipe or socket (mode 0${item.fileMode.toString(8)})`, {
        offset: item.offset,
      });
    }
    const compressed = await this.#compressed(item, name, xattrs);
    // A compressed file's resource fork is its compressed content, which macOS does not show.
    if (compressed) xattrs.delete(DECMPFS_ATTRIBUTE);
    const resourceFork = compressed ? EMPTY : await this.#fork(item, place, 'resource');
    return {
      type: 'file',
      ...metadata(item, name),
      ...(xattrs.size > 0 ? { xattrs } : {}),
      content: compressed ?? content,
      ...(resourceFork.size > 0 ? { resourceFork } : {}),
    };
  }

  async #compressed(item: CatalogItem, name: string, xattrs: ReadonlyMap<string, Disk>): Promise<Disk | undefined> {
    const attribute = item.ownerFlags & OwnerFlag.compressed ? xattrs.get(DECMPFS_ATTRIBUTE) : undefined;
    return attribute && compressedContent(attribute, name, item.offset);
  }

  async #attributes(item: CatalogItem, place: Place): Promise<Map<string, Disk>> {
    if (!hasAttributes(item)) return new Map();
    await this.#thread(item, place);
    return attributesOf(this.#volume, item.id);
  }

  /** A fork of at most eight extents. */
  #shortFork(item: CatalogItem, name: ForkName): Disk | undefined {
    const fork = readFork(item, name);
    const extents = extentsInRecord(this.#volume.blocks, fork, fork.claim);
    return extents && forkDisk(this.#volume.blocks, extents, fork.logicalSize);
  }

  async #fork(item: CatalogItem, place: Place, name: ForkName): Promise<Disk> {
    const short = this.#shortFork(item, name);
    if (short) return short;
    await this.#thread(item, place);
    const fork = readFork(item, name);
    const extents = await forkExtents(this.#volume, item.id, ForkType[name], fork);
    return forkDisk(this.#volume.blocks, extents, fork.logicalSize);
  }
}

const EMPTY = bytesDisk(new Uint8Array(0));

/** The kernel looks for attributes only where the record says that there are some (xnu, hfs_vnop_listxattr). */
function hasAttributes(item: CatalogItem): boolean {
  return (item.flags & (RecordFlag.hasAttributes | RecordFlag.hasSecurity)) !== 0;
}

function metadata(item: CatalogItem, name: string): Metadata {
  const { fileMode, ownerID, groupID, adminFlags, ownerFlags } = item;
  const flags = adminFlags * 0x1_0000 + ownerFlags;
  const finderInfo = finderInfoOf(item);
  return {
    name,
    // Mac OS 9 wrote no modes; these are what macOS shows then.
    mode: fileMode === 0 ? (item.recordType === RecordType.folder ? 0o755 : 0o644) : fileMode & FileMode.permissions,
    uid: ownerID,
    gid: groupID,
    times: {
      created: toUnix(item.createDate),
      modified: item.contentModDate - UNIX_EPOCH,
      changed: toUnix(item.attributeModDate),
      accessed: toUnix(item.accessDate),
      backedUp: toUnix(item.backupDate),
    },
    ...(flags !== 0 ? { flags } : {}),
    ...(finderInfo ? { finderInfo } : {}),
  };
}

function finderInfoOf({ view, at, fileMode }: CatalogItem): Uint8Array | undefined {
  const stored = new Uint8Array(view.buffer, view.byteOffset + at + 48, FINDER_INFO_SIZE);
  return visibleFinderInfo(stored, (fileMode & FileMode.typeMask) === FileMode.symlink);
}

async function readTarget(content: Disk, name: string, offset: number): Promise<string> {
  const field = 'CatalogFile.dataFork.logicalSize';
  if (content.size > MAX_TARGET_BYTES)
    throw malformed(`the symbolic link "${name}" has a target of ${content.size} bytes`, offset + 88, field);
  const bytes = await content.read(0, content.size);
  if (bytes.includes(0)) throw malformed(`the target of the symbolic link "${name}" has a NUL`, offset + 88, 'CatalogFile.dataFork');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed(`the target of the symbolic link "${name}" is not UTF-8`, offset + 88, 'CatalogFile.dataFork');
  }
}

/** Names whose POSIX form another stored name has too: "/" and ":" both show as ":", NUL and its picture as the picture. */
function requireDistinct(seen: Set<string>, stored: string, offset: number): void {
  const name = toPosix(stored);
  if (!name.includes(':') && !name.includes('\u2400')) return;
  if (seen.has(name)) throw malformed(`two names show as "${name}"`, offset, 'CatalogKey.nodeName');
  seen.add(name);
}
