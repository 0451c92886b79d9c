/** One file's content, from a Disk to this host, in pieces of 1 MiB; runs of zeros become holes. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import type { Disk } from '../core/disk.ts';
import { hostError } from './host-error.ts';

const PIECE = 1 << 20;
const ZEROS = new Uint8Array(PIECE);

/**
 * Creates a file that must not be there, and fills it. Memory: two pieces.
 * @param path - every folder on the way is one that this extraction made; the last name is never followed (O_EXCL)
 * @param finish - sets mode and times while the file is open
 * @param progress - told the bytes of each piece
 * @throws what reading the content throws; DisksealError `E_WRITE`. A file that is there already: the system's EEXIST
 */
export async function writeFile(
  path: string,
  content: Disk,
  finish: (handle: FileHandle) => Promise<void>,
  progress: (bytes: number) => void = () => undefined,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o600);
  try {
    const written = await fill(handle, path, content, progress);
    if (written < content.size) await atPath(path, handle.truncate(content.size));
    await atPath(path, finish(handle));
  } finally {
    await handle.close();
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
    throw hostError(path, error);
  }
}
