/**
 * The records of a directory, one after the other, and what of the image they claim. Source: ECMA-119 sections 6.8.1 and 9.1.
 * A record never crosses a sector; a zero byte where one would begin ends the sector.
 */
import type { Disk } from '../../../core/disk.ts';
import { malformed, unsupported } from './malformed.ts';
import { DirectoryRecord, FileFlag, SECTOR } from './structs.ts';

/** A tree's disk and how it counts. */
export interface Blocks {
  readonly disk: Disk;
  /** Bytes. */
  readonly blockSize: number;
  readonly volumeSequenceNumber: number;
}

/** A range of the image that a record names, checked to lie within it. */
export interface Extent {
  readonly start: number;
  readonly length: number;
}

export interface PlacedRecord {
  readonly record: DirectoryRecord;
  readonly identifier: Uint8Array;
  readonly systemUse: Uint8Array;
  /** Bytes from the start of the image. */
  readonly offset: number;
  readonly systemUseOffset: number;
}

/** Sectors read at once. */
const WINDOW = 64;
/** A million files with long names have some 200 MB of records. */
const LARGEST_DIRECTORY = 1 << 28;

/**
 * The records front to back, a window of sectors at a time, "." and ".." among them.
 * @throws DisksealError `E_ISO9660` for a record that does not fit its sector
 */
export async function* readRecords(disk: Disk, { start, length }: Extent): AsyncGenerator<PlacedRecord[]> {
  for (let at = 0; at < length; at += WINDOW * SECTOR) {
    const bytes = await disk.read(start + at, Math.min(WINDOW * SECTOR, length - at));
    const records: PlacedRecord[] = [];
    for (let sector = 0; sector < bytes.length; sector += SECTOR) {
      recordsIn(bytes.subarray(sector, sector + SECTOR), start + at + sector, records);
    }
    yield records;
  }
}

function recordsIn(sector: Uint8Array, offset: number, records: PlacedRecord[]): void {
  for (let at = 0; at < sector.length; at += sector[at]!) {
    if (sector[at] === 0) return;
    records.push(recordAt(sector, at, offset));
  }
}

/** @param offset - where `bytes` begin in the image */
export function recordAt(bytes: Uint8Array, at: number, offset: number): PlacedRecord {
  const length = bytes[at]!;
  if (length < DirectoryRecord.size + 1 || at + length > bytes.length) {
    throw malformed(`a directory record of ${length} bytes where ${bytes.length - at} are left`, offset + at, 'DirectoryRecord.length');
  }
  const record = DirectoryRecord.read(bytes, at, offset);
  const end = DirectoryRecord.size + record.identifierLength;
  if (record.identifierLength === 0 || end > length) {
    const message = `an identifier of ${record.identifierLength} bytes in a record of ${length}`;
    throw malformed(message, offset + at + 32, 'DirectoryRecord.identifierLength');
  }
  const systemUse = Math.min(length, end + (end % 2));
  return {
    record,
    identifier: bytes.subarray(at + DirectoryRecord.size, at + end),
    systemUse: bytes.subarray(at + systemUse, at + length),
    offset: offset + at,
    systemUseOffset: offset + at + systemUse,
  };
}

/** "." and ".." (6.8.2.2) */
export function isSelf({ identifier }: PlacedRecord): boolean {
  return identifier.length === 1 && identifier[0] === 0;
}
export function isParent({ identifier }: PlacedRecord): boolean {
  return identifier.length === 1 && identifier[0] === 1;
}

/** Where a record's file section lies; an empty one lies nowhere, whatever it says. @param name - for messages */
export function extentOf({ disk, blockSize, volumeSequenceNumber }: Blocks, record: DirectoryRecord, offset: number, name: string): Extent {
  if (record.fileUnitSize !== 0 || record.interleaveGapSize !== 0) {
    throw unsupported(`"${name}" is interleaved`, offset + 26, 'DirectoryRecord.fileUnitSize');
  }
  if (record.dataLength === 0) return { start: 0, length: 0 };
  if (record.volumeSequenceNumber !== volumeSequenceNumber) {
    const message = `"${name}" is on volume ${record.volumeSequenceNumber} of a set, this is ${volumeSequenceNumber}`;
    throw unsupported(message, offset + 28, 'DirectoryRecord.volumeSequenceNumber');
  }
  const start = (record.extentLocation + record.extendedAttributeLength) * blockSize;
  if (start + record.dataLength > disk.size) {
    const message = `"${name}" claims bytes ${start} to ${start + record.dataLength}, the image has ${disk.size}`;
    throw malformed(message, offset + 2, 'DirectoryRecord.extentLocation', 'the image may be cut short');
  }
  return { start, length: record.dataLength };
}

/** The same for a directory, which is never empty and has one section (6.8.1). */
export function directoryExtent(blocks: Blocks, record: DirectoryRecord, offset: number, name: string): Extent {
  if (record.fileFlags & FileFlag.multiExtent) {
    throw malformed(`the directory "${name}" has several sections`, offset + 25, 'DirectoryRecord.fileFlags');
  }
  const extent = extentOf(blocks, record, offset, name);
  if (extent.length > LARGEST_DIRECTORY) {
    throw unsupported(`the directory "${name}" has ${extent.length} bytes`, offset + 10, 'DirectoryRecord.dataLength');
  }
  return extent;
}
