/**
 * The system's own mounters, read-only. Linux: `mount` with a loop device as root, `udisksctl` for everybody else; the kernel must know the
 * filesystem. macOS: `diskutil image attach` where it exists (macOS 26), else `hdiutil attach`. Windows: `Mount-DiskImage`, for ISO images.
 * Tried on Linux only; the others are held to the words of their manuals by tests with stand-in programs.
 */
import { rmdir } from 'node:fs/promises';
import { DisksealError } from '../../core/errors.ts';
import { errnoOf, readError } from '../../core/system-error.ts';
import { prepareMountPoint } from '../mount-point.ts';
import { complaint, type RunTool, runTool, type ToolRun } from '../system-tool.ts';
import type { SystemMount } from './private-copy.ts';

/** What is attached. */
export interface Attachable {
  /** The verified private copy. */
  readonly path: string;
  readonly isUdif: boolean;
  readonly isIso: boolean;
  /** The volume on the disk; nothing when it is the whole disk. Bytes. */
  readonly volume?: { readonly position: number; readonly size: number } | undefined;
}

export interface MounterHost {
  readonly system: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly run: RunTool;
}

export function thisMounterHost(): MounterHost {
  return { system: process.platform, isRoot: process.geteuid?.() === 0, run: runTool };
}

/**
 * @param dir - where to; nothing leaves it to the system, or is `named`
 * @param named - a folder for systems that want one
 * @throws DisksealError `E_UNSUPPORTED` for what this system cannot mount, `E_USAGE`, `E_WRITE`
 */
export async function attachImage(
  image: Attachable,
  dir: string | undefined,
  named: () => string,
  host: MounterHost,
): Promise<SystemMount> {
  if (host.system === 'win32') return attachWindows(image, dir, host);
  if (host.system === 'darwin') return atFolder('mac', dir ?? named(), (folder) => attachMac(image, folder, host));
  if (host.system !== 'linux') throw new DisksealError('E_UNSUPPORTED', `there is no mounter known for ${host.system}`);
  if (image.isUdif) {
    throw new DisksealError('E_UNSUPPORTED', 'Linux itself mounts no DMG', { hint: 'without --system diskseal serves it, by FUSE' });
  }
  if (host.isRoot) return atFolder('loop', dir ?? named(), (folder) => attachLoop(image, folder, host));
  refuseFolder(dir, 'udisks');
  return attachUdisks(image, host);
}

/** @returns false when it is in use @throws DisksealError `E_WRITE` */
export async function detachImage(mount: SystemMount, path: string, { run }: MounterHost): Promise<boolean> {
  const { mounter, folder, device = '', made } = mount;
  const ask = {
    loop: () => run('umount', [folder]),
    udisks: () => run('udisksctl', ['unmount', '--no-user-interaction', '-b', device]),
    mac: () => run('diskutil', ['eject', folder]),
    windows: () => powershell(run, `Dismount-DiskImage -ImagePath ${quoted(path)}`),
  }[mounter];
  const ran = await started(ask());
  if (ran.code !== 0) {
    if (/busy|in use|could ?n.t unmount|being used/i.test(ran.stderr + ran.stdout)) return false;
    throw new DisksealError('E_WRITE', `it cannot be unmounted: ${complaint(ran)}`, { path: folder });
  }
  if (mounter === 'udisks') await run('udisksctl', ['loop-delete', '--no-user-interaction', '-b', device]);
  if (made) await rmdir(folder).catch(() => undefined);
  return true;
}

