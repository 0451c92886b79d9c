/** The contents of a planned volume: one run of sectors each, one after the other, the rest of each last sector zero. */
import { blockDisks } from '../../../../core/block-disks.ts';
import { type Disk, zerosDisk } from '../../../../core/disk.ts';
import { assert } from '../../../../core/errors.ts';
import { SECTOR } from '../structs.ts';

/** The number of a content that has bytes; 0 stands for one without any. */
export type ContentNumber = number;

export class PlannedContents {
  readonly #contents: Disk[] = [];
  /** Sectors from the first content. */
  readonly #starts: number[] = [];
  #sectors = 0;
  /** Those that lie behind all others, ascending. */
  readonly #last: ContentNumber[] = [];

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

  /**
   * Moves contents behind all others, each to a sector of its own choice.
   * @param align - the first sector from there on that suits it
   */
  moveLast(numbers: readonly ContentNumber[], align: (sector: number) => number): void {
    for (const number of new Set([...numbers].sort((a, b) => a - b))) this.#last.push(number);
    const others = this.#contents.map((_, index) => index + 1).filter((number) => !this.isLast(number));
    this.#sectors = 0;
    for (const number of others) this.#place(number, this.#sectors);
    for (const number of this.#last) this.#place(number, align(this.#sectors));
  }

  isLast(number: ContentNumber): boolean {
    return this.#last.includes(number);
  }

  #place(number: ContentNumber, sector: number): void {
    this.#starts[number - 1] = sector;
    this.#sectors = sector + sectorsOf(this.get(number).size);
  }

  disk(): Disk {
    if (this.#last.length === 0) return blockDisks(this.#contents, this.#starts, this.#sectors, SECTOR);
    const disks: Disk[] = [];
    const starts: number[] = [];
    let end = 0;
    for (const [index, content] of this.#contents.entries()) if (!this.isLast(index + 1)) add(content, this.#starts[index]!);
    for (const number of this.#last) add(this.get(number), this.firstSector(number));
    return blockDisks(disks, starts, this.#sectors, SECTOR);

    function add(content: Disk, start: number): void {
      if (start > end) {
        disks.push(zerosDisk((start - end) * SECTOR));
        starts.push(end);
      }
      disks.push(content);
      starts.push(start);
      end = start + sectorsOf(content.size);
    }
  }
}

export function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}
