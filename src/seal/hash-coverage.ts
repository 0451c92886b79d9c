/**
 * Hashes what a seal covers. Of one open file the flat digest, which has to go front to back, is made here while threads make the
 * leaves of the tree; whoever has nothing left to do takes of the leaves that are left.
 */
import { type Disk, type FileRange, readRange } from '../core/disk.ts';
import type { Platform, Task } from '../core/platform.ts';
import { CHUNK, coverageHasher, leafCount, type Range, withMask } from './coverage.ts';
import { LEAF_PREFIX } from './hash-tree.ts';

/** 1 MiB: sixteen leaves a read. */
const PIECE = 1 << 20;
/** Leaves in a share of the tree: 64 MiB at first, 4 MiB towards the end, so that all are done at about the same time. */
const LARGEST_SHARE = 1024;
const SMALLEST_SHARE = 64;

export interface LeavesInput {
  /** A file held open by descriptor; the position is relative to `file.offset`. */
  readonly file: FileRange;
  /** A covered range, or a part of one that begins and ends where leaves do. */
  readonly range: Range;
  readonly masked: readonly Range[];
}

export const leavesTask: Task<LeavesInput, Uint8Array> = {
  name: 'seal/leaves',
  async run({ file, range, masked }, platform) {
    const leaves = await hashLeaves(fileReader(file, platform), range, masked, platform);
    return { value: leaves, transfer: [leaves.buffer] };
  },
};

/** Both digests of an image: on several threads when it is one open file, else in one pass here. */
export async function hashCoverage(
  image: Disk,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const read: Read = (position, into) => readRange(image, position, into.length, 'covered range', into);
  const file = wholeFile(image);
  if (!file) return hashInOnePass(read, covered, masked, platform);
  const { threads } = platform;
  const turns = takingTurns(read, fileReader(file, platform));
  const table = new Uint8Array(32 * leafCount(covered));
  const left = sharesOf(covered, threads.width + 1);
  const takeShares = async (hash: (range: Range) => Promise<Uint8Array>): Promise<void> => {
    for (const { first, range } of left) table.set(await hash(range), 32 * first);
  };
  const here = async (): Promise<Uint8Array> => {
    const flat = await hashFlat(turns, covered, masked, platform);
    await takeShares((range) => hashLeaves(turns, range, masked, platform));
    return flat;
  };
  // Two for each thread: the next share is there when one is done.
  const beside = Array.from({ length: 2 * threads.width }, () => takeShares((range) => threads.run(leavesTask, { file, range, masked })));
  // All of them, even when one fails: nobody may still read from a descriptor that the caller closes.
  const [flat, ...others] = await Promise.allSettled([here(), ...beside]);
  for (const result of [flat, ...others]) if (result.status === 'rejected') throw result.reason;
  return { flat: (flat as PromiseFulfilledResult<Uint8Array>).value, table };
}

/** Large shares first: the fewer there are, the less a thread waits for the next. @param lanes - threads at work */
function* sharesOf(covered: readonly Range[], lanes: number): Generator<{ first: number; range: Range }> {
  const leaves = leafCount(covered);
  let first = 0;
  for (const [offset, length] of covered) {
    for (let done = 0; done < length; ) {
      const share = Math.min(LARGEST_SHARE, Math.max(SMALLEST_SHARE, Math.ceil((leaves - first) / (2 * lanes))));
      const take = Math.min(share * CHUNK, length - done);
      yield { first, range: [offset + done, take] };
      first += Math.ceil(take / CHUNK);
      done += take;
    }
  }
}

function wholeFile(image: Disk): FileRange | undefined {
  const extents = [...image.extents()];
  const [only] = extents;
  return extents.length === 1 && only?.kind === 'file' && only.file.descriptor !== undefined ? only.file : undefined;
}

type Read = (position: number, into: Uint8Array) => Promise<unknown>;

function fileReader(file: FileRange, platform: Platform): Read {
  return (position, into) => platform.readFile({ ...file, offset: file.offset + position }, into);
}

/**
 * A read that waits costs less than one that another thread makes; but signals and timers want their turn, and get it every 64 MiB.
 * @param waiting - reads on this thread
 */
function takingTurns(read: Read, waiting: Read): Read {
  let count = 0;
  return (position, into) => (++count % 64 === 0 ? read : waiting)(position, into);
}

async function hashLeaves(read: Read, range: Range, masked: readonly Range[], platform: Platform): Promise<Uint8Array<ArrayBuffer>> {
  const [offset, length] = range;
  const leaves = new Uint8Array(32 * Math.ceil(length / CHUNK));
  const buffer = new Uint8Array(1 + PIECE);
  for (let done = 0, place = 0; done < length; done += PIECE) {
    const piece = buffer.subarray(1, 1 + Math.min(PIECE, length - done));
    await read(offset + done, piece);
    const shown = withMask(piece, offset + done, masked);
    if (shown !== piece) piece.set(shown);
    for (let at = 0; at < piece.length; at += CHUNK, place += 32) {
      // The prefix takes the place of the byte before the chunk, which was hashed with the one before: nothing is copied.
      buffer[at] = LEAF_PREFIX[0]!;
      leaves.set(await platform.digest('sha256', buffer.subarray(at, 1 + Math.min(at + CHUNK, piece.length))), place);
    }
  }
  return leaves;
}

async function hashFlat(read: Read, covered: readonly Range[], masked: readonly Range[], platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  for await (const bytes of piecesOf(read, covered, masked)) await hash.update(bytes);
  return hash.digest();
}

async function hashInOnePass(
  read: Read,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const hasher = coverageHasher(platform);
  for (const range of covered) {
    for await (const bytes of piecesOf(read, [range], masked)) await hasher.update(bytes);
    await hasher.nextRange();
  }
  return hasher.finish();
}

/** The next piece is read while this one is used; it holds only so long. */
async function* piecesOf(read: Read, ranges: readonly Range[], masked: readonly Range[]): AsyncGenerator<Uint8Array> {
  const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
  let turn = 0;
  let before: Promise<Uint8Array> | undefined;
  for (const [offset, length] of ranges) {
    for (let done = 0; done < length; done += PIECE) {
      const position = offset + done;
      const bytes = buffers[turn]!.subarray(0, Math.min(PIECE, length - done));
      turn = 1 - turn;
      const next = read(position, bytes).then(() => withMask(bytes, position, masked));
      // Its failure is told when its turn comes, or not at all when the one before fails.
      next.catch(() => undefined);
      if (before) yield await before;
      before = next;
    }
  }
  if (before) yield await before;
}
