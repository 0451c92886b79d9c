/**
 * The raw view of a volume: descriptors, path tables, directories, system use areas and the boot catalog field by field where they lie;
 * contents by name and length only. Directories are found from the roots; one that is broken is named as such. What nothing names
 * (the system area, padding, a seal) is left for the gaps of the view.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { RawField } from '../../../core/struct.ts';
import { type Blocks, directoryExtent, type Extent, extentOf, isParent, isSelf, type PlacedRecord } from './directory.ts';
import { isoName } from './names.ts';
import { bootCatalogFields, directoryFields, lenient, pathTableFields, recordsOf, systemUseFields } from './raw/records.ts';
import { BootRecord, CE, DescriptorType, FIRST_DESCRIPTOR, FileFlag, SECTOR, Terminator, VolumeDescriptor } from './structs.ts';
import { View } from './view.ts';
import { type PlacedDescriptor, readDescriptors } from './volume-descriptors.ts';

/** A stretch of the volume that has a name; `fields` reads it when its turn comes. */
interface Piece {
  readonly offset: number;
  fields(): Iterable<RawField> | AsyncIterable<RawField>;
}

/** A path table of more is not shown. Bytes. */
const LARGEST_TABLE = 1 << 26;

/**
 * All fields front to back. Memory: a few words for each directory, content and area, one directory at a time.
 * @throws DisksealError `E_ISO9660` when there are no descriptors to begin from
 */
export async function* rawFields(disk: Disk): AsyncGenerator<RawField> {
  const set = await readDescriptors(disk);
  const pieces = await descriptorPieces(disk);
  for (const placed of [set.primary, set.joliet, set.enhanced]) if (placed) pieces.push(...tablePieces(disk, placed));
  if (set.bootRecord) pieces.push(...catalogPieces(disk, set.bootRecord.descriptor.bootCatalog * SECTOR));
  const collector = new Collector(disk, pieces);
  const skip = await leniently(() => new View(disk, set.primary.descriptor, 'iso9660').rockRidgeSkip(set.primary));
  await collector.addTree(set.primary, skip instanceof DisksealError ? undefined : skip);
  for (const placed of [set.joliet, set.enhanced]) if (placed) await collector.addTree(placed, undefined);
  for (const piece of pieces.sort((a, b) => a.offset - b.offset)) yield* piece.fields();
}

async function leniently<T>(read: () => Promise<T>): Promise<T | DisksealError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DisksealError) return error;
    throw error;
  }
}

async function descriptorPieces(disk: Disk): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (let offset = FIRST_DESCRIPTOR * SECTOR; ; offset += SECTOR) {
    const bytes = await disk.read(offset, SECTOR);
    const type = bytes[0];
    const struct = type === DescriptorType.terminator ? Terminator : type === DescriptorType.bootRecord ? BootRecord : VolumeDescriptor;
    pieces.push({ offset, fields: () => struct.describe(bytes, 0, offset) });
    if (type === DescriptorType.terminator) return pieces;
  }
}

function tablePieces(disk: Disk, { descriptor }: PlacedDescriptor): Piece[] {
  const { logicalBlockSize, pathTableSize, typeLPathTable, optionalTypeLPathTable, typeMPathTable, optionalTypeMPathTable } = descriptor;
  const tables = [
    { block: typeLPathTable, isBigEndian: false },
    { block: optionalTypeLPathTable, isBigEndian: false },
    { block: typeMPathTable, isBigEndian: true },
    { block: optionalTypeMPathTable, isBigEndian: true },
  ];
  return tables
    .map(({ block, isBigEndian }) => ({ offset: block * logicalBlockSize, isBigEndian }))
    .filter(({ offset }) => offset > 0 && pathTableSize <= LARGEST_TABLE && offset + pathTableSize <= disk.size)
    .map(({ offset, isBigEndian }) => ({
      offset,
      async *fields() {
        yield* pathTableFields(await disk.read(offset, pathTableSize), offset, isBigEndian);
      },
    }));
}

