/**
 * PNG: what a file says about itself, and its pixels. Source: PNG specification, third edition (W3C, 2025); colours are not converted.
 * Left out: animation (the first picture is taken), and text, gamma and other chunks that do not change a pixel's value.
 */
import { DisksealError } from '../../../core/errors.ts';
import type { Platform } from '../../../core/platform.ts';

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly colorType: number;
  readonly interlaced: boolean;
  /** Pixels in an inch, when the file says so and both directions agree. */
  readonly dpi?: number | undefined;
  /** Whether its colours are those of an ICC profile. */
  readonly profile: boolean;
}

/** Eight bits for each of red, green, blue and alpha (not premultiplied), row by row from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** More than any window or icon needs; four bytes of memory each. */
const MAX_PIXELS = 1 << 25;
const INCH = 0.0254;
/** Samples of a pixel, and the bit depths that they may have. */
const COLOR_TYPES: Record<number, { readonly samples: number; readonly depths: readonly number[] }> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
/** Adam7: first column and row, and the steps, of each pass. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly offset: number;
}

function* chunksOf(bytes: Uint8Array, crc32: Platform['crc32']): Generator<Chunk> {
  if (!isPng(bytes)) throw malformed('it does not begin as one', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = SIGNATURE.length; ; ) {
    if (bytes.length - at < 12) throw malformed('it ends before its end mark', at);
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw malformed('a part of it is cut short', at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) throw malformed(`the checksum of its part ${type} is wrong`, at);
    yield { type, data: bytes.subarray(at + 8, end), offset: at };
    if (type === 'IEND') return;
    at = end + 4;
  }
}

/** Reads the header, and checks that the parts of the file are whole. @throws DisksealError `E_READ` */
export function readPngHeader(bytes: Uint8Array, { crc32 }: Pick<Platform, 'crc32'>): PngHeader {
  return headerOf([...chunksOf(bytes, crc32)]);
}

function headerOf(chunks: readonly Chunk[]): PngHeader {
  const [first] = chunks;
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw malformed('it has no header', SIGNATURE.length);
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [bitDepth, colorType, compression, filter, interlace] = Array.from(first.data.subarray(8)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (width === 0 || height === 0) throw malformed('it has no pixels', first.offset);
  if (width * height > MAX_PIXELS) throw malformed(`${width} by ${height} pixels are too many`, first.offset);
  if (!COLOR_TYPES[colorType]?.depths.includes(bitDepth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw malformed('its header says what no PNG can be', first.offset);
  }
  const physical = chunks.find(({ type, data }) => type === 'pHYs' && data.length === 9)?.data;
  return {
    width,
    height,
    bitDepth,
    colorType,
    interlaced: interlace === 1,
    dpi: physical && dpiOf(physical),
    profile: chunks.some(({ type }) => type === 'iCCP'),
  };
}

function dpiOf(data: Uint8Array): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, 9);
  const perMeter = view.getUint32(0);
  return data[8] === 1 && perMeter > 0 && perMeter === view.getUint32(4) ? perMeter * INCH : undefined;
}

/** Decodes a picture. Memory: some eight bytes a pixel. @throws DisksealError `E_READ` */
export async function decodePng(bytes: Uint8Array, platform: Pick<Platform, 'crc32' | 'inflate'>): Promise<Pixels> {
  const chunks = [...chunksOf(bytes, platform.crc32)];
  const header = headerOf(chunks);
  const { width, height, colorType, bitDepth, interlaced } = header;
  const bits = COLOR_TYPES[colorType]!.samples * bitDepth;
  const passes = (interlaced ? PASSES : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy, columns: Math.ceil((width - x) / dx), rows: Math.ceil((height - y) / dy) }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const size = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + Math.ceil((columns * bits) / 8)), 0);
  const data = await inflated(chunks, size, platform);
  const toRgba = pixelReader(header, chunks);
  const rgba = new Uint8Array(width * height * 4);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows } of passes) {
    const stride = Math.ceil((columns * bits) / 8);
    unfilter(data.subarray(at, at + rows * (stride + 1)), stride, Math.max(1, bits >> 3), at);
    for (let row = 0; row < rows; row++, at += stride + 1) {
      const line = data.subarray(at + 1, at + 1 + stride);
      for (let column = 0; column < columns; column++) toRgba(line, column, rgba, 4 * ((y + row * dy) * width + x + column * dx));
    }
  }
  return { width, height, rgba };
}

