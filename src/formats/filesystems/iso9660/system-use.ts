/**
 * System use areas: the entries behind a directory record's identifier, which go on elsewhere in the image where a record is full.
 * Source: SUSP 1.12 (IEEE P1281) section 4 and 5.1. Continuations are followed in the order in which they are named.
 */
import type { Disk } from '../../../core/disk.ts';
import { malformed } from './malformed.ts';
import { CE, SystemUseEntry } from './structs.ts';

export interface SystemUse {
  readonly signature: string;
  /** The whole entry. */
  readonly bytes: Uint8Array;
  /** Bytes from the start of the image. */
  readonly offset: number;
}

/** Continuations of one record. A name of 255 bytes and a target of 4096 need nine sectors. */
const MOST_CONTINUATIONS = 64;
/** Linux, too, reads no more at once. */
const LARGEST_CONTINUATION = 2048;

/**
 * All entries of an area, those of its continuations among them.
 * @param offset - where `area` begins in the image
 * @throws DisksealError `E_ISO9660` for entries that leave their area and for continuations without end
 */
export async function systemUseEntries(disk: Disk, blockSize: number, area: Uint8Array, offset: number): Promise<SystemUse[]> {
  const found: SystemUse[] = [];
  let next = entriesIn(area, offset, found);
  for (let count = 0; next; count++) {
    if (count === MOST_CONTINUATIONS) throw malformed('a system use area goes on without end', offset, 'CE');
    next = entriesIn(await readContinuation(disk, blockSize, next), placeOf(next, blockSize).start, found);
  }
  return found;
}

/** Adds the entries of one area. @returns its continuation */
function entriesIn(area: Uint8Array, offset: number, found: SystemUse[]): SystemUse | undefined {
  let continuation: SystemUse | undefined;
  for (let at = 0; area.length - at >= SystemUseEntry.size; ) {
    // Filled up with zeros: nothing more. Fewer than four bytes are no entry either (SUSP 4).
    if (area[at] === 0) break;
    const length = area[at + 2]!;
    if (length < SystemUseEntry.size || at + length > area.length) {
      throw malformed(`an entry of ${length} bytes where ${area.length - at} are left`, offset + at, 'SystemUseEntry.length');
    }
    const entry = { signature: String.fromCharCode(area[at]!, area[at + 1]!), bytes: area.subarray(at, at + length), offset: offset + at };
    at += length;
    if (entry.signature === 'ST') break;
    if (entry.signature !== 'CE') found.push(entry);
    else if (continuation) throw malformed('one area has two continuations', entry.offset, 'CE');
    else continuation = entry;
  }
  return continuation;
}

function placeOf(entry: SystemUse, blockSize: number): { start: number; length: number } {
  const { block, offset, continuation } = CE.read(entry.bytes, 0, entry.offset);
  return { start: block * blockSize + offset, length: continuation };
}

async function readContinuation(disk: Disk, blockSize: number, entry: SystemUse): Promise<Uint8Array> {
  const { start, length } = placeOf(entry, blockSize);
  if (length > LARGEST_CONTINUATION || start + length > disk.size) {
    throw malformed(`a system use area of ${length} bytes at ${start}, the image has ${disk.size}`, entry.offset, 'CE.continuation');
  }
  return disk.read(start, length);
}
