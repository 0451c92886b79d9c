/**
 * Every HFS+ volume of the corpus that this version can reach: its files are those that 7-Zip extracts, hard links those that
 * fshfsinfo follows, and the strict checker has nothing against it.
 * What the other readers said is kept in test/golden/hfsplus; `UPDATE_GOLDEN=1` asks them again. Where they are installed the
 * kept answers are held against them each time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Disk, stream } from '../../src/core/disk.ts';
import { type Entry, walk } from '../../src/core/file-tree.ts';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { rawFields } from '../../src/formats/filesystems/hfsplus/raw.ts';
import { fshfsinfo } from '../interop/readers/fshfsinfo.ts';
import type { SeenEntry } from '../interop/readers/reader.ts';
import { sevenZip } from '../interop/readers/seven-zip.ts';
import { sleuthkit } from '../interop/readers/sleuthkit.ts';
import { isInstalled } from '../interop/tools.ts';
import { hasCorpus } from '../support/corpus.ts';
import { type CorpusVolume, corpusVolumes } from '../support/corpus-volumes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Golden {
  readonly volumeSha256: string;
  readonly reader: string;
  readonly entries: readonly GoldenEntry[];
  /** Files with several names: 7-Zip shows them empty. */
  readonly hardLinks: readonly { readonly path: string; readonly size: number; readonly md5: string; readonly links: number }[];
}

interface GoldenEntry {
  readonly path: string;
  readonly type: Entry['type'];
  readonly modified: number;
  readonly content?: string;
  readonly target?: string;
  readonly resourceFork?: string;
  readonly attributes?: Record<string, string>;
}

const asksAgain = process.env['UPDATE_GOLDEN'] !== undefined;
const hasReaders = ['7z', 'fshfsinfo', 'fls'].every(isInstalled);
if (!hasReaders)
  console.warn('7z, fshfsinfo or fls is not installed: corpus volumes are compared with what they said when test/golden was made');

/** 7-Zip takes a file of this volume for damaged, which Linux and sleuthkit read whole. */
const NOT_FOR_SEVEN_ZIP = new Set(['tika-hfsplus']);
/** libfshfs cannot open volumes without an attributes file. */
const NOT_FOR_FSHFSINFO = new Set(['tika-hfsplus', 'libdmg-made-hfs']);

it.runIf(hasCorpus)('the corpus has volumes', () => expect(corpusVolumes()).not.toEqual([]));

describe.each(corpusVolumes())('$name', (volume) => {
  it('is the volume that the corpus says', async () => {
    const disk = await volume.open();
    const { mainVolumeSha256 } = volume.entry;
    if (mainVolumeSha256) expect(await sha256(disk)).toBe(mainVolumeSha256);
    expect(await sha256(disk)).toBe((await goldenOf(volume)).volumeSha256);
  });

  it.runIf(hasReaders)('is what the other readers still say', async () => {
    expect(await askReaders(volume)).toEqual(await goldenOf(volume));
  });

  it('has the files that another reader extracts', async () => {
    const golden = await goldenOf(volume);
    const linked = new Set(golden.hardLinks.map(({ path }) => path));
    const seen: GoldenEntry[] = [];
    for (const entry of await entriesOf(await volume.open())) seen.push(comparable(entry, linked, volume.name));
    const expected = golden.entries.map((entry) => comparable(entry, linked, volume.name));
    expect(byPath(seen)).toEqual(byPath(expected));
  });

  it('has the hard links that fshfsinfo follows', async () => {
    const golden = await goldenOf(volume);
    const groups = new Map<string, number>();
    const tree = await open(await volume.open());
    const files = [];
    for await (const { path, entry } of walk(tree.root)) {
      if (entry.type !== 'file' || entry.linkGroup === undefined) continue;
      groups.set(entry.linkGroup, (groups.get(entry.linkGroup) ?? 0) + 1);
      files.push({ path: path.normalize('NFC'), entry });
    }
    const seen = [];
    for (const { path, entry } of files) {
      const bytes = await entry.content.read(0, entry.content.size);
      seen.push({ path, size: bytes.length, md5: createHash('md5').update(bytes).digest('hex'), links: groups.get(entry.linkGroup!)! });
    }
    expect(byPath(seen)).toEqual(byPath(golden.hardLinks));
  });

  it('is found sound by the checker', async () => {
    const faults = await check(await volume.open());
    // A volume that was mounted after it was made has an older copy of its header: the kernel does not keep that up.
    expect(faults.filter(({ level, code }) => level === 'error' || code !== 'alternate-header')).toEqual([]);
  });

  it('is found by name as it is listed', async () => {
    const tree = await open(await volume.open());
    for await (const entry of tree.root.children()) {
      const found = await tree.root.child!(entry.name);
      expect(found?.type).toBe(entry.type);
      expect(found?.name).toBe(entry.name);
      expect((await tree.root.child!(entry.name.normalize('NFC').toUpperCase()))?.name).toBe(tree.caseSensitive ? undefined : entry.name);
    }
  });

  it('has a raw view in order, within the volume', async () => {
    const disk = await volume.open();
    let before = 0;
    const labels = new Set<string>();
    for await (const { offset, bytes, length, label } of rawFields(disk)) {
      expect(offset).toBeGreaterThanOrEqual(before);
      expect(offset + (length ?? bytes.length)).toBeLessThanOrEqual(disk.size);
      before = offset;
      labels.add(label);
    }
    expect(labels).toContain('VolumeHeader.signature');
    expect(labels).toContain('catalog[0].HeaderRecord.treeDepth');
    expect([...labels].some((label) => label.endsWith('.CatalogFolder.folderID'))).toBe(true);
  });
});

