/**
 * A device read past the system's cache (O_DIRECT, Linux open(2)): what is compared after writing comes from the device and not from
 * memory, and a bad sector takes no more with it than itself. Addresses, places and lengths must be multiples of the sector then; nobody
 * can ask where a buffer of Node's lies, so the place in it that the kernel takes is found by trying.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { checkRange, type Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, readError } from '../core/system-error.ts';
import { diskOf } from './file-disk.ts';

/** The largest sector that devices have, and the least that is read at once. */
const ALIGNMENT = 4096;
/** Bytes read at once. */
const PIECE = 1 << 20;
/** Buffers begin at multiples of it in any case. */
const STEP = 16;

export interface DirectDisk extends Disk {
  /** Bytes of the smallest part that can be read by itself. */
  readonly sector: number;
  close(): Promise<void>;
}

/**
 * Opens a device for reading. Where it cannot be read directly it is read as a file is, in pages.
 * @param size - in bytes, a multiple of 512
 * @throws DisksealError `E_NOT_FOUND`, `E_READ`
 */
export async function openDirect(path: string, size: number): Promise<DirectDisk> {
  const direct =
    constants.O_DIRECT === undefined ? undefined : await open(path, constants.O_RDONLY | constants.O_DIRECT).catch(() => undefined);
  const buffer = direct && (await alignedBuffer(direct, size));
  if (direct && buffer) return directDisk(path, direct, buffer, size);
  await direct?.close();
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw readError(path, error);
  });
  return { ...diskOf(path, handle, size), sector: ALIGNMENT, close: () => handle.close() };
}

async function alignedBuffer(handle: FileHandle, size: number): Promise<{ bytes: Uint8Array; sector: number } | undefined> {
  const memory = new Uint8Array(PIECE + ALIGNMENT);
  const longest = Math.min(PIECE, size - (size % ALIGNMENT));
  if (longest === 0) return undefined;
  for (let at = 0; at < ALIGNMENT; at += STEP) {
    const bytes = memory.subarray(at, at + PIECE);
    if (!(await takes(handle, bytes, longest))) continue;
    // From a place that is a multiple of one sector and not of eight.
    const sector = (await takes(handle, bytes, 512)) && (await takes(handle, bytes, 512, 512)) ? 512 : ALIGNMENT;
    return size % sector === 0 ? { bytes, sector } : undefined;
  }
  return undefined;
}

/** Whether the kernel reads into this place. Any other fault than a wrong address is the device's, and told when that part is asked for. */
async function takes(handle: FileHandle, bytes: Uint8Array, length: number, position = 0): Promise<boolean> {
  const fault = await handle.read(bytes, 0, length, position).catch((error: unknown) => error);
  return errnoOf(fault) !== 'EINVAL';
}

function directDisk(path: string, handle: FileHandle, { bytes, sector }: { bytes: Uint8Array; sector: number }, size: number): DirectDisk {
  /** One buffer: one read at a time. */
  let last: Promise<unknown> = Promise.resolve();
  const readInto = async (position: number, into: Uint8Array): Promise<void> => {
    for (let done = 0; done < into.length; ) {
      const start = position + done - ((position + done) % sector);
      const skipped = position + done - start;
      const length = Math.min(PIECE, Math.ceil((skipped + into.length - done) / sector) * sector, size - start);
      const { bytesRead } = await handle.read(bytes, 0, length, start).catch((error: unknown) => {
        throw readError(path, error);
      });
      if (bytesRead <= skipped) throw new DisksealError('E_READ', 'the device ended before its end', { path, offset: start + bytesRead });
      const found = bytes.subarray(skipped, Math.min(bytesRead, skipped + into.length - done));
      into.set(found, done);
      done += found.length;
    }
  };
  return {
    size,
    sector,
    read(position, length, given) {
      const result = last.then(async () => {
        checkRange(size, position, length);
        const into = given ?? new Uint8Array(length);
        await readInto(position, into);
        return into;
      });
      last = result.catch(() => undefined);
      return result;
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'opaque' };
    },
    close: () => handle.close(),
  };
}
