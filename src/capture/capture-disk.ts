/** A disk, read once and front to back into a file that keeps what it has when the work is interrupted. */
import { clip, type Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type CapturedChunks, CHUNK, isZero } from './captured-chunks.ts';
import { type FragileDisk, type Hole, isMediumFault, readAround } from './read-around.ts';

/** Where a disk is captured to. */
export interface Stage {
  /** As large as the disk. */
  readonly disk: Disk;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Keeps a line of the journal. */
  note(line: string): Promise<void>;
  /** It was made just now: what was not written is zeros. */
  readonly blank: boolean;
}

export interface CaptureOptions {
  /** Bytes of the disk done and in all. */
  readonly progress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Captures what is missing, and tries again what could not be read. Memory: two chunks of 4 MiB, and 33 bytes for each chunk.
 * @throws DisksealError what the source throws that is not its medium's fault, `E_WRITE`, `E_INTERRUPTED`; what was captured stays
 */
export async function captureDisk(source: FragileDisk, stage: Stage, chunks: CapturedChunks, options: CaptureOptions = {}): Promise<void> {
  const wanted = wantedChunks(chunks);
  const readNext = (): Promise<Read> | undefined => {
    const { value, done } = wanted.next();
    if (done) return undefined;
    const read = readChunk(source, stage, chunks, value);
    // Its failure is told when its turn comes, or not at all when the one before fails.
    read.catch(() => undefined);
    return read;
  };
  for (let next = readNext(); next; ) {
    if (options.signal?.aborted) throw new DisksealError('E_INTERRUPTED', 'interrupted', { cause: options.signal.reason });
    const { index, bytes, holes } = await next;
    // The disk reads on while this chunk is hashed and written.
    next = readNext();
    const [position, length] = chunks.range(index);
    const wasMissing = chunks.state(index) === 'missing';
    const line = chunks.put(index, bytes, holes);
    if (stage.blank && wasMissing) await writeSparse(stage, position, bytes);
    else if (!(isZero(bytes) && isZero(await stage.disk.read(position, length)))) await stage.write(position, bytes);
    await stage.note(line);
    await source.check();
    options.progress?.(position + length, chunks.size);
  }
}

/** Bytes: what a file of zeros alone takes no room for, whatever the filesystem's blocks are. */
const GRAIN = 1 << 16;

/** Leaves out zeros, of which a new file consists. */
async function writeSparse(stage: Stage, position: number, bytes: Uint8Array): Promise<void> {
  const isEmpty = (at: number): boolean => isZero(bytes.subarray(at, at + GRAIN));
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && !isEmpty(end)) end += GRAIN;
    if (end > at) await stage.write(position + at, bytes.subarray(at, end));
    at = end + GRAIN;
  }
}

interface Read {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly holes: readonly Hole[];
}

function* wantedChunks(chunks: CapturedChunks): Generator<number, void> {
  for (let index = 0; index < chunks.count; index++) if (chunks.state(index) === 'missing' || chunks.holesOf(index).length > 0) yield index;
}

/** Of a chunk that was read in part only the holes are asked for again: each reading may be a failing disk's last. */
async function readChunk(source: FragileDisk, stage: Stage, chunks: CapturedChunks, index: number): Promise<Read> {
  const [position, length] = chunks.range(index);
  const before = chunks.holesOf(index);
  if (before.length === 0) {
    const bytes = new Uint8Array(length);
    return { index, bytes, holes: await readAround(source, position, bytes) };
  }
  const bytes = await stage.disk.read(position, length);
  const holes: Hole[] = [];
  for (const hole of before) {
    const at = hole.offset - position;
    holes.push(...(await readAround(source, hole.offset, bytes.subarray(at, at + hole.length))));
  }
  return { index, bytes, holes };
}

/**
 * Compares all that a journal says with what stands in the file. What differs is forgotten, to be captured again.
 * @returns how many bytes are right
 */
export async function recheck(stage: Disk, chunks: CapturedChunks, { progress, signal }: CaptureOptions = {}): Promise<number> {
  for (let index = 0; index < chunks.count; index++) {
    if (signal?.aborted) throw new DisksealError('E_INTERRUPTED', 'interrupted', { cause: signal.reason });
    const [position, length] = chunks.range(index);
    if (chunks.state(index) === 'missing') continue;
    if (position + length > stage.size || !chunks.matches(index, await stage.read(position, length))) chunks.forget(index);
    progress?.(position + length, chunks.size);
  }
  return chunks.bytes();
}

/** Chunks of the source that are read again before a capture goes on. */
const SAMPLES = 32;

/**
 * Whether the source still holds what was captured: the first chunk, the last one, and some between.
 * @throws DisksealError `E_CHANGED`
 */
export async function compareSamples(source: FragileDisk, chunks: CapturedChunks): Promise<void> {
  const whole: number[] = [];
  for (let index = 0; index < chunks.count; index++) {
    if (chunks.state(index) !== 'missing' && chunks.holesOf(index).length === 0) whole.push(index);
  }
  const step = Math.max(1, (whole.length - 1) / (SAMPLES - 1));
  for (let at = 0; at < whole.length; at += step) {
    const index = whole[Math.round(at)]!;
    const [position, length] = chunks.range(index);
    try {
      if (chunks.matches(index, await source.disk.read(position, length))) continue;
    } catch (error) {
      // A disk that fails more and more still is the same disk.
      if (isMediumFault(error)) continue;
      throw error;
    }
    throw new DisksealError('E_CHANGED', 'the source is not what it was when this capture began', {
      offset: position,
      hint: '--restart throws away what was captured, and begins anew',
    });
  }
}

/** What was captured, as a disk that says where it is zeros. @param stage - the file */
export function capturedDisk(stage: Disk, chunks: CapturedChunks): Disk {
  return {
    size: stage.size,
    read: (position, length, into) => stage.read(position, length, into),
    *extents(from = 0) {
      const first = Math.floor(from / CHUNK);
      for (let index = first; index < chunks.count; ) {
        const state = chunks.state(index);
        let end = index + 1;
        while (end < chunks.count && chunks.state(end) === state) end++;
        const position = index * CHUNK;
        const length = Math.min(end * CHUNK, stage.size) - position;
        if (state === 'zeros') yield { position, length, kind: 'zeros' };
        else
          for (const extent of stage.extents(position)) {
            const part = clip(extent, position, position + length);
            if (!part) break;
            yield part;
          }
        index = end;
      }
    },
  };
}
