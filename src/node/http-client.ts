/**
 * Questions to servers by HTTP/1.1, over undici: proxies from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), which the fetch of
 * Node 20 does not read. Rules: docs/seal-format.md, "over HTTP": nothing encoded, five redirects, none from https to http and none from
 * a public address to one that only this machine or its network can ask. Sources: RFC 9110, RFC 9112.
 * Through a proxy it is the proxy that looks names up: only addresses and `localhost` are refused there.
 */
import { type LookupAddress, type LookupOptions, lookup as lookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { DisksealError } from '../core/errors.ts';
import type { HttpPost } from '../core/platform.ts';
import { HttpFault, httpFault } from './http-fault.ts';
import { REACH, type Reach, reachOfAddress, reachOfHost } from './http-reach.ts';
import { authorizationOf, parseHttpUrl, shownUrl } from './http-url.ts';

/** Milliseconds, but for `slowest`. */
export interface HttpTimes {
  readonly connect: number;
  /** From the question to the first line of the answer. */
  readonly headers: number;
  /** Without a byte in the middle of an answer. */
  readonly idle: number;
  /** For an answer, and more for each byte that has come. */
  readonly total: number;
  /** Bytes a second, less than which is no answer. */
  readonly slowest: number;
  /** Before a question is asked again; doubles each time. */
  readonly pause: number;
}

const TIMES: HttpTimes = { connect: 15_000, headers: 30_000, idle: 30_000, total: 60_000, slowest: 1024, pause: 400 };
const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of a bounded answer, unless said otherwise. Bytes. */
const ANSWER_LIMIT = 1 << 20;

export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The answer to a question, redirects followed. Either its body is read or it is discarded. */
export interface HttpAnswer {
  /** Of the server that answered. */
  readonly url: URL;
  readonly status: number;
  /** @throws DisksealError `E_HTTP` when the answer has it several times */
  header(name: string): string | undefined;
  /** The body as it comes. @throws DisksealError `E_HTTP` */
  body(): AsyncGenerator<Uint8Array>;
  discard(): void;
}

export interface HttpClient {
  readonly times: HttpTimes;
  /** @throws DisksealError `E_HTTP` for no answer, an encoded one, or a redirect that must not be followed; any status is an answer */
  ask(request: HttpRequest): Promise<HttpAnswer>;
  /** A whole answer of bounded size. @throws DisksealError `E_HTTP`, `E_USAGE` */
  get(url: string, limit?: number): Promise<Uint8Array>;
  readonly post: HttpPost;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly times?: Partial<HttpTimes>;
  /** How names are looked up; for tests. */
  readonly lookup?: (name: string, options: LookupOptions & { all: true }, done: LookupDone) => void;
}
type LookupDone = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const times = { ...TIMES, ...options.times };
  const names = resolver(options.lookup ?? lookUp);
  let agent: Promise<Dispatcher> | undefined;

  const ask = async (request: HttpRequest): Promise<HttpAnswer> => {
    agent ??= createAgent(names.lookup, times);
    let { url } = request;
    let narrowest: Reach = REACH.host;
    for (let hops = 0; ; hops++) {
      names.permit(url, narrowest);
      const answer = await exchange(await agent, { ...request, url }, times);
      if (!REDIRECTS.has(answer.status)) return answer;
      narrowest = Math.min(narrowest, names.reachOf(url)) as Reach;
      answer.discard();
      if (hops === MOST_REDIRECTS) throw new HttpFault(request.url, `more than ${MOST_REDIRECTS} redirects`);
      url = redirectTarget(answer, request.method);
    }
  };

  return {
    times,
    ask,
    async get(text, limit = ANSWER_LIMIT) {
      const answer = await ask({ url: parseHttpUrl(text), method: 'GET' });
      requireGood(answer);
      return readBounded(answer, limit);
    },
    async post(text, body, { contentType, accept }) {
      const answer = await ask({ url: parseHttpUrl(text), method: 'POST', headers: { 'content-type': contentType, accept }, body });
      requireGood(answer);
      const type = typeOf(answer);
      if (type === accept) return readBounded(answer, ANSWER_LIMIT);
      throw refused(answer, `the answer is ${type || 'of no type'}, not ${accept}`);
    },
    async close() {
      await (await agent)?.destroy();
    },
  };
}

