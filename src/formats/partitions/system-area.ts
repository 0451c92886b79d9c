/**
 * What makes an ISO 9660 image a disk with partitions as well (a "hybrid"), so that it starts from a stick: the sixteen sectors before
 * its volume descriptors, which ECMA-119 6.2.1 leaves to others, and for a GUID partition table its copy behind the volume. Sources:
 * UEFI 5.2 and 5.3; where a boot sector is told its loader's place, the manuals of xorriso (-isohybrid-mbr, --grub2-mbr).
 * Other than xorriso's, these partitions neither overlap each other nor the tables: one is the volume up to the first loader, so that
 * nobody makes a new one in it, then each loader's has its own. Left out: Apple partition maps; cylinders and heads, for a BIOS
 * that cannot count sectors.
 */
import { assert, DisksealError } from '../../core/errors.ts';
import { SECTOR } from '../../core/partition.ts';
import { gptTables, protectiveEntry, TABLE_SECTORS } from './gpt/tables.ts';
import { BEYOND_CHS, MasterBootRecord, type MbrEntry, MbrType } from './mbr/structs.ts';

/** Bytes. */
export const SYSTEM_AREA = 32_768;
const ISO_SECTOR = 2048;
/** Bytes behind the volume that the copy of a GUID partition table takes, in whole sectors of the volume. */
export const GPT_COPY = Math.ceil(((TABLE_SECTORS + 1) * SECTOR) / ISO_SECTOR) * ISO_SECTOR;

/** A range of the image in bytes, multiples of 512. */
export interface LoaderRange {
  readonly position: number;
  readonly length: number;
}

export interface BootSector {
  /** Code for the first bytes of the disk. Of what there is, 432 bytes are taken. */
  readonly code: Uint8Array;
  /** The sector of 512 bytes that it starts: put into its bytes 432 to 439. */
  readonly loader: number;
}

export interface SystemAreaPlan {
  readonly map: 'mbr' | 'gpt';
  /** Bytes of the ISO 9660 volume, a multiple of 2048. */
  readonly volumeSize: number;
  /** FAT volumes for UEFI, ascending, apart from each other. */
  readonly efi: readonly LoaderRange[];
  readonly bootSector?: BootSector | undefined;
  /** 16 bytes each: the disk's, and one for each partition, the volume's first. */
  readonly ids: readonly Uint8Array[];
}

export interface SystemArea {
  /** The first bytes of the image, at most SYSTEM_AREA. */
  readonly start: Uint8Array;
  /** What stands behind the volume: GPT_COPY bytes, or none. */
  readonly end: Uint8Array;
}

/** Sectors of 512 bytes. */
interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** @throws DisksealError `E_PARTITION` for what the map cannot hold */
export function systemArea(plan: SystemAreaPlan): SystemArea {
  const [volume, ...efi] = stretches(plan);
  return plan.map === 'gpt' ? gptArea(plan, volume!, efi) : mbrArea(plan, volume!, efi);
}

/**
 * Where the volume's own partition begins: among zeros behind the table, so that nothing stands there that could be taken for
 * another filesystem; at a multiple of 4096 bytes.
 */
const FIRST = 40;

/** The volume up to the first loader, then the loaders. */
function stretches({ volumeSize, efi }: SystemAreaPlan): Stretch[] {
  const end = (efi[0]?.position ?? volumeSize) / SECTOR;
  const loaders = efi.map(({ position, length }) => ({ first: position / SECTOR, count: Math.ceil(length / SECTOR) }));
  return [{ first: FIRST, count: end - FIRST }, ...loaders];
}

function gptArea({ volumeSize, bootSector, ids }: SystemAreaPlan, volume: Stretch, efi: readonly Stretch[]): SystemArea {
  const [diskId, volumeId, ...efiIds] = ids;
  assert(diskId && volumeId && efiIds.length >= efi.length, 'an id for the disk and for each partition');
  const total = (volumeSize + GPT_COPY) / SECTOR;
  const entries = [
    { ...volume, type: 'Linux', id: volumeId, name: 'ISO 9660' } as const,
    ...efi.map((stretch, index) => ({ ...stretch, type: 'EFI', id: efiIds[index]!, name: 'EFI system partition' }) as const),
  ];
  const { header, table, backupHeader } = gptTables({ total, diskId, entries });
  // UEFI 5.2.3 wants the protective entry without the mark, and some BIOS wants a mark: an entry of nothing has it.
  const marked = bootSector ? [{ ...EMPTY, bootIndicator: ACTIVE, sizeInLba: 1 }] : [];
  return {
    start: joined([bootRecord([protectiveEntry(total), ...marked], diskId, bootSector), header, table]),
    end: joined([new Uint8Array(GPT_COPY - table.length - SECTOR), table, backupHeader]),
  };
}

const ACTIVE = 0x80;
const EMPTY = { bootIndicator: 0, startingChs: new Uint8Array(3), osType: 0, endingChs: new Uint8Array(3), startingLba: 0, sizeInLba: 0 };
const MOST_ENTRIES = 4;

function mbrArea({ bootSector, ids }: SystemAreaPlan, volume: Stretch, efi: readonly Stretch[]): SystemArea {
  if (1 + efi.length > MOST_ENTRIES) {
    throw new DisksealError('E_PARTITION', `a master boot record has room for ${MOST_ENTRIES - 1} boot images for UEFI, not ${efi.length}`);
  }
  const last = efi.at(-1) ?? volume;
  if (last.first + last.count > 0xffff_ffff) {
    throw new DisksealError('E_PARTITION', 'the image is larger than the 2 TiB of a master boot record', { hint: 'choose hybrid: gpt' });
  }
  const entries = [
    { ...entryOf(volume, MbrType.hidden), bootIndicator: bootSector ? ACTIVE : 0 },
    ...efi.map((stretch) => entryOf(stretch, MbrType.efi)),
  ];
  return { start: bootRecord(entries, ids[0]!, bootSector), end: new Uint8Array() };
}

function entryOf({ first, count }: Stretch, osType: number): MbrEntry {
  return { bootIndicator: 0, startingChs: BEYOND_CHS, osType, endingChs: BEYOND_CHS, startingLba: first, sizeInLba: count };
}

/** Bytes of a boot sector before the place that says where its loader is. */
export const BOOT_CODE_SIZE = 432;

function bootRecord(entries: readonly MbrEntry[], diskId: Uint8Array, bootSector: BootSector | undefined): Uint8Array {
  const record = MasterBootRecord.write({
    diskSignature: new DataView(diskId.buffer, diskId.byteOffset).getUint32(0),
    partitions: [...entries],
    signature: 0xaa55,
  });
  if (bootSector) {
    record.set(bootSector.code.subarray(0, BOOT_CODE_SIZE));
    new DataView(record.buffer).setBigUint64(BOOT_CODE_SIZE, BigInt(bootSector.loader), true);
  }
  return record;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
