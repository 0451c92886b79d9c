/**
 * What a planned volume will show, in little memory: a row of numbers and a name for each entry. Entry 0 is the root; folders come
 * depth first, the children of one folder are neighbours and in the order of their names, so that the order in which the tree
 * gives them never shows in the volume.
 */
import { assert, DisksealError } from '../../../../core/errors.ts';
import type { Entry, File, FileTree, Folder, SymbolicLink } from '../../../../core/file-tree.ts';
import { join, sortedChildren } from '../sorted-children.ts';
import { DATES, storedMetadata, type Warn } from '../stored-metadata.ts';
import { PlannedContents } from './contents.ts';

export const Kind = { folder: 0, file: 1, symlink: 2 } as const;

/** One number of a row. */
export const Column = {
  kind: 0,
  /** The entry of the folder that it lies in; the root's is itself. */
  parent: 1,
  /** Permission bits. */
  mode: 2,
  uid: 3,
  gid: 4,
  isHidden: 5,
  /** File: number of its content. */
  content: 6,
  /** File: the first entry of the same file, which may be itself. */
  same: 7,
  /** Folder: its first child. */
  first: 8,
  /** Folder: number of children. */
  count: 9,
  /** st_nlink */
  links: 10,
} as const;
type Column = (typeof Column)[keyof typeof Column];

const WIDTH = 11;
/** As deep as core's `walk` goes. */
const MAX_DEPTH = 512;
/** PATH_MAX without its NUL: Linux reads no longer target. */
const MAX_TARGET = 4095;

export class TreeIndex {
  readonly names: string[] = [];
  /** Targets of symbolic links. */
  readonly targets = new Map<number, string>();
  readonly contents = new PlannedContents();
  #rows = new Uint32Array(256 * WIDTH);
  /** Unix seconds, in the order of DATES; NaN for none. */
  #dates = new Float64Array(256 * DATES.length);

  get count(): number {
    return this.names.length;
  }

