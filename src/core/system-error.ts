/** The errors of operating systems (Node's `code`, POSIX errno names) in the words of a DisksealError. */
import { DisksealError } from './errors.ts';

const WORDS: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the filesystem is read-only',
  EFBIG: 'the file is larger than the filesystem allows',
  ENAMETOOLONG: 'the name is too long for this filesystem',
  EILSEQ: 'the filesystem does not take this name',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many files are open',
};

const HINTS: Record<string, string> = {
  ENOSPC: 'free some space or choose another place with --output; nothing was left behind',
  EDQUOT: 'free some space or choose another place with --output; nothing was left behind',
};

/** `ENOENT`, `EEXIST`, …; nothing when the error is not the system's. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @param what - what the file should have been, as in `the manifest` */
export function readError(path: string, cause: unknown, what?: string): DisksealError {
  if (cause instanceof DisksealError) return cause;
  const message = `cannot read${what === undefined ? '' : ` ${what}`}: ${words(cause)}`;
  return new DisksealError(errnoOf(cause) === 'ENOENT' ? 'E_NOT_FOUND' : 'E_READ', message, { path, cause });
}

export function writeError(path: string, cause: unknown): DisksealError {
  if (cause instanceof DisksealError) return cause;
  return new DisksealError('E_WRITE', `cannot write: ${words(cause)}`, { path, cause, hint: HINTS[errnoOf(cause) ?? ''] });
}

function words(cause: unknown): string {
  return WORDS[errnoOf(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
}
