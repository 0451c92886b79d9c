/**
 * Every image of the corpus: each view has the tree that another program extracts, or the image is refused, and it is said why.
 * What the programs said is kept in test/golden/iso9660; `UPDATE_GOLDEN=1` asks them again. Where they are installed the kept answers
 * are held against them each time.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { DisksealError, type ErrorCode } from '../../src/core/errors.ts';
import { open, type ViewName, views } from '../../src/formats/filesystems/iso9660/open.ts';
import { isIso9660 } from '../../src/formats/filesystems/iso9660/volume-descriptors.ts';
import { type CorpusFile, corpus, corpusBytes, hasCorpus } from '../support/corpus.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { hasIsoinfo, hasXorriso, type SeenEntry, seenByIsoinfo, seenByUs, seenByXorriso, shownPath } from './judges.ts';

type Golden = Partial<Record<ViewName, readonly SeenEntry[]>>;

/** Refused at once, or at the file that is named. */
const REFUSED: Readonly<Record<string, { code: ErrorCode; why: string; view?: ViewName }>> = {
  'file-x': { code: 'E_ISO9660', why: 'the first 35 kB of an image: its root is not there' },
  'isolyzer-iso9660_nopvd': { code: 'E_ISO9660', why: 'cut short within its first descriptor' },
  'isolyzer-iso9660_trunc': { code: 'E_ISO9660', why: 'cut short: its root is not there' },
  'libcdio-bad-dir': { code: 'E_ISO9660', why: 'the root directory has no records' },
  'libcdio-malformed': { code: 'E_ISO9660', why: 'broken on purpose: blocks of 12336 bytes' },
  'libcdio-malformed2': { code: 'E_ISO9660', why: 'broken on purpose: a directory record of two bytes' },
  'libcdio-copying-rr': { code: 'E_UNSUPPORTED', why: 'device files', view: 'rockRidge' },
};

/** No ISO 9660 volume: UDF alone, raw sectors of 2352 bytes, and a text. */
const OTHER_FORMATS = [
  'blkid-udf-bdr-2.60-nero',
  'blkid-udf-cd-mkudfiso-20100208',
  'blkid-udf-hdd-macosx-2.60-4096',
  'blkid-udf-hdd-mkudffs-1.3-1',
  'blkid-udf-hdd-udfclient-0.7.7',
  'blkid-udf-hdd-win7',
  'isolyzer-udf',
  'libcdio-isofs-m1',
  'libcdio-isofs-m1.cue',
  'libcdio-udf102',
];

/** Listed with their size, and not read: compressed by zisofs, which xorriso inflates. */
const UNREADABLE: Readonly<Record<string, readonly string[]>> = { 'la-iso_zisofs': ['file', 'hardlink', 'zisofs'] };

const images = corpus('iso').map((file) => ({
  file,
  name: file.file.replace(/^iso\/|\.(iso|img|bin)?(\.gz)?$/g, '').replace(/\.(iso|img|bin)$/, ''),
}));
const isImage = ({ name }: { name: string }): boolean =>
  !OTHER_FORMATS.includes(name) && (!REFUSED[name] || REFUSED[name].view !== undefined);

describe.runIf(hasCorpus)('the corpus', () => {
  it('has images, and the lists name what is in it', () => {
    const names = images.map(({ name }) => name);
    expect(images.filter(isImage).length).toBeGreaterThan(30);
    for (const name of [...OTHER_FORMATS, ...Object.keys(REFUSED), ...Object.keys(UNREADABLE)]) expect(names).toContain(name);
  });

  it.each(images.filter(({ name }) => OTHER_FORMATS.includes(name)))('$name is no ISO 9660 volume', async ({ file }) => {
    const disk = bytesDisk(corpusBytes(file.file));
    expect(await isIso9660(disk)).toBe(false);
    await expect(open(disk)).rejects.toMatchObject({ code: 'E_ISO9660' });
  });

  it.each(images.filter(({ name }) => REFUSED[name]))('$name is refused', async ({ file, name }) => {
    const { code, view } = REFUSED[name];
    const error = await everything(file, view).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DisksealError);
    expect(error).toMatchObject({ code, offset: expect.any(Number) as number, field: expect.any(String) as string });
  });
});

async function everything(file: CorpusFile, view?: ViewName): Promise<void> {
  const disk = bytesDisk(corpusBytes(file.file));
  for (const each of view ? [view] : await views(disk)) await seenByUs(disk, each);
}

describe.each(images.filter(isImage))('$name', ({ file, name }) => {
  const comparable = (entries: readonly SeenEntry[]): SeenEntry[] =>
    entries.map((entry) => ({ ...entry, path: shownPath(entry.path) })).sort((a, b) => (a.path + a.type < b.path + b.type ? -1 : 1));

  it('has in every view what another program extracts', async () => {
    const disk = bytesDisk(corpusBytes(file.file));
    const golden = await goldenOf(name, file);
    for (const view of await views(disk)) {
      if (REFUSED[name]?.view === view || !golden[view]) continue;
      const unreadable = view === 'rockRidge' ? (UNREADABLE[name] ?? []) : [];
      const expected = golden[view].map((entry) => (unreadable.includes(entry.path) ? unread(entry) : entry));
      expect(comparable(await seenByUs(disk, view)), view).toEqual(comparable(expected));
    }
  });

  it.runIf(hasXorriso && hasIsoinfo)('is what the other programs still say', async () => {
    expect(await askOthers(file)).toEqual(await goldenOf(name, file));
  });
});

function unread({ content = '', ...entry }: SeenEntry): SeenEntry {
  return { ...entry, content: content.replace(/ .*/, ' E_UNSUPPORTED') };
}

async function goldenOf(name: string, file: CorpusFile): Promise<Golden> {
  const folder = new URL('../golden/iso9660/', import.meta.url);
  const path = new URL(`${name}.golden.json`, folder);
  if (process.env['UPDATE_GOLDEN'] !== undefined || !existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, `${JSON.stringify(await askOthers(file), null, 1)}\n`);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Golden;
}

async function askOthers(file: CorpusFile): Promise<Golden> {
  const folder = await temporaryFolder();
  const path = join(folder, 'image.iso');
  const bytes = corpusBytes(file.file);
  writeFileSync(path, bytes);
  const golden: Golden = {};
  for (const view of await views(bytesDisk(bytes))) {
    // Nobody else shows the tree of an ISO 9660:1999 descriptor by itself.
    if (view === 'enhanced') continue;
    golden[view] = view === 'iso9660' ? seenByIsoinfo(path) : await seenByXorriso(path, view, join(folder, view));
  }
  return golden;
}
