/**
 * A tree as a view of an ISO 9660 volume shows it: what `open` gives back for what `format` planned.
 * Rock Ridge keeps names, modes, owners, links and dates in whole seconds from 1900 to 2155; the other views have mapped names and
 * the date of the last change, Joliet has no symbolic links, and in the plain view of Rock Ridge they are empty files.
 * Children are in the order of their records. Not done here: boot files that get a table, groups of links with one member.
 */

import { bytesDisk } from '../../../core/disk.ts';
import type { Entry, FileTree, Folder, Metadata, Times } from '../../../core/file-tree.ts';
import { chosenViews, projectedVolumeName, type ViewsOptions } from './chosen-views.ts';
import { arrange, type Naming } from './planned/tree-names.ts';
import { join, sortedChildren } from './sorted-children.ts';
import { DATES, storedMetadata, UF_HIDDEN } from './stored-metadata.ts';
import type { ViewName } from './view.ts';

export interface ProjectOptions extends ViewsOptions {
  readonly view: Exclude<ViewName, 'enhanced'>;
}

/** Lazy: a folder is read when its children are asked for, and what the format cannot hold is refused there. @throws DisksealError `E_ISO9660` */
export function project(tree: FileTree, options: ProjectOptions): FileTree {
  const views = chosenViews(options);
  const naming = options.view === 'joliet' ? (views.joliet ?? views.primary) : views.primary;
  const projection = { naming, isRockRidge: views.isRockRidge, isShown: options.view === 'rockRidge' };
  const name = projectedVolumeName(tree.root.name, options.view === 'joliet');
  return { root: projectFolder(tree.root, name, '', projection) };
}

interface Projection {
  readonly naming: Naming;
  /** The volume has Rock Ridge. */
  readonly isRockRidge: boolean;
  /** It is the view shown. */
  readonly isShown: boolean;
}

function projectFolder(folder: Folder, name: string, path: string, projection: Projection): Folder {
  return {
    ...projectMetadata(folder, name, path, projection),
    type: 'folder',
    async *children() {
      const children = await sortedChildren(folder, path, projection.isRockRidge);
      const named = children.map((entry) => ({
        entry,
        name: entry.name,
        isFolder: entry.type === 'folder',
        isLink: entry.type === 'symlink',
      }));
      for (const { child, identifier } of arrange(named, projection.naming)) {
        const shown = projection.isShown ? child.name : projection.naming.show(identifier);
        yield projectEntry(child.entry, shown, join(path, child.name), projection);
      }
    },
  };
}

function projectEntry(entry: Entry, name: string, path: string, projection: Projection): Entry {
  if (entry.type === 'folder') return projectFolder(entry, name, path, projection);
  const metadata = projectMetadata(entry, name, path, projection);
  if (entry.type === 'symlink') {
    return projection.isShown ? { ...metadata, type: 'symlink', target: entry.target } : { ...metadata, type: 'file', content: EMPTY };
  }
  const linkGroup = projection.isShown && entry.linkGroup !== undefined ? { linkGroup: entry.linkGroup } : {};
  return { ...metadata, type: 'file', content: entry.content, ...linkGroup };
}

const EMPTY = bytesDisk(new Uint8Array(0));

function projectMetadata(entry: Entry, name: string, path: string, { isShown }: Projection): Metadata {
  const { mode, uid, gid, dates, isHidden } = storedMetadata(entry, path);
  const hidden = isHidden ? { flags: UF_HIDDEN } : {};
  const modified = dates[1]!;
  if (!isShown) return { name, mode: entry.type === 'folder' ? 0o755 : 0o644, uid: 0, gid: 0, times: { modified }, ...hidden };
  const times: Times = { ...Object.fromEntries(DATES.map((key, index) => [key, dates[index]])), modified };
  return { name, mode, uid, gid, times, ...hidden };
}
