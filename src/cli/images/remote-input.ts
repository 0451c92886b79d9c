/** A file on a server, read by ranges. Loaded only for a URL; the one-file verifier has no-remote-input.ts in its place. */
import { bytesDisk } from '../../core/disk.ts';
import { createHttpClient } from '../../node/http-client.ts';
import { httpDisk, TAIL } from '../../node/http-disk.ts';
import { noRanges, openRemote } from '../../node/http-ranges.ts';
import { parseHttpUrl } from '../../node/http-url.ts';
import type { Input } from './input.ts';

/** What is held in memory where a server gives no parts. Bytes: 64 MiB. */
const SMALL = 2 ** 26;

/**
 * @param small - it may be read whole where there are no ranges
 * @throws DisksealError `E_HTTP`
 */
export async function openRemoteInput(text: string, small: boolean): Promise<Input> {
  const client = createHttpClient();
  try {
    const remote = await openRemote(client, parseHttpUrl(text), TAIL);
    const common = { shown: remote.shown, remote: true, close: () => client.close() };
    if (remote.kind === 'ranges') return { ...common, disk: httpDisk(remote), transferred: () => remote.transferred };
    remote.discard();
    if (!small) throw noRanges(remote);
    const bytes = await client.get(text, SMALL);
    return { ...common, disk: bytesDisk(bytes), transferred: () => bytes.length };
  } catch (error) {
    await client.close();
    throw error;
  }
}
