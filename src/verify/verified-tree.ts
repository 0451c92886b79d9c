/** The files of a verified image, as a type of their own: what acts on an image takes nothing else. */
import { DisksealError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { toPosix, toStored } from '../formats/filesystems/hfsplus/names.ts';
import { comparedTree, type Spelling } from '../seal/compared-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { furtherVolume } from './further-volume.ts';
import { filesystemName, type Layers, openLayers, openVolume, theVolume, type Volume } from './layers.ts';
import type { VerifiedDisk } from './verified-disk.ts';

declare const verified: unique symbol;

export interface VerifiedTree extends FileTree {
  readonly [verified]: true;
}

/**
 * Opens the one volume of a verified image.
 * @param inventory - as `Verdict.inventory` gives it: every entry is compared with it when it is listed, every file when it is
 *   read. Absent for an image about which nothing was stated: one that could not be read when it was sealed, whose bytes are the sealed
 *   ones all the same, or a disk from `trustUnverified`
 * @param spelling - of names, where there is an inventory; as the volume shows them when left out
 * @throws DisksealError what opening container, partition map and volume throws; later `E_TAMPERED`
 */
export async function openVerified(
  disk: VerifiedDisk,
  platform: Platform,
  inventory?: readonly InventoryEntry[],
  spelling?: Spelling,
): Promise<VerifiedTree> {
  if (inventory) return (await openCompared(disk, platform, inventory, spelling)).tree;
  return (await openVolume(await openLayers(disk, platform, disk.sealed))) as VerifiedTree;
}

/** The same for an inventory that must state everything, and the volume as it lies on the disk. */
export async function openCompared(
  disk: VerifiedDisk,
  platform: Platform,
  inventory: readonly InventoryEntry[],
  spelling?: Spelling,
): Promise<{ tree: VerifiedTree; volume: Volume }> {
  const layers = await openLayers(disk, platform, disk.sealed);
  const volume = theVolume(layers);
  const tree = await openVolume(layers);
  await refuseFurtherVolume(layers, volume);
  const isHfs = volume.filesystem === 'hfsplus' || volume.filesystem === 'hfsx';
  // HFS+ decomposes names, the others keep them.
  const asVolume = (name: string): string => (isHfs ? toPosix(toStored(name)) : name);
  return { tree: comparedTree(tree, inventory, platform, asVolume, spelling) as VerifiedTree, volume };
}

async function refuseFurtherVolume(layers: Layers, own: Volume): Promise<void> {
  const further = await furtherVolume(layers, own);
  if (!further) return;
  const what = `the image also holds ${filesystemName(further.filesystem)}`;
  throw new DisksealError('E_TAMPERED', `volume and inventory differ: ${what}, of which the inventory says nothing`, {
    offset: further.position,
  });
}
