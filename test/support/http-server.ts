/** A server on this machine that serves a few bytes or a file by ranges, counts what it sends, and misbehaves on request. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll } from 'vitest';

export interface TestServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Bytes that left the server, headers included. */
  readonly sent: () => number;
  /** First lines of the questions, as in `GET /a bytes=0-1`. */
  readonly asked: string[];
  close(): Promise<void>;
}

const running: TestServer[] = [];
afterAll(() => Promise.all(running.splice(0).map((server) => server.close())));

export async function serve(listener: RequestListener, tls?: { key: string; cert: string }): Promise<TestServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let gone = 0;
  const answer: RequestListener = (request, response) => {
    asked.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    listener(request, response);
  };
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      gone += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const made: TestServer = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    sent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, gone),
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  running.push(made);
  return made;
}

export interface Served {
  readonly size: number;
  read(from: number, length: number): Promise<Uint8Array> | Uint8Array;
}

/** A file that is opened anew for each read, so that a test may exchange it. */
export function servedFile(path: string, size: number): Served {
  return {
    size,
    async read(from, length) {
      const handle = await open(path);
      try {
        return (await handle.read(new Uint8Array(length), 0, length, from)).buffer;
      } finally {
        await handle.close();
      }
    },
  };
}

export function servedBytes(bytes: Uint8Array): Served {
  return { size: bytes.length, read: (from, length) => bytes.subarray(from, from + length) };
}

/** What a server does otherwise than it should; each is asked for each request. */
export interface Misbehaviour {
  readonly etag?: (request: number) => string | undefined;
  /** Answers with all of it, whatever is asked. */
  readonly noRanges?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentRange?: (from: number, to: number, total: number) => string | undefined;
  /** The body instead of the right one. */
  readonly body?: (bytes: Uint8Array, from: number, request: number) => Uint8Array;
  /** Breaks the connection after so many bytes of a body. */
  readonly breakAfter?: (request: number) => number | undefined;
  /** Milliseconds between pieces of 64 KiB. */
  readonly pause?: number;
  /** Whether If-Range and If-Match are ignored. */
  readonly deaf?: boolean;
}

/** An ordinary server of one file (RFC 9110 section 14), but for what is said. */
export function ranges(served: Served, wrong: Misbehaviour = {}): RequestListener {
  let count = 0;
  return (request, response) => {
    count++;
    void answer(request, response, served, wrong, count).catch(() => response.destroy());
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  wrong: Misbehaviour,
  count: number,
): Promise<void> {
  const { size } = served;
  const etag = wrong.etag ? wrong.etag(count) : '"one"';
  if (etag !== undefined) response.setHeader('etag', etag);
  for (const [name, value] of Object.entries(wrong.headers ?? {})) response.setHeader(name, value);
  const condition = request.headers['if-range'];
  const match = request.headers['if-match'];
  if (!wrong.deaf && match !== undefined && match !== etag) return void response.writeHead(412).end();
  const asked =
    wrong.noRanges || (!wrong.deaf && condition !== undefined && condition !== etag) ? undefined : rangeOf(request.headers.range, size);
  if (asked === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  const [from, to] = asked ?? [0, size - 1];
  if (asked) {
    const said = wrong.contentRange ? wrong.contentRange(from, to, size) : `bytes ${from}-${to}/${size}`;
    if (said !== undefined) response.setHeader('content-range', said);
  }
  response.statusCode = asked ? 206 : 200;
  if (!wrong.body) response.setHeader('content-length', to - from + 1);
  const breakAfter = wrong.breakAfter?.(count) ?? Number.POSITIVE_INFINITY;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.flushHeaders();
  for (let at = from; at <= to; at += 65_536) {
    let bytes = await served.read(at, Math.min(65_536, to - at + 1));
    if (wrong.body) bytes = wrong.body(bytes, at, count);
    if (at - from + bytes.length > breakAfter) {
      response.write(bytes.subarray(0, breakAfter - (at - from)), () => response.destroy());
      return;
    }
    if (wrong.pause) await new Promise((resolve) => setTimeout(resolve, wrong.pause));
    if (response.destroyed) return;
    if (!response.write(bytes)) await once(response, 'drain', { signal: gone.signal });
  }
  response.end();
}

function rangeOf(header: string | undefined, size: number): readonly [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match) return undefined;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first === '') return size === 0 ? 'unsatisfiable' : [Math.max(0, size - Number(last)), size - 1];
  if (Number(first) >= size) return 'unsatisfiable';
  return [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)];
}
