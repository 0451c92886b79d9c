/**
 * A master boot record before one volume. Source: UEFI 5.2.1; where the volume begins, as every partitioning tool of today has it:
 * at 1 MiB, so that it is aligned on all devices.
 * Left out: further partitions, logical ones, boot code.
 */
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Partition, type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import { BEYOND_CHS, MasterBootRecord } from './structs.ts';

export interface MbrVolume {
  readonly disk: Disk;
  /** `Apple_HFS` (AF) or `DOS_FAT_32` (0B). */
  readonly type: keyof typeof OS_TYPES;
}

export interface MbrDisk extends PartitionedDisk {
  readonly partitions: readonly [Partition];
}

const OS_TYPES = { Apple_HFS: 0xaf, DOS_FAT_32: 0x0b } as const;
const FIRST_SECTOR = 2048;

/**
 * Plans the disk; nothing is read but the volume's size. It ends with the volume, filled up to a whole sector.
 * @param signature - 32 bits that tell this disk from all others
 * @throws DisksealError `E_PARTITION` for more than the 2 TiB that the record can say
 */
export function partition({ disk, type }: MbrVolume, signature: number): MbrDisk {
  const sectors = Math.ceil(disk.size / SECTOR);
  if (sectors > 0xffff_ffff) throw new DisksealError('E_PARTITION', 'the volume is larger than the 2 TiB of a master boot record');
  const entry = {
    bootIndicator: 0,
    startingChs: BEYOND_CHS,
    osType: OS_TYPES[type],
    endingChs: BEYOND_CHS,
    startingLba: FIRST_SECTOR,
    sizeInLba: sectors,
  };
  const record = MasterBootRecord.write({ diskSignature: signature, partitions: [entry], signature: 0xaa55 });
  const position = FIRST_SECTOR * SECTOR;
  return {
    ...joinDisks([bytesDisk(record), zerosDisk(position - SECTOR), disk, zerosDisk(sectors * SECTOR - disk.size)]),
    areas: [
      { name: 'Master Boot Record (MBR : 0)', firstSector: 0, sectorCount: 1 },
      { name: ' (Apple_Free : 1)', firstSector: 1, sectorCount: FIRST_SECTOR - 1 },
      { name: ` (${type} : 2)`, firstSector: FIRST_SECTOR, sectorCount: sectors },
    ],
    partitions: [{ disk, position, type, name: '' }],
  };
}
