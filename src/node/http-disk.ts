/**
 * A file on a server as a Disk. Reads that are asked for together become one request, blocks are kept for a while, and who reads front
 * to back is read ahead for. Memory: 16 MiB of blocks and what is under way.
 */
import { checkRange, type Disk } from '../core/disk.ts';
import type { HttpClient } from './http-client.ts';
import { noRanges, openRemote, type RangedFile } from './http-ranges.ts';
import { parseHttpUrl } from './http-url.ts';

export interface HttpDisk extends Disk {
  /** The URL without login and query. */
  readonly shown: string;
  /** Bytes of bodies received so far. */
  readonly transferred: number;
}

const BLOCK = 65_536;
/** Kept: 16 MiB. */
const KEPT = 256;
/** Of one request at most, and what is read ahead: 4 MiB. */
const MOST = 64;
/** Requests under way at once. */
const WIDTH = 4;
/** Of one `read`, what is asked for at once: 2 MiB. */
const STEP = 32 * BLOCK;
/** What the first question asks for: trailer, property list and signatures of most images. */
export const TAIL = 4 * BLOCK;
/** So many requests in a row, and somebody reads front to back. */
const ROW = 3;

/** @throws DisksealError `E_HTTP`, with the hint `get` when the server has no ranges; `E_USAGE` */
export async function openUrl(text: string, client: HttpClient): Promise<HttpDisk> {
  const remote = await openRemote(client, parseHttpUrl(text), TAIL);
  if (remote.kind === 'ranges') return httpDisk(remote);
  remote.discard();
  throw noRanges(remote);
}

export function httpDisk(remote: RangedFile): HttpDisk {
  const { size } = remote;
  const blocks = blockCache(remote);
  return {
    size,
    shown: remote.shown,
    get transferred() {
      return remote.transferred;
    },
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      let ahead = blocks.want(position, Math.min(STEP, length));
      for (let done = 0; done < length; done += STEP) {
        const now = ahead;
        if (done + STEP < length) ahead = blocks.want(position + done + STEP, Math.min(STEP, length - done - STEP));
        for (const { start, bytes } of now) copy(await bytes, start, into, position);
      }
      return into;
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'opaque' };
    },
  };
}

function copy(block: Uint8Array, start: number, into: Uint8Array, position: number): void {
  const from = Math.max(0, position - start);
  const to = Math.min(block.length, position + into.length - start);
  if (from < to) into.set(block.subarray(from, to), start + from - position);
}

interface Wanted {
  /** Bytes from the start of the file. */
  readonly start: number;
  readonly bytes: Promise<Uint8Array>;
}

interface Asked {
  readonly block: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Somebody who may be reading front to back. All are numbers of blocks. */
interface Reader {
  /** The one after the last that was asked for. */
  next: number;
  row: number;
  window: number;
  /** When this one is read, the next window is asked for. */
  trigger: number;
}

function blockCache(remote: RangedFile) {
  const { size, tail } = remote;
  const count = Math.ceil(size / BLOCK);
  const kept = new Map<number, Promise<Uint8Array>>();
  const readers: Reader[] = [];
  let asked: Asked[] = [];
  let running = 0;
  const waiting: (() => void)[] = [];

  for (let block = Math.ceil((size - tail.length) / BLOCK); block < count; block++) {
    const at = block * BLOCK - (size - tail.length);
    kept.set(block, Promise.resolve(tail.subarray(at, Math.min(at + BLOCK, tail.length))));
  }

  const blockOf = (block: number): Promise<Uint8Array> => {
    const found = kept.get(block);
    if (found) {
      kept.delete(block);
      kept.set(block, found);
      return found;
    }
    const { promise, resolve, reject } = deferred<Uint8Array>();
    promise.catch(() => {
      // Asked for again when somebody needs it.
      if (kept.get(block) === promise) kept.delete(block);
    });
    kept.set(block, promise);
    if (asked.length === 0) setImmediate(flush);
    asked.push({ block, resolve, reject });
    while (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return promise;
  };

  const flush = (): void => {
    const all = asked.toSorted((a, b) => a.block - b.block);
    asked = [];
    for (let at = 0; at < all.length; ) {
      let end = at + 1;
      while (end < all.length && end - at < MOST && all[end]!.block === all[end - 1]!.block + 1) end++;
      const run = all.slice(at, end);
      follow(run[0]!.block, run.length);
      void queue(() => fetchRun(remote, run));
      at = end;
    }
  };

  const queue = async (work: () => Promise<void>): Promise<void> => {
    if (running >= WIDTH) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    await work();
    running--;
    waiting.shift()?.();
  };

  /** Notes a request, and whether it goes on where another one ended. */
  const follow = (first: number, length: number): void => {
    let reader = readers.find(({ next }) => next === first);
    if (reader) {
      reader.row++;
      readers.splice(readers.indexOf(reader), 1);
    } else reader = { next: 0, row: 1, window: 0, trigger: -1 };
    reader.next = first + length;
    reader.window = Math.min(MOST, Math.max(reader.window, length) * 2);
    reader.trigger = reader.row < ROW ? -1 : reader.next - Math.ceil(length / 2);
    readers.unshift(reader);
    readers.length = Math.min(readers.length, WIDTH);
  };

  const readAhead = (first: number, last: number): void => {
    const reader = readers.find(({ trigger, next }) => trigger >= 0 && trigger <= last && first <= next);
    if (!reader) return;
    reader.trigger = -1;
    const end = Math.min(count, Math.max(last + 1, reader.next) + reader.window);
    for (let block = reader.next; block < end; block++) if (!kept.has(block)) void blockOf(block);
  };

  return {
    /** The blocks of a range, each as soon as it comes. */
    want(position: number, length: number): Wanted[] {
      if (length === 0) return [];
      const [first, last] = [Math.floor(position / BLOCK), Math.floor((position + length - 1) / BLOCK)];
      const wanted: Wanted[] = [];
      for (let block = first; block <= last; block++) wanted.push({ start: block * BLOCK, bytes: blockOf(block) });
      readAhead(first, last);
      return wanted;
    },
  };
}

/** Never rejects: what fails, fails for those who wait for the blocks. */
async function fetchRun(remote: RangedFile, run: readonly Asked[]): Promise<void> {
  const start = run[0]!.block * BLOCK;
  const length = Math.min(remote.size - start, run.length * BLOCK);
  let index = 0;
  let block = new Uint8Array(Math.min(BLOCK, length));
  let filled = 0;
  try {
    for await (const piece of remote.read(start, length)) {
      for (let at = 0; at < piece.length; ) {
        const take = Math.min(block.length - filled, piece.length - at);
        block.set(piece.subarray(at, at + take), filled);
        at += take;
        filled += take;
        if (filled < block.length) continue;
        // The last one only when the answer has ended as it should.
        if (index === run.length - 1) continue;
        run[index++]!.resolve(block);
        block = new Uint8Array(Math.min(BLOCK, length - index * BLOCK));
        filled = 0;
      }
    }
    run[index]!.resolve(block);
  } catch (error) {
    for (const { reject } of run.slice(index)) reject(error);
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
