/** Where the system use entries lie that no record has room for: areas one after the other, none across the border of a sector. */
import { type Disk, generatedDisk, lastAtOrBefore } from '../../../../core/disk.ts';
import { assert } from '../../../../core/errors.ts';
import { CE, SECTOR } from '../structs.ts';
import { type ContinuedAt, type Divided, encodeArea, sizeOf } from './system-use.ts';

export class Continuations {
  /** Known when the volume is laid out. */
  firstSector = 0;
  /** Owner of each run of areas, and where its first area begins; both ascend. */
  readonly #owners: number[] = [];
  readonly #starts: number[] = [];
  readonly #placeOf = new Map<number, number>();
  #size = 0;

  get sectors(): number {
    return Math.ceil(this.#size / SECTOR);
  }

  /** Finds room for an owner's areas. */
  add(owner: number, { areas }: Divided): void {
    if (areas.length === 0) return;
    const places = placesOf(areas, this.#size);
    this.#owners.push(owner);
    this.#starts.push(places[0]!.start);
    this.#placeOf.set(owner, places[0]!.start);
    const last = places.at(-1)!;
    this.#size = last.start + last.length;
  }

  /** Where the first of an owner's areas is. */
  first(owner: number, { areas }: Divided): ContinuedAt | undefined {
    if (areas.length === 0) return undefined;
    const start = this.#placeOf.get(owner);
    assert(start !== undefined, 'areas have a place');
    return this.#continuedAt(placesOf(areas, start)[0]!);
  }

  #continuedAt({ start, length }: Place): ContinuedAt {
    return { block: this.firstSector + Math.floor(start / SECTOR), offset: start % SECTOR, length };
  }

  /** @param dividedOf - the same that was added for an owner */
  disk(dividedOf: (owner: number) => Divided): Disk {
    return generatedDisk(this.sectors * SECTOR, async (position, into) => {
      into.fill(0);
      let run = lastAtOrBefore(this.#starts, position);
      for (; run < this.#owners.length && this.#starts[run]! < position + into.length; run++) {
        const { areas } = dividedOf(this.#owners[run]!);
        const places = placesOf(areas, this.#starts[run]!);
        for (const [index, { start }] of places.entries()) {
          const next = places[index + 1];
          put(encodeArea(areas[index]!, next && this.#continuedAt(next)), start - position, into);
        }
      }
    });
  }
}

interface Place {
  readonly start: number;
  readonly length: number;
}

function placesOf(areas: Divided['areas'], from: number): Place[] {
  let at = from;
  return areas.map((entries, index) => {
    const length = sizeOf(entries) + (index < areas.length - 1 ? CE.size : 0);
    const start = (at % SECTOR) + length > SECTOR ? Math.ceil(at / SECTOR) * SECTOR : at;
    at = start + length;
    return { start, length };
  });
}

/** Copies the part of `bytes` that falls into `into`. */
function put(bytes: Uint8Array, at: number, into: Uint8Array): void {
  const from = Math.max(0, -at);
  const to = Math.min(bytes.length, into.length - at);
  if (from < to) into.set(bytes.subarray(from, to), at + from);
}
