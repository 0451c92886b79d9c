/**
 * Every structure of an HFS Plus or HFSX volume, declared once. Sources: Apple Technical Note TN1150 "HFS Plus Volume
 * Format", whose names and order the fields keep; what came after it (attribute records, folder counts, dates added,
 * hard links to folders, the journal's header) from the public headers of Apple's hfs project (hfs_format.h).
 * Left out: the wrapper of classic HFS around an HFS Plus volume, and the B-tree map and user data records, which have
 * no fields. All integers are big-endian, but for the journal's header: it has the byte order of the machine that wrote it.
 */
import {
  array,
  bytes,
  type FieldType,
  field,
  i8,
  i16be,
  id64be,
  latin1,
  nested,
  struct,
  u8,
  u16be,
  u32be,
  u32le,
  u64be,
  u64le,
  type ValueOf,
} from '../../../core/struct.ts';
import { date } from './dates.ts';

/** Bytes from the start of the volume to its header; the alternate header begins as many bytes before the end. */
export const VOLUME_HEADER_OFFSET = 1024;
export const VOLUME_HEADER_SIZE = 512;

/** VolumeHeader.signature and the version that belongs to it. */
export const SIGNATURE_HFS_PLUS = 0x482b; // "H+"
export const SIGNATURE_HFSX = 0x4858; // "HX"
export const SIGNATURE_HFS = 0x4244; // "BD": classic HFS, perhaps a wrapper around an HFS Plus volume
export const VERSION_HFS_PLUS = 4;
export const VERSION_HFSX = 5;

/** VolumeHeader.attributes */
export const VolumeAttribute = {
  hardwareLock: 0x80,
  unmounted: 0x100,
  sparedBlocks: 0x200,
  noCacheRequired: 0x400,
  bootVolumeInconsistent: 0x800,
  catalogNodeIDsReused: 0x1000,
  journaled: 0x2000,
  inconsistent: 0x4000,
  softwareLock: 0x8000,
  expandedTimes: 0x2000_0000,
  contentProtection: 0x4000_0000,
  unusedNodesZeroed: 0x8000_0000,
} as const;

/** Catalog node ids that the format reserves (TN1150, "Catalog File"). */
export const Cnid = {
  rootParent: 1,
  root: 2,
  extentsFile: 3,
  catalogFile: 4,
  badBlockFile: 5,
  allocationFile: 6,
  startupFile: 7,
  attributesFile: 8,
  repairCatalogFile: 14,
  bogusExtentFile: 15,
  firstUser: 16,
} as const;

/** NodeDescriptor.kind */
export const NodeKind = { leaf: -1, index: 0, header: 1, map: 2 } as const;

/** HeaderRecord.attributes */
export const TreeAttribute = { badClose: 1, bigKeys: 2, variableIndexKeys: 4 } as const;

/** HeaderRecord.keyCompareType */
export const KeyCompare = { caseFolding: 0xcf, binary: 0xbc } as const;

/** HeaderRecord.maxKeyLength */
export const MaxKeyLength = { extents: 10, catalog: 516, attributes: 266 } as const;

/** The first two bytes of a catalog record. */
export const RecordType = { folder: 1, file: 2, folderThread: 3, fileThread: 4 } as const;

/** The first four bytes of an attribute record. */
export const AttributeType = { inline: 0x10, fork: 0x20, extents: 0x30 } as const;

/** ExtentKey.forkType */
export const ForkType = { data: 0, resource: 0xff } as const;

/** CatalogFile.flags and CatalogFolder.flags */
export const RecordFlag = {
  locked: 1,
  threadExists: 2,
  hasAttributes: 4,
  hasSecurity: 8,
  hasFolderCount: 0x10,
  hasLinkChain: 0x20,
  hasChildLink: 0x40,
  hasDateAdded: 0x80,
  fastDevPinned: 0x100,
  doNotFastDevPin: 0x200,
  fastDevCandidate: 0x400,
  autoCandidate: 0x800,
  catExpandedTimes: 0x1000,
} as const;

/** FileInfo.finderFlags */
export const FinderFlag = {
  inited: 0x100,
  customIcon: 0x400,
  nameLocked: 0x1000,
  hasBundle: 0x2000,
  invisible: 0x4000,
  alias: 0x8000,
} as const;

/** BsdInfo.fileMode: the type of file (S_IFMT) and the bits that chmod sets. */
export const FileMode = { typeMask: 0o170000, folder: 0o040000, file: 0o100000, symlink: 0o120000, permissions: 0o7777 } as const;

