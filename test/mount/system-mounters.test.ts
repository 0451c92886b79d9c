/**
 * The system's own mounters. On this machine only Linux's can be tried (`kernel` below, as root); those of macOS and Windows, and udisks, are
 * stand-ins: programs of that name that write down how they are called and print what the real ones print.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Attachable, attachImage, detachImage, type MounterHost } from '../../src/mount/system/mounters.ts';
import { isMounted, privateCopy, recordedMounts, sweep } from '../../src/mount/system/private-copy.ts';
import { runTool } from '../../src/mount/system-tool.ts';
import { diskseal } from '../support/command-line.ts';
import { folderOf, temporaryFolder } from '../support/temporary-folder.ts';

const path = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = path;
});

/** Puts programs into the path; each writes its name and words to `calls`. */
async function standIns(programs: Readonly<Record<string, string>>): Promise<{ folder: string; calls: () => string }> {
  const folder = await temporaryFolder();
  const log = join(folder, 'calls');
  await writeFile(log, '');
  for (const [name, script] of Object.entries(programs)) {
    const text = `#!/bin/sh\n{ printf '%s' ${name}; printf ' [%s]' "$@"; echo; } >> '${log}'\n${script}\n`;
    await writeFile(join(folder, name), text, { mode: 0o755 });
  }
  process.env['PATH'] = `${folder}:${path}`;
  return { folder, calls: () => readFileSync(log, 'utf8').replaceAll(folder, 'HERE') };
}

const host = (system: NodeJS.Platform, isRoot = false): MounterHost => ({ system, isRoot, run: runTool });
const image = (name: string, given: Partial<Attachable> = {}): Attachable => ({
  path: `/private/${name}`,
  isUdif: false,
  isIso: false,
  ...given,
});
const named = (): string => {
  throw new Error('the folder was given');
};

