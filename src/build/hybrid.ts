/** An ISO 9660 volume that is a disk with partitions as well, so that what starts from a CD starts from a stick too. */
import { bytesDisk, type Disk, joinDisks, sliceDisk, zerosDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { PlannedIso9660 } from '../formats/filesystems/iso9660/format.ts';
import { type BootSector, SYSTEM_AREA, systemArea } from '../formats/partitions/system-area.ts';
import type { Identifiers } from './identifiers.ts';
import type { HybridSettings } from './plan.ts';

type BootImage = PlannedIso9660['bootImages'][number];

/** 2048-byte sectors: a UEFI image begins at a multiple of 1 MiB, as partitions do on all devices. */
export const UEFI_ALIGNMENT = 512;

/**
 * @param disk - the volume with all that is in it
 * @throws DisksealError `E_ISO9660`, `E_PARTITION` for what could not be started from
 */
export async function hybridDisk(
  disk: Disk,
  bootImages: readonly BootImage[],
  { map, bootSector }: HybridSettings,
  ids: Identifiers,
): Promise<Disk> {
  const efi = distinct(bootImages.filter(({ platform }) => platform === 'uefi'));
  for (const image of efi) await requireFat(disk, image);
  const { start, end } = systemArea({
    map,
    volumeSize: disk.size,
    efi,
    bootSector: bootSector && (await forLoader(bootSector, disk, bootImages)),
    ids: [await ids.guid('ISO disk'), await ids.guid('ISO volume'), ...(await Promise.all(efi.map(({ path }) => ids.guid(`ISO ${path}`))))],
  });
  const volume = sliceDisk(disk, SYSTEM_AREA, disk.size - SYSTEM_AREA);
  return joinDisks([bytesDisk(start), zerosDisk(SYSTEM_AREA - start.length), volume, bytesDisk(end)]);
}

/** One file may stand in the catalog twice, a place on the disk is one partition. */
function distinct(images: readonly BootImage[]): BootImage[] {
  const byPlace = new Map(images.map((image) => [image.position, image]));
  return [...byPlace.values()].sort((a, b) => a.position - b.position);
}

/** Microsoft's FAT specification: the name of its kind, and the signature. */
async function requireFat(disk: Disk, { path, position, length }: BootImage): Promise<void> {
  const start = await disk.read(position, Math.min(512, length));
  const text = (at: number): string => String.fromCharCode(...start.subarray(at, at + 3));
  if (start[510] === 0x55 && start[511] === 0xaa && (text(54) === 'FAT' || text(82) === 'FAT')) return;
  const hint = 'put the loader as /EFI/BOOT/BOOTX64.EFI into a FAT image: mkfs.vfat -C efi.img 4096; mmd, mcopy -i efi.img';
  throw new DisksealError('E_ISO9660', 'it is no FAT volume, and UEFI starts from nothing else on a disk', { path, hint });
}

/** GRUB's boot sector reads the second part of its image, which begins behind four sectors. */
const GRUB_FIRST_PART = 4;
/** The manual of isohybrid: at byte 64 of an isolinux.bin that a boot sector can start. */
const ISOLINUX_MARK = { offset: 64, bytes: [0xfb, 0xc0, 0x78, 0x70] } as const;

async function forLoader(code: Uint8Array, disk: Disk, bootImages: readonly BootImage[]): Promise<BootSector> {
  const image = bootImages.find(({ platform }) => platform === 'bios');
  if (!image) throw new DisksealError('E_ISO9660', 'a boot sector starts a loader for the BIOS, and there is none');
  const first = image.position / 512;
  if (image.infoTable === 'grub') return { code, loader: first + GRUB_FIRST_PART };
  const { offset, bytes } = ISOLINUX_MARK;
  const found = image.length < offset + bytes.length ? [] : await disk.read(image.position + offset, bytes.length);
  if (bytes.every((byte, index) => found[index] === byte)) return { code, loader: first };
  const hint = 'isolinux.bin of syslinux 4 or later is one; for an image of GRUB say infoTable: grub';
  throw new DisksealError('E_ISO9660', 'it is no isolinux that a boot sector of a disk can start', { path: image.path, hint });
}
