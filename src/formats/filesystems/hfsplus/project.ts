/**
 * A tree as an HFS Plus volume can hold it: what `open` gives back for what `format` planned.
 * Names are decomposed, times whole seconds within 1904 and 2040, children in the order of the catalog; forks without
 * bytes and Finder info without a set bit are absent; "hidden" is the Finder's "invisible"; a symbolic link's type and
 * creator are the format's own.
 * Not done here, because it would need the whole tree: files of one link group share the metadata of the first of them,
 * and a group of one file is no group.
 */
import type { Disk } from '../../../core/disk.ts';
import type { Entry, FileTree, Folder, Metadata, SymbolicLink } from '../../../core/file-tree.ts';
import { toUnix, UNIX_EPOCH } from './dates.ts';
import { compareBinary, storedName, toPosix } from './names.ts';
import { join, sortedChildren } from './sorted-children.ts';
import { storedMetadata } from './stored-metadata.ts';

export interface ProjectOptions {
  /** As in FormatOptions: it decides the order of children and which names are the same. */
  readonly caseSensitive?: boolean | undefined;
}

/** Lazy: a folder is read when its children are asked for, and what HFS+ cannot hold is refused there. @throws DisksealError `E_HFSPLUS` */
export function project(tree: FileTree, options: ProjectOptions = {}): FileTree {
  const { root } = tree;
  return { root: projectFolder(root, storedName(root.name, ''), '', options.caseSensitive ?? false) };
}

function projectFolder(folder: Folder, stored: string, path: string, caseSensitive: boolean): Folder {
  return {
    ...projectMetadata(folder, stored, path),
    type: 'folder',
    async *children() {
      for (const { entry, stored: name } of await sortedChildren(folder, path, caseSensitive)) {
        yield projectEntry(entry, name, join(path, entry.name), caseSensitive);
      }
    },
  };
}

function projectEntry(entry: Entry, stored: string, path: string, caseSensitive: boolean): Entry {
  if (entry.type === 'folder') return projectFolder(entry, stored, path, caseSensitive);
  const metadata = projectMetadata(entry, stored, path);
  if (entry.type === 'symlink') return { ...metadata, type: 'symlink', target: entry.target } satisfies SymbolicLink;
  const { content, linkGroup, resourceFork } = entry;
  return {
    ...metadata,
    type: 'file',
    content,
    ...(resourceFork && resourceFork.size > 0 ? { resourceFork } : {}),
    ...(linkGroup === undefined ? {} : { linkGroup }),
  };
}

function projectMetadata(entry: Entry, stored: string, path: string): Metadata {
  const { created, modified, changed, accessed, backedUp, finderInfo, ...kept } = storedMetadata(entry, path);
  return {
    ...kept,
    name: toPosix(stored),
    times: {
      created: toUnix(created),
      modified: modified - UNIX_EPOCH,
      changed: toUnix(changed),
      accessed: toUnix(accessed),
      backedUp: toUnix(backedUp),
    },
    ...(finderInfo ? { finderInfo } : {}),
    ...(entry.xattrs && entry.xattrs.size > 0 ? { xattrs: sortedByName(entry.xattrs) } : {}),
  };
}

function sortedByName(xattrs: ReadonlyMap<string, Disk>): ReadonlyMap<string, Disk> {
  return new Map([...xattrs].sort(([a], [b]) => compareBinary(a, b)));
}
