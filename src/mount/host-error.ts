/** The host's own errors while files are written. */
import { DisksealError } from '../core/errors.ts';

const WORDS: Record<string, string> = {
  ENOENT: 'there is no such folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the filesystem is read-only',
  EFBIG: 'the file is larger than the filesystem allows',
  ENAMETOOLONG: 'the name is too long for this filesystem',
  EILSEQ: 'the filesystem does not take this name',
  EINVAL: 'the filesystem does not take this name',
  EMFILE: 'too many files are open',
};

const HINTS: Record<string, string> = {
  ENOSPC: 'free some space or choose another place with --output; nothing was left behind',
  EDQUOT: 'free some space or choose another place with --output; nothing was left behind',
  ENAMETOOLONG: 'extract to a shorter path, or leave this file out by naming the others',
};

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @param path - on this host */
export function hostError(path: string, cause: unknown): DisksealError {
  if (cause instanceof DisksealError) return cause;
  const errno = errnoOf(cause) ?? '';
  const reason = WORDS[errno] ?? (cause instanceof Error ? cause.message : String(cause));
  return new DisksealError('E_WRITE', `cannot write: ${reason}`, { path, cause, hint: HINTS[errno] });
}
