/** The contents of a planned volume: one run of sectors each, one after the other, the rest of each last sector zero. */
import { blockDisks } from '../../../../core/block-disks.ts';
import type { Disk } from '../../../../core/disk.ts';
import { assert } from '../../../../core/errors.ts';
import { SECTOR } from '../structs.ts';

/** The number of a content that has bytes; 0 stands for one without any. */
export type ContentNumber = number;

export class PlannedContents {
  readonly #contents: Disk[] = [];
  /** Sectors from the first content. */
  readonly #starts: number[] = [];
  #sectors = 0;

  get count(): number {
    return this.#contents.length;
  }

  get sectors(): number {
    return this.#sectors;
  }

  add(content: Disk): ContentNumber {
    if (content.size === 0) return 0;
    this.#starts.push(this.#sectors);
    this.#sectors += sectorsOf(content.size);
    return this.#contents.push(content);
  }

  get(number: ContentNumber): Disk {
    const content = this.#contents[number - 1];
    assert(content, `there is no content ${number}`);
    return content;
  }

  /** Puts other bytes of the same size in its place. */
  replace(number: ContentNumber, content: Disk): void {
    assert(content.size === this.get(number).size, 'a content keeps its size');
    this.#contents[number - 1] = content;
  }

  firstSector(number: ContentNumber): number {
    return this.#starts[number - 1] ?? 0;
  }

  disk(): Disk {
    return blockDisks(this.#contents, this.#starts, this.#sectors, SECTOR);
  }
}

export function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}
