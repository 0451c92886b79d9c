/**
 * No byte of a sealed image is unaccounted for: each flipped in turn, each length cut off, bytes appended; `verify` must refuse all of
 * them. In CI every byte, in one process for each core; elsewhere a sample. DISKSEAL_SWEEP=full or =sample overrides.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildDmg } from '../../src/build/build.ts';
import { memorySink } from '../support/memory-sink.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { testIdentity } from '../support/signer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const asked = process.env['DISKSEAL_SWEEP'];
const full = asked ? asked === 'full' : Boolean(process.env['CI']) && process.env['CI'] !== 'false';
/** Prime to all sizes of structures, so that the sample falls on every one of their fields. */
const STRIDE = full ? 1 : 61;
const SWEEP = fileURLToPath(new URL('sweep.mjs', import.meta.url));
if (!full) console.warn(`sweep: only every ${STRIDE}th byte is flipped; DISKSEAL_SWEEP=full or CI=true flips all`);

const app = tree('Hello', [
  folder('Hello.app', [
    folder('Contents', [
      file('Info.plist', '<?xml version="1.0"?><plist version="1.0"><dict/></plist>'),
      folder('MacOS', [file('hello', '#!/bin/sh\necho hello\n', { mode: 0o755 })]),
      folder('Resources', [file('caf\u00e9.txt', 'un caf\u00e9\n')]),
    ]),
  ]),
  symlink('Applications', '/Applications'),
]);

interface Swept {
  readonly codes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

test(
  'every byte flipped, every length cut, bytes appended: refused',
  async () => {
    const place = await temporaryFolder();
    const { signer, certificate } = await testIdentity();
    const sink = memorySink();
    const identity = { product: 'com.example.hello', version: '1.0', platform: 'any', arch: 'universal', channel: 'stable' };
    const seal = { signer, signingTime: NEW_YEAR };
    await buildDmg({ tree: app, identity, caseSensitive: false, created: NEW_YEAR, compressionLevel: 6, seal }, sink, {
      platform: testPlatform,
    });
    const image = sink.bytes();
    expect(image.length).toBeLessThan(200 * 1024);
    await writeFile(join(place, 'image.dmg'), image);
    await writeFile(join(place, 'certificate.der'), certificate);

    const processes = availableParallelism();
    const swept = await Promise.all(Array.from({ length: processes }, (_, share) => sweep(place, share, processes)));
    expect(swept.flatMap(({ wrong }) => wrong)).toEqual([]);
    const tried = swept.flatMap(({ codes }) => Object.values(codes)).reduce((sum, count) => sum + count, 0);
    expect(tried).toBe(Math.ceil(image.length / STRIDE) + Math.ceil(image.length / 512) + 3);
  },
  full ? 600_000 : 60_000,
);

async function sweep(place: string, share: number, of: number): Promise<Swept> {
  const args = [SWEEP, join(place, 'image.dmg'), join(place, 'certificate.der'), String(STRIDE), String(share), String(of)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 << 20 });
  return JSON.parse(stdout) as Swept;
}
