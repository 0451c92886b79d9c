/** The contents of a planned volume: one run of sectors each, one after the other, the rest of each last sector zero. */
import { checkRange, type Disk, type Extent, lastAtOrBefore } from '../../../../core/disk.ts';
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
    return contentsDisk(this.#contents, this.#starts, this.#sectors * SECTOR);
  }
}

export function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}

function contentsDisk(contents: readonly Disk[], starts: readonly number[], size: number): Disk {
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      let index = lastAtOrBefore(starts, Math.floor(position / SECTOR));
      for (let done = 0; done < length; index++) {
        const room = (starts[index + 1] ?? size / SECTOR) * SECTOR - position - done;
        const take = Math.min(length - done, room);
        await readPadded(contents[index]!, position + done - starts[index]! * SECTOR, into.subarray(done, done + take));
        done += take;
      }
      return into;
    },
    *extents(from = 0) {
      for (let index = lastAtOrBefore(starts, Math.floor(from / SECTOR)); index < contents.length; index++) {
        yield* paddedExtents(contents[index]!, starts[index]! * SECTOR);
      }
    },
  };
}

/** Reads a range that may go on in, or lie in, the zeros behind the content. */
async function readPadded(content: Disk, position: number, into: Uint8Array): Promise<void> {
  const inside = Math.max(0, Math.min(into.length, content.size - position));
  if (inside > 0) await content.read(position, inside, into.subarray(0, inside));
  into.fill(0, inside);
}

function* paddedExtents(content: Disk, start: number): Generator<Extent> {
  for (const extent of content.extents()) yield { ...extent, position: extent.position + start };
  const slack = sectorsOf(content.size) * SECTOR - content.size;
  if (slack > 0) yield { kind: 'zeros', position: start + content.size, length: slack };
}
