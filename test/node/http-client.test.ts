import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHttpClient, type HttpClientOptions } from '../../src/node/http-client.ts';
import { REACH, reachOfHost } from '../../src/node/http-reach.ts';
import { parseHttpUrl, shownUrl } from '../../src/node/http-url.ts';
import { serve } from '../support/http-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SHORT = { connect: 1000, headers: 300, idle: 300, total: 5000, slowest: 1 << 20, pause: 5 };
const client = (options: HttpClientOptions = {}) => createHttpClient({ times: SHORT, ...options });
const TYPES = { contentType: 'application/timestamp-query', accept: 'application/timestamp-reply' };
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

afterEach(() => vi.unstubAllEnvs());

describe('a question', () => {
  test('is posted with its type, and the answer must have the one asked for', async () => {
    const server = await serve((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        const { 'content-type': type, accept } = request.headers;
        response.setHeader('content-type', request.url === '/good' ? 'Application/Timestamp-Reply; x=1' : 'text/plain');
        response.end(`${request.method} ${type} ${accept} ${request.headers['accept-encoding']} ${body}`);
      });
    });
    const http = client();
    const answer = await http.post(`${server.url}/good`, Buffer.from('hello'), TYPES);
    expect(text(answer)).toBe(`POST ${TYPES.contentType} ${TYPES.accept} identity hello`);
    await expect(http.post(`${server.url}/bad`, Buffer.from('hello'), TYPES)).rejects.toMatchObject({
      code: 'E_HTTP',
      path: `${server.url}/bad`,
      message: 'the answer is text/plain, not application/timestamp-reply',
    });
  });

  test('that is no URL, or of another protocol, is wrong usage', async () => {
    for (const url of ['', 'example.com', 'file:///etc/passwd', 'ftp://a/b', 'http://'])
      await expect(client().get(url)).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  test('gets the login of its URL, and nobody sees it', async () => {
    const server = await serve((request, response) => {
      response.statusCode = 404;
      response.end(request.headers.authorization);
      expect(request.headers.authorization).toBe(`Basic ${btoa('me:se%cret')}`);
    });
    const url = server.url.replace('http://', 'http://me:se%25cret@');
    const error = await client()
      .get(`${url}/x?token=abc`)
      .catch((thrown: unknown) => thrown as Error & { path: string; toJSON(): object });
    expect(error).toMatchObject({ code: 'E_HTTP', message: 'the server has nothing there (404)', path: `${server.url}/x?…` });
    expect(JSON.stringify(error)).not.toMatch(/se%?2?5?cret|abc/);
    expect(shownUrl(parseHttpUrl('https://u:p@host/a?b#c'))).toBe('https://host/a?…');
  });

  test.each([
    [403, 'the server refuses (403)'],
    [500, 'the server failed (500)'],
    [418, 'the server answered with status 418'],
    [204, 'the server answered with status 204'],
    [206, 'the server answered with status 206'],
  ])('with status %i has no answer', async (status, message) => {
    const server = await serve((_, response) => response.writeHead(status).end());
    await expect(client().get(server.url)).rejects.toMatchObject({ code: 'E_HTTP', message });
  });

  test('rule 21: an answer that is encoded is refused, whatever its encoding', async () => {
    for (const headers of [{ 'content-encoding': 'gzip' }, { 'content-encoding': 'br' }, { 'content-encoding': 'gzip, identity' }]) {
      const server = await serve((_, response) => response.writeHead(200, headers).end(gzipSync('hello')));
      await expect(client().get(server.url)).rejects.toMatchObject({
        code: 'E_HTTP',
        message: expect.stringContaining('encodes what it sends'),
      });
    }
    const plain = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'Identity' }).end('hello'));
    expect(text(await client().get(plain.url))).toBe('hello');
  });

  test('rule 21: a web page is named as one', async () => {
    const server = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'));
    const page = { code: 'E_HTTP', message: 'the server answered with a web page (HTML)' };
    await expect(client().get(server.url)).rejects.toMatchObject(page);
    await expect(client().post(server.url, Buffer.from('x'), TYPES)).rejects.toMatchObject(page);
    for (const body of ['<!DOCTYPE html>', '\ufeff\n <html lang="en">', '<head>']) {
      const silent = await serve((_, response) => response.end(body));
      await expect(client().get(silent.url)).rejects.toMatchObject(page);
    }
    const other = await serve((_, response) => response.end('<htmlish>'));
    expect(text(await client().get(other.url))).toBe('<htmlish>');
  });

  test('attack 13: an answer without end is cut, with a length or without', async () => {
    const endless = await serve((_, response) => {
      const write = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', write);
      };
      write();
    });
    await expect(client().get(endless.url, 1 << 20)).rejects.toMatchObject({ message: 'an answer of more than 1048576 bytes' });
    const long = await serve((_, response) => response.writeHead(200, { 'content-length': 1e12 }).flushHeaders());
    await expect(client().get(long.url)).rejects.toMatchObject({ message: 'an answer of more than 1048576 bytes' });
  });

  test('is given up when nobody answers, when the answer stops, when it drips, when it breaks, when it is no HTTP', async () => {
    const silent = await serve(() => undefined);
    await expect(client().get(silent.url)).rejects.toMatchObject({
      message: 'the server takes the question and does not answer',
      passing: true,
    });
    const stopping = await serve((_, response) => response.write('some'));
    await expect(client().get(stopping.url)).rejects.toMatchObject({ message: 'the server stopped in the middle of its answer' });
    const dripping = await serve((_, response) => void setInterval(() => response.write('.'), 50).unref());
    await expect(client({ times: { ...SHORT, total: 300 } }).get(dripping.url)).rejects.toMatchObject({
      message: 'the server takes too long',
    });
    const short = await serve((_, response) => response.writeHead(200, { 'content-length': 10 }).write('some', () => response.destroy()));
    await expect(client().get(short.url)).rejects.toMatchObject({ message: 'the connection broke', passing: true });
    const other = await serve((request) => request.socket.end('SSH-2.0-OpenSSH\r\n'));
    await expect(client().get(other.url)).rejects.toMatchObject({ message: 'the answer is not HTTP' });
    await other.close();
    await expect(client().get(other.url)).rejects.toMatchObject({ message: 'nobody answers there (connection refused)' });
  });
});

