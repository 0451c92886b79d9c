/**
 * An ISO 9660 image shows one tree to one system and another to the next: Rock Ridge, Joliet, the plain names, and UDF beside them. They
 * must show the same contents. Names differ by what each can hold, so what is compared is where the bytes lie: each view must consist of
 * the same stretches of the image, and what has one path in two views must be one stretch (seal-rules: inventory and volume).
 */
import { type Disk, locatedDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import { open as openIso9660, views } from '../formats/filesystems/iso9660/open.ts';
import { pathTableDifference } from '../formats/filesystems/iso9660/path-tables.ts';
import { readDescriptors } from '../formats/filesystems/iso9660/volume-descriptors.ts';
import { open as openUdf } from '../formats/filesystems/udf/open.ts';
import { isOneVolume } from '../formats/filesystems/udf/volume.ts';
import { readIsoVolume, SECTOR } from './iso-volume.ts';

/** Place → one of its paths, and path → place. */
interface Shown {
  readonly places: ReadonlyMap<string, string>;
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * @throws DisksealError `E_TAMPERED` for the first difference; `E_UNSUPPORTED` and what malformed volumes are when a view cannot be read
 */
export async function compareHybridViews(disk: Disk): Promise<void> {
  const located = locatedDisk(disk);
  // A second way to every directory, and for some systems the only one.
  const difference = await pathTableDifference(disk);
  if (difference !== undefined) throw differs(difference);
  const { bootRecord } = await readDescriptors(disk);
  const catalog = bootRecord && bootRecord.descriptor.bootCatalog * SECTOR;
  const [first, ...others] = await views(located);
  const trees: [string, FileTree][] = [];
  for (const view of others) trees.push([view, await openIso9660(located, { view })]);
  if ((await readIsoVolume(disk)).udf) {
    await compareUdfAnchors(disk);
    trees.push(['UDF', await openUdf(located)]);
  }
  const expected = await shownBy(await openIso9660(located, { view: first }), catalog);
  for (const [name, tree] of trees) compare(expected, await shownBy(tree, catalog), name);
}

/** @throws DisksealError `E_TAMPERED` when readers of UDF would find one volume or another, by which of its anchors they begin from */
export async function compareUdfAnchors(disk: Disk): Promise<void> {
  if (!(await isOneVolume(disk))) throw differs('the anchors of its UDF volume lead to different ones');
}

function compare(expected: Shown, shown: Shown, view: string): void {
  for (const [place, path] of shown.places) {
    if (!expected.places.has(place)) throw differs(`the ${view} view shows "${path}", which the first view does not`);
  }
  for (const [place, path] of expected.places) {
    if (!shown.places.has(place)) throw differs(`the ${view} view does not show "${path}"`);
  }
  for (const [path, place] of shown.paths) {
    if ((expected.paths.get(path) ?? place) !== place) throw differs(`the ${view} view shows another content for "${path}"`);
  }
}

/** @param catalog - where El Torito's boot catalog stands, which makers show in some views only */
async function shownBy(tree: FileTree, catalog: number | undefined): Promise<Shown> {
  const places = new Map<string, string>();
  const paths = new Map<string, string>();
  for await (const { path, entry } of walk(tree.root)) {
    if (entry.type !== 'file' || entry.content.size === 0) continue;
    const place = placeOf(entry.content, path);
    if (catalog !== undefined && place.startsWith(`${catalog}+`)) continue;
    if (!places.has(place)) places.set(place, path);
    paths.set(path, place);
  }
  return { places, paths };
}

function placeOf(content: Disk, path: string): string {
  const parts: { offset: number; length: number }[] = [];
  for (const extent of content.extents()) {
    if (extent.kind !== 'file') throw new DisksealError('E_UNSUPPORTED', 'a file is stored in a way that cannot be compared', { path });
    const last = parts.at(-1);
    if (last && last.offset + last.length === extent.file.offset) last.length += extent.length;
    else parts.push({ offset: extent.file.offset, length: extent.length });
  }
  return parts.map(({ offset, length }) => `${offset}+${length}`).join(' ');
}

function differs(message: string): DisksealError {
  return new DisksealError('E_TAMPERED', `the views of the volume differ: ${message}`, {
    hint: 'other systems would be shown other content',
  });
}
