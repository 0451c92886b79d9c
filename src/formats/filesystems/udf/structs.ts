/**
 * UDF's structures. Sources: ECMA-167 (3rd edition) parts 3 and 4, OSTA UDF 2.01 and 1.02; checked on volumes of mkudffs and genisoimage.
 * All numbers are little-endian.
 */
import { bytes, type FieldType, field, nested, struct, u8, u16le, u32le, u64le, type ValueOf } from '../../../core/struct.ts';

/** Bytes of a sector of the volumes that are written, and of a volume recognition structure on any. */
export const SECTOR = 2048;
/** Where the partition of a volume that is written begins: right behind the first anchor. */
export const PARTITION_START = 257;
export const ANCHOR_SECTOR = 256;

/** ECMA-167 3/7.2.1 and 4/7.2.1. */
export const TagId = {
  primaryVolume: 1,
  anchor: 2,
  volumePointer: 3,
  implementationUse: 4,
  partition: 5,
  logicalVolume: 6,
  unallocatedSpace: 7,
  terminating: 8,
  integrity: 9,
  fileSet: 256,
  fileIdentifier: 257,
  allocationExtent: 258,
  indirect: 259,
  fileEntry: 261,
  extendedFileEntry: 266,
} as const;

/** ECMA-167 4/14.6.6: what an information control block is about. */
export const FileType = { folder: 4, file: 5, symlink: 12, realTime: 249 } as const;
/** Lowest bits of the ICB's flags: how the content is found. */
export const Allocation = { short: 0, long: 1, extended: 2, embedded: 3 } as const;
export const IcbFlag = { nonRelocatable: 0x10, archive: 0x20, setuid: 0x40, setgid: 0x80, sticky: 0x100 } as const;
/** ECMA-167 4/14.4.3. */
export const Characteristic = { hidden: 1, folder: 2, deleted: 4, parent: 8 } as const;

export const Tag = struct(
  { name: 'Tag', size: 16, spec: 'ECMA-167 3/7.2' },
  {
    identifier: field(u16le),
    version: field(u16le, '2 (NSR02) or 3 (NSR03)'),
    checksum: field(u8, 'sum of the other 15 bytes'),
    reserved: field(u8),
    serial: field(u16le),
    crc: field(u16le, 'over the bytes behind the tag'),
    crcLength: field(u16le),
    location: field(u32le, 'sector, or block of the partition, where the descriptor stands'),
  },
);
export type Tag = ValueOf<typeof Tag.fields>;

export const ExtentAd = struct(
  { name: 'ExtentAd', size: 8, spec: 'ECMA-167 3/7.1' },
  { length: field(u32le, 'bytes'), sector: field(u32le) },
);
export const ShortAd = struct(
  { name: 'ShortAd', size: 8, spec: 'ECMA-167 4/14.14.1' },
  { length: field(u32le, 'bytes; the two highest bits are the type'), block: field(u32le) },
);
export const LongAd = struct(
  { name: 'LongAd', size: 16, spec: 'ECMA-167 4/14.14.2' },
  {
    length: field(u32le, 'bytes; the two highest bits are the type'),
    block: field(u32le),
    partition: field(u16le, 'index into the partition maps'),
    flags: field(u16le),
    uniqueId: field(u32le, 'UDF 2.3.4.3'),
  },
);
export type LongAd = ValueOf<typeof LongAd.fields>;

export const Timestamp = struct(
  { name: 'Timestamp', size: 12, spec: 'ECMA-167 1/7.3' },
  {
    zone: field(u16le, 'type in the high 4 bits, minutes from UTC in 12 signed bits'),
    year: field(u16le),
    month: field(u8),
    day: field(u8),
    hour: field(u8),
    minute: field(u8),
    second: field(u8),
    centiseconds: field(u8),
    hundredsOfMicroseconds: field(u8),
    microseconds: field(u8),
  },
);
export type Timestamp = ValueOf<typeof Timestamp.fields>;

/** A fixed-size ASCII text, zero-filled: identifiers of entities. */
export const EntityId = struct(
  { name: 'EntityId', size: 32, spec: 'ECMA-167 1/7.4' },
  { flags: field(u8), identifier: field(bytes(23)), suffix: field(bytes(8)) },
);

