/**
 * The metadata at the partition's start: file set, file entries, lists of folders, targets of links; and after it the contents.
 * In two steps, because a bridge decides itself where contents lie: first what there is, then the bytes.
 */
import { bytesDisk, type Disk, generatedDisk, joinDisks, zerosDisk } from '../../../../core/disk.ts';
import type { FileTree } from '../../../../core/file-tree.ts';
import { sealTag } from '../descriptor-tag.ts';
import { type Held, type Warn } from '../stored-metadata.ts';
import { FileSet, SECTOR, TagId } from '../structs.ts';
import { encodeDstring } from '../text.ts';
import { toTimestamp } from '../times.ts';
import { CHARSET, domain, type Revision, tagVersion } from './entities.ts';
import { checkContentSize, embeddedRoom, encodeFileEntry, encodeList, listSize } from './file-entries.ts';
import { type Icb, indexTree, type TreeIndex } from './tree-index.ts';

export interface PartitionOptions {
  readonly revision: Revision;
  readonly name: string;
  /** Unix seconds. */
  readonly created: number;
  readonly warn?: Warn | undefined;
}

export interface PlannedPartition {
  readonly index: TreeIndex;
  /** Blocks of 2048 bytes before the first content can lie. */
  readonly metadataBlocks: number;
  /** Files that have bytes, in the order of the tree; hard links once. */
  readonly contents: readonly Icb[];
  /** The metadata's bytes. @param blockOf - where a content begins: a block of the partition */
  metadata(blockOf: (icb: Icb) => number): Disk;
}

/** The file set descriptor and the terminator behind it. */
const FIRST_ICB = 2;

export function heldBy(revision: Revision): Held {
  return { creationTimes: revision !== 0x0102 };
}

/** @throws DisksealError `E_UDF`, `E_UNSUPPORTED` */
export async function planPartition(tree: FileTree, options: PartitionOptions): Promise<PlannedPartition> {
  const { revision } = options;
  const index = await indexTree(tree, heldBy(revision), options.warn);
  const contents = index.icbs.filter(({ content }) => content !== undefined && content.size > 0);
  for (const { content, path } of contents) checkContentSize(content!.size, path, revision);
  const apart = index.icbs.filter((icb) => apartSize(icb, revision) > 0);
  const starts = new Map<Icb, number>();
  let block = FIRST_ICB + index.icbs.length;
  for (const icb of apart) {
    starts.set(icb, block);
    block += blocks(apartSize(icb, revision));
  }
  const plan = { index, options, apart, starts };
  return { index, metadataBlocks: block, contents, metadata: (blockOf) => metadataDisk(plan, blockOf) };
}

export function blocks(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}

/** Bytes of an ICB that stand in blocks of their own among the metadata: a folder's list, a long target. */
function apartSize(icb: Icb, revision: Revision): number {
  if (icb.kind === 'folder') return listSize(icb);
  return icb.target && icb.target.length > embeddedRoom(revision) ? icb.target.length : 0;
}

interface Plan {
  readonly index: TreeIndex;
  readonly options: PartitionOptions;
  readonly apart: readonly Icb[];
  readonly starts: ReadonlyMap<Icb, number>;
}

function metadataDisk(plan: Plan, blockOf: (icb: Icb) => number): Disk {
  const { index, apart, options } = plan;
  const kept = {};
  const lists = apart.map((icb) => generated(blocks(apartSize(icb, options.revision)), () => encodeApart(plan, icb), kept));
  const entries = generatedBlocks(index.icbs.length, (number) => encodeEntry(plan, index.icbs[number]!, blockOf));
  return joinDisks([fileSetDisk(options), entries, ...lists]);
}

function icbBlock({ number }: Icb): number {
  return FIRST_ICB + number;
}

function encodeApart({ starts, options }: Plan, icb: Icb): Uint8Array {
  return icb.kind === 'folder' ? encodeList(icb, starts.get(icb)!, icbBlock, options.revision) : icb.target!;
}

function encodeEntry({ starts, options: { revision } }: Plan, icb: Icb, blockOf: (icb: Icb) => number): Uint8Array {
  const start = starts.get(icb);
  if (start !== undefined) return encodeFileEntry(icb, icbBlock(icb), { block: start, length: apartSize(icb, revision) }, revision);
  const length = icb.content?.size ?? 0;
  const content = icb.target ?? { block: length > 0 ? blockOf(icb) : 0, length };
  return encodeFileEntry(icb, icbBlock(icb), content, revision);
}

function fileSetDisk({ revision, name, created }: PartitionOptions): Disk {
  const version = tagVersion(revision);
  const set = FileSet.write({
    recorded: toTimestamp(created),
    interchangeLevel: 3,
    maximumInterchangeLevel: 3,
    characterSets: 1,
    maximumCharacterSets: 1,
    volumeCharset: CHARSET,
    logicalVolumeId: encodeDstring(name, 128),
    fileSetCharset: CHARSET,
    fileSetId: encodeDstring(name, 32),
    root: { length: SECTOR, block: FIRST_ICB, partition: 0, flags: 0, uniqueId: 0 },
    domain: domain(revision),
  });
  sealTag(set, { identifier: TagId.fileSet, version, location: 0 });
  const end = sealTag(new Uint8Array(FileSet.size), { identifier: TagId.terminating, version, location: 1 });
  return joinDisks([bytesDisk(set), zerosDisk(SECTOR - FileSet.size), bytesDisk(end), zerosDisk(SECTOR - FileSet.size)]);
}

/** Bytes made when they are read, the rest of the last block zero. The last ones stay, since a large list is read in pieces. */
function generated(blockCount: number, make: () => Uint8Array, kept: { make?: () => Uint8Array; bytes?: Uint8Array }): Disk {
  return generatedDisk(blockCount * SECTOR, async (position, into) => {
    if (kept.make !== make || !kept.bytes) Object.assign(kept, { make, bytes: make() });
    const bytes = kept.bytes!.subarray(position, position + into.length);
    into.set(bytes);
    into.fill(0, bytes.length);
  });
}

function generatedBlocks(count: number, make: (number: number) => Uint8Array): Disk {
  return generatedDisk(count * SECTOR, async (position, into) => {
    for (let done = 0; done < into.length; ) {
      const number = Math.floor((position + done) / SECTOR);
      const from = position + done - number * SECTOR;
      const part = make(number).subarray(from, from + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  });
}