describe('a redirect', () => {
  test('is followed five times and not six, the login stays with its server', async () => {
    const seen: (string | undefined)[] = [];
    const end = await serve((request, response) => response.end(String(request.headers.authorization)));
    const server = await serve((request, response) => {
      seen.push(request.headers.authorization);
      const left = Number(request.url?.slice(1));
      response.writeHead(302, { location: left === 1 ? end.url : `/${left - 1}` }).end();
    });
    const url = server.url.replace('http://', 'http://me:pw@');
    expect(text(await client().get(`${url}/5`))).toBe('undefined');
    expect(new Set(seen)).toEqual(new Set([`Basic ${btoa('me:pw')}`]));
    await expect(client().get(`${url}/6`)).rejects.toMatchObject({ code: 'E_HTTP', message: 'more than 5 redirects' });
  });

  test.each([
    ['file:///etc/passwd', 'a redirect to file:'],
    ['http://u:p@127.0.0.1/', 'a redirect with a login in it (http://127.0.0.1/)'],
    ['http://[', 'a redirect (302) to nowhere'],
  ])('rule 21: to %s is not followed', async (location, message) => {
    const server = await serve((_, response) => response.writeHead(302, { location }).end());
    await expect(client().get(server.url)).rejects.toMatchObject({ code: 'E_HTTP', message });
  });

  test('of a POST is followed only when it stays one', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/end') response.writeHead(200, { 'content-type': TYPES.accept }).end(request.method);
      else response.writeHead(Number(request.url?.slice(1)), { location: '/end' }).end();
    });
    expect(text(await client().post(`${server.url}/307`, Buffer.from('x'), TYPES))).toBe('POST');
    await expect(client().post(`${server.url}/302`, Buffer.from('x'), TYPES)).rejects.toMatchObject({
      message: 'a redirect (302) that drops the question',
    });
  });

  test('rule 21: none from https to http', async () => {
    const folder = await temporaryFolder();
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x', '-days', '1'];
    execFileSync('openssl', [...words, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    const plain = await serve((_, response) => response.end('secret'));
    const server = await serve((_, response) => response.writeHead(302, { location: plain.url }).end(), tls);
    await expect(client().get(server.url)).rejects.toMatchObject({ message: "the server's TLS certificate is nobody's but its own" });
    // Here the certificate is not what is tried.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await expect(client().get(server.url)).rejects.toMatchObject({ message: `a redirect from https: to http: (${plain.url}/)` });
    expect(plain.asked).toEqual([]);
  });
});

