/** The folder that a volume is shown in: empty, and not where others could exchange it; made when it is not there. */
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { refuseSharedFolders } from './destination.ts';
import { detach } from './fuse/detach.ts';

export interface MountPoint {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  /** It was not there before: it goes when it is unmounted. */
  readonly made: boolean;
}

/**
 * Removes what a server that was killed left mounted there (ENOTCONN).
 * @throws DisksealError `E_EXISTS`, `E_NOT_FOUND`, `E_WRITE`
 */
export async function prepareMountPoint(path: string): Promise<MountPoint> {
  const folder = await placeOf(path);
  await refuseSharedFolders(dirname(folder), path);
  const stat = await lookAt(folder, path);
  if (!stat) {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      throw writeError(path, error);
    });
    return { folder, made: true };
  }
  if (!stat.isDirectory()) throw taken(path, 'it is not a folder');
  if ((await readdir(folder)).length > 0) throw taken(path, 'the folder is not empty');
  return { folder, made: false };
}

/** Where a folder is, although it may not be there, or not answer any more. @throws DisksealError `E_NOT_FOUND`, `E_WRITE` */
export async function placeOf(path: string): Promise<string> {
  const wanted = resolve(path);
  try {
    return await realpath(wanted).catch(async () => join(await realpath(dirname(wanted)), basename(wanted)));
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw writeError(path, cause);
    throw new DisksealError('E_NOT_FOUND', 'the folder that it would stand in is not there', { path, cause });
  }
}

async function lookAt(folder: string, path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (errnoOf(error) !== 'ENOTCONN') throw writeError(path, error);
    await detach(folder);
    return lookAt(folder, path);
  }
}

function taken(path: string, message: string): DisksealError {
  return new DisksealError('E_EXISTS', message, { path, hint: 'name an empty folder, or one that is not there yet' });
}
