/**
 * Asks timestamp authorities about a signature, one after the other until one gives a token that a seal may carry. Source: RFC 3161
 * sections 2.4 and 3.4. A timestamp that is wanted and cannot be had is an error, never a seal without it.
 */
import { randomBytes } from 'node:crypto';
import { DisksealError } from '../core/errors.ts';
import type { HttpPost, Platform } from '../core/platform.ts';
import { derFromBer } from '../pki/ber.ts';
import { equalBytes } from '../pki/der.ts';
import { encodeTimeStampRequest, parseTimeStampResponse, QUERY_TYPE, REPLY_TYPE } from '../pki/timestamp-request.ts';
import type { TstInfo } from '../pki/timestamp-token.ts';

export interface TimestampClientOptions {
  /** Tried in this order. */
  readonly urls: readonly string[];
  readonly post: HttpPost;
  readonly platform: Platform;
  /**
   * Takes what an authority sent for what a seal may carry: in DER, without anything superfluous, proven to be about the signature.
   * @throws DisksealError when a verifier would refuse it
   */
  readonly accept: (sent: Uint8Array, signature: Uint8Array) => Promise<{ readonly token: Uint8Array; readonly info: TstInfo }>;
  /** Content octets of a positive INTEGER; for tests. */
  readonly nonce?: () => Uint8Array;
  /** Unix seconds; the clock when absent. */
  readonly now?: () => number;
}

/** Seconds between the authority's clock and ours. One of them being wrong, the image would not verify here, or not everywhere. */
const TOLERANCE = 600;

/**
 * @returns a function from the octets of a signature to a token in DER
 * @throws DisksealError (that function) `E_HTTP` with what went wrong at each authority, `E_USAGE` for what is no URL
 */
export function timestampClient(options: TimestampClientOptions): (signature: Uint8Array) => Promise<Uint8Array> {
  return async (signature) => {
    const failures: { url: string; error: DisksealError }[] = [];
    for (const url of options.urls) {
      try {
        return await askOne(url, signature, options);
      } catch (error) {
        if (!(error instanceof DisksealError) || error.code === 'E_USAGE') throw error;
        failures.push({ url: shown(url), error });
      }
    }
    throw noTimestamp(failures);
  };
}

async function askOne(
  url: string,
  signature: Uint8Array,
  { post, platform, accept, ...options }: TimestampClientOptions,
): Promise<Uint8Array> {
  const nonce = options.nonce?.() ?? randomNonce();
  // Whatever the signature's own digest is: tokens of SHA-256 are what every authority gives and every verifier takes.
  const request = encodeTimeStampRequest({ hash: 'sha256', hashedMessage: await platform.digest('sha256', signature) }, nonce);
  const sent = readAnswer(await post(url, request, { contentType: QUERY_TYPE, accept: REPLY_TYPE }));
  const { token, info } = await accept(sent, signature);
  if (!info.nonce || !equalBytes(info.nonce, nonce)) throw unfit('the token answers another question: its nonce differs');
  if (info.imprint.hash !== 'sha256') throw unfit('the token is over another digest than was asked for');
  const now = options.now?.() ?? Date.now() / 1000;
  if (!(Math.abs(info.time - now) <= TOLERANCE + info.accuracy))
    throw unfit(`the token says that it is ${new Date(info.time * 1000).toISOString()}: that clock or this machine's is wrong`);
  return token;
}

function readAnswer(answer: Uint8Array): Uint8Array {
  // RFC 3161 wants DER; some authorities write BER, with the same meaning.
  const { token, refusal } = parseTimeStampResponse(derFromBer(answer, 'TimeStampResp'));
  if (!token) throw unfit(`the authority refuses: ${refusal}`);
  return token;
}

/** 128 bits, the first one zero and the second one set: positive, and in the fewest octets. */
function randomNonce(): Uint8Array {
  const octets = new Uint8Array(randomBytes(16));
  octets[0] = (octets[0]! & 0x3f) | 0x40;
  return octets;
}

function unfit(message: string): DisksealError {
  return new DisksealError('E_TIMESTAMP', message);
}

/** Without user, password and query, which let people in. */
function shown(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function noTimestamp(failures: readonly { url: string; error: DisksealError }[]): DisksealError {
  const reasons = failures.map(({ url, error }) => `${url}: ${error.message}`).join('; ');
  const message = failures.length === 0 ? 'there is no timestamp authority to ask' : `no timestamp could be had from ${reasons}`;
  const hint = failures.find(({ error }) => error.hint !== undefined)?.error.hint ?? 'try again later, or name another authority as well';
  return new DisksealError('E_HTTP', message, { hint, cause: failures.at(-1)?.error, others: failures.slice(1).map(({ error }) => error) });
}
