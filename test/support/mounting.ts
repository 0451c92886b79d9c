/** Mounts for tests: whether this machine lets us make them, and that none is left, whatever happened. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { type Mounted, parseMountTable } from '../../src/mount/mount-table.ts';

/** FUSE is there, and this user may mount. */
export const canMountFuse = ((): boolean => {
  try {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error('only root on Linux may mount here');
    closeSync(openSync('/dev/fuse', 'r+'));
    return true;
  } catch (error) {
    console.warn(`skipped: mounting needs root and /dev/fuse: ${String(error)}`);
    return false;
  }
})();

/** Our mounts below a folder. */
export function mountsBelow(folder: string): Mounted[] {
  const all = parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
  return all.filter((mounted) => mounted.type === 'fuse.diskseal' && `${mounted.folder}/`.startsWith(`${folder}/`));
}

/** Removes what is mounted below a folder, by force. To be called where a test makes the folder: before that is removed. */
export function unmountAfterwards(folder: () => string): void {
  afterAll(() => {
    for (const mounted of mountsBelow(folder())) spawnSync('umount', ['-i', '-c', '-f', '-l', mounted.folder]);
  });
}

/** Waits for what comes about in another process. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, seconds = 15): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await holds()); await wait(20)) {
    if (Date.now() > end) throw new Error(`in ${seconds} s it did not come about that ${what}`);
  }
}
