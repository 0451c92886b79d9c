import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { open as openBin } from '../../src/formats/containers/bincue/open.ts';
import { isNrg } from '../../src/formats/containers/nrg/chunks.ts';
import { open } from '../../src/formats/containers/nrg/open.ts';
import { rawFields } from '../../src/formats/containers/nrg/raw.ts';
import { isInstalled } from '../interop/tools.ts';
import { chunk, type NrgRecipe, nrgImage, rawSectors, withFooter } from '../support/nrg-image.ts';
import { smallIso } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ISO = smallIso();
const RECIPES: readonly NrgRecipe[] = [1, 2].flatMap((version) =>
  (['disc at once', 'track at once'] as const).flatMap((session) =>
    [false, true].flatMap((raw) => [0, 150].map((gap) => ({ version: version as 1 | 2, session, raw, gap }))),
  ),
);

const bytesOf = (disk: Disk): Promise<Uint8Array> => disk.read(0, disk.size);
const opened = (bytes: Uint8Array) => open(bytesDisk(bytes));

describe('NRG images', () => {
  test.each(RECIPES)('version $version, $session, raw sectors: $raw, a gap of $gap sectors', async (recipe) => {
    const image = nrgImage(ISO, recipe);
    expect(await isNrg(bytesDisk(image))).toBe(true);
    const { disk, position, sectorSize } = await opened(image);
    expect({ position, sectorSize }).toEqual({ position: (recipe.gap ?? 0) * sectorSize, sectorSize: recipe.raw ? 2352 : 2048 });
    expect(Buffer.from(await bytesOf(disk)).equals(recipe.raw ? rawSectors(ISO) : ISO)).toBe(true);
  });
  test('other files are none', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(11), new Uint8Array(4096), ISO])
      expect(await isNrg(bytesDisk(bytes))).toBe(false);
    await expect(opened(ISO)).rejects.toMatchObject({ code: 'E_NRG' });
    await expect(opened(new Uint8Array())).rejects.toMatchObject({ code: 'E_NRG', offset: 0 });
  });
  test('the raw view names every byte behind the gap, in order', async () => {
    for (const recipe of RECIPES) {
      const image = nrgImage(ISO, recipe);
      let end = (recipe.gap ?? 0) * (recipe.raw ? 2352 : 2048);
      for await (const { offset, bytes, length } of rawFields(bytesDisk(image))) {
        expect(offset).toBe(end);
        end += length ?? bytes.length;
      }
      expect(end).toBe(image.length);
    }
  });
  test.each<[string, NrgRecipe, string]>([
    ['audio', { mode: 7 }, 'audio'],
    ['raw sectors of mode 2', { mode: 6, raw: true }, 'raw mode 2 sectors'],
    ['subchannels', { mode: 0x0f, raw: true }, 'subchannels'],
    ['a mode that nobody knows', { mode: 0x55, session: 'track at once' }, 'mode 85'],
    ['several tracks', { tracks: 2 }, 'several tracks'],
    ['several sessions', { sessions: 2 }, '2 sessions'],
  ])('%s: refused by name', async (_, recipe, name) => {
    await expect(opened(nrgImage(ISO, recipe))).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      message: expect.stringContaining(name),
      offset: expect.any(Number),
    });
  });
});

