/** Files of this machine as Disks. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { checkRange, type Disk, type FileRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';

export interface FileDisk extends Disk {
  readonly path: string;
  close(): Promise<void>;
}

// A pipe under the name of an image would hold the open, and with it the whole process, until somebody writes to it.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file once; everything is read through that descriptor, whatever happens to the path afterwards.
 * @param deviceSize - how many bytes of a device are wanted: a device is refused without it, and a file does not need it
 * @throws DisksealError `E_NOT_FOUND`, `E_READ`
 */
export async function openFile(path: string, deviceSize?: number): Promise<FileDisk> {
  const handle = await open(path, READ).catch((error: unknown) => {
    throw readError(path, error);
  });
  try {
    const stat = await handle.stat();
    if (stat.isFIFO()) {
      throw new DisksealError('E_READ', 'a pipe, which can be read only once', {
        path,
        hint: '"diskseal verify -" judges what comes through one',
      });
    }
    if (stat.isBlockDevice()) {
      if (deviceSize !== undefined) return { path, ...diskOf(path, handle, deviceSize), close: () => handle.close() };
      throw new DisksealError('E_READ', 'a device, which does not say how much of it is the image', {
        path,
        hint: '--size says it, or the --seal that came with the image',
      });
    }
    if (!stat.isFile()) throw new DisksealError('E_READ', 'not a regular file', { path });
    return { path, ...diskOf(path, handle, stat.size), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw readError(path, error);
  }
}

/** The first `size` bytes of a file that is held open. */
export function diskOf(path: string, handle: FileHandle, size: number): Disk {
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      await fill(handle, path, position, into);
      return into;
    },
    *extents() {
      const file = { path, offset: 0, fileSize: size, descriptor: handle.fd };
      if (size > 0) yield { position: 0, length: size, kind: 'file', file };
    },
  };
}

async function fill(handle: FileHandle, path: string, position: number, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done).catch((error: unknown) => {
      throw readError(path, error);
    });
    if (bytesRead === 0)
      throw new DisksealError('E_CHANGED', 'the file became shorter while it was read', { path, offset: position + done });
    done += bytesRead;
  }
}

/** A file that stays closed until it is read, as sources of a build are: thousands of them, each read once. */
export function sourceFile(path: string, size: number, modified: bigint): Disk {
  const range: FileRange = { path, offset: 0, fileSize: size, modified };
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      const handle = await open(path, READ).catch((error: unknown) => {
        throw readError(path, error);
      });
      try {
        const stat = await handle.stat({ bigint: true });
        if (stat.size !== BigInt(size) || stat.mtimeNs !== modified) {
          throw new DisksealError('E_CHANGED', 'the file changed while it was read', { path });
        }
        await fill(handle, path, position, into);
      } finally {
        await handle.close();
      }
      return into;
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'file', file: range };
    },
  };
}
