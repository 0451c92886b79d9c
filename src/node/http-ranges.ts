/**
 * One file on a server, read by ranges. It must stay the same file from the first answer to the last: each needs status 206, exactly the
 * range that was asked for, the same total and the same strong ETag. Sources: RFC 9110 sections 8.8.3 (ETag), 13.1.5 (If-Range), 14 (ranges).
 * What breaks on the way is asked for again, from where it broke.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DisksealError } from '../core/errors.ts';
import { type HttpAnswer, type HttpClient, refused, refuseWebPage, requireGood } from './http-client.ts';
import { HttpFault } from './http-fault.ts';
import { shownUrl } from './http-url.ts';

export interface RangedFile {
  readonly kind: 'ranges';
  /** As a person may see it. */
  readonly shown: string;
  /** Bytes. */
  readonly size: number;
  /** The last bytes, which came with the first answer. */
  readonly tail: Uint8Array;
  /** Bytes of bodies received so far. */
  readonly transferred: number;
  /** Exactly these bytes, as they come, in one request when all goes well. @throws DisksealError `E_HTTP` */
  read(from: number, length: number): AsyncGenerator<Uint8Array>;
}

/** A server that gives all or nothing. */
export interface WholeFile {
  readonly kind: 'whole';
  readonly shown: string;
  /** Why there are no ranges. */
  readonly reason: string;
  /** When the server says it. Bytes. */
  readonly size: number | undefined;
  /** To be called once. @throws DisksealError `E_HTTP` */
  body(): AsyncGenerator<Uint8Array>;
  discard(): void;
}

/** How often in a row a question is asked that brings nothing. */
const TRIES = 4;
/** Less than this is no step forward. Bytes. */
const PROGRESS = 65_536;

/**
 * @param tail - how many bytes from the end the first question asks for
 * @throws DisksealError `E_HTTP`
 */
export async function openRemote(client: HttpClient, url: URL, tail: number): Promise<RangedFile | WholeFile> {
  const answer = await patiently(client, async () => {
    const found = await client.ask({ url, method: 'GET', headers: { range: `bytes=-${tail}` } });
    // 416 is also what an empty file has.
    if (found.status !== 206 && found.status !== 416) requireGood(found);
    return found;
  });
  if (answer.status === 200) {
    refuseWebPage(answer);
    return wholeFile(url, answer, 'it sends all of it, whatever is asked');
  }
  if (answer.status === 416) {
    answer.discard();
    if (answer.header('content-range') !== 'bytes */0') throw new HttpFault(url, 'the server does not give the end of the file (416)');
    return { kind: 'ranges', shown: shownUrl(url), size: 0, tail: new Uint8Array(), transferred: 0, async *read() {} };
  }
  refuseWebPage(answer);
  const { from, to, total } = contentRange(answer);
  if (to !== total - 1 || from !== Math.max(0, total - tail)) throw wrongRange(answer);
  const etag = strongTag(answer);
  if (etag !== undefined) return rangedFile(client, url, answer, { from, total, etag });
  answer.discard();
  const whole = await client.ask({ url, method: 'GET' });
  requireGood(whole);
  return wholeFile(url, whole, 'it has no strong ETag, so that parts of two files could be mixed');
}

function wholeFile(url: URL, answer: HttpAnswer, reason: string): WholeFile {
  const length = answer.header('content-length');
  const size = length === undefined ? undefined : Number(length);
  return { kind: 'whole', shown: shownUrl(url), reason, size, body: () => answer.body(), discard: () => answer.discard() };
}

interface Identity {
  readonly total: number;
  readonly etag: string;
}

