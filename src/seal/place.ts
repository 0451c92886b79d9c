/**
 * Where the seal of an image stands and what it must cover, derived from the image alone: its kind once, one position of the
 * footer for each kind, never a fallback. The statement only repeats what is found here. Source: docs/seal-format.md section 2.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { isUdif } from '../formats/containers/udif/koly.ts';
import { AreaMark, FOOTER_MAGIC, findArea, type SealPlace } from './area.ts';
import { type Coverage, leafCount } from './coverage.ts';
import { dmgCoverage, findDmgSeal, hasDmgSeal } from './dmg.ts';
import { findIsoSeal, ISO_MARK, isoCoverage } from './iso.ts';
import { findRawSeal, rawCoverage } from './raw-image.ts';

export type ImageKind = Coverage['format'];

export type { SealPlace } from './area.ts';

/** 4 TiB: the leaf table of a larger image does not fit one array. */
const SIZE_LIMIT = 2 ** 42;

/**
 * What readers take the file for.
 * @throws DisksealError `E_UNCOVERED` for a file that is two kinds at once
 */
export async function imageKind(image: Disk): Promise<ImageKind> {
  const dmg = await isUdif(image);
  const iso = (await textAt(image, ISO_MARK.offset, ISO_MARK.text.length)) === ISO_MARK.text;
  if (dmg && iso) throw twofold('it ends as a DMG and is an ISO 9660 volume as well', ISO_MARK.offset);
  const kind = dmg ? 'dmg' : iso ? 'iso' : 'raw';
  // A file of 512 bytes that begins with "koly" ends with it too.
  if (image.size > 512 && (await textAt(image, 0, 4)) === 'koly') throw twofold('a second trailer of a DMG stands at its start', 0);
  return kind;
}

async function textAt(image: Disk, offset: number, length: number): Promise<string> {
  return image.size < offset + length ? '' : String.fromCharCode(...(await image.read(offset, length)));
}

function twofold(message: string, offset: number): DisksealError {
  const hint = 'programs would see different content in this file';
  return new DisksealError('E_UNCOVERED', `the file is not one image: ${message}`, { offset, hint });
}

/**
 * Finds the seal in an image. Only the trailer or the volume descriptors, and the area's marks, are read.
 * @returns nothing when there is no seal
 * @throws DisksealError `E_UDIF`, `E_ISO9660`, `E_TRUNCATED`, `E_UNCOVERED`, `E_UNSUPPORTED`, `E_SEAL`, `E_READ`
 */
export async function findSeal(image: Disk): Promise<SealPlace | undefined> {
  const kind = await imageKind(image);
  const found = kind === 'dmg' ? await findDmgSeal(image) : kind === 'iso' ? await findIsoSeal(image) : await findRawSeal(image);
  if (!found) return undefined;
  refuseLarge(found.coverage.imageSize);
  // Where an ISO image ends is known when the statement has said it.
  if (kind !== 'iso') checkTable(found);
  const end = image.size - AreaMark.size;
  const own = found.area.offset + found.area.layout.footer;
  if (own !== end && (await textAt(image, end, FOOTER_MAGIC.length)) === FOOTER_MAGIC) {
    throw new DisksealError('E_UNCOVERED', 'the image has a second seal, at its end', { offset: end });
  }
  return found;
}

/**
 * Whether an image brings a seal, right or not. An image without one need not keep to the rules of those with one: bytes that nothing
 * names, say, which a detached seal covers like all others.
 * @throws DisksealError as `findSeal`, for an image whose place for a seal cannot be told
 */
export async function hasSeal(image: Disk): Promise<boolean> {
  return (await imageKind(image)) === 'dmg' ? hasDmgSeal(image) : (await findSeal(image)) !== undefined;
}

/**
 * The place of a seal that stands in a file of its own: the file is the area, and the image is covered as it is stored.
 * @throws DisksealError `E_NO_SEAL`, `E_UNCOVERED`, `E_UNSUPPORTED`, `E_SEAL`, `E_READ`
 */
export async function detachedPlace(image: Disk, seal: Disk): Promise<SealPlace> {
  refuseLarge(image.size);
  const kind = await imageKind(image);
  const area = await findArea(seal, seal.size);
  if (!area) {
    const hint = 'it is named IMAGE.seal by "diskseal sign --detached"';
    throw new DisksealError('E_NO_SEAL', 'the file that was named as a seal is none', { offset: Math.max(0, seal.size - 64), hint });
  }
  if (area.offset > 0) throw new DisksealError('E_UNCOVERED', `${area.offset} bytes stand before the seal in its file`, { offset: 0 });
  const place = { offset: 0, size: area.layout.size };
  return { area, coverage: coverageOf(kind, 'detached', place, image.size), appleFrame: 0 };
}

/** @throws DisksealError `E_SEAL` when the leaf table has not the length that the coverage asks for */
export function checkTable({ area: { offset, mark }, coverage }: SealPlace): void {
  if (mark.tableLength === 32 * leafCount(coverage.covered)) return;
  throw new DisksealError('E_SEAL', 'the seal is malformed: the leaf table has not the length that the image asks for', { offset });
}

/** What a seal of this size at this place covers. */
export function coverageOf(
  kind: ImageKind,
  placement: Coverage['placement'],
  seal: { readonly offset: number; readonly size: number },
  imageSize: number,
): Coverage {
  if (placement === 'detached') {
    return { format: kind, placement, imageSize, seal, covered: imageSize > 0 ? [[0, imageSize]] : [], masked: [] };
  }
  if (kind === 'dmg') return dmgCoverage(seal, imageSize);
  return kind === 'iso' ? isoCoverage(seal, imageSize) : rawCoverage(seal, imageSize);
}

function refuseLarge(size: number): void {
  if (size > SIZE_LIMIT) throw new DisksealError('E_UNSUPPORTED', `an image of ${size} bytes: at most ${SIZE_LIMIT}`, { offset: 0 });
}
