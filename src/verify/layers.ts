/**
 * What is inside an image: container, partition map, volumes. Nothing of a filesystem is parsed beyond the few bytes that
 * tell its kind. The volume's kind is read from the bytes and not from the partition's type, which lies now and then:
 * `Apple_HFS` around an APFS volume is common.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { Partition } from '../core/partition.ts';
import type { Platform } from '../core/platform.ts';
import { CUE_LIMIT, type CueSheet, readCueSheet } from '../formats/containers/bincue/cue-sheet.ts';
import { isBin, open as openBin } from '../formats/containers/bincue/open.ts';
import { RAW_SECTOR } from '../formats/containers/bincue/sector.ts';
import { isNrg } from '../formats/containers/nrg/chunks.ts';
import { open as openNrg } from '../formats/containers/nrg/open.ts';
import { isEncrypted, isUdif } from '../formats/containers/udif/koly.ts';
import { open as openUdif } from '../formats/containers/udif/open.ts';
import { open as openHfsPlus } from '../formats/filesystems/hfsplus/open.ts';
import { open as openIso9660 } from '../formats/filesystems/iso9660/open.ts';
import { isIso9660 } from '../formats/filesystems/iso9660/volume-descriptors.ts';
import { open as openUdfVolume } from '../formats/filesystems/udf/open.ts';
import { openPartitions, type PartitionMap } from '../formats/partitions/open.ts';
import type { SealedAs } from './verified-disk.ts';

type ContainerKind = 'udif' | 'nrg' | 'bin' | 'raw';
export type FilesystemKind = 'hfsplus' | 'hfsx' | 'hfs' | 'apfs' | 'iso9660' | 'udf' | 'fat' | 'unknown';

export interface Volume {
  readonly filesystem: FilesystemKind;
  readonly disk: Disk;
  /** Bytes from the start of the disk that the container holds. */
  readonly position: number;
  /** Absent on a disk without a partition map. */
  readonly partition?: Partition | undefined;
}

export interface Container {
  readonly container: ContainerKind;
  /** What the container holds, decoded as it is read. */
  readonly disk: Disk;
}

export interface Layers extends Container {
  readonly map: PartitionMap;
  readonly partitions: readonly Partition[];
  /** The partitions that hold, or may hold, a filesystem; the whole disk when there is no map. */
  readonly volumes: readonly Volume[];
}

/** Partitions of these types are the maps' own furniture. */
const FURNITURE = new Set([
  'Apple_partition_map',
  'Apple_Free',
  'Apple_Driver43',
  'Apple_Driver_ATAPI',
  'Apple_Driver_IOKit',
  'Apple_Boot',
  'EFI',
]);

const NAMES: Record<FilesystemKind, string> = {
  hfsplus: 'HFS+',
  hfsx: 'HFSX',
  hfs: 'classic HFS',
  apfs: 'APFS',
  iso9660: 'ISO 9660',
  udf: 'UDF',
  fat: 'FAT',
  unknown: 'no filesystem that is known here',
};

export function filesystemName(kind: FilesystemKind): string {
  return NAMES[kind];
}

/**
 * The outermost layer alone.
 * @param sealed - what a verified image is known to be; the image itself is asked when absent
 * @throws DisksealError `E_NOT_IMAGE` for an empty file; `E_UDIF`, `E_PLIST`, `E_NRG`, `E_BINCUE`, `E_UNSUPPORTED`, `E_TRUNCATED`;
 *   `E_UNCOVERED` for an ISO image that is another disc to who reads it as NRG or BIN
 */
export async function openContainer(image: Disk, platform: Platform, sealed?: SealedAs): Promise<Container> {
  if (image.size === 0) throw notImage('the file is empty');
  const mayBeUdif = !sealed || sealed.format === 'dmg';
  // An encrypted image has no trailer of its own, and its first bytes would be taken for a disk.
  if (mayBeUdif && ((await isEncrypted(image)) || (await isUdif(image)))) {
    return { container: 'udif', disk: await openUdif(image, platform) };
  }
  // A file with a seal in it does not end as NRG, nor does it consist of a CD's sectors.
  return sealed?.placement === 'embedded' ? { container: 'raw', disk: image } : openDisc(image);
}

