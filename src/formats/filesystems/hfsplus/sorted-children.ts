/** A folder's children under the names they get, in the order of the catalog (TN1150, "Catalog File Key"). */
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, Folder } from '../../../core/file-tree.ts';
import { compareBinary, foldKey, storedName } from './names.ts';
import { PRIVATE_DIRECTORY_FOLDER, PRIVATE_FOLDER } from './structs.ts';

export interface SortedChild {
  readonly entry: Entry;
  /** The name in the catalog. */
  readonly stored: string;
  /** What the catalog orders by. */
  readonly key: string;
}

/** What orders names on a volume: the names themselves, or what folding leaves of them. */
export function orderKey(stored: string, caseSensitive: boolean): string {
  return caseSensitive ? stored : foldKey(stored);
}

/**
 * Lists a folder; all children are in memory afterwards.
 * @param path - of the folder, "" for the root
 * @throws DisksealError `E_HFSPLUS` for a name that does not fit, is taken, or belongs to the format
 */
export async function sortedChildren(folder: Folder, path: string, caseSensitive: boolean): Promise<SortedChild[]> {
  const children: SortedChild[] = [];
  for await (const entry of folder.children()) {
    const stored = storedName(entry.name, join(path, entry.name));
    const key = orderKey(stored, caseSensitive);
    // Folded to nothing, the name would be that of the folder's thread record.
    if (key === '') throw new DisksealError('E_HFSPLUS', 'HFS+ ignores every character of the name', { path: join(path, entry.name) });
    children.push({ entry, stored, key });
  }
  children.sort((a, b) => compareBinary(a.key, b.key));
  refuseCollisions(children, path, caseSensitive);
  if (path === '') refuseReserved(children, caseSensitive);
  return children;
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function refuseCollisions(children: readonly SortedChild[], path: string, caseSensitive: boolean): void {
  for (let index = 1; index < children.length; index++) {
    const [one, other] = [children[index - 1]!, children[index]!];
    if (one.key !== other.key) continue;
    const byCase = !caseSensitive && one.stored !== other.stored;
    throw new DisksealError('E_HFSPLUS', `"${one.entry.name}" and "${other.entry.name}" are the same name on this volume`, {
      path: join(path, other.entry.name),
      hint: byCase ? 'rename one of them, or make the volume case-sensitive' : 'rename one of them',
    });
  }
}

function refuseReserved(children: readonly SortedChild[], caseSensitive: boolean): void {
  const reserved = [PRIVATE_FOLDER, PRIVATE_DIRECTORY_FOLDER].map((name) => orderKey(name, caseSensitive));
  const taken = children.find(({ key }) => reserved.includes(key));
  if (!taken) return;
  throw new DisksealError('E_HFSPLUS', 'HFS+ keeps its hard links in a folder of this name', { path: taken.entry.name, hint: 'rename it' });
}
