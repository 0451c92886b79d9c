/**
 * Checks the catalog's records: each by itself as they come, and all together at the end.
 * Sources: TN1150 "Catalog File", "Hard Links"; what fsck_hfs refuses (CatalogCheck.c).
 * Memory: one small object for each file and folder.
 */
import type { CatalogKey } from '../btree/key.ts';
import type { KeyedNode } from '../btree/tree.ts';
import { type CatalogItem, type ForkName, readItem, readThread, recordTypeOf } from '../catalog.ts';
import { hasType } from '../hard-links.ts';
import { decompose } from '../names.ts';
import {
  CatalogThread,
  Cnid,
  FILE_CREATOR,
  FILE_TYPE,
  FileMode,
  ForkData,
  ForkType,
  RecordFlag,
  RecordType,
  SIGNATURE_HFSX,
  VOLUME_HEADER_OFFSET,
  VolumeAttribute,
  type VolumeHeader,
} from '../structs.ts';
import type { ExtentsCheck } from './extents.ts';
import type { Faults } from './faults.ts';
import { LinksCheck } from './hard-links.ts';

/** What is kept of a file or folder. */
interface Kept {
  readonly isFolder: boolean;
  readonly parent: number;
  readonly name: string;
  readonly offset: number;
  readonly flags: number;
  readonly valence: number;
  readonly folderCount: number;
  /** Set when its thread record has come. */
  threaded?: boolean;
}

/** What lies directly in a folder, counted record by record. */
interface Inside {
  records: number;
  folders: number;
}

interface KeptThread {
  readonly isFolder: boolean;
  readonly parent: number;
  readonly name: string;
  readonly offset: number;
}

/** Bits that mean something (hfs_format.h). */
const KNOWN_FLAGS = Object.values(RecordFlag).reduce((all, flag) => all | flag, 0);
const FOLDER_NEVER = RecordFlag.locked | RecordFlag.threadExists;
const ATTRIBUTE_FLAGS = RecordFlag.hasAttributes | RecordFlag.hasSecurity;
const JOURNAL_FILES = ['.journal', '.journal_info_block'];

export class CatalogCheck {
  readonly #faults: Faults;
  readonly #extents: ExtentsCheck;
  readonly #header: VolumeHeader;
  readonly #items = new Map<number, Kept>();
  readonly #threads = new Map<number, KeptThread>();
  readonly #inside = new Map<number, Inside>();
  readonly #links: LinksCheck;
  #files = 0;
  #folders = 0;
  #highest: number = Cnid.firstUser - 1;

  constructor(header: VolumeHeader, extents: ExtentsCheck, faults: Faults) {
    this.#header = header;
    this.#extents = extents;
    this.#faults = faults;
    this.#links = new LinksCheck(faults);
  }

  /** Takes one record, in the order of keys. */
  record(leaf: KeyedNode<CatalogKey>, index: number): void {
    const type = recordTypeOf(leaf, index);
    if (type === RecordType.folderThread || type === RecordType.fileThread) this.#thread(leaf, index);
    else this.#item(leaf, index);
  }

