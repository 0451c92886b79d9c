/** The inventory of a build: the manifest's tree under the manifest's names, with the digests found while packing. */
import { assert } from '../core/errors.ts';
import { type Entry, type FileTree, walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import type { InventoryEntry } from '../seal/inventory.ts';

/** @param digests - by path, of files with bytes; a hard link's under the path that the volume lists first */
export async function inventoryOf(tree: FileTree, digests: ReadonlyMap<string, Uint8Array>, platform: Platform): Promise<InventoryEntry[]> {
  const empty = await platform.digest('sha256', new Uint8Array());
  const byGroup = await groupDigests(tree, digests);
  const entries: InventoryEntry[] = [];
  for await (const { path, entry } of walk(tree.root)) {
    entries.push(inventoryEntry(path, entry, () => digestOf(path, entry)));
  }
  return entries;

  function digestOf(path: string, entry: Entry): Uint8Array {
    assert(entry.type === 'file', 'only files have digests');
    if (entry.content.size === 0) return empty;
    const digest = digests.get(path) ?? byGroup.get(entry.linkGroup ?? '');
    assert(digest, `no digest was computed for ${path}`);
    return digest;
  }
}

function inventoryEntry(path: string, entry: Entry, digest: () => Uint8Array): InventoryEntry {
  const { mode } = entry;
  if (entry.type === 'folder') return { type: 'folder', path, mode };
  if (entry.type === 'symlink') return { type: 'symlink', path, mode, target: entry.target };
  return { type: 'file', path, mode, size: entry.content.size, digest: digest() };
}

async function groupDigests(tree: FileTree, digests: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Uint8Array>> {
  const groups = new Map<string, Uint8Array>();
  for await (const { path, entry } of walk(tree.root)) {
    const digest = digests.get(path);
    if (entry.type === 'file' && entry.linkGroup !== undefined && digest) groups.set(entry.linkGroup, digest);
  }
  return groups;
}
