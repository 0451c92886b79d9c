/**
 * Every structure of an ISO 9660 volume, declared once. Sources: ECMA-119 (2nd edition), whose section is named at each; the
 * Joliet specification (1995), which changes only the character set; SUSP 1.12 and RRIP 1.12 (IEEE P1281, P1282); El Torito 1.0
 * (Phoenix and IBM, 1995); Apple's ISO 9660 extensions (TN FL 36); zisofs as Linux reads it.
 * Left out: extended attribute records (9.5), which are skipped, and volume partition descriptors' contents.
 */
import { array, bytes, field, latin1, struct, u8, u16be, u16le, u32be, u32le, type ValueOf } from '../../../core/struct.ts';
import { descriptorDate, recordedDate, text, u16both, u32both } from './field-types.ts';

/** 6.1.2: logical sectors. Descriptors, and the records of a directory, keep to their borders whatever the block size. */
export const SECTOR = 2048;
/** 6.2.1: sectors 0 to 15 are the system area, which belongs to no volume. */
export const FIRST_DESCRIPTOR = 16;

/** VolumeDescriptor.type (8.1.1) */
export const DescriptorType = { bootRecord: 0, primary: 1, supplementary: 2, partition: 3, terminator: 255 } as const;
export const STANDARD_ID = 'CD001';

/** DirectoryRecord.fileFlags (9.1.6) */
export const FileFlag = {
  hidden: 0x01,
  directory: 0x02,
  associated: 0x04,
  record: 0x08,
  protection: 0x10,
  multiExtent: 0x80,
} as const;

/** 9.1: the fixed part; then the identifier, a pad byte when its length is even, and the system use area. */
export const DirectoryRecord = struct(
  { name: 'DirectoryRecord', size: 33, spec: 'ECMA-119 9.1' },
  {
    length: field(u8, 'bytes of the whole record'),
    extendedAttributeLength: field(u8, 'blocks of the extended attribute record, which precede the data'),
    extentLocation: field(u32both, 'first block'),
    dataLength: field(u32both, 'bytes of this file section'),
    recordingDate: field(recordedDate),
    fileFlags: field(u8, '1 hidden, 2 directory, 4 associated, 8 record, 0x10 protection, 0x80 more sections follow'),
    fileUnitSize: field(u8, 'interleaving: 0 for none'),
    interleaveGapSize: field(u8),
    volumeSequenceNumber: field(u16both),
    identifierLength: field(u8),
  },
);
export type DirectoryRecord = ValueOf<typeof DirectoryRecord.fields>;

/** 8.4 and 8.5: primary, supplementary (Joliet by its escape sequence) and enhanced (version 2) descriptors have one layout. */
export const VolumeDescriptor = struct(
  { name: 'VolumeDescriptor', size: SECTOR, spec: 'ECMA-119 8.4, 8.5' },
  {
    type: field(u8, '1 primary, 2 supplementary'),
    standardIdentifier: field(latin1(5), 'CD001'),
    version: field(u8, '1; 2 in an enhanced descriptor (ISO 9660:1999)'),
    flags: field(u8, 'supplementary only: bit 0 for escape sequences that are not registered'),
    systemIdentifier: field(text(32)),
    volumeIdentifier: field(text(32)),
    unused1: field(bytes(8)),
    volumeSpaceSize: field(u32both, 'blocks'),
    escapeSequences: field(text(32), 'supplementary only: "%/@", "%/C", "%/E" are Joliet levels 1 to 3'),
    volumeSetSize: field(u16both),
    volumeSequenceNumber: field(u16both),
    logicalBlockSize: field(u16both),
    pathTableSize: field(u32both, 'bytes'),
    typeLPathTable: field(u32le, 'block; its numbers are little-endian'),
    optionalTypeLPathTable: field(u32le),
    typeMPathTable: field(u32be, 'block; its numbers are big-endian'),
    optionalTypeMPathTable: field(u32be),
    rootDirectory: field(bytes(34), 'a directory record'),
    volumeSetIdentifier: field(text(128)),
    publisherIdentifier: field(text(128)),
    dataPreparerIdentifier: field(text(128)),
    applicationIdentifier: field(text(128)),
    copyrightFileIdentifier: field(text(37)),
    abstractFileIdentifier: field(text(37)),
    bibliographicFileIdentifier: field(text(37)),
    creationDate: field(descriptorDate),
    modificationDate: field(descriptorDate),
    expirationDate: field(descriptorDate),
    effectiveDate: field(descriptorDate),
    fileStructureVersion: field(u8, '1; 2 in an enhanced descriptor'),
    reserved1: field(u8),
    applicationUse: field(text(512)),
    reserved2: field(bytes(653)),
  },
);
export type VolumeDescriptor = ValueOf<typeof VolumeDescriptor.fields>;

