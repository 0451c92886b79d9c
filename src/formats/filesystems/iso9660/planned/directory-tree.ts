/**
 * One tree of directories of a planned volume: in which sectors they lie, their records, made when they are read, and the path tables
 * that list them. Source: ECMA-119 6.8, 6.9, 9.1 to 9.4. Directories lie in the order of the path table, level by level.
 */
import { type Disk, generatedDisk, lastAtOrBefore } from '../../../../core/disk.ts';
import { assert, DisksealError } from '../../../../core/errors.ts';
import { CE, DirectoryRecord, FileFlag, PathTableRecordL, PathTableRecordM, SECTOR } from '../structs.ts';
import type { Continuations } from './continuations.ts';
import { childEntries, childSize, concatenate, type Divided, divide, encodeArea, folderEntries, folderSize, sizeOf } from './system-use.ts';
import { Column, type TreeIndex } from './tree-index.ts';
import type { TreeNames } from './tree-names.ts';

/** 6.5.1: a section has a 32-bit length, and each but the last ends with a sector. */
export const LARGEST_SECTION = 0xffff_f800;
/** 9.1.1: a record's length is even and has one byte. */
const LARGEST_RECORD = 254;
/** 9.4.4 */
const MOST_PARENTS = 65_535;

/** "." and "..", which have the identifiers 0 and 1, and the sections of children: in this order. */
interface Cursor {
  /** 0 and 1 are "." and "..", from 2 on children. */
  slot: number;
  section: number;
}

export interface TreeOptions {
  readonly index: TreeIndex;
  readonly names: TreeNames;
  /** Rock Ridge, and where it goes on. */
  readonly continuations?: Continuations | undefined;
}

export class DirectoryTree {
  /** Known when the volume is laid out. */
  firstSector = 0;
  firstContentSector = 0;
  readonly #index: TreeIndex;
  readonly #names: TreeNames;
  readonly #continuations: Continuations | undefined;
  /** Folders in the order of the path table. */
  readonly #folders: number[] = [];
  /** Entry of a folder → its place in #folders. */
  readonly #places = new Map<number, number>();
  /** Of each folder, from the first of all. */
  readonly #sectors: number[] = [];
  /** Of each sector, what it begins with. */
  readonly #cursors: Cursor[] = [];

