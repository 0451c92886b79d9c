/**
 * Plans a read-only UDF 2.01 volume from a FileTree. Source: ECMA-167, OSTA UDF 2.01; what mkudffs chooses where they leave a choice.
 * Blocks of 2048 bytes; every content is contiguous, and nothing is free.
 * Left out: named streams (so extended attributes and resource forks are dropped, with a warning), files beyond what one file entry can say, 229 GiB.
 */
import { blockDisks } from '../../../core/block-disks.ts';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import type { PlannedContent, PlannedVolume } from '../../../core/planned-volume.ts';
import { blocks, planPartition } from './planned/partition.ts';
import type { Icb } from './planned/tree-index.ts';
import {
  anchor,
  descriptorSequence,
  INTEGRITY_SECTOR,
  integritySectors,
  recognitionSectors,
  SEQUENCE_SECTORS,
  type VolumeFacts,
} from './planned/volume-descriptors.ts';
import { storedVolumeName, type Warn } from './stored-metadata.ts';
import { ANCHOR_SECTOR, PARTITION_START, SECTOR } from './structs.ts';

export interface FormatOptions {
  /** 64 bits that tell this volume from all others. */
  readonly volumeId: bigint;
  /** Unix seconds. */
  readonly created: number;
  /** Told of what is dropped. */
  readonly warn?: Warn | undefined;
}

const REVISION = 0x0201;
const RECOGNITION_SECTOR = 16;
const MAIN_SEQUENCE = 32;

/**
 * Plans a volume; nothing is written and no content is read. The same tree gives the same bytes, in whatever order its folders list
 * their children. In memory afterwards: an object for each entry and each content's Disk; metadata is made when read.
 * @throws DisksealError `E_UDF` with the path of what UDF cannot hold, `E_UNSUPPORTED` for folders over 512 deep
 */
export async function format(tree: FileTree, { volumeId, created, warn }: FormatOptions): Promise<PlannedVolume> {
  const name = storedVolumeName(tree.root.name);
  if (name !== tree.root.name) warn?.(`the volume's name is cut to "${name}"`);
  const partition = await planPartition(tree, { revision: REVISION, name, created, warn });
  const starts = new Map<Icb, number>();
  let block = partition.metadataBlocks;
  for (const icb of partition.contents) {
    starts.set(icb, block);
    block += blocks(icb.content!.size);
  }
  if (block + PARTITION_START + SEQUENCE_SECTORS > 0xffff_ffff)
    throw new DisksealError('E_UDF', 'the files need more than the 8 TiB of a UDF volume');
  const { files, folders } = partition.index;
  const facts: VolumeFacts = { revision: REVISION, name, created, volumeId, partitionBlocks: block, files, folders };
  const metadata = partition.metadata((icb) => starts.get(icb)!);
  const first = partition.metadataBlocks;
  const disks = partition.contents.map(({ content }) => content!);
  const places = partition.contents.map((icb) => starts.get(icb)! - first);
  const contents = blockDisks(disks, places, block - first, SECTOR);
  const disk = joinDisks([...beforePartition(facts), metadata, contents, ...afterPartition(facts)]);
  return { ...disk, contents: () => contentsOf(partition.contents, starts) };
}

function beforePartition(facts: VolumeFacts): Disk[] {
  const reserve = PARTITION_START + facts.partitionBlocks;
  const recognition = recognitionSectors(facts.revision);
  const sequence = descriptorSequence(facts, MAIN_SEQUENCE);
  const integrity = integritySectors(facts);
  return placed(PARTITION_START * SECTOR, [
    [RECOGNITION_SECTOR, recognition],
    [MAIN_SEQUENCE, sequence],
    [INTEGRITY_SECTOR, integrity],
    [ANCHOR_SECTOR, anchor(facts.revision, MAIN_SEQUENCE, reserve, ANCHOR_SECTOR)],
  ]);
}

/** A copy of the descriptors, and the second anchor in the last sector. */
function afterPartition(facts: VolumeFacts): Disk[] {
  const reserve = PARTITION_START + facts.partitionBlocks;
  const last = anchor(facts.revision, MAIN_SEQUENCE, reserve, reserve + SEQUENCE_SECTORS);
  return [bytesDisk(descriptorSequence(facts, reserve)), bytesDisk(last), zerosDisk(SECTOR - last.length)];
}

/** Pieces at ascending sectors with zeros between them, up to `size` bytes. */
function placed(size: number, pieces: readonly (readonly [sector: number, bytes: Uint8Array])[]): Disk[] {
  const disks: Disk[] = [];
  let end = 0;
  for (const [sector, bytes] of pieces) {
    disks.push(zerosDisk(sector * SECTOR - end), bytesDisk(bytes));
    end = sector * SECTOR + bytes.length;
  }
  return [...disks, zerosDisk(size - end)];
}

function* contentsOf(icbs: readonly Icb[], starts: ReadonlyMap<Icb, number>): Generator<PlannedContent> {
  for (const icb of icbs) {
    yield { path: icb.path, position: (PARTITION_START + starts.get(icb)!) * SECTOR, length: icb.content!.size };
  }
}
