/**
 * What of an entry's metadata an ISO 9660 image can hold: with Rock Ridge modes, owners and dates in whole seconds (RRIP 4.1.1,
 * 4.1.6), without it the date of the last change alone. Both `format` and `project` ask here, so they cannot disagree.
 */
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, Times } from '../../../core/file-tree.ts';
import { FIRST_SECOND, LAST_SECOND } from './field-types.ts';

/** Told of what was changed to fit or left out, with the entry's path. */
export type Warn = (message: string, path: string) => void;

/** In the order of the flags of a TF entry. */
export const DATES = ['created', 'modified', 'accessed', 'changed', 'backedUp'] as const satisfies readonly (keyof Times)[];

export const UF_HIDDEN = 0x8000;

/** @throws DisksealError `E_ISO9660` for an owner or date that is no number in range */
export function storedMetadata(entry: Entry, path: string, warn?: Warn) {
  if (warn) sayWhatIsLost(entry, path, warn);
  return {
    mode: entry.mode & 0o7777,
    uid: ownerId(entry.uid, path),
    gid: ownerId(entry.gid, path),
    dates: DATES.map((name) => storedDate(entry.times[name], name, path, warn)),
    isHidden: ((entry.flags ?? 0) & UF_HIDDEN) !== 0,
  };
}

/** Whole seconds; a date that seven bytes cannot hold becomes the nearest one that they can. */
export function storedDate(seconds: number | undefined, what: string, path: string, warn?: Warn): number | undefined {
  if (seconds === undefined) return undefined;
  if (!Number.isFinite(seconds)) throw new DisksealError('E_ISO9660', `the date "${what}" is not a number`, { path });
  const whole = Math.floor(seconds);
  const held = Math.min(LAST_SECOND, Math.max(FIRST_SECOND, whole));
  if (held !== whole) warn?.(`its date "${what}" is outside of what ISO 9660 holds, 1900 to 2155, and was moved to the nearest end`, path);
  return held;
}

function ownerId(id: number, path: string): number {
  if (Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff) return id;
  throw new DisksealError('E_ISO9660', `${id} is not a user or group id`, { path });
}

function sayWhatIsLost(entry: Entry, path: string, warn: Warn): void {
  const lost: string[] = [];
  if (entry.xattrs && entry.xattrs.size > 0) lost.push('extended attributes');
  if (entry.finderInfo?.some((byte) => byte !== 0)) lost.push('Finder info');
  if (entry.type === 'file' && entry.resourceFork && entry.resourceFork.size > 0) lost.push('a resource fork');
  const flags = ((entry.flags ?? 0) & ~UF_HIDDEN) >>> 0;
  if (flags !== 0) lost.push(`the file flags 0x${flags.toString(16)}`);
  if (lost.length > 0) warn(`ISO 9660 has no place for ${lost.join(', ')}`, path);
}
