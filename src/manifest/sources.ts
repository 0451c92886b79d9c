/**
 * Finding what `src` means: a file, a folder with all it holds, or a glob. Links are never followed, and what is neither
 * file, folder nor link is refused. Everything is looked at once, here, and read later.
 */
import { type BigIntStats, closeSync, lstatSync, openSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { convertPathToPattern, globby, isDynamicPattern } from 'globby';
import { DisksealError } from '../core/errors.ts';
import { nameFault } from './destinations.ts';
import { type ContentItem, isInside } from './manifest.ts';
import type { PlannedEntry, Source } from './planned-entry.ts';

export interface SourceContext {
  /** The manifest's folder, absolute. */
  readonly folder: string;
  readonly allowOutside: boolean;
  /** Node's name of the system; Windows has no execute bit. */
  readonly platform: string;
  /** Absolute paths that are products of this build and never sources of it. */
  readonly outputs: ReadonlySet<string>;
  /** Folders with links followed, as far as they were asked for. */
  readonly realPaths: Map<string, string>;
  /** Reports what cannot be taken, and goes on. `key` is the part of the item that is to blame. */
  readonly refuse: (message: string, key: string, hint?: string) => void;
}

/** One thing found, and its path below the item's destination; an empty path is the destination itself. */
export interface Found {
  readonly below: readonly string[];
  readonly entry: PlannedEntry;
}

const DEPTH = 256;

/** Finds what an item's `src` names. What is wrong is reported and left out. */
export async function findSources(item: ContentItem, context: SourceContext): Promise<{ found: Found[]; glob: boolean }> {
  const src = item.src!;
  if (isAbsolute(src) && !context.allowOutside) {
    context.refuse('"src" is an absolute path', 'src', 'sources lie in the manifest’s folder, unless --allow-outside is given');
    return { found: [], glob: false };
  }
  const path = resolve(context.folder, src);
  const stat = look(path);
  // What exists is meant literally, whatever characters its name has.
  if (!stat && isDynamicPattern(src)) return { found: await findGlob(item, context), glob: true };
  if (!stat) {
    context.refuse(`${src}: there is no such file or folder`, 'src', missingHint(path));
    return { found: [], glob: false };
  }
  if (!contained(path === context.folder ? path : dirname(path), src, context)) return { found: [], glob: false };
  const found = await takeOne(path, stat, item, context);
  return { found: found ? [{ below: [], entry: found }] : [], glob: false };
}

function missingHint(path: string): string {
  let folder = dirname(path);
  while (!look(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder === dirname(path)
    ? 'paths start at the manifest’s folder; was it built?'
    : `${folder} exists, what follows does not; was it built?`;
}

/** Whether a folder is really within the manifest's, links followed. Reports it when not. */
function contained(folder: string, src: string, context: SourceContext): boolean {
  if (context.allowOutside || isInside(realPath(context.folder, context), realPath(folder, context))) return true;
  context.refuse(`${src} lies outside the manifest’s folder`, 'src', 'move it inside, or build with --allow-outside');
  return false;
}

function realPath(folder: string, { realPaths }: SourceContext): string {
  const known = realPaths.get(folder) ?? realFolder(folder);
  realPaths.set(folder, known);
  return known;
}

/** A folder with links followed; itself when there is no such folder. */
export function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

async function takeOne(path: string, stat: BigIntStats, item: ContentItem, context: SourceContext): Promise<PlannedEntry | undefined> {
  const entry = planEntry(dirname(path), basename(path), stat, item, context);
  if (entry?.kind !== 'folder') return entry;
  if (item.exclude.length === 0) await fillFolder(entry, path, item, context);
  else fillPaths(entry, path, await match(path, ['**'], item.exclude), item, context);
  return entry;
}

/** Everything in a folder, and in its folders. */
async function fillFolder(into: PlannedEntry, folder: string, item: ContentItem, context: SourceContext, depth = DEPTH): Promise<void> {
  if (depth === 0) return context.refuse(`${folder}: folders are nested more than ${DEPTH} deep`, 'src');
  const names = await readdir(folder).catch((cause: unknown) => {
    context.refuse(`${folder}: cannot be listed: ${cause instanceof Error ? cause.message : String(cause)}`, 'src');
    return [];
  });
  for (const name of names) {
    const entry = planChild(into, folder, name, item, context);
    if (entry?.kind === 'folder') await fillFolder(entry, join(folder, name), item, context, depth - 1);
  }
}

function refuseVanished(path: string, name: string, context: SourceContext): void {
  if (name.includes('\uFFFD')) context.refuse(`${path}: its name is not UTF-8`, 'src', 'rename it');
  else context.refuse(`${path}: cannot be looked at: it disappeared, or the system refuses`, 'src');
}

/** Paths below a folder put into its planned form, with the folders on the way. */
function fillPaths(into: PlannedEntry, folder: string, paths: readonly string[], item: ContentItem, context: SourceContext): void {
  for (const path of paths) {
    let holder = into;
    let place = folder;
    for (const name of path.split('/')) {
      const entry = holder.children!.get(name) ?? planChild(holder, place, name, item, context);
      if (entry?.kind !== 'folder') break;
      holder = entry;
      place = join(place, name);
    }
  }
}

function planChild(
  holder: PlannedEntry,
  folder: string,
  name: string,
  item: ContentItem,
  context: SourceContext,
): PlannedEntry | undefined {
  const path = join(folder, name);
  if (context.outputs.has(path)) return undefined;
  const stat = look(path);
  if (!stat) {
    refuseVanished(path, name, context);
    return undefined;
  }
  const entry = planEntry(folder, name, stat, item, context);
  if (entry) holder.children!.set(name, entry);
  return entry;
}

/** Matches as paths with "/", sorted by code units. */
async function match(folder: string, patterns: string[], exclude: readonly string[]): Promise<string[]> {
  const entries = await globby(patterns, {
    cwd: folder,
    // A folder that is left out goes with what it holds; globby alone would still descend into "draft*".
    ignore: exclude.flatMap((one) => [one, `${one.replace(/\/$/, '')}/**`]),
    // The defaults follow links, hide dotfiles, drop links and empty folders, and turn "docs" into "docs/**".
    dot: true,
    followSymbolicLinks: false,
    onlyFiles: false,
    objectMode: true,
    expandDirectories: false,
    unique: true,
    stats: false,
  });
  return entries.map(({ path }) => path.replace(/\/$/, '')).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A folder that matches comes with all it holds, as with `cp -R`. */
async function findGlob(item: ContentItem, context: SourceContext): Promise<Found[]> {
  const { base, pattern } = splitGlob(item.src!);
  const folder = resolve(context.folder, base);
  const stat = look(folder);
  if (pattern.split('/').includes('..')) {
    context.refuse('"src" has ".." behind a glob', 'src');
    return [];
  }
  if (!stat?.isDirectory() && !stat?.isSymbolicLink()) {
    context.refuse(`${item.src!}: there is no folder ${base === '' ? '.' : base}`, 'src', missingHint(folder));
    return [];
  }
  if (!contained(folder, item.src!, context)) return [];
  const matches = outermost(await match(folder, [pattern], item.exclude));
  if (matches.length === 0) context.refuse(`${item.src!} matches nothing`, 'src', 'paths start at the manifest’s folder');
  const found: Found[] = [];
  for (const path of matches) {
    const entry = await takeMatch(folder, path, item, context);
    if (entry) found.push({ below: path.split('/'), entry });
  }
  return found;
}

async function takeMatch(folder: string, path: string, item: ContentItem, context: SourceContext): Promise<PlannedEntry | undefined> {
  const full = join(folder, path);
  const stat = look(full);
  if (context.outputs.has(full)) return undefined;
  if (!stat) {
    refuseVanished(full, path, context);
    return undefined;
  }
  const entry = planEntry(dirname(full), basename(full), stat, item, context);
  if (entry?.kind !== 'folder') return entry;
  if (item.exclude.length === 0) await fillFolder(entry, full, item, context);
  else {
    // Excludes are relative to the glob's fixed part, so that is where matching starts.
    const inside = await match(folder, [`${convertPathToPattern(path)}/**`], item.exclude);
    fillPaths(
      entry,
      full,
      inside.map((one) => one.slice(path.length + 1)),
      item,
      context,
    );
  }
  return entry;
}

/** Sorted paths without those that lie below another of them. */
function outermost(paths: readonly string[]): string[] {
  const kept = new Set<string>();
  for (const path of paths) {
    const parents = path.split('/').slice(0, -1);
    let covered = false;
    let parent = '';
    for (const name of parents) {
      parent = parent === '' ? name : `${parent}/${name}`;
      covered ||= kept.has(parent);
    }
    if (!covered) kept.add(path);
  }
  return [...kept];
}

/** The part of a glob before its first special character, cut at a "/", and the rest. */
function splitGlob(src: string): { base: string; pattern: string } {
  const parts = src.replace(/^\.\//, '').split('/');
  const first = parts.findIndex((part) => part.includes('\\') || isDynamicPattern(part));
  return { base: parts.slice(0, first).join('/') || (src.startsWith('/') ? '/' : ''), pattern: parts.slice(first).join('/') };
}

function planEntry(folder: string, name: string, stat: BigIntStats, item: ContentItem, context: SourceContext): PlannedEntry | undefined {
  const path = join(folder, name);
  const fault = nameFault(name);
  if (fault !== undefined && name !== '') context.refuse(`${path}: ${fault}`, 'src');
  const source = sourceOf(folder, name, stat);
  if (stat.isDirectory()) return { name, kind: 'folder', mode: folderMode(item.mode), item, source, children: new Map() };
  if (stat.isSymbolicLink()) return { name, kind: 'symlink', mode: 0o755, item, source, target: linkTarget(path, context.platform) };
  if (stat.isFile()) return { name, kind: 'file', mode: item.mode ?? fileMode(path, stat, context.platform), item, source };
  context.refuse(`${path} is ${specialKind(stat)} and cannot be in an image`, 'src', 'leave it out with "exclude"');
  return undefined;
}

function sourceOf(folder: string, name: string, stat: BigIntStats): Source {
  if (stat.size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new DisksealError('E_UNSUPPORTED', 'the file is larger than 2^53 bytes', { path: join(folder, name) });
  const linked = stat.isFile() && stat.nlink > 1n;
  return {
    folder,
    name,
    size: stat.isFile() ? Number(stat.size) : 0,
    modifiedNs: stat.mtimeNs,
    createdNs: stat.birthtimeNs,
    ...(linked ? { inode: `${stat.dev}:${stat.ino}` } : {}),
  };
}

function specialKind(stat: BigIntStats): string {
  if (stat.isFIFO()) return 'a pipe (FIFO)';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

function linkTarget(path: string, platform: string): string {
  const target = readlinkSync(path);
  return platform === 'win32' ? target.replaceAll('\\', '/') : target;
}

/** Execute wherever there is read: a folder that can be read and not entered is of no use. */
export function folderMode(mode: number | undefined): number {
  return mode === undefined ? 0o755 : mode | ((mode & 0o444) >>> 2);
}

function fileMode(path: string, stat: BigIntStats, platform: string): number {
  const executable = platform === 'win32' ? looksExecutable(path) : (stat.mode & 0o111n) !== 0n;
  return executable ? 0o755 : 0o644;
}

/** Mach-O (32 and 64 bit, both byte orders), universal binaries, and scripts. Java classes share cafebabe: their fifth to eighth bytes are a version, universal binaries count architectures there. */
function looksExecutable(path: string): boolean {
  const head = new Uint8Array(8);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    if (readSync(descriptor, head, 0, 8, 0) < 4) return false;
  } catch {
    // What cannot be read now is reported when it is read.
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  if (head[0] === 0x23 && head[1] === 0x21) return true;
  const view = new DataView(head.buffer);
  const magic = view.getUint32(0);
  if (magic === 0xcafebabe) return view.getUint32(4) < 20;
  return [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabf].includes(magic);
}

/** Synchronous: such a call costs a tenth of a promise, and there may be a hundred thousand. Links are not followed. */
function look(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