/** 8.2: a boot record whose system identifier says El Torito (section 2.0 there). */
export const BootRecord = struct(
  { name: 'BootRecord', size: SECTOR, spec: 'ECMA-119 8.2, El Torito 2.0' },
  {
    type: field(u8, '0'),
    standardIdentifier: field(latin1(5), 'CD001'),
    version: field(u8, '1'),
    bootSystemIdentifier: field(latin1(32), 'EL TORITO SPECIFICATION'),
    bootIdentifier: field(latin1(32)),
    bootCatalog: field(u32le, 'sector of the boot catalog'),
    bootSystemUse: field(bytes(1973)),
  },
);
export type BootRecord = ValueOf<typeof BootRecord.fields>;
export const EL_TORITO = 'EL TORITO SPECIFICATION';

/** 8.3 */
export const Terminator = struct(
  { name: 'Terminator', size: SECTOR, spec: 'ECMA-119 8.3' },
  {
    type: field(u8, '255'),
    standardIdentifier: field(latin1(5), 'CD001'),
    version: field(u8, '1'),
    reserved: field(bytes(2041)),
  },
);

const pathTableRecord = (u16: typeof u16le, u32: typeof u32le) => ({
  identifierLength: field(u8),
  extendedAttributeLength: field(u8),
  extentLocation: field(u32, 'block of the directory'),
  parentNumber: field(u16, 'number of the record of its parent, counted from 1'),
});

/** 9.4; then the identifier and a pad byte when its length is odd. */
export const PathTableRecordL = struct({ name: 'PathTableRecordL', size: 8, spec: 'ECMA-119 9.4' }, pathTableRecord(u16le, u32le));
export const PathTableRecordM = struct({ name: 'PathTableRecordM', size: 8, spec: 'ECMA-119 9.4' }, pathTableRecord(u16be, u32be));

/** SUSP 4.1: what every system use entry begins with. */
const entry = {
  signature: field(latin1(2)),
  length: field(u8, 'bytes of the whole entry'),
  version: field(u8),
};
export const SystemUseEntry = struct({ name: 'SystemUseEntry', size: 4, spec: 'SUSP 4.1' }, entry);

/** SUSP 5.3: in the first record of the root directory. */
export const SP = struct(
  { name: 'SP', size: 7, spec: 'SUSP 5.3' },
  { ...entry, check: field(u16be, '0xBEEF'), skipped: field(u8, 'bytes to skip in every other system use area') },
);
export const SP_CHECK = 0xbeef;

/** SUSP 5.1: the area goes on elsewhere. */
export const CE = struct(
  { name: 'CE', size: 28, spec: 'SUSP 5.1' },
  { ...entry, block: field(u32both), offset: field(u32both, 'bytes from the start of the block'), continuation: field(u32both, 'bytes') },
);

/** SUSP 5.5; then identifier, descriptor and source. */
export const ER = struct(
  { name: 'ER', size: 8, spec: 'SUSP 5.5' },
  {
    ...entry,
    identifierLength: field(u8),
    descriptorLength: field(u8),
    sourceLength: field(u8),
    extensionVersion: field(u8),
  },
);

/** RRIP 4.1.1. RRIP 1.09 ends before the serial number. */
export const PX = struct(
  { name: 'PX', size: 36, spec: 'RRIP 4.1.1' },
  { ...entry, mode: field(u32both, 'st_mode'), links: field(u32both), uid: field(u32both), gid: field(u32both) },
);
export const PXSerial = struct({ name: 'PX', size: 44, spec: 'RRIP 4.1.1' }, { ...PX.fields, serial: field(u32both, 'st_ino') });

