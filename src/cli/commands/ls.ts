/** `diskseal ls`: what is in an image. */
import type { Entry, FileTree, Placed } from '../../core/file-tree.ts';
import { walk } from '../../core/file-tree.ts';
import { locateEntry } from '../../mount/selection.ts';
import type { Call } from '../command.ts';
import { type OpenOptions, withImage } from '../images/opened-image.ts';
import { withPlatform } from '../platform.ts';
import type { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

interface Options extends OpenOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path, inside = ''] = given as [string, string?];
  await withPlatform((platform) =>
    withImage(path, options, output, platform, async ({ tree, shown, standing }) => {
      const entries = listed(tree, inside, options.recursive ?? false);
      if (output.json) return output.list({ image: shown, path: inside, ...standing }, 'entries', described(entries));
      await print(entries, options.long ?? false, output);
    }),
  );
}

async function* listed(tree: FileTree, path: string, recursive: boolean): AsyncGenerator<Placed> {
  const { path: real, entry } = await locateEntry(tree, path);
  if (entry.type !== 'folder') yield { path: real, entry };
  else if (recursive) yield* walk(entry, real);
  else for await (const child of entry.children()) yield { path: real === '' ? child.name : `${real}/${child.name}`, entry: child };
}

async function print(entries: AsyncIterable<Placed>, long: boolean, output: Output): Promise<void> {
  for await (const { path, entry } of entries) {
    if (output.closed) return;
    await output.line(long ? longLine(path, entry) : shortLine(path, entry));
  }
}

function shortLine(path: string, entry: Entry): string {
  return printable(entry.type === 'folder' ? `${path}/` : path);
}

function longLine(path: string, entry: Entry): string {
  const name = entry.type === 'symlink' ? `${path} -> ${entry.target}` : entry.type === 'folder' ? `${path}/` : path;
  const owner = `${entry.uid}:${entry.gid}`;
  return `${modeText(entry)} ${owner.padStart(9)} ${String(sizeOf(entry)).padStart(12)} ${timeText(entry.times.modified)} ${printable(name)}`;
}

function sizeOf(entry: Entry): number {
  if (entry.type === 'file') return entry.content.size;
  return entry.type === 'symlink' ? Buffer.byteLength(entry.target) : 0;
}

/** As POSIX ls -l writes it; `@` at the end tells of attributes, Finder info or a resource fork. */
function modeText(entry: Entry): string {
  const { mode } = entry;
  const letters = 'rwxrwxrwx'.split('').map((letter, index) => (mode & (0o400 >> index) ? letter : '-'));
  const special = (bit: number, at: number, letter: string): void => {
    if (mode & bit) letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, 's');
  special(0o2000, 5, 's');
  special(0o1000, 8, 't');
  const type = entry.type === 'folder' ? 'd' : entry.type === 'symlink' ? 'l' : '-';
  return `${type}${letters.join('')}${hasExtras(entry) ? '@' : ' '}`;
}

function hasExtras(entry: Entry): boolean {
  return Boolean(entry.xattrs?.size || entry.finderInfo?.some(Boolean) || (entry.type === 'file' && entry.resourceFork?.size));
}

function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

async function* described(entries: AsyncIterable<Placed>): AsyncGenerator<object> {
  for await (const { path, entry } of entries) {
    const { type, mode, uid, gid, times } = entry;
    yield {
      path,
      type,
      mode: mode.toString(8).padStart(4, '0'),
      uid,
      gid,
      modified: timeText(times.modified),
      ...(type === 'file' ? { size: entry.content.size } : {}),
      ...(type === 'file' && entry.linkGroup !== undefined ? { linkGroup: entry.linkGroup } : {}),
      ...(type === 'file' && entry.resourceFork?.size ? { resourceForkSize: entry.resourceFork.size } : {}),
      ...(type === 'symlink' ? { target: entry.target } : {}),
      ...(entry.finderInfo?.some(Boolean) ? { finderInfo: Buffer.from(entry.finderInfo).toString('hex') } : {}),
      ...(entry.xattrs?.size ? { attributes: Object.fromEntries([...entry.xattrs].map(([name, value]) => [name, value.size])) } : {}),
    };
  }
}
