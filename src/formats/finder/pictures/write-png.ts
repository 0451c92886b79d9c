/** Writes a PNG of 8 bits with alpha. Source: PNG specification, third edition; each row has the filter that leaves the smallest numbers (12.7). */
import type { Platform } from '../../../core/platform.ts';
import { type Pixels, predicted } from './png.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const FILTERS = [0, 1, 2, 3, 4] as const;
const STEP = 4;

/** The same bytes for the same pixels with one release of the platform. */
export async function encodePng(picture: Pixels, { deflate, crc32 }: Pick<Platform, 'deflate' | 'crc32'>): Promise<Uint8Array> {
  const { width, height } = picture;
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, 6, 0, 0, 0], 8);
  const data = await deflate(filtered(picture), 9);
  const chunks = [chunk('IHDR', header, crc32), chunk('IDAT', data, crc32), chunk('IEND', new Uint8Array(), crc32)];
  const file = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, SIGNATURE.length));
  file.set(SIGNATURE);
  let at = SIGNATURE.length;
  for (const part of chunks) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function chunk(type: string, data: Uint8Array, crc32: Platform['crc32']): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let index = 0; index < 4; index++) bytes[4 + index] = type.charCodeAt(index);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function filtered({ width, height, rgba }: Pixels): Uint8Array {
  const stride = width * STEP;
  const rows = new Uint8Array(height * (stride + 1));
  const trial = new Uint8Array(stride);
  for (let row = 0; row < height; row++) {
    const start = row * (stride + 1);
    let least = Number.POSITIVE_INFINITY;
    for (const filter of FILTERS) {
      const cost = filterRow(rgba, row, stride, filter, trial);
      if (cost >= least) continue;
      least = cost;
      rows[start] = filter;
      rows.set(trial, start + 1);
    }
  }
  return rows;
}

/** @returns the sum of the differences, taken as signed numbers */
function filterRow(rgba: Uint8Array, row: number, stride: number, filter: number, into: Uint8Array): number {
  let cost = 0;
  for (let index = 0; index < stride; index++) {
    const at = row * stride + index;
    const left = index >= STEP ? rgba[at - STEP]! : 0;
    const up = row > 0 ? rgba[at - stride]! : 0;
    const corner = index >= STEP && row > 0 ? rgba[at - stride - STEP]! : 0;
    const difference = (rgba[at]! - predicted(filter, left, up, corner)) & 0xff;
    into[index] = difference;
    cost += difference < 128 ? difference : 256 - difference;
  }
  return cost;
}
