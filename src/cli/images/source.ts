/**
 * The image that `verify` judges: a file, a URL, what comes through a pipe, or a private copy of any of these. A pipe is spooled to a
 * file that nobody else can read, and nothing is said of it before its end, but that a chunk is wrong when a detached seal was proven first.
 */
import { type Disk, stream } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { quarantine, quarantineOf } from '../../mount/quarantine.ts';
import { createOutput, createSpool, type OutputFile, type Spool } from '../../node/output-file.ts';
import type { ProvenSeal } from '../../verify/detached-seal.ts';
import { DEFAULT_LIMIT, receive, receiveLeaves } from '../download/receive.ts';
import type { Output } from '../terminal/output.ts';
import { humanSize } from '../terminal/printable.ts';
import { createProgress } from '../terminal/progress.ts';
import { type Input, openInput } from './input.ts';

export interface SourceOptions {
  /** Where a private copy is written, verified and then named. */
  readonly copyTo?: string | undefined;
  readonly force?: boolean | undefined;
  readonly maxSize?: number | undefined;
  /** Of the image, when it is on a device. */
  readonly size?: number | undefined;
  /** For a pipe: what its chunks must be. */
  readonly proven?: ProvenSeal | undefined;
}

export interface Source {
  readonly disk: Disk;
  readonly shown: string;
  readonly remote: boolean;
  transferred(): number;
  /** Gives the copy its name; to be called when it is good. Nothing without a copy. */
  publish(): Promise<void>;
  close(): Promise<void>;
}

/** @throws DisksealError `E_NOT_FOUND`, `E_READ`, `E_HTTP`, `E_WRITE`, `E_EXISTS`; for a proven seal `E_TAMPERED`, `E_TRUNCATED`, `E_UNCOVERED` */
export async function openSource(name: string, options: SourceOptions, output: Output): Promise<Source> {
  const input = name === '-' ? undefined : await openInput(name, options.size);
  const { copyTo } = options;
  if (input && copyTo === undefined) return watched(input, output);
  try {
    const kept = copyTo === undefined ? undefined : await createOutput(copyTo, { force: options.force ?? false, secret: true });
    const place: OutputFile | Spool = kept ?? (await createSpool('-'));
    try {
      await fill(place, input, options, output);
    } catch (error) {
      await place.discard();
      throw error;
    }
    return sourceOf(name, input, place, kept);
  } catch (error) {
    await input?.close();
    throw error;
  }
}

/** What comes from a server while it is judged is shown as it comes. */
function watched(input: Input, output: Output): Source {
  const progress = input.remote ? createProgress(output, `reading ${input.shown}`) : undefined;
  const show = (): void => progress?.update(input.transferred(), input.disk.size, humanSize(input.transferred()));
  const timer = progress && setInterval(show, 200).unref();
  return {
    ...input,
    publish: async () => undefined,
    async close() {
      clearInterval(timer);
      progress?.finish();
      await input.close();
    },
  };
}

async function fill(
  place: Spool,
  input: Input | undefined,
  { maxSize = DEFAULT_LIMIT, proven }: SourceOptions,
  output: Output,
): Promise<void> {
  const progress = createProgress(output, `reading ${input?.shown ?? 'standard input'}`);
  const total = input?.disk.size ?? proven?.statement.imageSize;
  const write = async (position: number, bytes: Uint8Array): Promise<void> => {
    await place.write(bytes);
    progress.update(position + bytes.length, total, humanSize(position + bytes.length));
  };
  try {
    if (total !== undefined && total > maxSize) {
      throw new DisksealError('E_READ', `the image has ${total} bytes, more than --max-size allows`);
    }
    const pieces = input ? stream(input.disk) : standardInput();
    if (!input && proven) await receiveLeaves(pieces, proven.leaves, [0, proven.leaves.count], write);
    else await receive(pieces, maxSize, write);
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path: input?.shown ?? '-' }) : error;
  } finally {
    progress.finish();
  }
}

async function* standardInput(): AsyncGenerator<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new DisksealError('E_USAGE', 'standard input is a terminal, not an image', { hint: 'as in: diskseal verify - < App.dmg' });
  }
  try {
    for await (const piece of process.stdin) yield piece as Uint8Array;
  } catch (error) {
    throw readError('-', error);
  }
}

function sourceOf(name: string, input: Input | undefined, place: Spool, kept: OutputFile | undefined): Source {
  return {
    disk: place.written(),
    shown: input?.shown ?? name,
    remote: input?.remote ?? false,
    transferred: () => input?.transferred() ?? 0,
    async publish() {
      if (!kept) return;
      // What came from a server or out of nowhere is marked as a download; a copy of a file carries that file's mark.
      const mark = await quarantineOf(name, input !== undefined && !input.remote, Date.now() / 1000);
      if (mark !== undefined) await quarantine(kept.temporaryPath, mark);
      await kept.publish();
    },
    async close() {
      await place.discard();
      await input?.close();
    },
  };
}
