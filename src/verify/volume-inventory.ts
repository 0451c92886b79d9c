/**
 * What is in an image that another tool made, as an inventory that a publisher can sign. An image that holds more than the one volume
 * that is read, or none that is, gets no inventory: nothing is stated about it but its bytes.
 */
import { type Disk, stream } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type Entry, type File, walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { compareHybridViews, compareUdfAnchors } from '../seal/hybrid-views.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { furtherVolume } from './further-volume.ts';
import { filesystemName, openLayers, openVolume, theVolume } from './layers.ts';

export interface VolumeInventory {
  readonly entries: readonly InventoryEntry[];
  /** Why there are none. */
  readonly silence?: string;
}

/** @throws DisksealError `E_TAMPERED` when the views of a volume differ in what they show, `E_READ`, `E_CHANGED` */
export async function inventoryOfImage(image: Disk, platform: Platform): Promise<VolumeInventory> {
  try {
    const layers = await openLayers(image, platform);
    const volume = theVolume(layers);
    const further = await furtherVolume(layers, volume);
    if (further) return { entries: [], silence: `it also holds ${filesystemName(further.filesystem)}` };
    if (volume.filesystem === 'iso9660') await compareHybridViews(volume.disk);
    if (volume.filesystem === 'udf') await compareUdfAnchors(volume.disk);
    return { entries: await entriesOf(await openVolume(layers), platform) };
  } catch (error) {
    // Malformed or of a kind that is not read: the seal is over the bytes, whatever they mean.
    if (error instanceof DisksealError && error.exitCode === 20) return { entries: [], silence: error.message };
    throw error;
  }
}

async function entriesOf(tree: Awaited<ReturnType<typeof openVolume>>, platform: Platform): Promise<InventoryEntry[]> {
  const entries: InventoryEntry[] = [];
  const hashed = new Map<string, Uint8Array>();
  for await (const { path, entry } of walk(tree.root)) entries.push(await inventoryEntry(path, entry, hashed, platform));
  return entries;
}

async function inventoryEntry(path: string, entry: Entry, hashed: Map<string, Uint8Array>, platform: Platform): Promise<InventoryEntry> {
  const { type, mode } = entry;
  if (type === 'folder') return { type, path, mode };
  if (type === 'symlink') return { type, path, mode, target: entry.target };
  const { linkGroup } = entry;
  const digest = (linkGroup === undefined ? undefined : hashed.get(linkGroup)) ?? (await contentDigest(entry, platform));
  if (linkGroup !== undefined) hashed.set(linkGroup, digest);
  return { type, path, mode, size: entry.content.size, digest };
}

async function contentDigest({ content }: File, platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  for await (const bytes of stream(content)) await hash.update(bytes);
  return hash.digest();
}
