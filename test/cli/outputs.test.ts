/** What is written, where, and what is left when it cannot be. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { canMount, hasFullDevice, obeysPermissions, onSmallDisk } from '../support/host-powers.ts';
import { bulkyFolder, type SealedImage, sealedImage } from '../support/sealed-image.ts';
import { folderOf, temporaryFolder } from '../support/temporary-folder.ts';

let sealed: SealedImage;
let bulky: string;
beforeAll(async () => {
  sealed = await sealedImage();
  bulky = await bulkyFolder(48);
});

const listing = (folder: string): string[] => readdirSync(folder).sort();

describe('build', () => {
  it('replaces nothing without --force, and says so before it works', async () => {
    const before = readFileSync(join(sealed.folder, sealed.image));
    const run = await diskseal(['build'], { cwd: sealed.folder });
    expect(run).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/Hello-1\.0\.0\.dmg: the output is there already \(E_EXISTS\)\n.*--force/),
    });
    expect(readFileSync(join(sealed.folder, sealed.image)).equals(before)).toBe(true);
    const forced = await diskseal(['build', '--force'], { cwd: sealed.folder });
    expect(forced).toMatchObject({ code: 0, stdout: 'Hello-1.0.0.dmg\n' });
  });

  it('tells in JSON what it made', async () => {
    const run = await diskseal(['build', '-o', 'other.dmg', '--json'], { cwd: sealed.folder });
    expect(run.code).toBe(0);
    const size = lstatSync(join(sealed.folder, 'other.dmg')).size;
    expect(run.json()).toMatchObject({
      outputs: [
        { target: 'dmg', path: 'other.dmg', size, sealed: true, entries: 7, statement: { product: 'com.example.hello', version: '1.0.0' } },
      ],
      warnings: [expect.stringMatching(/no timestamp/)],
    });
  });

  it('makes the folders of its output, and takes them away when it fails', async () => {
    const { folder } = sealed;
    expect((await diskseal(['build', '-o', 'a/b/c.dmg'], { cwd: folder })).code).toBe(0);
    expect(existsSync(join(folder, 'a/b/c.dmg'))).toBe(true);
    await writeFile(join(folder, 'broken.yaml'), readFileSync(join(folder, 'installer.yaml'), 'utf8').replace('src: app', 'src: nothing'));
    const run = await diskseal(['build', 'broken.yaml', '-o', 'x/y/z.dmg'], { cwd: folder });
    expect(run.code).toBe(2);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it('shows mistakes of the manifest with line, column and caret, all in one run', async () => {
    const folder = await folderOf({ 'installer.yaml': 'name: Hello\nversion: 1.0.0\nvolme: { name: x }\ncontents:\n  - { scr: app }\n' });
    const run = await diskseal(['build'], { cwd: folder });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/installer\.yaml:3:1: .*volme.*\(E_MANIFEST\)\n.*volme: \{ name: x \}\n\s*(?:\|\s*)?\^/);
    expect(run.stderr).toMatch(/installer\.yaml:5:\d+: .*scr/);
    expect(listing(folder)).toEqual(['installer.yaml']);
    const { error } = (await diskseal(['build', '--json'], { cwd: folder })).json() as {
      error: { line: number; column: number; others: unknown[] };
    };
    expect(error).toMatchObject({ code: 'E_MANIFEST', line: 3, column: 1 });
    expect(error.others.length).toBeGreaterThan(0);
  });

  it('without "sign" warns, writes an image without seal and exits 0', async () => {
    const folder = await folderOf({ 'installer.yaml': 'name: A\nversion: 1\ncontents:\n  - { src: a.txt }\n', 'a.txt': 'a' });
    const run = await diskseal(['build'], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stdout: 'A-1.dmg\n' });
    expect(run.stderr).toMatch(/warning: the image is not sealed/);
    expect(run.stderr).toMatch(/warning: files keep their own times/);
    expect((await diskseal(['verify', 'A-1.dmg'], { cwd: folder })).code).toBe(10);
    expect((await diskseal(['ls', 'A-1.dmg'], { cwd: folder })).code).toBe(10);
    const listed = await diskseal(['ls', 'A-1.dmg', '--insecure-skip-verify', '--quiet'], { cwd: folder });
    expect(listed).toMatchObject({ code: 0, stdout: 'a.txt\n', stderr: expect.stringMatching(/NOT verified/) });
  });

  it('refuses a key that is missing, and a wrong passphrase, without a trace', async () => {
    const { folder } = sealed;
    const text = readFileSync(join(folder, 'installer.yaml'), 'utf8');
    await writeFile(join(folder, 'no-key.yaml'), text.replace('publisher.key.pem', 'absent.key.pem'));
    expect(await diskseal(['build', 'no-key.yaml', '-o', 'nokey.dmg'], { cwd: folder })).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/absent\.key\.pem.*\(E_NOT_FOUND\)/),
    });
    const made = await diskseal(['keys', 'new', 'locked', '--name', 'Locked', '--passphrase-env', 'SECRET'], {
      cwd: folder,
      env: { SECRET: 'right' },
    });
    expect(made.code).toBe(0);
    expect(readFileSync(join(folder, 'locked/publisher.key.pem'), 'utf8')).toContain('ENCRYPTED');
    await writeFile(
      join(folder, 'locked.yaml'),
      text.replace(/sign:.*/, 'sign: { key: locked/publisher.key.pem, certificates: locked/publisher.chain.pem, passphraseEnv: SECRET }'),
    );
    const build = (secret: string) =>
      diskseal(['build', 'locked.yaml', '-o', 'locked.dmg', '--env', 'SECRET'], { cwd: folder, env: { SECRET: secret } });
    expect(await build('wrong')).toMatchObject({ code: 2, stderr: expect.stringMatching(/\(E_KEY\)/) });
    expect(listing(folder).filter((name) => /nokey|locked\.dmg|\.part$/.test(name))).toEqual([]);
    expect((await build('right')).code).toBe(0);
  });

  it.skipIf(!canMount)('leaves nothing on a full disk', async () => {
    await onSmallDisk('8m', async (disk) => {
      const run = await diskseal(['build', '-o', join(disk, 'bulky.dmg')], { cwd: bulky });
      expect(run).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/no space is left.*\(E_WRITE\)\n.*hint/) });
      expect(listing(disk)).toEqual([]);
    });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing after %s', async (signal) => {
    const target = await temporaryFolder();
    const run = await diskseal(['build', '-o', join(target, 'bulky.dmg')], {
      cwd: bulky,
      during: (child) => {
        // As soon as there is something to leave behind.
        const timer = setInterval(() => listing(target).length > 0 && child.kill(signal), 5);
        child.once('close', () => clearInterval(timer));
      },
    });
    expect(run).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143, stdout: '' });
    expect(run.stderr).toMatch(/diskseal: interrupted, the unfinished output was removed/);
    expect(listing(target)).toEqual([]);
  });
});