/** BsdInfo.ownerFlags: the low byte of st_flags. */
export const OwnerFlag = { immutable: 2, compressed: 0x20, tracked: 0x40 } as const;

export const FILE_TYPE = { symlink: 'slnk', hardLink: 'hlnk', folderAlias: 'fdrp' } as const;
export const FILE_CREATOR = { symlink: 'rhap', hardLink: 'hfs+', folderAlias: 'MACS' } as const;

/** Folders of the root that hold what hard links lead to; as stored, in UTF-16. */
export const PRIVATE_FOLDER = '\0\0\0\0HFS+ Private Data';
export const PRIVATE_DIRECTORY_FOLDER = '.HFS+ Private Directory Data\r';
/** A file in the private folder: this and its number. */
export const INODE_PREFIX = 'iNode';

export const MAX_NAME_UNITS = 255;
export const MAX_ATTRIBUTE_NAME_UNITS = 127;
export const EXTENTS_PER_RECORD = 8;

/** A four-character code, one byte a character. */
const osType = latin1(4);

const hex = (size: 2 | 4): FieldType<number> => {
  const type = size === 2 ? u16be : u32be;
  return { ...type, show: (value) => `0x${value.toString(16).padStart(size * 2, '0')}` };
};

const octal: FieldType<number> = { ...u16be, show: (value) => `0${value.toString(8)}` };

/** A contiguous range of allocation blocks. */
export const ExtentDescriptor = struct(
  { name: 'ExtentDescriptor', size: 8, spec: 'TN1150, HFSPlusExtentDescriptor' },
  {
    startBlock: field(u32be, 'first allocation block'),
    blockCount: field(u32be, 'blocks; 0 ends the record'),
  },
);
export type ExtentDescriptor = ValueOf<typeof ExtentDescriptor.fields>;

const extents = array(nested(ExtentDescriptor), EXTENTS_PER_RECORD);

/** Eight extents, shown without the empty ones. */
const extentRecord: typeof extents = {
  ...extents,
  show(value) {
    const used = value.filter(({ startBlock, blockCount }) => startBlock !== 0 || blockCount !== 0);
    return used.length === 0 ? 'none' : used.map(({ startBlock, blockCount }) => `${blockCount} from ${startBlock}`).join(', ');
  },
};

/** Size and place of one fork. */
export const ForkData = struct(
  { name: 'ForkData', size: 80, spec: 'TN1150, HFSPlusForkData' },
  {
    logicalSize: field(u64be, 'bytes of valid data'),
    clumpSize: field(u32be, 'bytes to grow by; 0 in forks of ordinary files'),
    totalBlocks: field(u32be, 'blocks of all extents, those in the extents file included'),
    extents: field(extentRecord, 'the first eight extents'),
  },
);
export type ForkData = ValueOf<typeof ForkData.fields>;

/** The volume header, and its copy near the end of the volume. */
export const VolumeHeader = struct(
  { name: 'VolumeHeader', size: VOLUME_HEADER_SIZE, spec: 'TN1150, HFSPlusVolumeHeader' },
  {
    signature: field(hex(2), '"H+" 482b: HFS Plus; "HX" 4858: HFSX'),
    version: field(u16be, '4 for HFS Plus, 5 for HFSX'),
    attributes: field(hex(4), 'see VolumeAttribute'),
    lastMountedVersion: field(osType, 'who wrote last: "10.0", "HFSJ" with a journal'),
    journalInfoBlock: field(u32be, 'allocation block of the JournalInfoBlock, 0 without a journal'),
    createDate: field(date, 'local time, unlike all other dates'),
    modifyDate: field(date),
    backupDate: field(date),
    checkedDate: field(date),
    fileCount: field(u32be, 'file records in the catalog'),
    folderCount: field(u32be, 'folder records in the catalog without the root'),
    blockSize: field(u32be, 'bytes of an allocation block, a power of two from 512'),
    totalBlocks: field(u32be),
    freeBlocks: field(u32be),
    nextAllocation: field(u32be, 'where to look for free blocks first, a hint'),
    rsrcClumpSize: field(u32be, 'default growth of resource forks'),
    dataClumpSize: field(u32be, 'default growth of data forks'),
    nextCatalogID: field(u32be, 'the next unused catalog node id'),
    writeCount: field(u32be, 'raised by each mount for writing'),
    encodingsBitmap: field(id64be, 'text encodings in use; bit 0 is MacRoman'),
    finderInfo: field(
      array(u32be, 8),
      'blessed folder, parent of the startup application, folder to open, Mac OS 9 folder, reserved, Mac OS X folder, 64-bit volume id',
    ),
    allocationFile: field(nested(ForkData), 'one bit for each allocation block'),
    extentsFile: field(nested(ForkData), 'extents beyond the first eight of a fork'),
    catalogFile: field(nested(ForkData), 'files and folders'),
    attributesFile: field(nested(ForkData), 'extended attributes'),
    startupFile: field(nested(ForkData), 'for computers that cannot start from HFS Plus'),
  },
);
export type VolumeHeader = ValueOf<typeof VolumeHeader.fields>;

