/** What a reader should see of a tree: worked out from the tree itself, without any code that writes or reads volumes. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Disk, stream } from '../../src/core/disk.ts';
import { type Entry, type File, type FileTree, walk } from '../../src/core/file-tree.ts';

export interface Content {
  readonly size: number;
  readonly sha256: string;
  /** Some readers only tell this one. */
  readonly md5: string;
}

export interface ExpectedEntry {
  /** Composed (NFC): readers differ in the form that they show. */
  readonly path: string;
  readonly type: Entry['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole Unix seconds. */
  readonly modified: number;
  readonly content?: Content;
  readonly target?: string;
  readonly resourceFork?: Content;
  /** How many names the file has. */
  readonly links: number;
  readonly attributes: ReadonlyMap<string, Content>;
}

export async function expectedEntries(tree: FileTree): Promise<ExpectedEntry[]> {
  const groups = new Map<string, number>();
  for await (const { entry } of walk(tree.root)) {
    if (entry.type === 'file' && entry.linkGroup !== undefined) groups.set(entry.linkGroup, (groups.get(entry.linkGroup) ?? 0) + 1);
  }
  const entries: ExpectedEntry[] = [];
  for await (const { path, entry } of walk(tree.root)) entries.push(await expectedEntry(path, entry, groups));
  return entries;
}

async function expectedEntry(path: string, entry: Entry, groups: ReadonlyMap<string, number>): Promise<ExpectedEntry> {
  const { type, mode, uid, gid, times, xattrs } = entry;
  const attributes = new Map<string, Content>();
  for (const [name, value] of xattrs ?? []) attributes.set(name, await contentOf(value));
  return {
    path: path.normalize('NFC'),
    type,
    mode,
    uid,
    gid,
    modified: Math.floor(times.modified),
    links: entry.type === 'file' ? (groups.get(entry.linkGroup ?? '') ?? 1) : 1,
    attributes,
    ...(entry.type === 'file' ? await forksOf(entry) : {}),
    ...(entry.type === 'symlink' ? { target: entry.target } : {}),
  };
}

async function forksOf({ content, resourceFork }: File): Promise<Pick<ExpectedEntry, 'content' | 'resourceFork'>> {
  return { content: await contentOf(content), ...(resourceFork ? { resourceFork: await contentOf(resourceFork) } : {}) };
}

export async function contentOf(disk: Disk): Promise<Content> {
  const hasher = contentHasher();
  for await (const bytes of stream(disk)) hasher.update(bytes);
  return hasher.content();
}

/** The content of a file of this machine, whatever its size. */
export async function contentAt(path: string): Promise<Content> {
  const hasher = contentHasher();
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hasher.update(bytes as Uint8Array);
  return hasher.content();
}

export function contentHasher(): { update(bytes: Uint8Array): void; content(): Content } {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  let size = 0;
  return {
    update(bytes) {
      size += bytes.length;
      sha256.update(bytes);
      md5.update(bytes);
    },
    content: () => ({ size, sha256: sha256.digest('hex'), md5: md5.digest('hex') }),
  };
}
