/** Images of the smallest kind that other tools make: an ISO 9660 volume of one file, a disk with a master boot record. */
import { DirectoryRecord, SECTOR, VolumeDescriptor } from '../../src/formats/filesystems/iso9660/structs.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface IsoRecipe {
  /** Of the one file. */
  readonly content?: string;
  /** Sectors of zeros at the end of the volume. */
  readonly padding?: number;
  /** Bytes behind the volume. */
  readonly behind?: Uint8Array;
  /** A Joliet view whose file lies elsewhere, or has another name. */
  readonly joliet?: { readonly name: string; readonly content: string };
  /** Further descriptors before the terminator, as they are. */
  readonly descriptors?: readonly Uint8Array[];
}

const DATE = Date.UTC(2026, 0, 1) / 1000;

function record(identifier: Uint8Array, extentLocation: number, dataLength: number, fileFlags: number): Uint8Array {
  const length = DirectoryRecord.size + identifier.length + ((identifier.length + 1) % 2);
  const values = { length, extentLocation, dataLength, recordingDate: DATE, fileFlags, volumeSequenceNumber: 1 };
  const bytes = new Uint8Array(length);
  DirectoryRecord.write({ ...values, identifierLength: identifier.length }, bytes);
  bytes.set(identifier, DirectoryRecord.size);
  return bytes;
}

/** A directory of one file in one sector. */
function directory(at: number, name: Uint8Array, content: number, length: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  let end = 0;
  for (const one of [record(Uint8Array.of(0), at, SECTOR, 2), record(Uint8Array.of(1), at, SECTOR, 2), record(name, content, length, 0)]) {
    bytes.set(one, end);
    end += one.length;
  }
  return bytes;
}

export function descriptor(type: number, sectors: number, root: number): Uint8Array {
  const joliet = type === 2 ? { escapeSequences: new Uint8Array(Buffer.from('%/E'.padEnd(32, '\0'))) } : {};
  const text = (value: string, length: number): Uint8Array => ascii(value.padEnd(length, ' '));
  return VolumeDescriptor.write({
    type,
    standardIdentifier: 'CD001',
    version: 1,
    systemIdentifier: text('', 32),
    volumeIdentifier: text('SMALL', 32),
    volumeSpaceSize: sectors,
    ...joliet,
    volumeSetSize: 1,
    volumeSequenceNumber: 1,
    logicalBlockSize: SECTOR,
    rootDirectory: record(Uint8Array.of(0), root, SECTOR, 2),
    fileStructureVersion: 1,
  });
}

const CONTENT = 'the content of the one file\n';

export function smallIso({
  content = CONTENT,
  padding = 0,
  behind = new Uint8Array(),
  joliet,
  descriptors = [],
}: IsoRecipe = {}): Uint8Array {
  const terminator = 17 + (joliet ? 1 : 0) + descriptors.length;
  // Two directories and two files, whether they are used or not.
  const root = terminator + 1;
  const sectors = root + 4 + padding;
  const bytes = new Uint8Array(sectors * SECTOR + behind.length);
  const put = (sector: number, content: Uint8Array): void => bytes.set(content, sector * SECTOR);
  const parts = [descriptor(1, sectors, root), ...(joliet ? [descriptor(2, sectors, root + 1)] : []), ...descriptors];
  for (const [index, part] of parts.entries()) put(16 + index, part);
  put(terminator, Uint8Array.of(255, ...ascii('CD001'), 1));
  put(root, directory(root, ascii('FILE.TXT;1'), root + 2, content.length));
  put(root + 2, ascii(content));
  if (joliet) {
    const same = joliet.content === content;
    const name = new Uint8Array(Buffer.from(joliet.name, 'utf16le').swap16());
    put(root + 1, directory(root + 1, name, root + (same ? 2 : 3), joliet.content.length));
    if (!same) put(root + 3, ascii(joliet.content));
  }
  put(sectors, behind);
  return bytes;
}
smallIso.content = CONTENT;

/** A disk of 64 KiB with one partition of type Linux. */
export function mbrDisk(size = 65_536): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x5a, 512);
  const view = new DataView(bytes.buffer);
  bytes[450] = 0x83;
  view.setUint32(454, 1, true);
  view.setUint32(458, Math.floor(size / 512) - 1, true);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}