async function atFolder(mounter: 'mac' | 'loop', path: string, attach: (folder: string) => Promise<void>): Promise<SystemMount> {
  const { folder, made } = await prepareMountPoint(path);
  try {
    await attach(folder);
    return { mounter, folder, made };
  } catch (error) {
    if (made) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** Never with rights that an image gives. */
const SAFE = 'ro,nosuid,nodev';

async function attachLoop({ path, volume }: Attachable, folder: string, { run }: MounterHost): Promise<void> {
  const range = volume ? `,offset=${volume.position},sizelimit=${volume.size}` : '';
  accept(await started(run('mount', ['-o', `${SAFE},noatime,loop${range}`, '--', path, folder])), folder);
}

async function attachUdisks({ path, volume }: Attachable, { run }: MounterHost): Promise<SystemMount> {
  const range = volume ? ['--offset', String(volume.position), '--size', String(volume.size)] : [];
  const mapped = await started(run('udisksctl', ['loop-setup', '--no-user-interaction', '--read-only', ...range, '--file', path]));
  const device = /(\/dev\/loop\d+)\.?\s*$/.exec(accept(mapped, path))?.[1];
  if (device === undefined) throw new DisksealError('E_WRITE', `udisksctl names no device: ${complaint(mapped)}`, { path });
  const ran = await started(run('udisksctl', ['mount', '--no-user-interaction', '-b', device, '-o', SAFE]));
  const folder = /^Mounted \S+ at (\/.+?)\.?\s*$/m.exec(ran.stdout)?.[1];
  if (ran.code === 0 && folder !== undefined) return { mounter: 'udisks', folder, made: false, device };
  await run('udisksctl', ['loop-delete', '--no-user-interaction', '-b', device]);
  throw cannot(ran, path);
}

async function attachMac({ path }: Attachable, folder: string, { run }: MounterHost): Promise<void> {
  const own = ['image', 'attach', '--readOnly', '--mountOptions', 'nosuid,nodev', '--mountPoint', folder, path];
  const first = await started(run('diskutil', own));
  if (first.code === 0) return;
  // Before macOS 26 diskutil knows no images.
  accept(await started(run('hdiutil', ['attach', '-readonly', '-noautoopen', '-owners', 'off', '-mountpoint', folder, path])), folder);
}

async function attachWindows({ path, isIso }: Attachable, dir: string | undefined, { run }: MounterHost): Promise<SystemMount> {
  if (!isIso) throw new DisksealError('E_UNSUPPORTED', 'Windows itself mounts ISO images only', { hint: '"diskseal extract" takes any' });
  refuseFolder(dir, 'Windows');
  const command = `(Mount-DiskImage -ImagePath ${quoted(path)} -Access ReadOnly -PassThru | Get-Volume).DriveLetter`;
  const ran = await powershell(run, command);
  const letter = /^\s*([A-Z])\s*$/m.exec(accept(ran, path))?.[1];
  if (letter !== undefined) return { mounter: 'windows', folder: `${letter}:\\`, made: false };
  await powershell(run, `Dismount-DiskImage -ImagePath ${quoted(path)}`);
  throw new DisksealError('E_WRITE', 'Windows gave it no drive letter', { path });
}

function powershell(run: RunTool, command: string): Promise<ToolRun> {
  return started(run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', `$ErrorActionPreference = 'Stop'; ${command}`]));
}

/** A text as PowerShell reads it literally; it takes typographic quotation marks for plain ones. */
function quoted(text: string): string {
  return `'${text.replace(/['\u2018-\u201B]/g, '$&$&')}'`;
}

function refuseFolder(dir: string | undefined, who: string): void {
  if (dir !== undefined) throw new DisksealError('E_USAGE', `${who} chooses the folder itself`, { hint: 'leave the folder out' });
}

/** @returns what it printed */
function accept(ran: ToolRun, path: string): string {
  if (ran.code === 0) return ran.stdout;
  throw cannot(ran, path);
}

function cannot(ran: ToolRun, path: string): DisksealError {
  return new DisksealError('E_WRITE', `the system does not mount it: ${complaint(ran)}`, {
    path,
    hint: 'the system may not know this filesystem; "diskseal extract" needs nothing of it',
  });
}

async function started(run: Promise<ToolRun>): Promise<ToolRun> {
  return run.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return { code: 127, stdout: '', stderr: "the system's mounter is not installed" };
    throw readError("the system's mounter", error);
  });
}