const charspec = bytes(64);
const dstring = (size: number): FieldType<Uint8Array> => bytes(size);
const entity = nested(EntityId);
const time = nested(Timestamp);
const tag = nested(Tag);

export const PrimaryVolume = struct(
  { name: 'PrimaryVolumeDescriptor', size: 512, spec: 'ECMA-167 3/10.1' },
  {
    tag: field(tag),
    sequence: field(u32le),
    number: field(u32le),
    volumeId: field(dstring(32)),
    volumeSequence: field(u16le),
    maximumVolumeSequence: field(u16le),
    interchangeLevel: field(u16le),
    maximumInterchangeLevel: field(u16le),
    characterSets: field(u32le),
    maximumCharacterSets: field(u32le),
    volumeSetId: field(dstring(128)),
    descriptorCharset: field(charspec),
    explanatoryCharset: field(charspec),
    volumeAbstract: field(nested(ExtentAd)),
    volumeCopyright: field(nested(ExtentAd)),
    application: field(entity),
    recorded: field(time),
    implementation: field(entity),
    implementationUse: field(bytes(64)),
    predecessor: field(u32le),
    flags: field(u16le),
    reserved: field(bytes(22)),
  },
);

export const ImplementationUseVolume = struct(
  { name: 'ImplementationUseVolumeDescriptor', size: 512, spec: 'UDF 2.2.7' },
  {
    tag: field(tag),
    sequence: field(u32le),
    kind: field(entity),
    charset: field(charspec),
    logicalVolumeId: field(dstring(128)),
    owner: field(dstring(36)),
    organization: field(dstring(36)),
    contact: field(dstring(36)),
    implementation: field(entity),
    implementationUse: field(bytes(128)),
  },
);

export const PartitionDescriptor = struct(
  { name: 'PartitionDescriptor', size: 512, spec: 'ECMA-167 3/10.5' },
  {
    tag: field(tag),
    sequence: field(u32le),
    flags: field(u16le, '1: space is allocated'),
    number: field(u16le),
    contents: field(entity, '+NSR02 or +NSR03'),
    contentsUse: field(bytes(128), 'space tables; all zero on a read-only partition'),
    access: field(u32le, '1: read only'),
    start: field(u32le, 'sector'),
    length: field(u32le, 'sectors'),
    implementation: field(entity),
    implementationUse: field(bytes(128)),
    reserved: field(bytes(156)),
  },
);

/** Without the partition maps, which follow. */
export const LogicalVolume = struct(
  { name: 'LogicalVolumeDescriptor', size: 440, spec: 'ECMA-167 3/10.6' },
  {
    tag: field(tag),
    sequence: field(u32le),
    charset: field(charspec),
    logicalVolumeId: field(dstring(128)),
    blockSize: field(u32le),
    domain: field(entity, '*OSTA UDF Compliant'),
    fileSet: field(nested(LongAd)),
    mapTableLength: field(u32le),
    maps: field(u32le),
    implementation: field(entity),
    implementationUse: field(bytes(128)),
    integrity: field(nested(ExtentAd)),
  },
);
/** A partition map of type 1: ECMA-167 3/10.7.2. */
export const PartitionMap = struct(
  { name: 'PartitionMap', size: 6, spec: 'ECMA-167 3/10.7.2' },
  { type: field(u8, '1'), length: field(u8, '6'), volumeSequence: field(u16le), partition: field(u16le) },
);

export const UnallocatedSpace = struct(
  { name: 'UnallocatedSpaceDescriptor', size: 24, spec: 'ECMA-167 3/10.8' },
  { tag: field(tag), sequence: field(u32le), extents: field(u32le) },
);

export const Anchor = struct(
  { name: 'AnchorVolumeDescriptorPointer', size: 512, spec: 'ECMA-167 3/10.2' },
  { tag: field(tag), main: field(nested(ExtentAd)), reserve: field(nested(ExtentAd)), reserved: field(bytes(480)) },
);