describe('extract', () => {
  const trust = ['--trust', 'keys/publisher.cert.pem'];

  it('gives back what was built', async () => {
    const { folder, image } = sealed;
    const run = await diskseal(['extract', image, '-o', 'out', ...trust, '--json'], { cwd: folder });
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({
      image,
      output: 'out',
      verified: true,
      files: 3,
      folders: 3,
      symlinks: 1,
      hardLinks: 0,
      dropped: { attributes: 0 },
    });
    expect(spawnSync('diff', ['-r', join(folder, 'app'), join(folder, 'out/Hello.app')], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(lstatSync(join(folder, 'out/Hello.app/Contents/run')).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(folder, 'out/Hello.app/Contents/run')).mtime.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    const again = await diskseal(['extract', image, '-o', 'out', ...trust], { cwd: folder });
    expect(again).toMatchObject({ code: 3, stderr: expect.stringMatching(/E_EXISTS/) });
    const part = await diskseal(['extract', image, 'Hello.app/Contents/run', '-o', 'part', ...trust, '--quiet'], { cwd: folder });
    expect(part).toMatchObject({ code: 0, stdout: 'part\n', stderr: '' });
    expect(listing(join(folder, 'part/Hello.app/Contents'))).toEqual(['run']);
  });

  const words = (to: string): string[] => ['extract', 'Bulky-1.dmg', '-o', to, '--insecure-skip-verify'];

  it('leaves nothing after ctrl-C', async () => {
    expect((await diskseal(['build', '--force'], { cwd: bulky })).code).toBe(0);
    const target = await temporaryFolder();
    const stopped = await diskseal(words(join(target, 'out')), {
      cwd: bulky,
      during: (child) => {
        const timer = setInterval(() => listing(target).length > 0 && child.kill('SIGINT'), 1);
        child.once('close', () => clearInterval(timer));
      },
    });
    expect(stopped).toMatchObject({ code: 130, stdout: '', stderr: expect.stringMatching(/unfinished output was removed/) });
    expect(listing(target)).toEqual([]);
  });

  it.skipIf(!canMount)('leaves nothing on a full disk', async () => {
    expect((await diskseal(['build', '--force'], { cwd: bulky })).code).toBe(0);
    await onSmallDisk('8m', async (disk) => {
      const full = await diskseal(words(join(disk, 'out')), { cwd: bulky });
      expect(full).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/no space is left/) });
      expect(listing(disk)).toEqual([]);
    });
  });
});

