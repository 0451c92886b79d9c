/** The files of a verified image, as a type of their own: what acts on an image takes nothing else. */
import type { FileTree } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { comparedTree } from '../seal/compared-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { openLayers, openVolume } from './layers.ts';
import type { VerifiedDisk } from './verified-disk.ts';

declare const verified: unique symbol;

export interface VerifiedTree extends FileTree {
  readonly [verified]: true;
}

/**
 * Opens the one volume of a verified image.
 * @param inventory - as `Verdict.inventory` gives it: every entry is compared with it when it is listed, every file when it is
 *   read. Absent only for a disk from `trustUnverified`, about which nothing was stated
 * @throws DisksealError what opening container, partition map and volume throws; later `E_TAMPERED`
 */
export async function openVerified(disk: VerifiedDisk, platform: Platform, inventory?: readonly InventoryEntry[]): Promise<VerifiedTree> {
  const tree = await openVolume(await openLayers(disk, platform));
  return (inventory ? comparedTree(tree, inventory, platform) : tree) as VerifiedTree;
}
