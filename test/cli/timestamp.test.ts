/** `build --timestamp` as users call it, with `openssl ts` behind a server. */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import * as der from '../../src/pki/der-write.ts';
import { parseTimeStampToken } from '../../src/pki/timestamp-token.ts';
import { readCms } from '../../src/seal/area.ts';
import { findSeal } from '../../src/seal/place.ts';
import { diskseal } from '../support/command-line.ts';
import { hasOpenssl, type Workbench, workbench } from '../support/openssl.ts';
import { opensslTsa, pem, serve, type TestServer } from '../support/openssl-tsa.ts';
import { type SealedImage, sealedImage } from '../support/sealed-image.ts';
import { testAuthority } from '../support/timestamp-authority.ts';

const authority = testAuthority();
let built: SealedImage;
let bench: Workbench;
let good: TestServer;
let rejecting: TestServer;

beforeAll(async () => {
  built = await sealedImage();
  bench = workbench();
  good = await serve(opensslTsa(bench, authority));
  rejecting = await serve(() => ({ body: der.sequence(der.sequence(der.integer(2), der.sequence(der.utf8String('no service today')))) }));
  await writeFile(join(built.folder, 'tsa.pem'), pem(authority.root.bytes));
});

afterAll(async () => {
  await Promise.all([good.close(), rejecting.close()]);
  bench.remove();
});

const build = (...words: string[]) => diskseal(['build', '-o', 'Stamped.dmg', '--force', ...words], { cwd: built.folder });
const exists = (name: string): Promise<boolean> =>
  access(join(built.folder, name)).then(
    () => true,
    () => false,
  );

async function signersOf(name: string) {
  const place = await findSeal(bytesDisk(new Uint8Array(await readFile(join(built.folder, name)))));
  return parseSignedData(await readCms(place!.area)).signers;
}

async function tokensOf(name: string): Promise<number[]> {
  return (await signersOf(name)).map(({ timeStampTokens }) => timeStampTokens.length);
}

/** Of the first signer's first timestamp. */
async function renewalsOf(name: string): Promise<number> {
  const [signer] = await signersOf(name);
  let count = -1;
  for (let next: Uint8Array | undefined = signer.timeStampTokens[0]; next; next = parseTimeStampToken(next).renewal) count++;
  return count;
}

describe.skipIf(!hasOpenssl)('build --timestamp', () => {
  test('stores what the authority gives, and does not warn of a seal that dies', async () => {
    const run = await build('--timestamp', good.url, '--json');
    expect(run.code).toBe(0);
    expect(run.stderr).not.toContain('warning');
    expect(run.json()).toMatchObject({ warnings: [] });
    expect(await tokensOf('Stamped.dmg')).toEqual([1]);
    const trust = ['--trust', built.publisher, '--timestamp-trust', 'tsa.pem', '--timestamp', 'required'];
    expect(await diskseal(['verify', 'Stamped.dmg', ...trust], { cwd: built.folder })).toMatchObject({ code: 0 });
  });

  test('without one it warns with the date on which the seal dies', async () => {
    const run = await build();
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/the seal has no timestamp: it can be verified until \d{4}-\d\d-\d\d/);
  });

  test('asks the next authority when one gives none; the manifest names several too', async () => {
    expect((await build('--timestamp', rejecting.url, '--timestamp', good.url)).code).toBe(0);
    const manifest = join(built.folder, built.manifest);
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('sign: {', `sign: { timestamp: ["${rejecting.url}", "${good.url}"],`));
    expect((await build()).code).toBe(0);
    expect(await tokensOf('Stamped.dmg')).toEqual([1]);
    // The command line stands in for the manifest.
    expect((await build('--timestamp', rejecting.url)).code).toBe(3);
    await writeFile(manifest, text);
  });

  test('rule 14: a timestamp that cannot be had is no image, exit code 3, and says who refused why', async () => {
    await rm(join(built.folder, 'Stamped.dmg'), { force: true });
    const run = await build('--timestamp', rejecting.url, '--timestamp', 'http://127.0.0.1:9/');
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`${rejecting.url}: the authority refuses: rejection: no service today; http://127.0.0.1:9/: `);
    expect(run.stderr).toContain('(E_HTTP)');
    expect(await exists('Stamped.dmg')).toBe(false);
  });

  test('what is no URL is said before anything is built', async () => {
    const run = await build('--timestamp', 'tsa.example');
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('this is not a URL');
    expect((await build('--timestamp', 'ftp://tsa.example/')).code).toBe(2);
  });

  test('without "sign" there is nothing to timestamp', async () => {
    const text = (await readFile(join(built.folder, built.manifest), 'utf8')).replace(/^sign: .*$/m, '');
    await writeFile(join(built.folder, 'unsigned.yaml'), text);
    const run = await build('unsigned.yaml', '--timestamp', good.url);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('there is nothing to timestamp');
  });

  test('sign --timestamp adds one to a seal that has none, and renews the one that is there', async () => {
    expect((await build()).code).toBe(0);
    expect(await tokensOf('Stamped.dmg')).toEqual([0]);
    const trust = ['--trust', built.publisher, '--timestamp-trust', 'tsa.pem', '--timestamp', 'required'];
    const verify = () => diskseal(['verify', 'Stamped.dmg', ...trust], { cwd: built.folder });
    expect((await verify()).code).toBe(34);
    const sign = () => diskseal(['sign', 'Stamped.dmg', '--timestamp', good.url], { cwd: built.folder });
    for (const renewals of [0, 1, 2]) {
      const run = await sign();
      expect(run.stderr).not.toContain('error');
      expect(run.code).toBe(0);
      expect(await tokensOf('Stamped.dmg')).toEqual([1]);
      expect(await renewalsOf('Stamped.dmg')).toBe(renewals);
      expect((await verify()).code).toBe(0);
    }
    const refused = await diskseal(['sign', 'Stamped.dmg', '--timestamp', rejecting.url], { cwd: built.folder });
    expect(refused.code).toBe(3);
    expect((await verify()).code).toBe(0);
  });
});
