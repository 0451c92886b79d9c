/**
 * Master boot records, read. Source: UEFI 5.2.1; type names as hdiutil gives them.
 * Left out: logical partitions inside an extended one.
 */
import { type Disk, readRange, sliceDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Partition, SECTOR } from '../../../core/partition.ts';
import { MasterBootRecord, type MbrEntry } from './structs.ts';

const TYPE_NAMES = new Map([
  [0x01, 'DOS_FAT_12'],
  [0x04, 'DOS_FAT_16_S'],
  [0x05, 'DOS_Extended'],
  [0x06, 'DOS_FAT_16'],
  [0x07, 'Windows_NTFS'],
  [0x0b, 'DOS_FAT_32'],
  [0x0c, 'Windows_FAT_32'],
  [0x0e, 'Windows_FAT_16'],
  [0x0f, 'Windows_Extended'],
  [0x82, 'Linux_Swap'],
  [0x83, 'Linux'],
  [0xaf, 'Apple_HFS'],
  [0xee, 'GPT_Protective'],
]);

/** @throws DisksealError `E_PARTITION` when there is no boot record or a partition leaves the disk */
export async function open(disk: Disk): Promise<Partition[]> {
  const record = MasterBootRecord.read(await readRange(disk, 0, SECTOR, 'MasterBootRecord'));
  if (record.signature !== 0xaa55)
    throw new DisksealError('E_PARTITION', 'expected 55 AA', { offset: 510, field: 'MasterBootRecord.signature' });
  return record.partitions.filter(({ osType }) => osType !== 0).map((entry) => partitionOf(disk, entry));
}

function partitionOf(disk: Disk, { osType, startingLba, sizeInLba }: MbrEntry): Partition {
  const position = startingLba * SECTOR;
  const size = sizeInLba * SECTOR;
  if (startingLba === 0 || size === 0 || position + size > disk.size) {
    throw new DisksealError('E_PARTITION', `a partition of ${sizeInLba} sectors at ${startingLba} does not fit the disk`, {
      offset: 446,
      field: 'MasterBootRecord.partitions',
    });
  }
  return { disk: sliceDisk(disk, position, size), position, type: TYPE_NAMES.get(osType) ?? `0x${osType.toString(16)}`, name: '' };
}
