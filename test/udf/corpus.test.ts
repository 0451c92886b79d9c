/**
 * Every UDF volume of the corpus, alone or beside ISO 9660, and its BIN image: the files are those that 7-Zip extracts, names, sizes and
 * SHA-256, or it is said why not. There is no NRG image in the corpus: test/nrg.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { type FileTree, walk } from '../../src/core/file-tree.ts';
import { open } from '../../src/formats/filesystems/udf/open.ts';
import { compareHybridViews, compareUdfAnchors } from '../../src/seal/hybrid-views.ts';
import { readIsoVolume } from '../../src/seal/iso-volume.ts';
import { openLayers, openVolume } from '../../src/verify/layers.ts';
import { isInstalled, run } from '../interop/tools.ts';
import { contentText, type SeenEntry, seenInFolder } from '../iso9660/judges.ts';
import { corpus, corpusBytes, hasCorpus } from '../support/corpus.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Not read here, by name. */
const REFUSED: Readonly<Record<string, { code: string; why: string }>> = {
  'blkid-udf-bdr-2.60-nero.img': { code: 'E_UDF', why: 'cut short: its partition has 50 GB, the file 1.3 MB' },
};
/**
 * Read here, and not by 7-Zip, which knows no metadata partition and no sectors of 4,096 bytes, and stops at the headers of the last two.
 * All are empty, for Linux too as far as it mounts them.
 */
const UNKNOWN_TO_7ZIP = [
  'blkid-udf-cd-mkudfiso-20100208.img',
  'blkid-udf-hdd-macosx-2.60-4096.img',
  'blkid-udf-hdd-udfclient-0.7.7.img',
  'blkid-udf-multi-0-417-834-genisoimage.img',
  'blkid-udf.img',
];
/** Their views show different files, so that `sign` states nothing of them and `verify --deep` refuses them. */
const DIFFERENT_VIEWS: readonly string[] = ['blkid-udf-multi-0-417-834-genisoimage.img'];

const has7z = isInstalled('7z');
if (!has7z) console.warn('7z is not installed: what it extracts from UDF volumes is not compared');

const images = corpus('iso').map(({ file }) => ({ file, name: file.replace(/^iso\/|\.gz$/g, '').replace(/\.iso$/, '') }));

async function isUdf(bytes: Uint8Array): Promise<boolean> {
  if (String.fromCharCode(...bytes.subarray(32_769, 32_774)) === 'BEA01') return true;
  return readIsoVolume(bytesDisk(bytes)).then(
    ({ udf }) => udf,
    () => false,
  );
}

const volumes: { file: string; name: string; bytes: Uint8Array }[] = [];
for (const image of images) {
  const bytes = corpusBytes(image.file);
  if (await isUdf(bytes)) volumes.push({ ...image, bytes });
}

async function seenByUs({ root }: FileTree): Promise<SeenEntry[]> {
  const seen: SeenEntry[] = [];
  for await (const { path, entry } of walk(root)) {
    const content = entry.type === 'file' ? { content: contentText(await entry.content.read(0, entry.content.size)) } : {};
    seen.push({ path, type: entry.type, ...content });
  }
  return seen.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function seenBy7zip(bytes: Uint8Array, type: string): Promise<SeenEntry[]> {
  const folder = await temporaryFolder();
  const [image, out] = [join(folder, 'image'), join(folder, 'out')];
  writeFileSync(image, bytes);
  mkdirSync(out);
  const { status, stdout, stderr } = run('7z', ['x', '-y', `-t${type}`, `-o${out}`, image]);
  expect(status, stdout + stderr).toBe(0);
  return seenInFolder(out);
}

describe.runIf(hasCorpus)('the corpus', () => {
  test('has UDF volumes, and the lists name what is in it', () => {
    const names = volumes.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of [...Object.keys(REFUSED), ...UNKNOWN_TO_7ZIP, ...DIFFERENT_VIEWS]) expect(names).toContain(name);
  });

  test.each(volumes.filter(({ name }) => REFUSED[name]))('$name is refused', async ({ name, bytes }) => {
    await expect(open(bytesDisk(bytes))).rejects.toMatchObject({ code: REFUSED[name].code, offset: expect.any(Number) });
  });

  const readable = volumes.filter(({ name }) => !REFUSED[name]);
  test.runIf(has7z).each(readable.filter(({ name }) => !UNKNOWN_TO_7ZIP.includes(name)))(
    '$name holds what 7-Zip extracts',
    async ({ bytes }) => {
      expect(await seenByUs(await open(bytesDisk(bytes)))).toEqual(await seenBy7zip(bytes, 'udf'));
    },
  );
  test.each(readable.filter(({ name }) => UNKNOWN_TO_7ZIP.includes(name)))('$name is empty', async ({ bytes }) => {
    expect(await seenByUs(await open(bytesDisk(bytes)))).toEqual([]);
  });
  test.each(readable)('$name: its views agree, or it is named', async ({ name, bytes }) => {
    const disk: Disk = bytesDisk(bytes);
    const isBridge = String.fromCharCode(...bytes.subarray(32_769, 32_774)) === 'CD001';
    const compared = (isBridge ? compareHybridViews : compareUdfAnchors)(disk);
    if (DIFFERENT_VIEWS.includes(name)) await expect(compared).rejects.toMatchObject({ code: 'E_TAMPERED' });
    else await compared;
  });

  test.runIf(has7z)('the BIN image holds what 7-Zip extracts from the data in its sectors', async () => {
    const layers = await openLayers(bytesDisk(corpusBytes('iso/libcdio-isofs-m1.bin.gz')), testPlatform);
    expect(layers.container).toBe('bin');
    const theirs = await seenBy7zip(await layers.disk.read(0, layers.disk.size), 'iso');
    expect(theirs.length).toBeGreaterThan(2);
    expect(await seenByUs(await openVolume(layers))).toEqual(theirs);
  });
});
