/** What a command reads: a file of this machine, or one on a server by ranges. */
import type { Disk } from '../../core/disk.ts';
import { openFile } from '../../node/file-disk.ts';
import { isUrl } from '../../node/http-url.ts';

export interface Input {
  readonly disk: Disk;
  /** The name as it may be shown: a URL without login and query. */
  readonly shown: string;
  /** It comes from a server. */
  readonly remote: boolean;
  /** Bytes that came from the server. */
  transferred(): number;
  close(): Promise<void>;
}

/**
 * @param size - of the image, when it is on a device
 * @throws DisksealError `E_NOT_FOUND`, `E_READ`, `E_HTTP` with the hint `get` when a server has no ranges
 */
export function openInput(name: string, size?: number): Promise<Input> {
  return open(name, false, size);
}

/** A detached seal: small enough that a server without ranges will do. @throws DisksealError as `openInput` */
export function openSeal(name: string): Promise<Input> {
  return open(name, true);
}

async function open(name: string, small: boolean, size?: number): Promise<Input> {
  // Loaded only for a URL.
  if (isUrl(name)) return (await import('./remote-input.ts')).openRemoteInput(name, small);
  const disk = await openFile(name, size);
  return { disk, shown: name, remote: false, transferred: () => 0, close: () => disk.close() };
}
