/** What other programs see in an ISO 9660 image: xorriso extracts the Rock Ridge and the Joliet tree, isoinfo lists and reads the plain one. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disk, stream } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { walk } from '../../src/core/file-tree.ts';
import { open, type ViewName } from '../../src/formats/filesystems/iso9660/open.ts';
import { isInstalled, run } from '../interop/tools.ts';

export interface SeenEntry {
  readonly path: string;
  readonly type: 'file' | 'folder' | 'symlink';
  /** "size sha256" */
  readonly content?: string;
  readonly target?: string;
}

export const hasXorriso = isInstalled('xorriso');
export const hasIsoinfo = isInstalled('isoinfo');
export const hasGenisoimage = isInstalled('genisoimage');
if (!hasXorriso || !hasIsoinfo || !hasGenisoimage) {
  console.warn('xorriso, isoinfo or genisoimage is not installed: what they say of ISO 9660 images is not compared');
}

/** @param view - `joliet` also stands for the plain tree where there is no Joliet */
export async function seenByXorriso(image: string, view: 'rockRidge' | 'joliet', scratch: string): Promise<SeenEntry[]> {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const read = view === 'rockRidge' ? 'nojoliet' : 'norock';
  const { status, stderr } = run('xorriso', [
    '-report_about',
    'SORRY',
    '-read_fs',
    read,
    '-osirrox',
    'on',
    '-indev',
    image,
    '-extract',
    '/',
    scratch,
  ]);
  if (status !== 0) throw new Error(`xorriso ends with ${status}: ${stderr}`);
  return seenInFolder(scratch);
}

export async function seenInFolder(folder: string, path = ''): Promise<SeenEntry[]> {
  const seen: SeenEntry[] = [];
  for (const name of await readdir(join(folder, path))) {
    const place = path === '' ? name : `${path}/${name}`;
    const stat = await lstat(join(folder, place));
    if (stat.isSymbolicLink()) seen.push({ path: place, type: 'symlink', target: await readlink(join(folder, place)) });
    else if (stat.isDirectory()) seen.push({ path: place, type: 'folder' }, ...(await seenInFolder(folder, place)));
    else seen.push({ path: place, type: 'file', content: contentText(readFileSync(join(folder, place))) });
  }
  return byPath(seen);
}

/** The plain tree, names without version and final dot. */
export function seenByIsoinfo(image: string): SeenEntry[] {
  const seen: SeenEntry[] = [];
  for (const { path, isFolder } of listedByIsoinfo(image)) {
    const shown = shownPath(path);
    seen.push(isFolder ? { path: shown, type: 'folder' } : { path: shown, type: 'file', content: readByIsoinfo(image, path) });
  }
  return byPath(seen);
}

/** Without version and final dot, which tell a file from a folder where nothing else does. */
export function shownPath(path: string): string {
  return path.replace(/;[0-9]+$/, '').replace(/([^/])\.$/, '$1');
}

function listedByIsoinfo(image: string): { path: string; isFolder: boolean }[] {
  const listed: { path: string; isFolder: boolean }[] = [];
  let folder = '';
  for (const line of run('isoinfo', ['-l', '-i', image]).stdout.split('\n')) {
    const heading = /^Directory listing of \/(.*)$/.exec(line);
    if (heading) folder = heading[1];
    const entry = /^(.).*?\[ *-?\d+ [0-9a-f]{2}\] +(.*?) ?$/.exec(line);
    if (entry && entry[2] !== '.' && entry[2] !== '..') listed.push({ path: `${folder}${entry[2]}`, isFolder: entry[1] === 'd' });
  }
  return listed;
}

function readByIsoinfo(image: string, path: string): string {
  const { status, stdout } = spawnSync('isoinfo', ['-i', image, '-x', `/${path}`], { maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`isoinfo ends with ${status}`);
  return contentText(stdout);
}

export function contentText(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What this program sees. */
export async function seenByUs(disk: Disk, view: ViewName): Promise<SeenEntry[]> {
  const seen: SeenEntry[] = [];
  for await (const { path, entry } of walk((await open(disk, { view })).root)) {
    const rest =
      entry.type === 'file' ? { content: await digest(entry.content) } : entry.type === 'symlink' ? { target: entry.target } : {};
    seen.push({ path, type: entry.type, ...rest });
  }
  return byPath(seen);
}

async function digest(disk: Disk): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of stream(disk)) hash.update(chunk);
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_UNSUPPORTED') return `${disk.size} E_UNSUPPORTED`;
    throw error;
  }
  return `${disk.size} ${hash.digest('hex')}`;
}

function byPath(entries: readonly SeenEntry[]): SeenEntry[] {
  return [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
}
