/**
 * Cuts a partitioned disk into runs: at most 1 MiB, never across an area, each with the extents to read for it.
 * The disk's extents are asked for once and one at a time: a volume may have a million.
 */
import { clip, type Extent } from './disk.ts';
import { assert } from './errors.ts';
import { type PartitionedDisk, SECTOR } from './partition.ts';

export const RUN_BYTES = 1 << 20;

export interface PlannedRun {
  /** Index of the area in the disk's list. */
  readonly area: number;
  readonly position: number;
  /** At most RUN_BYTES, but for zeros, which may go on to the end of the area. */
  readonly length: number;
  /** What to read; absent when the extents already say that all is zero. */
  readonly extents?: readonly Extent[];
}

export function* plannedRuns(disk: PartitionedDisk): Generator<PlannedRun> {
  const cursor = new ExtentCursor(disk.extents());
  let position = 0;
  try {
    for (const [area, { firstSector, sectorCount }] of disk.areas.entries()) {
      assert(firstSector * SECTOR === position && sectorCount > 0, `area ${area} does not follow the one before it`);
      const end = position + sectorCount * SECTOR;
      while (position < end) {
        const run = nextRun(cursor, area, position, end);
        position += run.length;
        yield run;
      }
    }
    assert(position === disk.size, `the areas have ${position} bytes, the disk ${disk.size}`);
  } finally {
    cursor.close();
  }
}

function nextRun(cursor: ExtentCursor, area: number, position: number, end: number): PlannedRun {
  // As many whole runs of zeros as one extent has, at once.
  const zeros = Math.min(cursor.zerosAt(position), end - position);
  const length = position + zeros === end ? zeros : zeros - (zeros % RUN_BYTES);
  if (length > 0) return { area, position, length };
  const stop = Math.min(position + RUN_BYTES, end);
  const extents = cursor.take(position, stop);
  if (extents.every(({ kind }) => kind === 'zeros')) return { area, position, length: stop - position };
  return { area, position, length: stop - position, extents };
}

/** Walks extents front to back and holds them to their promise: in order, without gaps. */
class ExtentCursor {
  private readonly source: Iterator<Extent>;
  private current: Extent | undefined;
  private reached = 0;

  constructor(extents: Iterable<Extent>) {
    this.source = extents[Symbol.iterator]();
  }

  /** Zeros from `position` to the end of the extent there. */
  zerosAt(position: number): number {
    const extent = this.at(position);
    return extent.kind === 'zeros' ? extent.position + extent.length - position : 0;
  }

  take(from: number, to: number): Extent[] {
    const taken: Extent[] = [];
    for (let position = from; position < to; ) {
      const part = clip(this.at(position), position, to);
      assert(part, 'an extent without length');
      taken.push(part);
      position += part.length;
    }
    return taken;
  }

  close(): void {
    this.source.return?.();
  }

  private at(position: number): Extent {
    while (!this.current || this.reached <= position) {
      const { value, done } = this.source.next();
      assert(!done, `the extents end at ${this.reached}, before the disk does`);
      assert(value.position === this.reached, `an extent at ${value.position}, expected at ${this.reached}`);
      this.current = value;
      this.reached += value.length;
    }
    return this.current;
  }
}
