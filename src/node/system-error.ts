/** Node's system errors in the words of a DisksealError. */
import { DisksealError } from '../core/errors.ts';

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
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many files are open',
};

export function readError(path: string, cause: unknown): DisksealError {
  const code = codeOf(cause);
  return new DisksealError(code === 'ENOENT' ? 'E_NOT_FOUND' : 'E_READ', `cannot read: ${words(cause)}`, { path, cause });
}

export function writeError(path: string, cause: unknown): DisksealError {
  const hint = codeOf(cause) === 'ENOSPC' ? 'free some space or choose another place with --output' : undefined;
  return new DisksealError('E_WRITE', `cannot write: ${words(cause)}`, { path, cause, hint });
}

function words(cause: unknown): string {
  return WORDS[codeOf(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