  add(name: string, dates: readonly (number | undefined)[]): number {
    const entry = this.names.push(name) - 1;
    if (this.names.length * WIDTH > this.#rows.length) this.#grow();
    for (const [index, date] of dates.entries()) this.#dates[entry * DATES.length + index] = date ?? Number.NaN;
    return entry;
  }

  #grow(): void {
    const rows = new Uint32Array(this.#rows.length * 2);
    const dates = new Float64Array(this.#dates.length * 2);
    rows.set(this.#rows);
    dates.set(this.#dates);
    [this.#rows, this.#dates] = [rows, dates];
  }

  get(entry: number, column: Column): number {
    return this.#rows[entry * WIDTH + column]!;
  }

  set(entry: number, row: Partial<Record<keyof typeof Column, number>>): void {
    for (const key in row) this.#rows[entry * WIDTH + Column[key as keyof typeof Column]] = row[key as keyof typeof Column]!;
  }

  /** In the order of DATES; NaN for none. */
  dates(entry: number): Float64Array {
    return this.#dates.subarray(entry * DATES.length, (entry + 1) * DATES.length);
  }

  modified(entry: number): number {
    return this.#dates[entry * DATES.length + 1]!;
  }

  isFolder(entry: number): boolean {
    return this.get(entry, Column.kind) === Kind.folder;
  }

  /** Bytes of a file; 0 for anything else. */
  size(entry: number): number {
    const content = this.get(entry, Column.content);
    return content === 0 ? 0 : this.contents.get(content).size;
  }

  /** Names from the root joined by "/"; the root is "". */
  path(entry: number): string {
    let path = '';
    for (let at = entry; at !== 0; at = this.get(at, Column.parent)) path = path === '' ? this.names[at]! : `${this.names[at]!}/${path}`;
    return path;
  }

  find(path: string): number | undefined {
    let entry: number | undefined = 0;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (entry === undefined || !this.isFolder(entry)) return undefined;
      const first = this.get(entry, Column.first);
      const at = this.names.indexOf(name, first);
      entry = at >= 0 && at < first + this.get(entry, Column.count) ? at : undefined;
    }
    return entry;
  }
}

export interface IndexingOptions {
  readonly isRockRidge: boolean;
  readonly warn?: Warn | undefined;
}

interface Indexing extends IndexingOptions {
  readonly index: TreeIndex;
  /** Link groups, each with its first entry. */
  readonly groups: Map<string, number>;
}

/** Reads a tree's names, sizes and metadata. @throws DisksealError `E_ISO9660`, `E_UNSUPPORTED` with the path of what the format cannot hold */
export async function indexTree(tree: FileTree, options: IndexingOptions): Promise<TreeIndex> {
  const indexing: Indexing = { ...options, index: new TreeIndex(), groups: new Map() };
  addEntry(indexing, tree.root, 0, '');
  const waiting: WaitingFolder[] = [{ folder: tree.root, entry: 0, path: '', depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const subfolders = await addChildren(indexing, next);
    // The stack is taken from its end, and the first folder comes first.
    for (const subfolder of subfolders.reverse()) waiting.push(subfolder);
  }
  countLinks(indexing.index);
  return indexing.index;
}

interface WaitingFolder {
  readonly folder: Folder;
  readonly entry: number;
  readonly path: string;
  readonly depth: number;
}

async function addChildren(indexing: Indexing, { folder, entry, path, depth }: WaitingFolder): Promise<WaitingFolder[]> {
  const { index } = indexing;
  const first = index.count;
  const subfolders: WaitingFolder[] = [];
  for (const child of await sortedChildren(folder, path, indexing.isRockRidge)) {
    const childPath = join(path, child.name);
    const added = addEntry(indexing, child, entry, childPath);
    if (child.type === 'folder') subfolders.push({ folder: child, entry: added, path: childPath, depth: depth + 1 });
  }
  if (depth > MAX_DEPTH) throw new DisksealError('E_UNSUPPORTED', `folders are nested more than ${MAX_DEPTH} deep`, { path });
  index.set(entry, { first, count: index.count - first });
  return subfolders;
}

function addEntry(indexing: Indexing, source: Entry, parent: number, path: string): number {
  const { index, warn } = indexing;
  const { dates, isHidden, ...numbers } = storedMetadata(source, path, warn);
  const entry = index.add(source.name, dates);
  index.set(entry, { ...numbers, parent, kind: Kind[source.type], isHidden: isHidden ? 1 : 0, same: entry });
  if (source.type === 'symlink') index.targets.set(entry, targetOf(source, path));
  if (source.type === 'file') addContent(indexing, source, entry, path);
  return entry;
}

function addContent({ index, groups }: Indexing, source: File, entry: number, path: string): void {
  const same = source.linkGroup === undefined ? undefined : groups.get(source.linkGroup);
  if (same === undefined) {
    if (source.linkGroup !== undefined) groups.set(source.linkGroup, entry);
    index.set(entry, { content: index.contents.add(source.content) });
    return;
  }
  if (index.size(same) !== source.content.size) {
    const other = `"${index.path(same)}", a hard link to the same file, has ${index.size(same)}`;
    throw new DisksealError('E_ISO9660', `it has ${source.content.size} bytes, but ${other}`, { path });
  }
  index.set(entry, { same, content: index.get(same, Column.content) });
}

function targetOf({ target }: SymbolicLink, path: string): string {
  const bytes = new TextEncoder().encode(target).length;
  const fault =
    bytes === 0 || target.includes('\0')
      ? 'is none'
      : bytes > MAX_TARGET
        ? `has ${bytes} bytes, systems follow ${MAX_TARGET}`
        : /\p{Surrogate}/u.test(target)
          ? 'is not well-formed Unicode'
          : undefined;
  if (fault) throw new DisksealError('E_ISO9660', `the target of the symbolic link ${fault}`, { path });
  return target;
}

/** A file has as many links as names, a folder one more than it holds folders, and its own. */
function countLinks(index: TreeIndex): void {
  const links = new Uint32Array(index.count);
  for (let entry = 0; entry < index.count; entry++) {
    if (index.isFolder(entry)) {
      links[entry]! += 2;
      if (entry !== 0) links[index.get(entry, Column.parent)]!++;
    } else links[index.get(entry, Column.same)]!++;
  }
  for (let entry = 0; entry < index.count; entry++) {
    assert(entry === 0 || index.get(entry, Column.parent) < entry, 'a folder stands before what is in it');
    index.set(entry, { links: links[index.get(entry, Column.same)]! });
  }
}
