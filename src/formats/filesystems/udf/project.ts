/** A tree as a UDF volume can hold it: `open(format(tree))` equals `project(tree)`. */
import type { Entry, File, FileTree, Folder } from '../../../core/file-tree.ts';
import { type Held, sortedChildren, storedMetadata, storedName, storedVolumeName } from './stored-metadata.ts';
import { storedTarget } from './symbolic-link.ts';

/** @throws DisksealError `E_UDF` for names that are too long */
export function project(tree: FileTree, held: Held): FileTree {
  return { root: { ...projectFolder(tree.root, '', held), name: storedVolumeName(tree.root.name) } };
}

function projectFolder(folder: Folder, path: string, held: Held): Folder {
  return {
    type: 'folder',
    name: folder.name,
    ...storedMetadata(folder, held),
    async *children() {
      for (const child of await sortedChildren(folder, path)) {
        const place = path === '' ? child.name : `${path}/${child.name}`;
        storedName(child.name, place);
        yield projectEntry(child, place, held);
      }
    },
  };
}

function projectEntry(entry: Entry, path: string, held: Held): Entry {
  if (entry.type === 'folder') return projectFolder(entry, path, held);
  const common = { name: entry.name, ...storedMetadata(entry, held) };
  if (entry.type === 'symlink') return { ...common, type: 'symlink', target: storedTarget(entry.target) };
  const file: File = { ...common, type: 'file', content: entry.content };
  return entry.linkGroup === undefined ? file : { ...file, linkGroup: entry.linkGroup };
}
