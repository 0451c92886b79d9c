/**
 * What was written is opened again with our own readers and held against the inventory: an image that shows other files than
 * the publisher is about to sign for is refused (seal-rules: inventory and volume). Names, types, modes, sizes and targets are
 * compared, and for contents the place: each file must consist of the very bytes of the volume that were hashed for it while
 * they were packed. So nothing is read a second time but the volume's metadata; `verify --deep` reads the contents too.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import type { PlannedContent } from '../core/planned-volume.ts';
import type { Platform } from '../core/platform.ts';
import { toPosix, toStored } from '../formats/filesystems/hfsplus/names.ts';
import { comparedTree } from '../seal/compared-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';

/** How the names of an inventory look in a volume. */
export type NameInVolume = (name: string) => string;

/**
 * @param volume - opened from what was written, its files' extents giving their places in it: see `locatedDisk`
 * @param contents - where each file's bytes were when they were hashed
 * @throws DisksealError `E_TAMPERED` or `E_INTERNAL` for a difference: either is a fault of this program
 */
export async function compareWritten(
  volume: FileTree,
  inventory: readonly InventoryEntry[],
  contents: Iterable<PlannedContent>,
  nameInVolume: NameInVolume,
  platform: Platform,
): Promise<void> {
  const hashed = new Map([...contents].map(({ path, position }) => [path.split('/').map(nameInVolume).join('/'), position]));
  const tree = comparedTree(volume, inventory, platform, nameInVolume);
  const linked = new Map<string, number>();
  const others: { path: string; group: string; position: number }[] = [];
  for await (const { path, entry } of walk(tree.root)) {
    if (entry.type !== 'file' || entry.content.size === 0) continue;
    const position = place(entry.content, path);
    const group = entry.linkGroup ?? '';
    const expected = hashed.get(path);
    if (expected === undefined) others.push({ path, group, position });
    else if (expected === position) linked.set(group, position);
    else throw differs(path);
    hashed.delete(path);
  }
  // Hard links were hashed under the first of their paths.
  for (const { path, group, position } of others) if (group === '' || linked.get(group) !== position) throw differs(path);
  for (const path of hashed.keys()) throw differs(path);
}

/** Bytes from the start of the volume; what this program writes is contiguous. */
function place(content: Disk, path: string): number {
  const [only, second] = content.extents();
  if (only?.kind !== 'file' || second || only.length !== content.size) throw differs(path);
  return only.file.offset;
}

/** HFS+ holds names decomposed. */
export function inHfsPlus(name: string): string {
  return toPosix(toStored(name));
}

function differs(path: string): DisksealError {
  return new DisksealError('E_INTERNAL', 'internal error: the image shows another content than the one that was hashed', { path });
}
