/**
 * Apple partition maps, read. Source: "Inside Macintosh: Devices" (1994), chapter 3. The map has no checksums.
 * Hybrid CDs have 2048 in the driver descriptor and yet a map in 512-byte blocks: the second entry's place decides.
 */
import { checkRange, type Disk, sliceDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Partition, SECTOR } from '../../../core/partition.ts';
import { DriverDescriptorMap, PartitionMapEntry } from './structs.ts';

/** hdiutil's maps have 63 blocks; the field could claim four thousand million. */
const MAX_ENTRIES = 1024;
/** These divide the disk but hold nothing: the map itself, and space. */
const NOT_PARTITIONS = new Set(['Apple_partition_map', 'Apple_Free', 'Apple_Void', 'Apple_Scratch']);

/** @throws DisksealError `E_PARTITION` for a map that is damaged or leaves the disk */
export async function open(disk: Disk): Promise<Partition[]> {
  const block = await blockSize(disk);
  const first = await readEntry(disk, block, 1);
  const count = first.pmMapBlkCnt;
  if (count < 1 || count > MAX_ENTRIES) throw fault(`a map of ${count} entries`, block, 'PartitionMapEntry.pmMapBlkCnt');
  const found: Partition[] = [];
  for (let index = 1; index <= count; index++) {
    const entry = index === 1 ? first : await readEntry(disk, block, index);
    if (entry.pmMapBlkCnt !== count) {
      throw fault(`entry ${index} counts ${entry.pmMapBlkCnt} entries, the first ${count}`, index * block, 'PartitionMapEntry.pmMapBlkCnt');
    }
    if (NOT_PARTITIONS.has(entry.pmPartType) || entry.pmPartBlkCnt === 0) continue;
    const position = entry.pmPyPartStart * block;
    checkRange(disk.size, position, entry.pmPartBlkCnt * block, 'PartitionMapEntry.pmPartBlkCnt');
    const part = sliceDisk(disk, position, entry.pmPartBlkCnt * block);
    found.push({ disk: part, position, type: entry.pmPartType, name: entry.pmPartName });
  }
  return found;
}

async function blockSize(disk: Disk): Promise<number> {
  checkRange(disk.size, 0, 2 * SECTOR, 'DriverDescriptorMap');
  const driver = DriverDescriptorMap.read(await disk.read(0, SECTOR));
  if (await hasEntry(disk, SECTOR)) return SECTOR;
  const { sbSig, sbBlkSize } = driver;
  if (sbSig === 'ER' && sbBlkSize > SECTOR && sbBlkSize <= 4096 && sbBlkSize % SECTOR === 0 && (await hasEntry(disk, sbBlkSize)))
    return sbBlkSize;
  throw fault('expected "PM"', SECTOR, 'PartitionMapEntry.pmSig');
}

async function hasEntry(disk: Disk, at: number): Promise<boolean> {
  if (disk.size < at + SECTOR) return false;
  const [p, m] = await disk.read(at, 2);
  return p === 0x50 && m === 0x4d;
}

async function readEntry(disk: Disk, block: number, index: number): Promise<PartitionMapEntry> {
  const offset = index * block;
  checkRange(disk.size, offset, SECTOR, 'PartitionMapEntry');
  const entry = PartitionMapEntry.read(await disk.read(offset, PartitionMapEntry.size), 0, offset);
  if (entry.pmSig !== 'PM') throw fault('expected "PM"', offset, 'PartitionMapEntry.pmSig');
  return { ...entry, pmPartName: text(entry.pmPartName), pmPartType: text(entry.pmPartType) };
}

/** The text ends at the first NUL; old formatters left rubbish after it. */
function text(value: string): string {
  return value.split('\0', 1)[0]!;
}

function fault(message: string, offset: number, field: string): DisksealError {
  return new DisksealError('E_PARTITION', message, { offset, field });
}
