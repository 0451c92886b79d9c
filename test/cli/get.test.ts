/** `diskseal get` against a server on this machine that does as it should, and then as it should not. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { request as ask } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { downloadName } from '../../src/cli/download/file-name.ts';
import { parseHttpUrl } from '../../src/node/http-url.ts';
import { type BulkyImage, bulkyImage, sha256 } from '../support/bulky-image.ts';
import { diskseal, type RunOptions } from '../support/command-line.ts';
import { type Misbehaviour, ranges, serve, servedBytes } from '../support/http-server.ts';
import { folderOf, temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const PLACE = 4 * MIB + 5;
let built: BulkyImage;
let bytes: Uint8Array;
let digest: string;
let plain: string;
beforeAll(async () => {
  built = await bulkyImage(16);
  bytes = new Uint8Array(await readFile(built.image));
  digest = await sha256(built.image);
  plain = join(built.folder, 'plain.img');
  await writeFile(plain, bytes.subarray(0, 9 * MIB + 777));
  const keys = ['--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
  const words = ['sign', 'plain.img', '--detached', '--id', 'com.example.plain', '--product-version', '1', ...keys];
  expect((await diskseal(words, { cwd: built.folder })).code).toBe(0);
});

function changed(at: number): Uint8Array {
  const other = bytes.slice();
  other[at] ^= 1;
  return other;
}

interface Gotten {
  readonly folder?: string;
  readonly flags?: readonly string[];
  readonly run?: RunOptions;
  readonly name?: string;
}

/** A server with one file, and `get` of it in a new folder. */
async function get(
  content: Uint8Array,
  wrong: Misbehaviour = {},
  { folder, flags = [], run: options = {}, name = 'App.dmg' }: Gotten = {},
) {
  const server = await serve(ranges(servedBytes(content), wrong));
  const cwd = folder ?? (await temporaryFolder());
  const run = await diskseal(['get', `${server.url}/${name}`, ...built.trust, ...flags], { ...options, cwd });
  return { run, server, folder: cwd, left: (await readdir(cwd)).sort(), file: join(cwd, 'App.dmg') };
}

