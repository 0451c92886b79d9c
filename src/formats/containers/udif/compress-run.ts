/** The work of one run, done beside the main thread: read what it consists of, take its CRC-32, compress it. */
import type { FileRange } from '../../../core/disk.ts';
import type { Platform, Task } from '../../../core/platform.ts';

/** A part of a run that is not in its buffer yet. */
export interface MissingPart {
  /** Bytes from the start of the run. */
  readonly at: number;
  readonly length: number;
  /** Absent: zeros. */
  readonly file?: FileRange;
}

export interface RunInput {
  /** At least `length` bytes; moved here and back again, so that a few buffers serve a whole disk. */
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly missing: readonly MissingPart[];
  /** 1 to 9. */
  readonly level: number;
}

export interface CompressedRun {
  /** `raw`: compression gains nothing, the buffer itself is the payload. */
  readonly kind: 'zero' | 'raw' | 'zlib';
  /** CRC-32 of the expanded bytes. */
  readonly crc: number;
  /** For `zlib`. */
  readonly payload?: Uint8Array;
  /** The expanded bytes, in the buffer that was sent. */
  readonly buffer: ArrayBuffer;
}

export const compressRun: Task<RunInput, CompressedRun> = {
  name: 'udif/compress-run',
  async run({ buffer, length, missing, level }, platform) {
    const expanded = new Uint8Array(buffer, 0, length);
    for (const part of missing) await fill(part, expanded, platform);
    const crc = platform.crc32(expanded);
    if (isZero(expanded)) return { value: { kind: 'zero', crc, buffer }, transfer: [buffer] };
    const stream = await platform.deflate(expanded, level);
    if (stream.length >= length) return { value: { kind: 'raw', crc, buffer }, transfer: [buffer] };
    // Copied: it may be a view of a buffer that is larger, or not the task's own.
    const payload = stream.slice();
    return { value: { kind: 'zlib', crc, payload, buffer }, transfer: [buffer, payload.buffer] };
  },
};

async function fill({ at, length, file }: MissingPart, expanded: Uint8Array, platform: Platform): Promise<void> {
  const place = expanded.subarray(at, at + length);
  if (file) await platform.readFile(file, place);
  else place.fill(0);
}

/** A run has whole sectors and begins its buffer: four bytes a step are always possible. */
function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  for (let index = 0; index < words.length; index++) if (words[index] !== 0) return false;
  return true;
}
