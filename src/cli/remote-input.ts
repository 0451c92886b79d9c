/** A file on a server, read by ranges. Loaded only for a URL; the one-file verifier has no-remote-input.ts in its place. */
import { createHttpClient } from '../node/http-client.ts';
import { openUrl } from '../node/http-disk.ts';
import type { Input } from './input.ts';

/** @throws DisksealError `E_HTTP` */
export async function openRemoteInput(url: string): Promise<Input> {
  const client = createHttpClient();
  try {
    const disk = await openUrl(url, client);
    return { disk, shown: disk.shown, remote: true, transferred: () => disk.transferred, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}
