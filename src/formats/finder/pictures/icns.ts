/**
 * Icon files: pictures of one icon in several sizes. Apple documents nothing of the layout; the source is icons that Apple's tools
 * made. Written are PNG pictures in the sizes that the Finder of macOS 10.7 and later takes. Left out: the older types, whose
 * pictures are packed otherwise, are listed and not decoded.
 */
import { DisksealError } from '../../../core/errors.ts';
import type { Platform } from '../../../core/platform.ts';
import type { Pixels } from './png.ts';
import { scaledDown } from './scale.ts';
import { encodePng } from './write-png.ts';

export interface IconPart {
  /** Four characters that say what it is. */
  readonly type: string;
  readonly data: Uint8Array;
}

const MAGIC = 'icns';
const HEADER = 8;
/** Type and pixels. "@2x" sizes have types of their own, though their pixels are those of the next size. */
const SIZES = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
] as const;

/** Pixels of the picture that icons are made from, each way. */
export const ICON_SIZE = 1024;

export function isIcns(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === MAGIC;
}

/** Reads what an icon file holds. @throws DisksealError `E_READ` */
export function readIcns(bytes: Uint8Array): IconPart[] {
  if (bytes.length < HEADER || !isIcns(bytes)) throw malformed('it does not begin as one', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(4) !== bytes.length) throw malformed(`it says that it has ${view.getUint32(4)} bytes, it has ${bytes.length}`, 4);
  const parts: IconPart[] = [];
  for (let at = HEADER; at < bytes.length; ) {
    const length = bytes.length - at < HEADER ? 0 : view.getUint32(at + 4);
    if (length < HEADER || length > bytes.length - at) throw malformed('a part of it is cut short', at);
    parts.push({ type: String.fromCharCode(...bytes.subarray(at, at + 4)), data: bytes.subarray(at + HEADER, at + length) });
    at += length;
  }
  if (parts.length === 0) throw malformed('it has no picture', HEADER);
  return parts;
}

export function writeIcns(parts: readonly IconPart[]): Uint8Array {
  const size = parts.reduce((sum, { data }) => sum + HEADER + data.length, HEADER);
  const file = new Uint8Array(size);
  let at = 0;
  const head = (type: string, length: number): void => {
    for (let index = 0; index < 4; index++) file[at + index] = type.charCodeAt(index);
    new DataView(file.buffer).setUint32(at + 4, length);
    at += HEADER;
  };
  head(MAGIC, size);
  for (const { type, data } of parts) {
    head(type, HEADER + data.length);
    file.set(data, at);
    at += data.length;
  }
  return file;
}

/** An icon in all sizes. @param picture - ICON_SIZE each way */
export async function iconFrom(picture: Pixels, platform: Pick<Platform, 'deflate' | 'crc32'>): Promise<Uint8Array> {
  const bySize = new Map<number, Uint8Array>();
  let larger = picture;
  // From one size to the half of it, so that each pixel is read twice at most.
  for (const size of [...new Set(SIZES.map(([, pixels]) => pixels))].sort((a, b) => b - a)) {
    if (size < larger.width) larger = scaledDown(larger, size, size);
    bySize.set(size, await encodePng(larger, platform));
  }
  return writeIcns(SIZES.map(([type, size]) => ({ type, data: bySize.get(size)! })));
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_READ', `not a sound icon file: ${message}`, { offset });
}
