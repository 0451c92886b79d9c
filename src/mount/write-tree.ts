/**
 * Writes a FileTree into an empty folder of this host.
 * Order: folders and files as they are listed, then symbolic links, then hard links, then attributes, at last the modes and
 * times of folders. While anything is written there is no link yet that a path could lead through.
 * Kept: modes, times of modification and access, symbolic and hard links, attributes where the host holds them. Not kept: owners, creation times.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, lutimes, mkdir, rmdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Entry, File, FileTree, Folder, Placed, SymbolicLink, Times } from '../core/file-tree.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { writeAppleDouble } from '../formats/finder/apple-double.ts';
import { type AttributeHost, attributeHost } from './host-attributes.ts';
import { foldedName, type HostSystem, nameProblem } from './host-names.ts';
import { selected } from './selection.ts';
import { writeFile } from './write-file.ts';

export interface WriteOptions {
  /** Keep setuid, setgid and sticky bits. */
  readonly specialModes?: boolean;
  /** Write Finder info, resource fork and attributes of an entry as a `._` file beside it, and not with the host's own means. */
  readonly appleDouble?: boolean;
  readonly progress?: (report: WriteReport) => void;
  /** For tests: rules of another system. */
  readonly system?: HostSystem;
  /** For tests: whether the folder's filesystem tells cases apart; found out when absent. */
  readonly folding?: boolean;
}

/** What the host could not hold, counted. */
export interface Dropped {
  attributes: number;
  finderInfo: number;
  resourceForks: number;
  /** BSD file flags of an entry. */
  flags: number;
  /** setuid, setgid and sticky bits of an entry. */
  specialModes: number;
  /** Hard links that became files of their own. */
  hardLinks: number;
}

export interface WriteReport {
  folders: number;
  files: number;
  symlinks: number;
  hardLinks: number;
  appleDoubles: number;
  bytes: number;
  readonly dropped: Dropped;
}

/** Files that are written at once; each holds two pieces of 1 MiB at most. */
const WIDTH = 8;

interface Late {
  readonly path: string;
  readonly mode: number;
  readonly times: Times;
}

/**
 * @param folder - empty, real, and writable by nobody else
 * @param paths - in the tree; none means all
 * @throws DisksealError `E_WRITE`, `E_EXISTS` for names that the host does not tell apart, `E_NOT_FOUND`, `E_UNSUPPORTED`
 *   for a name that the host cannot have; and what reading the tree throws. The folder is then half full.
 */
