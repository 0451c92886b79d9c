/** `capture` as users call it: of loop devices where there are any, of plain files everywhere. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal, type Run } from '../support/command-line.ts';
import { hasLoopDevices, hasProgram, mounted, run as program, withLoopDevice } from '../support/loop-device.ts';
import { mbrDisk } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const CHUNK = 4 * MIB;
const KEY = ['--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
const SEAL = [...KEY, '--id', 'com.example.disk', '--product-version', '1.0.0'];
const TRUST = ['--trust', 'keys/publisher.cert.pem'];
let folder: string;
const at = (name: string): string => join(folder, name);
const read = (name: string): Promise<Buffer> => readFile(at(name));
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });
const left = async (out: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.includes(out)).sort();

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

/** Runs `capture` and kills it when the journal of `out` has some chunks; again from the start when it was too fast. */
async function killed(out: string, ...words: string[]): Promise<void> {
  for (let tries = 0; tries < 8; tries++) {
    const done = await diskseal(words, {
      cwd: folder,
      during: (child) => {
        const timer = setInterval(() => {
          const journal = at(`${out}.part.journal`);
          if (existsSync(journal) && readFileSync(journal, 'latin1').split('\n').length > 4) child.kill('SIGKILL');
        }, 1);
        child.once('close', () => clearInterval(timer));
      },
    });
    if (done.signal === 'SIGKILL' && existsSync(at(`${out}.part.journal`))) return;
    for (const name of await left(out)) await rm(at(name));
  }
  throw new Error('the capture was always done before it could be killed');
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await good('keys', 'new', 'keys', '--name', 'Publisher');
  await mkdir(at('mnt'));
}, 60_000);

/** A disk file: random bytes, zeros between, an odd number of chunks. */
async function diskFile(name: string, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  for (let position = 0; position < size; position += 7 * MIB) randomBytes(Math.min(2 * MIB, size - position)).copy(bytes, position);
  await writeFile(at(name), bytes);
  return bytes;
}

