/** The files of a verified image, as a type of their own: what acts on an image takes nothing else. */
import { DisksealError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { comparedTree } from '../seal/compared-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { filesystemName, type Layers, openLayers, openVolume } from './layers.ts';
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
  const layers = await openLayers(disk, platform);
  const tree = await openVolume(layers);
  if (!inventory) return tree as VerifiedTree;
  refuseFurtherVolume(layers);
  return comparedTree(tree, inventory, platform) as VerifiedTree;
}

/** A system that mounts the image shows all its volumes, and the inventory speaks of one. */
function refuseFurtherVolume({ volumes }: Layers): void {
  const further = volumes.find(({ filesystem }) => filesystem !== 'hfsplus' && filesystem !== 'hfsx');
  if (!further) return;
  const what = `the image also holds ${filesystemName(further.filesystem)}`;
  throw new DisksealError('E_TAMPERED', `volume and inventory differ: ${what}, of which the inventory says nothing`, {
    offset: further.position,
  });
}