/** RRIP 4.1.3; then components, each with flags, length and text. */
export const SL = struct({ name: 'SL', size: 5, spec: 'RRIP 4.1.3' }, { ...entry, flags: field(u8, '1: goes on in the next SL') });
/** In SL.flags the first only; in a component and in NM the others stand for a whole name. */
export const NameFlag = { continues: 1, current: 2, parent: 4, root: 8 } as const;

/** RRIP 4.1.4; then a part of the name. */
export const NM = struct(
  { name: 'NM', size: 5, spec: 'RRIP 4.1.4' },
  { ...entry, flags: field(u8, '1: goes on in the next NM; 2: "."; 4: ".."') },
);

/** RRIP 4.1.5.1 and 4.1.5.2: a directory that lies elsewhere, and where it belongs. */
export const CL = struct({ name: 'CL', size: 12, spec: 'RRIP 4.1.5.1' }, { ...entry, location: field(u32both, 'block') });

/** RRIP 4.1.6; then dates in the order of the flags. */
export const TF = struct(
  { name: 'TF', size: 5, spec: 'RRIP 4.1.6' },
  {
    ...entry,
    flags: field(u8, '1 created, 2 modified, 4 accessed, 8 attributes, 0x10 backup, 0x20 expires, 0x40 effective, 0x80 long form'),
  },
);
export const LONG_FORM = 0x80;

/** RRIP 4.1.7 */
export const SF = struct(
  { name: 'SF', size: 21, spec: 'RRIP 4.1.7' },
  { ...entry, sizeHigh: field(u32both), sizeLow: field(u32both), depth: field(u8) },
);

/** zisofs, as mkzftree and Linux have it. */
export const ZF = struct(
  { name: 'ZF', size: 16, spec: 'zisofs' },
  {
    ...entry,
    algorithm: field(latin1(2), 'pz'),
    headerSize: field(u8, 'in units of 4 bytes'),
    blockSize: field(u8, 'as a power of two'),
    uncompressedSize: field(u32both, 'bytes'),
  },
);

/** Apple's extension for HFS, second version: type and creator as the Finder has them. */
export const AA = struct(
  { name: 'AA', size: 14, spec: 'Apple ISO 9660 extensions' },
  { ...entry, fileType: field(bytes(4)), creator: field(bytes(4)), finderFlags: field(u16be) },
);

/** El Torito 2.1 to 2.4 */
export const ValidationEntry = struct(
  { name: 'ValidationEntry', size: 32, spec: 'El Torito 2.1' },
  {
    headerId: field(u8, '1'),
    platform: field(u8, '0 x86, 1 PowerPC, 2 Mac, 0xEF UEFI'),
    reserved: field(u16le),
    identifier: field(latin1(24)),
    checksum: field(u16le, 'makes the sum of all 16-bit words zero'),
    key: field(u16be, '0x55AA'),
  },
);
export const BootEntry = struct(
  { name: 'BootEntry', size: 32, spec: 'El Torito 2.2, 2.4' },
  {
    bootIndicator: field(u8, '0x88 bootable, 0 not'),
    mediaType: field(u8, '0 no emulation, 1 to 3 floppy, 4 hard disk'),
    loadSegment: field(u16le, '0: 0x7C0'),
    systemType: field(u8),
    unused: field(u8),
    sectorCount: field(u16le, 'sectors of 512 bytes that are loaded'),
    loadAddress: field(u32le, 'sector of 2048 bytes'),
    selection: field(bytes(20)),
  },
);
export const SectionHeader = struct(
  { name: 'SectionHeader', size: 32, spec: 'El Torito 2.3' },
  {
    headerIndicator: field(u8, '0x90, in the last header 0x91'),
    platform: field(u8),
    entryCount: field(u16le),
    identifier: field(latin1(28)),
  },
);

/** What mkisofs writes into a boot loader's file at byte 8 (isolinux wants it). */
export const BootInfoTable = struct(
  { name: 'BootInfoTable', size: 56, spec: 'mkisofs -boot-info-table' },
  {
    primaryDescriptor: field(u32le, 'sector'),
    fileLocation: field(u32le, 'sector of the boot file'),
    fileLength: field(u32le, 'bytes'),
    checksum: field(u32le, 'sum of the 32-bit words from byte 64 on'),
    reserved: field(array(u8, 40)),
  },
);
export const BOOT_INFO_OFFSET = 8;
