/**
 * Room for a seal in a finished ISO image. Best is zero padding at the volume's end that nothing names: nothing else changes. Otherwise
 * the volume grows: the area is appended and the size that the volume descriptors state is raised.
 */
import { type Disk, joinDisks, sliceDisk, zerosDisk } from '../core/disk.ts';
import { partitionMapOf } from '../formats/partitions/open.ts';
import { type Embedding, notEmbeddable, patched } from './embedding.ts';
import { anchorIn } from './iso.ts';
import { usedEnd } from './iso-allocation.ts';
import { type IsoVolume, readIsoVolume, SECTOR, setSpaceSize } from './iso-volume.ts';

/** A volume says its size in 32 bits. */
const MOST_SECTORS = 0xffffffff;

/** @throws DisksealError `E_NO_ROOM` with the reason, and what a damaged image is */
export async function embedInIso(image: Disk): Promise<Embedding> {
  const volume = await readIsoVolume(image);
  if (await hasHfs(image)) throw notEmbeddable('it is an HFS volume as well, which has its second header at its end');
  if (await hasIsoMd5Sum(image, volume)) throw notEmbeddable('it carries a checksum of itself (isomd5sum), which would be wrong');
  const padding = await paddingStart(image, volume);
  const growth = await obstacleToGrowth(image, volume);
  return {
    kind: 'iso',
    about: 'at the end of the volume',
    step: SECTOR,
    around(size) {
      const offset = volume.size - size;
      const isClear = !volume.udf || anchorIn({ offset, size }, image.size) === undefined;
      if (padding !== undefined && offset >= padding && isClear) {
        return { before: sliceDisk(image, 0, offset), after: sliceDisk(image, volume.size, image.size - volume.size) };
      }
      if (growth) throw notEmbeddable(growth);
      return { before: grown(image, volume, size), after: zerosDisk(0) };
    },
  };
}

/** Where the zeros begin that fill the volume to its end and belong to nothing; undefined when that is not known. */
async function paddingStart(image: Disk, volume: IsoVolume): Promise<number | undefined> {
  const used = await usedEnd(image, volume);
  if (used === undefined) return undefined;
  let start = volume.size;
  while (start - SECTOR >= used && (await isZero(image, start - SECTOR, start))) start -= SECTOR;
  return start;
}

async function isZero(image: Disk, from: number, to: number): Promise<boolean> {
  for (let at = from; at < to; at += 1 << 20) {
    const piece = await image.read(at, Math.min(1 << 20, to - at));
    if (piece.some((byte) => byte !== 0)) return false;
  }
  return true;
}

async function obstacleToGrowth(image: Disk, volume: IsoVolume): Promise<string | undefined> {
  if (volume.udf) return 'its UDF volume has an anchor at its end';
  if ((await partitionMapOf(image)) !== 'none' || (await hasPartitionEntries(image)))
    return 'it is a disk with partitions as well, and has no free place at its end';
  if (!(await isZero(image, volume.size, image.size))) return 'something follows its volume';
  if (image.size / SECTOR >= MOST_SECTORS - 2 ** 20) return 'its volume cannot become larger';
  return undefined;
}

/** A hybrid image names itself as a partition that begins at sector 0, which no disk has. */
async function hasPartitionEntries(image: Disk): Promise<boolean> {
  const record = await image.read(0, 512);
  return record[510] === 0x55 && record[511] === 0xaa && record.subarray(446, 510).some((byte) => byte !== 0);
}

/** What stands before the area: the image with descriptors that say the new size. */
function grown(image: Disk, { sized, heads }: IsoVolume, size: number): Disk {
  const padding = (SECTOR - (image.size % SECTOR)) % SECTOR;
  const patches = sized.map((offset, index) => {
    const bytes = heads[index]!.slice();
    setSpaceSize(bytes, image.size + padding + size);
    return { offset, bytes };
  });
  return patched(padding === 0 ? image : joinDisks([image, zerosDisk(padding)]), patches);
}

/** A hybrid without a partition map: the header of HFS or HFS+ stands in the sectors that ISO 9660 leaves to others. */
async function hasHfs(image: Disk): Promise<boolean> {
  const signature = String.fromCharCode(...(await image.read(1024, 2)));
  return ['BD', 'H+', 'HX'].includes(signature);
}

/** implantisomd5 writes into the primary descriptor's application use field (ECMA-119 8.4.32). */
async function hasIsoMd5Sum(image: Disk, { sized }: IsoVolume): Promise<boolean> {
  const text = new TextDecoder('latin1').decode(await image.read(sized[0]! + 883, 512));
  return text.includes('ISO MD5SUM');
}
