/** What a partition map says, in terms that no map owns. Sectors are 512 bytes. */
import type { Disk } from './disk.ts';

export const SECTOR = 512;

/** One partition found on a disk. */
export interface Partition {
  readonly disk: Disk;
  /** Bytes from the start of the whole disk. */
  readonly position: number;
  /** `Apple_HFS`, `Apple_APFS`, … : the names of Apple's maps; a GPT type without such a name is its GUID. */
  readonly type: string;
  readonly name: string;
}

/** One stretch of a whole disk as a partition map divides it, the map's own sectors and free space included. */
export interface Area {
  readonly name: string;
  readonly firstSector: number;
  readonly sectorCount: number;
}

/** A whole disk with the stretches it consists of: in order, from sector 0 to the end, without gaps. */
export interface PartitionedDisk extends Disk {
  readonly areas: readonly Area[];
}
