/**
 * `mount` = verify → open → FUSE: shows a verified tree in a folder of this machine, read-only, until it is unmounted. Every read is checked
 * against the leaves when it is made, through the descriptor that was verified: what happens to the path does not matter.
 */
import { closeSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import type { DisksealError } from '../core/errors.ts';
import type { VerifiedTree } from '../verify/verified-tree.ts';
import { attach, readAhead } from './fuse/attach.ts';
import type { Owner } from './fuse/attributes.ts';
import { serve } from './fuse/connection.ts';
import { detach } from './fuse/detach.ts';
import { createFilesystem, type Filesystem } from './fuse/filesystem.ts';
import { prepareMountPoint } from './mount-point.ts';

export interface MountOptions {
  /** For the system's table of mounts. */
  readonly source: string;
  /** Bytes and number of the files, for `df`. */
  readonly bytes: number;
  readonly files: number;
  /** Hears of what could not be read, and of what differs. @param path - in the volume */
  readonly fault: (error: DisksealError, path: string) => void;
  /** Unmounts when so many milliseconds pass in which nothing is asked and nothing is open. */
  readonly idle?: number | undefined;
}

export interface Mount {
  /** Absolute. */
  readonly folder: string;
  /** Resolves when it is unmounted, by whomever. @throws DisksealError when the kernel refuses to go on */
  readonly ended: Promise<void>;
  /** Although files are open. */
  unmount(): Promise<void>;
}

/**
 * @param path - an empty folder, or one that is not there: then it is made, and goes with the mount
 * @returns when the folder shows the tree
 * @throws DisksealError `E_EXISTS`, `E_NOT_FOUND`, `E_WRITE`, `E_READ`, `E_UNSUPPORTED`
 */
export async function mount(tree: VerifiedTree, path: string, options: MountOptions): Promise<Mount> {
  const { folder, made } = await prepareMountPoint(path);
  const owner: Owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const remove = async (): Promise<void> => {
    if (made) await rmdir(folder).catch(() => undefined);
  };
  const device = await attach(folder, options.source, owner).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const idleness = watchIdleness(folder, options.idle);
  const started = serving(device, createFilesystem(tree, { ...options, owner }), idleness.asked);
  const ended = untilUnmounted(started.ended, async () => {
    idleness.stop();
    closeSync(device);
    await remove();
  });
  // A failure before the folder is ready is told once, by the race.
  ended.catch(() => undefined);
  await Promise.race([started.ready, ended]);
  await readAhead(folder);
  return { folder, ended, unmount: async () => void (await detach(folder)) };
}

function serving(device: number, filesystem: Filesystem, asked: () => void): { ready: Promise<void>; ended: Promise<void> } {
  let tell: (() => void) | undefined;
  const ready = new Promise<void>((resolve) => (tell = resolve));
  return { ready, ended: serve(device, filesystem, { ready: () => tell?.(), asked }) };
}

async function untilUnmounted(served: Promise<void>, clean: () => Promise<void>): Promise<void> {
  try {
    await served;
  } finally {
    await clean();
  }
}

/** Unmounts politely: a folder in which something is open, or that somebody works in, is busy and stays. */
function watchIdleness(folder: string, idle: number | undefined): { readonly asked: () => void; readonly stop: () => void } {
  if (idle === undefined) return { asked: () => undefined, stop: () => undefined };
  let last = Date.now();
  const timer = setInterval(
    () => {
      if (Date.now() - last < idle) return;
      last = Date.now();
      void detach(folder, false).catch(() => undefined);
    },
    Math.min(Math.max(idle / 4, 50), 30_000),
  );
  return {
    asked: () => {
      last = Date.now();
    },
    stop: () => clearInterval(timer),
  };
}
