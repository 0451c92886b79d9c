/** The inventory of a build: the manifest's tree under the manifest's names, with the digests found while packing. */
import { assert } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { encodeInventory, type InventoryEntry } from '../seal/inventory.ts';

/** @param digests - by path, of files with bytes; a hard link's under the path that the volume lists first */
export async function inventoryOf(
  tree: FileTree,
  digests: Pick<ReadonlyMap<string, Uint8Array>, 'get'>,
  platform: Platform,
): Promise<InventoryEntry[]> {
  const empty = await platform.digest('sha256', new Uint8Array());
  const byGroup = new Map<string, Uint8Array>();
  const found: (() => InventoryEntry)[] = [];
  for await (const { path, entry } of walk(tree.root)) {
    const { mode } = entry;
    if (entry.type === 'folder') found.push(() => ({ type: 'folder', path, mode }));
    else if (entry.type === 'symlink') found.push(() => ({ type: 'symlink', path, mode, target: entry.target }));
    else {
      const { linkGroup = '', content } = entry;
      const own = content.size === 0 ? empty : digests.get(path);
      if (own) byGroup.set(linkGroup, own);
      // The link that has the digest may come later.
      found.push(() => ({ type: 'file', path, mode, size: content.size, digest: own ?? groupDigest(linkGroup, path) }));
    }
  }
  return found.map((entry) => entry());

  function groupDigest(linkGroup: string, path: string): Uint8Array {
    const digest = byGroup.get(linkGroup);
    assert(digest && linkGroup !== '', `no digest was computed for ${path}`);
    return digest;
  }
}

/** What the manifest asked for, and what a container adds. */
export interface Inventories {
  readonly content: readonly InventoryEntry[];
  readonly dressing: readonly InventoryEntry[];
}

/** @param added - the dressing of the volume, which has no path of the tree's */
export async function inventoriesOf(
  tree: FileTree,
  added: FileTree | undefined,
  digests: Pick<ReadonlyMap<string, Uint8Array>, 'get'>,
  platform: Platform,
): Promise<Inventories> {
  const dressing = added ? await inventoryOf(added, digests, platform) : [];
  return { content: await inventoryOf(tree, digests, platform), dressing };
}

/** Bytes of the encoded inventory, which do not depend on the contents: known before anything is read. */
export async function inventoryLength(tree: FileTree, platform: Platform): Promise<number> {
  const any = new Uint8Array(32);
  return encodeInventory(await inventoryOf(tree, { get: () => any }, platform)).length;
}
