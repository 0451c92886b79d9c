/**
 * TIFF: the size of each picture in a file, and a file of one picture at two resolutions, as the Finder takes it for a window's
 * background on plain and Retina screens. Source: TIFF revision 6.0; the layout of such files as Apple's tiffutil makes them: one
 * directory for each resolution, of equal size in points. Pixels are written plain: the container packs them.
 */
import { DisksealError } from '../../../core/errors.ts';
import type { Pixels } from './png.ts';

export interface TiffPicture {
  readonly width: number;
  readonly height: number;
  /** Pixels in an inch; absent: the file does not say, 72 is meant. */
  readonly dpi?: number | undefined;
}

const Tag = {
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planar: 284,
  resolutionUnit: 296,
  extraSamples: 338,
} as const;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const HEADER = 8;
const ENTRY = 12;
const MAX_PICTURES = 64;
const MAX_ENTRIES = 4096;

export function isTiff(bytes: Uint8Array): boolean {
  const mark = String.fromCharCode(...bytes.subarray(0, 4));
  return mark === 'II*\0' || mark === 'MM\0*';
}

/** Reads sizes and resolutions; strips are checked to lie in the file. @throws DisksealError `E_READ` */
export function readTiffHeader(bytes: Uint8Array): TiffPicture[] {
  if (bytes.length < HEADER || !isTiff(bytes)) throw malformed('it does not begin as one', 0);
  const reader = new DirectoryReader(bytes);
  const pictures: TiffPicture[] = [];
  const visited = new Set<number>();
  for (let at = reader.word(4); at !== 0; ) {
    if (visited.has(at) || pictures.length === MAX_PICTURES) throw malformed('its list of pictures has no end', at);
    visited.add(at);
    const { picture, next } = reader.directory(at);
    pictures.push(picture);
    at = next;
  }
  if (pictures.length === 0) throw malformed('it has no picture', 4);
  return pictures;
}

class DirectoryReader {
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = bytes[0] === 0x49;
  }

  word(at: number): number {
    this.#within(at, 4);
    return this.#view.getUint32(at, this.#little);
  }

  directory(at: number): { picture: TiffPicture; next: number } {
    const count = this.#short(at);
    if (count > MAX_ENTRIES) throw malformed('a directory has too many entries', at);
    const values = new Map<number, number[]>();
    for (let index = 0; index < count; index++) {
      const entry = at + 2 + index * ENTRY;
      values.set(this.#short(entry), this.#values(entry));
    }
    const [width = 0] = values.get(Tag.imageWidth) ?? [];
    const [height = 0] = values.get(Tag.imageLength) ?? [];
    if (width === 0 || height === 0) throw malformed('a picture has no size', at);
    this.#checkStrips(values.get(Tag.stripOffsets) ?? [], values.get(Tag.stripByteCounts) ?? [], at);
    const [resolution] = values.get(Tag.xResolution) ?? [];
    const [unit = 2] = values.get(Tag.resolutionUnit) ?? [];
    const dpi = resolution === undefined || unit === 1 ? undefined : unit === 3 ? resolution * 2.54 : resolution;
    return { picture: { width, height, dpi }, next: this.word(at + 2 + count * ENTRY) };
  }

  #checkStrips(offsets: readonly number[], lengths: readonly number[], at: number): void {
    for (const [index, offset] of offsets.entries()) {
      if (offset + (lengths[index] ?? 0) > this.#view.byteLength) throw malformed('its pixels are cut short', at);
    }
  }

  /** Whole numbers and fractions; of other types nothing. */
  #values(entry: number): number[] {
    const type = this.#short(entry + 2);
    const count = this.word(entry + 4);
    const size = type === SHORT ? 2 : type === LONG ? 4 : type === RATIONAL ? 8 : 0;
    if (size === 0) return [];
    const at = count * size <= 4 ? entry + 8 : this.word(entry + 8);
    this.#within(at, count * size);
    return Array.from({ length: count }, (_, index) => {
      const place = at + index * size;
      if (type === SHORT) return this.#short(place);
      return type === LONG ? this.word(place) : this.word(place) / (this.word(place + 4) || 1);
    });
  }

  #short(at: number): number {
    this.#within(at, 2);
    return this.#view.getUint16(at, this.#little);
  }

  #within(at: number, length: number): void {
    if (at + length > this.#view.byteLength) throw malformed('it is cut short', at);
  }
}

