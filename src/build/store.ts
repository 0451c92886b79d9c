/**
 * Writes a planned disk as it is, front to back: threads read the sources and hash the leaves of the seal's tree, and here, where the
 * bytes pass in order, the flat digest is made. Nothing is read back.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { SECTOR } from '../core/partition.ts';
import type { PlannedRun } from '../core/planned-runs.ts';
import type { FillableSink, Hash, Platform } from '../core/platform.ts';
import { inRuns } from '../core/run-pipeline.ts';
import { CHUNK, leafCount } from '../seal/coverage.ts';
import { leafHash } from '../seal/hash-tree.ts';
import { type ReadRun, readRun } from './read-run.ts';

export interface StoreOptions {
  readonly platform: Platform;
  /** How many bytes a seal will cover, from the first one on; absent: no seal. */
  readonly covered?: number | undefined;
  /** How many of the last ones it covers besides, as a range of its own: one leaf at most. */
  readonly coveredEnd?: number | undefined;
  /** As `PackOptions` of UDIF has it. */
  readonly observe: (position: number, bytes: Uint8Array) => Promise<void>;
  readonly progress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Digests {
  readonly flat: Uint8Array;
  readonly table: Uint8Array;
}

/**
 * @param disk - of whole sectors @param sink - zeros are left out
 * @returns digests over what is covered @throws DisksealError `E_CHANGED`, `E_READ`, `E_WRITE`, `E_INTERRUPTED`
 */
export async function store(disk: Disk, sink: FillableSink, options: StoreOptions): Promise<Digests> {
  const { platform, signal, observe, progress, covered = 0, coveredEnd = 0 } = options;
  const { threads } = platform;
  const digests = new PassingDigests(platform, covered);
  const areas = [{ name: '', firstSector: 0, sectorCount: disk.size / SECTOR }];
  let writing = Promise.resolve();
  const put = async (run: PlannedRun, read: ReadRun | undefined, release: () => void): Promise<void> => {
    if (signal?.aborted) throw new DisksealError('E_INTERRUPTED', 'interrupted', { cause: signal.reason });
    if (!read || read.zero) {
      await digests.zeros(run);
      release();
    } else {
      const bytes = new Uint8Array(read.buffer, 0, run.length);
      await writing;
      // Goes on while the next run is hashed; that it failed is told when its turn comes.
      writing = sink.writeAt(run.position, bytes);
      writing.then(release, () => undefined);
      await Promise.all([digests.add(run, bytes, read.leaves), observe(run.position, bytes)]);
    }
    progress?.(run.position + run.length, disk.size);
  };
  await sink.resize(disk.size);
  try {
    await inRuns<ReadRun>(
      { ...disk, areas, extents: (from) => disk.extents(from) },
      {
        width: threads.width,
        work: (run, planned) => threads.run(readRun, { ...run, covered: digests.coveredOf(planned) }, [run.buffer]),
        put,
      },
    );
    await writing;
  } finally {
    await Promise.allSettled([writing]);
  }
  return digests.finish(await disk.read(disk.size - coveredEnd, coveredEnd));
}

const ZEROS = new Uint8Array(1 << 20);

/** Digests over the first `covered` bytes of what passes, front to back. Runs begin where leaves do. */
class PassingDigests {
  readonly #platform: Platform;
  readonly #covered: number;
  readonly #flat: Hash;
  readonly #table: Uint8Array;
  #zeroLeaf: Uint8Array | undefined;

  constructor(platform: Platform, covered: number) {
    this.#platform = platform;
    this.#covered = covered;
    this.#flat = platform.hash('sha256');
    this.#table = new Uint8Array(32 * leafCount([[0, covered]]));
  }

  coveredOf({ position, length }: PlannedRun): number {
    return Math.max(0, Math.min(length, this.#covered - position));
  }

  async add(run: PlannedRun, bytes: Uint8Array, leaves: Uint8Array): Promise<void> {
    if (leaves.length === 0) return;
    this.#table.set(leaves, (32 * run.position) / CHUNK);
    await this.#flat.update(bytes.subarray(0, this.coveredOf(run)));
  }

  async zeros(run: PlannedRun): Promise<void> {
    const length = this.coveredOf(run);
    this.#zeroLeaf ??= await leafHash(ZEROS.subarray(0, CHUNK), this.#platform);
    for (let at = 0; at < length; at += CHUNK) {
      const left = Math.min(CHUNK, length - at);
      const leaf = left === CHUNK ? this.#zeroLeaf : await leafHash(ZEROS.subarray(0, left), this.#platform);
      this.#table.set(leaf, (32 * (run.position + at)) / CHUNK);
    }
    for (let left = length; left > 0; left -= ZEROS.length) await this.#flat.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }

  /** @param end - of another range */
  async finish(end: Uint8Array): Promise<Digests> {
    if (end.length === 0) return { flat: await this.#flat.digest(), table: this.#table };
    await this.#flat.update(end);
    const table = new Uint8Array(this.#table.length + 32);
    table.set(this.#table);
    table.set(await leafHash(end, this.#platform), this.#table.length);
    return { flat: await this.#flat.digest(), table };
  }
}
