/** What `stat` shows of an entry. The owner is whoever mounted: the image's numbers mean nobody on this machine. */
import type { Entry } from '../../core/file-tree.ts';
import type { Inode } from './inodes.ts';
import { Attr, AttrOut, EntryOut } from './structs.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Nothing changes under the kernel: a year is as good as for ever. Seconds. */
const VALID = 31_536_000;

/** The type bits of a mode, as `S_IFMT` has them. */
const TYPE = { folder: 0o040_000, file: 0o100_000, symlink: 0o120_000 };

/** Links have no permissions on Linux, which shows all of them. */
export function modeOf(entry: Entry): number {
  return TYPE[entry.type] | (entry.type === 'symlink' ? 0o777 : entry.mode & 0o7777);
}

export function attrOf({ id, entry }: Inode, { uid, gid }: Owner): Partial<Attr> {
  const { modified, accessed = modified, changed = modified } = entry.times;
  const size = sizeOf(entry);
  const [atime, mtime, ctime] = [accessed, modified, changed].map(timeOf) as [Time, Time, Time];
  return {
    ino: id,
    size,
    blocks: Math.ceil(size / 512),
    atime: atime.seconds,
    mtime: mtime.seconds,
    ctime: ctime.seconds,
    atimensec: atime.nanoseconds,
    mtimensec: mtime.nanoseconds,
    ctimensec: ctime.nanoseconds,
    mode: modeOf(entry),
    // Of folders 1 says that subfolders are not counted. That a file has several names is known, their number is not.
    nlink: entry.type === 'file' && entry.linkGroup !== undefined ? 2 : 1,
    uid,
    gid,
    blksize: 4096,
  };
}

function sizeOf(entry: Entry): number {
  if (entry.type === 'file') return entry.content.size;
  return entry.type === 'symlink' ? Buffer.byteLength(entry.target) : 0;
}

interface Time {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

function timeOf(time: number): Time {
  const safe = Number.isFinite(time) ? Math.min(Math.max(time, -(2 ** 52)), 2 ** 52) : 0;
  const seconds = Math.floor(safe);
  return { seconds: BigInt.asUintN(64, BigInt(seconds)), nanoseconds: Math.min(999_999_999, Math.floor((safe - seconds) * 1e9)) };
}

export function attrAnswer(inode: Inode, owner: Owner): Uint8Array {
  return AttrOut.write({ attrValid: VALID, attr: attrOf(inode, owner) as Attr });
}

/** @param into - bytes that are zero from `at` on */
export function entryAnswer(inode: Inode, owner: Owner, into?: Uint8Array, at?: number): Uint8Array {
  const attr = attrOf(inode, owner) as Attr;
  return EntryOut.write({ nodeid: inode.id, entryValid: VALID, attrValid: VALID, attr }, into, at);
}

/** There is no such name, and there will be none. */
export function noEntryAnswer(): Uint8Array {
  return EntryOut.write({ entryValid: VALID });
}
