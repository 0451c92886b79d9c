/** Whether an output's name is free: said before hours of work, not after. Publishing makes sure of it at the end. */
import { lstat } from 'node:fs/promises';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';

/** @throws DisksealError `E_EXISTS` for a folder, and for a file without `force`; `E_READ` */
export async function refuseTaken(path: string, force: boolean): Promise<void> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw readError(path, error);
  });
  if (!stat) return;
  if (stat.isDirectory()) throw new DisksealError('E_EXISTS', 'the output is a folder', { path, hint: 'give the name of a file' });
  if (force) return;
  throw new DisksealError('E_EXISTS', 'the output is there already', { path, hint: 'give another name, or --force to replace it' });
}
