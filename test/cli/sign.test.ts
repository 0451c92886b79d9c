/** `sign` as users call it: on images that others made, on sealed ones, with keys and certificates from `keys new`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, lstat, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { LONG_LIFE } from '../support/certificates.ts';
import { diskseal, type Run } from '../support/command-line.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { opensslTsa, serve } from '../support/openssl-tsa.ts';
import { mbrDisk, smallIso } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testAuthority } from '../support/timestamp-authority.ts';

let folder: string;
const IDENTITY = ['--id', 'com.example.tool', '--product-version', '2.1.0'];
const KEY = ['--key', 'one/publisher.key.pem', '--certificates', 'one/publisher.chain.pem'];
const SECOND = ['--key', 'two/publisher.key.pem', '--certificates', 'two/publisher.chain.pem'];
const TRUST = ['--trust', 'one/publisher.cert.pem'];
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });
const put = (name: string, bytes: Uint8Array): Promise<void> => writeFile(join(folder, name), bytes);
const read = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(folder, name)));
async function good(...words: string[]): Promise<Run> {
  const done = await run(...words);
  expect(done.code, done.stderr).toBe(0);
  return done;
}
const has = (program: string): boolean => {
  const found = spawnSync(program, ['--version']).error === undefined;
  if (!found) console.warn(`${program} is not installed: what it would say of sealed images is not tested`);
  return found;
};

/** Devices that are files behind, for whoever may make them. */
const loops = ((): boolean => {
  const found = process.getuid?.() === 0 && spawnSync('losetup', ['-f']).status === 0;
  if (!found) console.warn('no loop devices here: images on devices are not tested');
  return found;
})();

beforeAll(async () => {
  folder = await temporaryFolder();
  await good('keys', 'new', 'one', '--name', 'First');
  await good('keys', 'new', 'two', '--name', 'Second', '--algorithm', 'p384');
}, 60_000);

