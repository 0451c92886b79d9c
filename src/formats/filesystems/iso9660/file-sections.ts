/**
 * Files of several sections: records of one identifier that follow each other, each but the last marked as continued
 * (ECMA-119 6.5.1, 9.1.6). So a file may have more than 4 GiB.
 */
import { bytesDisk, type Disk, joinDisks, sliceDisk } from '../../../core/disk.ts';
import { type Extent, isParent, isSelf, type PlacedRecord } from './directory.ts';
import { malformed } from './malformed.ts';
import { FileFlag } from './structs.ts';

/** One entry of a directory: a record, or the records of all sections of one file. */
export type Sections = readonly [PlacedRecord, ...PlacedRecord[]];

/** Joins records to entries; "." and ".." are passed over. @throws DisksealError `E_ISO9660` for a file without its last section */
export async function* joinSections(windows: AsyncIterable<readonly PlacedRecord[]>): AsyncGenerator<Sections[]> {
  let open: [PlacedRecord, ...PlacedRecord[]] | undefined;
  for await (const records of windows) {
    const whole: Sections[] = [];
    for (const placed of records) {
      if (isSelf(placed) || isParent(placed)) continue;
      if (open) open.push(requireSame(open[0], placed));
      else open = [placed];
      if (placed.record.fileFlags & FileFlag.multiExtent) continue;
      whole.push(open);
      open = undefined;
    }
    yield whole;
  }
  if (open) throw malformed('a file has no last section', open[0].offset + 25, 'DirectoryRecord.fileFlags');
}

function requireSame(first: PlacedRecord, next: PlacedRecord): PlacedRecord {
  const isSame = first.identifier.length === next.identifier.length && first.identifier.every((byte, at) => byte === next.identifier[at]);
  if (isSame && ((first.record.fileFlags ^ next.record.fileFlags) & ~FileFlag.multiExtent) === 0) return next;
  throw malformed('the next section of a file is missing', next.offset, 'DirectoryRecord.identifier');
}

/** The bytes of the extents one after the other; neighbours are one range, so that equal contents have equal extents. */
export function contentOf(disk: Disk, extents: readonly Extent[]): Disk {
  const joined: { start: number; length: number }[] = [];
  for (const { start, length } of extents) {
    const last = joined.at(-1);
    if (length === 0) continue;
    if (last && last.start + last.length === start) last.length += length;
    else joined.push({ start, length });
  }
  const parts = joined.map(({ start, length }) => sliceDisk(disk, start, length));
  return parts.length === 1 ? parts[0]! : parts.length === 0 ? EMPTY : joinDisks(parts);
}

const EMPTY = bytesDisk(new Uint8Array(0));
