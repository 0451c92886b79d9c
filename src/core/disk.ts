/**
 * A Disk is random-access bytes: a file, a planned volume, a UDIF image, a URL, a disk checked leaf by leaf.
 * Positions and lengths are bytes.
 */
import { DisksealError } from './errors.ts';

export interface Disk {
  readonly size: number;
  /**
   * Reads exactly `length` bytes or fails; never short.
   * @param into - filled and returned when given (its length must be `length`)
   * @throws DisksealError `E_TRUNCATED` when the range leaves the disk
   */
  read(position: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  /**
   * What lies where, front to back, without gaps, to the end.
   * @param from - a position; what lies before it may be left out. Default 0
   */
  extents(from?: number): Iterable<Extent>;
}

/** A range of a file of this machine, as it was when it was looked at: a different size or time later is `E_CHANGED`. */
export interface FileRange {
  readonly path: string;
  /** Byte offset in the file. */
  readonly offset: number;
  /** The whole file's size in bytes. */
  readonly fileSize: number;
  /** Modification time in nanoseconds; absent: not checked (a file held open by `descriptor`). */
  readonly modified?: bigint;
  /** An open descriptor of this process to read from instead of opening `path`. */
  readonly descriptor?: number;
}

/** Plain data that can be sent to another thread. `position` and `length` are bytes of the disk. */
export type Extent = { readonly position: number; readonly length: number } & (
  | { readonly kind: 'zeros' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly file: FileRange }
  /** Metadata made when read: ask `read`. */
  | { readonly kind: 'generated' }
  /** Decoded or verified bytes: only `read` knows them, and nobody reads around a check. */
  | { readonly kind: 'opaque' }
);

/** Checks a range against a size before anything is allocated. */
export function checkRange(size: number, position: number, length: number, field?: string): void {
  if (position >= 0 && length >= 0 && length <= size - position) return;
  throw new DisksealError('E_TRUNCATED', `${field ?? 'a read'} of ${length} bytes at ${position} leaves the ${size} bytes there are`, {
    offset: Math.max(0, position),
    field,
  });
}

/** Reads a range that an image claims to have, naming the field that claims it. */
export async function readRange(disk: Disk, position: number, length: number, field: string, into?: Uint8Array): Promise<Uint8Array> {
  checkRange(disk.size, position, length, field);
  return disk.read(position, length, into);
}

/** Yields the disk front to back. Memory: one chunk, 1 MiB by default, whatever the size. */
export async function* stream(disk: Disk, chunk = 1 << 20): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < disk.size; at += chunk) yield await disk.read(at, Math.min(chunk, disk.size - at));
}

/** A few bytes held in memory. */
export function bytesDisk(given: Uint8Array): Disk {
  // Plain, whatever came: a Node Buffer's `slice` does not copy.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.length);
  return {
    size: bytes.length,
    read(position, length, into) {
      return settle(() => {
        checkRange(bytes.length, position, length);
        const found = bytes.subarray(position, position + length);
        if (!into) return found.slice();
        into.set(found);
        return into;
      });
    },
    *extents() {
      if (bytes.length > 0) yield { position: 0, length: bytes.length, kind: 'bytes', bytes };
    },
  };
}

/** `size` zeros. */
export function zerosDisk(size: number): Disk {
  return {
    size,
    read(position, length, into) {
      return settle(() => {
        checkRange(size, position, length);
        return into ? into.fill(0) : new Uint8Array(length);
      });
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'zeros' };
    },
  };
}

/** A range of another disk. */
export function sliceDisk(disk: Disk, start: number, size: number): Disk {
  checkRange(disk.size, start, size, 'slice');
  return {
    size,
    async read(position, length, into) {
      checkRange(size, position, length);
      return disk.read(start + position, length, into);
    },
    *extents(from = 0) {
      for (const extent of disk.extents(start + from)) {
        if (extent.position >= start + size) return;
        const part = clip(extent, start, start + size);
        if (part) yield { ...part, position: part.position - start };
      }
    },
  };
}

/** Disks one after the other. */
export function joinDisks(disks: readonly Disk[]): Disk {
  const starts: number[] = [];
  let size = 0;
  for (const disk of disks) {
    starts.push(size);
    size += disk.size;
  }
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      let index = lastAtOrBefore(starts, position);
      for (let done = 0; done < length; index++) {
        const at = position + done - starts[index]!;
        const take = Math.min(length - done, disks[index]!.size - at);
        if (take > 0) await disks[index]!.read(at, take, into.subarray(done, done + take));
        done += Math.max(0, take);
      }
      return into;
    },
    *extents(from = 0) {
      for (let index = lastAtOrBefore(starts, from); index < disks.length; index++) {
        const start = starts[index]!;
        for (const extent of disks[index]!.extents(Math.max(0, from - start))) yield { ...extent, position: extent.position + start };
      }
    },
  };
}

/** A disk whose bytes only `read` knows. */
export function opaqueDisk(size: number, readInto: (position: number, into: Uint8Array) => Promise<void>): Disk {
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      await readInto(position, into);
      return into;
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'opaque' };
    },
  };
}

/** Metadata that is made when it is read. @param readInto - fills every byte of `into`, which may hold anything before */
export function generatedDisk(size: number, readInto: (position: number, into: Uint8Array) => Promise<void>): Disk {
  return {
    ...opaqueDisk(size, readInto),
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'generated' };
    },
  };
}

/** The same bytes, whose extents give their own place: what a reader makes of this disk says which of its bytes it consists of. */
export function locatedDisk(disk: Disk): Disk {
  const { size } = disk;
  return {
    size,
    read: (position, length, into) => disk.read(position, length, into),
    *extents(from = 0) {
      if (size > from) yield { position: from, length: size - from, kind: 'file', file: { path: '', offset: from, fileSize: size } };
    },
  };
}

/** The part of an extent within [from, to), or nothing. */
export function clip(extent: Extent, from: number, to: number): Extent | undefined {
  const position = Math.max(extent.position, from);
  const length = Math.min(extent.position + extent.length, to) - position;
  if (length <= 0) return undefined;
  const skipped = position - extent.position;
  if (extent.kind === 'bytes') return { ...extent, position, length, bytes: extent.bytes.subarray(skipped, skipped + length) };
  if (extent.kind === 'file') return { ...extent, position, length, file: { ...extent.file, offset: extent.file.offset + skipped } };
  return { ...extent, position, length };
}

/** Index of the last number that is not above `value`, in an ascending list that begins at or below it. */
export function lastAtOrBefore(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Runs at once; a throw becomes a rejection, as callers of an asynchronous interface expect. */
function settle<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}
