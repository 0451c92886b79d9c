/** GUID partition table. Source: UEFI specification 2.10, section 5.3. */
import { array, bytes, field, struct, u16le, u32le, u64le, type ValueOf } from '../../../core/struct.ts';

export const GptHeader = struct(
  { name: 'GptHeader', size: 92, spec: 'UEFI 5.3.2' },
  {
    signature: field(bytes(8), '"EFI PART"'),
    revision: field(u32le, '00010000'),
    headerSize: field(u32le, 'bytes, 92'),
    headerCrc32: field(u32le, 'over the header with this field as zero'),
    reserved: field(u32le),
    myLba: field(u64le, 'sector of this header'),
    alternateLba: field(u64le, 'sector of the other header'),
    firstUsableLba: field(u64le),
    lastUsableLba: field(u64le),
    diskGuid: field(bytes(16), 'mixed-endian'),
    partitionEntryLba: field(u64le, 'first sector of the table'),
    numberOfPartitionEntries: field(u32le),
    sizeOfPartitionEntry: field(u32le, 'bytes, 128 times a power of two'),
    partitionEntryArrayCrc32: field(u32le),
  },
);
export type GptHeader = ValueOf<typeof GptHeader.fields>;

export const GptEntry = struct(
  { name: 'GptEntry', size: 128, spec: 'UEFI 5.3.3' },
  {
    partitionTypeGuid: field(bytes(16), 'all zero: not used'),
    uniquePartitionGuid: field(bytes(16)),
    startingLba: field(u64le, 'first sector'),
    endingLba: field(u64le, 'last sector, itself included'),
    attributes: field(bytes(8)),
    partitionName: field(array(u16le, 36), 'UTF-16, padded with NUL'),
  },
);
export type GptEntry = ValueOf<typeof GptEntry.fields>;

/** "EFI PART". */
export const GPT_SIGNATURE = Uint8Array.of(0x45, 0x46, 0x49, 0x20, 0x50, 0x41, 0x52, 0x54);

/** Under the names of Apple's maps: HFS+ and HFSX share one. `EFI`: what firmware starts from. `Linux`: data that Windows and macOS leave alone. */
export const TYPE_GUIDS = {
  Apple_HFS: '48465300-0000-11AA-AA11-00306543ECAC',
  Apple_HFSX: '48465300-0000-11AA-AA11-00306543ECAC',
  Apple_APFS: '7C3457EF-0000-11AA-AA11-00306543ECAC',
  EFI: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  Linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
} as const;
export type GptType = keyof typeof TYPE_GUIDS;

// The first three groups of a GUID are little-endian on disk, the rest as written (UEFI appendix A).
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export function guidText(guid: Uint8Array): string {
  const hex = GUID_ORDER.map((index) => guid[index]!.toString(16).padStart(2, '0')).join('');
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5').toUpperCase();
}

export function guidBytes(text: string): Uint8Array {
  const hex = text.replaceAll('-', '');
  const guid = new Uint8Array(16);
  for (const [place, index] of GUID_ORDER.entries()) guid[index] = Number.parseInt(hex.slice(place * 2, place * 2 + 2), 16);
  return guid;
}