function catalogPieces(disk: Disk, offset: number): Piece[] {
  if (offset + SECTOR > disk.size) return [];
  return [
    {
      offset,
      async *fields() {
        yield* bootCatalogFields(await disk.read(offset, SECTOR), offset);
      },
    },
  ];
}

/** Goes through trees and collects what their records name; each place once. */
class Collector {
  readonly #disk: Disk;
  readonly #pieces: Piece[];
  readonly #named = new Set<number>();
  #directoryBytes = 0;

  constructor(disk: Disk, pieces: Piece[]) {
    this.#disk = disk;
    this.#pieces = pieces;
  }

  /** @param skip - bytes before system use entries; undefined: they are not looked for */
  async addTree({ descriptor, root, offset }: PlacedDescriptor, skip: number | undefined): Promise<void> {
    const { logicalBlockSize: blockSize, volumeSequenceNumber } = descriptor;
    const blocks: Blocks = { disk: this.#disk, blockSize, volumeSequenceNumber };
    const waiting = [lenient(() => directoryExtent(blocks, root, offset + 156, ''))];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (next instanceof DisksealError || next.length === 0 || this.#named.has(next.start)) continue;
      // As in `open`: directories do not overlap.
      this.#directoryBytes += next.length;
      if (this.#directoryBytes > this.#disk.size) return;
      waiting.push(...(await this.#addDirectory(blocks, next, skip)));
    }
  }

  /** @returns the directories in it */
  async #addDirectory(blocks: Blocks, { start, length }: Extent, skip: number | undefined): Promise<(Extent | DisksealError)[]> {
    const disk = this.#disk;
    this.#named.add(start);
    this.#pieces.push({
      offset: start,
      async *fields() {
        yield* directoryFields(await disk.read(start, length), start, skip);
      },
    });
    const inside: (Extent | DisksealError)[] = [];
    for (const placed of recordsOf(await disk.read(start, length), start)) {
      if (placed instanceof DisksealError) continue;
      if (skip !== undefined) await this.#addContinuations(placed.systemUse.subarray(skip), blocks.blockSize);
      if (isSelf(placed) || isParent(placed)) continue;
      if (placed.record.fileFlags & FileFlag.directory)
        inside.push(lenient(() => directoryExtent(blocks, placed.record, placed.offset, '')));
      else this.#addContent(blocks, placed);
    }
    return inside;
  }

  #addContent(blocks: Blocks, { record, identifier, offset }: PlacedRecord): void {
    const extent = lenient(() => extentOf(blocks, record, offset, isoName(identifier)));
    if (extent instanceof DisksealError || extent.length === 0 || this.#named.has(extent.start)) return;
    this.#named.add(extent.start);
    const { start, length } = extent;
    const value = `${JSON.stringify(isoName(identifier))}, ${length} bytes`;
    this.#pieces.push({
      offset: start,
      fields: () => [{ offset: start, bytes: new Uint8Array(), length, label: 'content', value, note: '' }],
    });
  }

  async #addContinuations(area: Uint8Array, blockSize: number): Promise<void> {
    for (let next = continuationIn(area, blockSize); next && !this.#named.has(next.start); ) {
      const { start, length } = next;
      if (length > SECTOR || start + length > this.#disk.size) return;
      this.#named.add(start);
      const bytes = await this.#disk.read(start, length);
      this.#pieces.push({ offset: start, fields: () => systemUseFields(bytes, start) });
      next = continuationIn(bytes, blockSize);
    }
  }
}

function continuationIn(area: Uint8Array, blockSize: number): Extent | undefined {
  for (let at = 0; at + CE.size <= area.length && area[at + 2]! >= 4; at += area[at + 2]!) {
    if (area[at] !== 0x43 || area[at + 1] !== 0x45) continue;
    const found = lenient(() => CE.read(area, at));
    return found instanceof DisksealError ? undefined : { start: found.block * blockSize + found.offset, length: found.continuation };
  }
  return undefined;
}
