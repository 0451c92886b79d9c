/** Answers to READDIR and READDIRPLUS: as many entries as there is room for. Position n is what follows the first n entries. */
import type { Entry } from '../../core/file-tree.ts';
import { entryAnswer, modeOf, type Owner } from './attributes.ts';
import type { Inode } from './inodes.ts';
import { Dirent, EntryOut } from './structs.ts';

/** "." and "..", which no tree has. */
const DOTS = ['.', '..'];
/** Where the kernel does not know a number yet (FUSE_UNKNOWN_INO). */
const UNKNOWN_INO = 0xffff_ffff;
const DIRECTORY = 4;

export interface Wanted {
  readonly offset: number;
  readonly size: number;
  /** Gives the node of an entry, and counts it: READDIRPLUS. Absent: names and types only. */
  readonly named?: ((entry: Entry) => Inode) | undefined;
}

export function directoryAnswer(entries: readonly Entry[], { offset, size, named }: Wanted, owner: Owner): Uint8Array {
  const bytes = new Uint8Array(size);
  const head = named ? EntryOut.size : 0;
  let end = 0;
  for (let index = offset; index < DOTS.length + entries.length; index++) {
    const entry = entries[index - DOTS.length];
    const name = Buffer.from(entry ? entry.name : DOTS[index]!);
    const length = head + padded(Dirent.size + name.length);
    if (end + length > size) break;
    const inode = entry && named?.(entry);
    if (inode) entryAnswer(inode, owner, bytes, end);
    const type = entry ? modeOf(entry) >>> 12 : DIRECTORY;
    Dirent.write({ ino: inode?.id ?? UNKNOWN_INO, off: index + 1, namelen: name.length, type }, bytes, end + head);
    bytes.set(name, end + head + Dirent.size);
    end += length;
  }
  return bytes.subarray(0, end);
}

function padded(length: number): number {
  return (length + 7) & ~7;
}
