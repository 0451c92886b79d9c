/**
 * How far into an ISO image anything reaches that somebody names: directories and files of every view, path tables, boot images,
 * partitions. What lies behind is free. Sources: ECMA-119, El Torito 1.0 sections 2 and 2.1 to 2.4.
 */
import { type Disk, locatedDisk, readRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import { open, views } from '../formats/filesystems/iso9660/open.ts';
import { readDescriptors } from '../formats/filesystems/iso9660/volume-descriptors.ts';
import { openPartitions } from '../formats/partitions/open.ts';
import { type IsoVolume, SECTOR } from './iso-volume.ts';

/** The part before the volume's own: a partition that begins here is the volume, or a second way into it. */
const SYSTEM_AREA = 16 * SECTOR;

/** @returns bytes from the start; undefined when something is there whose end is not known */
export async function usedEnd(image: Disk, volume: IsoVolume): Promise<number | undefined> {
  try {
    const tree = await treesEnd(image);
    const partitions = await partitionsEnd(image);
    const tables = await tablesEnd(image);
    const boot = await bootEnd(image, Math.max(tree, tables));
    return boot === undefined ? undefined : Math.max(tree, partitions, tables, boot, volume.descriptorsEnd);
  } catch (error) {
    // What cannot be read to its end may reach anywhere.
    if (error instanceof DisksealError && error.exitCode === 20) return undefined;
    throw error;
  }
}

/** What the readers of the views touch, and the extents that the files have. */
async function treesEnd(image: Disk): Promise<number> {
  let end = 0;
  const watched: Disk = {
    ...locatedDisk(image),
    read(position, length, into) {
      end = Math.max(end, position + length);
      return image.read(position, length, into);
    },
  };
  for (const view of await views(watched)) end = Math.max(end, await filesEnd(await open(watched, { view })));
  return end;
}

async function filesEnd({ root }: FileTree): Promise<number> {
  let end = 0;
  for await (const { entry } of walk(root)) {
    if (entry.type !== 'file') continue;
    for (const content of [entry.content, entry.resourceFork]) {
      for (const extent of content?.extents() ?? []) {
        // A compressed file does not say how long its stored bytes are.
        if (extent.kind !== 'file') throw new DisksealError('E_UNSUPPORTED', 'a file is stored in a way that is not read');
        end = Math.max(end, extent.file.offset + extent.length);
      }
    }
  }
  return end;
}

async function tablesEnd(image: Disk): Promise<number> {
  const { primary, joliet, enhanced } = await readDescriptors(image);
  const ends = [primary, joliet, enhanced].flatMap((found) => {
    if (!found) return [];
    const { pathTableSize, logicalBlockSize, ...tables } = found.descriptor;
    const starts = [tables.typeLPathTable, tables.optionalTypeLPathTable, tables.typeMPathTable, tables.optionalTypeMPathTable];
    return starts.map((block) => block * logicalBlockSize + pathTableSize);
  });
  return Math.max(...ends);
}

async function partitionsEnd(image: Disk): Promise<number> {
  const { map, partitions } = await openPartitions(image);
  if (map === 'none') return 0;
  const others = partitions.filter(({ position }) => position > SYSTEM_AREA);
  return Math.max(0, ...others.map(({ position, disk }) => position + disk.size));
}

/** A catalog's entries have 32 bytes; more than one sector of them is not made. */
const CATALOG_ENTRY = 32;

/**
 * El Torito's catalog names where boot images begin, and how much of them the firmware loads, which is seldom all. One that begins before
 * `known` is taken to end there, as it does when it is a file.
 */
async function bootEnd(image: Disk, known: number): Promise<number | undefined> {
  const { bootRecord } = await readDescriptors(image);
  if (!bootRecord) return 0;
  const catalog = bootRecord.descriptor.bootCatalog * SECTOR;
  const bytes = await readRange(image, catalog, SECTOR, 'boot catalog');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = CATALOG_ENTRY; at < SECTOR; at += CATALOG_ENTRY) {
    const isImage = bytes[at] === 0x88 || (bytes[at] === 0 && view.getUint32(at + 8, true) !== 0);
    if (isImage && view.getUint32(at + 8, true) * SECTOR >= known) return undefined;
  }
  return catalog + SECTOR;
}
