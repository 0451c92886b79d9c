/**
 * Where a seal stands in a UDIF image (between data fork and plist) and what it must cover: everything else.
 * The verifier derives this from the trailer and the file's size; the statement only repeats it. Source: docs/seal-format.md section 2.
 */
import { type Disk, joinDisks, readRange, sliceDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { KolyTrailer } from '../formats/containers/udif/structs.ts';
import { AreaMark, FOOTER_MAGIC, findArea, type SealPlace } from './area.ts';
import type { Coverage, Range } from './coverage.ts';

/** codeSignatureOffset and codeSignatureLength in the trailer: Apple's signing writes them after the seal was made. */
const MASK_OFFSET = 296;
const MASK_LENGTH = 16;

/** What a seal at this place covers. All numbers are bytes in sealed coordinates. */
export function dmgCoverage(seal: { offset: number; size: number }, imageSize: number): Coverage {
  const xmlOffset = seal.offset + seal.size;
  const covered: Range[] = [
    [0, seal.offset],
    [xmlOffset, imageSize - xmlOffset],
  ];
  const masked: Range[] = [[imageSize - KolyTrailer.size + MASK_OFFSET, MASK_LENGTH]];
  return { format: 'dmg', placement: 'embedded', imageSize, seal, covered: covered.filter(([, length]) => length > 0), masked };
}

/**
 * Finds the seal of a DMG. Only the trailer and the area's marks are read.
 * @returns nothing when there is no seal
 * @throws DisksealError `E_UDIF`, `E_UNCOVERED`, `E_SEAL`, `E_READ`
 */
export async function findDmgSeal(image: Disk): Promise<SealPlace | undefined> {
  const trailerOffset = image.size - KolyTrailer.size;
  const encoded = await readRange(image, trailerOffset, KolyTrailer.size, 'KolyTrailer');
  const koly = KolyTrailer.read(encoded, 0, trailerOffset);
  const appleFrame = frameLength(koly, trailerOffset);
  const imageSize = image.size - appleFrame;
  const area = await findArea(image, checkedXmlOffset(koly, trailerOffset));
  if (!area) return undefined;
  const { offset } = area;
  if (koly.dataForkOffset !== 0 || koly.dataForkLength !== offset)
    throw uncovered('the data fork does not end where the seal begins', offset);
  // Signatures can be added to a seal by anyone: a reader that prefers the classic fork must find none there.
  if (koly.rsrcForkLength > 0 && koly.rsrcForkOffset < koly.xmlOffset && koly.rsrcForkOffset + koly.rsrcForkLength > offset)
    throw uncovered('the resource fork lies in the seal', offset);
  return { area, coverage: dmgCoverage({ offset, size: area.layout.size }, imageSize), appleFrame };
}

/** Whether a footer stands where a DMG has it, however odd the rest may be. @throws DisksealError `E_UDIF`, `E_READ` */
export async function hasDmgSeal(image: Disk): Promise<boolean> {
  const trailerOffset = image.size - KolyTrailer.size;
  const koly = KolyTrailer.read(await image.read(trailerOffset, KolyTrailer.size), 0, trailerOffset);
  const at = checkedXmlOffset(koly, trailerOffset) - AreaMark.size;
  return at >= 0 && String.fromCharCode(...(await image.read(at, FOOTER_MAGIC.length))) === FOOTER_MAGIC;
}

/** The image in sealed coordinates. */
export function withoutFrame(image: Disk, appleFrame: number): Disk {
  const trailer = image.size - KolyTrailer.size;
  return joinDisks([sliceDisk(image, 0, trailer - appleFrame), sliceDisk(image, trailer, KolyTrailer.size)]);
}

function checkedXmlOffset(koly: KolyTrailer, trailerOffset: number): number {
  if (koly.xmlOffset > trailerOffset || koly.xmlLength > trailerOffset - koly.xmlOffset) {
    throw new DisksealError('E_UDIF', 'the property list leaves the image', {
      offset: trailerOffset + 216,
      field: 'KolyTrailer.xmlOffset',
    });
  }
  return koly.xmlOffset;
}

/** The bytes between the last fork and the trailer must be exactly what the trailer calls a code signature, or none. */
function frameLength(koly: KolyTrailer, trailerOffset: number): number {
  const xmlEnd = checkedXmlOffset(koly, trailerOffset) + koly.xmlLength;
  const end = koly.rsrcForkLength > 0 && koly.rsrcForkOffset === xmlEnd ? xmlEnd + koly.rsrcForkLength : xmlEnd;
  const { codeSignatureOffset: offset, codeSignatureLength: length } = koly;
  if (offset === 0 && length === 0) {
    if (end !== trailerOffset)
      throw uncovered(`${trailerOffset - end} bytes before the trailer belong to nothing`, Math.min(end, trailerOffset));
    return 0;
  }
  // Two numbers that name an empty place would be a second form of "none", with a value that no digest covers.
  if (length === 0 || offset !== end || offset + length !== trailerOffset)
    throw uncovered('the code signature does not fill its place exactly', end);
  return length;
}

function uncovered(message: string, offset: number): DisksealError {
  return new DisksealError('E_UNCOVERED', message, { offset, hint: 'something was added to the image after it was sealed' });
}
