/** One file's content, from a Disk to this host, in pieces of 1 MiB; runs of zeros become holes. */
import { closeSync, constants, fchmodSync, futimesSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Disk } from '../core/disk.ts';
import { writeError } from '../core/system-error.ts';

const PIECE = 1 << 20;
const ZEROS = new Uint8Array(PIECE);

// A platform without O_NOFOLLOW is safe by O_EXCL alone: the last name is then never followed.
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** What a file is to have besides its content. Times in Unix seconds. */
export interface Finish {
  readonly mode: number;
  readonly accessed: number;
  readonly modified: number;
}

/**
 * Creates a file that must not be there, and fills it. Memory: two pieces.
 * @param path - every folder on the way is one that this extraction made
 * @param progress - told the bytes of each piece
 * @throws what reading the content throws; DisksealError `E_WRITE`. A file that is there already: the system's EEXIST
 */
export async function writeFile(path: string, content: Disk, finish: Finish, progress: (bytes: number) => void): Promise<void> {
  if (content.size <= PIECE) return writeSmall(path, content, finish, progress);
  const handle = await open(path, FLAGS, 0o600);
  try {
    const written = await fill(handle, path, content, progress);
    if (written < content.size) await atPath(path, handle.truncate(content.size));
    await atPath(path, handle.chmod(finish.mode));
    await atPath(path, handle.utimes(finish.accessed, finish.modified));
  } finally {
    await handle.close();
  }
}

/**
 * Most files of an app are small, and five waits for the thread pool take longer than five system calls: measured on 8,600
 * files, this halves the time of an extraction.
 */
async function writeSmall(path: string, content: Disk, finish: Finish, progress: (bytes: number) => void): Promise<void> {
  const bytes = await content.read(0, content.size);
  progress(bytes.length);
  const descriptor = openSync(path, FLAGS, 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, done);
    fchmodSync(descriptor, finish.mode);
    futimesSync(descriptor, finish.accessed, finish.modified);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    closeSync(descriptor);
  }
}

/** @returns where the last written byte ends */
async function fill(handle: FileHandle, path: string, content: Disk, progress: (bytes: number) => void): Promise<number> {
  let end = 0;
  // One piece is read while the one before is written.
  let writing: Promise<void> = Promise.resolve();
  try {
    for (const [from, to] of dataRanges(content)) {
      for (let at = from; at < to; at += PIECE) {
        const piece = await content.read(at, Math.min(PIECE, to - at));
        await writing;
        progress(piece.length);
        if (isZero(piece)) continue;
        end = at + piece.length;
        writing = writeAll(handle, path, piece, at);
        // It is awaited a piece later; until then nobody else may call it unhandled.
        writing.catch(() => undefined);
      }
    }
  } finally {
    await writing;
  }
  return end;
}

async function writeAll(handle: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await atPath(path, handle.write(bytes, done, bytes.length - done, position + done));
    done += bytesWritten;
  }
}

/** The ranges that may hold something: all but what is said to be zeros. Neighbours are one range. */
function* dataRanges(content: Disk): Generator<readonly [from: number, to: number]> {
  let from = 0;
  let to = 0;
  for (const { position, length, kind } of content.extents()) {
    if (kind === 'zeros') continue;
    if (position > to) {
      if (to > from) yield [from, to];
      from = position;
    }
    to = position + length;
  }
  if (to > from) yield [from, to];
}

function isZero(piece: Uint8Array): boolean {
  return Buffer.compare(piece, piece.length === PIECE ? ZEROS : ZEROS.subarray(0, piece.length)) === 0;
}

async function atPath<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw writeError(path, error);
  }
}
