/**
 * As much of an ISO 9660 image as the place of a seal depends on: the volume's size, from its descriptors, and whether another
 * filesystem shares it. Sources: ECMA-119 8.1 to 8.4 (descriptors), ECMA-167 2/8 (UDF's recognition sequence, which follows them).
 */
import { type Disk, readRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';

export const SECTOR = 2048;
const FIRST = 16;
/** Descriptors of one volume, and sectors behind them that are searched for UDF's. Real ones have fewer than ten. */
const LIMIT = 64;

const Type = { boot: 0, primary: 1, supplementary: 2, terminator: 255 } as const;
/** Volume space size (8.4.8) and logical block size (8.4.12), both in both byte orders. Bytes from the descriptor's start. */
const SPACE_SIZE = 80;
const BLOCK_SIZE = 128;

export interface IsoVolume {
  /** Bytes of the volume, from the start of the image. */
  readonly size: number;
  /** Positions of the descriptors that say the volume's size: the primary one and those of other views that say the same. */
  readonly sized: readonly number[];
  /** The first bytes of each of these, as far as the size goes. */
  readonly heads: readonly Uint8Array[];
  /** Position after the set's terminator. */
  readonly descriptorsEnd: number;
  /** The image is a UDF volume too. */
  readonly udf: boolean;
}

/** @throws DisksealError `E_ISO9660`, `E_UNSUPPORTED`, `E_UNCOVERED` for a second primary descriptor, `E_TRUNCATED` for a volume cut short */
export async function readIsoVolume(image: Disk): Promise<IsoVolume> {
  const sized: number[] = [];
  const heads: Uint8Array[] = [];
  let blocks: number | undefined;
  let at = FIRST * SECTOR;
  for (let count = 0; ; count++, at += SECTOR) {
    if (count === LIMIT) throw malformed(`after ${LIMIT} volume descriptors there is no end of them`, at);
    const descriptor = await readRange(image, at, SECTOR, 'volume descriptor');
    if (text(descriptor) !== 'CD001') throw malformed('the volume descriptors have no end', at);
    const type = descriptor[0];
    if (type === Type.terminator) break;
    if (count === 0 && type !== Type.primary) throw malformed('the first volume descriptor is not the primary one', at);
    if (type === Type.primary && blocks !== undefined) {
      throw new DisksealError('E_UNCOVERED', 'the image has a second primary volume descriptor', {
        offset: at,
        hint: 'programs would see different content in this file',
      });
    }
    if (type !== Type.primary && type !== Type.supplementary) continue;
    const own = spaceSize(descriptor, at);
    blocks ??= own;
    if (own !== blocks) continue;
    sized.push(at);
    heads.push(descriptor.slice(0, SPACE_SIZE + 8));
  }
  const size = blocks! * SECTOR;
  if (size > image.size) {
    throw new DisksealError('E_TRUNCATED', `the volume has ${size} bytes, the file ${image.size}`, {
      offset: image.size,
      hint: 'the file may be cut short: compare its size with the published one',
    });
  }
  return { size, sized, heads, descriptorsEnd: at + SECTOR, udf: await hasUdf(image, at + SECTOR) };
}

/** Sectors. */
function spaceSize(descriptor: Uint8Array, offset: number): number {
  const view = new DataView(descriptor.buffer, descriptor.byteOffset);
  const blocks = view.getUint32(SPACE_SIZE, true);
  if (blocks !== view.getUint32(SPACE_SIZE + 4)) {
    throw malformed('the volume has two sizes, one in each byte order', offset + SPACE_SIZE);
  }
  const blockSize = view.getUint16(BLOCK_SIZE, true);
  if (blockSize !== view.getUint16(BLOCK_SIZE + 2)) throw malformed('the volume has two sizes of a block', offset + BLOCK_SIZE);
  if (blockSize !== SECTOR) {
    throw new DisksealError('E_UNSUPPORTED', `an ISO 9660 volume with blocks of ${blockSize} bytes`, { offset: offset + BLOCK_SIZE });
  }
  return blocks;
}

/** Puts another size, in bytes, into a descriptor. */
export function setSpaceSize(descriptor: Uint8Array, size: number): void {
  const view = new DataView(descriptor.buffer, descriptor.byteOffset);
  view.setUint32(SPACE_SIZE, size / SECTOR, true);
  view.setUint32(SPACE_SIZE + 4, size / SECTOR);
}

/** Readers stop where a sector has no identifier; Linux goes on behind those that it does not know. */
async function hasUdf(image: Disk, start: number): Promise<boolean> {
  const end = Math.min(image.size, (FIRST + LIMIT) * SECTOR);
  for (let at = start; at + SECTOR <= end; at += SECTOR) {
    const head = await image.read(at, 6);
    if (head[1] === 0) return false;
    if (['NSR02', 'NSR03'].includes(text(head))) return true;
  }
  return false;
}

/** The standard identifier, in the second to sixth byte. */
function text(sector: Uint8Array): string {
  return String.fromCharCode(...sector.subarray(1, 6));
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_ISO9660', message, { offset, field: 'volume descriptor' });
}