/** Loaded here and not before: nothing but a URL needs it. */
async function createAgent(lookup: LookupFunction, { connect, headers, idle }: HttpTimes): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici');
  try {
    return new EnvHttpProxyAgent({
      connect: { lookup, timeout: connect },
      headersTimeout: headers,
      bodyTimeout: idle,
      // As other programs do: http: is asked of the proxy itself, only https: is tunnelled.
      proxyTunnel: false,
    });
  } catch (cause) {
    throw new DisksealError('E_HTTP', 'a proxy of the environment is not a URL', { hint: 'look at HTTPS_PROXY and HTTP_PROXY', cause });
  }
}

/** One question, one answer. */
async function exchange(agent: Dispatcher, request: HttpRequest, times: HttpTimes): Promise<HttpAnswer> {
  const { url, method, body } = request;
  const authorization = authorizationOf(url);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        'user-agent': 'diskseal',
        'accept-encoding': 'identity',
        ...(authorization === undefined ? {} : { authorization }),
        ...request.headers,
      },
      body: body ?? null,
    });
    const answer = answerOf(url, response, times);
    refuseEncoded(answer);
    return answer;
  } catch (error) {
    throw httpFault(url, error);
  }
}

function answerOf(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData, times: HttpTimes): HttpAnswer {
  // Destroying an answer that nobody reads is an error event of its own.
  body.on('error', () => undefined);
  return {
    url,
    status: statusCode,
    header(name) {
      const value = headers[name];
      if (!Array.isArray(value)) return value;
      throw new HttpFault(url, `the answer has several headers ${name}`);
    },
    async *body() {
      const start = Date.now();
      const isFront = statusCode !== 206 || String(headers['content-range']).startsWith('bytes 0-');
      let received = 0;
      try {
        for await (const piece of body as AsyncIterable<Uint8Array>) {
          if (received === 0 && isFront && looksLikeWebPage(piece)) throw webPage(url);
          received += piece.length;
          if (Date.now() - start > times.total + (received / times.slowest) * 1000)
            throw new HttpFault(url, 'the server takes too long', {}, true);
          yield piece;
        }
      } catch (error) {
        throw httpFault(url, error);
      }
    },
    discard: () => void body.destroy(),
  };
}

/** A server that compresses although it was asked not to gives other bytes, other lengths and other ranges. */
function refuseEncoded(answer: HttpAnswer): void {
  const content = answer.header('content-encoding') ?? 'identity';
  const transfer = answer.header('transfer-encoding') ?? 'chunked';
  if (content.toLowerCase() === 'identity' && transfer.toLowerCase() === 'chunked') return;
  const name = content.toLowerCase() === 'identity' ? transfer : content;
  throw refused(
    answer,
    `the server encodes what it sends (${name}) although it was asked not to`,
    'ask whoever runs it to turn that off for disk images',
  );
}

/** Gives an answer up. */
export function refused(answer: HttpAnswer, message: string, hint?: string, passing = false): HttpFault {
  answer.discard();
  return new HttpFault(answer.url, message, { hint }, passing);
}

/** @throws DisksealError `E_HTTP` for any status but 200, and for a web page */
export function requireGood(answer: HttpAnswer, status = 200): void {
  if (answer.status !== status) throw refused(answer, ...wordsOf(answer.status));
  refuseWebPage(answer);
}

/** Logins, captive portals and "not found" that says 200. */
export function refuseWebPage(answer: HttpAnswer): void {
  if (!/^(?:text\/html|application\/xhtml\+xml)$/.test(typeOf(answer))) return;
  answer.discard();
  throw webPage(answer.url);
}

function webPage(url: URL): HttpFault {
  return new HttpFault(url, 'the server answered with a web page (HTML)', {
    hint: 'open the URL in a browser: it may ask for a login, or show the real link',
  });
}

/** Some servers do not say it. No image and no answer of an authority begins like this. */
function looksLikeWebPage(first: Uint8Array): boolean {
  const text = new TextDecoder().decode(first.subarray(0, 256));
  return /^\s*<(?:!doctype html|html|head)[\s>]/i.test(text);
}

