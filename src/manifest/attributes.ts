/** Extended attributes, Finder info and resource forks: from the manifest, from AppleDouble files, from the host. */
import { lstatSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { bytesDisk, type Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { isAppleDouble, readAppleDouble, XATTR_NAME_LIMIT } from '../formats/finder/apple-double.ts';
import { applyFinderSettings, describeFinderInfo, FINDER_INFO_SIZE } from '../formats/finder/finder-info.ts';
import { type ContentItem, isInside } from './manifest.ts';
import { type PlannedEntry, sourcePath } from './planned-entry.ts';
import type { XattrInput } from './schema.ts';
import { realFolder } from './sources.ts';

const FINDER_INFO = 'com.apple.FinderInfo';
const RESOURCE_FORK = 'com.apple.ResourceFork';
/** More than any attribute needs that is put in by hand; bytes. */
const VALUE_LIMIT = 1 << 30;

export interface AttributeContext {
  readonly folder: string;
  readonly allowOutside: boolean;
  readonly sourceFile: (path: string, size: number, modifiedNs: bigint) => Disk;
  readonly refuse: (message: string, key: string, hint?: string) => void;
}

/** Puts one attribute in its place: Finder info and resource fork have places of their own. */
export async function setAttribute(entry: PlannedEntry, name: string, value: Disk): Promise<void> {
  const attributes = (entry.attributes ??= { xattrs: new Map() });
  if (name === FINDER_INFO) {
    if (value.size !== FINDER_INFO_SIZE)
      throw new DisksealError('E_MANIFEST', `${FINDER_INFO} has ${value.size} bytes, not ${FINDER_INFO_SIZE}`);
    const bytes = await value.read(0, FINDER_INFO_SIZE);
    attributes.finderInfo = bytes.some((byte) => byte !== 0) ? bytes : undefined;
  } else if (name === RESOURCE_FORK) {
    if (entry.kind !== 'file') throw new DisksealError('E_MANIFEST', 'only a file has a resource fork');
    attributes.resourceFork = value.size > 0 ? value : undefined;
  } else attributes.xattrs.set(name, value);
}

/** What an item says about its own entry: `xattrs`, then `finder`, which changes single fields. */
export async function applyItem(entry: PlannedEntry, item: ContentItem, context: AttributeContext): Promise<void> {
  for (const [name, value] of Object.entries(item.xattrs ?? {})) {
    const length = new TextEncoder().encode(name).length;
    if (length === 0 || length > XATTR_NAME_LIMIT || name.includes('\0')) {
      context.refuse(`an attribute’s name has 1 to ${XATTR_NAME_LIMIT} bytes and no NUL`, 'xattrs');
      continue;
    }
    const disk = valueDisk(value, context);
    if (disk) await setAttribute(entry, name, disk).catch((error: unknown) => refuseError(error, 'xattrs', context));
  }
  if (item.finder) applyFinder(entry, item.finder, context);
  const flags = [...(item.hidden ? (['invisible'] as const) : []), ...(item.hideExtension ? (['hideExtension'] as const) : [])];
  if (flags.length === 0) return;
  const present = entry.attributes?.finderInfo ? describeFinderInfo(entry.attributes.finderInfo).flags : [];
  applyFinder(entry, { flags: [...present, ...flags] }, context);
}

function applyFinder(entry: PlannedEntry, finder: NonNullable<ContentItem['finder']>, context: AttributeContext): void {
  if (entry.kind !== 'file' && (finder.type !== undefined || finder.creator !== undefined)) {
    return context.refuse('only files have a type and a creator', 'finder');
  }
  try {
    const attributes = (entry.attributes ??= { xattrs: new Map() });
    const info = applyFinderSettings(finder, attributes.finderInfo);
    attributes.finderInfo = info.some((byte) => byte !== 0) ? info : undefined;
  } catch (error) {
    refuseError(error, 'finder', context);
  }
}

function refuseError(error: unknown, key: string, context: AttributeContext): void {
  if (!(error instanceof DisksealError)) throw error;
  context.refuse(error.message, key, error.hint);
}

function valueDisk(value: XattrInput, context: AttributeContext): Disk | undefined {
  if (typeof value === 'string') return bytesDisk(new TextEncoder().encode(value));
  if ('hex' in value) return bytesDisk(new Uint8Array(Buffer.from(value.hex, 'hex')));
  if ('base64' in value) return bytesDisk(new Uint8Array(Buffer.from(value.base64, 'base64')));
  const path = resolve(context.folder, value.file);
  if (!context.allowOutside && !isInside(realFolder(context.folder), join(realFolder(dirname(path)), basename(path)))) {
    context.refuse(`${value.file} lies outside the manifest’s folder`, 'xattrs', 'move it inside, or build with --allow-outside');
    return undefined;
  }
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > BigInt(VALUE_LIMIT)) {
    context.refuse(`${value.file}: ${stat ? 'not a file that an attribute can hold' : 'there is no such file'}`, 'xattrs');
    return undefined;
  }
  return context.sourceFile(path, Number(stat.size), stat.mtimeNs);
}

/** In one folder, each file "._name" beside "name" becomes the attributes of that entry and is no entry of its own. */
export async function mergeAppleDoubles(folder: PlannedEntry, context: AttributeContext): Promise<void> {
  const children = folder.children!;
  for (const [name, double] of children) {
    if (!name.startsWith('._') || double.kind !== 'file') continue;
    const entry = children.get(name.slice(2));
    if (!entry) continue;
    const path = sourcePath(double.source!);
    const disk = context.sourceFile(path, double.source!.size, double.source!.modifiedNs);
    if (!(await isAppleDouble(disk))) continue;
    try {
      await mergeOne(entry, disk);
      children.delete(name);
    } catch (error) {
      if (!(error instanceof DisksealError)) throw error;
      context.refuse(`${path}: ${error.message}`, 'src', 'remove it, or say appleDouble: false to keep such files as they are');
    }
  }
}

async function mergeOne(entry: PlannedEntry, disk: Disk): Promise<void> {
  const { finderInfo, resourceFork, xattrs } = await readAppleDouble(disk);
  if (finderInfo) await setAttribute(entry, FINDER_INFO, bytesDisk(finderInfo));
  if (resourceFork) await setAttribute(entry, RESOURCE_FORK, resourceFork);
  for (const [name, value] of xattrs) await setAttribute(entry, name, value);
}

/** An empty set of attributes says nothing: drop it, so that hard links stay together. */
export function dropEmpty(entry: PlannedEntry): void {
  const { attributes } = entry;
  if (attributes && !attributes.finderInfo && !attributes.resourceFork && attributes.xattrs.size === 0) delete entry.attributes;
}