describe('a disk file', () => {
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = await diskFile('disk.raw', 21 * MIB + 1536);
  });

  test('becomes a raw image of the same bytes, sparse where it is zeros, with a warning that it is not sealed', async () => {
    const done = await good('capture', 'disk.raw', 'raw.img', '--json');
    expect(done.json()).toMatchObject({
      format: 'raw',
      sealed: false,
      complete: true,
      unreadable: [],
      kept: 0,
      diskSize: bytes.length,
      size: bytes.length,
    });
    expect(done.stderr).toMatch(/warning: the image is not sealed/);
    expect((await read('raw.img')).equals(bytes)).toBe(true);
    expect(await left('raw.img')).toEqual(['raw.img']);
    if (process.platform === 'linux') expect(Number(program('stat', '-c', '%b', at('raw.img'))) * 512).toBeLessThan(bytes.length / 2);
    await refused('E_EXISTS', 3, 'capture', 'disk.raw', 'raw.img');
    await good('capture', 'disk.raw', 'raw.img', '--force');
  });
  test('becomes a sealed DMG, which other readers read too', async () => {
    await good('capture', 'disk.raw', 'packed.dmg', ...SEAL);
    await good('verify', 'packed.dmg', ...TRUST);
    await good('restore', 'packed.dmg', 'packed.raw', ...TRUST);
    expect((await read('packed.raw')).equals(bytes)).toBe(true);
    expect(await left('packed.dmg')).toEqual(['packed.dmg']);
    if (hasProgram('dmg2img')) {
      program('dmg2img', '-s', at('packed.dmg'), at('dmg2img.raw'));
      expect((await read('dmg2img.raw')).equals(bytes)).toBe(true);
    }
    if (hasProgram('7z')) {
      // Of a disk that it does not know 7-Zip takes out the disk.
      program('7z', 'x', '-y', '-tdmg', `-o${at('sevenzip')}`, at('packed.dmg'));
      const [name = ''] = await readdir(at('sevenzip'));
      expect((await readFile(at(join('sevenzip', name)))).equals(bytes)).toBe(true);
    }
  });
  test('the same disk gives the same DMG', async () => {
    await good('capture', 'disk.raw', 'one.dmg');
    await good('capture', 'disk.raw', 'two.dmg');
    expect((await read('one.dmg')).equals(await read('two.dmg'))).toBe(true);
  });
  test('a seal goes behind it where nothing of the disk changes, else beside it', async () => {
    await writeFile(at('mbr.raw'), mbrDisk());
    const padded = Buffer.concat([mbrDisk(), Buffer.alloc(-mbrDisk().length & 4095)]);
    await writeFile(at('mbr.raw'), padded);
    const inside = (await good('capture', 'mbr.raw', 'mbr.img', ...SEAL, '--json')).json() as {
      statement: { placement: string };
      seal?: string;
    };
    expect(inside.statement.placement).toBe('embedded');
    expect((await read('mbr.img')).subarray(0, padded.length).equals(padded)).toBe(true);
    await good('verify', 'mbr.img', ...TRUST);
    await good('restore', 'mbr.img', 'mbr.back', ...TRUST);
    expect((await read('mbr.back')).equals(padded)).toBe(true);

    await good('capture', 'disk.raw', 'beside.img', ...SEAL);
    expect((await read('beside.img')).equals(bytes)).toBe(true);
    await good('verify', 'beside.img', ...TRUST, '--seal', 'beside.img.seal');
    for (const out of ['detached.img', 'detached.dmg']) {
      const done = (await good('capture', 'mbr.raw', out, ...SEAL, '--detached', '--json')).json();
      expect(done).toMatchObject({ seal: `${out}.seal`, statement: { placement: 'detached' } });
      await good('verify', out, ...TRUST, '--seal', `${out}.seal`);
    }
    await refused('E_USAGE', 2, 'capture', 'mbr.img', 'twice.img', ...SEAL);
    expect(await left('twice.img')).toEqual(['twice.img.part', 'twice.img.part.journal']);
  });
  test('what cannot be meant is said before anything is read', async () => {
    await refused('E_USAGE', 2, 'capture', 'disk.raw', 'a.bin');
    await refused('E_USAGE', 2, 'capture', 'disk.raw', 'a.img', '--format', 'iso');
    await refused('E_USAGE', 2, 'capture', 'disk.raw', 'a.img', '--bad-sectors', 'ignore');
    await refused('E_USAGE', 2, 'capture', 'disk.raw', 'a.img', '--id', 'com.example.a');
    await refused('E_USAGE', 2, 'capture', 'disk.raw', 'a.img', ...KEY);
    await refused('E_USAGE', 2, 'capture', 'keys', 'a.img', '--restart');
    await refused('E_NOT_FOUND', 3, 'capture', 'nothing.raw', 'a.img');
    await refused('E_USAGE', 2, 'capture', 'packed.dmg', 'a.img');
    await writeFile(at('odd.raw'), 'odd');
    await refused('E_UNSUPPORTED', 20, 'capture', 'odd.raw', 'a.dmg');
    await good('capture', 'odd.raw', 'odd.img');
    expect(await left('a.img')).toEqual([]);
  });
  test('killed halfway and run again: the same bytes, and what was read is not read again', async () => {
    const large = await diskFile('large.raw', 160 * MIB + 512);
    await killed('large.img', 'capture', 'large.raw', 'large.img');
    expect(existsSync(at('large.img'))).toBe(false);
    const kept = ((await good('capture', 'large.raw', 'large.img', '--json')).json() as { kept: number }).kept;
    expect(kept).toBeGreaterThanOrEqual(3 * CHUNK);
    expect((await read('large.img')).equals(large)).toBe(true);
    await rm(at('large.img'));

    await killed('large.dmg', 'capture', 'large.raw', 'large.dmg', ...SEAL);
    await good('capture', 'large.raw', 'large.dmg', ...SEAL);
    await good('restore', 'large.dmg', 'large.back', ...TRUST);
    expect((await read('large.back')).equals(large)).toBe(true);
    for (const name of ['large.raw', 'large.back', 'large.dmg']) await rm(at(name));
  }, 120_000);
  test('what was changed while it waited is found out: the source, the file, the journal', async () => {
    const large = await diskFile('waits.raw', 160 * MIB);
    await killed('waits.img', 'capture', 'waits.raw', 'waits.img');
    const journal = await read('waits.img.part.journal');
    const part = await open(at('waits.img.part'), 'r+');
    await part.write(Buffer.from('damage'), 0, 6, 100);
    await part.close();
    await writeFile(at('waits.img.part.journal'), Buffer.concat([journal, Buffer.from('2 zeros\ngarbage\n38 zeros')]));
    await good('capture', 'waits.raw', 'waits.img');
    expect((await read('waits.img')).equals(large)).toBe(true);
    await rm(at('waits.img'));

    await killed('waits.img', 'capture', 'waits.raw', 'waits.img');
    await utimes(at('waits.raw'), 1, 1);
    const done = await refused('E_CHANGED', 3, 'capture', 'waits.raw', 'waits.img');
    expect(done.stderr).toContain('--restart');
    expect(await left('waits.img')).toEqual(['waits.img.part', 'waits.img.part.journal']);
    await good('capture', 'waits.raw', 'waits.img', '--restart');
    expect((await read('waits.img')).equals(large)).toBe(true);

    await writeFile(at('foreign.img.part'), 'mine');
    await refused('E_CHANGED', 3, 'capture', 'odd.raw', 'foreign.img');
    expect((await read('foreign.img.part')).toString()).toBe('mine');
    for (const name of ['waits.raw', 'waits.img']) await rm(at(name));
  }, 120_000);
  test('memory is bounded, and two gigabytes of nothing are soon done', async () => {
    await writeFile(at('sparse.raw'), '');
    await truncate(at('sparse.raw'), 2048 * MIB);
    const handle = await open(at('sparse.raw'), 'r+');
    await handle.write(randomBytes(100_000), 0, 100_000, 1500 * MIB + 17);
    await handle.close();
    for (const out of ['sparse.img', 'sparse.dmg']) {
      // More would be needed if the disk, or what is known of its chunks, were held.
      const done = await diskseal(['capture', 'sparse.raw', out], { cwd: folder, node: ['--max-old-space-size=64'] });
      expect(done.code, done.stderr).toBe(0);
      expect(done.milliseconds).toBeLessThan(30_000);
    }
    expect((await read('sparse.dmg')).length).toBeLessThan(1.5 * MIB);
    program('cmp', at('sparse.raw'), at('sparse.img'));
    for (const name of ['sparse.raw', 'sparse.img', 'sparse.dmg']) await rm(at(name));
  }, 120_000);
});

