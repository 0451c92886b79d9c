/** The timestamps that a command is to fetch: the client of `keys/` over Node's sockets, with what `trust/` says about the tokens. */
import type { Platform } from '../../core/platform.ts';
import { timestampClient } from '../../keys/timestamp-client.ts';
import { createHttpClient } from '../../node/http-client.ts';
import { parseHttpUrl } from '../../node/http-url.ts';
import { acceptTimeStamp } from '../../trust/timestamp-sent.ts';

/** Asks about the octets of a signature. @throws DisksealError `E_HTTP` */
export type AskForTimestamp = (signature: Uint8Array) => Promise<Uint8Array>;

/**
 * Gives `use` a way to ask the authorities, none when there are no URLs, and ends its connections afterwards.
 * @throws DisksealError `E_USAGE` for what is no URL, before anything is done
 */
export async function withTimestamps<T>(
  urls: readonly string[],
  platform: Platform,
  use: (ask: AskForTimestamp | undefined) => Promise<T>,
): Promise<T> {
  if (urls.length === 0) return use(undefined);
  for (const url of urls) parseHttpUrl(url);
  const client = createHttpClient();
  try {
    const accept = (sent: Uint8Array, signature: Uint8Array) => acceptTimeStamp(sent, signature, platform);
    return await use(timestampClient({ urls, post: client.post, platform, accept }));
  } finally {
    await client.close();
  }
}
