import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { backgroundOf, joinedBackground } from '../../src/formats/finder/pictures/background.ts';
import { driveWith } from '../../src/formats/finder/pictures/drive.ts';
import { iconFrom, readIcns, writeIcns } from '../../src/formats/finder/pictures/icns.ts';
import { readJpegHeader } from '../../src/formats/finder/pictures/jpeg.ts';
import { decodePng, type Pixels, readPngHeader } from '../../src/formats/finder/pictures/png.ts';
import { scaledDown } from '../../src/formats/finder/pictures/scale.ts';
import { readTiffHeader, writeTiff } from '../../src/formats/finder/pictures/tiff.ts';
import { encodePng } from '../../src/formats/finder/pictures/write-png.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { testPlatform as platform } from '../support/platform.ts';

function pixels(width: number, height: number, alpha = true): Pixels {
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, index) =>
    (index & 3) === 3 && !alpha ? 255 : (index * 37 + (index >> 5)) & 0xff,
  );
  return { width, height, rgba };
}

interface Raw {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  readonly interlace?: number;
  readonly rows: readonly (readonly number[])[];
  readonly chunks?: readonly (readonly [string, readonly number[]])[];
}

/** A PNG put together by hand. */
function png({ width, height, depth, type, interlace = 0, rows, chunks = [] }: Raw): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, interlace], 8);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', header),
      ...chunks.map(([name, data]) => chunk(name, Uint8Array.from(data))),
      chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
}

/** 2835 pixels a metre are 72 an inch, 5669 are 144. */
const dots = (perMetre: number): [string, number[]] => [
  'pHYs',
  [0, 0, perMetre >> 8, perMetre & 255, 0, 0, perMetre >> 8, perMetre & 255, 1],
];

describe('PNG', () => {
  test('what is written is read again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat(255)),
        async (width, height, bytes) => {
          const rgba = Uint8Array.from({ length: width * height * 4 }, () => bytes.next().value);
          expect(await decodePng(await encodePng({ width, height, rgba }, platform), platform)).toEqual({ width, height, rgba });
        },
      ),
      { numRuns: 50 },
    );
  });
  test.each<[string, Raw, number[]]>([
    [
      'grey of 1 bit',
      { width: 3, height: 1, depth: 1, type: 0, rows: [[0, 0b101_00000]] },
      [255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255],
    ],
    [
      'grey of 2 bits with a hole',
      { width: 2, height: 1, depth: 2, type: 0, rows: [[0, 0b0110_0000]], chunks: [['tRNS', [0, 1]]] },
      [85, 85, 85, 0, 170, 170, 170, 255],
    ],
    [
      'grey of 16 bits with alpha',
      { width: 1, height: 1, depth: 16, type: 4, rows: [[0, 0x12, 0x34, 0x80, 0xff]] },
      [0x12, 0x12, 0x12, 0x80],
    ],
    ['colour of 16 bits', { width: 1, height: 1, depth: 16, type: 2, rows: [[0, 1, 9, 2, 9, 3, 9]] }, [1, 2, 3, 255]],
    [
      'palette of 4 bits',
      {
        width: 2,
        height: 1,
        depth: 4,
        type: 3,
        rows: [[0, 0x10]],
        chunks: [
          ['PLTE', [1, 2, 3, 4, 5, 6]],
          ['tRNS', [7]],
        ],
      },
      [4, 5, 6, 255, 1, 2, 3, 7],
    ],
    // Second row: filter Paeth, up.
    [
      'filtered rows',
      {
        width: 1,
        height: 3,
        depth: 8,
        type: 2,
        rows: [
          [1, 10, 20, 30],
          [4, 1, 1, 1],
          [3, 1, 1, 1],
        ],
      },
      [10, 20, 30, 255, 11, 21, 31, 255, 6, 11, 16, 255],
    ],
  ])('%s', async (_, raw, expected) => {
    expect([...(await decodePng(png(raw), platform)).rgba]).toEqual(expected);
  });
  test('interlaced: each pass has its pixels', async () => {
    // Passes 1 (0,0), 6 (1,0), 7 (0,1), (1,1) of two by two.
    const bytes = png({
      width: 2,
      height: 2,
      depth: 8,
      type: 0,
      interlace: 1,
      rows: [
        [0, 1],
        [0, 2],
        [0, 3, 4],
      ],
    });
    expect([...(await decodePng(bytes, platform)).rgba].filter((_, index) => index % 4 === 0)).toEqual([1, 2, 3, 4]);
  });
  test('the resolution is that of pHYs', () => {
    expect(readPngHeader(png({ width: 1, height: 1, depth: 8, type: 0, rows: [[0, 0]], chunks: [dots(5669)] }), platform).dpi).toBeCloseTo(
      144,
      1,
    );
    expect(readPngHeader(png({ width: 1, height: 1, depth: 8, type: 0, rows: [[0, 0]] }), platform).dpi).toBeUndefined();
  });
  test('any changed or missing byte: a picture, or an error of ours', async () => {
    const bytes = await encodePng(pixels(5, 4), platform);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length - 1), fc.nat(255), async (length, at, value) => {
        const damaged = bytes.slice(0, length);
        if (at < length) damaged[at] = value;
        await decodePng(damaged, platform).catch((error: unknown) => expect(error).toMatchObject({ code: 'E_READ' }));
      }),
      { numRuns: 500 },
    );
    const tooLarge = png({ width: 1 << 20, height: 1 << 20, depth: 8, type: 6, rows: [] });
    await expect(decodePng(tooLarge, platform)).rejects.toThrow(/too many/);
  });
});