async function inflated(chunks: readonly Chunk[], size: number, { inflate }: Pick<Platform, 'inflate'>): Promise<Uint8Array> {
  const parts = chunks.filter(({ type }) => type === 'IDAT');
  const packed = new Uint8Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    packed.set(data, at);
    at += data.length;
  }
  const fail = (cause: unknown): DisksealError => malformed('its pixels cannot be unpacked', parts[0]?.offset ?? 0, cause);
  return inflate(packed, size).catch((cause: unknown) => {
    throw fail(cause);
  });
}

/** Takes the filter of each row off, in place. @param step - bytes from a sample to the same one of the pixel before */
function unfilter(data: Uint8Array, stride: number, step: number, offset: number): void {
  for (let start = 0; start < data.length; start += stride + 1) {
    const filter = data[start]!;
    if (filter > 4) throw malformed(`a row has the unknown filter ${filter}`, offset + start);
    for (let index = 0; index < stride; index++) {
      const at = start + 1 + index;
      const left = index >= step ? data[at - step]! : 0;
      const up = start > 0 ? data[at - stride - 1]! : 0;
      const corner = index >= step && start > 0 ? data[at - stride - 1 - step]! : 0;
      data[at] = data[at]! + predicted(filter, left, up, corner);
    }
  }
}

/** Section 9.2. */
export function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** Puts one pixel of a line at its place. */
type PixelReader = (line: Uint8Array, column: number, rgba: Uint8Array, at: number) => void;

function pixelReader({ colorType, bitDepth }: PngHeader, chunks: readonly Chunk[]): PixelReader {
  const transparent = chunks.find(({ type }) => type === 'tRNS')?.data;
  const { samples } = COLOR_TYPES[colorType]!;
  const sample = sampleReader(bitDepth);
  if (colorType === 3) return paletteReader(sample, chunks, transparent);
  const toByte = bitDepth === 16 ? (value: number) => value >> 8 : (value: number) => (value * 255) / (2 ** bitDepth - 1);
  const hasAlpha = colorType >= 4;
  const colors = hasAlpha ? samples - 1 : samples;
  // One colour that is transparent, at full depth.
  const hole = !hasAlpha && transparent?.length === 2 * colors ? transparent : undefined;
  return (line, column, rgba, at) => {
    const first = column * samples;
    let isHole = hole !== undefined;
    for (let index = 0; index < 3; index++) {
      const value = sample(line, first + (colors === 1 ? 0 : index));
      const own = colors === 1 ? 0 : 2 * index;
      if (hole && value !== ((hole[own]! << 8) | hole[own + 1]!)) isHole = false;
      rgba[at + index] = toByte(value);
    }
    rgba[at + 3] = isHole ? 0 : hasAlpha ? toByte(sample(line, first + colors)) : 255;
  };
}

function sampleReader(bitDepth: number): (line: Uint8Array, index: number) => number {
  if (bitDepth === 8) return (line, index) => line[index]!;
  if (bitDepth === 16) return (line, index) => (line[2 * index]! << 8) | line[2 * index + 1]!;
  const perByte = 8 / bitDepth;
  return (line, index) => (line[Math.floor(index / perByte)]! >> (8 - bitDepth * ((index % perByte) + 1))) & (2 ** bitDepth - 1);
}

function paletteReader(
  sample: (line: Uint8Array, index: number) => number,
  chunks: readonly Chunk[],
  transparent: Uint8Array | undefined,
): PixelReader {
  const palette = chunks.find(({ type }) => type === 'PLTE');
  if (!palette || palette.data.length === 0 || palette.data.length % 3 !== 0) throw malformed('it has no palette', palette?.offset ?? 0);
  const { data, offset } = palette;
  return (line, column, rgba, at) => {
    const color = sample(line, column);
    if (3 * color >= data.length) throw malformed('a pixel has a colour that its palette lacks', offset);
    for (let index = 0; index < 3; index++) rgba[at + index] = data[3 * color + index]!;
    rgba[at + 3] = transparent?.[color] ?? 255;
  };
}

function malformed(message: string, offset: number, cause?: unknown): DisksealError {
  return new DisksealError('E_READ', `not a sound PNG picture: ${message}`, { offset, cause });
}
