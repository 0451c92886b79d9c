/** The allocation file of a planned volume: all blocks from the first on are used, then all are free, and the last is used. */
import { type Disk, generatedDisk } from '../../../../core/disk.ts';

/**
 * @param size - bytes of the file; bits beyond the volume's blocks are zero
 * @param used - blocks used at the volume's start
 * @param total - blocks of the volume; the last one holds the alternate header
 */
export function allocationDisk(size: number, used: number, total: number): Disk {
  const byteAt = (index: number): number => {
    const solid = Math.max(0, Math.min(8, used - index * 8));
    const last = total - 1 - index * 8;
    return ((0xff00 >> solid) & 0xff) | (last >= 0 && last < 8 ? 0x80 >> last : 0);
  };
  return generatedDisk(size, (position, into) => {
    // A hot loop over plain bytes: the file has one for every 32 KiB of the volume.
    for (let index = 0; index < into.length; index++) into[index] = byteAt(position + index);
    return Promise.resolve();
  });
}
