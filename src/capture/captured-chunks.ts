/**
 * What of a disk is captured, chunk by chunk, and the same as lines of a journal beside the unfinished image, so that a capture that was
 * killed goes on where it was. A line says the SHA-256 of what was read; what stands in the file is believed only after it was compared
 * with that. Lines: `12 zeros`, `13 <sha256>`, `14 <sha256> 512+1024 8192+512` (places within the chunk that could not be read; zeros
 * stand there). A later line of a chunk replaces an earlier one.
 */
import { createHash } from 'node:crypto';
import type { Hole } from './read-around.ts';

/** Bytes: a multiple of every sector, and of a seal's leaf. */
export const CHUNK = 4 << 20;

type State = 'missing' | 'data' | 'zeros';
const STATES: readonly State[] = ['missing', 'data', 'zeros'];
const ZEROS = Buffer.alloc(CHUNK);

export class CapturedChunks {
  /** Bytes of the disk. */
  readonly size: number;
  readonly count: number;
  readonly #digests: Uint8Array;
  readonly #states: Uint8Array;
  readonly #holes = new Map<number, readonly Hole[]>();

  constructor(size: number) {
    this.size = size;
    this.count = Math.ceil(size / CHUNK);
    this.#digests = new Uint8Array(32 * this.count);
    this.#states = new Uint8Array(this.count);
  }

  /** [position, length] of a chunk in bytes. */
  range(index: number): readonly [number, number] {
    return [index * CHUNK, Math.min(CHUNK, this.size - index * CHUNK)];
  }

  state(index: number): State {
    return STATES[this.#states[index]!]!;
  }

  /** Positions on the disk. */
  holesOf(index: number): readonly Hole[] {
    return this.#holes.get(index) ?? [];
  }

  /** Everything that could not be read, in order, neighbours as one. */
  holes(): Hole[] {
    const all = [...this.#holes.keys()].sort((a, b) => a - b).flatMap((index) => this.#holes.get(index)!);
    const joined: { offset: number; length: number }[] = [];
    for (const { offset, length } of all) {
      const last = joined.at(-1);
      if (last && last.offset + last.length === offset) last.length += length;
      else joined.push({ offset, length });
    }
    return joined;
  }

  /** Bytes that are captured, holes among them. */
  bytes(): number {
    let sum = 0;
    for (let index = 0; index < this.count; index++) if (this.state(index) !== 'missing') sum += this.range(index)[1];
    return sum;
  }

  /** @returns the chunk's line for the journal, with its end */
  put(index: number, bytes: Uint8Array, holes: readonly Hole[]): string {
    if (holes.length === 0 && isZero(bytes)) {
      this.#set(index, 'zeros', undefined, holes);
      return `${index} zeros\n`;
    }
    const digest = sha256(bytes);
    this.#set(index, 'data', digest, holes);
    const start = this.range(index)[0];
    return `${[index, digest.toString('hex'), ...holes.map(({ offset, length }) => `${offset - start}+${length}`)].join(' ')}\n`;
  }

  /** Whether these bytes are the ones that were captured. */
  matches(index: number, bytes: Uint8Array): boolean {
    if (this.state(index) === 'zeros') return isZero(bytes);
    return this.state(index) === 'data' && sha256(bytes).equals(this.#digests.subarray(32 * index, 32 * index + 32));
  }

  forget(index: number): void {
    this.#set(index, 'missing', undefined, []);
  }

  /** Takes a line of a journal, without its end. @returns false for one that was never written here: it changes nothing */
  take(line: string): boolean {
    const [, number, what, rest = ''] = /^(0|[1-9]\d{0,9}) (zeros|[0-9a-f]{64})((?: \d{1,7}\+\d{1,7})*)$/.exec(line) ?? [];
    const index = Number(number);
    if (what === undefined || index >= this.count || (what === 'zeros' && rest !== '')) return false;
    const [start, length] = this.range(index);
    const holes: Hole[] = [];
    let end = 0;
    for (const [, at, size] of rest.matchAll(/ (\d+)\+(\d+)/g)) {
      if (Number(at) < end || Number(size) === 0 || Number(at) + Number(size) > length) return false;
      end = Number(at) + Number(size);
      holes.push({ offset: start + Number(at), length: Number(size) });
    }
    if (what === 'zeros') this.#set(index, 'zeros', undefined, []);
    else this.#set(index, 'data', Buffer.from(what, 'hex'), holes);
    return true;
  }

  #set(index: number, state: State, digest: Uint8Array | undefined, holes: readonly Hole[]): void {
    this.#states[index] = STATES.indexOf(state);
    if (digest) this.#digests.set(digest, 32 * index);
    if (holes.length > 0) this.#holes.set(index, holes);
    else this.#holes.delete(index);
  }
}

/** Of at most a chunk. */
export function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
