/** Where an item goes in the volume: the rules of `dst`. */

export interface Destination {
  /** Folders to go through, from the root. */
  readonly folders: readonly string[];
  /** The entry's own name; undefined: the entry is (or its matches go into) the last of `folders`. */
  readonly name: string | undefined;
}

/** What is wrong with a path in the volume, in words; undefined when nothing is. */
export function destinationFault(dst: string): string | undefined {
  if (dst.startsWith('/')) return '"dst" is absolute; paths in the volume start at its root without "/"';
  if (dst.includes('\\')) return '"dst" has a backslash; folders are separated by "/"';
  const parts = dst.replace(/\/$/, '').split('/');
  if (parts.includes('..')) return '"dst" leaves the volume with ".."';
  if (parts.includes('')) return '"dst" has an empty part';
  if (parts.slice(1).includes('.')) return '"dst" has a part "." in the middle';
  return undefined;
}

/**
 * @param dst - as written and without fault
 * @param name - the entry's own base name, for a `dst` that is a folder to put it into
 */
export function destinationOf(dst: string | undefined, name: string): Destination {
  if (dst === undefined) return { folders: [], name };
  const parts = dst.split('/').filter((part) => part !== '' && part !== '.');
  if (dst.endsWith('/')) return { folders: parts, name };
  return { folders: parts.slice(0, -1), name: parts.at(-1) };
}

/** For a glob, `dst` is always a folder. */
export function foldersOf(dst: string | undefined): readonly string[] {
  return (dst ?? '.').split('/').filter((part) => part !== '' && part !== '.');
}

/** What is wrong with one name, in words. */
export function nameFault(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it is no name';
  if (name.includes('/') || name.includes('\0')) return 'it has "/" or NUL';
  return undefined;
}
