/**
 * `FILE.part`: what a download or a capture has so far, kept when it is interrupted and finished the next time. Whatever stands there may have been
 * put there by somebody else: it is opened without following a link, must be a plain file of ours that nobody else can write and that
 * has no other name, and every byte of it is checked again by whoever resumes. Rule 21 of the seal. One process at a time: another one would
 * go on writing to what the first had verified and named. The lock beside it holds the number of the process; that of a dead one is no lock.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readFile, rm, writeFile } from 'node:fs/promises';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { diskOf } from './file-disk.ts';
import { removeWhenInterrupted, renameTo } from './output-file.ts';

export interface PartFile {
  readonly path: string;
  /** How many bytes it had when it was opened. */
  readonly had: number;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Cuts it or fills it with zeros. */
  resize(size: number): Promise<void>;
  /** The first `size` bytes. */
  disk(size: number): Disk;
  /** Syncs and gives it its name. @throws DisksealError `E_EXISTS`, `E_WRITE` */
  publish(path: string, force: boolean): Promise<void>;
  /** Leaves it for the next time. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

// Windows has neither of the last two.
const OPEN = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

type Purpose = 'download' | 'capture';
const DOING: Record<Purpose, string> = { download: 'downloading', capture: 'capturing' };

/**
 * @param purpose - for errors
 * @throws DisksealError `E_EXISTS` when something else stands there or another process writes it, `E_WRITE`
 */
export async function openPart(path: string, purpose: Purpose = 'download'): Promise<PartFile> {
  const unlock = await lock(path, purpose);
  try {
    const { handle, had } = await openOwn(path, purpose);
    return partFile(path, handle, had, unlock);
  } catch (error) {
    await unlock();
    throw writeError(path, error);
  }
}

/** Opens a file that an earlier run of ours may have left, or makes it. @throws DisksealError as `openPart` */
export async function openOwn(path: string, purpose: Purpose): Promise<{ handle: FileHandle; had: number }> {
  const handle = await open(path, OPEN, 0o600).catch((error: unknown) => {
    if (['ELOOP', 'EISDIR', 'ENXIO'].includes(errnoOf(error) ?? '')) throw strange(path, 'it is no plain file', purpose);
    throw writeError(path, error);
  });
  try {
    return { handle, had: await checkOwn(handle, path, purpose) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function lock(path: string, purpose: Purpose): Promise<() => Promise<void>> {
  const place = `${path}.lock`;
  for (let tries = 0; ; tries++) {
    const taken = await writeFile(place, `${process.pid}\n`, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => error);
    if (taken === undefined) break;
    if (errnoOf(taken) !== 'EEXIST') throw writeError(path, taken);
    if (tries > 0 || (await isHeld(place))) {
      const hint = `wait for it; if there is none, remove ${place}`;
      throw new DisksealError('E_EXISTS', `another process is ${DOING[purpose]} this`, { path, hint });
    }
    await rm(place, { force: true });
  }
  const forget = removeWhenInterrupted(place);
  return async () => {
    forget();
    await rm(place, { force: true });
  };
}

async function isHeld(place: string): Promise<boolean> {
  // A pipe under that name would hold us.
  const stat = await lstat(place).catch(() => undefined);
  const text = stat?.isFile() ? await readFile(place, 'utf8').catch(() => '') : '';
  if (!/^[1-9]\d{0,9}\n$/.test(text)) return true;
  try {
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

/** @returns its size */
async function checkOwn(handle: FileHandle, path: string, purpose: Purpose): Promise<number> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw strange(path, 'it is no plain file', purpose);
  if (stat.nlink !== 1) throw strange(path, 'it has another name as well', purpose);
  if (process.getuid && stat.uid !== process.getuid()) throw strange(path, 'it belongs to somebody else', purpose);
  if (process.platform !== 'win32' && (stat.mode & 0o022) !== 0) throw strange(path, 'others may write to it', purpose);
  return stat.size;
}

function strange(path: string, message: string, purpose: Purpose): DisksealError {
  const hint = `remove it, or ${purpose} to another place${purpose === 'download' ? ' with --output' : ''}`;
  return new DisksealError('E_EXISTS', `this is not the rest of a ${purpose} of ours: ${message}`, { path, hint });
}

function partFile(path: string, handle: FileHandle, had: number, unlock: () => Promise<void>): PartFile {
  const failed = (error: unknown): never => {
    throw writeError(path, error);
  };
  const close = async (): Promise<void> => {
    await handle.close();
    await unlock();
  };
  return {
    path,
    had,
    async write(position, bytes) {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, position + done).catch(failed)).bytesWritten;
      }
    },
    resize: (size) => handle.truncate(size).catch(failed),
    disk: (size) => diskOf(path, handle, size),
    async publish(to, force) {
      try {
        await handle.chmod(0o666 & ~process.umask());
        await handle.sync();
        await handle.close();
        await renameTo(path, to, force);
        await unlock();
      } catch (error) {
        throw writeError(to, error);
      }
    },
    close,
    async remove() {
      await rm(path, { force: true });
      await close();
    },
  };
}
