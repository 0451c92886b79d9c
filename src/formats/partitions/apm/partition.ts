/**
 * An Apple partition map before one volume: a driver descriptor, a map of 63 blocks, the volume, and nothing else, as hdiutil's layout
 * "SPUD" has it. Source: "Inside Macintosh: Devices" (1994), chapter 3; an image that hdiutil made.
 */
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Partition, type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import { DriverDescriptorMap, PartitionMapEntry } from './structs.ts';

export interface ApmVolume {
  readonly disk: Disk;
  readonly type: 'Apple_HFS' | 'Apple_HFSX';
  /** At most 32 characters of ASCII; hdiutil says "disk image". */
  readonly name: string;
}

export interface ApmDisk extends PartitionedDisk {
  readonly partitions: readonly [Partition];
}

const MAP_BLOCKS = 63;
const FIRST_BLOCK = 1 + MAP_BLOCKS;
/** Valid, allocated; the volume readable, writable and to be mounted too. */
const MAP_STATUS = 0x3;
const VOLUME_STATUS = 0x4000_0033;

/**
 * Plans the disk; nothing is read but the volume's size. It ends with the volume, filled up to a whole block of 512 bytes.
 * @throws DisksealError `E_PARTITION` for more than the 2 TiB that the map can say
 */
export function partition({ disk, type, name }: ApmVolume): ApmDisk {
  const blocks = Math.ceil(disk.size / SECTOR);
  if (FIRST_BLOCK + blocks > 0xffff_ffff)
    throw new DisksealError('E_PARTITION', 'the volume is larger than the 2 TiB of an Apple partition map');
  const head = new Uint8Array(FIRST_BLOCK * SECTOR);
  DriverDescriptorMap.write({ sbSig: 'ER', sbBlkSize: SECTOR, sbBlkCount: FIRST_BLOCK + blocks }, head);
  writeEntry(head, 1, { name: 'Apple', type: 'Apple_partition_map', start: 1, count: MAP_BLOCKS, status: MAP_STATUS });
  writeEntry(head, 2, { name, type, start: FIRST_BLOCK, count: blocks, status: VOLUME_STATUS });
  return {
    ...joinDisks([bytesDisk(head), disk, zerosDisk(blocks * SECTOR - disk.size)]),
    areas: [
      { name: 'Driver Descriptor Map (DDM : 0)', firstSector: 0, sectorCount: 1 },
      { name: 'Apple (Apple_partition_map : 1)', firstSector: 1, sectorCount: MAP_BLOCKS },
      { name: `${name} (${type} : 2)`, firstSector: FIRST_BLOCK, sectorCount: blocks },
    ],
    partitions: [{ disk, position: FIRST_BLOCK * SECTOR, type, name }],
  };
}

interface MapEntry {
  readonly name: string;
  readonly type: string;
  readonly start: number;
  readonly count: number;
  readonly status: number;
}

function writeEntry(map: Uint8Array, block: number, { name, type, start, count, status }: MapEntry): void {
  const entry = {
    pmSig: 'PM',
    pmMapBlkCnt: 2,
    pmPyPartStart: start,
    pmPartBlkCnt: count,
    pmPartName: name,
    pmPartType: type,
    pmDataCnt: count,
    pmPartStatus: status,
  };
  PartitionMapEntry.write(entry, map, block * SECTOR);
}
