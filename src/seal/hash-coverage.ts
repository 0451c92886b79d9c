/** Hashes what a seal covers: the tree as a task beside the main thread, the flat digest here, both reading one open file. */
import { type Disk, type FileRange, readRange } from '../core/disk.ts';
import type { Platform, Task } from '../core/platform.ts';
import { coverageHasher, type Range, withMask } from './coverage.ts';

/** 1 MiB: sixteen leaves a read. */
const PIECE = 1 << 20;

export interface LeafTableInput {
  /** A file held open by descriptor; positions of the ranges are relative to `file.offset`. */
  readonly file: FileRange;
  readonly covered: readonly Range[];
  readonly masked: readonly Range[];
}

export const leafTableTask: Task<LeafTableInput, Uint8Array> = {
  name: 'seal/leaf-table',
  async run({ file, covered, masked }, platform) {
    const read: Read = (position, into) => platform.readFile({ ...file, offset: file.offset + position }, into);
    const { table } = await hashRanges(read, covered, masked, platform, { tree: true });
    return { value: table };
  },
};

/** Both digests of an image: on two threads when it is one open file, else in one pass here. */
export async function hashCoverage(
  image: Disk,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const read: Read = (position, into) => readRange(image, position, into.length, 'covered range', into);
  const file = wholeFile(image);
  if (!file) return hashRanges(read, covered, masked, platform, { flat: true, tree: true });
  const [table, { flat }] = await Promise.all([
    platform.threads.run(leafTableTask, { file, covered, masked }),
    hashRanges(read, covered, masked, platform, { flat: true }),
  ]);
  return { flat, table };
}

function wholeFile(image: Disk): FileRange | undefined {
  const extents = [...image.extents()];
  const [only] = extents;
  return extents.length === 1 && only?.kind === 'file' && only.file.descriptor !== undefined ? only.file : undefined;
}

type Read = (position: number, into: Uint8Array) => Promise<unknown>;

async function hashRanges(
  read: Read,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
  digests: { flat?: boolean; tree?: boolean },
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const hasher = coverageHasher(platform, digests);
  const piece = new Uint8Array(PIECE);
  for (const [offset, length] of covered) {
    for (let at = 0; at < length; at += PIECE) {
      const bytes = piece.subarray(0, Math.min(PIECE, length - at));
      await read(offset + at, bytes);
      await hasher.update(withMask(bytes, offset + at, masked));
    }
    await hasher.nextRange();
  }
  return hasher.finish();
}
