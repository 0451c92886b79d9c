/** Two checkouts of one project, with other times and other orders on disk, give one image. */
import { spawnSync } from 'node:child_process';
import { cpSync, lutimesSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { verify } from '../../src/verify/verify.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist/cli/main.js');

function diskseal(args: string[], env: Record<string, string> = {}): void {
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  expect(stderr + status, args.join(' ')).toMatch(/0$/);
}

/** A checkout of the example, its files touched at `time` (Unix seconds). */
function checkout(parent: string, name: string, time: number, key: string): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  cpSync(join(root, 'examples/hello'), folder, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('dist') });
  const manifest = join(folder, 'installer.yaml');
  const text = readFileSync(manifest, 'utf8').replaceAll('../../keys.example', key);
  writeFileSync(manifest, text);
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) lutimesSync(join(folder, entry), time, time);
  return folder;
}

let parent: string;
beforeAll(async () => {
  parent = await temporaryFolder();
  diskseal(['keys', 'new', join(parent, 'rsa'), '--algorithm', 'rsa3072', '--name', 'Reproducible']);
});

describe('two checkouts', () => {
  const build = (name: string, time: number, key: string, env: Record<string, string> = {}): Buffer => {
    const folder = checkout(parent, name, time, key);
    const output = join(parent, `${name}.dmg`);
    diskseal(['build', join(folder, 'installer.yaml'), '-o', output, '--quiet'], env);
    return readFileSync(output);
  };

  test('with an RSA key and the manifest’s time are identical altogether', () => {
    const first = build('rsa-a', 1_600_000_000, join(parent, 'rsa'));
    const second = build('rsa-b', 1_700_000_123.5, join(parent, 'rsa'));
    expect(first.length).toBeGreaterThan(70_000);
    expect(Buffer.compare(first, second)).toBe(0);
  });
  test('with an ECDSA key have one statement and differ in the signature only', async () => {
    const key = join(root, 'keys.example');
    const images = [build('ec-a', 1_600_000_000, key), build('ec-b', 1_700_000_000, key)];
    const anchors = parseAnchors(readFileSync(join(key, 'publisher.cert.pem')));
    const verdicts = await Promise.all(
      images.map((image) => verify(bytesDisk(image), { anchors, publishers: [], now: 1_800_000_000 }, testPlatform)),
    );
    expect(verdicts.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(verdicts[0].statement).toEqual(verdicts[1].statement);
    const { offset, size } = verdicts[0].statement!.seal;
    const outside = images.map((image) => Buffer.concat([image.subarray(0, offset), image.subarray(offset + size)]));
    expect(Buffer.compare(outside[0], outside[1])).toBe(0);
  });
  test('SOURCE_DATE_EPOCH sets every time', () => {
    const one = build('epoch-a', 1_600_000_000, join(parent, 'rsa'), { SOURCE_DATE_EPOCH: '1750000000' });
    const two = build('epoch-b', 1_700_000_000, join(parent, 'rsa'), { SOURCE_DATE_EPOCH: '1750000000' });
    expect(Buffer.compare(one, two)).toBe(0);
    expect(Buffer.compare(one, readFileSync(join(parent, 'rsa-a.dmg')))).not.toBe(0);
  });
});
