/**
 * A UDF 1.02 volume beside an ISO 9660 volume: both show the same contents, which lie there once. UDF takes the sectors that the other
 * leaves free: behind its descriptors, 32 to 65, 256, a stretch from 257 on, and the last one. Source: UDF 1.02; images of genisoimage.
 * Left out: symbolic links, for whose sake 7-Zip would refuse the whole volume; the other volume shows them.
 */
import { bytesDisk, type Disk, joinDisks, sliceDisk } from '../../../core/disk.ts';
import { assert, DisksealError } from '../../../core/errors.ts';
import type { FileTree, Folder } from '../../../core/file-tree.ts';
import type { PlannedContent } from '../../../core/planned-volume.ts';
import { planPartition } from './planned/partition.ts';
import type { Icb } from './planned/tree-index.ts';
import {
  anchor,
  descriptorSequence,
  INTEGRITY_SECTOR,
  integritySectors,
  recognitionSectors,
  SEQUENCE_SECTORS,
  type VolumeFacts,
} from './planned/volume-descriptors.ts';
import { storedVolumeName, type Warn } from './stored-metadata.ts';
import { ANCHOR_SECTOR, PARTITION_START, SECTOR } from './structs.ts';

export interface BridgeOptions {
  /** 64 bits that tell this volume from all others. */
  readonly volumeId: bigint;
  /** Unix seconds. */
  readonly created: number;
  readonly warn?: Warn | undefined;
}

export interface Bridge {
  /** The first sector that the other volume may use behind its descriptors. */
  readonly firstSector: number;
  /**
   * The other volume with UDF's sectors in it.
   * @param contents - where its contents lie
   * @throws DisksealError `E_UDF` when a sector that UDF needs is not free
   */
  over(volume: Disk, contents: Iterable<PlannedContent>): Promise<Disk>;
}

const REVISION = 0x0102;
const MAIN_SEQUENCE = 32;
const RESERVE_SEQUENCE = MAIN_SEQUENCE + SEQUENCE_SECTORS;
const FIRST_DESCRIPTOR = 16;
/** ECMA-119 8.1.1: the type of the descriptor that ends the set. */
const TERMINATOR = 255;

/** @throws DisksealError `E_UDF`, `E_UNSUPPORTED` */
export async function planBridge(tree: FileTree, { volumeId, created, warn }: BridgeOptions): Promise<Bridge> {
  const name = storedVolumeName(tree.root.name);
  const partition = await planPartition({ root: withoutLinks(tree.root, '', warn) }, { revision: REVISION, name, created, warn });
  return {
    firstSector: PARTITION_START + partition.metadataBlocks,
    async over(volume, contents) {
      const places = new Map([...contents].map(({ path, position }) => [path, position]));
      const sectors = volume.size / SECTOR;
      const { files, folders } = partition.index;
      const last = sectors - 1;
      const facts = { revision: REVISION, name, created, volumeId, partitionBlocks: last - PARTITION_START, files, folders } as const;
      const pieces = [
        ...(await descriptors(volume, facts, last)),
        { sector: PARTITION_START, disk: partition.metadata((icb) => blockOf(icb, places)) },
        { sector: last, disk: bytesDisk(anchor(REVISION, MAIN_SEQUENCE, RESERVE_SEQUENCE, last)) },
      ];
      return overlay(volume, pieces);
    },
  };
}

interface Piece {
  readonly sector: number;
  readonly disk: Disk;
}

async function descriptors(volume: Disk, facts: VolumeFacts, last: number): Promise<Piece[]> {
  const recognition = await behindDescriptors(volume);
  const pieces: (readonly [number, Uint8Array])[] = [
    [recognition, recognitionSectors(REVISION)],
    [MAIN_SEQUENCE, descriptorSequence(facts, MAIN_SEQUENCE)],
    [RESERVE_SEQUENCE, descriptorSequence(facts, RESERVE_SEQUENCE)],
    [INTEGRITY_SECTOR, integritySectors(facts)],
    [ANCHOR_SECTOR, anchor(REVISION, MAIN_SEQUENCE, RESERVE_SEQUENCE, ANCHOR_SECTOR)],
  ];
  for (const [sector, bytes] of [...pieces, [last, new Uint8Array(SECTOR)] as const]) await checkFree(volume, sector, bytes.length);
  return pieces.map(([sector, bytes]) => ({ sector, disk: bytesDisk(bytes) }));
}

/** The sector behind ISO 9660's last descriptor. */
async function behindDescriptors(volume: Disk): Promise<number> {
  for (let sector = FIRST_DESCRIPTOR; sector < MAIN_SEQUENCE - 3; sector++) {
    const [type] = await volume.read(sector * SECTOR, 1);
    if (type === TERMINATOR) return sector + 1;
  }
  throw new DisksealError('E_UDF', 'the descriptors of the ISO 9660 volume leave no room for those of UDF');
}

async function checkFree(volume: Disk, sector: number, length: number): Promise<void> {
  const bytes = await volume.read(sector * SECTOR, length);
  if (bytes.some((byte) => byte !== 0))
    throw new DisksealError('E_UDF', 'a sector that UDF needs is not free', { offset: sector * SECTOR });
}

/** @param pieces - at ascending sectors, apart from each other */
function overlay(volume: Disk, pieces: readonly Piece[]): Disk {
  const disks: Disk[] = [];
  let end = 0;
  for (const { sector, disk } of pieces) {
    disks.push(sliceDisk(volume, end, sector * SECTOR - end), disk);
    end = sector * SECTOR + disk.size;
  }
  return joinDisks([...disks, sliceDisk(volume, end, volume.size - end)]);
}

function blockOf({ path, otherPaths }: Icb, places: ReadonlyMap<string, number>): number {
  const found = [path, ...otherPaths].find((name) => places.has(name));
  assert(found !== undefined, `the other volume does not hold ${path}`);
  return places.get(found)! / SECTOR - PARTITION_START;
}

function withoutLinks(folder: Folder, path: string, warn: Warn | undefined): Folder {
  return {
    ...folder,
    async *children() {
      for await (const entry of folder.children()) {
        const place = path === '' ? entry.name : `${path}/${entry.name}`;
        if (entry.type === 'symlink') warn?.('the UDF view leaves out symbolic links', place);
        else yield entry.type === 'folder' ? withoutLinks(entry, place, warn) : entry;
      }
    },
  };
}