/** Without parameters, in lower case; empty when there is none. */
function typeOf(answer: HttpAnswer): string {
  return (answer.header('content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase();
}

const STATUS: Record<number, readonly [message: string, hint: string | undefined, passing?: boolean]> = {
  401: ['the server asks for a login (401)', 'as in https://user:password@example.com/'],
  403: ['the server refuses (403)', undefined],
  404: ['the server has nothing there (404)', undefined],
  407: ['the proxy asks for a login (407)', 'as in HTTPS_PROXY=http://user:password@proxy:3128'],
  408: ['the server takes too long (408)', undefined, true],
  410: ['the server has nothing there any more (410)', undefined],
  429: ['the server is asked too often (429)', undefined, true],
  500: ['the server failed (500)', undefined, true],
  502: ['the server behind the server does not answer (502)', undefined, true],
  503: ['the server is not ready (503)', undefined, true],
  504: ['the server behind the server does not answer (504)', undefined, true],
};

function wordsOf(status: number): readonly [message: string, hint: string | undefined, passing?: boolean] {
  return STATUS[status] ?? [`the server answered with status ${status}`, undefined];
}

function redirectTarget(answer: HttpAnswer, method: string): URL {
  const { url: from, status } = answer;
  const location = answer.header('location');
  // RFC 9110 15.4: the others may turn a POST into a GET, which asks something else.
  if (method !== 'GET' && status !== 307 && status !== 308) throw new HttpFault(from, `a redirect (${status}) that drops the question`);
  // A relative reference would inherit the login.
  const base = new URL(from);
  base.username = base.password = '';
  if (location === undefined || !URL.canParse(location, base.href)) throw new HttpFault(from, `a redirect (${status}) to nowhere`);
  const to = new URL(location, base);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw new HttpFault(from, `a redirect to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw new HttpFault(from, `a redirect from https: to http: (${shownUrl(to)})`);
  if (authorizationOf(to) !== undefined) throw new HttpFault(from, `a redirect with a login in it (${shownUrl(to)})`);
  to.hash = '';
  // A login is the server's that it was given for.
  if (to.origin === from.origin) [to.username, to.password] = [from.username, from.password];
  return to;
}

async function readBounded(answer: HttpAnswer, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  if (Number(answer.header('content-length') ?? 0) > limit) throw refused(answer, `an answer of more than ${limit} bytes`);
  for await (const piece of answer.body()) {
    length += piece.length;
    if (length > limit) throw refused(answer, `an answer of more than ${limit} bytes`);
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

interface Resolver {
  /** Says how narrow the addresses of this server may be. @throws DisksealError `E_HTTP` when that is known to be broken */
  permit(url: URL, narrowest: Reach): void;
  /** Of a server that was asked; public when only the proxy knows. */
  reachOf(url: URL): Reach;
  /** For sockets: looks a name up once, and stays with what it found. */
  readonly lookup: LookupFunction;
}

/** A name that is looked up again may have got another address meanwhile, so each is looked up once and its addresses kept. */
function resolver(find: NonNullable<HttpClientOptions['lookup']>): Resolver {
  const known = new Map<string, LookupAddress[]>();
  const permitted = new Map<string, Reach>();

  const reachOf = (url: URL): Reach => {
    const addresses = known.get(url.hostname);
    // The widest: what anybody can answer for is not to be believed about what only we can reach.
    return reachOfHost(url.hostname) ?? (addresses ? (Math.min(...reaches(addresses)) as Reach) : REACH.public);
  };
  const narrowestOf = (host: string): Reach => {
    const addresses = known.get(host) ?? [];
    return reachOfHost(host) ?? (Math.max(REACH.public, ...reaches(addresses)) as Reach);
  };

  return {
    permit(url, narrowest) {
      if (narrowestOf(url.hostname) > narrowest) throw inside(url);
      permitted.set(url.hostname, narrowest);
    },
    reachOf,
    lookup(name, options, done) {
      const answer = (addresses: LookupAddress[]): void => {
        const url = new URL('http://host/');
        url.hostname = name;
        if (Math.max(REACH.public, ...reaches(addresses)) > (permitted.get(name) ?? REACH.host)) return done(inside(url), '');
        known.set(name, addresses);
        const fitting = options.family ? addresses.filter(({ family }) => family === options.family) : addresses;
        const [first] = fitting;
        if (options.all || !first) done(null, fitting);
        else done(null, first.address, first.family);
      };
      const addresses = known.get(name);
      if (addresses) return answer(addresses);
      find(name, { all: true, hints: options.hints ?? 0 }, (error, found) => (error ? done(error, '') : answer(found)));
    },
  };
}

function reaches(addresses: readonly LookupAddress[]): Reach[] {
  return addresses.map(({ address }) => reachOfAddress(address));
}

function inside(url: URL): HttpFault {
  return new HttpFault(url, 'a server on the internet redirects to an address inside your network', {
    hint: 'if that is where the file is, name that URL yourself',
  });
}
