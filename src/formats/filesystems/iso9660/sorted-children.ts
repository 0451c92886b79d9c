/** A folder's children in the order of their names, which decides everything that the order could be seen in. */
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, Folder } from '../../../core/file-tree.ts';

/** Linux and POSIX: NAME_MAX. Bytes of UTF-8. */
const LONGEST_NAME = 255;

/**
 * Lists a folder; all children are in memory afterwards.
 * @param path - of the folder, "" for the root @param isRockRidge - names are kept as they are
 * @throws DisksealError `E_ISO9660` for a name that is none or is there twice
 */
export async function sortedChildren(folder: Folder, path: string, isRockRidge: boolean): Promise<Entry[]> {
  const children: Entry[] = [];
  for await (const entry of folder.children()) {
    const fault = nameFault(entry.name, isRockRidge);
    if (fault) throw new DisksealError('E_ISO9660', `the name ${fault}`, { path: join(path, entry.name), hint: 'rename it' });
    children.push(entry);
  }
  children.sort((a, b) => compare(a.name, b.name));
  for (let index = 1; index < children.length; index++) {
    const { name } = children[index]!;
    if (name === children[index - 1]!.name) throw new DisksealError('E_ISO9660', 'two entries have one name', { path: join(path, name) });
  }
  return children;
}

function nameFault(name: string, isRockRidge: boolean): string | undefined {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) return 'is not one of a file';
  if (!isRockRidge) return undefined;
  if (/\p{Surrogate}/u.test(name)) return 'is not well-formed Unicode';
  // A code unit has three bytes at most.
  if (name.length * 3 <= LONGEST_NAME) return undefined;
  const bytes = new TextEncoder().encode(name).length;
  return bytes > LONGEST_NAME ? `has ${bytes} bytes in UTF-8, systems read ${LONGEST_NAME}` : undefined;
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** By UTF-16 code units. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
