/** The work of one run, done beside the main thread: read what it consists of, take its CRC-32, compress it. */
import type { Task } from '../../../core/platform.ts';
import { fillRun, isZero, type UnreadRun } from '../../../core/run-pipeline.ts';

export interface RunInput extends UnreadRun {
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
  async run({ level, ...run }, platform) {
    const { buffer, length } = run;
    const expanded = await fillRun(run, platform);
    const crc = platform.crc32(expanded);
    if (isZero(expanded)) return { value: { kind: 'zero', crc, buffer }, transfer: [buffer] };
    const stream = await platform.deflate(expanded, level);
    if (stream.length >= length) return { value: { kind: 'raw', crc, buffer }, transfer: [buffer] };
    // Copied: it may be a view of a buffer that is larger, or not the task's own.
    const payload = stream.slice();
    return { value: { kind: 'zlib', crc, payload, buffer }, transfer: [buffer, payload.buffer] };
  },
};
