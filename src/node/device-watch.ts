/**
 * A block device while it is read: whether it is still there, and whether anybody wrote to it. A few small files of the kernel's, since it
 * is asked after every fault. Source: the kernel's Documentation/ABI (sysfs-block) and Documentation/block/stat.
 */
import { stat } from 'node:fs/promises';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { folderOf, optional, wholeDisk } from './block-device.ts';

/** Numbers of different attachments cannot be compared. */
export interface WriteCount {
  /** Of one start of the system and one attachment of the device. */
  readonly attachment: string;
  /** Sectors written to the whole disk since, as far as this kernel saw it. */
  readonly sectors: number;
}

export interface DeviceWatch {
  /** Bytes of what the medium itself reads and writes as one, as far as it says. */
  readonly sector: number;
  /**
   * @returns nothing when the system does not count
   * @throws DisksealError `E_READ` when the device was taken away, or another medium is in it
   */
  writes(): Promise<WriteCount | undefined>;
}

/** @throws DisksealError `E_NOT_FOUND`, `E_READ` */
export async function watchDevice(path: string): Promise<DeviceWatch> {
  const { rdev } = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const folder = await folderOf(rdev);
  const whole = await wholeDisk(folder);
  const boot = await optional('/proc/sys/kernel/random/boot_id');
  const counts = (await optional(`${whole}/queue/iostats`)) !== '0' && boot !== undefined;
  const size = await optional(`${folder}/size`);
  const sequence = await optional(`${whole}/diskseq`);
  return {
    sector: Number((await optional(`${whole}/queue/physical_block_size`)) ?? 512),
    async writes() {
      const [sizeNow, sequenceNow, numbers] = await Promise.all([`${folder}/size`, `${whole}/diskseq`, `${whole}/stat`].map(optional));
      if (size === undefined || sizeNow !== size || sequenceNow !== sequence) {
        const hint = 'attach it again and run the same command: it goes on from here';
        throw new DisksealError('E_READ', 'the device is gone', { path, hint });
      }
      // The seventh number: sectors written.
      const sectors = Number(numbers?.split(/\s+/)[6] ?? Number.NaN);
      return counts && sequence !== undefined && Number.isSafeInteger(sectors) ? { attachment: `${boot} ${sequence}`, sectors } : undefined;
    },
  };
}
