/**
 * A file of lines beside an unfinished output: what is done so far. A line counts when its end is there; what a run that was killed left of
 * its last one is cut off. The file is held to the same rules as the output that it speaks of (part-file.ts).
 */
import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { readError, writeError } from '../core/system-error.ts';
import { openOwn } from './part-file.ts';

export interface JournalFile {
  readonly path: string;
  /** The lines that an earlier run left, without their ends; to be read once, before anything is added. */
  lines(): AsyncGenerator<string>;
  /** @param line - with its end, ASCII */
  append(line: string): Promise<void>;
  /** Forgets all lines. */
  clear(): Promise<void>;
  close(): Promise<void>;
  remove(): Promise<void>;
}

const PIECE = 1 << 16;
/** A longer line was not written here: nothing after it is read. */
const LONGEST = 1 << 20;

/** @throws DisksealError `E_EXISTS` when something else stands there, `E_WRITE` */
export async function openJournal(path: string): Promise<JournalFile> {
  const { handle } = await openOwn(path, 'capture');
  let end = 0;
  /** Of what an earlier run left behind its last whole line. */
  let cut = false;
  const failed = (error: unknown): never => {
    throw writeError(path, error);
  };
  return {
    path,
    async *lines() {
      for await (const line of wholeLines(path, handle)) {
        end += line.length + 1;
        yield line;
      }
    },
    async append(line) {
      if (!cut) await handle.truncate(end).catch(failed);
      cut = true;
      const bytes = Buffer.from(line, 'latin1');
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, end + done).catch(failed)).bytesWritten;
      }
      end += bytes.length;
    },
    async clear() {
      await handle.truncate(0).catch(failed);
      end = 0;
    },
    close: () => handle.close(),
    async remove() {
      await rm(path, { force: true });
      await handle.close();
    },
  };
}

async function* wholeLines(path: string, handle: FileHandle): AsyncGenerator<string> {
  const buffer = Buffer.alloc(PIECE);
  let rest = '';
  for (let position = 0; rest.length < LONGEST; ) {
    const { bytesRead } = await handle.read(buffer, 0, PIECE, position).catch((error: unknown) => {
      throw readError(path, error);
    });
    if (bytesRead === 0) return;
    position += bytesRead;
    // One byte a character, in a damaged file too.
    const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}
