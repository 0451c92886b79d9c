/** The forks of a planned volume: one extent each, one after the other, the rest of each last block zero. */

import { checkRange, type Disk, type Extent, lastAtOrBefore } from '../../../../core/disk.ts';
import { assert, DisksealError } from '../../../../core/errors.ts';

/** Allocation blocks are 4096 bytes on every volume that is written: the kernel's page, and what newfs takes (TN1150, "Allocation Block Size"). */
export const BLOCK_SIZE = 4096;

/** The number of a fork that has bytes; 0 stands for a fork without any. */
export type ForkNumber = number;

/** Forks in the order in which they lie on the volume. Blocks are counted from the first block of all forks. */
export interface PlannedForks {
  readonly count: number;
  readonly blockCount: number;
  /** @param path - named when the volume would be too large */
  add(content: Disk, path: string): ForkNumber;
  content(fork: ForkNumber): Disk;
  firstBlock(fork: ForkNumber): number;
  /** All blocks from the first on. */
  disk(): Disk;
}

export function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_SIZE);
}

export function planForks(): PlannedForks {
  const contents: Disk[] = [];
  const starts: number[] = [];
  let blockCount = 0;
  return {
    get count() {
      return contents.length;
    },
    get blockCount() {
      return blockCount;
    },
    add(content, path) {
      if (content.size === 0) return 0;
      starts.push(blockCount);
      blockCount += blocksOf(content.size);
      if (blockCount > 0xffff_ffff) throw new DisksealError('E_HFSPLUS', 'the files need more than the 16 TiB of an HFS+ volume', { path });
      return contents.push(content);
    },
    content(fork) {
      const content = contents[fork - 1];
      assert(content, `there is no fork ${fork}`);
      return content;
    },
    firstBlock: (fork) => starts[fork - 1] ?? 0,
    disk: () => forksDisk(contents, starts, blockCount * BLOCK_SIZE),
  };
}

function forksDisk(contents: readonly Disk[], starts: readonly number[], size: number): Disk {
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      let fork = lastAtOrBefore(starts, Math.floor(position / BLOCK_SIZE));
      for (let done = 0; done < length; fork++) {
        const room = (starts[fork + 1] ?? size / BLOCK_SIZE) * BLOCK_SIZE - position - done;
        const take = Math.min(length - done, room);
        await readPadded(contents[fork]!, position + done - starts[fork]! * BLOCK_SIZE, into.subarray(done, done + take));
        done += take;
      }
      return into;
    },
    *extents(from = 0) {
      for (let fork = lastAtOrBefore(starts, Math.floor(from / BLOCK_SIZE)); fork < contents.length; fork++) {
        yield* paddedExtents(contents[fork]!, starts[fork]! * BLOCK_SIZE);
      }
    },
  };
}

/** Reads a range that may go on in, or lie in, the zeros behind the content. */
async function readPadded(content: Disk, position: number, into: Uint8Array): Promise<void> {
  const inside = Math.max(0, Math.min(into.length, content.size - position));
  if (inside > 0) await content.read(position, inside, into.subarray(0, inside));
  into.fill(0, inside);
}

function* paddedExtents(content: Disk, start: number): Generator<Extent> {
  for (const extent of content.extents()) yield { ...extent, position: extent.position + start };
  const slack = blocksOf(content.size) * BLOCK_SIZE - content.size;
  if (slack > 0) yield { kind: 'zeros', position: start + content.size, length: slack };
}
