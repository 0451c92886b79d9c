/** What a command reads: a file of this machine, or one on a server by ranges. */
import type { Disk } from '../core/disk.ts';
import { openFile } from '../node/file-disk.ts';
import { isUrl } from '../node/http-url.ts';

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

/** @throws DisksealError `E_NOT_FOUND`, `E_READ`, `E_HTTP` with the hint `get` when a server has no ranges */
export async function openInput(name: string): Promise<Input> {
  if (isUrl(name)) return openRemoteInput(name);
  const disk = await openFile(name);
  return { disk, shown: name, remote: false, transferred: () => 0, close: () => disk.close() };
}

async function openRemoteInput(url: string): Promise<Input> {
  // Loaded only for a URL.
  const [{ createHttpClient }, { openUrl }] = await Promise.all([import('../node/http-client.ts'), import('../node/http-disk.ts')]);
  const client = createHttpClient();
  try {
    const disk = await openUrl(url, client);
    return { disk, shown: disk.shown, remote: true, transferred: () => disk.transferred, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}
