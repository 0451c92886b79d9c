/** `mount` and `unmount` as a user calls them, with the kernel of this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { copyFile, lstat, mkdir, open, readFile, readlink, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BulkyImage, bulkyImage } from '../support/bulky-image.ts';
import { diskseal, type Run, type RunOptions } from '../support/command-line.ts';
import { canMountFuse, mountsBelow, unmountAfterwards, until } from '../support/mounting.ts';
import { type SealedImage, sealedImage } from '../support/sealed-image.ts';

let sealed: SealedImage;
let bulky: BulkyImage;
beforeAll(async () => {
  if (!canMountFuse) return;
  sealed = await sealedImage();
  bulky = await bulkyImage(4);
});
unmountAfterwards(() => sealed?.folder ?? '/nonexistent');
unmountAfterwards(() => bulky?.folder ?? '/nonexistent');

const here = (words: readonly string[], options: RunOptions = {}): Promise<Run> => diskseal(words, { cwd: sealed.folder, ...options });
const mountHere = (folder: string, ...words: string[]): Promise<Run> =>
  here(['mount', sealed.image, folder, '--trust', sealed.publisher, ...words]);
const gone = (folder: string): boolean => mountsBelow(folder).length === 0;

describe.runIf(canMountFuse)('mount', () => {
  it('shows the files as they were, to their owner alone, and takes the folder away with the mount', async () => {
    const { code, stdout, stderr } = await mountHere('shown');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const folder = join(sealed.folder, 'shown');
    expect(stdout).toBe(`${folder}\n`);
    expect(spawnSync('diff', ['-r', '--no-dereference', 'app', 'shown/Hello.app'], { cwd: sealed.folder }).status).toBe(0);
    expect(await readlink(join(folder, 'Applications'))).toBe('/Applications');
    const stat = await lstat(join(folder, 'Hello.app/Contents/run'));
    expect(stat).toMatchObject({ mode: 0o100_755, uid: process.getuid!(), gid: process.getgid!(), size: 21 });
    expect(stat.mtime.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((one) => one.includes(folder))!;
    expect(line).toMatch(/ ro,nosuid,nodev,noatime /);
    expect(line).not.toContain('allow_other');
    await expect(writeFile(join(folder, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' });
    expect(await here(['unmount', 'shown'])).toMatchObject({ code: 0, stderr: `unmounted ${folder}\n` });
    await until(() => !existsSync(folder), 'the folder is gone');
    expect(await here(['unmount', 'shown'])).toMatchObject({ code: 3 });
  });

  it('says the same with --json, and names the folder as the image', async () => {
    const run = await here(['mount', sealed.image, '--trust', sealed.publisher, '--json']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const folder = join(sealed.folder, 'Hello-1.0.0');
    expect(run.json()).toEqual({ image: sealed.image, folder, pid: expect.any(Number), verified: true });
    const unmounted = await here(['unmount', 'Hello-1.0.0', '--json']);
    expect(unmounted.json()).toEqual({ folder });
  });

  it('lasts in the foreground until a signal, and then ends well', async () => {
    const folder = join(sealed.folder, 'front');
    const run = await diskseal(['mount', sealed.image, folder, '--trust', sealed.publisher, '--foreground'], {
      cwd: sealed.folder,
      during: (child) => void child.stdout!.once('data', () => child.kill('SIGINT')),
    });
    expect(run).toMatchObject({ code: 0, signal: null, stdout: `${folder}\n` });
    expect(gone(folder)).toBe(true);
    expect(existsSync(folder)).toBe(false);
  });

  it('ends when it was idle for so long, and not while something is open', async () => {
    const folder = join(sealed.folder, 'idle');
    expect((await mountHere('idle', '--timeout', '0.4')).code).toBe(0);
    const handle = await open(join(folder, 'Hello.app/Contents/run'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(gone(folder)).toBe(false);
    await handle.close();
    await until(() => gone(folder), 'it is unmounted');
  });

  it('mounts one image twice', async () => {
    for (const name of ['one', 'two']) expect((await mountHere(name)).code).toBe(0);
    expect(readFileSync(join(sealed.folder, 'one/Hello.app/Contents/run'))).toEqual(
      readFileSync(join(sealed.folder, 'two/Hello.app/Contents/run')),
    );
    expect(await mountHere('one')).toMatchObject({ code: 3 });
    for (const name of ['one', 'two']) expect((await here(['unmount', name])).code).toBe(0);
  });

  it('clears away what a killed server left', async () => {
    const folder = join(sealed.folder, 'killed');
    for (const next of ['unmount', 'mount'] as const) {
      const { pid } = (await mountHere('killed', '--json')).json() as { pid: number };
      process.kill(pid, 'SIGKILL');
      await until(() => spawnSync('ls', [folder]).stderr.toString().includes('not connected'), 'the server is gone');
      if (next === 'unmount') expect((await here(['unmount', 'killed'])).code).toBe(0);
    }
    expect((await mountHere('killed')).code).toBe(0);
    expect(readdirSync(folder)).toEqual(['Applications', 'Hello.app']);
    expect(mountsBelow(folder)).toHaveLength(1);
    expect((await here(['unmount', 'killed'])).code).toBe(0);
  });

  it('does not unmount what is in use, but by force', async () => {
    const handle = await (async () => {
      await mountHere('used');
      return open(join(sealed.folder, 'used/Hello.app/Contents/Resources/text.txt'));
    })();
    try {
      expect(await here(['unmount', 'used'])).toMatchObject({ code: 3, stderr: expect.stringContaining('in use') });
      expect((await here(['unmount', 'used', '--force'])).code).toBe(0);
      expect(gone(join(sealed.folder, 'used'))).toBe(true);
      await expect(handle.read(Buffer.alloc(10), 0, 10, 0)).rejects.toThrow(
        /E(?:NOTCONN|IO|CONNABORTED)|socket is not connected|i\/o error/i,
      );
    } finally {
      await handle.close();
    }
    await until(() => !existsSync(join(sealed.folder, 'used')), 'the server ended');
  });

  it('ends when it is unmounted from outside', async () => {
    const { pid } = (await mountHere('outside', '--json')).json() as { pid: number };
    expect(spawnSync('umount', [join(sealed.folder, 'outside')]).status).toBe(0);
    await until(() => !existsSync(`/proc/${pid}`), 'the server ended');
  });
});

describe.runIf(canMountFuse)('what is not mounted', () => {
  const REFUSED: [string, string[], number][] = [
    ['an image of a publisher that nobody trusts', [], 30],
    ['an image under a trusted root, its publisher not named', ['--trust', 'keys/root.cert.pem'], 31],
    ['an older version than wanted', ['--trust', 'keys/publisher.cert.pem', '--min-version', '1.0.1'], 41],
    ['another product', ['--trust', 'keys/publisher.cert.pem', '--product', 'com.example.other'], 40],
  ];
  it.each(REFUSED)('%s', async (_name, words, code) => {
    const run = await here(['mount', sealed.image, 'refused', ...words, '--json']);
    expect(run).toMatchObject({ code });
    expect(run.json()).toMatchObject({ error: { exitCode: code } });
    expect(existsSync(join(sealed.folder, 'refused'))).toBe(false);
  });

  it('an image that was tampered with, or cut short, or is not sealed', async () => {
    const image = await readFile(join(sealed.folder, sealed.image));
    const changed = Buffer.from(image);
    changed[100] ^= 1;
    await writeFile(join(sealed.folder, 'changed.dmg'), changed);
    await writeFile(join(sealed.folder, 'cut.dmg'), image.subarray(0, image.length - 5000));
    await writeFile(
      join(sealed.folder, 'bare.yaml'),
      (await readFile(join(sealed.folder, 'installer.yaml'), 'utf8')).replace(/^sign:.*$/m, ''),
    );
    expect((await here(['build', 'bare.yaml', '-o', 'bare.dmg'])).code).toBe(0);
    for (const [name, code] of [
      ['changed.dmg', 21],
      ['cut.dmg', 10],
      ['bare.dmg', 10],
    ] as const) {
      expect(await here(['mount', name, 'refused', '--trust', sealed.publisher]), name).toMatchObject({ code, stdout: '' });
      expect(existsSync(join(sealed.folder, 'refused'))).toBe(false);
    }
  });

  it('rule 22: nothing unverified, but by the one loud way round', async () => {
    const run = await here(['mount', 'changed.dmg', 'loud', '--insecure-skip-verify', '--json']);
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('NOT verified') });
    expect(run.json()).toMatchObject({ verified: false });
    expect((await here(['unmount', 'loud'])).code).toBe(0);
  });

  it('over what is there, or where others could exchange the folder', async () => {
    await mkdir(join(sealed.folder, 'open'), { mode: 0o777 });
    spawnSync('chmod', ['0777', join(sealed.folder, 'open')]);
    for (const [folder, message] of [
      ['keys', 'not empty'],
      [sealed.manifest, 'not a folder'],
      ['nowhere/at/all', 'not there'],
      ['open/in', 'everybody'],
    ]) {
      expect(await mountHere(folder), folder).toMatchObject({ code: 3, stderr: expect.stringContaining(message) });
    }
    expect(await mountHere('x', '--timeout', '-1')).toMatchObject({ code: 2 });
    expect(await here(['unmount', 'keys'])).toMatchObject({ code: 3, stderr: expect.stringContaining('nothing is mounted') });
    expect(await here(['unmount', '/proc'])).toMatchObject({ code: 3, stderr: expect.stringContaining('not diskseal') });
  });
});

describe.runIf(canMountFuse)('an image that changes while it is mounted', () => {
  let at: number;
  const copy = async (name: string): Promise<string> => {
    const path = join(bulky.folder, name);
    await copyFile(bulky.image, path);
    return path;
  };
  const mountBulky = async (image: string, folder: string, log: string): Promise<void> => {
    const stderr = await open(join(bulky.folder, log), 'w');
    try {
      const { code } = await diskseal(['mount', image, folder, ...bulky.trust], { cwd: bulky.folder, stderr: stderr.fd });
      expect(code).toBe(0);
    } finally {
      await stderr.close();
    }
  };
  const flip = async (path: string, position: number): Promise<void> => {
    const handle = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, position);
    byte[0] ^= 1;
    await handle.write(byte, 0, 1, position);
    await handle.close();
  };
  beforeAll(async () => {
    // Bytes that do not compress stand in the image as they are. The second megabyte is like the first, and in no run of another file.
    const image = await readFile(bulky.image);
    const bytes = (await readFile(join(bulky.folder, 'app/before'))).subarray(300_000, 300_032);
    at = image.indexOf(bytes, image.indexOf(bytes) + 1);
    expect(at).toBeGreaterThan(0);
  });

  it('one byte: EIO where it is, a line that says so, and it stays; the others go on', async () => {
    const image = await copy('flipped.dmg');
    await mountBulky(image, 'flip', 'flip.log');
    await flip(image, at);
    const inside = join(bulky.folder, 'flip/Bulky');
    await expect(readFile(join(inside, 'before'))).rejects.toMatchObject({ code: 'EIO' });
    await flip(image, at);
    await expect(readFile(join(inside, 'before'))).rejects.toMatchObject({ code: 'EIO' });
    expect(await readFile(join(inside, 'readme.txt'), 'utf8')).toBe('read me\n');
    expect((await readFile(join(inside, 'later'))).equals(await readFile(join(bulky.folder, 'app/later')))).toBe(true);
    const log = await readFile(join(bulky.folder, 'flip.log'), 'utf8');
    expect(log).toContain('these bytes are not what was signed (in Bulky/before, at byte ');
    expect(log.trim().split('\n')).toHaveLength(1);
    expect((await diskseal(['unmount', 'flip'], { cwd: bulky.folder })).code).toBe(0);
  });

  it('in the foreground the exit code tells', async () => {
    const image = await copy('front.dmg');
    const run = await diskseal(['mount', image, 'front', ...bulky.trust, '--foreground'], {
      cwd: bulky.folder,
      during: (child) =>
        void child.stdout!.once('data', () => {
          const read = flip(image, at).then(() => readFile(join(bulky.folder, 'front/Bulky/before')));
          void read.catch(() => undefined).then(() => child.kill('SIGTERM'));
        }),
    });
    expect(run).toMatchObject({ code: 21, stderr: expect.stringContaining('E_TAMPERED') });
  });

  it('another file under its name: nothing changes', async () => {
    const image = await copy('replaced.dmg');
    await mountBulky(image, 'replace', 'replace.log');
    await writeFile(join(bulky.folder, 'other'), 'not an image');
    await rename(join(bulky.folder, 'other'), image);
    expect((await readFile(join(bulky.folder, 'replace/Bulky/wanted'))).equals(bulky.wanted)).toBe(true);
    expect(statSync(image).size).toBe(12);
    expect((await diskseal(['unmount', 'replace'], { cwd: bulky.folder })).code).toBe(0);
  });

  it('cut short: EIO, and the server lives', async () => {
    const image = await copy('truncated.dmg');
    await mountBulky(image, 'truncate', 'truncate.log');
    await truncate(image, 1000);
    const inside = join(bulky.folder, 'truncate/Bulky');
    for (const name of ['wanted', 'later', 'before'])
      await expect(readFile(join(inside, name)), name).rejects.toMatchObject({ code: 'EIO' });
    expect(readdirSync(inside)).toContain('readme.txt');
    expect(await readFile(join(bulky.folder, 'truncate.log'), 'utf8')).toContain('became shorter');
    expect((await diskseal(['unmount', 'truncate'], { cwd: bulky.folder })).code).toBe(0);
  });

  it('is the one that a symbolic link led to when it was opened', async () => {
    const image = await copy('linked.dmg');
    await symlink(image, join(bulky.folder, 'link.dmg'));
    await mountBulky('link.dmg', 'link', 'link.log');
    expect((await readFile(join(bulky.folder, 'link/Bulky/wanted'))).equals(bulky.wanted)).toBe(true);
    expect((await diskseal(['unmount', 'link'], { cwd: bulky.folder })).code).toBe(0);
  });
});
