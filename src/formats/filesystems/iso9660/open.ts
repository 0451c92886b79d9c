/**
 * Opens an ISO 9660 image as a FileTree: lazily, through the given disk only, and trusting nothing. Sources: ECMA-119 (2nd edition),
 * the Joliet specification, SUSP and RRIP 1.12, ISO 9660:1999 for the enhanced descriptor.
 * An image can show one tree to one system and another to the next: `views` says which trees there are, `open` opens one of them.
 * Left out, and refused by name (`E_UNSUPPORTED`): interleaved files, devices, sets of several volumes; files that are compressed
 * (zisofs) or sparse are listed and not read. Path tables are not read: every directory is reached from the root. Extended attribute
 * records and protection bits are passed over. An HFS or UDF volume in the same image is another format's.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import { descriptorText } from './names.ts';
import type { VolumeDescriptor } from './structs.ts';
import { View, type ViewName } from './view.ts';
import { type DescriptorSet, type PlacedDescriptor, readDescriptors } from './volume-descriptors.ts';

export type { ViewName };

export interface OpenOptions {
  /** Default: the first of `views`. */
  readonly view?: ViewName | undefined;
}

export interface Iso9660Tree extends FileTree {
  readonly view: ViewName;
  readonly descriptor: VolumeDescriptor;
}

/**
 * The trees that readers may show, those with the most to say first: Linux takes them in this order, Windows prefers Joliet.
 * @throws DisksealError `E_ISO9660`
 */
export async function views(disk: Disk): Promise<ViewName[]> {
  return [...(await viewsOf(disk)).keys()];
}

/**
 * Opens one view. Reads the descriptors and the root's first record; folders are read when asked for, a window of sectors at a time.
 * Files without Rock Ridge have the mode 0644, folders 0755. A file's content is ranges of `disk`: its `extents` prove equal contents.
 * @throws DisksealError `E_ISO9660` with offset and field for whatever is not as it must be, here and from every folder and file;
 *   `E_UNSUPPORTED`; `E_NOT_FOUND` when the image has no such view
 */
export async function open(disk: Disk, options: OpenOptions = {}): Promise<Iso9660Tree> {
  const found = await viewsOf(disk);
  const [first] = found.keys();
  const name = options.view ?? first!;
  const placed = found.get(name);
  if (!placed) throw new DisksealError('E_NOT_FOUND', `the image has no ${name} tree`, { hint: `it has ${[...found.keys()].join(', ')}` });
  const view = new View(disk, placed.descriptor, name, placed.skip);
  const title = descriptorText(placed.descriptor.volumeIdentifier, name === 'joliet');
  return { view: name, descriptor: placed.descriptor, root: await view.root(placed, title) };
}

interface FoundView extends PlacedDescriptor {
  /** Rock Ridge: bytes to skip in each system use area. */
  readonly skip?: number;
}

async function viewsOf(disk: Disk): Promise<Map<ViewName, FoundView>> {
  const set: DescriptorSet = await readDescriptors(disk);
  const found = new Map<ViewName, FoundView>();
  const skip = await new View(disk, set.primary.descriptor, 'iso9660').rockRidgeSkip(set.primary);
  if (skip !== undefined) found.set('rockRidge', { ...set.primary, skip });
  if (set.joliet) found.set('joliet', set.joliet);
  if (set.enhanced) found.set('enhanced', set.enhanced);
  return found.set('iso9660', set.primary);
}
