/**
 * The loop between the kernel and a filesystem: requests are read from /dev/fuse, answered in any order. A read of the device waits on a
 * thread of libuv's pool, which inflating and file reads need as well: whoever serves starts with a pool that is larger by READERS
 * (cli/mounting/server.ts). A read ends with ENODEV when the filesystem is unmounted, and that ends the loop.
 */
import { read, writevSync } from 'node:fs';
import { assert, DisksealError } from '../../core/errors.ts';
import { errnoOf } from '../../core/system-error.ts';
import { Errno } from './errno.ts';
import type { Answer, Filesystem } from './filesystem.ts';
import { answerHeader, fieldsIn, isGone, type Request, readRequest } from './request.ts';
import { InitFlag, InitIn, InitOut, Opcode } from './structs.ts';

/** Reads of the device that wait at the same time: while one request is answered the next one arrives. */
export const READERS = 2;

/** The version that structs.ts describes, and the oldest whose kernels can do what is used (Linux 4.20, which brought pages by number). */
const MAJOR = 7;
const MINOR = 31;
const OLDEST_MINOR = 28;

/** Room for one request. Those of a read-only filesystem are small; the kernel wants room for a write of `maxWrite`. Bytes. */
const ROOM = 1 << 16;
const MAX_WRITE = 4096;
/** A read has at most 1 MiB, of pages of 4 KiB. */
const MAX_PAGES = 256;
const MAX_BACKGROUND = 64;

const FLAGS =
  InitFlag.asyncRead |
  InitFlag.doReaddirplus |
  InitFlag.noOpenSupport |
  InitFlag.parallelDirops |
  InitFlag.maxPages |
  InitFlag.cacheSymlinks |
  InitFlag.noOpendirSupport;

export interface ConnectionEvents {
  /** The kernel and this program agreed; from now on the folder shows the tree. */
  readonly ready?: () => void;
  /** Called for each request; for the time of idleness. */
  readonly asked?: () => void;
}

/**
 * Serves until the filesystem is unmounted.
 * @param device - a descriptor of /dev/fuse that was mounted, which the caller closes
 * @throws DisksealError `E_UNSUPPORTED` when the kernel speaks another version, `E_READ` when the device fails
 */
export async function serve(device: number, filesystem: Filesystem, { ready, asked }: ConnectionEvents = {}): Promise<void> {
  const state: { failure?: unknown } = {};

  const send = (unique: bigint, answer: Answer): void => {
    if (answer === undefined) return;
    try {
      if (typeof answer === 'number') writevSync(device, [answerHeader(unique, answer, 0)]);
      else writevSync(device, [answerHeader(unique, 0, answer.length), answer]);
    } catch (error) {
      // ENOENT: whoever asked did not wait. Gone: the next read of the device says so.
      if (errnoOf(error) !== 'ENOENT' && !isGone(error)) state.failure ??= error;
    }
  };

  const perform = (request: Request): void => {
    if (request.opcode === Opcode.init) {
      const answer = greet(request);
      send(request.unique, answer);
      if (answer === Errno.EPROTO) state.failure ??= otherVersion();
      else ready?.();
      return;
    }
    asked?.();
    const answer = filesystem.answer(request);
    if (answer instanceof Promise) void answer.then((late) => send(request.unique, late));
    else send(request.unique, answer);
  };

  const receive = async (): Promise<void> => {
    const buffer = new Uint8Array(ROOM);
    while (state.failure === undefined) {
      const length = await readDevice(device, buffer);
      if (length === undefined) return;
      const request = readRequest(buffer.subarray(0, length));
      if (request) perform(request);
    }
  };
  await Promise.all(Array.from({ length: READERS }, receive));
  if (state.failure instanceof DisksealError) throw state.failure;
  assert(state.failure === undefined, `the kernel refused an answer: ${String(state.failure)}`);
}

/** @returns how many bytes came, nothing when the filesystem was unmounted */
function readDevice(device: number, buffer: Uint8Array): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    read(device, buffer, 0, buffer.length, null, (error, length) => {
      if (!error) return resolve(length);
      if (isGone(error)) return resolve(undefined);
      // ENOENT: a request was taken back before it was read.
      if (['EINTR', 'EAGAIN', 'ENOENT'].includes(errnoOf(error) ?? '')) return resolve(0);
      return reject(new DisksealError('E_READ', `/dev/fuse: ${error.message}`, { cause: error }));
    });
  });
}

/** The answer to FUSE_INIT. A kernel of a later major version is told ours, and asks once more. */
export function greet({ body }: Request): Uint8Array | number {
  const { major, minor, maxReadahead, flags } = fieldsIn(InitIn, body);
  if (major > MAJOR) return InitOut.write({ major: MAJOR, minor: MINOR });
  if (major < MAJOR || minor < OLDEST_MINOR) return Errno.EPROTO;
  return InitOut.write({
    major: MAJOR,
    minor: Math.min(minor, MINOR),
    maxReadahead,
    flags: flags & FLAGS,
    maxBackground: MAX_BACKGROUND,
    congestionThreshold: (MAX_BACKGROUND * 3) / 4,
    maxWrite: MAX_WRITE,
    timeGran: 1,
    maxPages: MAX_PAGES,
  });
}

function otherVersion(): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `this kernel speaks an older FUSE than 7.${OLDEST_MINOR}`, {
    hint: 'Linux 4.20 or later is needed; "diskseal extract" needs nothing of the kernel',
  });
}