async function goldenOf(volume: CorpusVolume): Promise<Golden> {
  const path = new URL(`../golden/hfsplus/${volume.name}.golden.json`, import.meta.url);
  if (asksAgain || !existsSync(path)) writeFileSync(path, `${JSON.stringify(await askReaders(volume), null, 1)}\n`);
  return JSON.parse(readFileSync(path, 'utf8')) as Golden;
}

async function askReaders(volume: CorpusVolume): Promise<Golden> {
  const disk = await volume.open();
  const folder = await temporaryFolder();
  const path = join(folder, 'volume.hfs');
  writeFileSync(path, await disk.read(0, disk.size));
  const reader = NOT_FOR_SEVEN_ZIP.has(volume.name) ? sleuthkit : sevenZip;
  const { entries } = await reader.read({ volume: path } as never, folder);
  const linked = NOT_FOR_FSHFSINFO.has(volume.name) ? [] : (await fshfsinfo.read({ volume: path } as never, folder)).entries;
  const hardLinks = linked
    .filter(({ type, links = 1 }) => type === 'file' && links > 1)
    .map((entry) => ({ path: entry.path.normalize('NFC'), size: entry.content!.size!, md5: entry.content!.md5!, links: entry.links! }));
  return { volumeSha256: await sha256(disk), reader: reader.name, entries: byPath(entries.filter(isShown).map(goldenEntry)), hardLinks };
}

/** The journal's files and the private folders are not shown by a Mac, nor by us. */
function isShown({ path }: SeenEntry): boolean {
  return !['.journal', '.journal_info_block'].includes(path) && !/^(\^{4}|\[|\.)?HFS\+ Private/.test(path);
}

function goldenEntry({ path, type, modified, content, target, resourceFork, attributes }: SeenEntry): GoldenEntry {
  const text = (fork: typeof content) => `${fork!.size} ${fork!.sha256}`;
  return {
    path: path.normalize('NFC'),
    type,
    modified: modified!,
    ...(content ? { content: text(content) } : {}),
    ...(target === undefined ? {} : { target }),
    ...(resourceFork ? { resourceFork: text(resourceFork) } : {}),
    ...(attributes && attributes.size > 0 && type === 'file'
      ? { attributes: Object.fromEntries([...attributes].map(([name, value]) => [name, text(value)])) }
      : {}),
  };
}

async function entriesOf(disk: Disk): Promise<GoldenEntry[]> {
  const entries: GoldenEntry[] = [];
  for await (const { path, entry } of walk((await open(disk)).root)) {
    const attributes: Record<string, string> = {};
    if (entry.type === 'file') for (const [name, value] of entry.xattrs ?? []) attributes[name] = await text(value);
    entries.push({
      path: sevenZip.shownName(path.normalize('NFC')),
      type: entry.type,
      modified: entry.times.modified,
      ...(entry.type === 'file' ? { content: await contentText(entry.content) } : {}),
      ...(entry.type === 'symlink' ? { target: entry.target } : {}),
      ...(entry.type === 'file' && entry.resourceFork ? { resourceFork: await text(entry.resourceFork) } : {}),
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    });
  }
  return entries;
}

/** What 7-Zip cannot show is left out on both sides. */
function comparable(entry: GoldenEntry, linked: ReadonlySet<string>, volume: string): GoldenEntry {
  if (linked.has(entry.path)) return { path: entry.path, type: entry.type, modified: 0 };
  // Compressed by the filesystem: we know the size and refuse the content.
  if (COMPRESSED.has(`${volume}/${entry.path}`))
    return { path: entry.path, type: entry.type, modified: entry.modified, content: (entry.content ?? '').split(' ')[0] };
  return entry;
}

const COMPRESSED = new Set(['hfs-basic-udzo/compressed.txt']);

async function contentText(disk: Disk): Promise<string> {
  try {
    return await text(disk);
  } catch (error) {
    return `${disk.size} ${(error as { code?: string }).code}`;
  }
}

async function text(disk: Disk): Promise<string> {
  return `${disk.size} ${await sha256(disk)}`;
}

async function sha256(disk: Disk): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream(disk)) hash.update(chunk);
  return hash.digest('hex');
}

function byPath<T extends { readonly path: string }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
}
