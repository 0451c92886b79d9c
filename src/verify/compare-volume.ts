/**
 * Compares the volume of an image with the inventory that was signed: names, types, modes, sizes, link targets and
 * SHA-256 of every file, nothing missing and nothing added.
 */
import { stream } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type Entry, type FileTree, walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { toPosix, toStored } from '../formats/filesystems/hfsplus/names.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { openLayers, openVolume } from './layers.ts';
import type { VerifiedDisk } from './verified-disk.ts';

/**
 * @returns how many entries were compared
 * @throws DisksealError `E_TAMPERED` for the first difference, and what reading the volume throws
 */
export async function compareVolume(disk: VerifiedDisk, inventory: readonly InventoryEntry[], platform: Platform): Promise<number> {
  return compareTree(await openVolume(await openLayers(disk, platform)), inventory, platform);
}

export async function compareTree(tree: FileTree, inventory: readonly InventoryEntry[], platform: Platform): Promise<number> {
  const expected = new Map(inventory.map((entry) => [asStored(entry.path), entry]));
  for await (const { path, entry } of walk(tree.root)) {
    const stated = expected.get(path);
    if (!stated) throw differs(path, 'it is in the volume and not in the inventory');
    expected.delete(path);
    await compareEntry(path, entry, stated, platform);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw differs(missing, 'it is in the inventory and not in the volume');
  return inventory.length;
}

/** The inventory has the manifest's names; HFS+ holds them decomposed. */
export function asStored(path: string): string {
  return path
    .split('/')
    .map((name) => toPosix(toStored(name)))
    .join('/');
}

async function compareEntry(path: string, entry: Entry, stated: InventoryEntry, platform: Platform): Promise<void> {
  if (entry.type !== stated.type) throw differs(path, `it is a ${entry.type}, stated is a ${stated.type}`);
  if (entry.mode !== stated.mode) throw differs(path, `its mode is ${entry.mode.toString(8)}, stated is ${stated.mode.toString(8)}`);
  if (entry.type === 'symlink' && stated.type === 'symlink' && entry.target !== stated.target) throw differs(path, 'it leads elsewhere than stated');
  if (entry.type !== 'file' || stated.type !== 'file') return;
  if (entry.content.size !== stated.size) throw differs(path, `it has ${entry.content.size} bytes, stated are ${stated.size}`);
  const hash = platform.hash('sha256');
  for await (const bytes of stream(entry.content)) await hash.update(bytes);
  if (toHex(await hash.digest()) !== toHex(stated.digest)) throw differs(path, 'its content is not the stated one');
}

function differs(path: string, message: string): DisksealError {
  return new DisksealError('E_TAMPERED', `volume and inventory differ: ${message}`, { path, hint: 'the publisher signed an image whose parts contradict each other' });
}