export interface Resolution {
  readonly pixels: Pixels;
  readonly dpi: number;
}

/** A file with a directory for each resolution. */
export function writeTiff(resolutions: readonly Resolution[]): Uint8Array {
  const parts = resolutions.map((resolution) => layOut(resolution));
  const size = parts.reduce((sum, part) => sum + part.size, HEADER);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set([0x4d, 0x4d, 0, 0x2a]);
  view.setUint32(4, HEADER);
  let at = HEADER;
  for (const [index, part] of parts.entries()) {
    part.write(file, view, at, index === parts.length - 1);
    at += part.size;
  }
  return file;
}

/** Directory, what does not fit into its entries, pixels: each begins at an even place (TIFF 6.0, section 2). */
function layOut({ pixels, dpi }: Resolution) {
  const { width, height, rgba } = pixels;
  const hasAlpha = rgba.some((value, index) => (index & 3) === 3 && value !== 255);
  const samples = hasAlpha ? 4 : 3;
  const data = hasAlpha ? rgba : withoutAlpha(rgba);
  const entries: [tag: number, type: number, values: readonly number[]][] = [
    [Tag.imageWidth, LONG, [width]],
    [Tag.imageLength, LONG, [height]],
    [Tag.bitsPerSample, SHORT, Array.from({ length: samples }, () => 8)],
    [Tag.compression, SHORT, [1]],
    [Tag.photometric, SHORT, [2]],
    [Tag.stripOffsets, LONG, [0]],
    [Tag.samplesPerPixel, SHORT, [samples]],
    [Tag.rowsPerStrip, LONG, [height]],
    [Tag.stripByteCounts, LONG, [data.length]],
    [Tag.xResolution, RATIONAL, [dpi, 1]],
    [Tag.yResolution, RATIONAL, [dpi, 1]],
    [Tag.planar, SHORT, [1]],
    [Tag.resolutionUnit, SHORT, [2]],
    // 2: alpha that is not multiplied into the colours.
    ...(hasAlpha ? [[Tag.extraSamples, SHORT, [2]] as [number, number, number[]]] : []),
  ];
  const directory = 2 + entries.length * ENTRY + 4;
  const outside = entries.reduce((sum, [, type, values]) => sum + outsideSize(type, values), 0);
  return {
    size: even(directory + outside + data.length),
    write(file: Uint8Array, view: DataView, start: number, isLast: boolean): void {
      view.setUint16(start, entries.length);
      let free = start + directory;
      for (const [index, [tag, type, values]] of entries.entries()) {
        const at = start + 2 + index * ENTRY;
        view.setUint16(at, tag);
        view.setUint16(at + 2, type);
        view.setUint32(at + 4, type === RATIONAL ? values.length / 2 : values.length);
        const room = outsideSize(type, values);
        if (room > 0) view.setUint32(at + 8, free);
        const numbers = tag === Tag.stripOffsets ? [start + directory + outside] : values;
        putValues(view, room > 0 ? free : at + 8, type, numbers);
        free += room;
      }
      view.setUint32(start + 2 + entries.length * ENTRY, isLast ? 0 : start + even(directory + outside + data.length));
      file.set(data, start + directory + outside);
    },
  };
}

function putValues(view: DataView, at: number, type: number, values: readonly number[]): void {
  for (const [index, value] of values.entries()) {
    if (type === SHORT) view.setUint16(at + 2 * index, value);
    else view.setUint32(at + 4 * index, value);
  }
}

/** Bytes behind the directory; up to four stand in the entry itself. */
function outsideSize(type: number, values: readonly number[]): number {
  const size = values.length * (type === SHORT ? 2 : 4);
  return size <= 4 ? 0 : even(size);
}

function even(size: number): number {
  return size + (size & 1);
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_READ', `not a sound TIFF picture: ${message}`, { offset });
}
