/**
 * Room for a seal behind a raw disk: what is appended lies beyond the last partition, or beyond the end that a FAT volume gives itself.
 * A GUID partition table has its copy in the disk's last sectors, a bare HFS+ or APFS volume counts from its end, and of anything else
 * it is not known: these are left alone.
 */
import { type Disk, joinDisks, zerosDisk } from '../core/disk.ts';
import { partitionMapOf } from '../formats/partitions/open.ts';
import { type Embedding, notEmbeddable } from './embedding.ts';
import { RAW_ALIGNMENT } from './raw-image.ts';

/** @throws DisksealError `E_NO_ROOM` with the reason */
export async function embedInRaw(image: Disk): Promise<Embedding> {
  const map = await partitionMapOf(image);
  if (map === 'gpt') throw notEmbeddable('the copy of its GUID partition table must stay at the end of the disk');
  if (map === 'none' && !(await isFat(image))) throw notEmbeddable(await bareReason(image));
  const padding = (RAW_ALIGNMENT - (image.size % RAW_ALIGNMENT)) % RAW_ALIGNMENT;
  return {
    kind: 'raw',
    about: 'behind its last byte',
    step: RAW_ALIGNMENT,
    around: () => ({ before: padding === 0 ? image : joinDisks([image, zerosDisk(padding)]), after: zerosDisk(0) }),
  };
}

/** The name that FAT gives itself (Microsoft, FAT specification: BS_FilSysType). */
async function isFat(image: Disk): Promise<boolean> {
  if (image.size < 512) return false;
  const start = await image.read(0, 512);
  const text = (at: number): string => String.fromCharCode(...start.subarray(at, at + 3));
  return start[510] === 0x55 && start[511] === 0xaa && (text(54) === 'FAT' || text(82) === 'FAT');
}

async function bareReason(image: Disk): Promise<string> {
  if (image.size === 0) return 'it is empty';
  const start = await image.read(0, Math.min(2048, image.size));
  const text = (at: number, length: number): string => String.fromCharCode(...start.subarray(at, at + length));
  if (['H+', 'HX'].includes(text(1024, 2))) return 'a bare HFS+ volume has its second header at its end';
  if (text(32, 4) === 'NXSB') return 'a bare APFS volume ends where its disk ends';
  return 'it is not known what kind of file it is, and what appended bytes would do to it';
}
