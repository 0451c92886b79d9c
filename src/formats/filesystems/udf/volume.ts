/**
 * From the anchor to the file set: where a UDF volume's partitions lie. Source: ECMA-167 3/8.4, UDF 2.01 2.2.
 * Partitions are Disks, so that a block number is a position, in the metadata partition of UDF 2.50 too.
 * Left out: virtual and sparable partitions (discs that were written bit by bit), volumes of several discs.
 */
import { type Disk, sliceDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { readTag } from './descriptor-tag.ts';
import { readContent } from './file-entry.ts';
import { Anchor, EntityId, FileSet, LogicalVolume, type LongAd, PartitionDescriptor, TagId } from './structs.ts';
import { decodeDstring } from './text.ts';

export interface Volume {
  readonly name: string;
  /** By partition reference number. */
  readonly partitions: readonly Disk[];
  readonly blockSize: number;
  readonly root: LongAd;
}

/** UDF 2.1.2 wants the device's sector size; ISO-like images have 2048. */
const SECTOR_SIZES = [2048, 512, 4096];
/** A descriptor of the volume is read up to this. Bytes. */
const DESCRIPTOR = 2048;
const SEQUENCE_LIMIT = 1024;

/** @throws DisksealError `E_UDF`, `E_UNSUPPORTED`, `E_TRUNCATED` */
export async function readVolume(disk: Disk): Promise<Volume> {
  const { sectorSize, main, reserve } = await findAnchor(disk);
  const sequence = await readSequence(disk, sectorSize, main).catch((error: unknown) => {
    if (!(error instanceof DisksealError)) throw error;
    return readSequence(disk, sectorSize, reserve);
  });
  const { logical, logicalPosition, partitions } = sequence;
  if (!logical) throw fault('has no logical volume descriptor', logicalPosition);
  const blockSize = logical.blockSize;
  if (blockSize !== sectorSize) throw fault(`has blocks of ${blockSize} bytes on sectors of ${sectorSize}`, logicalPosition);
  const spaces = await mapPartitions(disk, logical, logicalPosition, partitions, blockSize);
  const set = await readFileSet(spaces, logical.fileSet, blockSize);
  return { name: decodeDstring(logical.logicalVolumeId), partitions: spaces, blockSize, root: set.root };
}

interface ExtentOfSectors {
  readonly length: number;
  readonly sector: number;
}

interface FoundAnchor {
  readonly sectorSize: number;
  readonly main: ExtentOfSectors;
  readonly reserve: ExtentOfSectors;
}

async function findAnchor(disk: Disk): Promise<FoundAnchor> {
  for await (const anchor of anchors(disk)) return anchor;
  throw fault('has no anchor: the file is cut short, or it is no UDF volume', 256 * 2048);
}

/** Wherever readers look for one (ECMA-167 3/8.4.2.1; 512 is Linux's), whatever the size of a sector. */
async function* anchors(disk: Disk): AsyncGenerator<FoundAnchor> {
  for (const sectorSize of SECTOR_SIZES) {
    const last = Math.floor(disk.size / sectorSize) - 1;
    for (const sector of [256, last, last - 256, 512]) {
      if (sector < 0 || (sector + 1) * sectorSize > disk.size) continue;
      const bytes = await disk.read(sector * sectorSize, Anchor.size);
      if (!isDescriptor(bytes, TagId.anchor, sector)) continue;
      const { main, reserve } = Anchor.read(bytes);
      yield { sectorSize, main, reserve };
    }
  }
}

/**
 * A volume has several anchors, each with two sequences of descriptors, and every reader chooses for itself: all that can be read must
 * describe one volume. Discs of several sessions do not.
 * @returns whether they do @throws DisksealError `E_UDF` when none can be read
 */
export async function isOneVolume(disk: Disk): Promise<boolean> {
  const found = new Set<string>();
  for await (const { sectorSize, main, reserve } of anchors(disk)) {
    for (const extent of [main, reserve]) {
      const described = await describedBy(disk, sectorSize, extent);
      if (described !== undefined) found.add(described);
    }
  }
  if (found.size === 0) throw fault('has no descriptors that can be read', 256 * 2048);
  return found.size === 1;
}

async function describedBy(disk: Disk, sectorSize: number, extent: ExtentOfSectors): Promise<string | undefined> {
  try {
    const { logical, partitions } = await readSequence(disk, sectorSize, extent);
    if (!logical) return undefined;
    const { blockSize, fileSet, table, logicalVolumeId } = logical;
    const places = [...partitions.values()].map(({ number, start, length }) => [number, start, length].join()).sort();
    return [sectorSize, blockSize, fileSet.partition, fileSet.block, ...table, ...logicalVolumeId, ...places].join(' ');
  } catch (error) {
    if (error instanceof DisksealError && error.exitCode === 20) return undefined;
    throw error;
  }
}

function isDescriptor(bytes: Uint8Array, identifier: number, location: number): boolean {
  try {
    return readTag(bytes, location, 0).identifier === identifier;
  } catch {
    return false;
  }
}

type LogicalVolumeDescriptor = ReturnType<typeof LogicalVolume.read> & { readonly maps: number; readonly table: Uint8Array };
type PartitionEntry = ReturnType<typeof PartitionDescriptor.read>;

interface Sequence {
  logical: LogicalVolumeDescriptor | undefined;
  logicalPosition: number;
  readonly partitions: Map<number, PartitionEntry>;
}

/** The prevailing descriptors: of each kind the one with the highest sequence number (ECMA-167 3/8.4.3). */
async function readSequence(disk: Disk, sectorSize: number, { length, sector }: ExtentOfSectors): Promise<Sequence> {
  const found: Sequence = { logical: undefined, logicalPosition: sector * sectorSize, partitions: new Map() };
  const count = Math.min(SEQUENCE_LIMIT, Math.floor(length / sectorSize));
  for (let index = 0; index < count; index++) {
    const position = (sector + index) * sectorSize;
    const bytes = await disk.read(position, Math.min(DESCRIPTOR, sectorSize));
    const { identifier } = readTag(bytes, sector + index, position);
    if (identifier === TagId.terminating) return found;
    if (identifier === TagId.logicalVolume) takeLogical(found, bytes, position);
    else if (identifier === TagId.partition) {
      const partition = PartitionDescriptor.read(bytes, 0, position);
      const known = found.partitions.get(partition.number);
      if (!known || known.sequence <= partition.sequence) found.partitions.set(partition.number, partition);
    } else if (identifier === TagId.volumePointer) throw unsupported('continues its descriptors elsewhere', position);
  }
  return found;
}

function takeLogical(found: Sequence, bytes: Uint8Array, position: number): void {
  const logical = LogicalVolume.read(bytes, 0, position);
  if (found.logical && found.logical.sequence > logical.sequence) return;
  if (logical.mapTableLength > bytes.length - LogicalVolume.size) throw fault('has a table of partition maps that is too long', position);
  const table = bytes.slice(LogicalVolume.size, LogicalVolume.size + logical.mapTableLength);
  found.logical = { ...logical, table };
  found.logicalPosition = position;
}

async function mapPartitions(
  disk: Disk,
  { maps, table }: LogicalVolumeDescriptor,
  position: number,
  partitions: ReadonlyMap<number, PartitionEntry>,
  blockSize: number,
): Promise<Disk[]> {
  const spaces: Disk[] = [];
  const metadata: { reference: number; block: number; partition: number }[] = [];
  const numbers: number[] = [];
  for (let at = 0, reference = 0; reference < maps; reference++) {
    const [type, length] = [table[at] ?? 0, table[at + 1] ?? 0];
    if (length < 6 || at + length > table.length) throw fault('has a malformed partition map', position);
    const map = new DataView(table.buffer, table.byteOffset + at, length);
    if (type === 1) {
      numbers.push(map.getUint16(4, true));
      spaces.push(physical(disk, partitions.get(numbers.at(-1)!), blockSize, position));
    } else {
      const kind = mapKind(table.subarray(at, at + length), position);
      if (kind !== '*UDF Metadata Partition' || length < 64) throw unsupported(`has a partition of the kind "${kind}"`, position);
      numbers.push(-1);
      metadata.push({ reference, block: map.getUint32(40, true), partition: map.getUint16(38, true) });
      spaces.push(sliceDisk(disk, 0, 0));
    }
    at += length;
  }
  for (const { reference, block, partition } of metadata) {
    const below = spaces[numbers.indexOf(partition)];
    if (!below) throw fault('has a metadata partition in a partition that is not there', position);
    spaces[reference] = (await readContent({ partitions: spaces, blockSize }, numbers.indexOf(partition), block)).content;
  }
  return spaces;
}

function mapKind(map: Uint8Array, position: number): string {
  if (map.length < 36) throw fault('has a malformed partition map', position);
  return String.fromCharCode(...EntityId.read(map, 4).identifier).replace(/\0+$/, '');
}

function physical(disk: Disk, partition: PartitionEntry | undefined, blockSize: number, position: number): Disk {
  if (!partition) throw fault('names a partition that it does not describe', position);
  const [start, size] = [partition.start * blockSize, partition.length * blockSize];
  if (start + size > disk.size)
    throw fault(`has a partition of ${size} bytes at ${start}, which leaves the ${disk.size} bytes there are`, position);
  return sliceDisk(disk, start, size);
}

async function readFileSet(partitions: readonly Disk[], { partition, block }: LongAd, blockSize: number) {
  const space = partitions[partition];
  if (!space || (block + 1) * blockSize > space.size) throw fault('has its file set outside the partition', 0);
  const bytes = await space.read(block * blockSize, Math.min(blockSize, DESCRIPTOR));
  const offset = block * blockSize;
  if (readTag(bytes, block, offset).identifier !== TagId.fileSet) throw fault('has no file set descriptor where it should', offset);
  return FileSet.read(bytes, 0, offset);
}

function fault(message: string, offset: number): DisksealError {
  return new DisksealError('E_UDF', `the UDF volume ${message}`, { offset });
}

function unsupported(message: string, offset: number): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `the UDF volume ${message}, which this version does not read`, { offset });
}
