/**
 * The tree while it is put together: compact records, because there may be hundreds of thousands, and FileTree entries
 * made from them when somebody lists a folder.
 */
import { join } from 'node:path';
import type { Disk } from '../core/disk.ts';
import type { Entry, Folder, Times } from '../core/file-tree.ts';
import type { ContentItem } from './manifest.ts';

/** A file of this machine as it was when it was looked at. */
export interface Source {
  /** Shared by all entries of one folder. */
  readonly folder: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedNs: bigint;
  readonly createdNs: bigint;
  /** Device and inode, when the file has more than one name. */
  readonly inode?: string | undefined;
}

/** What an entry has beside its content; only few have any. */
interface Attributes {
  finderInfo?: Uint8Array | undefined;
  resourceFork?: Disk | undefined;
  readonly xattrs: Map<string, Disk>;
}

export interface PlannedEntry {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'symlink';
  mode: number;
  /** The item that brought it; undefined: a folder that only a path implied. */
  item: ContentItem | undefined;
  source: Source | undefined;
  readonly target?: string;
  /** Folders only. */
  readonly children?: Map<string, PlannedEntry>;
  attributes?: Attributes;
}

export function impliedFolder(name: string): PlannedEntry {
  return { name, kind: 'folder', mode: 0o755, item: undefined, source: undefined, children: new Map() };
}

export function sourcePath({ folder, name }: Source): string {
  return join(folder, name);
}

export interface Rendering {
  readonly sourceFile: (path: string, size: number, modifiedNs: bigint) => Disk;
  /** What every time is set to; undefined: times of the sources. Unix seconds. */
  readonly mtime: number | undefined;
  /** For entries without a source, when nothing is set. */
  readonly fallback: Times;
  /** Keys of files that have several names in the tree, by inode and item. */
  readonly linkGroups: ReadonlyMap<string, string>;
}

/** The folder as a FileTree shows it: children in order of code units, made afresh at each listing. */
export function renderFolder(entry: PlannedEntry, rendering: Rendering): Folder {
  const children = entry.children!;
  return {
    ...metadata(entry, rendering),
    type: 'folder',
    async *children() {
      const sorted = [...children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const child of sorted) yield render(child, rendering);
    },
    async child(name) {
      const child = children.get(name);
      return child && render(child, rendering);
    },
  };
}

function render(entry: PlannedEntry, rendering: Rendering): Entry {
  if (entry.kind === 'folder') return renderFolder(entry, rendering);
  if (entry.kind === 'symlink') return { ...metadata(entry, rendering), type: 'symlink', target: entry.target! };
  const { size, modifiedNs } = entry.source!;
  const key = linkKey(entry);
  return {
    ...metadata(entry, rendering),
    type: 'file',
    content: rendering.sourceFile(sourcePath(entry.source!), size, modifiedNs),
    resourceFork: entry.attributes?.resourceFork,
    linkGroup: key === undefined ? undefined : rendering.linkGroups.get(key),
  };
}

function metadata({ name, mode, item, source, attributes }: PlannedEntry, { mtime, fallback }: Rendering) {
  const set = item?.mtime ?? mtime;
  const times = set !== undefined ? fixedTimes(set) : source ? sourceTimes(source) : fallback;
  const extra = attributes && { finderInfo: attributes.finderInfo, ...(attributes.xattrs.size > 0 ? { xattrs: attributes.xattrs } : {}) };
  return { name, mode, uid: item?.uid ?? 0, gid: item?.gid ?? 0, times, ...extra };
}

let lastFixed: Times | undefined;

export function fixedTimes(seconds: number): Times {
  // Nearly always the same for a whole tree, so one object does for all.
  if (lastFixed?.modified !== seconds) lastFixed = { created: seconds, modified: seconds, changed: seconds, accessed: seconds };
  return lastFixed;
}

/** Times of a source. Reading and copying change its access and change times, so those say nothing about the product. */
function sourceTimes({ modifiedNs, createdNs }: Source): Times {
  const modified = seconds(modifiedNs);
  const created = createdNs > 0n && createdNs < modifiedNs ? seconds(createdNs) : modified;
  return { created, modified, changed: modified, accessed: modified };
}

export function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1e6;
}

/** Equal for two names of one file that may stay one file: the same inode, and nothing that sets them apart. */
export function linkKey({ kind, source, item, mode, attributes }: PlannedEntry): string | undefined {
  if (kind !== 'file' || source?.inode === undefined || !item) return undefined;
  const own = attributes ? `item ${item.index}` : '';
  return [source.inode, mode, item.uid, item.gid, item.mtime ?? '', own].join(' ');
}