export const Integrity = struct(
  { name: 'LogicalVolumeIntegrityDescriptor', size: 134, spec: 'ECMA-167 3/10.10, UDF 2.2.6' },
  {
    tag: field(tag),
    recorded: field(time),
    type: field(u32le, '1: closed'),
    next: field(nested(ExtentAd)),
    nextUniqueId: field(u64le),
    contentsUse: field(bytes(24)),
    partitions: field(u32le),
    implementationLength: field(u32le),
    freeBlocks: field(u32le),
    blocks: field(u32le),
    implementation: field(entity),
    files: field(u32le),
    folders: field(u32le),
    minimumRead: field(u16le),
    minimumWrite: field(u16le),
    maximumWrite: field(u16le),
  },
);

export const FileSet = struct(
  { name: 'FileSetDescriptor', size: 512, spec: 'ECMA-167 4/14.1' },
  {
    tag: field(tag),
    recorded: field(time),
    interchangeLevel: field(u16le),
    maximumInterchangeLevel: field(u16le),
    characterSets: field(u32le),
    maximumCharacterSets: field(u32le),
    number: field(u32le),
    descriptorNumber: field(u32le),
    volumeCharset: field(charspec),
    logicalVolumeId: field(dstring(128)),
    fileSetCharset: field(charspec),
    fileSetId: field(dstring(32)),
    copyrightId: field(dstring(32)),
    abstractId: field(dstring(32)),
    root: field(nested(LongAd)),
    domain: field(entity),
    next: field(nested(LongAd)),
    streams: field(nested(LongAd)),
    reserved: field(bytes(32)),
  },
);

export const IcbTag = struct(
  { name: 'IcbTag', size: 20, spec: 'ECMA-167 4/14.6' },
  {
    prior: field(u32le),
    strategy: field(u16le, '4: one entry'),
    strategyParameter: field(u16le),
    maximumEntries: field(u16le),
    reserved: field(u8),
    fileType: field(u8),
    parentBlock: field(u32le),
    parentPartition: field(u16le),
    flags: field(u16le),
  },
);

const ENTRY_START = {
  tag: field(tag),
  icb: field(nested(IcbTag)),
  uid: field(u32le, 'FFFFFFFF: not given'),
  gid: field(u32le),
  permissions: field(u32le, 'others, group, owner from the lowest bit: x w r chattr delete'),
  links: field(u16le),
  recordFormat: field(u8),
  recordDisplay: field(u8),
  recordLength: field(u32le),
  size: field(u64le),
};
const ENTRY_END = {
  implementation: field(entity),
  uniqueId: field(u64le),
  attributesLength: field(u32le),
  allocationLength: field(u32le),
};

/** Without extended attributes and allocation descriptors, which follow. */
export const FileEntry = struct(
  { name: 'FileEntry', size: 176, spec: 'ECMA-167 4/14.9' },
  {
    ...ENTRY_START,
    recordedBlocks: field(u64le),
    accessed: field(time),
    modified: field(time),
    changed: field(time),
    checkpoint: field(u32le),
    attributes: field(nested(LongAd)),
    ...ENTRY_END,
  },
);
export const ExtendedFileEntry = struct(
  { name: 'ExtendedFileEntry', size: 216, spec: 'ECMA-167 4/14.17' },
  {
    ...ENTRY_START,
    objectSize: field(u64le, 'of all streams'),
    recordedBlocks: field(u64le),
    accessed: field(time),
    modified: field(time),
    created: field(time),
    changed: field(time),
    checkpoint: field(u32le),
    reserved: field(u32le),
    attributes: field(nested(LongAd)),
    streams: field(nested(LongAd)),
    ...ENTRY_END,
  },
);

/** Without implementation use and name, which follow, and padding to 4 bytes. */
export const FileIdentifier = struct(
  { name: 'FileIdentifierDescriptor', size: 38, spec: 'ECMA-167 4/14.4' },
  {
    tag: field(tag),
    version: field(u16le),
    characteristics: field(u8),
    nameLength: field(u8),
    icb: field(nested(LongAd)),
    implementationLength: field(u16le),
  },
);
export const AllocationExtent = struct(
  { name: 'AllocationExtentDescriptor', size: 24, spec: 'ECMA-167 4/14.5' },
  { tag: field(tag), previous: field(u32le), length: field(u32le) },
);

/** The length of an allocation descriptor has 30 bits, so an extent of whole sectors has at most this. */
export const MAX_EXTENT = 0x3fff_f800;
