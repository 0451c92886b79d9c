/** Images out of a pipe, and images that others can write: nothing is believed before its end, and what is judged is a private copy. */
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Disk } from '../../src/core/disk.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { verify } from '../../src/verify/verify.ts';
import { type BulkyImage, bulkyImage, sha256 } from '../support/bulky-image.ts';
import { diskseal, type Run } from '../support/command-line.ts';
import { ranges, serve, servedBytes } from '../support/http-server.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const PLACE = 4 * MIB + 5;
let built: BulkyImage;
let bytes: Buffer;
let seal: string;
beforeAll(async () => {
  built = await bulkyImage(10);
  bytes = await readFile(built.image);
  const words = ['--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
  const plain = join(built.folder, 'plain.img');
  await writeFile(plain, bytes.subarray(0, 9 * MIB + 777));
  const signed = await diskseal(['sign', 'plain.img', '--detached', '--id', 'com.example.plain', '--product-version', '1', ...words], {
    cwd: built.folder,
  });
  expect(signed.stderr).not.toContain('error');
  seal = `${plain}.seal`;
});

function changed(content: Buffer, at: number): Buffer {
  const other = Buffer.from(content);
  other[at] ^= 1;
  return other;
}

/** Everything at once, then the end. */
function piped(words: string[], content: Uint8Array, env: Record<string, string> = {}): Promise<Run> {
  return diskseal(words, {
    stdin: 'pipe',
    env,
    during: (child) => {
      child.stdin!.on('error', () => undefined);
      child.stdin!.end(content);
    },
  });
}

describe('verify -', () => {
  test('judges what came, at its end', async () => {
    const run = await piped(['verify', '-', ...built.trust, '--json'], bytes);
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({ image: '-', verified: true });
    expect((await piped(['verify', '-', ...built.trust], changed(bytes, PLACE))).code).toBe(21);
    expect((await piped(['verify', '-', ...built.trust], bytes.subarray(0, -1))).code).toBe(10);
    expect((await piped(['verify', '-', ...built.trust], Buffer.concat([bytes, Buffer.from('x')]))).code).toBe(10);
    expect((await piped(['verify', '-', ...built.trust], Buffer.alloc(0))).code).toBe(10);
    expect((await piped(['verify', '-', '--quick', ...built.trust], bytes)).code).toBe(12);
  });

  test('takes a file as standard input too', async () => {
    const handle = await open(built.image);
    expect((await diskseal(['verify', '-', ...built.trust], { stdin: handle.fd })).code).toBe(0);
    await handle.close();
  });

  test('rule 11: gives no verdict before the end', async () => {
    let early = '';
    const run = await diskseal(['verify', '-', ...built.trust], {
      stdin: 'pipe',
      during: (child) => {
        child.stdout!.on('data', (text: string) => (early += text));
        child.stdin!.write(bytes.subarray(0, -1));
        setTimeout(() => {
          expect(early).toBe('');
          child.stdin!.end(bytes.subarray(-1));
        }, 1200);
      },
    });
    expect(run.code).toBe(0);
    expect(early).toContain('unaltered');
  });

  test('leaves nothing behind, and shows nothing to others, whatever ends it', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const folder = await temporaryFolder();
      const run = await diskseal(['verify', '-', ...built.trust], {
        stdin: 'pipe',
        env: { TMPDIR: folder },
        during: (child) => {
          child.stdin!.on('error', () => undefined);
          child.stdin!.write(bytes.subarray(0, 5 * MIB));
          setTimeout(() => child.kill(signal), 1000);
        },
      });
      expect(run.code).not.toBe(0);
      expect(await readdir(folder)).toEqual([]);
    }
    const folder = await temporaryFolder();
    expect((await piped(['verify', '-', ...built.trust], bytes, { TMPDIR: folder })).code).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  test('attack 13: endless data is refused at --max-size', async () => {
    const zeros = createReadStream('/dev/zero');
    const run = await diskseal(['verify', '-', '--max-size', '3M', ...built.trust, '--json'], {
      stdin: 'pipe',
      during: (child) => {
        child.stdin!.on('error', () => zeros.destroy());
        zeros.pipe(child.stdin!);
      },
    });
    zeros.destroy();
    expect(run.code).toBe(3);
    expect(run.json()).toMatchObject({ error: { code: 'E_READ', path: '-', offset: 3 * MIB } });
    for (const size of ['', '-1', '1e9', '3X', '99999999999999999']) {
      const usage = await diskseal(['verify', '-', `--max-size=${size}`, ...built.trust]);
      expect(usage.code, size).toBe(2);
    }
  });
});

describe('verify - --seal', () => {
  const words = (): string[] => ['verify', '-', '--seal', seal, ...built.trust];
  const plain = (): Buffer => bytes.subarray(0, 9 * MIB + 777);

  test('judges the whole at its end', async () => {
    const run = await piped([...words(), '--json'], plain());
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect((await piped(words(), plain().subarray(0, -1))).code).toBe(20);
    expect((await piped(words(), Buffer.concat([plain(), Buffer.from('x')]))).code).toBe(20);
    expect((await piped(words(), Buffer.alloc(0))).code).toBe(20);
    expect((await piped(words(), bytes.subarray(1))).code).toBe(21);
  });

  test('rule 11: refuses at the first wrong chunk, while the pipe still runs', async () => {
    let closed = false;
    const run = await diskseal([...words(), '--json'], {
      stdin: 'pipe',
      during: (child) => {
        child.stdin!.on('error', () => undefined).on('close', () => (closed = true));
        // Never ended: only the refusal can end this.
        child.stdin!.write(changed(plain(), PLACE).subarray(0, 5 * MIB));
      },
    });
    expect(closed).toBe(true);
    expect(run.code).toBe(21);
    expect(run.json()).toMatchObject({ error: { code: 'E_TAMPERED', path: '-', offset: 4 * MIB } });
  });

  test('refuses a seal that no policy accepts, or that is none, before a byte is taken', async () => {
    for (const [sealed, trust, code] of [
      [seal, [], 30],
      [built.image, built.trust, 10],
      [built.publisher, built.trust, 10],
    ] as const) {
      const run = await diskseal(['verify', '-', '--seal', sealed, ...trust], { stdin: 'pipe', during: () => undefined });
      expect([sealed, run.code]).toEqual([sealed, code]);
    }
    const folder = await temporaryFolder();
    const at = (await readFile(seal)).length - 70_000;
    await writeFile(join(folder, 'other.seal'), changed(await readFile(seal), at));
    const run = await diskseal(['verify', '-', '--seal', join(folder, 'other.seal'), ...built.trust], {
      stdin: 'pipe',
      during: () => undefined,
    });
    expect([20, 22, 23]).toContain(run.code);
  });

  test('the seal may stand on a server', async () => {
    const server = await serve(ranges(servedBytes(await readFile(seal))));
    expect((await piped(['verify', '-', '--seal', `${server.url}/s`, ...built.trust], plain())).code).toBe(0);
  });
});

describe('verify --copy-to', () => {
  async function copies(image: string, flags: string[] = [], stdin?: Uint8Array) {
    const folder = await temporaryFolder();
    const words = ['verify', image, '--copy-to', join(folder, 'copy.dmg'), ...built.trust, '--json', ...flags];
    const run = stdin ? await piped(words, stdin) : await diskseal(words);
    return { run, folder, left: await readdir(folder) };
  }

  test('gives the copy its name when it is good', async () => {
    const { run, folder, left } = await copies(built.image);
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({ image: built.image, verified: true, copy: join(folder, 'copy.dmg') });
    expect(left).toEqual(['copy.dmg']);
    expect(await sha256(join(folder, 'copy.dmg'))).toBe(await sha256(built.image));
    expect((await stat(join(folder, 'copy.dmg'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('takes a pipe and a URL', async () => {
    expect((await copies('-', [], bytes)).left).toEqual(['copy.dmg']);
    const server = await serve(ranges(servedBytes(bytes)));
    const { run, left } = await copies(`${server.url}/a`);
    expect(left).toEqual(['copy.dmg']);
    expect(run.json()).toMatchObject({ image: `${server.url}/a`, transferred: expect.any(Number) });
  });

  test('leaves nothing when it is not good', async () => {
    const bad = join(await temporaryFolder(), 'bad.dmg');
    await writeFile(bad, changed(bytes, PLACE));
    const { run, left } = await copies(bad);
    expect(run.code).toBe(21);
    expect(run.json()).not.toHaveProperty('copy');
    expect(left).toEqual([]);
    expect((await copies('-', [], bytes.subarray(0, MIB))).left).toEqual([]);
  });

  test('replaces nothing without --force, and goes with no --quick', async () => {
    const folder = await temporaryFolder();
    const there = join(folder, 'copy.dmg');
    await writeFile(there, 'mine');
    expect((await diskseal(['verify', built.image, '--copy-to', there, ...built.trust])).stderr).toContain('E_EXISTS');
    expect(await readFile(there, 'utf8')).toBe('mine');
    expect((await diskseal(['verify', built.image, '--copy-to', there, '--force', ...built.trust])).code).toBe(0);
    expect(await sha256(there)).toBe(await sha256(built.image));
    expect((await copies(built.image, ['--quick'])).run.code).toBe(2);
  });

  test('attack 53: what others write into the image meanwhile is not in a good copy', async () => {
    const folder = await temporaryFolder();
    const shared = join(folder, 'shared.dmg');
    const handle = await open(shared, 'w+');
    await handle.write(bytes);
    const done = new AbortController();
    const flips = (async () => {
      for (let round = 0; !done.signal.aborted; round++) {
        await handle.write(Uint8Array.of(bytes[PLACE] ^ (round & 1)), 0, 1, PLACE);
        await sleep(1);
      }
    })();
    for (let round = 0; round < 3; round++) {
      const copy = join(folder, `copy-${round}.dmg`);
      const run = await diskseal(['verify', shared, '--copy-to', copy, ...built.trust]);
      if (run.code === 0) expect(await sha256(copy)).toBe(await sha256(built.image));
      else expect(run.code).toBe(21);
    }
    done.abort();
    await flips;
    await handle.close();
    expect((await readdir(folder)).filter((name) => name.includes('part'))).toEqual([]);
  });
});

describe('a file that is not what it seems', () => {
  test('attack 53: a named pipe is refused at once, with the way to read one', async () => {
    const folder = await temporaryFolder();
    const fifo = join(folder, 'fifo.dmg');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    for (const words of [
      ['verify', fifo],
      ['ls', fifo],
      ['verify', fifo, '--copy-to', join(folder, 'copy')],
    ]) {
      const run = await diskseal([...words, ...built.trust]);
      expect(run.code).toBe(3);
      expect(run.stderr).toContain('diskseal verify -');
      expect(run.milliseconds).toBeLessThan(10_000);
    }
  });

  test('attack 53: the file that was opened is the one that is judged, whatever its name becomes', async () => {
    const folder = await temporaryFolder();
    const [name, other] = [join(folder, 'a.dmg'), join(folder, 'b.dmg')];
    await copyFile(built.image, name);
    await writeFile(other, 'another file');
    const run = await diskseal(['verify', name, ...built.trust], { during: () => void rename(other, name).catch(() => undefined) });
    // Opened before or after: good, or no seal at all; never a mixture.
    expect([0, 10]).toContain(run.code);
  });

  test('attack 18: one that shrinks while it is read is refused, whenever that happens', async () => {
    const path = join(await temporaryFolder(), 'shrinking.dmg');
    const anchors = parseAnchors(new Uint8Array(await readFile(built.publisher)));
    const policy = { anchors, publishers: [], now: Math.floor(Date.now() / 1000) };
    for (let after = 1; after <= 6; after++) {
      await copyFile(built.image, path);
      const file = await openFile(path);
      let reads = 0;
      const shrinking: Disk = {
        size: file.size,
        extents: () => file.extents(),
        async read(position, length, into) {
          const found = await file.read(position, length, into);
          if (++reads === after) await truncate(path, MIB);
          return found;
        },
      };
      const verdict = await verify(shrinking, policy, testPlatform);
      await file.close();
      expect([after, verdict.exitCode, verdict.code]).toEqual([after, 3, 'E_CHANGED']);
    }
  });

  test('attack 54: names are names: quotes, line feeds, %VAR%, a hyphen in front', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'in'));
    for (const name of ['a"b\'c.dmg', '%PATH%.dmg', '$HOME `id`.dmg', 'two\nlines.dmg', '-rf', '--json=x']) {
      await copyFile(built.image, join(folder, 'in', name));
      const run = await diskseal(['verify', '--copy-to', join(folder, name), ...built.trust, '--', `in/${name}`], { cwd: folder });
      expect([name, run.code]).toEqual([name, 0]);
      expect(await sha256(join(folder, name))).toBe(await sha256(built.image));
      expect(
        run.stdout
          .trim()
          .split('\n')
          .every((line) => !line.startsWith('lines')),
      ).toBe(true);
    }
  });

  test('a target folder that cannot be written is said, and nothing is left', async () => {
    if (process.getuid?.() === 0) {
      console.warn('skipped: root may write anywhere');
      return;
    }
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    const run = await diskseal(['verify', built.image, '--copy-to', join(folder, 'x'), ...built.trust]);
    expect(run.code).toBe(3);
  });
});
