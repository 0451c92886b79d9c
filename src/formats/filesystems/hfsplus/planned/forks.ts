/** The forks of a planned volume: one extent each, one after the other, the rest of each last block zero. */
import { blockDisks } from '../../../../core/block-disks.ts';
import type { Disk } from '../../../../core/disk.ts';
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
    disk: () => blockDisks(contents, starts, blockCount, BLOCK_SIZE),
  };
}
