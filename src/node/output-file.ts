/** Files that appear whole or not at all: written under a temporary name, synced, renamed. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import type { FillableSink, ReadableSink } from '../core/platform.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { diskOf } from './file-disk.ts';

export interface OutputFile extends FillableSink {
  readonly path: string;
  /** Where the bytes are until `publish`. */
  readonly temporaryPath: string;
  /** Syncs and gives the file its name. @throws DisksealError `E_EXISTS` when the name was taken meanwhile */
  publish(): Promise<void>;
  /** Removes what was written. Does nothing after `publish`. */
  discard(): Promise<void>;
}

const unfinished = new Set<string>();

/** Temporary files that are still there, for a signal handler that must remove them before the process ends. */
export function unfinishedFiles(): ReadonlySet<string> {
  return unfinished;
}

/** Another file that goes when this process is interrupted. @returns forgets it again */
export function removeWhenInterrupted(path: string): () => void {
  unfinished.add(path);
  return () => void unfinished.delete(path);
}

/**
 * @param options.secret - nobody else may read it before it is published
 * @param options.executable - it is a program
 * @throws DisksealError `E_EXISTS` when the file is there and `force` is not given, `E_WRITE`
 */
export async function createOutput(
  path: string,
  options: { force?: boolean; secret?: boolean; executable?: boolean } = {},
): Promise<OutputFile> {
  const temporaryPath = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  if (!options.force) await refuseExisting(path);
  const handle = await open(temporaryPath, 'wx+', options.secret ? 0o600 : options.executable ? 0o777 : 0o666).catch((error: unknown) => {
    throw writeError(path, error);
  });
  unfinished.add(temporaryPath);
  return outputFile(path, temporaryPath, handle, options);
}

/** A place for bytes that are judged and thrown away: nobody else can read it, and nothing is left of it whatever happens. */
export interface Spool extends ReadableSink {
  discard(): Promise<void>;
}

/** @param name - what the bytes are called in errors @throws DisksealError `E_WRITE` */
export async function createSpool(name: string): Promise<Spool> {
  const path = join(tmpdir(), `diskseal-${randomBytes(12).toString('hex')}.spool`);
  const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw writeError(path, error);
  });
  unfinished.add(path);
  // An open file needs no name, but on Windows: then not even the end of the machine leaves it behind.
  if (process.platform !== 'win32') {
    await rm(path);
    unfinished.delete(path);
  }
  return outputFile(name, path, handle, {});
}

async function refuseExisting(path: string): Promise<void> {
  const found = await open(path, 'r').catch(() => undefined);
  if (!found) return;
  await found.close();
  throw exists(path);
}

function exists(path: string): DisksealError {
  return new DisksealError('E_EXISTS', 'the output is there already', { path, hint: 'give another name, or --force to replace it' });
}

function outputFile(path: string, temporaryPath: string, handle: FileHandle, options: { force?: boolean; secret?: boolean }): OutputFile {
  let position = 0;
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await handle.close();
    open = false;
  };
  const put = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done).catch((error: unknown) => {
        throw writeError(path, error);
      });
      done += bytesWritten;
    }
  };
  return {
    path,
    temporaryPath,
    get position() {
      return position;
    },
    async write(bytes) {
      await put(bytes, position);
      position += bytes.length;
    },
    writeAt: (at, bytes) => put(bytes, at),
    async resize(size) {
      await handle.truncate(size).catch((error: unknown) => {
        throw writeError(path, error);
      });
      position = size;
    },
    written: () => diskOf(temporaryPath, handle, position),
    async publish() {
      try {
        if (options.secret) await handle.chmod(0o666 & ~process.umask());
        await handle.sync();
        await close();
        await renameTo(temporaryPath, path, options.force ?? false);
        unfinished.delete(temporaryPath);
      } catch (error) {
        throw writeError(path, error);
      }
    },
    async discard() {
      await close().catch(() => undefined);
      if (unfinished.delete(temporaryPath)) await rm(temporaryPath, { force: true });
    },
  };
}

/** Without `force` a rename that never replaces: link fails when the name is taken. Filesystems without links get a plain rename. */
export async function renameTo(from: string, to: string, force: boolean): Promise<void> {
  if (force) return rename(from, to);
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw exists(to);
    await rename(from, to);
  }
}
