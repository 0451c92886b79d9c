/** What an image should hold of a folder of this machine, by looking at the folder alone. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { contentAt, type ExpectedEntry } from './expected.ts';

interface Options {
  /** Where the folder stands in the image. "": it is the volume itself. */
  readonly as: string;
  /** What the manifest sets every time to; undefined: they stay. */
  readonly modified?: number;
  readonly accept?: (path: string) => boolean;
}

/** The folder and all it holds. Modes come down to 0755 and 0644 by the execute bit, owners to 0:0. */
export async function hostEntries(folder: string, { as, modified, accept = () => true }: Options): Promise<ExpectedEntry[]> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const inodes = new Map<number, number>();
  for (const name of names) {
    const { ino } = lstatSync(join(folder, name));
    inodes.set(ino, (inodes.get(ino) ?? 0) + 1);
  }
  const entries = as === '' ? [] : [await entryOf(folder, as, modified, 1)];
  for (const name of names) {
    if (!accept(name)) continue;
    const path = join(folder, name);
    entries.push(await entryOf(path, as === '' ? name : `${as}/${name}`, modified, inodes.get(lstatSync(path).ino)!));
  }
  return entries;
}

async function entryOf(path: string, as: string, modified: number | undefined, links: number): Promise<ExpectedEntry> {
  const stat = lstatSync(path);
  const type = stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'symlink' : 'file';
  return {
    path: as.normalize('NFC'),
    type,
    mode: type === 'file' ? fileMode(stat) : 0o755,
    uid: 0,
    gid: 0,
    modified: modified ?? Math.floor(stat.mtimeMs / 1000),
    links: type === 'file' ? links : 1,
    attributes: new Map(),
    ...(type === 'file' ? { content: await contentAt(path) } : {}),
    ...(type === 'symlink' ? { target: readlinkSync(path) } : {}),
  };
}

function fileMode({ mode }: Stats): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}
