/**
 * Reads BIN images: the data of raw sectors as a disk, each sector checked as it is read.
 * Left out: mode 2 and audio tracks, subchannels, images with further tracks.
 */
import { type Disk, opaqueDisk, readRange } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { DATA_SECTOR, decodeSector, RAW_SECTOR } from './sector.ts';

const SYNC = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0);

/** Whether a file begins as raw sectors do. */
export async function isBin(image: Disk): Promise<boolean> {
  if (image.size < RAW_SECTOR) return false;
  const start = await image.read(0, SYNC.length);
  return SYNC.every((byte, index) => start[index] === byte);
}

/** @returns the data of all sectors @throws DisksealError `E_BINCUE` when it is not whole sectors; reading a damaged one later is that too */
export function open(image: Disk): Disk {
  const sectors = image.size / RAW_SECTOR;
  if (!Number.isInteger(sectors)) {
    throw new DisksealError('E_BINCUE', `${image.size} bytes are not whole sectors of ${RAW_SECTOR}`, {
      offset: Math.floor(sectors) * RAW_SECTOR,
      hint: 'the image was cut short, or its track is MODE1/2048: then it is read as an ISO image',
    });
  }
  return opaqueDisk(sectors * DATA_SECTOR, async (position, into) => {
    for (let done = 0; done < into.length; ) {
      const number = Math.floor((position + done) / DATA_SECTOR);
      const within = position + done - number * DATA_SECTOR;
      const raw = await readRange(image, number * RAW_SECTOR, RAW_SECTOR, 'sector');
      const part = decodeSector(raw, number, number * RAW_SECTOR).subarray(within, within + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  });
}
