/** The task that reads an image's covered bytes and hashes them, so that tree and flat run on two threads. */
import { type Disk, type FileRange, readRange } from '../core/disk.ts';
import type { Platform, Task } from '../core/platform.ts';
import { coverageHasher, type Range, withMask } from './coverage.ts';

/** 1 MiB: sixteen leaves a read. */
const PIECE = 1 << 20;

export interface HashCoverageInput {
  /** A file held open by descriptor; offsets of the ranges are relative to `file.offset`. */
  readonly file: FileRange;
  readonly covered: readonly Range[];
  readonly masked: readonly Range[];
  readonly digest: 'flat' | 'tree';
}

/** Gives the flat digest or the leaf table. */
export const hashCoverageTask: Task<HashCoverageInput, Uint8Array> = {
  name: 'hash-coverage',
  async run({ file, covered, masked, digest }, platform) {
    const piece = new Uint8Array(PIECE);
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      const into = piece.subarray(0, length);
      await platform.readFile({ ...file, offset: file.offset + position }, into);
      return into;
    };
    const { flat, table } = await hashRanges(read, covered, masked, platform, { flat: digest === 'flat', tree: digest === 'tree' });
    return { value: digest === 'flat' ? flat : table };
  },
};

/** Both digests of an image: on two threads when it is one open file, else in one pass here. */
export async function hashCoverage(
  image: Disk,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const file = wholeFile(image);
  if (!file) {
    const read = (position: number, length: number): Promise<Uint8Array> => readRange(image, position, length, 'covered range');
    return hashRanges(read, covered, masked, platform, { flat: true, tree: true });
  }
  const input = { file, covered, masked };
  const [flat, table] = await Promise.all([
    platform.threads.run(hashCoverageTask, { ...input, digest: 'flat' as const }),
    platform.threads.run(hashCoverageTask, { ...input, digest: 'tree' as const }),
  ]);
  return { flat, table };
}

function wholeFile(image: Disk): FileRange | undefined {
  const extents = [...image.extents()];
  const [only] = extents;
  return extents.length === 1 && only?.kind === 'file' && only.file.descriptor !== undefined ? only.file : undefined;
}

async function hashRanges(
  read: (position: number, length: number) => Promise<Uint8Array>,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
  digests: { flat: boolean; tree: boolean },
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const hasher = coverageHasher(platform, digests);
  for (const [offset, length] of covered) {
    for (let at = 0; at < length; at += PIECE) {
      const bytes = await read(offset + at, Math.min(PIECE, length - at));
      await hasher.update(withMask(bytes, offset + at, masked));
    }
    await hasher.nextRange();
  }
  return hasher.finish();
}
