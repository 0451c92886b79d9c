/**
 * Plans an ISO 9660 volume from a FileTree. Sources: ECMA-119 (2nd edition), the Joliet specification, SUSP and RRIP 1.12, El Torito 1.0;
 * where they leave a choice, what xorriso chooses, as seen on images that it made: directories of any depth lie in place, files of more
 * than 4 GiB have several sections, and 150 sectors of zeros stand behind the last file for drives that read ahead.
 * Left out: relocated directories, ISO 9660:1999, zisofs, sparse files, extended attributes, several sessions.
 */
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../../core/disk.ts';
import { assert, DisksealError } from '../../../core/errors.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import type { PlannedContent, PlannedVolume } from '../../../core/planned-volume.ts';
import { type ChosenViews, chosenViews, type ViewsOptions } from './chosen-views.ts';
import { type BootImage, bootCatalog, type FoundImage, findImages, withInfoTable } from './planned/boot.ts';
import { sectorsOf } from './planned/contents.ts';
import { Continuations } from './planned/continuations.ts';
import { bootRecord, type DescribedTree, terminator, treeDescriptor, type VolumeFields } from './planned/descriptors.ts';
import { DirectoryTree, sectionsOf } from './planned/directory-tree.ts';
import { Column, indexTree, Kind, type TreeIndex } from './planned/tree-index.ts';
import { type Naming, planNames, type TreeNames } from './planned/tree-names.ts';
import type { Warn } from './stored-metadata.ts';
import { FIRST_DESCRIPTOR, SECTOR } from './structs.ts';

export type { BootImage } from './planned/boot.ts';

export interface PlannedIso9660 extends PlannedVolume {
  /** What computers start from, in the order given, with its place. */
  readonly bootImages: readonly (BootImage & PlannedContent)[];
}
export type { VolumeFields } from './planned/descriptors.ts';

export interface FormatOptions extends ViewsOptions {
  /** Unix seconds, the volume's creation date. */
  readonly created: number;
  readonly fields?: VolumeFields | undefined;
  /** What computers start from, the first one before the others. Default: nothing. */
  readonly boot?: readonly BootImage[] | undefined;
  /** Sectors: images for UEFI lie behind all other contents, each at a multiple of this, so that each can be a partition. Default: anywhere. */
  readonly uefiAlignment?: number | undefined;
  /** Sectors of zeros behind the last file. Default: 150. */
  readonly padding?: number | undefined;
  /** The first sector after the descriptors that the volume may use; those before it are zero, for another filesystem's. */
  readonly firstSector?: number | undefined;
  /** Bytes to keep free as the volume's last, a multiple of 2048: the place of a seal. @param before - bytes of the volume before them */
  readonly reserve?: ((before: number) => number) | undefined;
  /** Told of names that were changed, links that a view leaves out, and metadata that has no place. */
  readonly warn?: Warn | undefined;
}

const PADDING = 150;
const MOST_SECTORS = 0xffff_ffff;

/**
 * Plans a volume that holds the tree; nothing is written, and of contents only boot files that get a table are read. The volume's
 * name is the root's. The size is a multiple of 2048. The same tree gives the same bytes, in whatever order its folders list their children.
 * In memory afterwards: the names and a row of numbers for each entry, and each content's Disk; records are made when read.
 * @throws DisksealError `E_ISO9660` with the path of what the format cannot hold, `E_UNSUPPORTED` for folders over 512 deep
 */
export async function format(tree: FileTree, options: FormatOptions): Promise<PlannedIso9660> {
  const views = chosenViews(options);
  const index = await indexTree(tree, { isRockRidge: views.isRockRidge, warn: options.warn });
  checkSizes(index, views.level);
  const plan = layOut(index, views, options);
  if (options.warn) sayWhatChanged(plan, views, options.warn);
  await addInfoTables(plan);
  const disk = volumeDisk(plan, options);
  return { ...disk, contents: () => contentsOf(plan), bootImages: plan.images.map((image) => ({ ...image, ...placeOf(plan, image) })) };
}

interface PlannedTree extends DescribedTree {
  readonly names: TreeNames;
}

