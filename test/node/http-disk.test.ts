import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createHttpClient } from '../../src/node/http-client.ts';
import { openUrl } from '../../src/node/http-disk.ts';
import { type Misbehaviour, ranges, serve, servedBytes, type TestServer } from '../support/http-server.ts';

const SHORT = { connect: 1000, headers: 300, idle: 300, total: 5000, slowest: 1 << 20, pause: 5 };
const client = createHttpClient({ times: SHORT });
const MIB = 1 << 20;
const bytes = new Uint8Array(randomBytes(9 * MIB + 12_345));
const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

async function opened(wrong: Misbehaviour = {}, content = bytes) {
  const server = await serve(ranges(servedBytes(content), wrong));
  return { server, disk: await openUrl(`${server.url}/image.dmg`, client) };
}

describe('a file on a server as a disk', () => {
  test('is what it is, read in any way', async () => {
    const { disk } = await opened();
    expect(disk.size).toBe(bytes.length);
    for (const [position, length] of [
      [0, 0],
      [0, 1],
      [65_535, 2],
      [bytes.length - 512, 512],
      [bytes.length - 300_000, 300_000],
      [123_456, 5 * MIB],
      [0, bytes.length],
      [bytes.length, 0],
    ] as const) {
      expect(equal(await disk.read(position, length), bytes.subarray(position, position + length)), `${position}+${length}`).toBe(true);
    }
    const into = new Uint8Array(100);
    expect(await disk.read(77, 100, into)).toBe(into);
    expect(equal(into, bytes.subarray(77, 177))).toBe(true);
    await expect(disk.read(bytes.length - 1, 2)).rejects.toMatchObject({ code: 'E_TRUNCATED' });
    await expect(disk.read(-1, 2)).rejects.toMatchObject({ code: 'E_TRUNCATED' });
  });

  test.each([0, 1, 511, 65_536, 65_537, 262_144, 262_145])('of %i bytes', async (size) => {
    const { disk } = await opened({}, bytes.subarray(0, size));
    expect(equal(await disk.read(0, size), bytes.subarray(0, size))).toBe(true);
  });

  test('asks for a part once, and for what is wanted together in one question', async () => {
    const { server, disk } = await opened();
    expect(server.asked).toEqual(['GET /image.dmg bytes=-262144']);
    await disk.read(disk.size - 100_000, 100_000);
    expect(server.asked.length).toBe(1);
    await Promise.all(Array.from({ length: 16 }, (_, leaf) => disk.read(leaf * 65_536, 65_536)));
    await disk.read(1000, MIB - 1000);
    expect(server.asked.slice(1)).toEqual(['GET /image.dmg bytes=0-1048575']);
    expect(disk.transferred).toBe(262_144 + MIB);
    expect(server.sent()).toBeLessThan(262_144 + MIB + 4096);
  });

  test('reads ahead for who reads front to back, and not for others', async () => {
    const { server, disk } = await opened();
    for (let at = 0; at < bytes.length; at += 65_536) {
      const length = Math.min(65_536, bytes.length - at);
      expect(equal(await disk.read(at, length), bytes.subarray(at, at + length))).toBe(true);
    }
    expect(server.asked.length).toBeLessThan(12);
    // Nothing twice, but for the front of the tail.
    expect(disk.transferred).toBeLessThan(bytes.length + 2 * 65_536);
    const second = await opened();
    for (const at of [5, 1, 7, 3, 8]) await second.disk.read(at * MIB, 100);
    expect(second.disk.transferred).toBe(262_144 + 5 * 65_536);
  });

  test('goes on where a connection broke, and gives up when nothing comes any more', async () => {
    const breaking = await opened({ breakAfter: (request) => (request % 2 === 0 ? 300_000 : undefined) });
    expect(equal(await breaking.disk.read(0, bytes.length), bytes)).toBe(true);
    const atFirst = await opened({ breakAfter: (request) => (request === 1 ? 100_000 : undefined) });
    expect(equal(await atFirst.disk.read(bytes.length - 262_144, 262_144), bytes.subarray(-262_144))).toBe(true);
    const dead = await opened({ breakAfter: (request) => (request > 1 ? 10 : undefined) });
    await expect(dead.disk.read(0, 100)).rejects.toMatchObject({ code: 'E_HTTP', message: 'the connection broke' });
    expect(dead.server.asked.length).toBe(5);
    // And is asked again when somebody reads again.
    await expect(dead.disk.read(0, 100)).rejects.toMatchObject({ code: 'E_HTTP' });
  });

  test('waits for a server that is not ready', async () => {
    let busy = 2;
    const listener = ranges(servedBytes(bytes));
    const server = await serve((request, response) => (busy-- > 0 ? response.writeHead(503).end() : listener(request, response)));
    const disk = await openUrl(server.url, client);
    busy = 2;
    expect(equal(await disk.read(5, 5), bytes.subarray(5, 10))).toBe(true);
  });

  test('redirects are followed once, and anew when what they led to expires', async () => {
    const listener = ranges(servedBytes(bytes));
    let door = 1;
    const server = await serve((request, response) => {
      if (request.url === '/image') response.writeHead(302, { location: `/store?key=${door}` }).end();
      else if (request.url === `/store?key=${door}`) listener(request, response);
      else response.writeHead(403).end();
    });
    const disk = await openUrl(`${server.url}/image`, client);
    await disk.read(0, 100);
    expect(server.asked.map((line) => line.split(' ')[1])).toEqual(['/image', '/store?key=1', '/store?key=1']);
    door = 2;
    await disk.read(MIB, 100);
    expect(server.asked.slice(3).map((line) => line.split(' ')[1])).toEqual(['/store?key=1', '/image', '/store?key=2']);
  });
});

