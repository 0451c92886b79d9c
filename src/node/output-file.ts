/** Files that appear whole or not at all: written under a temporary name, synced, renamed. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import type { ReadableSink } from '../core/platform.ts';
import { errnoOf, writeError } from '../core/system-error.ts';
import { diskOf } from './file-disk.ts';

export interface OutputFile extends ReadableSink {
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

/** @throws DisksealError `E_EXISTS` when the file is there and `force` is not given, `E_WRITE` */
export async function createOutput(path: string, options: { force?: boolean } = {}): Promise<OutputFile> {
  const temporaryPath = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  if (!options.force) await refuseExisting(path);
  const handle = await open(temporaryPath, 'wx+', 0o666).catch((error: unknown) => {
    throw writeError(path, error);
  });
  unfinished.add(temporaryPath);
  return outputFile(path, temporaryPath, handle, options.force ?? false);
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

function outputFile(path: string, temporaryPath: string, handle: FileHandle, force: boolean): OutputFile {
  let position = 0;
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await handle.close();
    open = false;
  };
  return {
    path,
    temporaryPath,
    get position() {
      return position;
    },
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position).catch((error: unknown) => {
          throw writeError(path, error);
        });
        done += bytesWritten;
        position += bytesWritten;
      }
    },
    written: () => diskOf(temporaryPath, handle, position),
    async publish() {
      try {
        await handle.sync();
        await close();
        if (force) await rename(temporaryPath, path);
        else await renameNew(temporaryPath, path);
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

/** A rename that never replaces: link fails when the name is taken. Filesystems without links get a plain rename. */
async function renameNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw exists(to);
    await rename(from, to);
  }
}