async function openDisc(image: Disk): Promise<Container> {
  const track = (await isNrg(image)) ? await openNrg(image) : undefined;
  const bin = await isBin(image);
  if (await isIso9660(image)) {
    // An NRG image whose data begins with the file is an ISO image as well, and the same one.
    if (bin || (track && (track.position > 0 || track.sectorSize === RAW_SECTOR))) throw twoDiscs(track?.position ?? 0);
    return { container: 'raw', disk: image };
  }
  if (track) return { container: 'nrg', disk: track.sectorSize === RAW_SECTOR ? openBin(track.disk) : track.disk };
  return bin ? { container: 'bin', disk: openBin(image) } : { container: 'raw', disk: image };
}

function twoDiscs(offset: number): DisksealError {
  const hint = 'programs would see different content in this file';
  return new DisksealError('E_UNCOVERED', 'the file is not one image: it is an ISO image and another disc as well', { offset, hint });
}

/**
 * Finds out what is inside. Reads the container's tables, the map and a few sectors.
 * @throws DisksealError what `openContainer` throws, `E_PARTITION`, and `E_NOT_IMAGE` for bytes that are no image at all
 */
export async function openLayers(image: Disk, platform: Platform, sealed?: SealedAs): Promise<Layers> {
  return divide(await openContainer(image, platform, sealed));
}

/** What is on the disk of a container. */
export async function divide({ container, disk }: Container): Promise<Layers> {
  const { map, partitions: found } = await openPartitions(disk);
  const partitions = map === 'none' ? [] : found;
  const whole = await wholeVolumes(disk);
  const divided = map === 'none' ? [] : await volumesOf(partitions, whole.length > 0);
  const volumes = map === 'none' && whole.length === 0 ? [await volumeAt(disk, 0)] : [...whole, ...divided];
  if (container === 'raw' && map === 'none' && volumes[0]?.filesystem === 'unknown') {
    await refuseCueSheet(disk);
    throw notImage('neither a disk image, nor a partition map, nor a filesystem that is known here');
  }
  return { container, disk, map, partitions, volumes };
}

/** Which people name in place of the image. */
async function refuseCueSheet(disk: Disk): Promise<void> {
  if (disk.size > CUE_LIMIT) return;
  const sheet = tryCueSheet(new TextDecoder().decode(await disk.read(0, disk.size)));
  if (!sheet) return;
  throw new DisksealError('E_NOT_IMAGE', 'the file is a cue sheet, which only describes an image', {
    offset: 0,
    hint: `name the image: ${sheet.file}`,
  });
}

function tryCueSheet(text: string): CueSheet | undefined {
  try {
    return readCueSheet(text);
  } catch {
    return undefined;
  }
}

/**
 * The files of the one volume that can be read; of an ISO 9660 volume the view that says most (Rock Ridge, else Joliet).
 * @throws DisksealError `E_UNSUPPORTED` when there is none or more than one; what the filesystem's `open` throws
 */
export async function openVolume(layers: Layers): Promise<FileTree> {
  const { disk, filesystem } = theVolume(layers);
  if (filesystem === 'iso9660') return openIso9660(disk);
  return filesystem === 'udf' ? openUdfVolume(disk) : openHfsPlus(disk);
}

const READABLE: readonly FilesystemKind[] = ['hfsplus', 'hfsx', 'iso9660', 'udf'];

