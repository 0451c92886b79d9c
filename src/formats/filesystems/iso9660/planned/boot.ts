/**
 * What a computer starts from: El Torito's boot catalog, and the table that isolinux and others want in their own file.
 * Sources: El Torito 1.0 section 2; UEFI 2.10 section 13.3.2.1; for the table the manual of mkisofs, for GRUB's address that of xorriso.
 * Left out: emulated floppies and hard disks, which nobody starts from any more.
 */
import { bytesDisk, type Disk, joinDisks, sliceDisk, stream } from '../../../../core/disk.ts';
import { assert, DisksealError } from '../../../../core/errors.ts';
import { BOOT_INFO_OFFSET, BootEntry, BootInfoTable, FIRST_DESCRIPTOR, SECTOR, SectionHeader, ValidationEntry } from '../structs.ts';
import { Column, type TreeIndex } from './tree-index.ts';

export interface BootImage {
  /** Path in the tree: a loader for the BIOS, an image of a FAT volume for UEFI. */
  readonly path: string;
  readonly platform: 'bios' | 'uefi';
  /** Sectors of 512 bytes that are loaded. Default: 4 for a BIOS, the whole file for UEFI. */
  readonly loadSectors?: number | undefined;
  /** Puts the table that isolinux wants into the file, at byte 8; for GRUB also the address that it wants when it is read from a disk. */
  readonly infoTable?: boolean | 'grub' | undefined;
}

const PLATFORM = { bios: 0, uefi: 0xef } as const;
const BOOTABLE = 0x88;
const MORE_HEADERS = 0x90;
const LAST_HEADER = 0x91;
/** The catalog is one sector: two entries for the first image, two for each other. */
const MOST_IMAGES = SECTOR / 64;
const BOOT_SECTOR = 512;

export interface FoundImage extends BootImage {
  readonly content: number;
  readonly size: number;
}

/** @throws DisksealError `E_ISO9660` for an image that is no file of the tree, or cannot be started from */
export function findImages(index: TreeIndex, images: readonly BootImage[]): FoundImage[] {
  if (images.length > MOST_IMAGES) throw new DisksealError('E_ISO9660', `${images.length} boot images, the catalog holds ${MOST_IMAGES}`);
  return images.map((image) => {
    const entry = index.find(image.path);
    const content = entry === undefined ? 0 : index.get(entry, Column.content);
    if (entry === undefined || content === 0) {
      throw new DisksealError('E_ISO9660', 'the boot image is no file with content in the tree', { path: image.path });
    }
    const size = index.size(entry);
    if (size > 0xffff_ffff) throw new DisksealError('E_ISO9660', 'a boot image has less than 4 GiB', { path: image.path });
    return { ...image, content, size };
  });
}

/** @param sectorOf - where a content lies */
export function bootCatalog(images: readonly FoundImage[], sectorOf: (content: number) => number): Uint8Array {
  const catalog = new Uint8Array(SECTOR);
  const [first, ...others] = images;
  assert(first, 'a catalog has an entry');
  ValidationEntry.write({ headerId: 1, platform: PLATFORM[first.platform], key: 0x55aa }, catalog);
  ValidationEntry.write({ headerId: 1, platform: PLATFORM[first.platform], key: 0x55aa, checksum: wordsToZero(catalog) }, catalog);
  writeEntry(catalog, 32, first, sectorOf);
  for (const [index, image] of others.entries()) {
    const headerIndicator = index === others.length - 1 ? LAST_HEADER : MORE_HEADERS;
    SectionHeader.write({ headerIndicator, platform: PLATFORM[image.platform], entryCount: 1 }, catalog, 64 + index * 64);
    writeEntry(catalog, 96 + index * 64, image, sectorOf);
  }
  return catalog;
}

function writeEntry(catalog: Uint8Array, at: number, image: FoundImage, sectorOf: (content: number) => number): void {
  BootEntry.write({ bootIndicator: BOOTABLE, sectorCount: loadSectors(image), loadAddress: sectorOf(image.content) }, catalog, at);
}

function loadSectors({ path, platform, loadSectors: given, size }: FoundImage): number {
  const whole = Math.ceil(size / BOOT_SECTOR);
  // More than the field holds: 0 is all up to the end of the disc (UEFI).
  const count = given ?? (platform === 'bios' ? 4 : whole > 0xffff ? 0 : whole);
  if (Number.isInteger(count) && count >= 0 && count <= 0xffff) return count;
  throw new DisksealError('E_ISO9660', `${count} is no number of sectors to load`, { path });
}

function wordsToZero(catalog: Uint8Array): number {
  const view = new DataView(catalog.buffer);
  let sum = 0;
  for (let at = 0; at < ValidationEntry.size; at += 2) sum += view.getUint16(at, true);
  return -sum & 0xffff;
}

/** Where GRUB's image for El Torito has the address of what follows its first part, and how far behind its start that is: 512-byte sectors. */
const GRUB_ADDRESS = { offset: 2548, sectors: 5 } as const;

/** The boot file with its table. Reads the file once. @param sector - where it lies */
export async function withInfoTable(
  content: Disk,
  { path, sector, isGrub }: { path: string; sector: number; isGrub: boolean },
): Promise<Disk> {
  const start = BOOT_INFO_OFFSET + BootInfoTable.size;
  const smallest = isGrub ? GRUB_ADDRESS.offset + 8 : start;
  if (content.size < smallest) throw new DisksealError('E_ISO9660', `a boot file with a table has ${smallest} bytes at least`, { path });
  const addressed = isGrub ? withGrubAddress(content, sector) : content;
  const table = BootInfoTable.write({
    primaryDescriptor: FIRST_DESCRIPTOR,
    fileLocation: sector,
    fileLength: content.size,
    checksum: await sumOfWords(addressed, start),
  });
  return joinDisks([sliceDisk(addressed, 0, BOOT_INFO_OFFSET), bytesDisk(table), sliceDisk(addressed, start, content.size - start)]);
}

function withGrubAddress(content: Disk, sector: number): Disk {
  const address = new Uint8Array(8);
  const { offset, sectors } = GRUB_ADDRESS;
  new DataView(address.buffer).setBigUint64(0, BigInt(sector * (SECTOR / BOOT_SECTOR) + sectors), true);
  const end = offset + address.length;
  return joinDisks([sliceDisk(content, 0, offset), bytesDisk(address), sliceDisk(content, end, content.size - end)]);
}

/** The sum of little-endian 32-bit words from a place on; zeros fill the last one. */
async function sumOfWords(content: Disk, start: number): Promise<number> {
  let sum = 0;
  let at = 0;
  for await (const chunk of stream(sliceDisk(content, start, content.size - start))) {
    for (const byte of chunk) sum = (sum + byte * 2 ** (8 * (at++ % 4))) % 2 ** 32;
  }
  return sum;
}
