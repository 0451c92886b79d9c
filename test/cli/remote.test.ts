/** Images on a server: verified whole, by their seal alone, or only as far as they are read. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BulkyImage, bulkyImage } from '../support/bulky-image.ts';
import { diskseal } from '../support/command-line.ts';
import { type Misbehaviour, ranges, serve, servedBytes } from '../support/http-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
let built: BulkyImage;
let bytes: Uint8Array;
beforeAll(async () => {
  built = await bulkyImage(24);
  bytes = new Uint8Array(await readFile(built.image));
});

async function served(content = bytes, wrong: Misbehaviour = {}) {
  const server = await serve(ranges(servedBytes(content), wrong));
  return { server, url: `${server.url}/Bulky.dmg` };
}

/** In the middle of the file `before`, whose bytes stand there as they are. */
const PLACE = 4 * MIB + 5;

function changed(at: number): Uint8Array {
  const other = bytes.slice();
  other[at] ^= 1;
  return other;
}

describe('verify URL', () => {
  test('reads all of it, once', async () => {
    const { server, url } = await served();
    const run = await diskseal(['verify', url, ...built.trust, '--json']);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({ image: url, verified: true, transferred: expect.any(Number) });
    expect(server.sent()).toBeLessThan(bytes.length + MIB);
  });

  test('refuses what was changed, and says where', async () => {
    const { url } = await served(changed(PLACE));
    const run = await diskseal(['verify', url, ...built.trust, '--json']);
    expect(run.code).toBe(21);
    expect(run.json()).toMatchObject({
      verified: false,
      error: { code: 'E_TAMPERED', path: url, offset: 4 * MIB },
    });
  });

  test('rule 11: --quick asks for the seal alone, and its answer is 12', async () => {
    const { server, url } = await served();
    const run = await diskseal(['verify', url, '--quick', ...built.trust, '--json']);
    expect(run.code).toBe(12);
    expect(run.json()).toMatchObject({ verified: false, exitCode: 12 });
    expect(server.sent()).toBeLessThan(MIB);
  });

  test('shows no login and no query, whatever happens', async () => {
    const { url } = await served();
    const secret = `${url.replace('http://', 'http://me:hush@')}?key=hush`;
    for (const words of [
      ['verify', secret, ...built.trust],
      ['verify', secret],
      ['ls', secret, '-v', ...built.trust],
      ['verify', `${secret}/x`, '--json'],
    ]) {
      const { stdout, stderr } = await diskseal(words);
      expect(stdout + stderr).not.toContain('hush');
      expect(stdout + stderr).not.toBe('');
    }
  });

  test('rule 21: without ranges the way is "get"', async () => {
    const { url } = await served(bytes, { noRanges: true });
    for (const words of [
      ['verify', url],
      ['ls', url],
    ]) {
      const run = await diskseal([...words, ...built.trust]);
      expect(run.code).toBe(3);
      expect(run.stderr).toContain('E_HTTP');
      expect(run.stderr).toContain('diskseal get');
    }
  });

  test('a file whose name looks like a URL is a file all the same', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'http:x'), 'no image');
    expect((await diskseal(['verify', 'http:x', ...built.trust], { cwd: folder })).code).toBe(10);
  });
});

describe('of an image on a server', () => {
  test('rule 10: cat reads and checks only the chunks of one file, and says that the whole was not checked', async () => {
    const { server, url } = await served();
    const run = await diskseal(['cat', url, 'Bulky/wanted', ...built.trust, '--json']);
    expect(run.code).toBe(0);
    const document = run.json() as { base64: string };
    expect(document).toMatchObject({ image: url, verified: true, flat: 'not-checked', size: MIB });
    expect(Buffer.from(document.base64, 'base64').equals(built.wanted)).toBe(true);
    expect(server.sent()).toBeLessThan(5 * MIB);
  });

  test('rule 10: a local image is read whole before, and says nothing of the kind', async () => {
    const document = (await diskseal(['ls', built.image, ...built.trust, '--json'])).json();
    expect(document).toMatchObject({ verified: true });
    expect(document).not.toHaveProperty('flat');
  });

  test('ls lists, extract writes', async () => {
    const { server, url } = await served();
    const listed = await diskseal(['ls', url, 'Bulky', ...built.trust]);
    expect(listed.stdout.split('\n').filter(Boolean).sort()).toEqual(['Bulky/before', 'Bulky/later', 'Bulky/readme.txt', 'Bulky/wanted']);
    expect(server.sent()).toBeLessThan(4 * MIB);
    const folder = await temporaryFolder();
    const run = await diskseal(['extract', url, 'Bulky/readme.txt', '-o', 'out', ...built.trust, '--json'], { cwd: folder });
    expect(run.json()).toMatchObject({ image: url, output: 'out', verified: true, flat: 'not-checked' });
    expect(await readFile(join(folder, 'out/Bulky/readme.txt'), 'utf8')).toBe('read me\n');
  });

  test('a chunk that was changed is refused when it is read, and not before', async () => {
    const { url } = await served(changed(PLACE));
    expect((await diskseal(['cat', url, 'Bulky/readme.txt', ...built.trust])).stdout).toBe('read me\n');
    const run = await diskseal(['cat', url, 'Bulky/before', ...built.trust]);
    expect(run.code).toBe(21);
    expect(run.stdout.length).toBeLessThan(4 * MIB);
    const folder = await temporaryFolder();
    expect((await diskseal(['extract', url, '-o', 'out', ...built.trust], { cwd: folder })).code).toBe(21);
    await expect(stat(join(folder, 'out'))).rejects.toThrow('ENOENT');
  });

  test('nothing is opened that no policy accepts', async () => {
    const { url } = await served();
    for (const words of [
      ['ls', url],
      ['cat', url, 'Bulky/readme.txt'],
    ]) {
      const run = await diskseal(words);
      expect(run.code).toBe(30);
      expect(run.stdout).toBe('');
    }
  });

  test('that changes meanwhile, nothing is shown', async () => {
    const { url } = await served(bytes, { etag: (request) => (request < 4 ? '"one"' : '"two"') });
    const run = await diskseal(['cat', url, 'Bulky/wanted', ...built.trust]);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('changed on the server');
  });
});
