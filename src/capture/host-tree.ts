/**
 * A folder of this machine as a tree, with all of its metadata that a volume can hold: modes with their special bits, owners, all four
 * times, hard links, and attributes where their tool is there. Everything is looked at once, here; contents are read later, and must be
 * what they were. Left out: file flags and access control lists, for which Node has no call, and what is neither file, folder nor link.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { bytesDisk, type Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Entry, FileTree, Folder, Metadata } from '../core/file-tree.ts';
import { readError } from '../core/system-error.ts';
import { type HostAttributes, readHostAttributes } from '../manifest/host-attributes.ts';
import { collisionKey } from '../manifest/name-collisions.ts';

export interface HostTreeOptions {
  /** Node's name of the system. */
  readonly platform: string;
  /** Absolute paths that are not taken: what this capture writes. */
  readonly without: ReadonlySet<string>;
  /** A file that stays closed until it is read. Time in nanoseconds. */
  sourceFile(path: string, size: number, modifiedNs: bigint): Disk;
  /** About what is left out. */
  readonly warn: (message: string, path?: string) => void;
}

export interface HostTree {
  readonly tree: FileTree;
  /** Two names in one folder differ by case alone: only a volume that tells case apart can hold them. */
  readonly needsCase: boolean;
  /** Paths, relative to the folder, of what no volume of ours holds. */
  readonly skipped: readonly string[];
}

const DEPTH = 500;

/**
 * Memory: some 500 bytes for each entry.
 * @throws DisksealError `E_READ`, `E_NOT_FOUND`; `E_UNSUPPORTED` for a name that is not UTF-8
 */
export async function hostTree(folder: string, options: HostTreeOptions): Promise<HostTree> {
  const scan = new Scan(options);
  const top = resolve(folder);
  const root = await scan.folder(top, basename(top) || 'disk', await look(top), '');
  await scan.addAttributes();
  scan.nameLinks();
  return { tree: { root }, needsCase: scan.needsCase, skipped: scan.skipped };
}

/** An entry that attributes may still be added to. */
type Growing = { -readonly [Key in keyof Metadata]: Metadata[Key] } & { resourceFork?: Disk | undefined; linkGroup?: string | undefined };

class Scan {
  readonly skipped: string[] = [];
  needsCase = false;
  readonly #options: HostTreeOptions;
  readonly #entries = new Map<string, Growing>();
  /** The names of each file that has several, by device and inode. */
  readonly #links = new Map<string, Growing[]>();

  constructor(options: HostTreeOptions) {
    this.#options = options;
  }

  async folder(path: string, name: string, stat: BigIntStats, below: string, depth = DEPTH): Promise<Folder> {
    if (depth === 0) throw new DisksealError('E_UNSUPPORTED', `folders are nested more than ${DEPTH} deep`, { path });
    const entries = new Map<string, Entry>();
    const keys = new Set<string>();
    for (const child of await namesIn(path)) {
      const full = join(path, child);
      if (this.#options.without.has(full)) continue;
      const entry = await this.#entry(full, child, below === '' ? child : `${below}/${child}`, depth);
      if (!entry) continue;
      entries.set(child, entry);
      const key = collisionKey(child, false);
      if (keys.has(key)) this.needsCase = true;
      keys.add(key);
    }
    const folder: Folder = {
      ...metadata(name, stat),
      type: 'folder',
      async *children() {
        yield* entries.values();
      },
      child: async (wanted) => entries.get(wanted),
    };
    this.#entries.set(path, folder);
    return folder;
  }

  async #entry(path: string, name: string, below: string, depth: number): Promise<Entry | undefined> {
    const stat = await look(path);
    if (stat.isDirectory()) return this.folder(path, name, stat, below, depth - 1);
    if (!stat.isSymbolicLink() && !stat.isFile()) {
      this.skipped.push(below);
      this.#options.warn('a pipe, socket or device is not captured', below);
      return undefined;
    }
    const entry: Entry = stat.isFile()
      ? { ...metadata(name, stat), type: 'file', content: this.#content(path, stat) }
      : { ...metadata(name, stat), type: 'symlink', target: await readlink(path).catch((error: unknown) => fail(path, error)) };
    this.#entries.set(path, entry);
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.isFile() && stat.nlink > 1n) this.#links.set(key, [...(this.#links.get(key) ?? []), entry]);
    return entry;
  }

  nameLinks(): void {
    const several = [...this.#links.values()].filter((names) => names.length > 1);
    for (const [index, names] of several.entries()) for (const entry of names) entry.linkGroup = `link-${index + 1}`;
  }

  #content(path: string, { size, mtimeNs }: BigIntStats): Disk {
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new DisksealError('E_UNSUPPORTED', 'the file is larger than 2^53 bytes', { path });
    return this.#options.sourceFile(path, Number(size), mtimeNs);
  }

  async addAttributes(): Promise<void> {
    const { platform, warn } = this.#options;
    let found: HostAttributes;
    try {
      found = await readHostAttributes([...this.#entries.keys()], platform);
    } catch (error) {
      if (!(error instanceof DisksealError)) throw error;
      return warn(`extended attributes are not captured: ${error.message.replace('hostAttributes: ', '')}`);
    }
    for (const [path, attributes] of found) {
      const entry = this.#entries.get(path);
      if (entry) for (const [name, value] of attributes) addAttribute(entry, name, value);
    }
  }
}

/** Finder info and resource fork have places of their own. */
function addAttribute(entry: Growing, name: string, value: Uint8Array): void {
  if (name === 'com.apple.FinderInfo' && value.length === 32) entry.finderInfo = value;
  else if (name === 'com.apple.ResourceFork' && value.length > 0) entry.resourceFork = bytesDisk(value);
  else entry.xattrs = new Map([...(entry.xattrs ?? []), [name, bytesDisk(value)]]);
}

function metadata(name: string, stat: BigIntStats): Metadata {
  const modified = seconds(stat.mtimeNs);
  const times = {
    created: stat.birthtimeNs > 0n ? seconds(stat.birthtimeNs) : modified,
    modified,
    changed: seconds(stat.ctimeNs),
    accessed: seconds(stat.atimeNs),
  };
  return { name, mode: Number(stat.mode & 0o7777n), uid: Number(stat.uid), gid: Number(stat.gid), times };
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1e6;
}

async function look(path: string): Promise<BigIntStats> {
  return lstat(path, { bigint: true }).catch((error: unknown) => fail(path, error));
}

/** In order of code units, whatever the filesystem's own is. */
async function namesIn(path: string): Promise<string[]> {
  const names = await readdir(path, { encoding: 'buffer' }).catch((error: unknown) => fail(path, error));
  const texts = names.map((name) => {
    const text = name.toString('utf8');
    if (Buffer.from(text).equals(name)) return text;
    throw new DisksealError('E_UNSUPPORTED', 'a name that is not UTF-8 cannot be in a volume', {
      path: join(path, text),
      hint: 'rename it',
    });
  });
  return texts.sort((a, b) => (a < b ? -1 : 1));
}

function fail(path: string, error: unknown): never {
  throw readError(path, error);
}
