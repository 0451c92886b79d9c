/**
 * A copy of an image that nobody else can write or exchange (rule 19 of the seal): mode 0400 in a folder of mode 0700, where the system can
 * by reference and without copying bytes. It is the copy that is verified and attached. Beside it stands a record of where it is mounted, so
 * that `unmount` finds it, and the next mount clears away what nothing is mounted from any more.
 */
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import { readError, writeError } from '../../core/system-error.ts';
import { refuseSharedFolders } from '../destination.ts';

/** How an image was attached, and what takes it away again. */
export interface SystemMount {
  readonly mounter: 'loop' | 'udisks' | 'mac' | 'windows';
  /** Where its files are. */
  readonly folder: string;
  /** The folder was made for it. */
  readonly made: boolean;
  /** The system's device, where it is needed to detach. */
  readonly device?: string;
}

export interface PrivateCopy {
  /** Of the copied image; it keeps its name. */
  readonly path: string;
  record(mount: SystemMount): Promise<void>;
  remove(): Promise<void>;
}

export interface RecordedMount {
  readonly mount: SystemMount;
  readonly copy: PrivateCopy;
}

const RECORD = 'mount.json';
const PREFIX = 'image-';

/** @param state - this user's folder for copies; made when it is not there @throws DisksealError `E_NOT_FOUND`, `E_READ`, `E_WRITE` */
export async function privateCopy(image: string, state: string): Promise<PrivateCopy> {
  let folder: string | undefined;
  try {
    await mkdir(state, { recursive: true, mode: 0o700 });
    await refuseSharedFolders(state, state);
    folder = await mkdtemp(join(state, PREFIX));
  } catch (error) {
    throw writeError(state, error);
  }
  const copy = copyIn(folder, basename(image));
  try {
    if (!(await stat(image)).isFile()) throw new DisksealError('E_READ', 'not a regular file', { path: image });
    await copyFile(image, copy.path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(copy.path, 0o400);
    return copy;
  } catch (error) {
    await copy.remove();
    throw readError(image, error);
  }
}

function copyIn(folder: string, name: string): PrivateCopy {
  const path = join(folder, name === RECORD ? `image of ${name}` : name);
  return {
    path,
    record: (mount) => writeFile(join(folder, RECORD), JSON.stringify({ ...mount, name: basename(path) }), { mode: 0o600, flag: 'wx' }),
    async remove() {
      // Windows keeps what is read-only.
      await chmod(path, 0o600).catch(() => undefined);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What was recorded, and not removed since. Damaged records are passed over. */
export async function recordedMounts(state: string): Promise<RecordedMount[]> {
  const names = await readdir(state).catch(() => []);
  const found: RecordedMount[] = [];
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const folder = join(state, name);
    const record = await readFile(join(folder, RECORD), 'utf8').then(parseRecord, () => undefined);
    if (record) found.push({ mount: record.mount, copy: copyIn(folder, record.name) });
  }
  return found;
}

const MOUNTERS: readonly unknown[] = ['loop', 'udisks', 'mac', 'windows'] satisfies SystemMount['mounter'][];

function parseRecord(text: string): { mount: SystemMount; name: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { mounter, folder, made, device, name } = value as Record<string, unknown>;
  if (!MOUNTERS.includes(mounter) || typeof folder !== 'string' || typeof name !== 'string' || name !== basename(name)) return undefined;
  const known = { mounter: mounter as SystemMount['mounter'], folder, made: made === true };
  return { mount: typeof device === 'string' ? { ...known, device } : known, name };
}

/** Whether something is mounted on a folder: it is then on another device than the folder above it. */
export async function isMounted(folder: string, system: NodeJS.Platform = process.platform): Promise<boolean> {
  try {
    const own = await lstat(folder);
    if (system === 'win32') return true;
    return own.dev !== (await lstat(dirname(folder))).dev;
  } catch {
    return false;
  }
}

/** Removes copies that nothing is mounted from any more: after a restart of the system, or an unmount from outside. */
export async function sweep(state: string, system: NodeJS.Platform = process.platform): Promise<void> {
  for (const { mount, copy } of await recordedMounts(state)) {
    if (await isMounted(mount.folder, system)) continue;
    if (mount.made) await rmdir(mount.folder).catch(() => undefined);
    await copy.remove().catch(() => undefined);
  }
}
