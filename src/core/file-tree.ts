/**
 * A FileTree is what a person sees: folders, files and links with their metadata. It is asynchronous and lazy:
 * children are listed when asked for, and a file's content is a Disk.
 * Names are single path components as POSIX shows them (no "/", no NUL; a "/" that HFS+ stores appears as ":").
 */
import type { Disk } from './disk.ts';
import { DisksealError } from './errors.ts';

/** Unix seconds; fractions are kept where a format has them. Absent: the format's "never". */
export interface Times {
  readonly created?: number | undefined;
  readonly modified: number;
  /** Last change of metadata. */
  readonly changed?: number | undefined;
  readonly accessed?: number | undefined;
  readonly backedUp?: number | undefined;
}

export interface Metadata {
  readonly name: string;
  /** Permission bits, 0 to 0o7777; the type is in `type`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly times: Times;
  /** BSD file flags as `st_flags` has them (UF_IMMUTABLE 2, UF_COMPRESSED 0x20, …). Absent: 0. */
  readonly flags?: number | undefined;
  /** The 32 bytes of `com.apple.FinderInfo`. Absent: all zero. */
  readonly finderInfo?: Uint8Array | undefined;
  /** Extended attributes by name, without FinderInfo and ResourceFork, which have places of their own. */
  readonly xattrs?: ReadonlyMap<string, Disk> | undefined;
}

export interface Folder extends Metadata {
  readonly type: 'folder';
  /** In the order of the source; names are distinct. */
  children(): AsyncIterable<Entry>;
  /** The child of exactly this name, where the format finds it faster than by listing. */
  child?(name: string): Promise<Entry | undefined>;
}

export interface File extends Metadata {
  readonly type: 'file';
  readonly content: Disk;
  readonly resourceFork?: Disk | undefined;
  /** Files with equal keys are hard links to one file. */
  readonly linkGroup?: string | undefined;
}

export interface SymbolicLink extends Metadata {
  readonly type: 'symlink';
  readonly target: string;
}

export type Entry = Folder | File | SymbolicLink;

export interface FileTree {
  /** Its name is the volume's. */
  readonly root: Folder;
}

/** An entry with its place: names from the root joined by "/", the root itself being "". */
export interface Placed {
  readonly path: string;
  readonly entry: Entry;
}

/** Everything below a folder, a folder before what is in it. Depth is bounded by `limit` because trees come from strangers. */
export async function* walk(folder: Folder, path = '', limit = 512): AsyncGenerator<Placed> {
  if (limit === 0) throw new DisksealError('E_UNSUPPORTED', 'folders are nested more than 512 deep', { path });
  for await (const entry of folder.children()) {
    const place = path === '' ? entry.name : `${path}/${entry.name}`;
    yield { path: place, entry };
    if (entry.type === 'folder') yield* walk(entry, place, limit - 1);
  }
}

/** Finds an entry by path ("" is the root); symbolic links are not followed. */
export async function find(tree: FileTree, path: string): Promise<Entry | undefined> {
  let entry: Entry | undefined = tree.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (entry?.type !== 'folder') return undefined;
    entry = await childOf(entry, name);
  }
  return entry;
}

async function childOf(folder: Folder, name: string): Promise<Entry | undefined> {
  if (folder.child) return folder.child(name);
  for await (const entry of folder.children()) if (entry.name === name) return entry;
  return undefined;
}
