/** The volumes and disks of a build, planned: nothing is written and no content is read. */
import { type Disk, joinDisks, zerosDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { PlannedContent, PlannedVolume } from '../core/planned-volume.ts';
import type { Platform } from '../core/platform.ts';
import { format as formatHfsPlus } from '../formats/filesystems/hfsplus/format.ts';
import { format as formatIso9660 } from '../formats/filesystems/iso9660/format.ts';
import { planBridge } from '../formats/filesystems/udf/bridge.ts';
import { format as formatUdf } from '../formats/filesystems/udf/format.ts';
import { partition as partitionApm } from '../formats/partitions/apm/partition.ts';
import { type GptDisk, partition as partitionGpt } from '../formats/partitions/gpt/partition.ts';
import { partition as partitionMbr } from '../formats/partitions/mbr/partition.ts';
import { dressTree } from './dressing.ts';
import { hybridDisk, UEFI_ALIGNMENT } from './hybrid.ts';
import { deriveIdentifiers, type Identifiers } from './identifiers.ts';
import type { BuildPlan, RawSettings } from './plan.ts';

export type Warn = (message: string, path?: string) => void;

/** A disk and where contents lie on it. */
export interface PlannedDisk {
  readonly disk: Disk;
  /** Positions in `disk`. */
  contents(): Iterable<PlannedContent>;
}

export interface PlannedIso extends PlannedDisk {
  /** What is free for a seal: the volume's last bytes. */
  readonly reserved: { readonly offset: number; readonly size: number };
}

export async function identifiersOf({ tree, identity, caseSensitive, created }: BuildPlan, platform: Platform): Promise<Identifiers> {
  const label = JSON.stringify([identity.product, identity.version, identity.build ?? 0, tree.root.name, caseSensitive, created]);
  return deriveIdentifiers(tree, label, platform);
}

/** The volume of DMG and raw images. */
export interface DressedVolume extends PlannedVolume {
  /** What it holds beside the contents; absent when there is nothing. */
  readonly added?: FileTree | undefined;
}

export async function planHfsPlus(plan: BuildPlan, { volumeId }: Identifiers, warn?: Warn): Promise<DressedVolume> {
  const { tree, dressing, caseSensitive, created } = plan;
  const options = { caseSensitive, created, volumeId, opensRoot: dressing?.window !== undefined, ...(warn ? { warn } : {}) };
  if (!dressing) return formatHfsPlus(tree, options);
  const dressed = await dressTree(tree, dressing, created);
  const volume = await formatHfsPlus(dressed.tree, options);
  dressed.finish(volume);
  return { ...volume, added: dressed.added };
}

export function gptDisk(volume: PlannedVolume, { caseSensitive }: BuildPlan, ids: Identifiers): GptDisk {
  const type = caseSensitive ? 'Apple_HFSX' : 'Apple_HFS';
  return partitionGpt([{ disk: volume, type, name: 'disk image' }], { diskId: ids.diskGuid, volumeIds: [ids.partitionGuid] });
}

/** The disk of a raw image. @throws DisksealError `E_PARTITION` for what the map cannot hold */
export function rawDisk(volume: PlannedVolume, plan: BuildPlan, ids: Identifiers): PlannedDisk {
  const map = partitionMapOf(plan.raw);
  if (map === 'none') return { disk: volume, contents: () => volume.contents() };
  const type = plan.caseSensitive ? 'Apple_HFSX' : 'Apple_HFS';
  const whole =
    map === 'gpt'
      ? gptDisk(volume, plan, ids)
      : map === 'apm'
        ? partitionApm({ disk: volume, type, name: 'disk image' })
        : partitionMbr({ disk: volume, type: 'Apple_HFS' }, new DataView(ids.diskGuid.buffer, ids.diskGuid.byteOffset).getUint32(0));
  const { position } = whole.partitions[0]!;
  return { disk: whole, contents: () => moved(volume.contents(), position) };
}

export function partitionMapOf(raw: RawSettings | undefined): NonNullable<RawSettings['partitionMap']> {
  return raw?.partitionMap ?? 'apm';
}

/**
 * The volume of ISO and BIN images.
 * @param reserve - bytes to keep free as the volume's last, once it is known how many come before
 * @throws DisksealError `E_ISO9660`, `E_UDF`, `E_PARTITION` for what cannot be planned
 */
export async function planIso(plan: BuildPlan, ids: Identifiers, reserve: (before: number) => number, warn?: Warn): Promise<PlannedIso> {
  const { tree, created, iso = {} } = plan;
  const { udf = false, hybrid, ...settings } = iso;
  if (udf && hybrid?.map === 'gpt') {
    throw new DisksealError('E_MANIFEST', 'UDF and a GUID partition table both need the last sector of the image', {
      hint: 'hybrid: mbr goes with udf: true',
    });
  }
  let reserved = { offset: 0, size: 0 };
  const keepFree = (before: number): number => {
    reserved = { offset: before, size: reserve(before) };
    return reserved.size;
  };
  if (udf === 'only') {
    const volume = await formatUdf(tree, { volumeId: ids.volumeId, created, warn });
    return { disk: volume, contents: () => volume.contents(), reserved };
  }
  const bridge = udf ? await planBridge(tree, { volumeId: ids.volumeId, created, ...(warn ? { warn } : {}) }) : undefined;
  const volume = await formatIso9660(tree, {
    ...settings,
    created,
    reserve: keepFree,
    firstSector: bridge?.firstSector,
    uefiAlignment: hybrid && UEFI_ALIGNMENT,
    warn,
  });
  const disk = bridge ? await bridge.over(volume, volume.contents()) : volume;
  return {
    disk: hybrid ? await hybridDisk(disk, volume.bootImages, hybrid, ids) : disk,
    contents: () => volume.contents(),
    reserved,
  };
}

/** Filled up with zeros to a multiple of `alignment`. */
export function padded(planned: PlannedDisk, alignment: number): PlannedDisk {
  const missing = Math.ceil(planned.disk.size / alignment) * alignment - planned.disk.size;
  return missing === 0 ? planned : { disk: joinDisks([planned.disk, zerosDisk(missing)]), contents: () => planned.contents() };
}

function* moved(contents: Iterable<PlannedContent>, by: number): Generator<PlannedContent> {
  for (const content of contents) yield { ...content, position: content.position + by };
}
