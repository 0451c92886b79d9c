/** Disks one after the other, each at the beginning of a block; the rest of each last block is zero. */
import { checkRange, type Disk, type Extent, lastAtOrBefore } from './disk.ts';

/**
 * @param starts - the first block of each disk, ascending; the disks have bytes and leave no block free between them
 * @param blockCount - of all together
 */
export function blockDisks(disks: readonly Disk[], starts: readonly number[], blockCount: number, blockSize: number): Disk {
  const size = blockCount * blockSize;
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      let index = lastAtOrBefore(starts, Math.floor(position / blockSize));
      for (let done = 0; done < length; index++) {
        const room = (starts[index + 1] ?? blockCount) * blockSize - position - done;
        const take = Math.min(length - done, room);
        await readPadded(disks[index]!, position + done - starts[index]! * blockSize, into.subarray(done, done + take));
        done += take;
      }
      return into;
    },
    *extents(from = 0) {
      for (let index = lastAtOrBefore(starts, Math.floor(from / blockSize)); index < disks.length; index++) {
        yield* paddedExtents(disks[index]!, starts[index]! * blockSize, (starts[index + 1] ?? blockCount) * blockSize);
      }
    },
  };
}

/** Reads a range that may go on in, or lie in, the zeros behind the disk. */
async function readPadded(disk: Disk, position: number, into: Uint8Array): Promise<void> {
  const inside = Math.max(0, Math.min(into.length, disk.size - position));
  if (inside > 0) await disk.read(position, inside, into.subarray(0, inside));
  into.fill(0, inside);
}

function* paddedExtents(disk: Disk, start: number, end: number): Generator<Extent> {
  for (const extent of disk.extents()) yield { ...extent, position: extent.position + start };
  const slack = end - start - disk.size;
  if (slack > 0) yield { kind: 'zeros', position: start + disk.size, length: slack };
}
