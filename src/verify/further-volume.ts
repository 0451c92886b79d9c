/**
 * What an image shows beside the volume that is read. A system that mounts the image shows all its volumes, and an inventory speaks of
 * one; but a partition of a hybrid ISO image that is a file of its volume, as a boot image for UEFI is, has its place in the inventory.
 */
import { locatedDisk } from '../core/disk.ts';
import { walk } from '../core/file-tree.ts';
import { SECTOR } from '../core/partition.ts';
import { open as openIso9660 } from '../formats/filesystems/iso9660/open.ts';
import type { Layers, Volume } from './layers.ts';

/** @returns the first volume that neither is `own` nor a file of it @throws DisksealError what malformed volumes are */
export async function furtherVolume({ volumes }: Layers, own: Volume): Promise<Volume | undefined> {
  const others = volumes.filter((volume) => volume !== own);
  if (others.length === 0 || own.filesystem !== 'iso9660' || own.position !== 0) return others[0];
  const files = await placesOfFiles(own);
  return others.find(({ position, disk }) => files.get(position) !== disk.size);
}

/** Where files begin that lie in one piece, each with its bytes in whole sectors of a disk. */
async function placesOfFiles({ disk }: Volume): Promise<ReadonlyMap<number, number>> {
  const places = new Map<number, number>();
  for await (const { entry } of walk((await openIso9660(locatedDisk(disk))).root)) {
    if (entry.type !== 'file') continue;
    const [only, second] = entry.content.extents();
    if (only?.kind === 'file' && !second) places.set(only.file.offset, Math.ceil(only.length / SECTOR) * SECTOR);
  }
  return places;
}
