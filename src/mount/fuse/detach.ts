/** Takes a FUSE mount of ours away again, by the system's `umount`. */
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { readMountTable } from '../mount-table.ts';
import { complaint, runTool } from '../system-tool.ts';

/** The type under which our mounts stand in the system's table. */
export const FILESYSTEM_TYPE = 'fuse.diskseal';

/**
 * Unmounts a folder that something of ours is mounted on, whether a server still answers or not.
 * @param force - although files are open there: those fail from then on
 * @returns false when it is in use, and `force` was not given
 * @throws DisksealError `E_NOT_FOUND` when nothing of ours is mounted there, `E_WRITE`
 */
export async function detach(folder: string, force = true): Promise<boolean> {
  const there = (await readMountTable()).findLast((mounted) => mounted.folder === folder);
  if (there?.type !== FILESYSTEM_TYPE) {
    throw new DisksealError(
      'E_NOT_FOUND',
      there ? `what is mounted there is not diskseal's, but ${there.type}` : 'nothing is mounted there',
    );
  }
  // Internal and as given: neither a helper nor a look at the folder, which a server that hangs would not answer.
  const polite = await umount(['-i', '-c', folder]);
  if (polite.code === 0) return true;
  if (!force) return false;
  const forced = await umount(['-i', '-c', '-f', '-l', folder]);
  if (forced.code === 0) return true;
  throw new DisksealError('E_WRITE', `it cannot be unmounted: ${complaint(forced)}`);
}

function umount(args: readonly string[]): ReturnType<typeof runTool> {
  return runTool('umount', args).catch((error: unknown) => {
    throw readError('umount', error);
  });
}