describe('rule 21: none from public to private addresses', () => {
  /** A name of the internet, as far as the client knows; the connection ends at the server on this machine all the same. */
  function fakeInternet(addresses: Record<string, string>): HttpClientOptions {
    return {
      lookup(name, _, done) {
        const address = addresses[name];
        if (address === undefined) return done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
        done(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
      },
    };
  }

  test('what each spelling of an address means', () => {
    const host = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0',
      '169.254.169.254',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
    ].concat([
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::127.0.0.1]',
      '[2002:7f00:1::]',
      '[fe80::1]',
      'localhost',
      'x.localhost',
      'LOCALHOST.',
    ]);
    const network = [
      '10.1.2.3',
      '192.168.0.1',
      '172.31.255.255',
      '100.64.0.1',
      '0xa000001',
      '[fd00::1]',
      '[::ffff:10.0.0.1]',
      '[64:ff9b::a00:1]',
    ].concat(['[2002:c0a8:1::1]', '224.0.0.1', '255.255.255.255', '[ff02::1]', '[2001:db8::1]', '198.18.0.1']);
    const open = [
      '8.8.8.8',
      '172.32.0.1',
      '192.169.0.1',
      '100.128.0.1',
      '[2606:4700::1111]',
      '[::ffff:8.8.8.8]',
      '[64:ff9b::808:808]',
      '[2002:808:808::]',
    ];
    const reaches = (hosts: string[]) => hosts.map((name) => [name, reachOfHost(new URL(`http://${name}/`).hostname)]);
    expect(reaches(host)).toEqual(host.map((name) => [name, REACH.host]));
    expect(reaches(network)).toEqual(network.map((name) => [name, REACH.network]));
    expect(reaches(open)).toEqual(open.map((name) => [name, REACH.public]));
    expect(reachOfHost('example.com')).toBeUndefined();
    expect(reachOfHost('notlocalhost')).toBeUndefined();
  });

  // The first answer comes from a proxy, as an address of the internet can be had here in no other way.
  async function redirectedFrom(
    first: string,
    location: string,
    options: HttpClientOptions = {},
  ): Promise<{ error: unknown; asked: string[] }> {
    const proxy = await serve((request, response) => {
      if (request.url?.startsWith(`http://${first}/`)) response.writeHead(302, { location }).end();
      else response.end('inside');
    });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const error = await client(options)
      .get(`http://${first}/`)
      .catch((thrown: unknown) => thrown);
    return { error, asked: proxy.asked };
  }

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data',
    'http://10.0.0.1/',
    'http://localhost:631/',
  ])('to %s', async (location) => {
    for (const first of ['8.8.8.8', 'example.com']) {
      const { error, asked } = await redirectedFrom(first, location);
      expect(error).toMatchObject({ code: 'E_HTTP', message: 'a server on the internet redirects to an address inside your network' });
      expect(asked).toEqual([`GET http://${first}/`]);
    }
  });

  test('to a name that is an address inside: looked up, and not asked', async () => {
    const server = await serve((_, response) => response.end('inside'));
    vi.stubEnv('NO_PROXY', 'intern.example');
    const { error } = await redirectedFrom(
      '8.8.8.8',
      `http://intern.example:${server.port}/`,
      fakeInternet({ 'intern.example': '127.0.0.1' }),
    );
    expect(error).toMatchObject({ code: 'E_HTTP', message: 'a server on the internet redirects to an address inside your network' });
    expect(server.asked).toEqual([]);
  });

  test('a name is looked up once: a second answer that leads inside is not used', async () => {
    let lookups = 0;
    const server = await serve((_, response) => response.end('here'));
    const http = client({
      lookup(_, __, done) {
        lookups++;
        done(null, [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
      },
    });
    for (let index = 0; index < 3; index++) {
      expect(text(await http.get(`http://name.example:${server.port}/`))).toBe('here');
      server.asked.length = 0;
    }
    expect(lookups).toBe(1);
  });

  test('inside one network redirects go on, and not from there to this machine alone', async () => {
    const { error } = await redirectedFrom('10.0.0.1', 'http://10.0.0.2/');
    expect(text(error as Uint8Array)).toBe('inside');
    expect((await redirectedFrom('10.0.0.1', 'http://127.0.0.1/')).error).toMatchObject({ code: 'E_HTTP' });
  });

  test('what a server inside redirects to outside does not come back', async () => {
    const proxy = await serve((request, response) => {
      const [, host] = /^http:\/\/([^/]+)/.exec(request.url ?? '') ?? [];
      response.writeHead(302, { location: host === '10.0.0.1' ? 'http://8.8.8.8/' : 'http://10.0.0.1/again' }).end();
    });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    await expect(client().get('http://10.0.0.1/')).rejects.toMatchObject({
      message: 'a server on the internet redirects to an address inside your network',
    });
    expect(proxy.asked).toEqual(['GET http://10.0.0.1/', 'GET http://8.8.8.8/']);
  });
});

describe('a proxy from the environment', () => {
  test('is asked for http, with its own login; NO_PROXY goes round it', async () => {
    const server = await serve((_, response) => response.end('direct'));
    const proxy = await serve((request, response) => response.end(`by proxy ${request.headers['proxy-authorization']}`));
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('http://', 'http://me:pw@'));
    expect(text(await client().get('http://example.com/x'))).toBe(`by proxy Basic ${btoa('me:pw')}`);
    expect(proxy.asked).toEqual(['GET http://example.com/x']);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    expect(text(await client().get(server.url))).toBe('direct');
  });

  test('tunnels https', async () => {
    const lines: string[] = [];
    const server = await serve((_, response) => response.end());
    const { createServer } = await import('node:http');
    const proxy = createServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      lines.push(`CONNECT ${request.url}`);
      const onward = connect(server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on('error', () => undefined);
    });
    await new Promise((resolve) => proxy.once('listening', resolve));
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as { port: number }).port}`);
    // What answers in the tunnel speaks no TLS: that the tunnel was asked for is what counts.
    await expect(client().get('https://example.com/')).rejects.toMatchObject({ code: 'E_HTTP' });
    expect(lines).toEqual(['CONNECT example.com:443']);
    proxy.close();
  });

  test('that is no URL is said, and not shown', async () => {
    vi.stubEnv('HTTP_PROXY', 'me:secret@proxy');
    const error = await client()
      .get('http://example.com/')
      .catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'E_HTTP' });
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});
