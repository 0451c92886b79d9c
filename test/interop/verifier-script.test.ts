/** `verify.sh` beside `verify`: rule 26 over every vector, under two shells, with the same roots, publisher, product and clock. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifierScript } from '../../src/cli/verifiers/script.ts';
import { type VerifierFacts, verifierFacts } from '../../src/cli/verifiers/verifier-facts.ts';
import { bytesDisk } from '../../src/core/disk.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { verify } from '../../src/verify/verify.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { vectors as all, bytesOf, path } from '../vectors/given.ts';
import { scriptDifferences } from '../verifier/allowed-differences.ts';

const recipe = readFileSync(new URL('../../examples/verify-with-openssl.sh', import.meta.url), 'utf8');
// A script trusts somebody, or is not written; it has no policy but publisher and product.
const vectors = all.filter(({ command, trust }) => command === 'verify' && trust.length > 0);

const shells = ['dash', 'bash'].filter((shell) => {
  const there = spawnSync(shell, ['-c', ':']).status === 0;
  if (!there) console.warn(`${shell} is not installed: verify.sh is not tried under it`);
  return there;
});

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

function script(facts: VerifierFacts, name: string): string {
  const file = join(folder, `${name}.verify.sh`);
  writeFileSync(file, verifierScript(recipe, facts));
  chmodSync(file, 0o755);
  return file;
}

describe.runIf(hasOpenssl && shells.length > 0)('verify.sh', () => {
  test.each(vectors)('$file: $about', async ({ file, seal, trust, at }) => {
    const image = bytesDisk(bytesOf(file));
    const parts = seal === undefined ? {} : { seal: bytesDisk(bytesOf(seal)) };
    const anchors = trust.flatMap((name) => parseAnchors(bytesOf(name)));
    // A script names its publisher: the signer himself, but where somebody else is the point.
    const first = await verify(image, { anchors, publishers: '*', now: at, ...parts }, testPlatform);
    const signer = (first.signers.find(({ refusal }) => !refusal) ?? first.signers[0])?.certificate;
    const publisher = signer && !signer.subject.startsWith('CN=Somebody Else') ? `sha256:${signer.sha256}` : `sha256:${'0'.repeat(64)}`;
    const product = first.statement?.product ?? 'com.example.hello';
    const now = Math.floor(Date.now() / 1000);
    const expected = await verify(image, { anchors, publishers: [publisher], products: [product], now, ...parts }, testPlatform);
    const facts = await verifierFacts({ trust: trust.map(path), publisher: [publisher], product: [product] }, testPlatform);
    const words = [script(facts, file), ...(seal === undefined ? [] : ['--seal', path(seal)]), path(file)];
    const allowed = scriptDifferences.get(file);
    for (const shell of shells) {
      const { status, stdout, stderr } = spawnSync(shell, words, { encoding: 'utf8' });
      expect({ shell, status, command: expected.exitCode }, stdout + stderr).toEqual({
        shell,
        status: allowed ? allowed.script : expected.exitCode,
        command: allowed ? allowed.command : expected.exitCode,
      });
    }
  });
});

test('the table names vectors that there are, and nothing that the script accepts and the command refuses but what it does not check', () => {
  expect(scriptDifferences.size).toBeGreaterThan(0);
  for (const [name, { command, script, difference }] of scriptDifferences) {
    expect(existsSync(path(name)), name).toBe(true);
    expect(command, name).not.toBe(script);
    expect(difference, name).toBe(script === 0 ? 'not checked' : command === 0 ? 'stricter' : 'other code');
  }
});
