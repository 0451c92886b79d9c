/** `restore` as users call it: onto loop devices where there are any, and into files. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal, type Run } from '../support/command-line.ts';
import { hasLoopDevices, hasProgram, mounted, run as program, withLoopDevice } from '../support/loop-device.ts';
import { mbrDisk, smallIso } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const KEY = ['--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
const IDENTITY = ['--id', 'com.example.disk', '--product-version', '1.0.0'];
const TRUST = ['--trust', 'keys/publisher.cert.pem'];
let folder: string;
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });
const at = (name: string): string => join(folder, name);
const read = (name: string): Promise<Buffer> => readFile(at(name));

async function good(...words: string[]): Promise<Run> {
  const done = await run(...words);
  expect(done.code, done.stderr).toBe(0);
  return done;
}

async function refused(code: string, exit: number, ...words: string[]): Promise<Run> {
  const done = await run(...words);
  expect(done.stderr).toContain(`(${code})`);
  expect(done.code).toBe(exit);
  return done;
}

async function emptyFile(name: string, size: number, fill?: number): Promise<string> {
  await writeFile(at(name), fill === undefined ? '' : Buffer.alloc(size, fill));
  await truncate(at(name), size);
  return at(name);
}

/** A disk of random bytes and zeros, with a seal beside it. */
let content: Buffer;

beforeAll(async () => {
  folder = await temporaryFolder();
  await good('keys', 'new', 'keys', '--name', 'Publisher');
  content = Buffer.alloc(3 * MIB + 4096);
  randomBytes(5000).copy(content, 100);
  randomBytes(MIB).copy(content, 2 * MIB - 300);
  content[content.length - 1] = 1;
  await writeFile(at('disk.img'), content);
  await good('sign', 'disk.img', ...KEY, ...IDENTITY);
  await mkdir(at('mnt'));
}, 60_000);

const SEALED = [...TRUST, '--seal', 'disk.img.seal'];

