/**
 * Mounts a FUSE filesystem: Node.js opens /dev/fuse, and the system's `mount` is started with that descriptor. That needs root, or a
 * user namespace (`unshare -Urm`). fusermount3, which lets anybody mount, hands the descriptor over a socket, and Node.js cannot take it.
 */
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { DisksealError } from '../../core/errors.ts';
import { errnoOf, writeError } from '../../core/system-error.ts';
import { readMountTable } from '../mount-table.ts';
import { complaint, runTool } from '../system-tool.ts';
import type { Owner } from './attributes.ts';
import { FILESYSTEM_TYPE } from './detach.ts';

const DEVICE = '/dev/fuse';
const FOLDER_MODE = '40000';
/** What the kernel reads ahead of who reads; its own 128 KiB wait for us too often. KiB. */
const READ_AHEAD = 1024;

/**
 * @param folder - absolute, without symbolic links
 * @param source - shown in the system's table of mounts
 * @returns the descriptor to serve (fuse/connection.ts), which the caller closes
 * @throws DisksealError `E_READ` when there is no FUSE here, `E_WRITE` when it may not be mounted
 */
export async function attach(folder: string, source: string, { uid, gid }: Owner): Promise<number> {
  const device = openDevice();
  // Never for others, never with rights that an image gives (rule 19 of the seal).
  const options = `fd=3,rootmode=${FOLDER_MODE},user_id=${uid},group_id=${gid},ro,nosuid,nodev,noatime,default_permissions`;
  try {
    const ran = await runTool('mount', ['-i', '-t', FILESYSTEM_TYPE, '-o', options, '--', source, folder], device);
    if (ran.code === 0) return device;
    throw new DisksealError('E_WRITE', `it cannot be mounted: ${complaint(ran)}`, {
      path: folder,
      hint: 'FUSE needs root or a user namespace (unshare -Urm) here; "diskseal extract" needs neither',
    });
  } catch (error) {
    closeSync(device);
    throw writeError('mount', error);
  }
}

function openDevice(): number {
  const hint = '--system uses the system\'s own mounter; "diskseal extract" needs nothing of the system';
  if (process.platform !== 'linux' || endianness() !== 'LE') {
    throw new DisksealError('E_READ', 'FUSE is served on Linux only, where numbers are little-endian', { path: DEVICE, hint });
  }
  try {
    return openSync(DEVICE, 'r+');
  } catch (cause) {
    const why = errnoOf(cause) === 'ENOENT' ? 'this system has no FUSE' : `FUSE cannot be used: ${(cause as Error).message}`;
    throw new DisksealError('E_READ', why, { path: DEVICE, hint, cause });
  }
}

/** Lets the kernel read more ahead. Only root may, and without it reading is only slower. */
export async function readAhead(folder: string): Promise<void> {
  const there = (await readMountTable()).findLast((mounted) => mounted.folder === folder);
  if (there) await writeFile(`/sys/class/bdi/${there.device}/read_ahead_kb`, String(READ_AHEAD)).catch(() => undefined);
}
