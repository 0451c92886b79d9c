/**
 * The tree that a manifest describes: items found, put in their places, given attributes, and checked for what no volume
 * could hold. Contents are not read (but for AppleDouble files); every fault of a run is reported together.
 */
import { lstatSync } from 'node:fs';
import type { Disk } from '../core/disk.ts';
import { bytesDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { Point } from '../formats/finder/window.ts';
import { appFaults, readAppInfo } from './app-info.ts';
import { type AttributeContext, applyItem, dropEmpty, mergeAppleDoubles, setAttribute } from './attributes.ts';
import { destinationFault, destinationOf, foldersOf } from './destinations.ts';
import { readHostAttributes } from './host-attributes.ts';
import type { ContentItem, Manifest } from './manifest.ts';
import { collisionKey, collisionReason } from './name-collisions.ts';
import {
  fixedTimes,
  impliedFolder,
  linkKey,
  type PlannedEntry,
  type Rendering,
  renderFolder,
  seconds,
  sourcePath,
} from './planned-entry.ts';
import { Faults } from './source-map.ts';
import { type Found, findSources, folderMode } from './sources.ts';

/** What the tree needs of the machine. */
export interface Host {
  /** A file that stays closed until it is read. Times in nanoseconds. */
  sourceFile(path: string, size: number, modifiedNs: bigint): Disk;
  /** Node's name of the system, as in `process.platform`. */
  readonly platform: string;
  /** Absolute paths that are about to be written, beside the manifest's own outputs: never taken as sources. */
  readonly outputs?: readonly string[];
}

/**
 * Looks at everything the manifest lists; the root is named as the volume.
 * Memory: some 300 bytes for each entry; contents are read when the tree's Disks are.
 * @throws DisksealError `E_MANIFEST` with line and column of the item to blame; further faults in `others`
 */
export async function treeOf(manifest: Manifest, host: Host): Promise<FileTree> {
  return (await installerOf(manifest, host)).tree;
}

/** The tree, and where its items lie in the window. */
export interface Installer {
  readonly tree: FileTree;
  /** By the names of entries of the root. */
  readonly places: ReadonlyMap<string, Point>;
}

/** As `treeOf`. */
export async function installerOf(manifest: Manifest, host: Host): Promise<Installer> {
  const planner = new Planner(manifest, host);
  for (const item of manifest.contents) await planner.place(item);
  planner.faults.check();
  await planner.finish();
  const places = planner.places();
  planner.faults.check();
  return { tree: { root: renderFolder(planner.root, planner.rendering()) }, places };
}

interface OwnEntry {
  readonly item: ContentItem;
  readonly entry: PlannedEntry;
  /** The folders that it lies in, the root first; it is the last one itself when the item's contents went into a folder. */
  readonly holders: readonly PlannedEntry[];
}

class Planner {
  readonly faults = new Faults();
  readonly root: PlannedEntry;
  readonly #manifest: Manifest;
  readonly #host: Host;
  readonly #outputs: ReadonlySet<string>;
  readonly #realPaths = new Map<string, string>();
  /** The entries that items themselves brought, for their attributes. */
  readonly #own: OwnEntry[] = [];

  readonly #signedApps: { readonly item: ContentItem; readonly entry: PlannedEntry }[] = [];

  constructor(manifest: Manifest, host: Host) {
    this.#manifest = manifest;
    this.#host = host;
    this.#outputs = new Set([...manifest.outputs.map(({ path }) => path), ...(host.outputs ?? [])]);
    this.root = impliedFolder(manifest.volume.name);
  }

  async place(item: ContentItem): Promise<void> {
    const fault = item.dst === undefined ? undefined : destinationFault(item.dst);
    if (fault !== undefined) return this.#refuse(item, fault, 'dst');
    if (item.src === undefined) return this.#placeMade(item);
    if (item.dst === undefined && /^(?:.*\/)?\.{0,2}\/*$/.test(item.src)) {
      return this.#refuse(item, `${item.src} has no name of its own`, 'src', 'say where it goes: dst: "." is the volume itself');
    }
    const { folder, allowOutside } = this.#manifest;
    const refuse = (message: string, key: string, hint?: string): void => this.#refuse(item, message, key, hint);
    const context = { folder, allowOutside, refuse, platform: this.#host.platform, outputs: this.#outputs, realPaths: this.#realPaths };
    const { found, glob } = await findSources(item, context);
    for (const one of found) {
      if (item.type === 'app' && one.entry.kind === 'folder') await this.#checkApp(item, one.entry);
      this.#placeFound(item, one, glob);
    }
  }

  async #checkApp(item: ContentItem, entry: PlannedEntry): Promise<void> {
    const path = sourcePath(entry.source!);
    try {
      const info = await readAppInfo(path);
      const content = async (file: string): Promise<Disk> => {
        const { size, mtimeNs } = lstatSync(file, { bigint: true });
        return this.#host.sourceFile(file, Number(size), mtimeNs);
      };
      for (const { message, hint } of await appFaults(info, this.#manifest.arch, content))
        this.#refuse(item, `${item.src!}: ${message}`, 'src', hint);
      if (info.signed) this.#signedApps.push({ item, entry });
    } catch (error) {
      if (!(error instanceof DisksealError)) throw error;
      this.#refuse(item, `${item.src!}: ${error.message}`, 'src', error.hint);
    }
  }

  /** What is signed stays as it is: nothing left out, nothing added, no attribute set. */
  #refuseTouched(): void {
    for (const { item, entry } of this.#signedApps) {
      const key = (['exclude', 'xattrs', 'finder', 'mode'] as const).find((one) =>
        one === 'exclude' ? item.exclude.length > 0 : item[one] !== undefined,
      );
      if (key !== undefined)
        this.#refuse(item, `${item.src!} is signed, and "${key}" would change it`, key, 'change it before it is signed');
      const placed = this.#own.find((own) => own.item === item)?.entry ?? entry;
      for (const inside of entriesIn(placed)) {
        if (inside.item && inside.item !== item)
          this.#refuse(inside.item, `${inside.name} would go into ${entry.name}, which is signed`, 'dst');
      }
    }
  }

  /** Attributes, AppleDouble files and collisions, once everything is in its place. */
  async finish(): Promise<void> {
    const { hostAttributes, appleDouble, volume } = this.#manifest;
    this.#refuseTouched();
    if (hostAttributes) await this.#addHostAttributes();
    for (const folder of foldersIn(this.root)) {
      if (appleDouble) await mergeAppleDoubles(folder, this.#attributeContext(folder.item));
      this.#checkCollisions(folder, volume.filesystem === 'HFSX');
    }
    for (const { item, entry, holders } of this.#own) {
      if (!this.#breaksSignature(item, [...holders, entry])) await applyItem(entry, item, this.#attributeContext(item));
    }
    for (const entry of entriesIn(this.root)) dropEmpty(entry);
  }

  rendering(): Rendering {
    const { mtime } = this.#manifest;
    let newest = 0n;
    const names = new Map<string, number>();
    for (const entry of entriesIn(this.root)) {
      if (entry.source && entry.source.modifiedNs > newest) newest = entry.source.modifiedNs;
      const key = linkKey(entry);
      if (key !== undefined) names.set(key, (names.get(key) ?? 0) + 1);
    }
    const several = [...names].filter(([, count]) => count > 1);
    return {
      sourceFile: (path, size, modifiedNs) => this.#host.sourceFile(path, size, modifiedNs),
      mtime,
      // What no source stands behind is as old as the newest thing in the image.
      fallback: { ...fixedTimes(seconds(newest)) },
      linkGroups: new Map(several.map(([key], index) => [key, `link-${index + 1}`])),
    };
  }

  /** Places in the window of what lies in the root. */
  places(): Map<string, Point> {
    const places = new Map<string, Point>();
    const placed = new Set<ContentItem>();
    for (const { item, entry, holders } of this.#own) {
      const { x, y } = item;
      if (x === undefined || y === undefined) continue;
      const hint = 'give x and y to an item of its own';
      if (placed.has(item)) this.#refuse(item, 'one place is given for several things', 'x', hint);
      else if (entry === this.root) this.#refuse(item, 'the volume itself has no place in its window', 'x', hint);
      else if (holders.length !== 1) this.#refuse(item, 'a place is one in the volume’s window, and this lies in a folder', 'x');
      else places.set(entry.name, { x, y });
      placed.add(item);
    }
    return places;
  }

  /** Finder info in or on a signed bundle is what strict checks of its signature refuse. */
  #breaksSignature(item: ContentItem, way: readonly PlannedEntry[]): boolean {
    const key = item.hideExtension ? 'hideExtension' : item.hidden ? 'hidden' : undefined;
    const bundle = key === undefined ? undefined : way.find(isSignedBundle);
    if (key === undefined || !bundle) return false;
    const hint = 'the Finder hides the ending .app by itself; sign the bundle after it was given Finder info, or leave this out';
    this.#refuse(item, `${bundle.name} is signed, and with Finder info its signature would be refused (codesign --strict)`, key, hint);
    return true;
  }

  #refuse(item: ContentItem | undefined, message: string, key?: string, hint?: string): void {
    const path = item ? ['contents', item.index, ...(key === undefined ? [] : [key])] : ['contents'];
    this.faults.add(this.#manifest.source.fault(message, this.#manifest.source.place(path), hint));
  }

  #attributeContext(item: ContentItem | undefined): AttributeContext {
    const { folder, allowOutside } = this.#manifest;
    const refuse = (message: string, key: string, hint?: string): void => this.#refuse(item, message, key, hint);
    return { folder, allowOutside, refuse, sourceFile: (path, size, modifiedNs) => this.#host.sourceFile(path, size, modifiedNs) };
  }

  /** A link or an empty folder: made by the manifest, without a source. */
  #placeMade(item: ContentItem): void {
    const { folders, name } = destinationOf(item.dst!.replace(/\/$/, ''), '');
    const entry: PlannedEntry =
      item.type === 'link'
        ? { name: name ?? '', kind: 'symlink', mode: item.mode ?? 0o755, item, source: undefined, target: item.target! }
        : { ...impliedFolder(name ?? ''), mode: folderMode(item.mode), item };
    if (entry.kind === 'symlink' && item.target!.includes('\0')) return this.#refuse(item, 'a link’s target cannot hold NUL', 'target');
    this.#put(item, folders, name, entry);
  }

  #placeFound(item: ContentItem, { below, entry }: Found, glob: boolean): void {
    const wanted = item.type === undefined || glob ? undefined : { file: 'file', dir: 'folder', link: 'symlink', app: 'folder' }[item.type];
    if (wanted !== undefined && wanted !== entry.kind) return this.#refuse(item, `"src" is a ${entry.kind}, not a ${wanted}`, 'type');
    if (glob) return this.#put(item, [...foldersOf(item.dst), ...below.slice(0, -1)], below.at(-1), entry);
    const { folders, name } = destinationOf(item.dst, entry.name);
    this.#put(item, folders, name, entry);
  }

  /** Puts an entry at folders/name; without a name the entry is a folder whose contents go into the last of `folders`. */
  #put(item: ContentItem, folders: readonly string[], name: string | undefined, entry: PlannedEntry): void {
    let holder = this.root;
    const holders = [holder];
    for (const part of folders) {
      const next = holder.children!.get(part) ?? impliedFolder(part);
      if (next.kind !== 'folder') return this.#refuse(item, `${folders.join('/')}: "${part}" is no folder but a ${next.kind}`, 'dst');
      holder.children!.set(part, next);
      holder = next;
      holders.push(holder);
    }
    if (name === undefined) {
      if (entry.kind !== 'folder')
        return this.#refuse(item, 'only a folder can be the volume itself', 'dst', 'put it into the volume with dst: "./"');
      this.#adopt(holder, entry);
      this.#own.push({ item, entry: holder, holders });
      return;
    }
    const placed = entry.name === name ? entry : { ...entry, name };
    const merged = this.#merge(holder, placed, [...folders, name].join('/'));
    this.#own.push({ item, entry: merged, holders });
  }

  /** Adds an entry to a folder; folders of one name become one, and anything else of one name is a fault. */
  #merge(holder: PlannedEntry, entry: PlannedEntry, path: string): PlannedEntry {
    const present = holder.children!.get(entry.name);
    if (!present) {
      holder.children!.set(entry.name, entry);
      return entry;
    }
    if (present.kind === 'folder' && entry.kind === 'folder') {
      this.#adopt(present, entry, path);
      return present;
    }
    const other = present.item && this.#lineOf(present.item);
    const hint = other === undefined ? undefined : `the other is in line ${other}; leave one out with "exclude", or give it another "dst"`;
    this.#refuse(entry.item, `${path} is given twice`, entry.item?.dst === undefined ? 'src' : 'dst', hint);
    return present;
  }

  #adopt(into: PlannedEntry, folder: PlannedEntry, path = ''): void {
    if (!into.item) {
      into.item = folder.item;
      into.source = folder.source;
      into.mode = folder.mode;
    }
    for (const child of folder.children!.values()) this.#merge(into, child, path === '' ? child.name : `${path}/${child.name}`);
  }

  #lineOf(item: ContentItem): number | undefined {
    return this.#manifest.source.fault('', this.#manifest.source.place(['contents', item.index])).line;
  }

  #checkCollisions(folder: PlannedEntry, caseSensitive: boolean): void {
    if (folder.children!.size < 2) return;
    const seen = new Map<string, string>();
    for (const { name, item } of folder.children!.values()) {
      const key = collisionKey(name, caseSensitive);
      const other = seen.get(key);
      seen.set(key, name);
      if (other === undefined) continue;
      const where = folder === this.root ? 'the volume' : folder.name;
      const hint = `a Mac would see one file; rename one of them${caseSensitive ? '' : ', or use volume.filesystem: HFSX if it is only the case'}`;
      this.#refuse(item, `${JSON.stringify(other)} and ${JSON.stringify(name)} in ${where} ${collisionReason(other, name)}`, 'src', hint);
    }
  }

  async #addHostAttributes(): Promise<void> {
    const byPath = new Map<string, PlannedEntry[]>();
    for (const entry of entriesIn(this.root)) {
      // Links of one file have the same attributes; the tools read them through any of its names.
      if (entry.source) byPath.set(sourcePath(entry.source), [...(byPath.get(sourcePath(entry.source)) ?? []), entry]);
    }
    const found = await readHostAttributes([...byPath.keys()], this.#host.platform).catch((error: unknown) => {
      const { source } = this.#manifest;
      const { message, hint } = error as Error & { hint?: string };
      this.faults.add(source.fault(message, source.place(['hostAttributes']), hint));
      return new Map<string, Map<string, Uint8Array>>();
    });
    for (const [path, attributes] of found) {
      for (const entry of byPath.get(path) ?? []) {
        for (const [name, value] of attributes) {
          await setAttribute(entry, name, bytesDisk(value)).catch((error: Error) =>
            this.#refuse(entry.item, `${path}: ${error.message}`, 'src'),
          );
        }
      }
    }
  }
}

/** Whether a folder has what `codesign` puts into a bundle: an app's lies in Contents, a framework's in the version. */
function isSignedBundle({ children }: PlannedEntry): boolean {
  return children !== undefined && (children.has('_CodeSignature') || children.get('Contents')?.children?.has('_CodeSignature') === true);
}

/** Every entry below a folder, and the folder itself. */
function* entriesIn(folder: PlannedEntry): Generator<PlannedEntry> {
  const open = [folder];
  for (let entry = open.pop(); entry; entry = open.pop()) {
    yield entry;
    if (entry.children) for (const child of entry.children.values()) open.push(child);
  }
}

function* foldersIn(folder: PlannedEntry): Generator<PlannedEntry> {
  for (const entry of entriesIn(folder)) if (entry.children) yield entry;
}