/** The first bytes of each node of a B-tree. */
export const NodeDescriptor = struct(
  { name: 'NodeDescriptor', size: 14, spec: 'TN1150, BTNodeDescriptor' },
  {
    fLink: field(u32be, 'next node of this height, 0 for the last'),
    bLink: field(u32be, 'previous node of this height, 0 for the first'),
    kind: field(i8, '-1 leaf, 0 index, 1 header, 2 map'),
    height: field(u8, '0 header and map, 1 leaf, then upwards'),
    numRecords: field(u16be),
    reserved: field(u16be),
  },
);
export type NodeDescriptor = ValueOf<typeof NodeDescriptor.fields>;

/** The first record of a B-tree's header node; 128 reserved bytes and the map record follow. */
export const HeaderRecord = struct(
  { name: 'HeaderRecord', size: 106, spec: 'TN1150, BTHeaderRec' },
  {
    treeDepth: field(u16be, 'levels; 0 for an empty tree'),
    rootNode: field(u32be),
    leafRecords: field(u32be, 'records in all leaves'),
    firstLeafNode: field(u32be),
    lastLeafNode: field(u32be),
    nodeSize: field(u16be, 'bytes, a power of two from 512 to 32768'),
    maxKeyLength: field(u16be, 'of a key without its length field'),
    totalNodes: field(u32be, 'used and free'),
    freeNodes: field(u32be),
    reserved1: field(u16be),
    clumpSize: field(u32be, 'ignored, see the fork in the volume header'),
    btreeType: field(u8, '0: a control file of the volume'),
    keyCompareType: field(u8, 'CF: fold case, BC: binary; only HFSX asks'),
    attributes: field(hex(4), 'see TreeAttribute'),
    reserved3: field(array(u32be, 16)),
  },
);
export type HeaderRecord = ValueOf<typeof HeaderRecord.fields>;

/** A B-tree's header node: the reserved record and the map record lie behind the HeaderRecord. */
export const HEADER_RESERVED_OFFSET = NodeDescriptor.size + HeaderRecord.size;
export const HEADER_MAP_OFFSET = HEADER_RESERVED_OFFSET + 128;

/** Owner, permissions and link data. */
export const BsdInfo = struct(
  { name: 'BsdInfo', size: 16, spec: 'TN1150, HFSPlusBSDInfo' },
  {
    ownerID: field(u32be, 'uid; in a hard link the previous link of the chain'),
    groupID: field(u32be, 'gid; in a hard link the next link of the chain'),
    adminFlags: field(u8, 'st_flags bits 16 to 23'),
    ownerFlags: field(u8, 'st_flags bits 0 to 7'),
    fileMode: field(octal, 'type and permissions as st_mode'),
    special: field(u32be, 'device number; link count of a linked file; inode of a hard link'),
  },
);
export type BsdInfo = ValueOf<typeof BsdInfo.fields>;

const Point = struct({ name: 'Point', size: 4, spec: 'Inside Macintosh, Point' }, { v: field(i16be), h: field(i16be) });

const Rect = struct(
  { name: 'Rect', size: 8, spec: 'Inside Macintosh, Rect' },
  {
    top: field(i16be),
    left: field(i16be),
    bottom: field(i16be),
    right: field(i16be),
  },
);

/** The first 16 bytes of a file's com.apple.FinderInfo. */
export const FileInfo = struct(
  { name: 'FileInfo', size: 16, spec: 'TN1150, FileInfo' },
  {
    fileType: field(osType),
    fileCreator: field(osType),
    finderFlags: field(hex(2), 'see FinderFlag'),
    location: field(nested(Point), 'of the icon in its window'),
    reservedField: field(u16be),
  },
);
export type FileInfo = ValueOf<typeof FileInfo.fields>;

