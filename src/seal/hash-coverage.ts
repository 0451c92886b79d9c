/**
 * Hashes what a seal covers. Of one open file a thread makes the flat digest, which has to go front to back, while this one and the
 * others make the leaves of the tree; whoever is done takes of the pieces that are left.
 */
import { type Disk, type FileRange, readRange } from '../core/disk.ts';
import { assert } from '../core/errors.ts';
import type { Platform, Task } from '../core/platform.ts';
import { CHUNK, coverageHasher, leafCount, type Range, withMask } from './coverage.ts';
import { LEAF_PREFIX } from './hash-tree.ts';

/** 1 MiB: sixteen leaves, one read. */
const PIECE = 1 << 20;
/** More pieces than the longest file has (1 PiB); those who still count on do not overflow. */
const NONE_LEFT = 1 << 30;

export interface HashInput {
  /** A file held open by descriptor; positions are relative to `file.offset`. */
  readonly file: FileRange;
  readonly covered: readonly Range[];
  readonly masked: readonly Range[];
  /** One number, shared by all who hash: how many pieces have been taken. Nobody waits for another to be given the next. */
  readonly taken: Int32Array<SharedArrayBuffer>;
  /** 32 bytes a leaf, shared too: each puts down the leaves of the pieces that it takes. */
  readonly table: Uint8Array<SharedArrayBuffer>;
}

/** @returns the flat digest, to the thread that is to make it */
export const hashTask: Task<HashInput & { readonly flat: boolean }, Uint8Array | undefined> = {
  name: 'seal/hash',
  async run({ flat, ...input }, platform) {
    const read = fileReader(input.file, platform);
    const digest = flat ? await hashFlat(read, input.covered, input.masked, platform) : undefined;
    await hashLeaves(input, read, platform);
    return { value: digest };
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
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const table = new Uint8Array(new SharedArrayBuffer(32 * leafCount(covered)));
  const input: HashInput = { file, covered, masked, taken, table };
  // When one fails, the others find nothing left; and they are waited for, since nobody may read from a descriptor that the caller closes.
  const failed = (error: unknown): never => {
    Atomics.store(taken, 0, NONE_LEFT);
    throw error;
  };
  const beside = Array.from({ length: threads.width }, (_, index) => threads.run(hashTask, { ...input, flat: index === 0 }).catch(failed));
  const here = hashLeaves(input, takingTurns(read, fileReader(file, platform)), platform).catch(failed);
  const results = await Promise.allSettled([...beside, here]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  const [flat] = await Promise.all(beside);
  assert(flat, 'no thread made the flat digest');
  return { flat, table: new Uint8Array(table) };
}

/** Hashes the leaves of pieces that nobody has taken, until none is left. */
async function hashLeaves({ covered, masked, taken, table }: HashInput, read: Read, platform: Platform): Promise<void> {
  const buffer = new Uint8Array(1 + PIECE);
  let mine = Atomics.add(taken, 0, 1);
  let index = 0;
  for (const { position, length, place } of piecesOf(covered)) {
    if (index++ < mine) continue;
    const piece = buffer.subarray(1, 1 + length);
    await read(position, piece);
    const shown = withMask(piece, position, masked);
    if (shown !== piece) piece.set(shown);
    await hashPiece(buffer.subarray(0, 1 + length), table.subarray(place), platform);
    mine = Atomics.add(taken, 0, 1);
  }
}

/** @param piece - the bytes of some leaves, behind one byte of which nothing is left */
async function hashPiece(piece: Uint8Array, table: Uint8Array, platform: Platform): Promise<void> {
  for (let at = 0, place = 0; at + 1 < piece.length; at += CHUNK, place += 32) {
    // The prefix takes the place of the byte before the chunk, which was hashed with the one before: nothing is copied.
    piece[at] = LEAF_PREFIX[0]!;
    table.set(await platform.digest('sha256', piece.subarray(at, 1 + Math.min(at + CHUNK, piece.length))), place);
  }
}

/** Front to back. `place`: of the first leaf in the table. */
function* piecesOf(covered: readonly Range[]): Generator<{ position: number; length: number; place: number }> {
  let place = 0;
  for (const [offset, size] of covered) {
    for (let done = 0; done < size; done += PIECE) {
      const length = Math.min(PIECE, size - done);
      yield { position: offset + done, length, place };
      place += 32 * Math.ceil(length / CHUNK);
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

async function hashFlat(read: Read, covered: readonly Range[], masked: readonly Range[], platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  for await (const bytes of readAhead(read, covered, masked)) await hash.update(bytes);
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
    for await (const bytes of readAhead(read, [range], masked)) await hasher.update(bytes);
    await hasher.nextRange();
  }
  return hasher.finish();
}

/** The next piece is read while this one is used; it holds only so long. */
async function* readAhead(read: Read, covered: readonly Range[], masked: readonly Range[]): AsyncGenerator<Uint8Array> {
  const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
  let turn = 0;
  let before: Promise<Uint8Array> | undefined;
  for (const { position, length } of piecesOf(covered)) {
    const bytes = buffers[turn]!.subarray(0, length);
    turn = 1 - turn;
    const next = read(position, bytes).then(() => withMask(bytes, position, masked));
    // Its failure is told when its turn comes, or not at all when the one before fails.
    next.catch(() => undefined);
    if (before) yield await before;
    before = next;
  }
  if (before) yield await before;
}