describe('transcripts', () => {
  it('macOS 26: diskutil image attach', async () => {
    const { folder, calls } = await standIns({ diskutil: 'exit 0', hdiutil: 'exit 1' });
    const mount = await attachImage(image('App.dmg', { isUdif: true }), join(folder, 'App'), named, host('darwin'));
    expect(mount).toEqual({ mounter: 'mac', folder: join(folder, 'App'), made: true });
    expect(await detachImage(mount, '/private/App.dmg', host('darwin'))).toBe(true);
    expect(existsSync(join(folder, 'App'))).toBe(false);
    expect(
      calls(),
    ).toBe(`diskutil [image] [attach] [--readOnly] [--mountOptions] [nosuid,nodev] [--mountPoint] [HERE/App] [/private/App.dmg]
diskutil [eject] [HERE/App]
`);
  });

  it('before: hdiutil attach', async () => {
    const { folder, calls } = await standIns({
      diskutil: 'echo "diskutil: did not recognize verb \\"image\\"" >&2; exit 1',
      hdiutil: 'exit 0',
    });
    await attachImage(image('App.dmg', { isUdif: true }), join(folder, 'App'), named, host('darwin'));
    expect(
      calls(),
    ).toBe(`diskutil [image] [attach] [--readOnly] [--mountOptions] [nosuid,nodev] [--mountPoint] [HERE/App] [/private/App.dmg]
hdiutil [attach] [-readonly] [-noautoopen] [-owners] [off] [-mountpoint] [HERE/App] [/private/App.dmg]
`);
  });

  it('macOS refuses: its reason is told, and the folder that was made is gone', async () => {
    const { folder } = await standIns({
      diskutil: 'exit 1',
      hdiutil: 'echo "hdiutil: attach failed - no mountable file systems" >&2; exit 1',
    });
    const attached = attachImage(image('App.dmg', { isUdif: true }), join(folder, 'App'), named, host('darwin'));
    await expect(attached).rejects.toMatchObject({ code: 'E_WRITE', message: expect.stringContaining('no mountable file systems') });
    expect(existsSync(join(folder, 'App'))).toBe(false);
  });

  it('Windows: Mount-DiskImage, a name never more than text', async () => {
    const { calls } = await standIns({ 'powershell.exe': "printf 'E\\r\\n'" });
    const iso = image("it's $(here).iso", { isIso: true });
    const mount = await attachImage(iso, undefined, named, host('win32'));
    expect(mount).toEqual({ mounter: 'windows', folder: 'E:\\', made: false });
    expect(await detachImage(mount, iso.path, host('win32'))).toBe(true);
    const shell = `powershell.exe [-NoProfile] [-NonInteractive] [-Command] [$ErrorActionPreference = 'Stop'; `;
    expect(
      calls(),
    ).toBe(`${shell}(Mount-DiskImage -ImagePath '/private/it''s $(here).iso' -Access ReadOnly -PassThru | Get-Volume).DriveLetter]
${shell}Dismount-DiskImage -ImagePath '/private/it''s $(here).iso']
`);
    await expect(attachImage(iso, 'C:\\App', named, host('win32'))).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(attachImage(image('App.dmg', { isUdif: true }), undefined, named, host('win32'))).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
    });
  });

  it('Linux without root: udisks maps, mounts, unmounts and takes the device away', async () => {
    const { calls } = await standIns({
      udisksctl: `case $1 in
  loop-setup) echo "Mapped file /private/disk.img as /dev/loop7." ;;
  mount) echo "Mounted /dev/loop7 at /run/media/somebody/Small Disk" ;;
esac`,
    });
    const disk = image('disk.img', { volume: { position: 1_048_576, size: 8_388_608 } });
    const mount = await attachImage(disk, undefined, named, host('linux'));
    expect(mount).toEqual({ mounter: 'udisks', folder: '/run/media/somebody/Small Disk', made: false, device: '/dev/loop7' });
    await detachImage(mount, disk.path, host('linux'));
    expect(
      calls(),
    ).toBe(`udisksctl [loop-setup] [--no-user-interaction] [--read-only] [--offset] [1048576] [--size] [8388608] [--file] [/private/disk.img]
udisksctl [mount] [--no-user-interaction] [-b] [/dev/loop7] [-o] [ro,nosuid,nodev]
udisksctl [unmount] [--no-user-interaction] [-b] [/dev/loop7]
udisksctl [loop-delete] [--no-user-interaction] [-b] [/dev/loop7]
`);
  });

  it('udisks maps and does not mount: the device is given back', async () => {
    const { calls } = await standIns({
      udisksctl:
        '[ "$1" != loop-setup ] || echo "Mapped file x as /dev/loop3."; [ "$1" != mount ] || { echo "Object is not a mountable filesystem" >&2; exit 1; }',
    });
    await expect(attachImage(image('disk.img'), undefined, named, host('linux'))).rejects.toMatchObject({
      code: 'E_WRITE',
      message: expect.stringContaining('not a mountable filesystem'),
    });
    expect(calls()).toContain('[loop-delete] [--no-user-interaction] [-b] [/dev/loop3]');
  });

  it('what is in use stays, and a missing program is named', async () => {
    const { folder } = await standIns({ umount: 'echo "umount: target is busy." >&2; exit 32' });
    expect(await detachImage({ mounter: 'loop', folder, made: false }, '/private/x', host('linux', true))).toBe(false);
    process.env['PATH'] = folder;
    await expect(attachImage(image('disk.img'), undefined, named, host('linux'))).rejects.toMatchObject({
      message: expect.stringContaining('not installed'),
    });
    await expect(attachImage(image('App.dmg', { isUdif: true }), undefined, named, host('linux'))).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
    });
  });
});

