/**
 * Files that decide whom this machine believes. Root reads only what root alone can change: otherwise any user could choose whom root
 * believes. Source: docs/seal-format.md section 9.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DisksealError, type ErrorCode } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';

/** More than any policy, certificate or CRL needs here. */
const LIMIT = 64 << 20;

export interface Protection {
  /** Only root's files that nobody else can write. */
  readonly rootOnly?: boolean;
  /** Nobody but this user and root may own it, nobody else may write it. */
  readonly owner?: number | undefined;
  /** What a file is refused with that others can change. */
  readonly code: ErrorCode;
}

/**
 * What is checked is the open file, so that it cannot be exchanged meanwhile.
 * @throws DisksealError `E_NOT_FOUND`, `E_READ`, or `protection.code`
 */
export async function readProtected(path: string, protection: Protection): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a FIFO would wait for ever.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    check(path, stats, protection);
    const bytes = new Uint8Array(stats.size);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, done);
      if (bytesRead === 0) throw new DisksealError('E_CHANGED', 'the file changed while it was read', { path });
      done += bytesRead;
    }
    return bytes;
  } catch (error) {
    throw readError(path, error);
  } finally {
    await handle?.close();
  }
}

function check(path: string, stats: Stats, { rootOnly, owner, code }: Protection): void {
  const refuse = (message: string, hint?: string): never => {
    throw new DisksealError(code, message, { path, hint });
  };
  if (!stats.isFile()) refuse('it is no file');
  if (stats.size > LIMIT) refuse(`the file has ${stats.size} bytes, ${LIMIT} are read`);
  // Windows has neither owners nor modes in this sense.
  if (process.platform === 'win32') return;
  const others = (stats.mode & 0o022) !== 0;
  if (rootOnly && (stats.uid !== 0 || others)) refuse('others than root can change the file', `chown root ${path} && chmod go-w ${path}`);
  if (owner !== undefined && ((stats.uid !== owner && stats.uid !== 0) || others))
    refuse('others can change the file', `chmod go-w ${path}`);
}