describe('stdout', () => {
  it('that nobody reads any more ends quietly', async () => {
    const { folder, image } = sealed;
    const run = await diskseal(['inspect', image, '--raw'], {
      cwd: folder,
      during: (child) => child.stdout!.destroy(),
    });
    expect(run).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  it('that is closed does not change a verdict', async () => {
    const { folder, image } = sealed;
    const run = await diskseal(['verify', image], { cwd: folder, during: (child) => child.stdout!.destroy() });
    expect(run).toMatchObject({ code: 30, stderr: expect.stringMatching(/E_UNTRUSTED/) });
  });

  it.skipIf(!hasFullDevice)('that is full is an error', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const run = await diskseal(['cat', sealed.image, 'Hello.app/Contents/run', '--insecure-skip-verify'], {
        cwd: sealed.folder,
        stdout: full,
      });
      expect(run).toMatchObject({ code: 3, stderr: expect.stringMatching(/standard output: no space is left.*\(E_WRITE\)/) });
    } finally {
      closeSync(full);
    }
  });
});

describe('names from an image', () => {
  it('cannot act on the terminal, nor break JSON', async () => {
    const odd = ['\u001b[2Jclear', 'right\u202eleft', 'c1\u009b31m', 'line\nfeed'];
    const folder = await folderOf({
      'installer.yaml': 'name: Odd\nversion: 1\ncontents:\n  - { src: app }\n',
      ...Object.fromEntries(odd.map((name) => [`app/${name}`, 'x'])),
    });
    expect((await diskseal(['build'], { cwd: folder })).code).toBe(0);
    const plain = await diskseal(['ls', 'Odd-1.dmg', '-R', '--insecure-skip-verify'], { cwd: folder });
    expect(plain.stdout).toContain('app/\\u{1b}[2Jclear\n');
    expect(plain.stdout).toContain('app/right\\u{202e}left\n');
    expect(plain.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    const json = await diskseal(['ls', 'Odd-1.dmg', '-R', '--insecure-skip-verify', '--json'], { cwd: folder });
    expect(json.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    const { entries } = json.json() as { entries: { path: string }[] };
    expect(new Set(entries.map(({ path }) => path))).toEqual(new Set(['app', ...odd.map((name) => `app/${name}`)]));
  });
});

describe('init', () => {
  it('writes a manifest that build understands, once', async () => {
    const folder = await temporaryFolder();
    const run = await diskseal(['init', 'mine', '--yes'], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stdout: 'mine/installer.yaml\n' });
    const again = await diskseal(['init', 'mine'], { cwd: folder });
    expect(again).toMatchObject({ code: 3, stderr: expect.stringMatching(/E_EXISTS/) });
    expect((await diskseal(['init', 'mine', '--force', '--json'], { cwd: folder })).json()).toEqual({ output: 'mine/installer.yaml' });
    await mkdir(join(folder, 'mine/build/My App.app'), { recursive: true });
    await copyFile(join(folder, 'mine/installer.yaml'), join(folder, 'mine/build/My App.app/file'));
    expect(await diskseal(['build', 'mine/installer.yaml'], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\.dmg\n$/),
    });
  });

  it.skipIf(!obeysPermissions)('says where it may not write', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o555);
    expect(await diskseal(['init', 'mine'], { cwd: folder })).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/permission denied/),
    });
    await rm(folder, { recursive: true, force: true });
  });
});
