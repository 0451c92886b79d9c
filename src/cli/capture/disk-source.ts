/** What is captured: a device or a disk file, with what tells it from another one, now and when an earlier try is gone on with. */
import { realpath, stat } from 'node:fs/promises';
import type { FragileDisk } from '../../capture/read-around.ts';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { isUdif } from '../../formats/containers/udif/koly.ts';
import { type BlockDevice, blockDevice } from '../../node/block-device.ts';
import { type WriteCount, watchDevice } from '../../node/device-watch.ts';
import { openDirect } from '../../node/direct-disk.ts';
import { openFile } from '../../node/file-disk.ts';

export interface DiskSource extends FragileDisk {
  /** The same for the same source, and for no other one as far as the system can tell. */
  readonly identity: string;
  /** How often it was written to; absent when nobody counts. */
  readonly writes: WriteCount | undefined;
  /** Why it may change while it is read. */
  readonly warning: string | undefined;
  close(): Promise<void>;
}

/** Of a disk file; bytes. */
const SECTOR = 512;

/** @throws DisksealError `E_NOT_FOUND`, `E_READ`, `E_UNSUPPORTED`; `E_USAGE` for a DMG */
export async function openDiskSource(path: string): Promise<DiskSource> {
  const device = await blockDevice(path);
  return device ? openDevice(device) : openDiskFile(path);
}

async function openDevice(device: BlockDevice): Promise<DiskSource> {
  const { path, size, label, uses, changing } = device;
  if (size === 0) throw new DisksealError('E_READ', 'the device has no medium, or an empty one', { path });
  const watch = await watchDevice(path);
  const writes = await watch.writes();
  const disk = await openDirect(path, size);
  return {
    disk,
    sector: Math.max(disk.sector, watch.sector),
    identity: JSON.stringify({ kind: 'device', size, label: label || path }),
    writes,
    warning: changing
      ? `${path} is in use (${[...new Set(uses)].join(', ')}): what is written to it meanwhile ends the capture`
      : undefined,
    async check() {
      const now = await watch.writes();
      if (writes && now && now.sectors !== writes.sectors) throw changed(path);
    },
    close: () => disk.close(),
  };
}

async function openDiskFile(path: string): Promise<DiskSource> {
  const disk = await openFile(path);
  try {
    if (await isUdif(disk)) {
      throw new DisksealError('E_USAGE', 'this is a disk image already, not a disk', { path, hint: '"diskseal sign" seals it' });
    }
    const first = await identityOf(path);
    return {
      disk,
      sector: SECTOR,
      identity: first,
      writes: undefined,
      warning: undefined,
      async check() {
        if ((await identityOf(path)) !== first) throw changed(path);
      },
      close: () => disk.close(),
    };
  } catch (error) {
    await disk.close();
    throw error;
  }
}

async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return JSON.stringify({
      kind: 'file',
      path: await realpath(path),
      size: Number(size),
      file: `${dev}:${ino}`,
      modified: String(mtimeNs),
    });
  } catch (error) {
    throw readError(path, error);
  }
}

function changed(path: string): DisksealError {
  const hint = 'unmount it, or mount it read-only, and begin anew with --restart';
  return new DisksealError('E_CHANGED', 'the source was written to while it was captured', { path, hint });
}
