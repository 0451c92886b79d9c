/** An image of 1 GiB on a server of this machine: what is transferred for one file of it, and what memory its download needs. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { buildDmg } from '../../src/build/build.ts';
import { type Disk, opaqueDisk } from '../../src/core/disk.ts';
import type { Platform } from '../../src/core/platform.ts';
import { createOutput } from '../../src/node/output-file.ts';
import { writePem } from '../../src/pki/pem.ts';
import { diskseal } from '../support/command-line.ts';
import { ranges, serve, servedFile, type TestServer } from '../support/http-server.ts';
import { file, folder, NEW_YEAR, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { testIdentity } from '../support/signer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1 << 20;
const GIB = 1 << 30;
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let image: string;
let size: number;
let server: TestServer;
let trust: string[];
const wanted = new Uint8Array(randomBytes(MIB));

/** Nothing is compressed, so that a gigabyte is built in seconds: random bytes would not become shorter anyway. */
const storing: Platform = {
  ...testPlatform,
  deflate: async (bytes) => bytes,
  threads: { width: 1, run: async (task, input) => (await task.run(input, storing)).value },
};

/** The same random megabyte again and again, each time with another beginning. */
function repeated(megabytes: number): Disk {
  const piece = randomBytes(MIB);
  return opaqueDisk(megabytes * MIB, async (position, into) => {
    for (let done = 0; done < into.length; ) {
      const from = (position + done) % MIB;
      const found = piece.subarray(from, from + into.length - done);
      into.set(found, done);
      if (from === 0) new DataView(into.buffer, into.byteOffset + done).setUint32(0, (position + done) / MIB);
      done += found.length;
    }
  });
}

beforeAll(async () => {
  const started = Date.now();
  const place = await temporaryFolder();
  image = join(place, 'Gigabyte.dmg');
  const { signer, certificate } = await testIdentity();
  await writeFile(join(place, 'publisher.pem'), writePem('CERTIFICATE', certificate));
  trust = ['--trust', join(place, 'publisher.pem')];
  const app = [file('before', repeated(700)), file('later', repeated(323)), file('readme.txt', 'read me'), file('wanted', wanted)];
  const output = await createOutput(image);
  const identity = { product: 'com.example.gigabyte', version: '1.0.0', platform: 'any', arch: 'universal', channel: 'stable' };
  const plan = { identity, caseSensitive: false, created: NEW_YEAR, compressionLevel: 1, seal: { signer, signingTime: NEW_YEAR } };
  await buildDmg({ ...plan, tree: tree('Gigabyte', [folder('Bulky', app)]) }, output, { platform: storing });
  await output.publish();
  ({ size } = await stat(image));
  expect(size).toBeGreaterThanOrEqual(GIB);
  server = await serve(ranges(servedFile(image, size)));
  console.log(`built ${(size / GIB).toFixed(3)} GiB in ${Date.now() - started} ms`);
}, 180_000);

test('one file of 1 MiB out of 1 GiB is verified and printed with at most 6 MiB transferred', async () => {
  const before = server.sent();
  const run = await diskseal(['cat', `${server.url}/Gigabyte.dmg`, 'Bulky/wanted', ...trust, '--json']);
  const sent = server.sent() - before;
  const document = run.json() as { base64: string };
  expect(document).toMatchObject({ verified: true, flat: 'not-checked' });
  expect(Buffer.from(document.base64, 'base64').equals(wanted)).toBe(true);
  console.log(`${(sent / MIB).toFixed(2)} MiB in ${server.asked.length} questions, ${run.milliseconds} ms`);
  expect(sent).toBeLessThan(6 * MIB);
});

test('ls transfers less, verify --quick the seal alone', async () => {
  for (const [words, code] of [
    [['ls', `${server.url}/Gigabyte.dmg`, 'Bulky'], 0],
    [['verify', `${server.url}/Gigabyte.dmg`, '--quick'], 12],
  ] as const) {
    const before = server.sent();
    const run = await diskseal([...words, ...trust]);
    expect(run.code).toBe(code);
    expect(server.sent() - before).toBeLessThan(4 * MIB);
  }
});

test('verify: all of it, once', async () => {
  const before = server.sent();
  const run = await diskseal(['verify', `${server.url}/Gigabyte.dmg`, ...trust]);
  console.log(`${run.milliseconds} ms`);
  expect(run.code).toBe(0);
  expect(server.sent() - before).toBeLessThan(size + 4 * MIB);
});

test('get: all of it, in bounded memory', async () => {
  const folder = await temporaryFolder();
  const before = server.sent();
  const started = Date.now();
  const child = spawn(process.execPath, [MAIN, 'get', `${server.url}/Gigabyte.dmg`, ...trust], { cwd: folder, stdio: 'ignore' });
  let most = 0;
  const watch = setInterval(() => {
    void readFile(`/proc/${child.pid}/status`, 'utf8')
      .then((text) => (most = Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024)))
      .catch(() => undefined);
  }, 50);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  expect(code).toBe(0);
  expect((await stat(join(folder, 'Gigabyte.dmg'))).size).toBe(size);
  console.log(`${Date.now() - started} ms, at most ${(most / MIB).toFixed(0)} MiB of memory`);
  expect(server.sent() - before).toBeLessThan(size + 4 * MIB);
  if (most === 0) console.warn('memory not measured: this system has no /proc');
  expect(most).toBeLessThan(300 * MIB);
});
