/** Which entries of a tree are meant by the paths that a person named. */
import { DisksealError } from '../core/errors.ts';
import { type Entry, type FileTree, type Folder, type Placed, walk } from '../core/file-tree.ts';

/** An entry with all folders that lead to it, from the one below the root. */
interface Found {
  readonly path: string;
  readonly chain: readonly Placed[];
}

/**
 * Everything below the paths, a folder before what is in it, each entry once; the folders that lead to a path come along,
 * without what else is in them. No path means all.
 * @throws DisksealError `E_NOT_FOUND`, `E_USAGE` for a path with ".."
 */
export async function* selected(tree: FileTree, paths: readonly string[]): AsyncGenerator<Placed> {
  const found: Found[] = [];
  for (const path of paths) found.push(await locate(tree, path));
  if (found.length === 0 || found.some(({ chain }) => chain.length === 0)) {
    yield* walk(tree.root);
    return;
  }
  const given = new Set<string>();
  for (const { path, chain } of outermost(found)) {
    for (const placed of chain) {
      if (given.has(placed.path)) continue;
      given.add(placed.path);
      yield placed;
    }
    const { entry } = chain.at(-1)!;
    if (entry.type === 'folder') yield* walk(entry, path);
  }
}

/** The named entry; its path in the spelling of the image. */
export async function locateEntry(tree: FileTree, path: string): Promise<Placed> {
  const { path: real, chain } = await locate(tree, path);
  return { path: real, entry: chain.at(-1)?.entry ?? tree.root };
}

async function locate(tree: FileTree, path: string): Promise<Found> {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new DisksealError('E_USAGE', 'a path in an image has no ".."', { field: path });
  const chain: Placed[] = [];
  let folder: Entry = tree.root;
  let real = '';
  for (const name of names) {
    const entry: Entry | undefined = folder.type === 'folder' ? await childOf(folder, name) : undefined;
    if (!entry) throw notFound(path, folder, real);
    real = real === '' ? entry.name : `${real}/${entry.name}`;
    chain.push({ path: real, entry });
    folder = entry;
  }
  return { path: real, chain };
}

async function childOf(folder: Folder, name: string): Promise<Entry | undefined> {
  if (folder.child) return folder.child(name);
  for await (const entry of folder.children()) if (entry.name === name) return entry;
  return undefined;
}

function notFound(path: string, stopped: Entry, at: string): DisksealError {
  const hint =
    stopped.type === 'symlink'
      ? `${at} is a symbolic link to ${stopped.target}: links are not followed`
      : 'paths start at the top of the volume and are spelled as "diskseal ls -R" shows them';
  return new DisksealError('E_NOT_FOUND', `the image holds no ${path}`, { hint });
}

/** Without those that lie below another, or are the same. */
function outermost(found: readonly Found[]): Found[] {
  const paths = new Set(found.map(({ path }) => path));
  const kept = new Map<string, Found>();
  for (const one of found) {
    const above = one.chain.slice(0, -1).some(({ path }) => paths.has(path));
    if (!above) kept.set(one.path, one);
  }
  return [...kept.values()];
}
