/** What of an entry a UDF volume can hold. Source: ECMA-167 4/14.9; UDF 2.01 2.3.4.1 (names) and 3.3.3 (attributes). */
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, Folder, Metadata } from '../../../core/file-tree.ts';
import { decodeDstring, encodeDstring, encodeText } from './text.ts';
import { storedTime } from './times.ts';

export type Warn = (message: string, path?: string) => void;

/** In UDF's FileEntry stand no creation times; in its ExtendedFileEntry they do. */
export interface Held {
  readonly creationTimes: boolean;
}

export interface StoredMetadata extends Pick<Metadata, 'mode' | 'uid' | 'gid'> {
  readonly times: { readonly modified: number; readonly accessed: number; readonly changed: number; readonly created?: number };
}

/** Stands for "not given". */
const NOT_GIVEN = 0xffff_ffff;

export function storedMetadata({ mode, uid, gid, times }: Metadata, { creationTimes }: Held): StoredMetadata {
  const modified = storedTime(times.modified);
  return {
    mode,
    uid: uid >= NOT_GIVEN ? 0 : uid,
    gid: gid >= NOT_GIVEN ? 0 : gid,
    times: {
      modified,
      accessed: storedTime(times.accessed ?? modified),
      changed: storedTime(times.changed ?? modified),
      ...(creationTimes ? { created: storedTime(times.created ?? modified) } : {}),
    },
  };
}

/**
 * The children in the order in which a volume lists them, whatever the source's order is.
 * @param path - of the folder, "" for the root
 * @throws DisksealError `E_UDF` for a name that is none, or is there twice
 */
export async function sortedChildren(folder: Folder, path: string): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for await (const entry of folder.children()) {
    const { name } = entry;
    const place = { path: path === '' ? name : `${path}/${name}` };
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new DisksealError('E_UDF', 'the name is not one of a file', place);
    if (entries.has(name)) throw new DisksealError('E_UDF', 'two entries have one name', place);
    entries.set(name, entry);
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** 255 octets with the one that tells the compression: 254 characters to U+00FF, or 127 code units. @throws DisksealError `E_UDF` */
export function storedName(name: string, path: string): Uint8Array {
  const encoded = encodeText(name);
  if (encoded.length <= 255) return encoded;
  throw new DisksealError('E_UDF', `the name has ${encoded.length} bytes, UDF holds 255`, {
    path,
    hint: 'a name of up to 127 characters always fits',
  });
}

/** A volume's name as its descriptors can hold it: 126 characters to U+00FF, else 63. */
export function storedVolumeName(name: string): string {
  return decodeDstring(encodeDstring(name, 128));
}

/** Says what of an entry is dropped. */
export function warnOfLosses(entry: Entry, path: string, warn: Warn | undefined): void {
  if (!warn) return;
  const lost = [
    ...(entry.finderInfo?.some((byte) => byte !== 0) ? ['Finder info'] : []),
    ...(entry.xattrs && entry.xattrs.size > 0 ? ['extended attributes'] : []),
    ...(entry.type === 'file' && entry.resourceFork && entry.resourceFork.size > 0 ? ['the resource fork'] : []),
    ...(entry.flags ? ['file flags'] : []),
  ];
  if (lost.length > 0) warn(`UDF does not hold ${lost.join(', ')}`, path);
}