describe('rule 21: a server that', () => {
  const changed = 'the file changed on the server meanwhile';
  const otherRange = 'the server answers with another range than the one asked for';
  const cases: [string, Misbehaviour, string][] = [
    ['changes the ETag midway', { etag: (request) => (request === 1 ? '"one"' : '"two"') }, changed],
    ['changes the ETag and gives the range all the same', { etag: (request) => `"${request}"`, deaf: true }, changed],
    ['drops the ETag midway', { etag: (request) => (request === 1 ? '"one"' : undefined), deaf: true }, changed],
    ['weakens the ETag midway', { etag: (request) => (request === 1 ? '"one"' : 'W/"one"'), deaf: true }, changed],
    ['changes the total', { contentRange: (from, to, total) => `bytes ${from}-${to}/${from === 0 ? total + 1 : total}` }, changed],
    ['gives another range', { contentRange: (from, to, total) => `bytes ${from === 0 ? 1 : from}-${to}/${total}` }, otherRange],
    ['gives a shorter range', { contentRange: (from, to, total) => `bytes ${from}-${from === 0 ? to - 1 : to}/${total}` }, otherRange],
    [
      'gives no Content-Range',
      { contentRange: (from, to, total) => (from === 0 ? undefined : `bytes ${from}-${to}/${total}`) },
      otherRange,
    ],
    ['does not say the total', { contentRange: (from, to, total) => `bytes ${from}-${to}/${from === 0 ? '*' : total}` }, otherRange],
    [
      'sends more than the range',
      { body: (piece, from) => (from === 0 ? bytes.subarray(0, 70_000) : piece) },
      'the server sends more than the range that it names',
    ],
    [
      'sends less than the range',
      { body: (piece, _, request) => (request === 1 ? piece : piece.subarray(0, 0)) },
      'the answer ends too early',
    ],
  ];
  test.each(cases)('%s', async (_, wrong, message) => {
    const { disk } = await opened(wrong);
    await expect(disk.read(0, 65_536)).rejects.toMatchObject({ code: 'E_HTTP', message });
  });

  const atOnce: [string, Misbehaviour, object][] = [
    [
      'compresses',
      { headers: { 'content-encoding': 'gzip' }, body: (piece) => new Uint8Array(gzipSync(piece)) },
      { message: expect.stringContaining('(gzip)') },
    ],
    ['has no ranges', { noRanges: true }, { message: expect.stringContaining('gives no parts'), hint: expect.stringContaining('get') }],
    [
      'has a weak ETag',
      { etag: () => 'W/"one"' },
      { message: expect.stringContaining('no strong ETag'), hint: expect.stringContaining('get') },
    ],
    ['has no ETag', { etag: () => undefined }, { message: expect.stringContaining('no strong ETag') }],
    ['has an ETag that is none', { etag: () => 'one' }, { message: expect.stringContaining('no strong ETag') }],
    ['answers with a web page', { headers: { 'content-type': 'text/html' } }, { message: 'the server answered with a web page (HTML)' }],
    ['gives another end', { contentRange: (from, to, total) => `bytes ${from}-${to}/${total + 1}` }, { message: otherRange }],
    ['gives another start', { contentRange: (from, to, total) => `bytes ${from - 1}-${to}/${total}` }, { message: otherRange }],
    ['gives numbers beyond all', { contentRange: () => 'bytes 0-99999999999999999999/100000000000000000000' }, { message: otherRange }],
  ];
  test.each(atOnce)('%s', async (_, wrong, error) => {
    await expect(opened(wrong)).rejects.toMatchObject({ code: 'E_HTTP', ...error });
  });

  test('gives all of the same file instead of a part', async () => {
    let count = 0;
    const [good, whole] = [ranges(servedBytes(bytes)), ranges(servedBytes(bytes), { noRanges: true })];
    const server: TestServer = await serve((request, response) => (count++ === 0 ? good : whole)(request, response));
    const disk = await openUrl(server.url, client);
    await expect(disk.read(0, 10)).rejects.toMatchObject({ message: 'the server gave all of the file instead of a part' });
    expect(server.sent()).toBeLessThan(7 * MIB);
  });
});
