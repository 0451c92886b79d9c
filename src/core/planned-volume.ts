/** A volume that `format` planned: nothing is written, and it is known where every file's content will lie. */
import type { Disk } from './disk.ts';

export interface PlannedVolume extends Disk {
  /** The data fork of every file that has bytes, in ascending position; hard links appear once, under their first path. */
  contents(): Iterable<PlannedContent>;
}

export interface PlannedContent {
  /** Path in the tree that was formatted, names joined by "/". */
  readonly path: string;
  /** Bytes from the start of the volume. The content is contiguous. */
  readonly position: number;
  readonly length: number;
}
