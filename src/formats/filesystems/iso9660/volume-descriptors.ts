/**
 * The set of volume descriptors: which trees an image has. Source: ECMA-119 section 8; Joliet by its escape sequences (8.5.6).
 * The set at sector 16 decides. An image of several sessions shows what its first session says, as Linux does for a file, unless the
 * maker brought the set up to date (xorriso does): where a session starts stands in a disc's table of contents, not in an image.
 */
import type { Disk } from '../../../core/disk.ts';
import { malformed } from './malformed.ts';
import {
  BootRecord,
  DescriptorType,
  DirectoryRecord,
  EL_TORITO,
  FIRST_DESCRIPTOR,
  FileFlag,
  SECTOR,
  STANDARD_ID,
  VolumeDescriptor,
} from './structs.ts';

/** As Linux looks. Real sets have six at most. */
const MOST_DESCRIPTORS = 100;
const JOLIET = ['%/@', '%/C', '%/E'];

export interface PlacedDescriptor {
  /** Bytes from the start of the image. */
  readonly offset: number;
  readonly descriptor: VolumeDescriptor;
  readonly root: DirectoryRecord;
}

export interface DescriptorSet {
  readonly primary: PlacedDescriptor;
  readonly joliet?: PlacedDescriptor;
  /** ISO 9660:1999: names of up to 207 bytes. */
  readonly enhanced?: PlacedDescriptor;
  /** El Torito's. */
  readonly bootRecord?: { readonly offset: number; readonly descriptor: BootRecord };
}

/** Whether "CD001" stands where the first descriptor does. */
export async function isIso9660(disk: Disk): Promise<boolean> {
  const at = FIRST_DESCRIPTOR * SECTOR + 1;
  return disk.size >= at + STANDARD_ID.length && String.fromCharCode(...(await disk.read(at, STANDARD_ID.length))) === STANDARD_ID;
}

/** @throws DisksealError `E_ISO9660` for a set without exactly one primary descriptor or without an end */
export async function readDescriptors(disk: Disk): Promise<DescriptorSet> {
  const found: { -readonly [K in keyof DescriptorSet]?: DescriptorSet[K] } = {};
  for (let sector = FIRST_DESCRIPTOR; sector < FIRST_DESCRIPTOR + MOST_DESCRIPTORS; sector++) {
    const offset = sector * SECTOR;
    const bytes = await descriptorBytes(disk, offset);
    const type = bytes[0]!;
    if (type === DescriptorType.terminator) return requirePrimary(found, offset);
    if (type === DescriptorType.bootRecord) {
      const descriptor = BootRecord.read(bytes, 0, offset);
      if (descriptor.bootSystemIdentifier === EL_TORITO) found.bootRecord ??= { offset, descriptor };
      continue;
    }
    const kind = kindOf(bytes);
    if (!kind) continue;
    // Readers differ in which of two they take.
    if (found[kind]) throw malformed(`there are two ${kind} volume descriptors`, offset, 'VolumeDescriptor.type');
    found[kind] = placed(disk, bytes, offset);
  }
  throw malformed(`no terminator among ${MOST_DESCRIPTORS} volume descriptors`, FIRST_DESCRIPTOR * SECTOR, 'VolumeDescriptor.type');
}

async function descriptorBytes(disk: Disk, offset: number): Promise<Uint8Array> {
  if (offset + SECTOR > disk.size) throw malformed('the image ends within its volume descriptors', offset, 'VolumeDescriptor');
  const bytes = await disk.read(offset, SECTOR);
  if (String.fromCharCode(...bytes.subarray(1, 6)) !== STANDARD_ID) {
    const where = offset === FIRST_DESCRIPTOR * SECTOR ? 'at the start' : 'before the terminator';
    throw malformed(`expected "CD001" ${where} of the volume descriptors`, offset, 'VolumeDescriptor.standardIdentifier');
  }
  return bytes;
}

function kindOf(bytes: Uint8Array): 'primary' | 'joliet' | 'enhanced' | undefined {
  if (bytes[0] === DescriptorType.primary) return 'primary';
  if (bytes[0] !== DescriptorType.supplementary) return undefined;
  if (JOLIET.includes(String.fromCharCode(...bytes.subarray(88, 91)))) return 'joliet';
  return bytes[6] === 2 ? 'enhanced' : undefined;
}

function placed(disk: Disk, bytes: Uint8Array, offset: number): PlacedDescriptor {
  const descriptor = VolumeDescriptor.read(bytes, 0, offset);
  const { logicalBlockSize: blockSize } = descriptor;
  // 6.2.2: a power of two of at least 512, not above the sector.
  if (![512, 1024, 2048].includes(blockSize)) {
    throw malformed(`blocks of ${blockSize} bytes`, offset + 128, 'VolumeDescriptor.logicalBlockSize');
  }
  const root = DirectoryRecord.read(bytes, 156, offset);
  if ((root.fileFlags & FileFlag.directory) === 0 || root.extentLocation * blockSize >= disk.size) {
    throw malformed('the root is no directory of this image', offset + 156, 'VolumeDescriptor.rootDirectory');
  }
  return { offset, descriptor, root };
}

function requirePrimary(found: Partial<DescriptorSet>, offset: number): DescriptorSet {
  const { primary } = found;
  if (!primary) throw malformed('there is no primary volume descriptor', offset, 'VolumeDescriptor.type');
  return { ...found, primary };
}