describe.runIf(hasLoopDevices)('a device', () => {
  test.runIf(hasProgram('mkfs.ext4', '-V'))(
    'with ext4: captured, killed, resumed and restored, equal each time and clean',
    async () => {
      await writeFile(at('ext4.disk'), '');
      await truncate(at('ext4.disk'), 192 * MIB);
      await withLoopDevice(at('ext4.disk'), async (device) => {
        program('mkfs.ext4', '-q', device);
        await mounted(device, at('mnt'), async () => {
          for (let index = 0; index < 20; index++) await writeFile(at(`mnt/${index}`), randomBytes((index % 5) * MIB));
          program('cp', '-r', new URL('../../src', import.meta.url).pathname, at('mnt'));
        });
        program('sync');
        await good('capture', device, 'ext4.dmg', ...SEAL);
        await killed('ext4.img', 'capture', device, 'ext4.img', ...SEAL);
        const done = (await good('capture', device, 'ext4.img', ...SEAL, '--json')).json();
        expect((done as { kept: number }).kept).toBeGreaterThanOrEqual(3 * CHUNK);
        program('cmp', device, at('ext4.img'));
        program('e2fsck', '-fn', at('ext4.img'));
      });
      await writeFile(at('back.disk'), randomBytes(MIB));
      await truncate(at('back.disk'), 192 * MIB);
      for (const image of [['ext4.dmg'], ['ext4.img', '--seal', 'ext4.img.seal']]) {
        await withLoopDevice(at('back.disk'), async (device) => {
          await good('restore', ...image, device, '--yes-erase', device, ...TRUST);
          await good('restore', ...image, device, '--verify-only', ...TRUST);
          program('e2fsck', '-fn', device);
          program('cmp', device, at('ext4.disk'));
          program('dd', 'if=/dev/zero', `of=${device}`, 'bs=1M', 'count=8');
        });
      }
      await rm(at('back.disk'));
    },
    240_000,
  );

  /** A loop device answers with read errors where its file was cut off, and reads again when the file is as it was. */
  async function withBadTail(use: (device: string, bytes: Buffer, heal: () => Promise<void>) => Promise<void>): Promise<void> {
    const bytes = await diskFile('failing.disk', SIZE);
    randomBytes(65_536).copy(bytes, 8 * MIB);
    await writeFile(at('failing.disk'), bytes);
    await withLoopDevice(at('failing.disk'), async (device) => {
      await truncate(at('failing.disk'), BAD);
      await use(device, bytes, async () => {
        const handle = await open(at('failing.disk'), 'r+');
        await handle.write(bytes, BAD, bytes.length - BAD, BAD);
        await handle.close();
      });
    });
  }
  const SIZE = 8 * MIB + 65_536;
  const BAD = 8 * MIB + 512;
  const HOLE = { offset: BAD, length: SIZE - BAD };

  test('that cannot be read everywhere ends with 3 and a list; healed, it is gone on with', async () => {
    await withBadTail(async (device, bytes, heal) => {
      const done = await run('capture', device, 'failing.img', '--json');
      expect(done.code).toBe(3);
      expect(done.json()).toMatchObject({ error: { code: 'E_READ', offset: BAD, others: [{ code: 'E_READ', offset: BAD }] } });
      expect(await left('failing.img')).toEqual(['failing.img.part', 'failing.img.part.journal']);
      const again = await refused('E_READ', 3, 'capture', device, 'failing.img');
      expect(again.stderr).toContain(`${HOLE.length} bytes at ${BAD} cannot be read`);
      await heal();
      const whole = (await good('capture', device, 'failing.img', '--json')).json();
      expect(whole).toMatchObject({ complete: true, unreadable: [], kept: bytes.length });
      expect((await read('failing.img')).equals(bytes)).toBe(true);
    });
  });
  test('zeros in place of what cannot be read are said, listed, sealed as incomplete, and not restored without a word', async () => {
    await withBadTail(async (device, bytes) => {
      await refused('E_USAGE', 2, 'capture', device, 'holes.dmg', ...SEAL, '--bad-sectors', 'zeros', '--channel', 'stable');
      const done = await good('capture', device, 'holes.dmg', ...SEAL, '--bad-sectors', 'zeros', '--json', '--quiet');
      expect(done.json()).toMatchObject({ complete: false, unreadable: [HOLE], statement: { channel: 'incomplete' } });
      expect(done.stderr).toContain('NOT a whole copy');
      expect((await read('holes.dmg.bad')).toString()).toMatch(new RegExp(`^#.*\n${HOLE.offset} ${HOLE.length}\n$`));
      await refused('E_PRODUCT', 40, 'restore', 'holes.dmg', 'holes.raw', ...TRUST);
      await refused('E_PRODUCT', 40, 'restore', 'holes.dmg', 'holes.raw', ...TRUST, '--channel', 'stable');
      await good('restore', 'holes.dmg', 'holes.raw', ...TRUST, '--channel', 'incomplete');
      expect((await read('holes.raw')).equals(Buffer.concat([bytes.subarray(0, BAD), Buffer.alloc(HOLE.length)]))).toBe(true);
    });
  });
  test('that is written to meanwhile, or between two tries, is not captured', async () => {
    const bytes = await diskFile('written.disk', SIZE);
    await withLoopDevice(at('written.disk'), async (device) => {
      await truncate(at('written.disk'), BAD);
      await refused('E_READ', 3, 'capture', device, 'written.img');
      await writeFile(at('written.disk'), bytes);
      program('dd', 'if=/dev/urandom', `of=${device}`, 'bs=512', 'count=1', 'seek=3000', 'conv=fsync');
      await refused('E_CHANGED', 3, 'capture', device, 'written.img');
      await good('capture', device, 'written.img', '--restart');
      program('cmp', device, at('written.img'));
    });
  });
  test('another device does not go on with it', async () => {
    const bytes = await diskFile('first.disk', SIZE);
    await withLoopDevice(at('first.disk'), async (device) => {
      await truncate(at('first.disk'), BAD);
      await refused('E_READ', 3, 'capture', device, 'first.img');
    });
    await rename(at('first.disk'), at('second.disk'));
    await writeFile(at('second.disk'), bytes);
    await withLoopDevice(at('second.disk'), async (device) => {
      await refused('E_CHANGED', 3, 'capture', device, 'first.img');
    });
  });
});
