/** The descriptors of the volume: recognition, the descriptor sequences, anchors, integrity. Source: ECMA-167 part 2 and 3, UDF 2.01 2.2. */
import { sealTag } from '../descriptor-tag.ts';
import {
  Anchor,
  ImplementationUseVolume,
  Integrity,
  LogicalVolume,
  PARTITION_START,
  PartitionDescriptor,
  PartitionMap,
  PrimaryVolume,
  SECTOR,
  TagId,
  UnallocatedSpace,
} from '../structs.ts';
import { encodeDstring } from '../text.ts';
import { toTimestamp } from '../times.ts';
import { CHARSET, domain, IMPLEMENTATION, partitionContents, type Revision, tagVersion, volumeInformation } from './entities.ts';

export interface VolumeFacts {
  readonly revision: Revision;
  readonly name: string;
  /** Unix seconds. */
  readonly created: number;
  /** 64 bits that tell this volume from all others: the volume set's name begins with them. */
  readonly volumeId: bigint;
  /** Blocks of the partition. */
  readonly partitionBlocks: number;
  readonly files: number;
  readonly folders: number;
}

/** Sectors of a volume descriptor sequence. */
export const SEQUENCE_SECTORS = 16;
export const INTEGRITY_SECTOR = 64;
/** The first ids are reserved: UDF 2.01 3.2.1.1. */
const FIRST_FREE_ID = 16;

/** BEA01, NSR02 or NSR03, TEA01, a sector each (ECMA-167 2/9). */
export function recognitionSectors(revision: Revision): Uint8Array {
  const sectors = new Uint8Array(3 * SECTOR);
  for (const [index, identifier] of ['BEA01', revision === 0x0102 ? 'NSR02' : 'NSR03', 'TEA01'].entries()) {
    sectors.set(new TextEncoder().encode(identifier), index * SECTOR + 1);
    sectors[index * SECTOR + 6] = 1;
  }
  return sectors;
}

/** A whole sequence, its end included. @param sector - where it stands */
export function descriptorSequence(facts: VolumeFacts, sector: number): Uint8Array {
  const sequence = new Uint8Array(SEQUENCE_SECTORS * SECTOR);
  const descriptors: readonly (readonly [identifier: number, bytes: Uint8Array])[] = [
    [TagId.primaryVolume, primaryVolume(facts)],
    [TagId.implementationUse, implementationUse(facts)],
    [TagId.partition, partition(facts)],
    [TagId.logicalVolume, logicalVolume(facts)],
    [TagId.unallocatedSpace, UnallocatedSpace.write({ sequence: 4 })],
    [TagId.terminating, new Uint8Array(512)],
  ];
  for (const [index, [identifier, bytes]] of descriptors.entries()) {
    sealTag(bytes, { identifier, version: tagVersion(facts.revision), location: sector + index });
    sequence.set(bytes, index * SECTOR);
  }
  return sequence;
}

/** @param main - sector of the main sequence @param reserve - of its copy @param sector - where the anchor stands */
export function anchor(revision: Revision, main: number, reserve: number, sector: number): Uint8Array {
  const length = SEQUENCE_SECTORS * SECTOR;
  const bytes = Anchor.write({ main: { length, sector: main }, reserve: { length, sector: reserve } });
  return sealTag(bytes, { identifier: TagId.anchor, version: tagVersion(revision), location: sector });
}

/** The integrity descriptor and the end of its sequence, a sector each. */
export function integritySectors(facts: VolumeFacts): Uint8Array {
  const { revision, created, files, folders, partitionBlocks } = facts;
  const sectors = new Uint8Array(2 * SECTOR);
  const version = tagVersion(revision);
  const bytes = Integrity.write({
    recorded: toTimestamp(created),
    type: 1,
    nextUniqueId: FIRST_FREE_ID + files + folders,
    partitions: 1,
    implementationLength: 46,
    blocks: partitionBlocks,
    implementation: IMPLEMENTATION,
    files,
    folders,
    minimumRead: revision,
    minimumWrite: revision,
    maximumWrite: revision,
  });
  sectors.set(sealTag(bytes, { identifier: TagId.integrity, version, location: INTEGRITY_SECTOR }));
  const end = sealTag(new Uint8Array(512), { identifier: TagId.terminating, version, location: INTEGRITY_SECTOR + 1 });
  sectors.set(end, SECTOR);
  return sectors;
}

function primaryVolume({ name, created, volumeId }: VolumeFacts): Uint8Array {
  const id = BigInt.asUintN(64, volumeId).toString(16).padStart(16, '0');
  return PrimaryVolume.write({
    sequence: 0,
    volumeId: encodeDstring(name, 32),
    volumeSequence: 1,
    maximumVolumeSequence: 1,
    interchangeLevel: 2,
    maximumInterchangeLevel: 2,
    characterSets: 1,
    maximumCharacterSets: 1,
    volumeSetId: encodeDstring(`${id}${name}`, 128),
    descriptorCharset: CHARSET,
    explanatoryCharset: CHARSET,
    recorded: toTimestamp(created),
    implementation: IMPLEMENTATION,
  });
}

function implementationUse({ name, revision }: VolumeFacts): Uint8Array {
  return ImplementationUseVolume.write({
    sequence: 1,
    kind: volumeInformation(revision),
    charset: CHARSET,
    logicalVolumeId: encodeDstring(name, 128),
    implementation: IMPLEMENTATION,
  });
}

const READ_ONLY = 1;

function partition({ partitionBlocks, revision }: VolumeFacts): Uint8Array {
  return PartitionDescriptor.write({
    sequence: 2,
    flags: 1,
    contents: partitionContents(revision),
    access: READ_ONLY,
    start: PARTITION_START,
    length: partitionBlocks,
    implementation: IMPLEMENTATION,
  });
}

function logicalVolume({ name, revision }: VolumeFacts): Uint8Array {
  const bytes = new Uint8Array(LogicalVolume.size + PartitionMap.size);
  LogicalVolume.write(
    {
      sequence: 3,
      charset: CHARSET,
      logicalVolumeId: encodeDstring(name, 128),
      blockSize: SECTOR,
      domain: domain(revision),
      fileSet: { length: 2 * SECTOR, block: 0, partition: 0, flags: 0, uniqueId: 0 },
      mapTableLength: PartitionMap.size,
      maps: 1,
      implementation: IMPLEMENTATION,
      integrity: { length: 2 * SECTOR, sector: INTEGRITY_SECTOR },
    },
    bytes,
  );
  PartitionMap.write({ type: 1, length: PartitionMap.size, volumeSequence: 1 }, bytes, LogicalVolume.size);
  return bytes;
}
