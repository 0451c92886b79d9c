/** A window's background picture: what kind of file it is, how large it is drawn, and two files of one picture joined. */
import { DisksealError } from '../../../core/errors.ts';
import type { Platform } from '../../../core/platform.ts';
import type { BackgroundFile } from '../dressing.ts';
import { isJpeg, readJpegHeader } from './jpeg.ts';
import { decodePng, isPng, readPngHeader } from './png.ts';
import { isTiff, readTiffHeader, writeTiff } from './tiff.ts';

export interface Background extends BackgroundFile {
  /** As the Finder draws it, in points: pixels at 72 dots an inch. */
  readonly width: number;
  readonly height: number;
  /** What a person may want to know, and the picture goes in all the same. */
  readonly remarks: readonly string[];
}

/** Dots in an inch where a pixel is a point. */
const POINTS = 72;
const RETINA = 2 * POINTS;

/** Takes a picture as it is. @throws DisksealError `E_READ` when it is none, or damaged */
export function backgroundOf(bytes: Uint8Array, platform: Pick<Platform, 'crc32'>): Background {
  if (isPng(bytes)) return { extension: 'png', bytes, ...drawn(readPngHeader(bytes, platform)) };
  if (isJpeg(bytes)) return { extension: 'jpg', bytes, ...drawn(readJpegHeader(bytes)) };
  if (isTiff(bytes)) return { extension: 'tiff', bytes, ...drawn(readTiffHeader(bytes)) };
  throw new DisksealError('E_READ', `it is no picture: ${kindOf(bytes)}`, { hint: 'a background is a PNG, TIFF or JPEG file' });
}

function kindOf(bytes: Uint8Array): string {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 512)).trimStart().toLowerCase();
  if (start === '') return 'it is empty';
  if (/^<(?:!doctype html|html|head|body)\b/.test(start)) return 'it is an HTML page, as a failed download leaves it';
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!doctype svg[^>]*>\s*)?<svg\b/s.test(start)) return 'it is an SVG drawing';
  if (start.startsWith('gif8')) return 'it is a GIF';
  if (start.startsWith('version https://git-lfs')) return 'it is a pointer of Git LFS, the picture was not fetched';
  return 'it begins neither as PNG nor as TIFF nor as JPEG';
}

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly dpi?: number | undefined;
}

function drawn(pictures: Drawn | readonly Drawn[]): Pick<Background, 'width' | 'height' | 'remarks'> {
  const sizes = [pictures].flat().map(({ width, height, dpi = POINTS }) => {
    const points = (pixels: number): number => Math.round((pixels * POINTS) / dpi);
    return { width: points(width), height: points(height), dpi };
  });
  const [first] = sizes;
  const { width, height, dpi } = first!;
  const remarks: string[] = [];
  if (sizes.some((other) => other.width !== width || other.height !== height)) remarks.push('its pictures are not drawn in one size');
  if (sizes.length === 1 && Math.abs(dpi - POINTS) > 0.5 && Math.abs(dpi - RETINA) > 0.5) {
    remarks.push(`it has ${Math.round(dpi)} dots an inch, so it is drawn ${width} by ${height} points large`);
  }
  return { width, height, remarks };
}

/**
 * Joins a picture and the same at twice its size.
 * @throws DisksealError `E_READ` when one is no PNG, or their sizes do not fit
 */
export async function joinedBackground(
  plain: Uint8Array,
  retina: Uint8Array,
  platform: Pick<Platform, 'crc32' | 'inflate'>,
): Promise<Background> {
  const one = readPngHeader(plain, platform);
  const two = readPngHeader(retina, platform);
  if (two.width !== 2 * one.width || two.height !== 2 * one.height) {
    throw new DisksealError(
      'E_READ',
      `it has ${two.width} by ${two.height} pixels, the plain picture ${one.width} by ${one.height}: it must be twice as large`,
      { hint: `make it ${2 * one.width} by ${2 * one.height} pixels, or remove it` },
    );
  }
  const resolutions = [
    { pixels: await decodePng(plain, platform), dpi: POINTS },
    { pixels: await decodePng(retina, platform), dpi: RETINA },
  ];
  const remarks = one.profile || two.profile ? ['its colour profile is left out where two resolutions are joined: save it as sRGB'] : [];
  return { extension: 'tiff', bytes: writeTiff(resolutions), width: one.width, height: one.height, remarks };
}
