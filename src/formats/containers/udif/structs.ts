/**
 * UDIF, Apple's disk image container (.dmg). Apple has published no specification; names follow the public descriptions of
 * "UDIF resource file" and "mish" blocks, values are those in images that hdiutil made. All integers are big-endian, sectors 512 bytes.
 */
import { bytes, field, latin1, nested, struct, u32be, u64be, type ValueOf } from '../../../core/struct.ts';

export const UdifChecksum = struct(
  { name: 'UdifChecksum', size: 136, spec: 'UDIF checksum' },
  {
    type: field(u32be, '2: CRC-32; 0: none'),
    size: field(u32be, 'bits'),
    value: field(bytes(128), 'a CRC-32 stands in the first 4 bytes'),
  },
);
export type UdifChecksum = ValueOf<typeof UdifChecksum.fields>;

export const KolyTrailer = struct(
  { name: 'KolyTrailer', size: 512, spec: 'UDIF trailer' },
  {
    signature: field(latin1(4), '"koly"'),
    version: field(u32be, '4'),
    headerSize: field(u32be, 'bytes of this trailer'),
    flags: field(u32be, '1: flattened'),
    runningDataForkOffset: field(u64be, 'not zero in segmented images only'),
    dataForkOffset: field(u64be, 'bytes from the start of the file'),
    dataForkLength: field(u64be, 'bytes'),
    rsrcForkOffset: field(u64be, 'bytes from the start of the file'),
    rsrcForkLength: field(u64be, 'bytes'),
    segmentNumber: field(u32be, '1 after convert, 0 after create'),
    segmentCount: field(u32be, '1 after convert, 0 after create'),
    segmentId: field(bytes(16), 'UUID'),
    dataForkChecksum: field(nested(UdifChecksum), 'over the stored data fork'),
    xmlOffset: field(u64be, 'bytes from the start of the file'),
    xmlLength: field(u64be, 'bytes'),
    reserved1: field(bytes(64)),
    codeSignatureOffset: field(u64be, 'bytes from the start of the file'),
    codeSignatureLength: field(u64be, 'bytes'),
    reserved2: field(bytes(40)),
    masterChecksum: field(nested(UdifChecksum), 'over the checksum values of all block tables'),
    imageVariant: field(u32be, '1: a device; 2: a partition'),
    sectorCount: field(u64be, 'sectors of the device'),
    reserved3: field(bytes(12)),
  },
);
export type KolyTrailer = ValueOf<typeof KolyTrailer.fields>;

export const BlockTable = struct(
  { name: 'BlockTable', size: 204, spec: 'UDIF block table ("mish")' },
  {
    signature: field(latin1(4), '"mish"'),
    version: field(u32be, '1'),
    sectorNumber: field(u64be, 'first sector on the device'),
    sectorCount: field(u64be, 'sectors covered'),
    dataOffset: field(u64be, 'bytes, added to the offset of every run'),
    buffersNeeded: field(u32be, 'sectors to decompress a run in'),
    blockDescriptor: field(u32be, 'number of the area'),
    reserved: field(bytes(24)),
    checksum: field(nested(UdifChecksum), 'over the expanded sectors; runs of zeros count, ignored ones do not'),
    blockRunCount: field(u32be, 'runs, the terminator among them'),
  },
);

/** One run of sectors in a block table, 40 bytes. */
export const BlockRun = struct(
  { name: 'BlockRun', size: 40, spec: 'UDIF block table, run entry' },
  {
    type: field(u32be, 'how the run is stored'),
    comment: field(u32be, 'not used by readers'),
    sectorNumber: field(u64be, 'first sector, relative to the table'),
    sectorCount: field(u64be, 'sectors covered'),
    compressedOffset: field(u64be, 'bytes from the start of the data fork'),
    compressedLength: field(u64be, 'bytes stored'),
  },
);

export const RunType = {
  zero: 0x00000000,
  raw: 0x00000001,
  /** Not allocated: read as zeros, left out of the table's checksum. */
  ignore: 0x00000002,
  adc: 0x80000004,
  zlib: 0x80000005,
  bzip2: 0x80000006,
  lzfse: 0x80000007,
  lzma: 0x80000008,
  comment: 0x7ffffffe,
  terminator: 0xffffffff,
} as const;

/** What to call the ways of storing a run. */
export const RUN_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [RunType.zero, 'zero'],
  [RunType.raw, 'raw'],
  [RunType.ignore, 'ignore'],
  [RunType.adc, 'ADC'],
  [RunType.zlib, 'zlib'],
  [RunType.bzip2, 'bzip2'],
  [RunType.lzfse, 'LZFSE'],
  [RunType.lzma, 'LZMA'],
  [RunType.comment, 'comment'],
  [RunType.terminator, 'terminator'],
]);

/** Most sectors that hdiutil puts into one run: 1 MiB. */
export const RUN_SECTORS = 2048;

export const CHECKSUM_NONE = 0;
export const CHECKSUM_CRC32 = 2;

export function crc32Checksum(crc: number): UdifChecksum {
  const value = new Uint8Array(128);
  new DataView(value.buffer).setUint32(0, crc);
  return { type: CHECKSUM_CRC32, size: 32, value };
}

/** The CRC-32 in a checksum, or nothing when it has none or another kind. */
export function crc32Of({ type, size, value }: UdifChecksum): number | undefined {
  if (type !== CHECKSUM_CRC32 || size !== 32) return undefined;
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}