describe('a new seal', () => {
  test('goes into an ISO image in place; its mode stays, and so does a link to it', async () => {
    await put('a.iso', smallIso({ padding: 60 }));
    await chmod(join(folder, 'a.iso'), 0o640);
    await symlink('a.iso', join(folder, 'link.iso'));
    const { stderr, stdout } = await good('sign', 'link.iso', ...KEY, ...IDENTITY);
    expect(stdout).toBe('link.iso\n');
    expect(stderr).toMatch(/sealed inside, at the end of the volume; 1 entry, 1 signature/);
    expect((await stat(join(folder, 'a.iso'))).mode & 0o777).toBe(0o640);
    expect((await lstat(join(folder, 'link.iso'))).isSymbolicLink()).toBe(true);
    await good('verify', 'a.iso', ...TRUST, '--deep');
    expect((await good('ls', 'a.iso', ...TRUST)).stdout).toBe('FILE.TXT\n');
    expect((await good('cat', 'a.iso', 'FILE.TXT', ...TRUST)).stdout).toBe(smallIso.content);
    await good('extract', 'a.iso', '-o', 'out', ...TRUST);
    expect(await readFile(join(folder, 'out/FILE.TXT'), 'utf8')).toBe(smallIso.content);
  });
  test('goes into a copy with --output, and the image stays as it is', async () => {
    const image = mbrDisk();
    await put('b.img', image);
    await good('sign', 'b.img', ...KEY, ...IDENTITY, '-o', 'b2.img');
    expect(await read('b.img')).toEqual(image);
    expect((await read('b2.img')).subarray(0, image.length)).toEqual(image);
    await good('verify', 'b2.img', ...TRUST);
    expect((await run('sign', 'b.img', ...KEY, ...IDENTITY, '-o', 'b2.img')).code).toBe(3);
    await good('sign', 'b.img', ...KEY, ...IDENTITY, '-o', 'b2.img', '--force');
  });
  test('stands beside what it would change, and says why', async () => {
    const image = mbrDisk();
    image[450] = 0xee;
    await put('c.img', image);
    const { stderr, stdout } = await good('sign', 'c.img', ...KEY, ...IDENTITY);
    expect(stdout).toBe('c.img.seal\n');
    expect(stderr).toMatch(/beside it: .*GUID partition table/);
    expect(stderr).toMatch(/no list of files was signed/);
    expect(await read('c.img')).toEqual(image);
    expect((await run('verify', 'c.img', ...TRUST)).code).toBe(10);
    await good('verify', 'c.img', '--seal', 'c.img.seal', ...TRUST);
    expect((await run('sign', 'c.img', ...KEY, ...IDENTITY)).code).toBe(3);
  });
  test('stands beside with --detached in any case, and on any file', async () => {
    await put('d.iso', smallIso({ padding: 60 }));
    await put('tool.tar', new Uint8Array(5000).fill(1));
    for (const name of ['d.iso', 'tool.tar']) {
      const before = await read(name);
      const document = (await good('sign', name, ...KEY, ...IDENTITY, '--detached', '--json')).json();
      expect(document).toMatchObject({ image: name, output: `${name}.seal`, placement: 'detached', signers: 1 });
      expect(await read(name)).toEqual(before);
      await good('verify', name, '--seal', `${name}.seal`, ...TRUST);
    }
    expect((await good('cat', 'd.iso', 'FILE.TXT', '--seal', 'd.iso.seal', ...TRUST)).stdout).toBe(smallIso.content);
  });
  test('names the next keys', async () => {
    await put('e.img', mbrDisk());
    const keys = ['--next-key', 'two/publisher.cert.pem', '--next-key', `spki:${'a'.repeat(64)}`];
    const { statement } = (await good('sign', 'e.img', ...KEY, ...IDENTITY, ...keys, '--json')).json() as { statement: { keys: string[] } };
    expect(statement.keys).toHaveLength(2);
    expect(statement.keys).toContain('a'.repeat(64));
    expect(statement.keys).toEqual(statement.keys.toSorted());
  });
  test.each<[string, string[], number, RegExp]>([
    ['nobody who signs', [...IDENTITY], 2, /who signs/],
    ['no id', [...KEY, '--product-version', '1'], 2, /--id/],
    ['no version', [...KEY, '--id', 'com.example.x'], 2, /--product-version/],
    ['an id of another form', [...KEY, '--id', 'Not An Id', '--product-version', '1'], 2, /product/],
    ['a build number that is none', [...KEY, ...IDENTITY, '--build-number', '1.5'], 2, /whole number/],
    ['certificates alone', ['--certificates', 'one/publisher.chain.pem'], 2, /--key/],
    ['a key that is not there', ['--key', 'none.pem', ...IDENTITY], 3, /none\.pem/],
    ['a next key that is none', [...KEY, ...IDENTITY, '--next-key', 'spki:12'], 2, /fingerprint/],
    ['a next key in a file without one', [...KEY, ...IDENTITY, '--next-key', 'one/publisher.key.pem'], 2, /neither/],
  ])('%s: refused, and nothing is changed', async (_, words, code, says) => {
    const image = mbrDisk();
    await put('f.img', image);
    const done = await run('sign', 'f.img', ...words);
    expect(done.code, done.stderr).toBe(code);
    expect(done.stderr).toMatch(says);
    expect(await read('f.img')).toEqual(image);
    expect((await readdir(folder)).filter((name) => name.startsWith('.f.img') || name === 'f.img.seal')).toEqual([]);
  });
  test('attack 11: an image that shows other systems another content is not signed', async () => {
    await put('g.iso', smallIso({ joliet: { name: 'FILE.TXT', content: 'another content' } }));
    const { code, stderr } = await run('sign', 'g.iso', ...KEY, ...IDENTITY);
    expect({ code, stderr }).toMatchObject({ code: 21, stderr: expect.stringMatching(/views/) });
  });
});

