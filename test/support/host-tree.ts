/** A folder of this machine as a FileTree: names, modes, owners, times, hard links; no extended attributes, and no access times, which reading changes. */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Entry, FileTree, Folder, Metadata } from '../../src/core/file-tree.ts';
import { sourceFile } from '../../src/node/file-disk.ts';

export async function hostTree(path: string, name = basename(path)): Promise<FileTree> {
  const root = await hostEntry(path, name);
  if (root.type !== 'folder') throw new Error(`${path} is no folder`);
  return { root };
}

async function hostEntry(path: string, name: string): Promise<Entry> {
  const stat = await lstat(path, { bigint: true });
  const seconds = (milliseconds: bigint): number => Number(milliseconds) / 1000;
  const metadata: Metadata = {
    name,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    times: {
      created: seconds(stat.birthtimeMs),
      modified: seconds(stat.mtimeMs),
      changed: seconds(stat.ctimeMs),
    },
  };
  if (stat.isSymbolicLink()) return { ...metadata, type: 'symlink', target: await readlink(path) };
  if (stat.isDirectory()) return hostFolder(path, metadata);
  const linkGroup = stat.nlink > 1n ? { linkGroup: `${stat.dev}:${stat.ino}` } : {};
  return { ...metadata, type: 'file', content: sourceFile(path, Number(stat.size), stat.mtimeNs), ...linkGroup };
}

function hostFolder(path: string, metadata: Metadata): Folder {
  return {
    ...metadata,
    type: 'folder',
    async *children() {
      for (const name of await readdir(path)) yield await hostEntry(join(path, name), name);
    },
  };
}