  #thread(leaf: KeyedNode<CatalogKey>, index: number): void {
    const key = leaf.keys[index]!;
    const at = leaf.data[index]!;
    const offset = leaf.offset + at;
    const { recordType, parent, name } = readThread(leaf, index);
    const length = leaf.starts[index + 1]! - at;
    if (key.name !== '')
      this.#faults.error('thread', `the key of a thread record has the name "${key.name}"`, offset, 'CatalogKey.nodeName');
    if (length !== CatalogThread.size + 2 * name.length) {
      // fsck_hfs takes the longest form too; Apple's own volumes never have it.
      this.#faults.warning('record-length', `a thread record has ${length} bytes for a name of ${name.length} units`, offset);
    }
    if (leaf.view.getInt16(at + 2) !== 0)
      this.#faults.warning('reserved-field', 'a reserved field of a thread record is not zero', offset + 2);
    this.#threads.set(key.parent, { isFolder: recordType === RecordType.folderThread, parent, name, offset });
  }

  #item(leaf: KeyedNode<CatalogKey>, index: number): void {
    const key = leaf.keys[index]!;
    const item = readItem(leaf, index);
    const isFolder = item.recordType === RecordType.folder;
    this.#identity(item, key, isFolder);
    this.#name(key, leaf.offset + leaf.starts[index]!);
    this.#flagsAndMode(item, isFolder);
    this.#count(key.parent, isFolder);
    if (isFolder) this.#links.folder(item, key);
    else this.#file(item, key);
    this.#keep(item, key, isFolder);
  }

  #keep(item: CatalogItem, key: CatalogKey, isFolder: boolean): void {
    if (this.#items.has(item.id)) {
      this.#faults.error('duplicate-id', `two records have the id ${item.id}`, item.offset + 8, 'CatalogRecord.id');
      return;
    }
    this.#items.set(item.id, {
      isFolder,
      parent: key.parent,
      name: key.name,
      offset: item.offset,
      flags: item.flags,
      valence: item.valence,
      folderCount: isFolder ? item.view.getUint32(item.at + 84) : 0,
    });
  }

  #count(parent: number, isFolder: boolean): void {
    if (isFolder) this.#folders++;
    else this.#files++;
    let inside = this.#inside.get(parent);
    if (!inside) this.#inside.set(parent, (inside = { records: 0, folders: 0 }));
    inside.records++;
    if (isFolder) inside.folders++;
  }

  #identity(item: CatalogItem, key: CatalogKey, isFolder: boolean): void {
    const isRoot = item.id === Cnid.root && isFolder;
    if (item.id < Cnid.firstUser && !isRoot) {
      this.#faults.error(
        'catalog-id',
        `a ${isFolder ? 'folder' : 'file'} has the reserved id ${item.id}`,
        item.offset + 8,
        'CatalogRecord.id',
      );
    }
    if ((key.parent === Cnid.rootParent) !== isRoot) {
      this.#faults.error(
        'orphan',
        `${isRoot ? 'the root' : `"${key.name}"`} lies in folder ${key.parent}`,
        item.offset,
        'CatalogKey.parentID',
      );
    }
    this.#highest = Math.max(this.#highest, item.id);
  }

  #name({ name }: CatalogKey, offset: number): void {
    // A ":" separated paths before Mac OS X and is never stored; a "/" stands for it. A NUL is no fault: xnu stores U+2400 so.
    const isBad = name === '' || name === '.' || name === '..' || name.includes(':');
    if (isBad) this.#faults.error('name', `"${name}" is not a name`, offset, 'CatalogKey.nodeName');
    else if (decompose(name) !== name) this.#faults.error('name', `"${name}" is not decomposed`, offset, 'CatalogKey.nodeName');
  }

  #flagsAndMode({ flags, fileMode, offset, id }: CatalogItem, isFolder: boolean): void {
    const wrong = isFolder ? (flags & FOLDER_NEVER) !== 0 : (flags & RecordFlag.threadExists) === 0;
    if (wrong || (flags & ~KNOWN_FLAGS) !== 0) {
      this.#faults.error(
        'record-flags',
        `${isFolder ? 'folder' : 'file'} ${id} has the flags 0x${flags.toString(16)}`,
        offset + 2,
        'CatalogRecord.flags',
      );
    }
    // Zero: written by Mac OS 9, which had no modes.
    if (fileMode === 0) return;
    const type = fileMode & FileMode.typeMask;
    if (isFolder ? type !== FileMode.folder : !FILE_TYPES.has(type)) {
      this.#faults.error(
        'file-mode',
        `${isFolder ? 'folder' : 'file'} ${id} has the mode 0${fileMode.toString(8)}`,
        offset + 42,
        'BsdInfo.fileMode',
      );
    }
  }

  #file(item: CatalogItem, key: CatalogKey): void {
    this.#fork(item, 'data');
    this.#fork(item, 'resource');
    if (item.view.getUint32(item.at + 84) !== 0) {
      this.#faults.warning('reserved-field', `a reserved field of file ${item.id} is not zero`, item.offset + 84, 'CatalogFile.reserved2');
    }
    this.#symlink(item);
    const isJournal = key.parent === Cnid.root && JOURNAL_FILES.includes(key.name);
    if (!isJournal) this.#links.file(item, key);
  }

  #fork(item: CatalogItem, name: ForkName): void {
    const at = name === 'data' ? 88 : 168;
    const bytes = new Uint8Array(item.view.buffer, item.view.byteOffset, item.view.byteLength);
    const claim = { offset: item.offset + at, field: `CatalogFile.${name}Fork` };
    try {
      this.#extents.fork(item.id, ForkType[name], ForkData.read(bytes, item.at + at, item.offset - item.at), claim);
    } catch (error) {
      this.#faults.caught('fork-size', error);
    }
  }

  #symlink(item: CatalogItem): void {
    const isSymlink = (item.fileMode & FileMode.typeMask) === FileMode.symlink;
    if (isSymlink !== hasType(item, FILE_TYPE.symlink, FILE_CREATOR.symlink)) {
      this.#faults.error(
        'symbolic-link',
        `file ${item.id} is a symbolic link by mode or by type, not by both`,
        item.offset + 48,
        'FileInfo.fileType',
      );
    }
    const size = item.view.getUint32(item.at + 92);
    if (isSymlink && (size === 0 || size > 1024)) {
      this.#faults.error(
        'symbolic-link',
        `the target of the symbolic link ${item.id} has ${size} bytes`,
        item.offset + 88,
        'CatalogFile.dataFork',
      );
    }
  }

  /** What can be said when all records have come. */
  finish(): void {
    this.#parents();
    this.#compareThreads();
    for (const [id, item] of this.#items) if (item.isFolder) this.#folder(id, item);
    this.#cycles();
    this.#links.finish(this.#header);
    this.#counts();
  }

  #parents(): void {
    for (const [id, { parent, isFolder, offset }] of this.#items) {
      if (parent === Cnid.rootParent || this.#items.get(parent)?.isFolder) continue;
      this.#faults.error('orphan', `${isFolder ? 'folder' : 'file'} ${id} lies in folder ${parent}, which does not exist`, offset);
    }
  }

  #compareThreads(): void {
    for (const [id, thread] of this.#threads) {
      const item = this.#items.get(id);
      if (!item) {
        this.#faults.error('thread', `a thread record of ${id}, which has no other record`, thread.offset);
        continue;
      }
      item.threaded = true;
      if (thread.isFolder !== item.isFolder)
        this.#faults.error('thread', `the thread record of ${id} is of the other kind`, thread.offset, 'CatalogThread.recordType');
      if (thread.parent !== item.parent) {
        this.#faults.error(
          'thread',
          `${id} lies in folder ${item.parent}, its thread record says ${thread.parent}`,
          thread.offset,
          'CatalogThread.parentID',
        );
      }
      if (thread.name !== item.name) {
        this.#faults.error(
          'thread',
          `${id} is called "${item.name}", its thread record says "${thread.name}"`,
          thread.offset,
          'CatalogThread.nodeName',
        );
      }
    }
    for (const [id, item] of this.#items) if (!item.threaded) this.#faults.error('thread', `${id} has no thread record`, item.offset);
  }

  #folder(id: number, { valence, flags, folderCount, offset }: Kept): void {
    const { records, folders } = this.#inside.get(id) ?? { records: 0, folders: 0 };
    if (valence !== records) {
      this.#faults.error('valence', `folder ${id} claims ${valence} entries, it has ${records}`, offset + 4, 'CatalogFolder.valence');
    }
    const counted = (flags & RecordFlag.hasFolderCount) !== 0;
    const wanted = folders + this.#links.folderLinksIn(id);
    if (counted && folderCount !== wanted) {
      this.#faults.error(
        'folder-count',
        `folder ${id} claims ${folderCount} folders, it has ${wanted}`,
        offset + 84,
        'CatalogFolder.folderCount',
      );
    }
    if (!counted && this.#header.signature === SIGNATURE_HFSX) {
      this.#faults.warning('record-flags', `folder ${id} has no folder count, which HFSX volumes have`, offset + 2, 'CatalogFolder.flags');
    }
  }

  /** Folders that lie in themselves: each is followed up to the root, or to one that was followed before. */
  #cycles(): void {
    const rooted = new Set<number>([Cnid.rootParent, Cnid.root]);
    for (const start of this.#items.keys()) {
      const way: number[] = [];
      const onWay = new Set<number>();
      let id = start;
      while (!rooted.has(id) && !onWay.has(id) && this.#items.has(id)) {
        way.push(id);
        onWay.add(id);
        id = this.#items.get(id)!.parent;
      }
      if (onWay.has(id)) this.#faults.error('orphan', `folder ${id} lies in itself`, this.#items.get(id)!.offset);
      for (const id of way) rooted.add(id);
    }
  }

  #counts(): void {
    const { fileCount, folderCount, nextCatalogID, attributes } = this.#header;
    const wrong = (code: 'file-count' | 'folder-count' | 'next-catalog-id', message: string, at: number, field: keyof VolumeHeader) =>
      this.#faults.error(code, message, VOLUME_HEADER_OFFSET + at, `VolumeHeader.${field}`);
    const folders = this.#folders - 1;
    if (!this.#items.get(Cnid.root)?.isFolder) this.#faults.error('orphan', 'there is no root folder', VOLUME_HEADER_OFFSET + 272);
    if (fileCount !== this.#files) wrong('file-count', `${fileCount} files are claimed, there are ${this.#files}`, 32, 'fileCount');
    if (folderCount !== folders) wrong('folder-count', `${folderCount} folders are claimed, there are ${folders}`, 36, 'folderCount');
    // When the numbers have been used up they begin anew (TN1150, "Catalog Node IDs").
    const reused = (attributes & VolumeAttribute.catalogNodeIDsReused) !== 0;
    if (nextCatalogID < Cnid.firstUser || (!reused && nextCatalogID <= this.#highest)) {
      wrong('next-catalog-id', `the next id is ${nextCatalogID}, the highest in use ${this.#highest}`, 64, 'nextCatalogID');
    }
  }

  /** The flags of a file's or folder's record; undefined when there is none. */
  flagsOf(id: number): number | undefined {
    return this.#items.get(id)?.flags;
  }

  /** Records that claim to have attributes. */
  *withAttributes(): Generator<{ id: number; flags: number; offset: number }> {
    for (const [id, { flags, offset }] of this.#items) if (flags & ATTRIBUTE_FLAGS) yield { id, flags: flags & ATTRIBUTE_FLAGS, offset };
  }
}

/** S_IFREG, S_IFLNK, and the kinds of device, pipe and socket that fsck_hfs takes. */
const FILE_TYPES: ReadonlySet<number> = new Set([FileMode.file, FileMode.symlink, 0o020000, 0o060000, 0o010000, 0o140000]);