describe('a seal that is there', () => {
  test('takes a second signature over the same statement', async () => {
    await put('h.iso', smallIso());
    await good('sign', 'h.iso', ...KEY, ...IDENTITY);
    const { stderr } = await good('sign', 'h.iso', ...SECOND);
    expect(stderr).toMatch(/a signature was added/);
    for (const who of ['one', 'two']) await good('verify', 'h.iso', '--trust', `${who}/publisher.cert.pem`);
    const again = await run('sign', 'h.iso', ...SECOND);
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/signed this image already/),
    });
    const other = await run('sign', 'h.iso', '--key', 'one/publisher.key.pem', '--product-version', '9');
    expect(other.code).toBe(2);
  });
  test('attack 37: an image that was changed gets no second signature', async () => {
    await put('i.iso', smallIso());
    await good('sign', 'i.iso', ...KEY, ...IDENTITY);
    const changed = await read('i.iso');
    changed[100] ^= 1;
    await put('i.iso', changed);
    expect((await run('sign', 'i.iso', ...SECOND)).code).toBe(21);
    expect(await read('i.iso')).toEqual(changed);
  });
  test('is co-signed beside its image as well', async () => {
    await put('j.bin', new Uint8Array(100));
    await good('sign', 'j.bin', ...KEY, ...IDENTITY);
    await good('sign', 'j.bin', ...SECOND, '--seal', 'j.bin.seal');
    await good('verify', 'j.bin', '--seal', 'j.bin.seal', '--trust', 'two/publisher.cert.pem');
    await good('verify', 'j.bin', '--seal', 'j.bin.seal', ...TRUST);
  });
  test('rule 18: one beside it says the same', async () => {
    await put('k.iso', smallIso());
    await good('sign', 'k.iso', ...KEY, ...IDENTITY);
    await good('sign', 'k.iso', ...SECOND, '--detached');
    await good('verify', 'k.iso', '--seal', 'k.iso.seal', ...TRUST, '--trust', 'two/publisher.cert.pem');
    const other = await run('sign', 'k.iso', ...SECOND, '--detached', '--product-version', '9', '-o', 'k9.seal');
    expect({ code: other.code, stderr: other.stderr }).toMatchObject({ code: 22, stderr: expect.stringMatching(/differ/) });
  });
  test.skipIf(!loops)('rule 2: a device needs --size or --seal', async () => {
    await put('q.iso', smallIso({ padding: 60 }));
    await good('sign', 'q.iso', ...KEY, ...IDENTITY, '--detached');
    await good('sign', 'q.iso', ...KEY, ...IDENTITY, '-o', 'q2.iso');
    const size = String((await read('q.iso')).length);
    for (const [name, ...says] of [
      ['q.iso', '--seal', 'q.iso.seal'],
      ['q2.iso', '--size', size],
    ] as const) {
      const image = await read(name);
      await put('device', new Uint8Array(Buffer.concat([image, new Uint8Array(100_000)])));
      const device = execFileSync('losetup', ['-f', '--show', join(folder, 'device')])
        .toString()
        .trim();
      try {
        const { code, stderr } = await run('verify', device, ...TRUST);
        expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/--size/) });
        await good('verify', device, ...says, ...TRUST);
        expect((await good('cat', device, 'FILE.TXT', ...says, ...TRUST)).stdout).toBe(smallIso.content);
      } finally {
        execFileSync('losetup', ['-d', device]);
      }
    }
  });
  test('rule 4: nothing is added under an Apple code signature; a detached seal is offered', async () => {
    await put('app.txt', new Uint8Array(Buffer.from('text')));
    await writeFile(
      join(folder, 'installer.yaml'),
      'name: L\nversion: 2.1.0\nid: com.example.tool\nmtime: 2026-01-01T00:00:00Z\noutput: l.dmg\ncontents:\n  - { src: app.txt }\nsign: { key: one/publisher.key.pem, certificates: one/publisher.chain.pem }\n',
    );
    await good('build');
    const image = await read('l.dmg');
    const at = image.length - 512;
    const signed = new Uint8Array(image.length + 100);
    signed.set(image.subarray(0, at));
    signed.set(image.subarray(at), at + 100);
    const koly = KolyTrailer.read(image, at);
    KolyTrailer.write({ ...koly, codeSignatureOffset: at, codeSignatureLength: 100 }, signed, at + 100);
    await put('l.dmg', signed);
    const { code, stderr } = await run('sign', 'l.dmg', ...SECOND);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/--detached/) });
    expect(await read('l.dmg')).toEqual(signed);
  });
  test('rule 24: a longer file needs --size', async () => {
    await put('m.iso', smallIso());
    await good('sign', 'm.iso', ...KEY, ...IDENTITY);
    const { length } = await read('m.iso');
    await writeFile(join(folder, 'm.iso'), new Uint8Array(4096), { flag: 'a' });
    const { code, stderr } = await run('verify', 'm.iso', ...TRUST);
    expect({ code, stderr }).toMatchObject({ code: 20, stderr: expect.stringContaining(`--size ${length}`) });
    await good('verify', 'm.iso', '--size', String(length), ...TRUST);
    expect((await good('ls', 'm.iso', '--size', String(length), ...TRUST)).stdout).toBe('FILE.TXT\n');
  });
  test.skipIf(!hasOpenssl)('takes a timestamp without a key, inside and beside', async () => {
    const bench = workbench();
    const authority = testAuthority('p256', LONG_LIFE);
    const server = await serve(opensslTsa(bench, authority));
    try {
      await put('n.iso', smallIso());
      await good('sign', 'n.iso', ...KEY, ...IDENTITY);
      await good('sign', 'n.iso', '--timestamp', server.url);
      expect((await run('sign', 'c.img', '--timestamp', server.url)).code).toBe(10);
      await good('verify', 'n.iso', ...TRUST);
      await put('o.bin', new Uint8Array(9));
      await good('sign', 'o.bin', ...KEY, ...IDENTITY, '--timestamp', server.url);
      await good('sign', 'o.bin', '--seal', 'o.bin.seal', '--timestamp', server.url);
      // Asked again, it is the timestamp that is renewed.
      expect(server.questions).toHaveLength(3);
      await good('verify', 'o.bin', '--seal', 'o.bin.seal', ...TRUST);
    } finally {
      await server.close();
      bench.remove();
    }
  });
  test.skipIf(!hasOpenssl)('openssl takes both signatures of a co-signed image', async () => {
    const { seal } = (await good('inspect', 'h.iso', '--json')).json() as { seal: { offset: number; size: number } };
    const area = (await read('h.iso')).subarray(seal.offset, seal.offset + seal.size);
    const view = new DataView(area.buffer, area.byteOffset);
    const length = (at: number): number => Number(view.getBigUint64(at));
    const start = 64 + length(24) + length(32) + length(40);
    await put('h.p7s', area.subarray(start, start + length(48)));
    const roots = (await Promise.all(['one', 'two'].map((who) => readFile(join(folder, who, 'root.cert.pem'), 'utf8')))).join('');
    await writeFile(join(folder, 'roots.pem'), roots);
    const words = '-no-CApath -no-CAstore -CAfile roots.pem -purpose any -binary'.split(' ');
    const output = execFileSync('openssl', ['cms', '-verify', '-inform', 'DER', '-in', 'h.p7s', ...words], { cwd: folder, stdio: 'pipe' });
    expect(output.toString()).toMatch(/^\{"apple":"none"/);
    await writeFile(join(folder, 'one-root.pem'), await readFile(join(folder, 'one/root.cert.pem')));
    const alone = spawnSync('openssl', ['cms', '-verify', '-inform', 'DER', '-in', 'h.p7s', ...words.with(4, 'one-root.pem')], {
      cwd: folder,
    });
    // openssl wants a path for every signer.
    expect(alone.status).not.toBe(0);
  });
});