describe('into a file', () => {
  test('is whole, and compared; an existing file needs --force', async () => {
    const done = await good('restore', 'disk.img', 'copy.raw', ...SEALED, '--json');
    expect(done.json()).toMatchObject({ bytes: content.length, untouched: 0, device: false, verified: true, compared: true });
    expect(content.equals(await read('copy.raw'))).toBe(true);
    await refused('E_EXISTS', 3, 'restore', 'disk.img', 'copy.raw', ...SEALED);
    await good('restore', 'disk.img', 'copy.raw', ...SEALED, '--force');
  });
  test('an image that is not verified leaves nothing', async () => {
    await refused('E_UNTRUSTED', 30, 'restore', 'disk.img', 'no.raw', '--seal', 'disk.img.seal');
    await refused('E_NO_SEAL', 10, 'restore', 'disk.img', 'no.raw', ...TRUST);
    const changed = Buffer.from(content);
    changed[2 * MIB] ^= 1;
    await writeFile(at('changed.img'), changed);
    await refused('E_TAMPERED', 21, 'restore', 'changed.img', 'no.raw', ...SEALED);
    expect((await readdir(folder)).filter((name) => name.includes('no.raw'))).toEqual([]);
  });
  test('the example key is refused', async () => {
    const example = new URL('../../keys.example/', import.meta.url).pathname;
    await writeFile(at('example.img'), content);
    await good(
      'sign',
      'example.img',
      '--key',
      `${example}publisher.key.pem`,
      '--certificates',
      `${example}publisher.chain.pem`,
      ...IDENTITY,
    );
    const trust = ['--trust', `${example}publisher.cert.pem`, '--seal', 'example.img.seal'];
    const done = await refused('E_UNTRUSTED', 30, 'restore', 'example.img', 'no.raw', ...trust);
    expect(done.stderr).toContain('example key');
  });
  test('behind a sealed raw disk the seal is left out, of an ISO image nothing is', async () => {
    const disk = mbrDisk();
    await writeFile(at('mbr.img'), disk);
    await good('sign', 'mbr.img', ...KEY, ...IDENTITY);
    expect((await read('mbr.img')).length).toBeGreaterThan(disk.length);
    await good('restore', 'mbr.img', 'mbr.raw', ...TRUST);
    expect(Buffer.compare(await read('mbr.raw'), disk)).toBe(0);
    await writeFile(at('a.iso'), smallIso({ padding: 60 }));
    await good('sign', 'a.iso', ...KEY, ...IDENTITY);
    await good('restore', 'a.iso', 'iso.raw', ...TRUST);
    expect((await read('iso.raw')).equals(await read('a.iso'))).toBe(true);
  });
  test('a DMG is decoded', async () => {
    await writeFile(at('hello.txt'), 'hello');
    await writeFile(
      at('installer.yaml'),
      'name: Hello\nversion: 1.0.0\nid: com.example.hello\nmtime: 2026-01-01T00:00:00Z\noutput: Hello.${ext}\ncontents: [{ src: hello.txt }]\nsign: { key: keys/publisher.key.pem, certificates: keys/publisher.chain.pem }\n',
    );
    await good('build');
    await good('restore', 'Hello.dmg', 'hello.raw', ...TRUST);
    const raw = await read('hello.raw');
    expect(raw.toString('latin1', 512, 520)).toBe('EFI PART');
    expect(raw.length % 4096).toBe(0);
    if (!hasProgram('7z')) return;
    program('7z', 'x', '-y', `-o${at('unpacked')}`, at('hello.raw'));
    expect(existsSync(at('unpacked'))).toBe(true);
  });
  test('names under /dev, links to nothing, and --yes-erase for a file are refused', async () => {
    await refused('E_NOT_FOUND', 3, 'restore', 'disk.img', '/dev/diskseal-no-such-device', ...SEALED);
    await refused('E_USAGE', 2, 'restore', 'disk.img', '/dev/null', ...SEALED);
    await refused('E_USAGE', 2, 'restore', 'disk.img', 'new.raw', '--yes-erase', 'new.raw', ...SEALED);
    await refused('E_USAGE', 2, 'restore', 'https://example.com/a.dmg', 'new.raw', ...TRUST);
    await refused('E_EXISTS', 3, 'restore', 'disk.img', 'mnt', ...SEALED);
    expect(existsSync('/dev/diskseal-no-such-device')).toBe(false);
  });
  test('--verify-only compares and writes nothing', async () => {
    await writeFile(at('equal.raw'), content);
    await good('restore', 'disk.img', 'equal.raw', ...SEALED, '--verify-only');
    const other = Buffer.from(content);
    other[1000] ^= 1;
    other[1500] ^= 1;
    other[2 * MIB + 1] ^= 1;
    await writeFile(at('other.raw'), other);
    const done = await run('restore', 'disk.img', 'other.raw', ...SEALED, '--verify-only', '--json');
    expect(done.code).toBe(21);
    const differences = [
      { offset: 512, length: 1024 },
      { offset: 2 * MIB, length: 512 },
    ];
    expect(done.json()).toMatchObject({ equal: false, differingSectors: 3, differences });
    expect((await read('other.raw')).equals(other)).toBe(true);
    await writeFile(at('short.raw'), content.subarray(0, MIB));
    const short = await run('restore', 'disk.img', 'short.raw', ...SEALED, '--verify-only', '--json');
    expect(short.code).toBe(21);
    expect(short.json()).toMatchObject({ equal: false, missing: content.length - MIB });
    await refused('E_NOT_FOUND', 3, 'restore', 'disk.img', 'nothing.raw', ...SEALED, '--verify-only');
    await refused('E_USAGE', 2, 'restore', 'disk.img', 'equal.raw', ...SEALED, '--verify-only', '--force');
  });
});