  constructor({ index, names, continuations }: TreeOptions) {
    this.#index = index;
    this.#names = names;
    this.#continuations = continuations;
    this.#listFolders();
    for (const folder of this.#folders) this.#layOut(folder);
  }

  get sectors(): number {
    return this.#cursors.length;
  }

  /** The root's record as a descriptor has it. */
  rootRecord(): Uint8Array {
    return this.#record(0, Uint8Array.of(0), undefined, 0);
  }

  disk(): Disk {
    return generatedDisk(this.sectors * SECTOR, async (position, into) => {
      const sector = new Uint8Array(SECTOR);
      for (let done = 0; done < into.length; ) {
        const within = (position + done) % SECTOR;
        const take = Math.min(SECTOR - within, into.length - done);
        sector.fill(0);
        this.#fillSector(Math.floor((position + done) / SECTOR), sector);
        into.set(sector.subarray(within, within + take), done);
        done += take;
      }
    });
  }

  pathTable(isBigEndian: boolean): Uint8Array {
    const struct = isBigEndian ? PathTableRecordM : PathTableRecordL;
    const records = this.#folders.map((folder, place) => {
      const identifier = folder === 0 ? Uint8Array.of(0) : this.#names.identifier(folder);
      const record = new Uint8Array(struct.size + identifier.length + (identifier.length % 2));
      const extentLocation = this.firstSector + this.#sectors[place]!;
      const parentNumber = this.#places.get(this.#index.get(folder, Column.parent))! + 1;
      struct.write({ identifierLength: identifier.length, extentLocation, parentNumber }, record);
      record.set(identifier, struct.size);
      return record;
    });
    return concatenate(records);
  }

  #listFolders(): void {
    this.#folders.push(0);
    for (let place = 0; place < this.#folders.length; place++) {
      const folder = this.#folders[place]!;
      this.#places.set(folder, place);
      for (const child of this.#names.children(folder)) {
        if (!this.#index.isFolder(child)) continue;
        if (place >= MOST_PARENTS) {
          const path = this.#index.path(child);
          throw new DisksealError('E_ISO9660', `more than ${MOST_PARENTS} folders come before the one that it lies in`, { path });
        }
        this.#folders.push(child);
      }
    }
  }

  #layOut(folder: number): void {
    this.#sectors.push(this.#cursors.length);
    let room = 0;
    this.#eachRecord(folder, { slot: 0, section: 0 }, (cursor, owner, identifier) => {
      const length = this.#recordLength(cursor, folder, owner, identifier);
      if (length > room) {
        this.#cursors.push({ ...cursor });
        room = SECTOR;
      }
      room -= length;
      return true;
    });
  }

  /** Goes through a folder's records from one on, until told to stop. @param each - owner is the entry that the record is about */
  #eachRecord(folder: number, from: Cursor, each: (cursor: Cursor, owner: number, identifier: Uint8Array) => boolean): void {
    const children = this.#names.children(folder);
    for (const cursor = { ...from }; cursor.slot < children.length + 2; cursor.slot++) {
      const owner = cursor.slot === 0 ? folder : cursor.slot === 1 ? this.#index.get(folder, Column.parent) : children[cursor.slot - 2]!;
      const identifier = cursor.slot < 2 ? Uint8Array.of(cursor.slot) : this.#names.identifier(owner);
      const sections = cursor.slot < 2 ? 1 : sectionsOf(this.#index.size(owner));
      for (; cursor.section < sections; cursor.section++) if (!each(cursor, owner, identifier)) return;
      cursor.section = 0;
    }
  }

  #fillSector(number: number, sector: Uint8Array): void {
    const folder = this.#folders[lastAtOrBefore(this.#sectors, number)]!;
    let at = 0;
    this.#eachRecord(folder, this.#cursors[number]!, (cursor, owner, identifier) => {
      const divided = this.#dividedOf(cursor, folder, owner, identifier);
      const length = recordSize(identifier, divided);
      if (at + length > SECTOR) return false;
      const continued = divided && this.#continuations?.first(this.#areasOwner(cursor, folder, owner), divided);
      const systemUse = divided && encodeArea(divided.inRecord, continued);
      sector.set(this.#record(owner, identifier, systemUse, cursor.section), at);
      at += length;
      return true;
    });
  }

  #recordLength(cursor: Cursor, folder: number, owner: number, identifier: Uint8Array): number {
    const simple = this.#simpleLength(cursor, folder, owner, identifier);
    if (simple !== undefined) return simple;
    const divided = this.#dividedOf(cursor, folder, owner, identifier);
    // All sections of a file share what is elsewhere.
    if (divided && cursor.section === 0) this.#continuations?.add(this.#areasOwner(cursor, folder, owner), divided);
    return recordSize(identifier, divided);
  }

  /** Bytes of a record that needs no room elsewhere; undefined when it may. */
  #simpleLength({ slot }: Cursor, folder: number, owner: number, identifier: Uint8Array): number | undefined {
    const head = headSize(identifier);
    if (!this.#continuations) return head;
    if (slot === 0 && folder === 0) return undefined;
    const size = slot < 2 ? folderSize(this.#index, owner) : childSize(this.#index, owner);
    return head + size <= LARGEST_RECORD ? evenly(head + size) : undefined;
  }

  #dividedOf({ slot }: Cursor, folder: number, owner: number, identifier: Uint8Array): Divided | undefined {
    if (!this.#continuations) return undefined;
    const isRootSelf = slot === 0 && folder === 0;
    const entries = slot < 2 ? folderEntries(this.#index, owner, isRootSelf) : childEntries(this.#index, owner);
    return divide(entries, LARGEST_RECORD - headSize(identifier));
  }

  /** The root has no record in a folder, so its number stands for its own "."; that of others never goes on elsewhere. */
  #areasOwner({ slot }: Cursor, folder: number, owner: number): number {
    return slot === 0 ? folder : owner;
  }

  /** @param areasOwner - as above */
  dividedFor(areasOwner: number): Divided {
    const slot = areasOwner === 0 ? 0 : 2;
    const identifier = slot === 0 ? Uint8Array.of(0) : this.#names.identifier(areasOwner);
    const divided = this.#dividedOf({ slot, section: 0 }, areasOwner, areasOwner, identifier);
    assert(divided, 'only Rock Ridge goes on elsewhere');
    return divided;
  }

  #record(owner: number, identifier: Uint8Array, systemUse: Uint8Array | undefined, section: number): Uint8Array {
    const head = headSize(identifier);
    const record = new Uint8Array(evenly(head + (systemUse?.length ?? 0)));
    const modified = this.#index.modified(owner);
    DirectoryRecord.write(
      {
        length: record.length,
        ...this.#extent(owner, section),
        recordingDate: Number.isNaN(modified) ? undefined : modified,
        fileFlags: this.#flags(owner, section),
        volumeSequenceNumber: 1,
        identifierLength: identifier.length,
      },
      record,
    );
    record.set(identifier, DirectoryRecord.size);
    if (systemUse) record.set(systemUse, head);
    return record;
  }

  #extent(owner: number, section: number): { extentLocation: number; dataLength: number } {
    if (this.#index.isFolder(owner)) {
      const place = this.#places.get(owner)!;
      const start = this.#sectors[place]!;
      const end = this.#sectors[place + 1] ?? this.sectors;
      return { extentLocation: this.firstSector + start, dataLength: (end - start) * SECTOR };
    }
    const content = this.#index.get(owner, Column.content);
    // A file without bytes lies nowhere. Some readers look all the same, and libarchive takes the place of a directory for a loop.
    if (content === 0) return { extentLocation: this.#index.contents.sectors > 0 ? this.firstContentSector : 0, dataLength: 0 };
    const before = section * LARGEST_SECTION;
    return {
      extentLocation: this.firstContentSector + this.#index.contents.firstSector(content) + before / SECTOR,
      dataLength: Math.min(LARGEST_SECTION, this.#index.size(owner) - before),
    };
  }

  #flags(owner: number, section: number): number {
    const continues = section < sectionsOf(this.#index.size(owner)) - 1;
    return (
      (this.#index.get(owner, Column.isHidden) ? FileFlag.hidden : 0) |
      (this.#index.isFolder(owner) ? FileFlag.directory : 0) |
      (continues ? FileFlag.multiExtent : 0)
    );
  }
}

/** A file of up to 2^32-1 bytes has one section. */
export function sectionsOf(size: number): number {
  return size <= 0xffff_ffff ? 1 : Math.ceil(size / LARGEST_SECTION);
}

function headSize({ length }: Uint8Array): number {
  return evenly(DirectoryRecord.size + length);
}

function recordSize(identifier: Uint8Array, divided: Divided | undefined): number {
  if (!divided) return headSize(identifier);
  return evenly(headSize(identifier) + sizeOf(divided.inRecord) + (divided.areas.length > 0 ? CE.size : 0));
}

function evenly(length: number): number {
  return length + (length % 2);
}
