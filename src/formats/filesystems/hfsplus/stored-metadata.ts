/**
 * An entry's metadata as a catalog record holds it: whole seconds from 1904 to 2040, sixteen BSD flags, 32 bytes of Finder info.
 * Both `format` and `project` ask here, so they cannot disagree.
 */
import { DisksealError } from '../../../core/errors.ts';
import type { Entry } from '../../../core/file-tree.ts';
import { fromUnix, LAST_UNIX_SECOND, UNIX_EPOCH } from './dates.ts';
import { DECMPFS_ATTRIBUTE } from './decmpfs.ts';
import { FINDER_INFO_SIZE, visibleFinderInfo } from './finder-info.ts';
import { FILE_CREATOR, FILE_TYPE, FileMode, FinderFlag, OwnerFlag } from './structs.ts';

/** Told of what was changed to fit, with the entry's path. */
export type Warn = (message: string, path: string) => void;

export interface StoredMetadata {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** HFS Plus dates; 0 is "never". */
  readonly created: number;
  readonly modified: number;
  readonly changed: number;
  readonly accessed: number;
  readonly backedUp: number;
  /** st_flags, the bits that HFS+ has a place for. */
  readonly flags: number;
  /** Absent when all zero. Fields that belong to the format or the kernel are zero, see visibleFinderInfo. */
  readonly finderInfo: Uint8Array | undefined;
}

const UF_COMPRESSED = OwnerFlag.compressed;
const UF_HIDDEN = 0x8000;
/** adminFlags hold bits 16 to 23, ownerFlags 0 to 7. */
const STORED_FLAGS = 0x00ff_00ff;
/** Byte of the Finder flags' high half, in files and folders alike, and the length of type and creator before it. */
const FINDER_FLAGS_OFFSET = 8;
const HARD_LINK = FILE_TYPE.hardLink + FILE_CREATOR.hardLink;

/** @throws DisksealError `E_HFSPLUS` for an owner or date that is no number in range */
export function storedMetadata(entry: Entry, path: string, warn?: Warn): StoredMetadata {
  const { times } = entry;
  return {
    mode: entry.mode & FileMode.permissions,
    uid: ownerId(entry.uid, path),
    gid: ownerId(entry.gid, path),
    created: storedDate(times.created, 'creation', path, warn),
    modified: storedDate(times.modified, 'modification', path, warn),
    changed: storedDate(times.changed, 'change', path, warn),
    accessed: storedDate(times.accessed, 'access', path, warn),
    backedUp: storedDate(times.backedUp, 'backup', path, warn),
    flags: storedFlags(entry, path, warn),
    finderInfo: storedFinderInfo(entry, path),
  };
}

/** Whole seconds; a date that HFS+ cannot hold becomes the nearest one that it can. */
export function storedDate(seconds: number | undefined, what: string, path: string, warn?: Warn): number {
  if (seconds === undefined) return 0;
  if (!Number.isFinite(seconds)) throw new DisksealError('E_HFSPLUS', `the ${what} date is not a number`, { path });
  if (Math.floor(seconds) <= -UNIX_EPOCH || seconds >= LAST_UNIX_SECOND + 1) {
    warn?.(`its ${what} date is outside of what HFS+ holds, 1904 to 2040, and was moved to the nearest end`, path);
  }
  return fromUnix(seconds);
}

function ownerId(id: number, path: string): number {
  if (Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff) return id;
  throw new DisksealError('E_HFSPLUS', `${id} is not a user or group id`, { path });
}

function storedFlags({ flags = 0, xattrs }: Entry, path: string, warn?: Warn): number {
  if ((flags & UF_COMPRESSED) !== 0 && xattrs?.has(DECMPFS_ATTRIBUTE)) {
    throw new DisksealError('E_UNSUPPORTED', 'the file is given as the filesystem compressed it', { path, hint: 'give its plain content' });
  }
  const dropped = (flags & ~STORED_FLAGS & ~UF_HIDDEN) >>> 0;
  if (dropped !== 0) warn?.(`HFS+ has no place for the file flags 0x${dropped.toString(16)}`, path);
  // The content of a compressed file is read plain and stored plain.
  return flags & STORED_FLAGS & ~UF_COMPRESSED;
}

/** UF_HIDDEN is no flag on HFS+: the system shows and keeps it as the Finder's "invisible". */
function storedFinderInfo(entry: Entry, path: string): Uint8Array | undefined {
  const hidden = ((entry.flags ?? 0) & UF_HIDDEN) !== 0;
  if (!entry.finderInfo && !hidden) return undefined;
  if (entry.finderInfo && entry.finderInfo.length !== FINDER_INFO_SIZE) {
    throw new DisksealError('E_HFSPLUS', `Finder info has ${FINDER_INFO_SIZE} bytes, not ${entry.finderInfo.length}`, { path });
  }
  const stored = entry.finderInfo ? new Uint8Array(entry.finderInfo) : new Uint8Array(FINDER_INFO_SIZE);
  if (entry.type === 'file' && String.fromCharCode(...stored.subarray(0, FINDER_FLAGS_OFFSET)) === HARD_LINK) {
    throw new DisksealError('E_HFSPLUS', 'a file with the Finder type "hlnk" and creator "hfs+" would be taken for a hard link', { path });
  }
  if (hidden) stored[FINDER_FLAGS_OFFSET]! |= FinderFlag.invisible >> 8;
  return visibleFinderInfo(stored, entry.type === 'symlink');
}
