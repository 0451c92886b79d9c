/** The work of one run of an image that is stored as it is: read what it consists of, hash its leaves. */
import type { Task } from '../core/platform.ts';
import { fillRun, isZero, type UnreadRun } from '../core/run-pipeline.ts';
import { CHUNK } from '../seal/coverage.ts';
import { leafHash } from '../seal/hash-tree.ts';

export interface RunToRead extends UnreadRun {
  /** How many of its bytes a seal covers, from the first one on. */
  readonly covered: number;
}

export interface ReadRun {
  /** The run's bytes, in the buffer that was sent. */
  readonly buffer: ArrayBuffer;
  /** Nothing but zeros. */
  readonly zero: boolean;
  /** 32 bytes for each leaf of what is covered; none for zeros. */
  readonly leaves: Uint8Array<ArrayBuffer>;
}

export const readRun: Task<RunToRead, ReadRun> = {
  name: 'build/read-run',
  async run({ covered, ...run }, platform) {
    const { buffer } = run;
    const bytes = await fillRun(run, platform);
    if (isZero(bytes)) return { value: { buffer, zero: true, leaves: new Uint8Array() }, transfer: [buffer] };
    const leaves = new Uint8Array(32 * Math.ceil(covered / CHUNK));
    for (let at = 0, place = 0; at < covered; at += CHUNK, place += 32) {
      leaves.set(await leafHash(bytes.subarray(at, Math.min(at + CHUNK, covered)), platform), place);
    }
    return { value: { buffer, zero: false, leaves }, transfer: [buffer, leaves.buffer] };
  },
};
