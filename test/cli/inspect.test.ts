/**
 * Golden view: a small sealed image, kept in the repository, beside what `inspect --raw` says of it.
 * `UPDATE_GOLDEN=1` writes image and view anew; a review reads the difference.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { sealedImage } from '../support/sealed-image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GOLDEN = new URL('../golden/inspect/', import.meta.url);
const IMAGE = new URL('hello.dmg.gz', GOLDEN);
const UPDATE = Boolean(process.env['UPDATE_GOLDEN']);
const CORPUS = new URL('../../../shared/corpus/', import.meta.url);

let folder: string;
beforeAll(async () => {
  if (UPDATE) {
    await mkdir(GOLDEN, { recursive: true });
    const made = await sealedImage();
    await writeFile(IMAGE, gzipSync(await readFile(join(made.folder, made.image)), { level: 9 }));
  }
  folder = await temporaryFolder();
  await writeFile(join(folder, 'hello.dmg'), gunzipSync(await readFile(IMAGE)));
});

async function golden(name: string, text: string): Promise<void> {
  const file = new URL(name, GOLDEN);
  if (UPDATE) await writeFile(file, text);
  expect(existsSync(file), `${name} is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(text).toBe(await readFile(file, 'utf8'));
}

describe('the golden image', () => {
  it('field by field', async () => {
    const run = await diskseal(['inspect', 'hello.dmg', '--raw'], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    await golden('hello.raw.txt', run.stdout);
  });

  it('as a summary, and as JSON', async () => {
    const run = await diskseal(['inspect', 'hello.dmg'], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/nothing was verified/) });
    await golden('hello.txt', run.stdout);
    await golden('hello.json', (await diskseal(['inspect', 'hello.dmg', '--json'], { cwd: folder })).stdout);
  });

  it('names each byte of the file and of the disk once, as a field or as a gap', async () => {
    const run = await diskseal(['inspect', 'hello.dmg', '--raw', '--json'], { cwd: folder });
    const { size, fields } = run.json() as { size: number; fields: { space: string; offset: number; length: number; label: string }[] };
    const ends: Record<string, number> = {};
    for (const { space, offset, length } of fields) {
      expect(offset, JSON.stringify({ space, offset })).toBeLessThanOrEqual(ends[space] ?? 0);
      ends[space] = Math.max(ends[space] ?? 0, offset + length);
    }
    const disk = ((await diskseal(['inspect', 'hello.dmg', '--json'], { cwd: folder })).json() as { container: { diskSize: number } })
      .container.diskSize;
    expect(ends).toEqual({ file: size, disk });
    const gaps = fields.filter(({ label, space }) => label === 'gap' && space === 'file');
    expect(gaps, 'in the file only the slack of the seal is unnamed').toHaveLength(1);
  });
});

const hasCorpus = existsSync(CORPUS);
if (!hasCorpus) console.warn('skipped: the corpus of foreign images is not there');
describe.skipIf(!hasCorpus)('foreign images', () => {
  const SEEN: [string, RegExp[]][] = [
    ['dmg/hfs-basic-udzo.dmg', [/^container {3}UDIF/m, /GUID partition table/, /"HFSTEST", HFS\+/]],
    ['dmg/udif-hfsj-udro.dmg', [/^map {9}none$/m, /journaled/]],
    ['dmg/brew-container-apfs.dmg', [/APFS at 20480, which this version does not read/]],
    ['dmg/udif-fat16-zlib.dmg', [/master boot record/, /FAT/]],
    ['iso/isolyzer-iso9660.iso.gz', [/^container {3}none/m, /ISO 9660/]],
    ['fs/dfvfs-hfsplus.raw.gz', [/^container {3}none/m, /HFS\+/]],
    ['fs/opf-hfs-hello.img.gz', [/classic HFS/]],
  ];
  it.each(SEEN)('%s', async (name, patterns) => {
    const source = fileURLToPath(new URL(name, CORPUS));
    const image = join(folder, 'foreign');
    if (name.endsWith('.gz')) await writeFile(image, gunzipSync(await readFile(source)));
    else await copyFile(source, image);
    const run = await diskseal(['inspect', 'foreign'], { cwd: folder });
    expect(run.code, run.stderr).toBe(0);
    for (const pattern of patterns) expect(run.stdout).toMatch(pattern);
    expect((await diskseal(['inspect', 'foreign', '--raw'], { cwd: folder })).code).toBe(0);
  });

  it('whose disk cannot be read still show what they are in', async () => {
    await copyFile(fileURLToPath(new URL('dmg/hfs-basic-ulmo.dmg', CORPUS)), join(folder, 'ulmo.dmg'));
    const run = await diskseal(['inspect', 'ulmo.dmg'], { cwd: folder });
    expect(run).toMatchObject({
      code: 20,
      stdout: expect.stringMatching(/UDIF, holds a disk of/),
      stderr: expect.stringMatching(/LZMA.*E_UNSUPPORTED/),
    });
    const json = await diskseal(['inspect', 'ulmo.dmg', '--json'], { cwd: folder });
    expect(json.json()).toMatchObject({ verified: false, container: { kind: 'udif' }, error: { code: 'E_UNSUPPORTED', path: 'ulmo.dmg' } });
  });
});
