/** A tree as plain data that two trees can be compared by: everything a FileTree says, contents as SHA-256. */
import { createHash } from 'node:crypto';
import { type Disk, stream } from '../../src/core/disk.ts';
import { type Entry, type FileTree, walk } from '../../src/core/file-tree.ts';

export interface Listed {
  readonly path: string;
  readonly type: Entry['type'];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly xattrs: Readonly<Record<string, string>>;
  /** "size sha256" */
  readonly content?: string;
  readonly resourceFork?: string;
  readonly target?: string;
  /** The first path of the same file, when there are several. */
  readonly linkedTo?: string;
}

/** Entries in the order in which the tree gives them, the root first. */
export async function listing(tree: FileTree): Promise<Listed[]> {
  const entries = [{ path: '', entry: tree.root as Entry }];
  for await (const placed of walk(tree.root)) entries.push(placed);
  const groups = new Map<string, string[]>();
  for (const { path, entry } of entries) {
    if (entry.type !== 'file' || entry.linkGroup === undefined) continue;
    groups.set(entry.linkGroup, [...(groups.get(entry.linkGroup) ?? []), path]);
  }
  const listed: Listed[] = [];
  for (const { path, entry } of entries) {
    const group = entry.type === 'file' ? (groups.get(entry.linkGroup ?? '') ?? []) : [];
    listed.push(await listEntry(path, entry, group.length > 1 ? group[0] : undefined));
  }
  return listed;
}

async function listEntry(path: string, entry: Entry, linkedTo: string | undefined): Promise<Listed> {
  const { name, mode, uid, gid, flags = 0, finderInfo } = entry;
  const { created, modified, changed, accessed, backedUp } = entry.times;
  const finder = finderInfo ? Buffer.from(finderInfo).toString('hex') : undefined;
  const xattrs: Record<string, string> = {};
  for (const [key, value] of entry.xattrs ?? []) xattrs[key] = await digest(value);
  const common = {
    path,
    type: entry.type,
    metadata: { name, mode: mode.toString(8), uid, gid, flags, finder, created, modified, changed, accessed, backedUp },
    xattrs,
  };
  if (entry.type === 'folder') return common;
  if (entry.type === 'symlink') return { ...common, target: entry.target };
  return {
    ...common,
    content: await digest(entry.content),
    ...(entry.resourceFork ? { resourceFork: await digest(entry.resourceFork) } : {}),
    ...(linkedTo === undefined ? {} : { linkedTo }),
  };
}

async function digest(disk: Disk): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream(disk)) hash.update(chunk);
  return `${disk.size} ${hash.digest('hex')}`;
}
