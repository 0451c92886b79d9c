/** Finds out which partition map a disk has, by what stands in its first sectors. */
import type { Disk } from '../../core/disk.ts';
import { type Partition, SECTOR } from '../../core/partition.ts';
import { open as openApm } from './apm/open.ts';
import { open as openGpt } from './gpt/open.ts';
import { GPT_SIGNATURE } from './gpt/structs.ts';
import { open as openMbr } from './mbr/open.ts';
import { MasterBootRecord } from './mbr/structs.ts';

export type PartitionMap = 'gpt' | 'apm' | 'mbr' | 'none';

const READERS = { gpt: openGpt, apm: openApm, mbr: openMbr };

/** Which map the disk claims to have; whether it is intact is for its reader to say. A bare volume has none. */
export async function partitionMapOf(disk: Disk): Promise<PartitionMap> {
  if (disk.size < 3 * SECTOR) return 'none';
  const start = await disk.read(0, 2 * SECTOR);
  const record = MasterBootRecord.read(start);
  const bootable = record.signature === 0xaa55;
  const protective = bootable && record.partitions.some(({ osType }) => osType === 0xee);
  if (protective || isGptHeader(start, SECTOR)) return 'gpt';
  if (start[SECTOR] === 0x50 && start[SECTOR + 1] === 0x4d) return 'apm';
  if (start[0] === 0x45 && start[1] === 0x52) return 'apm';
  return bootable && looksDivided(record.partitions, disk.size / SECTOR) ? 'mbr' : 'none';
}

/** The partitions of whichever map there is; a bare volume is one partition of type '' over the whole disk. */
export async function openPartitions(disk: Disk): Promise<{ map: PartitionMap; partitions: Partition[] }> {
  const map = await partitionMapOf(disk);
  if (map === 'none') return { map, partitions: [{ disk, position: 0, type: '', name: '' }] };
  return { map, partitions: await READERS[map](disk) };
}

function isGptHeader(bytes: Uint8Array, at: number): boolean {
  return GPT_SIGNATURE.every((byte, index) => bytes[at + index] === byte);
}

/** A FAT volume's first sector ends in 55 AA as well, with program text where the entries would be. */
function looksDivided(
  entries: readonly { bootIndicator: number; osType: number; startingLba: number; sizeInLba: number }[],
  sectors: number,
): boolean {
  const used = entries.filter(({ osType }) => osType !== 0);
  return (
    used.length > 0 &&
    entries.every(({ bootIndicator }) => bootIndicator === 0 || bootIndicator === 0x80) &&
    used.every(({ startingLba, sizeInLba }) => startingLba > 0 && sizeInLba > 0 && startingLba + sizeInLba <= sectors)
  );
}
