/**
 * What was built is opened again with our own readers and held against the manifest's tree and the inventory: a volume that
 * shows other files than the publisher is about to sign for is refused (seal-rules: inventory and volume).
 * Contents are compared by where they come from, not read again: `verify --deep` reads them.
 */
import type { Disk, Extent } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';
import { open as openUdif } from '../formats/containers/udif/open.ts';
import { toPosix, toStored } from '../formats/filesystems/hfsplus/names.ts';
import { open as openVolume } from '../formats/filesystems/hfsplus/open.ts';
import { open as openPartitions } from '../formats/partitions/gpt/open.ts';
import { comparedTree } from '../seal/compared-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';

/**
 * Before packing: every file of the planned volume consists of the very ranges that the tree's file consists of.
 * @throws DisksealError `E_INTERNAL` for a difference: the plan is ours
 */
export async function comparePlanned(volume: Disk, tree: FileTree): Promise<void> {
  const sources = new Map<string, string>();
  for await (const { path, entry } of walk(tree.root)) {
    if (entry.type === 'file') sources.set(asVolume(path), fingerprint(entry.content));
  }
  const planned = await openVolume(volume);
  for await (const { path, entry } of walk(planned.root)) {
    if (entry.type !== 'file') continue;
    if (sources.get(path) !== fingerprint(entry.content)) throw differs(path, 'the volume shows another content than the manifest names');
    sources.delete(path);
  }
  const [missing] = sources.keys();
  if (missing !== undefined) throw differs(missing, 'the volume does not show it');
}

/** After packing: the image, opened through container, partition map and volume, lists exactly the inventory's entries. */
export async function compareWritten(image: Disk, inventory: readonly InventoryEntry[], platform: Platform): Promise<void> {
  const [partition] = await openPartitions(await openUdif(image, platform));
  if (!partition) throw differs('', 'the image shows no partition');
  const tree = comparedTree(await openVolume(partition.disk), inventory, platform);
  for await (const _ of walk(tree.root)) continue;
}

function asVolume(path: string): string {
  return path
    .split('/')
    .map((name) => toPosix(toStored(name)))
    .join('/');
}

/** Where the bytes come from; neighbouring ranges of one source are one. */
function fingerprint(content: Disk): string {
  return JSON.stringify([content.size, ...[...content.extents()].map(describe)]);
}

function describe(extent: Extent): unknown {
  if (extent.kind === 'file') return [extent.position, extent.length, extent.file.path, extent.file.offset];
  if (extent.kind === 'bytes') return [extent.position, extent.length, [...extent.bytes.subarray(0, 64)], extent.bytes.length];
  return [extent.position, extent.length, extent.kind];
}

function differs(path: string, message: string): DisksealError {
  return new DisksealError('E_INTERNAL', `what was built is not what was asked for: ${message}`, { path });
}
