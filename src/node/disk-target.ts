/** What a disk is written to: a block device, or a file that is given its name when it is whole. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import type { BlockDevice } from './block-device.ts';
import { type DirectDisk, openDirect } from './direct-disk.ts';
import type { OutputFile } from './output-file.ts';

export interface DiskTarget {
  readonly path: string;
  /** Bytes that there are for the disk. */
  readonly size: number;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Syncs, and gives what stands there now. */
  written(): Promise<Disk>;
  close(): Promise<void>;
}

/** @throws DisksealError `E_WRITE` when somebody uses it, or it is read-only */
export function refuseUsed({ path, uses, readOnly }: BlockDevice): void {
  if (uses.length > 0) {
    const hint = 'unmount it first, and make sure that it is the device that you mean';
    throw new DisksealError('E_WRITE', `the device is in use: ${[...new Set(uses)].join(', ')}`, { path, hint });
  }
  if (readOnly) throw new DisksealError('E_WRITE', 'the device is read-only', { path });
}

/**
 * Opens a block device for writing. Nobody else may use it: the kernel is asked for it alone (O_EXCL), so that what was mounted since it
 * was looked at, or by somebody in another namespace, is refused too.
 * @throws DisksealError `E_WRITE` when it is in use, read-only or cannot be opened
 */
export async function openDevice(device: BlockDevice): Promise<DiskTarget> {
  refuseUsed(device);
  const { path, size } = device;
  const handle = await open(path, constants.O_RDWR | constants.O_EXCL).catch((error: unknown) => {
    if (errnoOf(error) !== 'EBUSY') throw writeError(path, error);
    throw new DisksealError('E_WRITE', 'the device is in use', { path, hint: 'unmount it and stop what uses it', cause: error });
  });
  let back: DirectDisk | undefined;
  return {
    path,
    size,
    async write(position, bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done).catch((error: unknown) => {
          throw writeError(path, error).with({ offset: position + done });
        });
        done += bytesWritten;
      }
    },
    async written() {
      await handle.sync().catch((error: unknown) => {
        throw writeError(path, error);
      });
      // The first descriptor stays open meanwhile: nobody can mount it before it was compared.
      back = await openDirect(path, size);
      return back;
    },
    async close() {
      await back?.close();
      await handle.close();
    },
  };
}

/** A file of `size` bytes, all zero, to be filled in. */
export async function fileTarget(file: OutputFile, size: number): Promise<DiskTarget> {
  await file.resize(size);
  return {
    path: file.path,
    size,
    write: (position, bytes) => file.writeAt(position, bytes),
    written: async () => file.written(),
    close: () => file.discard(),
  };
}
