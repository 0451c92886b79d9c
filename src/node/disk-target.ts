/** What a disk is written to: a block device, or a file that appears whole or not at all. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { blockDevice } from './block-device.ts';
import { diskOf } from './file-disk.ts';

export interface DiskTarget {
  readonly path: string;
  /** Bytes that there are for the disk. */
  readonly size: number;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Syncs, and gives what stands there now. */
  written(): Promise<Disk>;
  close(): Promise<void>;
}

/**
 * Opens a block device for writing. Nobody else may use it: the kernel is asked for it alone (O_EXCL).
 * @throws DisksealError `E_WRITE` when it is in use, read-only or cannot be opened; `E_USAGE` when it is no device
 */
export async function openDevice(path: string): Promise<DiskTarget> {
  const device = await blockDevice(path);
  if (!device) throw new DisksealError('E_USAGE', 'this is no block device', { path });
  if (device.uses.length > 0) {
    throw new DisksealError('E_WRITE', `the device is in use: ${device.uses.join(', ')}`, { path, hint: 'unmount it first' });
  }
  if (device.readOnly) throw new DisksealError('E_WRITE', 'the device is read-only', { path });
  const handle = await open(device.path, constants.O_RDWR | constants.O_EXCL).catch((error: unknown) => {
    if (errnoOf(error) !== 'EBUSY') throw writeError(path, error);
    throw new DisksealError('E_WRITE', 'the device is in use', { path, hint: 'unmount it and stop what uses it', cause: error });
  });
  return target(path, handle, device.size);
}

/** A file of `size` bytes, all zero, to be filled in. @param handle - open for reading and writing */
export async function fileTarget(path: string, handle: FileHandle, size: number): Promise<DiskTarget> {
  await handle.truncate(size).catch((error: unknown) => {
    throw writeError(path, error);
  });
  return target(path, handle, size);
}

function target(path: string, handle: FileHandle, size: number): DiskTarget {
  return {
    path,
    size,
    async write(position, bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done).catch((error: unknown) => {
          throw writeError(path, error);
        });
        done += bytesWritten;
      }
    },
    async written() {
      await handle.sync().catch((error: unknown) => {
        throw writeError(path, error);
      });
      return diskOf(path, handle, size);
    },
    close: () => handle.close(),
  };
}
