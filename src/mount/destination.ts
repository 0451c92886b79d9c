/**
 * A folder that appears whole or not at all: filled under a temporary name that only its owner may enter, then renamed.
 * Source: docs/seal-format.md, "acting on a verdict": the folder must be new or empty, and nobody else may be able to
 * exchange what stands at the way to it.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import { errnoOf, writeError } from '../core/system-error.ts';

export interface Destination {
  /** Empty, mode 0700, on the filesystem of the destination. */
  readonly folder: string;
  /** Gives the folder its name. @throws DisksealError `E_EXISTS` when something came there meanwhile */
  publish(): Promise<void>;
  /** Removes all that was written. Does nothing after `publish`. */
  discard(): Promise<void>;
}

/**
 * @param unfinished - holds the temporary folder's path while there is one, for a signal handler
 * @throws DisksealError `E_EXISTS`, `E_NOT_FOUND`, `E_WRITE`, `E_USAGE`
 */
export async function prepareDestination(path: string, unfinished: Set<string> = new Set()): Promise<Destination> {
  const wanted = resolve(path);
  const parent = await realParent(wanted, path);
  const target = join(parent, basename(wanted));
  const mode = await checkTarget(target, path);
  await refuseSharedFolders(parent, path);

  const folder = join(parent, `.${basename(target)}.${randomBytes(6).toString('hex')}.part`);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    throw writeError(path, error);
  });
  unfinished.add(folder);
  return {
    folder,
    async publish() {
      await chmod(folder, mode);
      await renameToNew(folder, target, path);
      unfinished.delete(folder);
    },
    async discard() {
      if (!unfinished.has(folder)) return;
      await removeFolder(folder);
      unfinished.delete(folder);
    },
  };
}

async function realParent(wanted: string, path: string): Promise<string> {
  if (dirname(wanted) === wanted) throw new DisksealError('E_EXISTS', 'the root folder is no place to extract to', { path });
  try {
    return await realpath(dirname(wanted));
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw writeError(path, cause);
    const hint = `make ${dirname(wanted)} first, or give another --output`;
    throw new DisksealError('E_NOT_FOUND', 'the folder that it would stand in is not there', { path, hint, cause });
  }
}

/** @returns the mode that the finished folder gets */
async function checkTarget(target: string, path: string): Promise<number> {
  const stat = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw writeError(path, error);
  });
  if (!stat) return 0o777 & ~process.umask();
  if (!stat.isDirectory()) throw exists(path, 'there is something of this name already, and it is not a folder');
  if ((await readdir(target)).length > 0) throw exists(path, 'the folder is there already, and it is not empty');
  if (target === (await realpath(process.cwd()))) throw exists(path, 'the current folder cannot be replaced');
  if (stat.dev !== (await lstat(dirname(target))).dev) throw exists(path, 'the folder is a mount point and cannot be replaced');
  return stat.mode & 0o777;
}

function exists(path: string, message: string): DisksealError {
  return new DisksealError('E_EXISTS', message, { path, hint: 'give the name of a new folder with --output' });
}

/**
 * Whoever may write to a folder on the way may rename what is in it and put something else there.
 * The sticky bit keeps others from that, as in /tmp. A group's right to write is left to its members' trust.
 */
export async function refuseSharedFolders(parent: string, path: string): Promise<void> {
  if (process.platform === 'win32') return;
  for (let folder = parent; ; folder = dirname(folder)) {
    const { mode } = await lstat(folder);
    if ((mode & 0o1002) === 0o0002) {
      throw new DisksealError('E_WRITE', `everybody may write to ${folder}, and could exchange what is put there`, {
        path,
        hint: `choose a folder of your own, or take the right away: chmod o-w ${folder}`,
      });
    }
    if (dirname(folder) === folder) return;
  }
}

/** A rename onto a folder succeeds only while that is empty; Windows wants it gone. */
async function renameToNew(from: string, to: string, path: string): Promise<void> {
  try {
    if (process.platform === 'win32') await rmdir(to).catch(() => undefined);
    await rename(from, to);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? ''))
      throw exists(path, 'something of this name came there meanwhile');
    throw writeError(path, error);
  }
}

/** Folders that were made read-only already would keep what is in them. */
async function removeFolder(folder: string): Promise<void> {
  await makeRemovable(folder).catch(() => undefined);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function makeRemovable(folder: string): Promise<void> {
  const { mode } = await lstat(folder);
  if ((mode & 0o700) !== 0o700) await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeRemovable(join(folder, entry.name));
  }
}