/** The last 16 bytes of a file's com.apple.FinderInfo. */
export const ExtendedFileInfo = struct(
  { name: 'ExtendedFileInfo', size: 16, spec: 'hfs_format.h, FndrExtendedFileInfo' },
  {
    documentID: field(u32be),
    dateAdded: field(u32be, 'Unix seconds, when RecordFlag.hasDateAdded is set'),
    extendedFlags: field(hex(2)),
    reserved2: field(u16be),
    writeGenCounter: field(u32be),
  },
);
export type ExtendedFileInfo = ValueOf<typeof ExtendedFileInfo.fields>;

/** The first 16 bytes of a folder's com.apple.FinderInfo. */
export const FolderInfo = struct(
  { name: 'FolderInfo', size: 16, spec: 'TN1150, FolderInfo' },
  {
    windowBounds: field(nested(Rect), 'of the window on screen'),
    finderFlags: field(hex(2), 'see FinderFlag'),
    location: field(nested(Point), 'of the icon in its window'),
    reservedField: field(u16be),
  },
);
export type FolderInfo = ValueOf<typeof FolderInfo.fields>;

/** The last 16 bytes of a folder's com.apple.FinderInfo. */
export const ExtendedFolderInfo = struct(
  { name: 'ExtendedFolderInfo', size: 16, spec: 'hfs_format.h, FndrExtendedDirInfo' },
  {
    documentID: field(u32be),
    dateAdded: field(u32be, 'Unix seconds, when RecordFlag.hasDateAdded is set'),
    extendedFlags: field(hex(2)),
    reserved3: field(u16be),
    writeGenCounter: field(u32be),
  },
);
export type ExtendedFolderInfo = ValueOf<typeof ExtendedFolderInfo.fields>;

/** What every catalog key begins with; `length` UTF-16 units follow. */
export const CatalogKey = struct(
  { name: 'CatalogKey', size: 8, spec: 'TN1150, HFSPlusCatalogKey, fixed part' },
  {
    keyLength: field(u16be, 'bytes that follow this field'),
    parentID: field(u32be),
    nodeNameLength: field(u16be, 'UTF-16 units'),
  },
);
export type CatalogKey = ValueOf<typeof CatalogKey.fields>;

export const CatalogFolder = struct(
  { name: 'CatalogFolder', size: 88, spec: 'TN1150, HFSPlusCatalogFolder' },
  {
    recordType: field(i16be, '1'),
    flags: field(hex(2), 'see RecordFlag'),
    valence: field(u32be, 'files and folders directly inside'),
    folderID: field(u32be, 'catalog node id'),
    createDate: field(date),
    contentModDate: field(date),
    attributeModDate: field(date),
    accessDate: field(date),
    backupDate: field(date),
    permissions: field(nested(BsdInfo)),
    userInfo: field(nested(FolderInfo)),
    finderInfo: field(nested(ExtendedFolderInfo)),
    textEncoding: field(u32be, 'a hint for names in old encodings'),
    folderCount: field(u32be, 'folders directly inside, when RecordFlag.hasFolderCount is set'),
  },
);
export type CatalogFolder = ValueOf<typeof CatalogFolder.fields>;

export const CatalogFile = struct(
  { name: 'CatalogFile', size: 248, spec: 'TN1150, HFSPlusCatalogFile' },
  {
    recordType: field(i16be, '2'),
    flags: field(hex(2), 'see RecordFlag'),
    reserved1: field(u32be, 'in an inode the first link of the chain'),
    fileID: field(u32be, 'catalog node id'),
    createDate: field(date),
    contentModDate: field(date),
    attributeModDate: field(date),
    accessDate: field(date),
    backupDate: field(date),
    permissions: field(nested(BsdInfo)),
    userInfo: field(nested(FileInfo)),
    finderInfo: field(nested(ExtendedFileInfo)),
    textEncoding: field(u32be, 'a hint for names in old encodings'),
    reserved2: field(u32be),
    dataFork: field(nested(ForkData)),
    resourceFork: field(nested(ForkData)),
  },
);
export type CatalogFile = ValueOf<typeof CatalogFile.fields>;

/** What every thread record begins with; `length` UTF-16 units follow. */
export const CatalogThread = struct(
  { name: 'CatalogThread', size: 10, spec: 'TN1150, HFSPlusCatalogThread, fixed part' },
  {
    recordType: field(i16be, '3 folder, 4 file'),
    reserved: field(i16be),
    parentID: field(u32be),
    nodeNameLength: field(u16be, 'UTF-16 units'),
  },
);
export type CatalogThread = ValueOf<typeof CatalogThread.fields>;