async function rangedFile(client: HttpClient, url: URL, first: HttpAnswer, identity: Identity & { from: number }): Promise<RangedFile> {
  const { from, total, etag } = identity;
  let transferred = 0;
  // Where the redirects led: asked directly, until it answers no more (links that expire).
  let direct = first.url;

  const ask = async (headers: Record<string, string>): Promise<HttpAnswer> => {
    const answer = await client.ask({ url: direct, method: 'GET', headers });
    if (answer.status < 400 || answer.status >= 500 || direct === url) return answer;
    answer.discard();
    const again = await client.ask({ url, method: 'GET', headers });
    direct = again.url;
    return again;
  };

  const attempt = async function* (start: number, length: number): AsyncGenerator<Uint8Array> {
    const answer = await ask({ range: `bytes=${start}-${start + length - 1}`, 'if-range': etag });
    requireSame(answer, identity);
    const got = contentRange(answer);
    if (got.from !== start || got.to !== start + length - 1) throw wrongRange(answer);
    yield* exactly(answer, length);
  };

  async function* read(start: number, length: number): AsyncGenerator<Uint8Array> {
    for (let at = start, failures = 0; at < start + length; ) {
      const begun = at;
      try {
        for await (const piece of attempt(at, start + length - at)) {
          transferred += piece.length;
          at += piece.length;
          yield piece;
        }
      } catch (error) {
        failures = at - begun >= PROGRESS ? 1 : failures + 1;
        if (!(error instanceof HttpFault) || !error.passing || failures >= TRIES) throw error;
        await sleep(client.times.pause * 2 ** (failures - 1));
      }
    }
  }

  const tail = new Uint8Array(total - from);
  let filled = 0;
  try {
    for await (const piece of exactly(first, tail.length)) {
      tail.set(piece, filled);
      filled += piece.length;
      transferred += piece.length;
    }
  } catch (error) {
    if (!(error instanceof HttpFault) || !error.passing) throw error;
    for await (const piece of read(from + filled, tail.length - filled)) {
      tail.set(piece, filled);
      filled += piece.length;
    }
  }
  return {
    kind: 'ranges',
    shown: shownUrl(url),
    size: total,
    tail,
    get transferred() {
      return transferred;
    },
    read,
  };
}

/** @throws DisksealError `E_HTTP` when this is not a part of the file that was opened */
function requireSame(answer: HttpAnswer, { total, etag }: Identity): void {
  if (answer.status === 200) {
    const same = strongTag(answer) === etag;
    throw refused(
      answer,
      same ? 'the server gave all of the file instead of a part' : 'the file changed on the server meanwhile',
      'start again',
    );
  }
  requireGood(answer, 206);
  if (strongTag(answer) !== etag || contentRange(answer).total !== total)
    throw refused(answer, 'the file changed on the server meanwhile', 'start again');
}

/** The body, which must have this length. */
async function* exactly(answer: HttpAnswer, length: number): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of answer.body()) {
    done += piece.length;
    if (done > length) throw refused(answer, 'the server sends more than the range that it names');
    yield piece;
  }
  if (done < length) throw refused(answer, 'the answer ends too early', undefined, true);
}

function contentRange(answer: HttpAnswer): { from: number; to: number; total: number } {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(answer.header('content-range') ?? '');
  const [from, to, total] = (match ?? []).slice(1).map(Number);
  if (from === undefined || to === undefined || total === undefined || from > to || to >= total) throw wrongRange(answer);
  return { from, to, total };
}

function wrongRange(answer: HttpAnswer): HttpFault {
  return refused(
    answer,
    'the server answers with another range than the one asked for',
    'what stands between here and the server may be broken',
  );
}

/** RFC 9110 8.8.3: a weak one (`W/`) says that two files mean the same, not that they are. */
function strongTag(answer: HttpAnswer): string | undefined {
  const tag = answer.header('etag');
  // oxlint-disable-next-line no-control-regex
  return tag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag) ? tag : undefined;
}

async function patiently<T>(client: HttpClient, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof HttpFault) || !error.passing || failures >= TRIES) throw error;
      await sleep(client.times.pause * 2 ** (failures - 1));
    }
  }
}

/** For what needs ranges. */
export function noRanges({ shown, reason }: WholeFile): DisksealError {
  return new DisksealError('E_HTTP', `the server gives no parts of the file: ${reason}`, {
    path: shown,
    hint: '"diskseal get" downloads and verifies it',
  });
}
