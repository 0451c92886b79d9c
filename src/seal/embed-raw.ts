/**
 * Room for a seal behind a raw disk: what is appended lies beyond the last partition, or beyond the end that a FAT volume gives itself.
 * A GUID partition table has its copy in the disk's last sectors, a bare HFS+, APFS or UDF volume counts from its end, a BIN image is whole
 * sectors, NRG has its footer there, and of anything else it is not known: these are left alone.
 */
import { type Disk, joinDisks, zerosDisk } from '../core/disk.ts';
import { isBin } from '../formats/containers/bincue/open.ts';
import { isNrg } from '../formats/containers/nrg/chunks.ts';
import { partitionMapOf } from '../formats/partitions/open.ts';
import { type Embedding, notEmbeddable } from './embedding.ts';
import { RAW_ALIGNMENT } from './raw-image.ts';

/** @throws DisksealError `E_NO_ROOM` with the reason */
export async function embedInRaw(image: Disk): Promise<Embedding> {
  if (await isNrg(image)) throw notEmbeddable('an NRG image says at its end what it holds');
  if (await isBin(image)) throw notEmbeddable('a BIN image consists of sectors and nothing else');
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

/** ECMA-167 2/9.2: its recognition sequence begins in the seventeenth sector of 2,048 bytes. */
async function isUdf(image: Disk): Promise<boolean> {
  return image.size > 32_774 && String.fromCharCode(...(await image.read(32_769, 5))) === 'BEA01';
}

async function bareReason(image: Disk): Promise<string> {
  if (image.size === 0) return 'it is empty';
  const start = await image.read(0, Math.min(2048, image.size));
  const text = (at: number, length: number): string => String.fromCharCode(...start.subarray(at, at + length));
  if (['H+', 'HX'].includes(text(1024, 2))) return 'a bare HFS+ volume has its second header at its end';
  if (text(32, 4) === 'NXSB') return 'a bare APFS volume ends where its disk ends';
  if (await isUdf(image)) return 'a bare UDF volume has an anchor at its end';
  return 'it is not known what kind of file it is, and what appended bytes would do to it';
}
