/**
 * Damaged images: flipped bits, numbers of extreme values in both byte orders, sectors in each other's places, cuts, random bytes.
 * Whatever is asked of them ends soon, in an answer or a DisksealError. The seed is fixed; `FUZZ_SEED` and `FUZZ_RUNS` try others.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { walk } from '../../src/core/file-tree.ts';
import { format } from '../../src/formats/filesystems/iso9660/format.ts';
import { open, views } from '../../src/formats/filesystems/iso9660/open.ts';
import { pathTableDifference } from '../../src/formats/filesystems/iso9660/path-tables.ts';
import { rawFields } from '../../src/formats/filesystems/iso9660/raw.ts';
import { SECTOR } from '../../src/formats/filesystems/iso9660/structs.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20260101);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 30);
const FIRST = 16 * SECTOR;

async function readEverything(disk: Disk): Promise<void> {
  for (const view of await views(disk)) {
    let entries = 0;
    for await (const { entry } of walk((await open(disk, { view })).root)) {
      expect(++entries).toBeLessThan(20_000);
      if (entry.type === 'file') await entry.content.read(0, Math.min(entry.content.size, 4096));
    }
  }
}

const codes = new Map<string, number>();

/** Asks everything of a disk; only a DisksealError may come of it. */
async function survives(bytes: Uint8Array, what: string): Promise<void> {
  const started = performance.now();
  try {
    for await (const _ of rawFields(bytesDisk(bytes)));
    await readEverything(bytesDisk(bytes));
    await pathTableDifference(bytesDisk(bytes));
    codes.set('read', (codes.get('read') ?? 0) + 1);
  } catch (error) {
    if (!(error instanceof DisksealError)) throw new Error(`${what}: ${String(error)}`, { cause: error });
    expect(['E_ISO9660', 'E_UNSUPPORTED'], `${what}: ${error.message}`).toContain(error.code);
    expect(error.offset, what).toBeTypeOf('number');
    codes.set(error.message.replace(/\d+|"[^"]*"/g, 'n'), 1);
  }
  expect(performance.now() - started, what).toBeLessThan(1000);
}

function sample() {
  const deep = (depth: number): ReturnType<typeof folder> => folder(`level ${depth}`, depth === 0 ? [] : [deep(depth - 1)]);
  return tree('Fuzz', [
    file('a', 'content'),
    file('b', 'linked', { linkGroup: '1' }),
    file('c', 'linked', { linkGroup: '1' }),
    symlink('d', '../somewhere/else'),
    symlink('long', `${'d/'.repeat(500)}end`),
    file('n'.repeat(250), 'long name'),
    deep(10),
    folder(
      'many',
      Array.from({ length: 80 }, (_, index) => file(`file ${index}`, 'x')),
    ),
  ]);
}

/** Places of 32-bit numbers that stand in both byte orders: damage to one half alone is seen at once. */
function bothEndian(bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = FIRST; at + 8 <= bytes.length; at++) {
    if ([0, 1, 2, 3].every((index) => bytes[at + index] === bytes[at + 7 - index]) && (bytes[at] !== 0 || bytes[at + 1] !== 0))
      places.push(at);
  }
  return places;
}

describe('damaged images', () => {
  const images: [string, Uint8Array][] = [];
  beforeAll(async () => {
    const volume = await format(sample(), { created: NEW_YEAR, padding: 0 });
    images.push(['an image of ours', await volume.read(0, volume.size)]);
    for (const { file: name } of corpus('iso')) {
      if (/rockridge_ce|joliet_long|deep-directory|multi_extent_8k_joliet|apple-su|copying-rr/.test(name))
        images.push([name, corpusBytes(name)]);
    }
  });

  it('with flipped bits are read, or refused', async () => {
    for (const [name, good] of images) {
      const random = randomNumbers(SEED);
      const places = [...good.keys()].slice(FIRST).filter((at) => good[at] !== 0);
      for (let run = 0; run < RUNS; run++) {
        const bytes = good.slice();
        for (let flips = 1 + random(3); flips > 0; flips--) bytes[places[random(places.length)]] ^= 1 << random(8);
        await survives(bytes, `${name}, run ${run}`);
      }
    }
  });

  it('with extreme numbers in both byte orders are read, or refused', async () => {
    for (const [name, good] of images) {
      const random = randomNumbers(SEED + 1);
      const places = bothEndian(good);
      const values = [0, 1, 2047, 2048, 0x7fff_ffff, 0xffff_ffff, good.length, Math.floor(good.length / SECTOR) - 1];
      for (let run = 0; run < 3 * RUNS; run++) {
        const bytes = good.slice();
        for (let changes = 1 + random(2); changes > 0; changes--) {
          const at = places[random(places.length)];
          // One of another place, too: directories, continuations and files then lie upon each other.
          const value =
            random(2) === 0 ? values[random(values.length)] : new DataView(good.buffer).getUint32(places[random(places.length)], true);
          new DataView(bytes.buffer).setUint32(at, value, true);
          new DataView(bytes.buffer).setUint32(at + 4, value);
        }
        await survives(bytes, `${name}, run ${run}`);
      }
    }
  });

  it('with sectors in each other’s places are read, or refused', async () => {
    for (const [name, good] of images) {
      const random = randomNumbers(SEED + 2);
      const used = Array.from({ length: Math.floor(good.length / SECTOR) }, (_, sector) => sector).filter(
        (sector) => sector >= 16 && good.subarray(sector * SECTOR, (sector + 1) * SECTOR).some((byte) => byte !== 0),
      );
      for (let run = 0; run < RUNS / 2; run++) {
        const bytes = good.slice();
        const [to, from] = [used[random(used.length)] * SECTOR, used[random(used.length)] * SECTOR];
        bytes.copyWithin(to, from, from + SECTOR);
        await survives(bytes, `${name}, run ${run}`);
      }
    }
  });

  it('cut short anywhere are read, or refused', async () => {
    for (const [name, good] of images) {
      const random = randomNumbers(SEED + 3);
      for (let run = 0; run < RUNS / 4; run++) await survives(good.slice(0, random(good.length)), `${name}, run ${run}`);
      for (const size of [0, 1, FIRST - 1, FIRST, FIRST + 5, FIRST + SECTOR]) await survives(good.slice(0, size), `${name}, ${size} bytes`);
    }
  });

  it('of random bytes behind good descriptors are refused', async () => {
    for (const [name, good] of images) {
      const random = randomNumbers(SEED + 4);
      for (let run = 0; run < RUNS / 5; run++) {
        const bytes = Uint8Array.from({ length: 96 << 10 }, () => random(256));
        bytes.set(good.subarray(0, FIRST + 4 * SECTOR));
        await survives(bytes, `random bytes behind the descriptors of ${name}, run ${run}`);
      }
    }
  });

  it('met more than a few kinds of refusal, and good answers', () => {
    expect(codes.get('read')).toBeGreaterThan(10);
    expect(codes.size).toBeGreaterThan(12);
  });
});