describe('get', () => {
  test('gives a good image its name, from the URL', async () => {
    const { run, server, left, file } = await get(
      bytes,
      { headers: { 'content-disposition': 'attachment; filename="evil.sh"' } },
      { flags: ['--json'] },
    );
    expect(run.stderr).toContain('every byte is as it was signed');
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({
      image: 'App.dmg',
      url: `${server.url}/App.dmg`,
      exitCode: 0,
      verified: true,
      demonstration: false,
      size: bytes.length,
      kept: 0,
      statement: { product: 'com.example.bulky' },
    });
    expect(left).toEqual(['App.dmg']);
    expect(await sha256(file)).toBe(digest);
    expect((await stat(file)).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(server.sent()).toBeLessThan(bytes.length + MIB);
  });

  test('puts it where --output says, and replaces nothing without --force', async () => {
    const { run, left } = await get(bytes, {}, { flags: ['-o', 'other'] });
    expect(run.stdout).toBe('other\n');
    expect(left).toEqual(['other']);
    const folder = await folderOf({ 'App.dmg': 'mine' });
    const refused = await get(bytes, {}, { folder });
    expect(refused.run.stderr).toContain('E_EXISTS');
    expect(refused.server.asked).toEqual([]);
    expect(await readFile(refused.file, 'utf8')).toBe('mine');
    const forced = await get(bytes, {}, { folder, flags: ['--force'] });
    expect(forced.run.code).toBe(0);
    expect(await sha256(forced.file)).toBe(digest);
  });

  test('asks for the end first: what no policy accepts is not downloaded', async () => {
    const server = await serve(ranges(servedBytes(bytes)));
    const cwd = await temporaryFolder();
    for (const [words, code] of [
      [[], 30],
      [['--trust', join(built.folder, 'keys/root.cert.pem')], 31],
    ] as const) {
      const run = await diskseal(['get', `${server.url}/App.dmg`, ...words], { cwd });
      expect(run.code).toBe(code);
    }
    expect(server.sent()).toBeLessThan(2 * MIB);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('rule 9: refuses what is sealed with the example key', async () => {
    const example = resolve('keys.example');
    const folder = await folderOf({
      'installer.yaml': `name: Demo
version: 1.0.0
id: com.example.demo
output: Demo.dmg
contents: [{ src: a.txt }]
sign: { key: ${example}/publisher.key.pem, certificates: ${example}/publisher.chain.pem }
`,
      'a.txt': 'a',
    });
    expect((await diskseal(['build'], { cwd: folder })).code).toBe(0);
    const demo = new Uint8Array(await readFile(join(folder, 'Demo.dmg')));
    const flags = ['--trust', join(example, 'publisher.cert.pem')];
    expect((await diskseal(['verify', join(folder, 'Demo.dmg'), ...flags])).code).toBe(0);
    for (const wrong of [{}, { noRanges: true }]) {
      const { run, left } = await get(demo, wrong, { flags });
      expect(run.code).toBe(30);
      expect(run.stderr).toContain('example key');
      expect(left).toEqual([]);
    }
  });

  test('goes through a proxy of the environment', async () => {
    const server = await serve(ranges(servedBytes(bytes)));
    const proxy = await serve((request, response) => {
      const onward = ask(request.url!.replace('http://images.example', server.url), { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      response.on('close', () => onward.destroy());
      onward.on('error', () => response.destroy()).end();
    });
    const folder = await temporaryFolder();
    const run = await diskseal(['get', 'http://images.example/App.dmg', ...built.trust], { cwd: folder, env: { HTTP_PROXY: proxy.url } });
    expect(run.code).toBe(0);
    expect(await sha256(join(folder, 'App.dmg'))).toBe(digest);
    expect(server.asked.length).toBeGreaterThan(1);
  });

  test('shows no login and no query', async () => {
    const server = await serve(ranges(servedBytes(bytes)));
    const url = `${server.url.replace('http://', 'http://me:hush@')}/App.dmg?key=hush`;
    for (const words of [built.trust, []]) {
      const run = await diskseal(['get', url, '--json', ...words], { cwd: await temporaryFolder() });
      expect(run.stdout + run.stderr).not.toContain('hush');
      expect(run.stdout).toContain(`${server.url}/App.dmg?…`);
    }
  });
});

describe('an interrupted download', () => {
  test('goes on after kill -9 with what is right', async () => {
    const folder = await temporaryFolder();
    const killed = await get(
      bytes,
      { pause: 12 },
      { folder, run: { during: (child) => void setTimeout(() => child.kill('SIGKILL'), 1800) } },
    );
    expect(killed.run.signal).toBe('SIGKILL');
    expect(killed.left).toEqual(['App.dmg.part', 'App.dmg.part.lock']);
    expect((await stat(join(folder, 'App.dmg.part'))).mode & 0o777).toBe(0o600);
    const { run, server, left, file } = await get(bytes, {}, { folder, flags: ['--json'] });
    expect(run.code).toBe(0);
    const { kept } = run.json() as { kept: number };
    expect(kept).toBeGreaterThan(MIB);
    expect(server.sent()).toBeLessThan(bytes.length - kept + MIB);
    expect(left).toEqual(['App.dmg']);
    expect(await sha256(file)).toBe(digest);
  });

  test('rule 21: every byte that was there is hashed again, and what is wrong is fetched anew', async () => {
    const part = bytes.slice(0, 8 * MIB);
    for (const at of [5, PLACE, 6 * MIB]) part[at] ^= 1;
    const folder = await folderOf({ 'App.dmg.part': part });
    await chmod(join(folder, 'App.dmg.part'), 0o600);
    const { run, file } = await get(bytes, {}, { folder, flags: ['--json'] });
    expect(run.json()).toMatchObject({ kept: 8 * MIB - 3 * 65_536 });
    expect(await sha256(file)).toBe(digest);
  });

  test('is worth nothing when it was of another file, or longer', async () => {
    for (const part of [new Uint8Array(randomBytes(bytes.length + 5 * MIB)), new Uint8Array(3)]) {
      const folder = await folderOf({ 'App.dmg.part': part });
      await chmod(join(folder, 'App.dmg.part'), 0o600);
      const { run, file } = await get(bytes, {}, { folder, flags: ['--json'] });
      expect(run.json()).toMatchObject({ kept: 0 });
      expect(await sha256(file)).toBe(digest);
    }
  });

  test('rule 21: what somebody else may have put there is left alone', async () => {
    const plans: Record<string, (part: string, other: string) => Promise<unknown>> = {
      'a symbolic link': (part, other) => symlink(other, part),
      'a second name': (part, other) => link(other, part),
      'a folder': (part) => mkdir(part),
      'a pipe': async (part) => expect(spawnSync('mkfifo', [part]).status).toBe(0),
      'others may write': async (part) => {
        await writeFile(part, 'x');
        await chmod(part, 0o602);
      },
    };
    for (const [what, make] of Object.entries(plans)) {
      const folder = await folderOf({ other: 'not to be touched' });
      await make(join(folder, 'App.dmg.part'), join(folder, 'other'));
      const { run } = await get(bytes, {}, { folder });
      expect([what, run.code]).toEqual([what, 3]);
      expect(run.stderr).toContain('E_EXISTS');
      expect(await readFile(join(folder, 'other'), 'utf8')).toBe('not to be touched');
    }
  });

  test('is not gone on with while it goes on: what was verified and named would still be written to', async () => {
    const folder = await temporaryFolder();
    const first = get(bytes, { pause: 10 }, { folder });
    while (!(await readdir(folder)).includes('App.dmg.part')) await sleep(20);
    const second = await get(bytes, {}, { folder });
    expect(second.run.code).toBe(3);
    expect(second.run.stderr).toContain('another process is downloading this');
    expect((await first).run.code).toBe(0);
    expect(await readdir(folder)).toEqual(['App.dmg']);
    expect(await sha256(join(folder, 'App.dmg'))).toBe(digest);
  });

  test('keeps what it has when it is ended by ctrl-C, and its lock goes', async () => {
    const ended = await get(bytes, { pause: 12 }, { run: { during: (child) => void setTimeout(() => child.kill('SIGINT'), 1800) } });
    expect(ended.run.code).toBe(130);
    expect(ended.left).toEqual(['App.dmg.part']);
  });

  test('by a connection that breaks goes on by itself', async () => {
    const { run, file } = await get(bytes, { breakAfter: (request) => (request > 3 && request % 2 === 0 ? 700_000 : undefined) });
    expect(run.stderr).not.toContain('error');
    expect(await sha256(file)).toBe(digest);
  });
});

describe('a server that lies', () => {
  test('a chunk that was changed there is named, and nothing gets a name', async () => {
    const { run, left, folder } = await get(changed(PLACE), {}, { flags: ['--json'] });
    expect(run.code).toBe(21);
    expect(run.json()).toMatchObject({ error: { code: 'E_TAMPERED', offset: 4 * MIB, path: expect.stringMatching(/^http:.*App.dmg$/) } });
    expect(left).toEqual(['App.dmg.part']);
    // What was right is of use as soon as the server has the right file.
    const { run: second, file } = await get(bytes, {}, { folder, flags: ['--json'] });
    expect((second.json() as { kept: number }).kept).toBeGreaterThan(MIB);
    expect(await sha256(file)).toBe(digest);
  });

  const cases: [string, Misbehaviour, string][] = [
    ['gives another file midway', { etag: (request) => (request < 6 ? '"one"' : '"two"') }, 'changed on the server'],
    ['compresses', { headers: { 'content-encoding': 'gzip' } }, 'encodes what it sends'],
    ['answers with a web page', { headers: { 'content-type': 'text/html' } }, 'web page'],
    [
      'gives wrong ranges',
      { contentRange: (from, to, total) => `bytes ${from}-${to}/${from < 5 ? total + 1 : total}` },
      'changed on the server',
    ],
  ];
  test.each(cases)('rule 21: %s', async (_, wrong, message) => {
    const { run, left } = await get(bytes, wrong);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(message);
    expect(left).not.toContain('App.dmg');
  });

  test('an unsealed image, a cut one, one that is none', async () => {
    expect((await get(bytes.subarray(0, -1))).run.code).toBe(10);
    expect((await get(new Uint8Array())).run.code).toBe(10);
    expect((await get(new TextEncoder().encode('hello'))).left).toEqual([]);
  });
});

describe('a server without ranges', () => {
  test.each([{ noRanges: true }, { etag: () => 'W/"weak"' }, { etag: () => undefined }])(
    'gives the whole, which is then verified: %o',
    async (wrong) => {
      const { run, left, file } = await get(bytes, wrong);
      expect(run.stderr).toContain('downloaded whole');
      expect(run.code).toBe(0);
      expect(left).toEqual(['App.dmg']);
      expect(await sha256(file)).toBe(digest);
    },
  );

  test('nothing is left when it is not good', async () => {
    const { run, left } = await get(changed(PLACE), { noRanges: true });
    expect(run.code).toBe(21);
    expect(left).toEqual([]);
  });

  test('attack 13: an endless body ends at --max-size, a long one before it begins', async () => {
    const endless = await serve((_, response) => {
      const write = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', write);
      };
      write();
    });
    const cwd = await temporaryFolder();
    const run = await diskseal(['get', `${endless.url}/a.dmg`, '--max-size', '20M', ...built.trust], { cwd });
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('--max-size');
    const { run: long, server } = await get(bytes, { noRanges: true }, { flags: ['--max-size', '1M'] });
    expect(long.code).toBe(3);
    expect(server.sent()).toBeLessThan(8 * MIB);
    expect((await get(bytes, {}, { flags: ['--max-size', '1M'] })).run.code).toBe(3);
  });
});

describe('a detached seal', () => {
  async function beside(content: Uint8Array, wrong: Misbehaviour = {}) {
    const seal = await serve(ranges(servedBytes(new Uint8Array(await readFile(`${plain}.seal`)))));
    return get(content, wrong, { flags: ['--seal', `${seal.url}/plain.img.seal`, '--json'] });
  }
  const content = async (): Promise<Uint8Array> => new Uint8Array(await readFile(plain));

  test('is proven first, with ranges and without', async () => {
    for (const wrong of [{}, { noRanges: true }]) {
      const { run, left, file } = await beside(await content(), wrong);
      expect(run.code).toBe(0);
      expect(left).toEqual(['App.dmg']);
      expect(await sha256(file)).toBe(await sha256(plain));
    }
  });

  test('may itself come from a server without ranges', async () => {
    const seal = await serve(ranges(servedBytes(new Uint8Array(await readFile(`${plain}.seal`))), { noRanges: true }));
    expect((await get(await content(), {}, { flags: ['--seal', `${seal.url}/s`] })).run.code).toBe(0);
  });

  test('refuses the first wrong chunk and the first byte too many while the whole comes', async () => {
    const bad = await content();
    bad[MIB + 7] ^= 1;
    const { run, left } = await beside(bad, { noRanges: true, pause: 5 });
    expect(run.json()).toMatchObject({ error: { code: 'E_TAMPERED', offset: MIB } });
    expect(left).not.toContain('App.dmg');
    const longer = new Uint8Array([...(await content()), 1]);
    expect((await beside(longer, { noRanges: true })).run.code).toBe(20);
    expect((await beside((await content()).subarray(0, -1), { noRanges: true })).run.code).toBe(20);
  });
});

describe('the name of a download', () => {
  test.each([
    ['https://h/App.dmg', 'App.dmg'],
    ['https://h/a/b/My%20App-1.0%2Bbeta.dmg?x=y#z', 'My App-1.0+beta.dmg'],
    ['https://h/%E2%80%AEgmd.exe', '_gmd.exe'],
    ['https://h/-rf', '_rf'],
    ['https://h/.bashrc', '_bashrc'],
    ['https://h/..%2F..%2Fetc%2Fpasswd', '_._.._etc_passwd'],
    ['https://h/a%0Ab%00c%1B%5B2J', 'a_b_c_[2J'],
    ['https://h/%25PATH%25', '_PATH_'],
    ['https://h/$(id)`id`;"\'', '_(id)_id____'],
    ['https://h/a:b%5Cc', 'a_b_c'],
    ['https://h/e%CC%81.dmg', '\u00e9.dmg'],
    ['https://h/end.', 'end_'],
    ['https://h/%ff', '_ff'],
  ])('attack 54: %s', (url, name) => {
    expect(downloadName(parseHttpUrl(url))).toBe(name);
  });

  test.each([
    'https://h/',
    'https://h',
    'https://h/a/',
    'https://h/..',
    'https://h/%2F',
    'https://h/con',
    'https://h/NUL.dmg',
    `https://h/${'a'.repeat(250)}`,
  ])('%s has none', (url) => {
    expect(() => downloadName(parseHttpUrl(url))).toThrow(
      expect.objectContaining({ code: 'E_USAGE', hint: expect.stringContaining('--output') }),
    );
  });
});