interface VolumePlan {
  readonly index: TreeIndex;
  readonly continuations: Continuations;
  readonly trees: readonly PlannedTree[];
  readonly images: readonly FoundImage[];
  /** Where path tables begin, where the boot catalog is, and where contents begin. */
  readonly firstTable: number;
  readonly catalogSector: number;
  readonly firstContent: number;
  readonly paddingSectors: number;
  readonly reservedBytes: number;
  readonly totalSectors: number;
}

/** 6.5.1, 10.1: only level 3 has files of several sections. */
function checkSizes(index: TreeIndex, level: number): void {
  if (level === 3) return;
  for (let entry = 0; entry < index.count; entry++) {
    if (sectionsOf(index.size(entry)) === 1) continue;
    const hint = 'choose level 3';
    throw new DisksealError('E_ISO9660', `files of more than 4 GiB are not in level ${level}`, { path: index.path(entry), hint });
  }
}

/** Descriptors, path tables, directories, what goes on elsewhere, Joliet's directories, boot catalog, contents, padding, seal. */
function layOut(index: TreeIndex, views: ChosenViews, options: FormatOptions): VolumePlan {
  const images = findImages(index, options.boot ?? []);
  const continuations = new Continuations();
  const plain = [planTree(index, views.primary, views.isRockRidge ? continuations : undefined)];
  if (views.joliet) plain.push(planTree(index, views.joliet, undefined));
  const descriptors = plain.length + (images.length > 0 ? 1 : 0) + 1;
  const firstTable = Math.max(FIRST_DESCRIPTOR + descriptors, options.firstSector ?? 0);
  let sector = firstTable;
  const take = (count: number): number => {
    sector += count;
    return sector - count;
  };
  const tabled = plain.map((planned) => {
    const pathTableSize = planned.tree.pathTable(false).length;
    const tableSectors = sectorsOf(pathTableSize);
    return { ...planned, pathTableSize, littleTable: take(tableSectors), bigTable: take(tableSectors) };
  });
  for (const [at, { tree }] of tabled.entries()) {
    tree.firstSector = take(tree.sectors);
    if (at === 0) continuations.firstSector = take(continuations.sectors);
  }
  const catalogSector = images.length > 0 ? take(1) : 0;
  alignLoaders(index, images, sector, options.uefiAlignment);
  const firstContent = take(index.contents.sectors);
  for (const { tree } of tabled) tree.firstContentSector = firstContent;
  const paddingSectors = options.padding ?? PADDING;
  take(paddingSectors);
  const reservedBytes = options.reserve?.(sector * SECTOR) ?? 0;
  assert(reservedBytes % SECTOR === 0, 'a seal fills whole sectors');
  take(reservedBytes / SECTOR);
  if (sector > MOST_SECTORS) throw new DisksealError('E_ISO9660', 'the volume would be larger than the 8 TiB of ISO 9660');
  const trees = tabled.map((planned, at) => ({ ...planned, isJoliet: at === 1 }));
  return {
    index,
    continuations,
    trees,
    images,
    firstTable,
    catalogSector,
    firstContent,
    paddingSectors,
    reservedBytes,
    totalSectors: sector,
  };
}

function alignLoaders(index: TreeIndex, images: readonly FoundImage[], firstContent: number, alignment: number | undefined): void {
  if (alignment === undefined) return;
  const loaders = images.filter(({ platform }) => platform === 'uefi').map(({ content }) => content);
  index.contents.moveLast(loaders, (sector) => Math.ceil((firstContent + sector) / alignment) * alignment - firstContent);
}

function placeOf({ index, firstContent }: VolumePlan, { content, size }: FoundImage): Pick<PlannedContent, 'position' | 'length'> {
  return { position: (firstContent + index.contents.firstSector(content)) * SECTOR, length: size };
}

function planTree(index: TreeIndex, naming: Naming, continuations: Continuations | undefined) {
  const names = planNames(index, naming);
  return { names, tree: new DirectoryTree({ index, names, continuations }) };
}

async function addInfoTables({ index, images, firstContent }: VolumePlan): Promise<void> {
  for (const { path, content, infoTable } of images) {
    if (!infoTable) continue;
    const sector = firstContent + index.contents.firstSector(content);
    index.contents.replace(content, await withInfoTable(index.contents.get(content), { path, sector, isGrub: infoTable === 'grub' }));
  }
}

