/**
 * The dressing of an HFS Plus volume: `.DS_Store`, background picture and volume icon, put beside the contents in the tree that is
 * formatted. The alias in the .DS_Store names ids and dates that are known when the volume is planned, and its length does not depend
 * on them: so the file's size is fixed before, and its bytes are made after.
 */
import { bytesDisk, type Disk, generatedDisk } from '../core/disk.ts';
import { assert } from '../core/errors.ts';
import { type Entry, type File, type FileTree, type Folder, find, type Metadata } from '../core/file-tree.ts';
import type { HfsPlusVolume } from '../formats/filesystems/hfsplus/format.ts';
import { compareFolded, toStored } from '../formats/filesystems/hfsplus/names.ts';
import { writeAlias } from '../formats/finder/alias.ts';
import { BACKGROUND_FOLDER, type DressedWindow, type Dressing, STORE_NAME, VOLUME_ICON_NAME } from '../formats/finder/dressing.ts';
import type { StoreRecord } from '../formats/finder/ds-store/record.ts';
import { writeStore } from '../formats/finder/ds-store/write.ts';
import { applyFinderSettings, describeFinderInfo } from '../formats/finder/finder-info.ts';
import { placeRecord, windowRecords } from '../formats/finder/window.ts';

export interface DressedTree {
  /** Contents and dressing. */
  readonly tree: FileTree;
  /** The dressing alone. */
  readonly added: FileTree;
  /** Makes what depends on the volume; before, nothing of it can be read. */
  finish(volume: HfsPlusVolume): void;
}

/** @param created - Unix seconds, the date of all that is added */
export async function dressTree(tree: FileTree, { window, volumeIcon }: Dressing, created: number): Promise<DressedTree> {
  const background = window?.background;
  const added: Entry[] = [];
  if (background) {
    const picture = file(`background.${background.extension}`, bytesDisk(background.bytes), created);
    added.push(folder(metadata(BACKGROUND_FOLDER, 0o755, created), [picture]));
  }
  if (volumeIcon) added.push(file(VOLUME_ICON_NAME, bytesDisk(volumeIcon), created));
  const store = window && (await plannedStore(tree, window, [...added.map(({ name }) => name), STORE_NAME]));
  if (store) added.push(file(STORE_NAME, store.content, created));
  return {
    tree: { root: dressedRoot(tree.root, added, volumeIcon !== undefined) },
    added: { root: folder(metadata(tree.root.name, 0o755, created), added) },
    finish: (volume) => store?.finish(volume),
  };
}

function metadata(name: string, mode: number, created: number): Metadata {
  return { name, mode, uid: 0, gid: 0, times: { created, modified: created, changed: created, accessed: created } };
}

function file(name: string, content: Disk, created: number): File {
  return { ...metadata(name, 0o644, created), type: 'file', content };
}

function folder(about: Metadata, entries: readonly Entry[]): Folder {
  return {
    ...about,
    type: 'folder',
    async *children() {
      yield* entries;
    },
  };
}

function dressedRoot(root: Folder, added: readonly Entry[], hasIcon: boolean): Folder {
  const { finderInfo } = root;
  const flags = finderInfo ? describeFinderInfo(finderInfo).flags : [];
  return {
    ...root,
    ...(hasIcon ? { finderInfo: applyFinderSettings({ flags: [...flags, 'customIcon'] }, finderInfo) } : {}),
    async *children() {
      yield* added;
      yield* root.children();
    },
    child: async (name) => added.find((entry) => entry.name === name) ?? find({ root }, name),
  };
}

interface PlannedStore {
  readonly content: Disk;
  finish(volume: HfsPlusVolume): void;
}

/** @param names - of what is added */
async function plannedStore(tree: FileTree, window: DressedWindow, names: readonly string[]): Promise<PlannedStore> {
  const volumeName = tree.root.name;
  const places = [...window.places].map(([name, place]) => placeRecord(toStored(name), place));
  const away = await hiddenRecords(tree, window, names);
  const storeFor = (volume: Pick<HfsPlusVolume, 'createDate' | 'locate'>): Uint8Array => {
    const records: StoreRecord[] = [...windowRecords(window, aliasIn(volume, volumeName, window)), ...places, ...away];
    return writeStore(records, compareFolded);
  };
  const { length } = storeFor({ createDate: 1, locate: () => ({ cnid: 1, created: 1, folders: [1, 1] }) });
  let bytes: Uint8Array | undefined;
  return {
    content: generatedDisk(length, async (position, into) => {
      assert(bytes, 'the .DS_Store was read before the volume was planned');
      into.set(bytes.subarray(position, position + into.length));
    }),
    finish(volume) {
      bytes = storeFor(volume);
      assert(bytes.length === length, 'the .DS_Store has another size than was planned');
    },
  };
}

function aliasIn(
  volume: Pick<HfsPlusVolume, 'createDate' | 'locate'>,
  volumeName: string,
  { background }: DressedWindow,
): Uint8Array | undefined {
  if (!background) return undefined;
  const path = [BACKGROUND_FOLDER, `background.${background.extension}`];
  const place = volume.locate(path.join('/'));
  assert(place, 'the background picture is not in the volume');
  return writeAlias({
    volumeName: toStored(volumeName),
    volumeCreated: volume.createDate,
    path,
    fileId: place.cnid,
    fileCreated: place.created,
    folderIds: place.folders,
  });
}

/** Beyond any screen, so that those who have hidden files shown do not see them in the picture. Points. */
const AWAY = { x: 4000, y: 200, step: 200 };

/** Places of what has a dot in front, unless it was given one. */
async function hiddenRecords({ root }: FileTree, { places }: DressedWindow, added: readonly string[]): Promise<StoreRecord[]> {
  const names = [...added];
  for await (const { name } of root.children()) if (name.startsWith('.')) names.push(name);
  const hidden = names.map(toStored).filter((name) => ![...places.keys()].some((placed) => toStored(placed) === name));
  return hidden.toSorted(compareFolded).map((name, index) => placeRecord(name, { x: AWAY.x + index * AWAY.step, y: AWAY.y }));
}
