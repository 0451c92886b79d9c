/**
 * What the catalog of a planned volume will hold, in little memory: a row of numbers and a name for each entry.
 * Entry 0 is the root; the others have the catalog node ids from 16 on, in order. The children of a folder are neighbours.
 */
import type { Disk } from '../../../../core/disk.ts';
import type { StoredMetadata } from '../stored-metadata.ts';
import { Cnid } from '../structs.ts';
import { type ForkNumber, type PlannedForks, planForks } from './forks.ts';

/** One number of a row. */
export const Column = {
  kind: 0,
  /** The entry of the folder that it lies in. */
  parent: 1,
  /** st_mode, type included. */
  mode: 2,
  /** In a hard link the previous and the next link's CNID. */
  uid: 3,
  gid: 4,
  created: 5,
  modified: 6,
  changed: 7,
  accessed: 8,
  backedUp: 9,
  flags: 10,
  recordFlags: 11,
  dataFork: 12,
  resourceFork: 13,
  /** Folder: the entry of its first child. Inode: CNID of its first link. Hard link: CNID of its inode. */
  first: 14,
  /** Folder: number of children. Inode: number of links. */
  count: 15,
  subfolders: 16,
} as const;
export type Column = (typeof Column)[keyof typeof Column];

const WIDTH = 17;

export const Kind = { folder: 0, file: 1, symlink: 2, link: 3, inode: 4 } as const;
export type Row = Partial<Record<keyof typeof Column, number>>;

export interface IndexedAttribute {
  /** The entry it belongs to. */
  owner: number;
  readonly name: string;
  readonly value: Disk;
  /** 0: the value stands in the record. */
  readonly fork: ForkNumber;
}

export class CatalogIndex {
  /** Names as stored; that of entry 0 is the volume's. */
  readonly names: string[] = [];
  /** Finder info by entry, where there is any. */
  readonly finderInfo = new Map<number, Uint8Array>();
  readonly attributes: IndexedAttribute[] = [];
  readonly forks: PlannedForks = planForks();
  /** The folder of the inodes and they themselves in order of their names, when there are hard links. */
  privateFolder: { readonly entry: number; readonly inodes: readonly number[] } | undefined;
  /** Names as they were given, where they are stored otherwise. */
  readonly #givenNames = new Map<number, string>();
  #rows = new Uint32Array(256 * WIDTH);

  get count(): number {
    return this.names.length;
  }

  /** Adds an entry, all numbers zero. @param given - its name in the tree, when that is not how it is stored */
  add(stored: string, given = stored): number {
    const entry = this.names.push(stored) - 1;
    if (given !== stored) this.#givenNames.set(entry, given);
    if (this.names.length * WIDTH > this.#rows.length) {
      const grown = new Uint32Array(this.#rows.length * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    return entry;
  }

  get(entry: number, column: Column): number {
    return this.#rows[entry * WIDTH + column]!;
  }

  set(entry: number, row: Row): void {
    for (const key in row) this.#rows[entry * WIDTH + Column[key as keyof Row]] = row[key as keyof Row]!;
  }

  /** What every entry has, written without a detour: there may be a million of them. The mode's type is not set. */
  setMetadata(entry: number, metadata: StoredMetadata): void {
    const at = entry * WIDTH;
    this.#rows[at + Column.mode] = metadata.mode;
    this.#rows[at + Column.uid] = metadata.uid;
    this.#rows[at + Column.gid] = metadata.gid;
    this.#rows[at + Column.created] = metadata.created;
    this.#rows[at + Column.modified] = metadata.modified;
    this.#rows[at + Column.changed] = metadata.changed;
    this.#rows[at + Column.accessed] = metadata.accessed;
    this.#rows[at + Column.backedUp] = metadata.backedUp;
    this.#rows[at + Column.flags] = metadata.flags;
  }

  copyRow(from: number, to: number): void {
    this.#rows.copyWithin(to * WIDTH, from * WIDTH, (from + 1) * WIDTH);
  }

  /** The entry at a path as `path` gives it; a folder's children are looked through one by one. */
  find(path: string): number | undefined {
    let entry: number | undefined = 0;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (entry === undefined || this.get(entry, Column.kind) !== Kind.folder) return undefined;
      const first: number = this.get(entry, Column.first);
      // The private folder of hard links is counted in the root and lies elsewhere.
      const end = first + this.get(entry, Column.count) - (entry === 0 && this.privateFolder ? 1 : 0);
      entry = undefined;
      for (let child = first; child < end && entry === undefined; child++) {
        if ((this.#givenNames.get(child) ?? this.names[child]) === name) entry = child;
      }
    }
    return entry;
  }

  /** Names from the root as the tree gave them, joined by "/"; the root is "". */
  path(entry: number): string {
    let path = '';
    for (let at = entry; at !== 0; at = this.get(at, Column.parent)) {
      const name = this.#givenNames.get(at) ?? this.names[at]!;
      path = path === '' ? name : `${name}/${path}`;
    }
    return path;
  }
}

export function cnidOf(entry: number): number {
  return entry === 0 ? Cnid.root : Cnid.firstUser - 1 + entry;
}

export function entryOf(cnid: number): number {
  return cnid === Cnid.root ? 0 : cnid - Cnid.firstUser + 1;
}
