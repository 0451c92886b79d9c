/** What this machine lets a test do. Whatever it does not is said aloud: a skipped test must be seen. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function tried(attempt: (folder: string) => boolean, otherwise: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'diskseal-test-'));
  const works = attempt(folder);
  rmSync(folder, { recursive: true, force: true });
  if (!works) console.warn(`skipped: ${otherwise}`);
  return works;
}

const mount = (folder: string, size: string): boolean =>
  process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', folder]).status === 0;

/** Small filesystems to fill can be mounted. */
export const canMount = tried(
  (folder) => mount(folder, '1m') && spawnSync('umount', [folder]).status === 0,
  'a small filesystem to fill needs root on Linux',
);

/** Runs with a filesystem of that size in a folder. */
export async function onSmallDisk(size: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'diskseal-test-'));
  if (!mount(folder, size)) throw new Error('mount failed');
  try {
    await use(folder);
  } finally {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of the temporary folder take extended attributes, and the tools for them are installed. */
export const hasAttributes = tried((folder) => {
  const file = join(folder, 'probe');
  writeFileSync(file, '');
  return (
    process.platform === 'linux' &&
    spawnSync('setfattr', ['-n', 'user.t', '-v', '1', file]).status === 0 &&
    spawnSync('getfattr', ['-n', 'user.t', file]).status === 0
  );
}, 'no setfattr and getfattr here, or a filesystem without attributes');

/** A device that is always full. */
export const hasFullDevice = tried(() => existsSync('/dev/full'), 'there is no /dev/full here');

/** Permissions hold for this user, as they do not for root. */
export const obeysPermissions = tried(() => process.getuid !== undefined && process.getuid() !== 0, 'root may write everywhere');
