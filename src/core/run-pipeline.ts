/**
 * Takes a disk apart into runs, has each worked on beside this thread, and hands the results on in order. What a thread reads itself
 * does not pass through this one; what only this one can make, planned metadata, is put into the run's buffer before.
 */
import type { Disk, FileRange } from './disk.ts';
import type { PartitionedDisk } from './partition.ts';
import { type PlannedRun, plannedRuns, RUN_BYTES } from './planned-runs.ts';
import type { Platform } from './platform.ts';

/** A part of a run that is not in its buffer yet. */
interface MissingPart {
  /** Bytes from the start of the run. */
  readonly at: number;
  readonly length: number;
  /** Absent: zeros. */
  readonly file?: FileRange;
}

/** A run on its way to a thread: plain data. */
export interface UnreadRun {
  /** At least `length` bytes; moved there and back again, so that a few buffers serve a whole disk. */
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly missing: readonly MissingPart[];
}

export interface RunWork<Output extends { readonly buffer: ArrayBuffer }> {
  /** How many runs are worked on at once: two for each thread keep all of them at work. */
  readonly width: number;
  work(run: UnreadRun, plan: PlannedRun): Promise<Output>;
  /** Called in order. @param output - absent for zeros @param release - to be called when the buffer may serve another run */
  put(run: PlannedRun, output: Output | undefined, release: () => void): Promise<void>;
}

/** Memory: two runs of 1 MiB for each thread. @throws what `work` and `put` throw, after all work has ended */
export async function inRuns<Output extends { readonly buffer: ArrayBuffer }>(disk: PartitionedDisk, work: RunWork<Output>): Promise<void> {
  const queue: { run: PlannedRun; output: Promise<Output> | undefined }[] = [];
  const spareBuffers: ArrayBuffer[] = [];
  let busy = 0;
  const start = async (run: PlannedRun): Promise<Output> =>
    work.work(await unreadRun(disk, run, spareBuffers.pop() ?? new ArrayBuffer(RUN_BYTES)), run);
  const putOldest = async (): Promise<void> => {
    const { run, output: pending } = queue.shift()!;
    const output = await pending;
    if (pending) busy--;
    await work.put(run, output, () => void (output && spareBuffers.push(output.buffer)));
  };
  try {
    for (const run of plannedRuns(disk)) {
      const output = run.extents && start(run);
      // Its failure is told when its turn comes, or not at all when another came first.
      output?.catch(() => undefined);
      queue.push({ run, output });
      if (output) busy++;
      // Zeros at the head cost nothing and wait for nobody.
      while (queue.length > 0 && (!queue[0]!.output || busy >= 2 * work.width)) await putOldest();
    }
    while (queue.length > 0) await putOldest();
  } catch (error) {
    await Promise.allSettled(queue.flatMap(({ output }) => output ?? []));
    throw error;
  }
}

async function unreadRun(disk: Disk, { position, length, extents = [] }: PlannedRun, buffer: ArrayBuffer): Promise<UnreadRun> {
  const bytes = new Uint8Array(buffer, 0, length);
  const missing: MissingPart[] = [];
  for (const extent of extents) {
    const at = extent.position - position;
    if (extent.kind === 'file') missing.push({ at, length: extent.length, file: extent.file });
    else if (extent.kind === 'zeros') missing.push({ at, length: extent.length });
    else if (extent.kind === 'bytes') bytes.set(extent.bytes, at);
    else await disk.read(extent.position, extent.length, bytes.subarray(at, at + extent.length));
  }
  return { buffer, length, missing };
}

/** On the thread: reads what is missing. @returns the run's bytes @throws DisksealError `E_CHANGED`, `E_READ` */
export async function fillRun({ buffer, length, missing }: UnreadRun, platform: Platform): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(buffer, 0, length);
  for (const { at, length: size, file } of missing) {
    const place = bytes.subarray(at, at + size);
    if (file) await platform.readFile(file, place);
    else place.fill(0);
  }
  return bytes;
}

/** @param run - of whole sectors, from its buffer's beginning: four bytes a step are always possible */
export function isZero(run: Uint8Array): boolean {
  const words = new Int32Array(run.buffer, run.byteOffset, run.length >>> 2);
  for (let index = 0; index < words.length; index++) if (words[index] !== 0) return false;
  return true;
}