export async function writeTree(
  tree: FileTree,
  paths: readonly string[],
  folder: string,
  options: WriteOptions = {},
): Promise<WriteReport> {
  const folding = options.folding ?? (await foldsNames(folder));
  const writer = new TreeWriter(folder, folding, options);
  try {
    for await (const placed of selected(tree, paths)) await writer.add(placed);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

class TreeWriter {
  readonly report: WriteReport = {
    folders: 0,
    files: 0,
    symlinks: 0,
    hardLinks: 0,
    appleDoubles: 0,
    bytes: 0,
    dropped: { attributes: 0, finderInfo: 0, resourceForks: 0, flags: 0, specialModes: 0, hardLinks: 0 },
  };
  readonly #folder: string;
  readonly #options: WriteOptions;
  readonly #system: HostSystem;
  readonly #attributes: AttributeHost;
  /** Folded path → path, only where the host folds names. */
  readonly #names: Map<string, string> | undefined;
  readonly #running = new Set<Promise<void>>();
  readonly #folders: Late[] = [];
  readonly #lateFiles: Late[] = [];
  readonly #symlinks: { path: string; entry: SymbolicLink }[] = [];
  readonly #hardLinks: { path: string; first: string; entry: File }[] = [];
  readonly #linkGroups = new Map<string, string>();
  #realParents: readonly string[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(folder: string, folding: boolean, options: WriteOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#system = options.system ?? process.platform;
    this.#attributes = attributeHost(folder);
    this.#names = folding ? new Map() : undefined;
  }

  /** Writes an entry, or begins to, or puts it down for later. */
  async add({ path, entry }: Placed): Promise<void> {
    this.#checkName(path, entry.name);
    this.#countUnheld(entry);
    if (entry.type === 'folder') return this.#addFolder(path, entry);
    if (entry.type === 'symlink') return void this.#symlinks.push({ path, entry });
    const first = entry.linkGroup === undefined ? undefined : this.#linkGroups.get(entry.linkGroup);
    if (first !== undefined) return void this.#hardLinks.push({ path, first, entry });
    if (entry.linkGroup !== undefined) this.#linkGroups.set(entry.linkGroup, path);
    await this.#checkParents(path);
    await this.#start(() => this.#writeFile(path, entry));
  }

  async finish(): Promise<WriteReport> {
    await this.#settled();
    for (const { path, entry } of this.#symlinks) await this.#writeSymlink(path, entry);
    for (const { path, first, entry } of this.#hardLinks) await this.#writeHardLink(path, first, entry);
    await this.#settled();
    this.report.dropped.attributes += await this.#attributes.finish();
    for (const late of this.#lateFiles) await this.#setModeAndTimes(late);
    // What is in a folder comes after it in the list, so from the end each folder is finished after its contents.
    for (const late of this.#folders.reverse()) await this.#setModeAndTimes(late);
    return this.report;
  }

  /** Waits for what is under way, so that nothing is written any more when the folder is removed. */
  async abort(): Promise<void> {
    this.#failure ??= { error: undefined };
    this.#attributes.abort();
    await Promise.allSettled(this.#running);
  }

  #checkName(path: string, name: string): void {
    const problem = nameProblem(name, this.#system);
    if (problem) {
      throw new DisksealError('E_UNSUPPORTED', `this system cannot have a file of the name ${JSON.stringify(name)}: ${problem}`, {
        field: path,
        hint: 'nothing was extracted; name the paths that you want without it',
      });
    }
    if (!this.#names) return;
    const folded = path.split('/').map(foldedName).join('/');
    const other = this.#names.get(folded);
    if (other !== undefined) throw collision(path, other);
    this.#names.set(folded, path);
  }

  /** Every folder on the way must be one that stands there for real: no link, no file. What was found so is not asked again at once. */
  async #checkParents(path: string): Promise<void> {
    const parents = path.split('/').slice(0, -1);
    let at = this.#folder;
    let known = true;
    for (const [depth, name] of parents.entries()) {
      at = join(at, name);
      known &&= this.#realParents[depth] === name;
      if (known) continue;
      const stat = await lstat(at).catch((error: unknown) => {
        throw writeError(at, error);
      });
      if (stat.isDirectory()) continue;
      throw new DisksealError('E_UNSUPPORTED', 'the image puts a file below something that is no folder', { field: path });
    }
    this.#realParents = parents;
  }

  async #addFolder(path: string, entry: Folder): Promise<void> {
    await this.#checkParents(path);
    // 0700 until its contents are there, whatever it will be.
    await this.#create(path, (target) => mkdir(target, 0o700));
    this.#folders.push({ path, mode: this.#modeOf(entry), times: entry.times });
    this.report.folders++;
    await this.#addAttributes(path, entry);
    this.#options.progress?.(this.report);
  }

  async #writeFile(path: string, entry: File): Promise<void> {
    const late = await this.#hasAttributes(entry);
    const mode = this.#modeOf(entry);
    // A file without the right to write takes no attributes.
    const finish = { mode: late ? 0o600 : mode, ...timesOf(entry.times) };
    await this.#create(path, (target) => writeFile(target, entry.content, finish, (bytes) => this.#progress(bytes)));
    this.report.files++;
    if (late) this.#lateFiles.push({ path, mode, times: entry.times });
    await this.#addAttributes(path, entry);
    this.#options.progress?.(this.report);
  }

  #progress(bytes: number): void {
    if (this.#failure) throw new DisksealError('E_INTERRUPTED', 'another file failed');
    this.report.bytes += bytes;
    this.#options.progress?.(this.report);
  }

  async #writeSymlink(path: string, entry: SymbolicLink): Promise<void> {
    await this.#checkParents(path);
    await this.#create(path, (target) => symlink(entry.target, target));
    this.report.symlinks++;
    // Not every filesystem lets a link have times of its own.
    const { accessed, modified } = timesOf(entry.times);
    await lutimes(join(this.#folder, path), accessed, modified).catch(() => undefined);
    // No host here lets a link itself have attributes.
    if (this.#options.appleDouble) await this.#addAppleDouble(path, entry);
    else this.report.dropped.attributes += entry.xattrs?.size ?? 0;
  }

  async #writeHardLink(path: string, first: string, entry: File): Promise<void> {
    await this.#checkParents(path);
    try {
      await this.#create(path, (target) => link(join(this.#folder, first), target));
      this.report.hardLinks++;
    } catch (error) {
      const errno = errnoOf(error instanceof DisksealError ? error.cause : error);
      if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(errno ?? '')) throw error;
      this.report.dropped.hardLinks++;
      await this.#start(() => this.#writeFile(path, entry));
    }
  }

  async #create(path: string, make: (target: string) => Promise<unknown>): Promise<void> {
    const target = join(this.#folder, path);
    try {
      await make(target);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') throw collision(path, undefined);
      if (error instanceof DisksealError && error.code !== 'E_WRITE') throw error.with({ field: path });
      throw writeError(path, error);
    }
  }

  /** Runs beside others, WIDTH at most; the first failure stops everything. */
  async #start(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= WIDTH) await Promise.race(this.#running);
    this.#throwFailure();
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #modeOf(entry: Entry): number {
    if (this.#options.specialModes) return entry.mode & 0o7777;
    return entry.mode & 0o777;
  }

  /** Counts what no host holds, or this one is not asked to. */
  #countUnheld(entry: Entry): void {
    const { dropped } = this.report;
    if (!this.#options.specialModes && (entry.mode & 0o7000) !== 0) dropped.specialModes++;
    if (entry.flags) dropped.flags++;
    if (this.#options.appleDouble || this.#system === 'darwin') return;
    if (entry.finderInfo?.some((byte) => byte !== 0)) dropped.finderInfo++;
    if (entry.type === 'file' && entry.resourceFork && entry.resourceFork.size > 0) dropped.resourceForks++;
  }

  async #hasAttributes(entry: Entry): Promise<boolean> {
    if (this.#options.appleDouble || this.#attributes.limit === 0) return false;
    return (entry.xattrs?.size ?? 0) > 0 || (this.#system === 'darwin' && attributesOnMac(entry).length > 0);
  }

  /** As a `._` file when that was asked for, else with the host's own means. */
  async #addAttributes(path: string, entry: Entry): Promise<void> {
    if (this.#options.appleDouble) return this.#addAppleDouble(path, entry);
    const all: (readonly [string, Disk | Uint8Array])[] = [...(entry.xattrs ?? [])];
    if (this.#system === 'darwin') all.push(...attributesOnMac(entry));
    for (const [name, value] of all) {
      const size = value instanceof Uint8Array ? value.length : value.size;
      if (!this.#attributes.takes(name) || size > this.#attributes.limit) {
        this.report.dropped.attributes++;
        continue;
      }
      await this.#attributes.set(path, name, value instanceof Uint8Array ? value : await value.read(0, size));
    }
  }

  async #addAppleDouble(path: string, entry: Entry): Promise<void> {
    const content = appleDoubleOf(entry);
    if (!this.#options.appleDouble || !content) return;
    const names = path.split('/');
    const beside = [...names.slice(0, -1), `._${names.at(-1)}`].join('/');
    const finish = { mode: entry.mode & 0o666, ...timesOf(entry.times) };
    await this.#create(beside, (target) => writeFile(target, content, finish, () => undefined));
    this.report.appleDoubles++;
  }

  async #setModeAndTimes({ path, mode, times }: Late): Promise<void> {
    const target = join(this.#folder, path);
    try {
      await chmod(target, mode);
      const { accessed, modified } = timesOf(times);
      await utimes(target, accessed, modified);
    } catch (error) {
      throw writeError(path, error);
    }
  }
}

function attributesOnMac(entry: Entry): [string, Disk | Uint8Array][] {
  const all: [string, Disk | Uint8Array][] = [];
  if (entry.finderInfo?.some((byte) => byte !== 0)) all.push(['com.apple.FinderInfo', entry.finderInfo]);
  if (entry.type === 'file' && entry.resourceFork && entry.resourceFork.size > 0) all.push(['com.apple.ResourceFork', entry.resourceFork]);
  return all;
}

/** Nothing for an entry that needs no `._` file. */
function appleDoubleOf(entry: Entry): Disk | undefined {
  const finderInfo = entry.finderInfo?.some((byte) => byte !== 0) ? entry.finderInfo : undefined;
  const resourceFork = entry.type === 'file' && entry.resourceFork && entry.resourceFork.size > 0 ? entry.resourceFork : undefined;
  const xattrs = entry.xattrs ?? new Map<string, Disk>();
  return finderInfo || resourceFork || xattrs.size > 0 ? writeAppleDouble({ finderInfo, resourceFork, xattrs }) : undefined;
}

function timesOf({ accessed, modified }: Times): { accessed: number; modified: number } {
  return { accessed: accessed ?? modified, modified };
}

function collision(path: string, other: string | undefined): DisksealError {
  const what = other === undefined ? 'another entry of the image' : other;
  return new DisksealError('E_EXISTS', `this system does not tell ${path} apart from ${what}`, {
    field: path,
    hint: 'extract to a filesystem that tells upper and lower case apart, or name the paths that you want',
  });
}

/** Whether the folder's filesystem takes `A` for `a`. */
async function foldsNames(folder: string): Promise<boolean> {
  const name = `.case-${randomBytes(6).toString('hex')}`;
  const probe = join(folder, name);
  try {
    await mkdir(probe);
    const folds = await lstat(join(folder, name.toUpperCase())).then(
      () => true,
      () => false,
    );
    await rmdir(probe);
    return folds;
  } catch (error) {
    throw writeError(folder, error);
  }
}