describe.runIf(hasLoopDevices)('onto a device', () => {
  test('named twice, read back, and what lies behind stays', async () => {
    await withLoopDevice(await emptyFile('target', 4 * MIB, 0xee), async (device) => {
      const unsaid = await refused('E_USAGE', 2, 'restore', 'disk.img', device, ...SEALED);
      expect(unsaid.stderr).toContain(`--yes-erase ${device}`);
      await refused('E_USAGE', 2, 'restore', 'disk.img', device, '--yes-erase', '/dev/null', ...SEALED);
      await refused('E_USAGE', 2, 'restore', 'disk.img', device, '--yes-erase', device, '--force', ...SEALED);
      expect((await read('target')).every((byte) => byte === 0xee)).toBe(true);
      const done = await good('restore', 'disk.img', device, '--yes-erase', device, ...SEALED, '--json');
      expect(done.json()).toMatchObject({ device: true, bytes: content.length, untouched: 4 * MIB - content.length, compared: true });
      const target = await read('target');
      expect(target.subarray(0, content.length).equals(content)).toBe(true);
      expect(target.subarray(content.length).every((byte) => byte === 0xee)).toBe(true);
      await good('restore', 'disk.img', device, '--verify-only', ...SEALED);
    });
  });
  test('by a link, as those of /dev/disk are', async () => {
    await withLoopDevice(await emptyFile('linked', 4 * MIB), async (device) => {
      await symlink(device, at('stick'));
      await good('restore', 'disk.img', 'stick', '--yes-erase', device, ...SEALED);
      await good('restore', 'disk.img', device, '--yes-erase', 'stick', ...SEALED);
    });
  });
  test('a smaller one is refused before anything is written', async () => {
    await withLoopDevice(await emptyFile('small', 3 * MIB, 0xee), async (device) => {
      await refused('E_WRITE', 3, 'restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
      expect((await read('small')).every((byte) => byte === 0xee)).toBe(true);
    });
  });
  test('an image that is not verified writes nothing', async () => {
    await withLoopDevice(await emptyFile('untouched', 4 * MIB, 0xee), async (device) => {
      await refused('E_UNTRUSTED', 30, 'restore', 'disk.img', device, '--yes-erase', device, '--seal', 'disk.img.seal');
      expect((await read('untouched')).every((byte) => byte === 0xee)).toBe(true);
    });
  });
  test('a read-only one is refused', async () => {
    await withLoopDevice(
      await emptyFile('locked', 4 * MIB),
      async (device) => {
        const done = await refused('E_WRITE', 3, 'restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
        expect(done.stderr).toContain('read-only');
      },
      '--read-only',
    );
  });
  test('the one that holds the root filesystem is refused', async () => {
    const source = program('findmnt', '-n', '-o', 'SOURCE', '/').trim();
    if (!source.startsWith('/dev/')) return console.warn(`the root filesystem is on ${source}: refusing its device is not tested`);
    const done = await refused('E_WRITE', 3, 'restore', 'disk.img', source, '--yes-erase', source, ...SEALED);
    expect(done.stderr).toContain('root filesystem');
  });
  test.runIf(hasProgram('mkfs.ext4', '-V'))('a mounted one is refused, and one of which a partition is mounted', async () => {
    await withLoopDevice(await emptyFile('mounted', 8 * MIB), async (device) => {
      program('mkfs.ext4', '-q', device);
      await mounted(device, at('mnt'), async () => {
        const done = await refused('E_WRITE', 3, 'restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
        expect(done.stderr).toContain(`mounted at ${at('mnt')}`);
      });
      await good('restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
    });
    const disk = await emptyFile('parted', 8 * MIB);
    // One Linux partition from sector 2048 to the end: type 0x83 at the first entry of a master boot record.
    const table = Buffer.alloc(512);
    table.writeUInt8(0x83, 446 + 4);
    table.writeUInt32LE(2048, 446 + 8);
    table.writeUInt32LE((8 * MIB) / 512 - 2048, 446 + 12);
    table.writeUInt16LE(0xaa55, 510);
    const handle = await open(disk, 'r+');
    await handle.write(table, 0, 512, 0);
    await handle.close();
    await withLoopDevice(
      disk,
      async (device) => {
        if (!existsSync(`${device}p1`)) return console.warn('this kernel shows no partitions of loop devices: those are not tested');
        program('mkfs.ext4', '-q', `${device}p1`);
        await mounted(`${device}p1`, at('mnt'), async () => {
          const done = await refused('E_WRITE', 3, 'restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
          expect(done.stderr).toContain(`mounted at ${at('mnt')}`);
        });
      },
      '--partscan',
    );
  });
  test.runIf(hasProgram('mkswap', '-V'))('swap is refused', async () => {
    await withLoopDevice(await emptyFile('swap', 8 * MIB, 0), async (device) => {
      program('mkswap', device);
      program('swapon', device);
      try {
        const done = await refused('E_WRITE', 3, 'restore', 'disk.img', device, '--yes-erase', device, ...SEALED);
        expect(done.stderr).toContain('swap');
      } finally {
        program('swapoff', device);
      }
    });
  });
});
