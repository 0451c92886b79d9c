/**
 * Damaged volumes: flipped bits, cuts, random bytes. Whatever is asked of them ends soon, in an answer or a DisksealError.
 * The seed is fixed; `FUZZ_SEED` and `FUZZ_RUNS` try others.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { walk } from '../../src/core/file-tree.ts';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { rawFields } from '../../src/formats/filesystems/hfsplus/raw.ts';
import { VOLUME_HEADER_OFFSET, VOLUME_HEADER_SIZE } from '../../src/formats/filesystems/hfsplus/structs.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { VolumeBytes } from '../support/volume-bytes.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20260101);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40);

/** Bytes that are not zero outside of file contents are where damage matters: most places are chosen among them. */
function placesIn(bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = VOLUME_HEADER_OFFSET; at < bytes.length; at++) if (bytes[at] !== 0) places.push(at);
  return places;
}

async function readEverything(disk: Disk): Promise<void> {
  let entries = 0;
  for await (const { entry } of walk((await open(disk, { ignoreJournal: true })).root)) {
    expect(++entries).toBeLessThan(20_000);
    for (const value of entry.xattrs?.values() ?? []) await value.read(0, Math.min(value.size, 4096));
    if (entry.type === 'file') await entry.content.read(0, Math.min(entry.content.size, 4096));
  }
}

async function drain(fields: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of fields);
}

let slowest = 0;

/** Asks everything of a disk; only a DisksealError may come of it. */
async function survives(bytes: Uint8Array, what: string): Promise<void> {
  const disk = bytesDisk(bytes);
  for (const [name, ask] of [
    ['open', readEverything],
    ['check', check],
    ['raw', (disk: Disk) => drain(rawFields(disk))],
  ] as const) {
    const started = performance.now();
    try {
      await ask(disk);
    } catch (error) {
      if (!(error instanceof DisksealError)) throw new Error(`${name} of ${what}: ${String(error)}`, { cause: error });
      expect(['E_HFSPLUS', 'E_UNSUPPORTED', 'E_TRUNCATED'], `${name} of ${what}: ${error.message}`).toContain(error.code);
    }
    const took = performance.now() - started;
    slowest = Math.max(slowest, took);
    expect(took, `${name} of ${what}`).toBeLessThan(1000);
  }
}

function sample() {
  const xattrs = new Map([
    ['small', bytesDisk(new Uint8Array([1, 2, 3]))],
    ['large', bytesDisk(new Uint8Array(5000))],
  ]);
  return tree('Fuzz', [
    file('a', 'content', { xattrs, resourceFork: bytesDisk(new Uint8Array(20)) }),
    file('b', 'linked', { linkGroup: '1' }),
    file('c', 'linked', { linkGroup: '1' }),
    symlink('d', '../somewhere/else'),
    folder('e', [folder('f', [folder('g', [])]), ...Array.from({ length: 60 }, (_, index) => file(`file ${index}`, 'x'))]),
  ]);
}

describe('damaged volumes', () => {
  const volumes: [string, Uint8Array][] = [];
  beforeAll(async () => {
    volumes.push(['a volume of ours', (await VolumeBytes.of(sample())).bytes]);
    volumes.push(['an HFSX volume of ours', (await VolumeBytes.of(sample(), { caseSensitive: true })).bytes]);
    for (const { file: name } of corpus('fs')) {
      if (/hdiutil-empty|rusty-hfsplus-journaled|tika/.test(name)) volumes.push([name, corpusBytes(name)]);
    }
  });

  it('with flipped bits are read, or refused', async () => {
    for (const [name, good] of volumes) {
      const random = randomNumbers(SEED);
      const places = placesIn(good);
      for (let run = 0; run < RUNS; run++) {
        const bytes = good.slice();
        for (let flips = 1 + random(4); flips > 0; flips--) {
          const at = random(4) === 0 ? random(bytes.length) : places[random(places.length)];
          bytes[at] ^= 1 << random(8);
        }
        await survives(bytes, `${name}, run ${run}`);
      }
    }
  });

  it('with fields of extreme values are read, or refused', async () => {
    const values = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    for (const [name, good] of volumes) {
      const random = randomNumbers(SEED + 1);
      const places = placesIn(good);
      for (let run = 0; run < RUNS; run++) {
        const bytes = good.slice();
        const header = VOLUME_HEADER_OFFSET + 4 * random(VOLUME_HEADER_SIZE / 4);
        const at = random(3) === 0 ? header : places[random(places.length)] & ~1;
        if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, values[random(values.length)]);
        await survives(bytes, `${name}, run ${run}`);
      }
    }
  });

  it('with nodes in each other’s places are read, or refused', async () => {
    const [[name, good]] = volumes;
    const volume = new VolumeBytes(good);
    const random = randomNumbers(SEED + 2);
    for (let run = 0; run < RUNS; run++) {
      const bytes = good.slice();
      const nodes = [volume.node('catalog', random(8)), volume.node('catalog', random(8)), volume.node('attributes', 1)];
      bytes.copyWithin(nodes[random(3)], nodes[random(3)], nodes[random(3)] + 4096);
      await survives(bytes, `${name}, run ${run}`);
    }
  });

  it('cut short anywhere are refused', async () => {
    for (const [name, good] of volumes) {
      const random = randomNumbers(SEED + 3);
      for (let run = 0; run < RUNS / 5; run++) await survives(good.slice(0, random(good.length)), `${name}, run ${run}`);
      for (const size of [0, 1, 1023, 1024, 1025, 1535, 1536, 4096]) await survives(good.slice(0, size), `${name}, ${size} bytes`);
    }
  });

  it('of random bytes behind a good header are refused', async () => {
    for (const [name, good] of volumes) {
      const random = randomNumbers(SEED + 4);
      for (let run = 0; run < RUNS / 5; run++) {
        const bytes = Uint8Array.from({ length: 64 << 10 }, () => random(256));
        if (run % 3 !== 0) bytes.set(good.subarray(0, VOLUME_HEADER_OFFSET + VOLUME_HEADER_SIZE));
        if (run % 3 === 2) bytes.set(good.subarray(0, 16 << 10));
        await survives(bytes, `random bytes behind the header of ${name}, run ${run}`);
      }
    }
  });

  it('need no more memory than a good one of their size', async () => {
    const [[, good]] = volumes;
    const before = process.memoryUsage().rss;
    const random = randomNumbers(SEED + 5);
    for (let run = 0; run < 40; run++) {
      const bytes = good.slice();
      new DataView(bytes.buffer).setUint32(VOLUME_HEADER_OFFSET + 4 * random(VOLUME_HEADER_SIZE / 4), 0xffff_ffff);
      await survives(bytes, `run ${run}`);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });
});