describe.skipIf(!has('genisoimage'))('an image by genisoimage', () => {
  test.each([
    ['with padding', []],
    ['without', ['-no-pad']],
  ])('%s is read by others as before', async (_, words) => {
    await writeFile(join(folder, 'app.txt'), 'text');
    execFileSync('genisoimage', ['-quiet', '-R', '-J', ...words, '-o', 'p.iso', 'app.txt', 'one/root.cert.pem'], {
      cwd: folder,
      stdio: 'pipe',
    });
    await good('sign', 'p.iso', ...KEY, ...IDENTITY, '-o', 'p2.iso', '--force');
    await good('verify', 'p2.iso', ...TRUST, '--deep');
    const say = (program: string, ...args: string[]): string => execFileSync(program, args, { cwd: folder, stdio: 'pipe' }).toString();
    for (const view of ['-R', '-J']) expect(say('isoinfo', '-l', view, '-i', 'p2.iso')).toBe(say('isoinfo', '-l', view, '-i', 'p.iso'));
    if (has('7z')) expect(say('7z', 't', 'p2.iso')).toMatch(/Everything is Ok/);
    if (has('xorriso')) {
      const listed = (image: string): string => say('xorriso', '-indev', image, '-find', '/', '-exec', 'lsdl').replaceAll(image, '');
      expect(listed('p2.iso')).toBe(listed('p.iso'));
    }
  });
});