function volumeDisk(plan: VolumePlan, options: FormatOptions): Disk {
  const { index, continuations, trees, firstTable } = plan;
  const [primary, joliet] = trees as [PlannedTree, PlannedTree?];
  const descriptors = descriptorSet(plan, options);
  return joinDisks([
    zerosDisk(FIRST_DESCRIPTOR * SECTOR),
    ...descriptors.map(bytesDisk),
    zerosDisk((firstTable - FIRST_DESCRIPTOR - descriptors.length) * SECTOR),
    ...trees.flatMap(({ tree }) => [pathTableDisk(tree, false), pathTableDisk(tree, true)]),
    primary.tree.disk(),
    continuations.disk((owner) => primary.tree.dividedFor(owner)),
    ...(joliet ? [joliet.tree.disk()] : []),
    ...catalogDisks(plan),
    index.contents.disk(),
    zerosDisk(plan.paddingSectors * SECTOR + plan.reservedBytes),
  ]);
}

/** The boot record is the second (El Torito 2.0). */
function descriptorSet(plan: VolumePlan, { created, fields = {}, warn }: FormatOptions): Uint8Array[] {
  const volume = { index: plan.index, created, fields, spaceSectors: plan.totalSectors, warn };
  const [primary, ...others] = plan.trees.map((tree) => treeDescriptor(volume, tree));
  const boot = plan.images.length > 0 ? [bootRecord(plan.catalogSector)] : [];
  return [primary!, ...boot, ...others, terminator()];
}

function pathTableDisk(tree: DirectoryTree, isBigEndian: boolean): Disk {
  const bytes = tree.pathTable(isBigEndian);
  return joinDisks([bytesDisk(bytes), zerosDisk(sectorsOf(bytes.length) * SECTOR - bytes.length)]);
}

function catalogDisks({ index, images, firstContent }: VolumePlan): Disk[] {
  if (images.length === 0) return [];
  return [bytesDisk(bootCatalog(images, (content) => firstContent + index.contents.firstSector(content)))];
}

function* contentsOf({ index, firstContent }: VolumePlan): Generator<PlannedContent> {
  const last: PlannedContent[] = [];
  let before = 0;
  for (let entry = 0; entry < index.count; entry++) {
    const content = index.get(entry, Column.content);
    // Numbers ascend from entry to entry, but for further names of a file.
    if (content <= before) continue;
    before = content;
    const position = (firstContent + index.contents.firstSector(content)) * SECTOR;
    const planned = { path: index.path(entry), position, length: index.size(entry) };
    if (index.contents.isLast(content)) last.push(planned);
    else yield planned;
  }
  yield* last;
}

/** The view that says most keeps names; what the one for Windows changes and leaves out is said, and of the plain one what is all there is. */
function sayWhatChanged({ index, trees }: VolumePlan, { isRockRidge, joliet }: ChosenViews, warn: Warn): void {
  if (isRockRidge) sayWhatLinuxCuts(index, warn);
  const { names } = trees.at(-1)!;
  const view = joliet ? 'Joliet' : 'ISO 9660';
  if (isRockRidge && !joliet) return;
  for (let entry = 1; entry < index.count; entry++) {
    const given = index.names[entry]!;
    if (index.get(entry, Column.kind) === Kind.symlink) {
      warn(`${view} has no symbolic links: it is left out${isRockRidge ? ' there' : ''}`, index.path(entry));
    } else if (names.shown(entry) !== (joliet ? given : given.toUpperCase())) {
      warn(`${view} shows it as "${names.shown(entry)}"`, index.path(entry));
    }
  }
}

/** Linux reads a second part of a name only while both have less than 254 bytes (get_rock_ridge_filename). */
function sayWhatLinuxCuts(index: TreeIndex, warn: Warn): void {
  const encoder = new TextEncoder();
  for (let entry = 1; entry < index.count; entry++) {
    const name = index.names[entry]!;
    if (name.length * 3 < 254 || encoder.encode(name).length < 254) continue;
    warn('Linux shows the first 250 bytes of this name alone', index.path(entry));
  }
}
