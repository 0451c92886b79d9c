/** Reads a whole volume and compares it with the inventory that was signed: nothing missing, nothing added, nothing other. */
import { stream } from '../core/disk.ts';
import { walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { compareHybridViews, compareUdfAnchors } from '../seal/hybrid-views.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import type { VerifiedDisk } from './verified-disk.ts';
import { openCompared } from './verified-tree.ts';

/**
 * @returns how many entries were compared
 * @throws DisksealError `E_TAMPERED` for the first difference, and what reading the volume throws
 */
export async function compareVolume(disk: VerifiedDisk, inventory: readonly InventoryEntry[], platform: Platform): Promise<number> {
  const { tree, volume } = await openCompared(disk, platform, inventory);
  let compared = 0;
  for await (const { entry } of walk(tree.root)) {
    compared++;
    if (entry.type !== 'file') continue;
    // Reading to the end is what makes the tree compare the digest.
    for await (const _ of stream(entry.content)) continue;
  }
  if (volume.filesystem === 'iso9660') await compareHybridViews(volume.disk);
  if (volume.filesystem === 'udf') await compareUdfAnchors(volume.disk);
  return compared;
}