export const ExtentKey = struct(
  { name: 'ExtentKey', size: 12, spec: 'TN1150, HFSPlusExtentKey' },
  {
    keyLength: field(u16be, '10'),
    forkType: field(u8, '0 data, FF resource'),
    pad: field(u8),
    fileID: field(u32be),
    startBlock: field(u32be, 'of the fork'),
  },
);
export type ExtentKey = ValueOf<typeof ExtentKey.fields>;

export const ExtentRecord = struct(
  { name: 'ExtentRecord', size: 64, spec: 'TN1150, HFSPlusExtentRecord' },
  {
    extents: field(extentRecord),
  },
);
export type ExtentRecord = ValueOf<typeof ExtentRecord.fields>;

/** What every key of the attributes file begins with; `length` UTF-16 units follow. */
export const AttributeKey = struct(
  { name: 'AttributeKey', size: 14, spec: 'hfs_format.h, HFSPlusAttrKey, fixed part' },
  {
    keyLength: field(u16be, 'bytes that follow this field'),
    pad: field(u16be),
    fileID: field(u32be),
    startBlock: field(u32be, '0, or the first block of an AttributeExtents record'),
    attrNameLength: field(u16be, 'UTF-16 units'),
  },
);
export type AttributeKey = ValueOf<typeof AttributeKey.fields>;

/** An attribute whose data follows, padded to an even length. */
export const AttributeData = struct(
  { name: 'AttributeData', size: 16, spec: 'hfs_format.h, HFSPlusAttrData, fixed part' },
  {
    recordType: field(hex(4), '10'),
    reserved: field(array(u32be, 2)),
    attrSize: field(u32be, 'bytes of data'),
  },
);
export type AttributeData = ValueOf<typeof AttributeData.fields>;

/** An attribute whose data lies in allocation blocks. */
export const AttributeFork = struct(
  { name: 'AttributeFork', size: 88, spec: 'hfs_format.h, HFSPlusAttrForkData' },
  {
    recordType: field(hex(4), '20'),
    reserved: field(u32be),
    theFork: field(nested(ForkData)),
  },
);
export type AttributeFork = ValueOf<typeof AttributeFork.fields>;

/** Further extents of an AttributeFork. */
export const AttributeExtents = struct(
  { name: 'AttributeExtents', size: 72, spec: 'hfs_format.h, HFSPlusAttrExtents' },
  {
    recordType: field(hex(4), '30'),
    reserved: field(u32be),
    extents: field(extentRecord),
  },
);
export type AttributeExtents = ValueOf<typeof AttributeExtents.fields>;

/** Where the journal is. */
export const JournalInfoBlock = struct(
  { name: 'JournalInfoBlock', size: 180, spec: 'TN1150, JournalInfoBlock' },
  {
    flags: field(hex(4), '1: in this volume, 2: on another device, 4: not initialised'),
    deviceSignature: field(array(u32be, 8)),
    offset: field(u64be, 'bytes from the start of the volume'),
    size: field(u64be, 'bytes'),
    externalJournalUuid: field(latin1(37)),
    machineSerialNumber: field(latin1(48)),
    reserved: field(bytes(43)),
  },
);
export type JournalInfoBlock = ValueOf<typeof JournalInfoBlock.fields>;

export const JournalFlag = { inVolume: 1, onOtherDevice: 2, needsInit: 4 } as const;
export const JOURNAL_MAGIC = 0x4a4e_4c78;
export const JOURNAL_ENDIAN = 0x1234_5678;

function journalHeader(u32: FieldType<number>, u64: FieldType<number>) {
  return struct(
    { name: 'JournalHeader', size: 44, spec: 'TN1150, journal_header' },
    {
      magic: field(u32, '"JNLx" 4a4e4c78'),
      endian: field(u32, '12345678 tells the byte order'),
      start: field(u64, 'first byte of the oldest transaction'),
      end: field(u64, 'first free byte; equal to start when nothing is pending'),
      size: field(u64, 'bytes of the journal, this header included'),
      blhdrSize: field(u32),
      checksum: field(u32),
      jhdrSize: field(u32, 'bytes of this header with its padding'),
    },
  );
}

/** The journal's first bytes as a PowerPC wrote them … */
export const JournalHeaderBigEndian = journalHeader(u32be, u64be);
/** … and as an Intel or Apple processor does. */
export const JournalHeader = journalHeader(u32le, u64le);
export type JournalHeader = ValueOf<typeof JournalHeader.fields>;