describe('TIFF', () => {
  const two = writeTiff([
    { pixels: pixels(6, 4), dpi: 72 },
    { pixels: pixels(12, 8), dpi: 144 },
  ]);
  test('has a directory for each resolution, of one size in points', () => {
    expect(readTiffHeader(two)).toEqual([
      { width: 6, height: 4, dpi: 72 },
      { width: 12, height: 8, dpi: 144 },
    ]);
    expect(backgroundOf(two, platform)).toMatchObject({ extension: 'tiff', width: 6, height: 4, remarks: [] });
  });
  test('Python’s reader sees both pictures, with their alpha', ({ skip }) => {
    const found = spawnSync('python3', ['-c', 'import PIL'], { encoding: 'utf8' });
    if (found.status !== 0) {
      console.warn('python3 with Pillow is not here: TIFF files are not shown to another reader');
      skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'diskseal-tiff-'));
    const script =
      'import sys,PIL.Image as I\nf=I.open(sys.argv[1])\nfor n in range(f.n_frames):\n f.seek(n);print(f.mode,f.size,f.info["dpi"],f.tobytes().hex())';
    writeFileSync(join(folder, 'two.tiff'), two);
    const { stdout } = spawnSync('python3', ['-c', script, join(folder, 'two.tiff')], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    const line = (picture: Pixels, dpi: number): string =>
      `RGBA (${picture.width}, ${picture.height}) (${dpi}.0, ${dpi}.0) ${Buffer.from(picture.rgba).toString('hex')}`;
    expect(stdout.trim().split('\n')).toEqual([line(pixels(6, 4), 72), line(pixels(12, 8), 144)]);
  });
  test('without alpha a pixel has three samples', () => {
    const plain = writeTiff([{ pixels: pixels(6, 4, false), dpi: 72 }]);
    const full = writeTiff([{ pixels: pixels(6, 4), dpi: 72 }]);
    expect(full.length - plain.length).toBe(6 * 4 + 12 + 2);
  });
  test('any changed or missing byte: a picture, or an error of ours', () => {
    fc.assert(
      fc.property(fc.nat(two.length), fc.nat(250), fc.nat(255), (length, at, value) => {
        const damaged = two.slice(0, length);
        if (at < length) damaged[at] = value;
        try {
          readTiffHeader(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a background picture', () => {
  const gray = (size: number, chunks: Raw['chunks'] = []): Uint8Array =>
    png({
      width: size,
      height: size,
      depth: 8,
      type: 0,
      rows: Array.from({ length: size }, () => Array.from({ length: size + 1 }, () => 0)),
      chunks,
    });

  test('and the same at twice its size become one TIFF, the same bytes each time', async () => {
    const joined = await joinedBackground(gray(4), gray(8), platform);
    expect(readTiffHeader(joined.bytes)).toEqual([
      { width: 4, height: 4, dpi: 72 },
      { width: 8, height: 8, dpi: 144 },
    ]);
    expect((await joinedBackground(gray(4), gray(8), platform)).bytes).toEqual(joined.bytes);
  });
  test('of another size beside it is refused, with what to do', async () => {
    await expect(joinedBackground(gray(4), gray(9), platform)).rejects.toMatchObject({
      code: 'E_READ',
      message: 'it has 9 by 9 pixels, the plain picture 4 by 4: it must be twice as large',
      hint: 'make it 8 by 8 pixels, or remove it',
    });
  });
  test('is as large as its resolution says', () => {
    expect(backgroundOf(gray(8, [dots(5669)]), platform)).toMatchObject({ width: 4, height: 4, remarks: [] });
    expect(backgroundOf(gray(8, [dots(11811)]), platform)).toMatchObject({
      width: 2,
      remarks: [expect.stringMatching(/300 dots an inch/)],
    });
  });
  test.each([
    ['<!DOCTYPE html><title>404</title>', /HTML page/],
    ['<?xml version="1.0"?><svg xmlns="x"/>', /SVG drawing/],
    ['version https://git-lfs.github.com/spec/v1\n', /Git LFS/],
    ['GIF89a', /GIF/],
    ['', /empty/],
    ['anything', /neither as PNG/],
  ])('that is none is named: %j', (text, message) => {
    expect(() => backgroundOf(new TextEncoder().encode(text), platform)).toThrow(message);
  });
  test('as JPEG has the size of its frame', () => {
    const jfif = 'ffe000104a46494600010101009000900000';
    const frame = 'ffc0000b080102030401011100';
    const bytes = Uint8Array.from(Buffer.from(`ffd8${jfif}${frame}ffda`, 'hex'));
    expect(readJpegHeader(bytes)).toEqual({ width: 0x304, height: 0x102, dpi: 144 });
    expect(backgroundOf(bytes, platform)).toMatchObject({ extension: 'jpg', width: 386, height: 129 });
    for (let length = 0; length < bytes.length - 2; length++)
      expect(() => readJpegHeader(bytes.subarray(0, length))).toThrow(DisksealError);
  });
});

describe('icons', () => {
  test('made smaller, a picture keeps its mean colour, weighed by alpha', () => {
    const half = { width: 2, height: 2, rgba: Uint8Array.of(200, 0, 0, 255, 0, 0, 0, 0, 100, 0, 0, 255, 0, 0, 0, 0) };
    expect(scaledDown(half, 1, 1)).toEqual({ width: 1, height: 1, rgba: Uint8Array.of(150, 0, 0, 128) });
    const flat = { width: 7, height: 5, rgba: Uint8Array.from({ length: 140 }, (_, index) => [9, 80, 200, 130][index & 3]) };
    expect(
      new Set(
        Buffer.from(scaledDown(flat, 3, 2).rgba)
          .toString('hex')
          .match(/.{8}/g),
      ),
    ).toEqual(new Set(['0950c882']));
  });
  test('have all sizes, each a PNG of its own', async () => {
    const drive = driveWith({ width: 1024, height: 1024, rgba: new Uint8Array(1024 * 1024 * 4).fill(200) });
    const parts = readIcns(await iconFrom(drive, platform));
    const sizes = parts.map(({ type, data }) => `${type} ${readPngHeader(data, platform).width}`);
    expect(sizes).toEqual([
      'icp4 16',
      'icp5 32',
      'ic11 32',
      'ic12 64',
      'ic07 128',
      'ic13 256',
      'ic08 256',
      'ic14 512',
      'ic09 512',
      'ic10 1024',
    ]);
    const whole = await decodePng(parts.at(-1)!.data, platform);
    const at = (x: number, y: number): number[] => [...whole.rgba.subarray(4 * (y * 1024 + x), 4 * (y * 1024 + x) + 4)];
    expect(at(0, 0)).toEqual([0, 0, 0, 0]);
    expect(at(512, 900)).toEqual([0, 0, 0, 0]);
    expect(at(512, 700)[3]).toBe(255);
  }, 60_000);
  test.each(
    corpus('finder')
      .filter(({ file }) => file.endsWith('.icns'))
      .map(({ file }) => file),
  )('%s is taken, and comes back the same', (file) => {
    const bytes = corpusBytes(file);
    expect(writeIcns(readIcns(bytes))).toEqual(bytes);
  });
  test.each([
    ['69636e73', /does not begin/],
    ['69636e7300000008', /no picture/],
    ['69636e730000000c', /says that it has/],
    ['69636e730000001069637034000000ff', /cut short/],
    ['69636e73000000106963703400000004', /cut short/],
  ])('%s is refused', (hex, message) => {
    expect(() => readIcns(Uint8Array.from(Buffer.from(hex, 'hex')))).toThrow(message);
  });
});

test('the example’s pictures fit each other', async () => {
  const art = new URL('../../examples/hello/art/', import.meta.url);
  const [plain, retina] = ['background.png', 'background@2x.png'].map((name) => new Uint8Array(readFileSync(new URL(name, art))));
  expect(await joinedBackground(plain, retina, platform)).toMatchObject({ width: 640, height: 400, remarks: [] });
});
