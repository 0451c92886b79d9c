/** JPEG: the size that a file says it has. Source: ITU-T T.81, B.2.2 (frame header); JFIF 1.02 for the resolution. Pixels are not decoded. */
import { DisksealError } from '../../../core/errors.ts';

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Pixels in an inch, when the file says so. */
  readonly dpi?: number | undefined;
}

const END = 0xd9;
const SCAN = 0xda;
const APP0 = 0xe0;
/** Frame headers; c4, c8 and cc are other things. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Without a length: TEM and restarts. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** @throws DisksealError `E_READ` */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  if (!isJpeg(bytes)) throw malformed('it does not begin as one', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let dpi: number | undefined;
  for (let at = 2; ; ) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) throw malformed('a marker is missing', at);
    const marker = bytes[at + 1]!;
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff || isBare(marker)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (marker === END || marker === SCAN || length < 2 || at + 2 + length > bytes.length) throw malformed('it has no frame', at);
    if (marker === APP0) dpi ??= jfifDpi(view, at + 4, length - 2);
    if (isFrame(marker)) {
      if (length < 8) throw malformed('its frame is cut short', at);
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      if (width === 0 || height === 0) throw malformed('it has no pixels', at);
      return { width, height, dpi };
    }
    at += 2 + length;
  }
}

function jfifDpi(view: DataView, at: number, length: number): number | undefined {
  if (length < 14 || view.getUint32(at) !== 0x4a464946) return undefined;
  const [unit, x, y] = [view.getUint8(at + 7), view.getUint16(at + 8), view.getUint16(at + 10)];
  if (x !== y || x === 0) return undefined;
  return unit === 1 ? x : unit === 2 ? x * 2.54 : undefined;
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_READ', `not a sound JPEG picture: ${message}`, { offset });
}