describe('rule 19 of the seal: a private copy', () => {
  it('nobody else can write it, and it goes when nothing is mounted from it', async () => {
    const folder = await folderOf({ 'App.dmg': 'the image', mounted: null });
    const state = join(folder, 'state/diskseal/mounts');
    const copy = await privateCopy(join(folder, 'App.dmg'), state);
    expect(lstatSync(copy.path).mode & 0o7777).toBe(0o400);
    expect(lstatSync(join(copy.path, '..')).mode & 0o7777).toBe(0o700);
    await writeFile(join(folder, 'App.dmg'), 'another');
    expect(await readFile(copy.path, 'utf8')).toBe('the image');
    await copy.record({ mounter: 'loop', folder: join(folder, 'mounted'), made: true });
    expect(await recordedMounts(state)).toMatchObject([{ mount: { mounter: 'loop', made: true } }]);
    expect(await isMounted('/proc')).toBe(true);
    await sweep(state);
    expect(readdirSync(state)).toEqual([]);
    expect(existsSync(join(folder, 'mounted'))).toBe(false);
  });

  it('records that are damaged, or lead elsewhere, are not followed', async () => {
    const folder = await folderOf({
      'mounts/image-1/mount.json': '{',
      'mounts/image-2/mount.json': '{"mounter":"loop","folder":"/x","made":true,"name":"../../keep"}',
      'mounts/image-3/mount.json': '{"mounter":"sh","folder":"/x","made":true,"name":"x"}',
      'mounts/image-4/mount.json': 'null',
      keep: 'this',
    });
    expect(await recordedMounts(join(folder, 'mounts'))).toEqual([]);
    expect(await recordedMounts(join(folder, 'nowhere'))).toEqual([]);
    await expect(privateCopy(folder, join(folder, 'mounts'))).rejects.toMatchObject({ code: 'E_READ' });
    expect(readdirSync(join(folder, 'mounts'))).toHaveLength(4);
  });
});

const canLoop = ((): boolean => {
  const works =
    process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/loop0') && spawnSync('mkfs.ext4', ['-V']).status === 0;
  if (!works) console.warn('skipped: mounting by the system needs root, loop devices and mkfs.ext4');
  return works;
})();

describe.runIf(canLoop)('kernel', () => {
  it('mounts a sealed disk from a copy, and nothing of one that was changed', async () => {
    const folder = await folderOf({ 'files/hello.txt': 'hello\n' });
    const must = async (...words: string[]) => {
      const run = await diskseal(words, { cwd: folder });
      expect(run.code, run.stderr).toBe(0);
      return run;
    };
    const copies = '/var/lib/diskseal/mounts';
    await mkdir(copies, { recursive: true, mode: 0o700 });
    const before = readdirSync(copies);
    expect(spawnSync('mkfs.ext4', ['-q', '-d', 'files', 'disk.img', '4m'], { cwd: folder }).status).toBe(0);
    await must('keys', 'new', 'keys', '--name', 'Test Publisher');
    const identity = ['--id', 'com.example.disk', '--product-version', '1'];
    await must(
      'sign',
      'disk.img',
      '--key',
      'keys/publisher.key.pem',
      '--certificates',
      'keys/publisher.chain.pem',
      ...identity,
      '--detached',
    );
    const trust = ['--trust', 'keys/publisher.cert.pem', '--seal', 'disk.img.seal'];
    try {
      expect((await must('mount', 'disk.img', 'shown', '--system', ...trust)).stdout).toBe(`${join(folder, 'shown')}\n`);
      expect(readFileSync(join(folder, 'shown/hello.txt'), 'utf8')).toBe('hello\n');
      const line = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((one) => one.includes(`${folder}/shown`));
      expect(line).toMatch(/ ro,nosuid,nodev,noatime .*- ext4 /);
      // The file that was named is no longer needed.
      await rm(join(folder, 'disk.img'));
      await must('unmount', 'shown');
      expect(existsSync(join(folder, 'shown'))).toBe(false);
      await writeFile(join(folder, 'disk.img'), Buffer.alloc(4 << 20, 1));
      const refused = await diskseal(['mount', 'disk.img', 'shown', '--system', ...trust], { cwd: folder });
      expect(refused).toMatchObject({ code: 21, stderr: expect.stringContaining('disk.img: ') });
      expect(existsSync(join(folder, 'shown'))).toBe(false);
      for (const words of [['--timeout', '1'], ['--foreground'], ['--insecure-skip-verify']]) {
        expect((await diskseal(['mount', 'disk.img', 'shown', '--system', ...words, ...trust], { cwd: folder })).code).toBe(2);
      }
    } finally {
      spawnSync('umount', [join(folder, 'shown')]);
    }
    expect(readdirSync(copies)).toEqual(before);
  });
});