/** The one volume that can be read. @throws DisksealError `E_UNSUPPORTED` */
export function theVolume(layers: Layers): Volume {
  const readable = layers.volumes.filter(({ filesystem }) => READABLE.includes(filesystem));
  const [volume, second] = readable;
  if (volume && !second) return volume;
  if (volume) {
    throw new DisksealError('E_UNSUPPORTED', `the image holds ${readable.length} volumes, and it is not said which one is meant`, {
      offset: second!.position,
      hint: '"diskseal inspect" lists them',
    });
  }
  const found = layers.volumes.map(({ filesystem }) => filesystemName(filesystem));
  throw new DisksealError(
    'E_UNSUPPORTED',
    `the image holds no volume that is read, but ${found.length > 0 ? found.join(', ') : 'nothing'}`,
    {
      offset: layers.volumes[0]?.position ?? 0,
      hint: 'this version reads HFS+, HFSX, ISO 9660 and UDF volumes',
    },
  );
}

/**
 * ISO 9660 and UDF leave their first sectors to others: such a volume can be the whole of a disk that has partitions, and one that has
 * none can hold an HFS volume, say, as well.
 */
async function wholeVolumes(disk: Disk): Promise<Volume[]> {
  const { disc, other } = await probe(disk);
  if (!disc) return [];
  return [disc, other].flatMap((filesystem) => (filesystem ? [{ filesystem, disk, position: 0 }] : []));
}

/** @param isHybrid - the disk as a whole is a volume */
async function volumesOf(partitions: readonly Partition[], isHybrid: boolean): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const partition of partitions) {
    if (FURNITURE.has(partition.type)) continue;
    const volume = await volumeAt(partition.disk, partition.position);
    if (!(isHybrid && (await isItself(volume)))) volumes.push({ ...volume, partition });
  }
  return volumes;
}

/** A hybrid names itself as a partition, which begins with it, right behind the sectors that it leaves to others, or in these. */
async function isItself({ position, filesystem, disk }: Volume): Promise<boolean> {
  if (position > SYSTEM_AREA) return false;
  if (filesystem !== 'unknown') return filesystem === 'iso9660' || filesystem === 'udf';
  const lead = await disk.read(0, Math.min(SYSTEM_AREA - position, disk.size));
  return lead.length > 0 && lead.every((byte) => byte === 0);
}

async function volumeAt(disk: Disk, position: number): Promise<Volume> {
  return { filesystem: await filesystemOf(disk), disk, position };
}

/** ECMA-119 6.2.1: sixteen sectors that belong to no volume. */
const SYSTEM_AREA = 32_768;
/** Enough for the first descriptor of ISO 9660, which stands at sector 16 of 2048 bytes. */
const PROBED = 32_768 + 2048;

async function filesystemOf(disk: Disk): Promise<FilesystemKind> {
  const { disc, other } = await probe(disk);
  return other ?? disc ?? 'unknown';
}

/** What stands behind the sectors that discs leave to others, and what stands in them. */
interface Probed {
  readonly disc: 'iso9660' | 'udf' | undefined;
  readonly other: FilesystemKind | undefined;
}

async function probe(disk: Disk): Promise<Probed> {
  const start = await disk.read(0, Math.min(PROBED, disk.size));
  const descriptor = text(start, 32_769, 5);
  const disc = descriptor === 'CD001' ? 'iso9660' : descriptor === 'BEA01' ? 'udf' : undefined;
  return { disc, other: frontKind(start) };
}

function frontKind(start: Uint8Array): FilesystemKind | undefined {
  const header = text(start, 1024, 2);
  if (header === 'H+') return 'hfsplus';
  if (header === 'HX') return 'hfsx';
  // Perhaps a wrapper around an HFS+ volume (TN1150, "HFS Wrapper"), which is not read.
  if (header === 'BD') return 'hfs';
  if (text(start, 32, 4) === 'NXSB') return 'apfs';
  return text(start, 54, 3) === 'FAT' || text(start, 82, 3) === 'FAT' ? 'fat' : undefined;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function notImage(message: string): DisksealError {
  return new DisksealError('E_NOT_IMAGE', message, {
    offset: 0,
    hint: 'compare its size and checksum with what the publisher says: it may be another kind of file, or a download cut short',
  });
}
