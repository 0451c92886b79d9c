/**
 * Hashes what a seal covers. Of one open file the flat digest, which has to go front to back, is made here while threads make the
 * leaves of the tree; whoever has nothing left to do takes of the leaves that are left.
 */
import { type Disk, type FileRange, readRange } from '../core/disk.ts';
import type { Platform, Task } from '../core/platform.ts';
import { CHUNK, coverageHasher, leafCount, type Range, withMask } from './coverage.ts';

/** 1 MiB: sixteen leaves a read. */
const PIECE = 1 << 20;
/** Leaves in a share of the tree: 64 MiB at first, 1 MiB towards the end, so that all are done at about the same time. */
const LARGEST_SHARE = 1024;
const SMALLEST_SHARE = 16;

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
  // This thread is at work too.
  const helpers = Math.max(1, threads.width - 1);
  const table = new Uint8Array(32 * leafCount(covered));
  const left = sharesOf(covered, helpers + 1);
  const takeShares = async (hash: (range: Range) => Promise<Uint8Array>): Promise<void> => {
    for (const { first, range } of left) table.set(await hash(range), 32 * first);
  };
  const here = async (): Promise<Uint8Array> => {
    const flat = await hashFlat(read, covered, masked, platform);
    await takeShares((range) => hashLeaves(read, range, masked, platform));
    return flat;
  };
  const beside = Array.from({ length: helpers }, () => takeShares((range) => threads.run(leavesTask, { file, range, masked })));
  // All of them, even when one fails: nobody may still read from a descriptor that the caller closes.
  const [flat, ...others] = await Promise.allSettled([here(), ...beside]);
  for (const result of [flat, ...others]) if (result.status === 'rejected') throw result.reason;
  return { flat: (flat as PromiseFulfilledResult<Uint8Array>).value, table };
}

/** Large shares first: the fewer there are, the less a thread waits for the next. @param lanes - how many take of them */
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

async function hashLeaves(
  read: Read,
  [offset, length]: Range,
  masked: readonly Range[],
  platform: Platform,
): Promise<Uint8Array<ArrayBuffer>> {
  const leaves = new Uint8Array(32 * Math.ceil(length / CHUNK));
  // The zero that stands before a chunk (RFC 9162) stays where it is, and each leaf is one digest of one array.
  const leaf = new Uint8Array(1 + CHUNK);
  for (let done = 0, at = 0; done < length; done += CHUNK, at += 32) {
    const chunk = leaf.subarray(1, 1 + Math.min(CHUNK, length - done));
    await read(offset + done, chunk);
    const shown = withMask(chunk, offset + done, masked);
    if (shown !== chunk) chunk.set(shown);
    leaves.set(await platform.digest('sha256', leaf.subarray(0, 1 + chunk.length)), at);
  }
  return leaves;
}

/** Reads a piece ahead of the one that is hashed. */
async function hashFlat(read: Read, covered: readonly Range[], masked: readonly Range[], platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
  let turn = 0;
  let before: Promise<Uint8Array> | undefined;
  for (const [position, length] of piecesOf(covered)) {
    const bytes = buffers[turn]!.subarray(0, length);
    turn = 1 - turn;
    const next = read(position, bytes).then(() => withMask(bytes, position, masked));
    // Its failure is told when its turn comes, or not at all when the one before fails.
    next.catch(() => undefined);
    if (before) await hash.update(await before);
    before = next;
  }
  if (before) await hash.update(await before);
  return hash.digest();
}

async function hashInOnePass(
  read: Read,
  covered: readonly Range[],
  masked: readonly Range[],
  platform: Platform,
): Promise<{ flat: Uint8Array; table: Uint8Array }> {
  const hasher = coverageHasher(platform);
  const piece = new Uint8Array(PIECE);
  for (const range of covered) {
    for (const [position, length] of piecesOf([range])) {
      const bytes = piece.subarray(0, length);
      await read(position, bytes);
      await hasher.update(withMask(bytes, position, masked));
    }
    await hasher.nextRange();
  }
  return hasher.finish();
}

function* piecesOf(covered: readonly Range[]): Generator<Range> {
  for (const [offset, length] of covered) {
    for (let done = 0; done < length; done += PIECE) yield [offset + done, Math.min(PIECE, length - done)];
  }
}