describe('malformed NRG images', () => {
  const data = new Uint8Array(2048);
  const made = (...chunks: Uint8Array[]): Uint8Array => withFooter(Buffer.concat([data, ...chunks]), data.length);
  const track = (position: number, length: number): Uint8Array => {
    const entry = new Uint8Array(32);
    new DataView(entry.buffer).setBigUint64(0, BigInt(position));
    new DataView(entry.buffer).setBigUint64(8, BigInt(length));
    return chunk('ETN2', entry);
  };
  const patched = (recipe: NrgRecipe, at: number, bytes: readonly number[]): Uint8Array => {
    const image = nrgImage(data, recipe);
    image.set(bytes, at < 0 ? image.length + at : at);
    return image;
  };
  const end = chunk('END!');
  test('one made of these parts is read', async () => {
    expect((await opened(made(track(0, 2048), end))).disk.size).toBe(2048);
  });
  test.each<[string, Uint8Array]>([
    ['chunks behind the file', patched({}, -4, [1, 0, 0, 0])],
    ['chunks that begin beyond 2^53', patched({}, -8, [255, 255, 255, 255])],
    ['no last chunk', made(track(0, 2048))],
    ['a chunk that leaves the file', made(track(0, 2048), chunk('SINF').fill(255, 4), end)],
    ['bytes behind the last chunk', made(track(0, 2048), end, new Uint8Array(3))],
    ['more chunks than there are', made(...Array.from({ length: 1025 }, () => chunk('SINF')), end)],
    ['no track chunk', made(end)],
    ['a session without a track', made(chunk('ETN2'), end)],
    ['half an entry', made(chunk('ETN2', new Uint8Array(33)), end)],
    ['less than a head', made(chunk('DAOX', new Uint8Array(8)), end)],
    ['a track that leaves the data', made(track(0, 4096), end)],
    ['a track that begins behind the data', made(track(4096, 0), end)],
    ['a track of half a sector', made(track(0, 1024), end)],
    ['a track that ends before it begins', patched({ gap: 1 }, 4096 + 40 + 8 + 22 + 34, [0, 0, 0, 0, 0, 0, 0, 8])],
    ['another size of a sector than the mode means', patched({}, 2048 + 40 + 8 + 22 + 12, [9, 0x30])],
  ])('%s', async (name, image) => {
    const code = name.includes('2^53') ? 'E_UNSUPPORTED' : 'E_NRG';
    await expect(opened(image)).rejects.toMatchObject({ code, offset: expect.any(Number) });
  });
  test('cut anywhere behind the data it is refused', async () => {
    const image = nrgImage(ISO, { gap: 2 });
    for (let size = ISO.length + 4096; size < image.length; size++) {
      await expect(opened(image.slice(0, size)), `${size}`).rejects.toMatchObject({ code: 'E_NRG' });
    }
  });
});

describe('other programs', () => {
  const judges = ['nrg2iso', 'iat', 'cd-info'].filter(isInstalled);
  if (judges.length < 3) console.warn('nrg2iso, iat or cd-info (libcdio-utils) is not installed: they are not asked about NRG images');

  test.runIf(judges.includes('nrg2iso'))('nrg2iso takes the same ISO image out of it', async () => {
    const folder = await temporaryFolder();
    for (const version of [1, 2] as const) {
      const path = join(folder, `v${version}.nrg`);
      writeFileSync(path, nrgImage(ISO, { version, gap: 150 }));
      const { status, stdout } = spawnSync('nrg2iso', [path, `${path}.iso`], { encoding: 'utf8' });
      expect(status, stdout).toBe(0);
      // It copies to the end of the file, chunks included.
      const theirs = readFileSync(`${path}.iso`).subarray(0, ISO.length);
      expect(Buffer.from(await bytesOf((await opened(new Uint8Array(readFileSync(path)))).disk)).equals(theirs)).toBe(true);
    }
  });
  test.runIf(judges.includes('iat'))('iat makes the same ISO image of it, from raw sectors too', async () => {
    const path = join(await temporaryFolder(), 'image.nrg');
    for (const recipe of RECIPES.filter(({ gap }) => gap === 150)) {
      writeFileSync(path, nrgImage(ISO, recipe));
      spawnSync('iat', ['-i', path, '-o', `${path}.iso`, '--iso']);
      const { disk, sectorSize } = await opened(new Uint8Array(readFileSync(path)));
      const ours = await bytesOf(sectorSize === 2352 ? openBin(disk) : disk);
      expect(readFileSync(`${path}.iso`).equals(Buffer.from(ours)), JSON.stringify(recipe)).toBe(true);
    }
  });
  test.runIf(judges.includes('cd-info'))('libcdio sees one data track of as many sectors', async () => {
    const path = join(await temporaryFolder(), 'image.nrg');
    writeFileSync(path, nrgImage(ISO, { gap: 150 }));
    const { stdout } = spawnSync('cd-info', ['-N', path, '--no-cddb', '--no-device-info'], { encoding: 'utf8' });
    expect(stdout).toMatch(/1: 00:02:00 {2}000000 data/);
    expect(stdout).toMatch(new RegExp(`0*${ISO.length / 2048} leadout`));
  });
});
