/**
 * The file of publishers and releases known from before, the sibling of ssh's known_hosts: JSON, read by every command that verifies,
 * written by `--remember` alone. Where: `$XDG_STATE_HOME/diskseal` (XDG Base Directory Specification), else `~/.local/state/diskseal`;
 * for root `/var/lib/diskseal`, whatever the environment says; on Windows `%LOCALAPPDATA%\diskseal`.
 *
 * Writers take turns by a lock file; each writes a file of its own and renames it. So a reader sees the old file or the new one, whole,
 * and so does whoever comes after a crash.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DisksealError } from '../../core/errors.ts';
import { errnoOf, writeError } from '../../core/system-error.ts';
import { EMPTY_MEMORY, type Memory } from '../../trust/pins.ts';
import { parseMemory, writeMemory } from '../../trust/remembered.ts';
import type { Host } from '../host.ts';
import { readProtected } from './protected-file.ts';

const NAME = 'known-publishers.json';
/** Writing takes milliseconds. */
const PATIENCE = 5_000;
/** A lock of this age was left by a crash. */
const STALE = 60_000;

/** Absent when nothing says where the user's files are. */
export function memoryFile({ user, environment }: Host): string | undefined {
  if (user === 0) return join('/var/lib/diskseal', NAME);
  const { XDG_STATE_HOME: state, HOME: home, LOCALAPPDATA: local } = environment;
  if (user === undefined) return local && isAbsolute(local) ? join(local, 'diskseal', NAME) : undefined;
  // The specification: a relative path is to be ignored.
  if (state && isAbsolute(state)) return join(state, 'diskseal', NAME);
  return home && isAbsolute(home) ? join(home, '.local', 'state', 'diskseal', NAME) : undefined;
}

/** Nothing is known where there is no file. @throws DisksealError `E_STATE` when it is damaged or others can write it, `E_READ` */
export async function readMemory(path: string, { user }: Pick<Host, 'user'>): Promise<Memory> {
  try {
    const bytes = await readProtected(path, { rootOnly: user === 0, owner: user, code: 'E_STATE' });
    return parseMemory(bytes);
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_NOT_FOUND') return EMPTY_MEMORY;
    throw error instanceof DisksealError ? error.with({ path }) : error;
  }
}

/**
 * Changes the file, one process after the other.
 * @param change - from what is in the file now; what it throws leaves the file as it was
 * @throws DisksealError `E_STATE`, `E_WRITE`
 */
export async function updateMemory(path: string, host: Pick<Host, 'user'>, change: (memory: Memory) => Memory): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw writeError(dirname(path), error);
  });
  const lock = await takeLock(`${path}.lock`);
  try {
    const changed = writeMemory(change(await readMemory(path, host)));
    await replaceFile(path, changed);
  } finally {
    await lock.release();
  }
}

/** Whole or not at all, whatever the umask says about others. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  const handle = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw writeError(path, error);
  });
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw writeError(path, error);
  }
}

interface Lock {
  release(): Promise<void>;
}

async function takeLock(path: string): Promise<Lock> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      const handle = await open(path, 'wx', 0o600);
      await handle.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw writeError(path, error);
    }
    await removeStale(path);
    if (Date.now() > end) {
      const hint = 'if none is running, it was left by a crash: remove it';
      throw new DisksealError('E_STATE', 'another process is writing the known publishers', { path, hint });
    }
    await wait(10 + Math.random() * 40);
  }
}

/** Renamed first, which only one process can do to it. */
async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < STALE) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
