/**
 * Rule 26: one vector set through the command and the one-file verifier. Verdict, exit code and JSON are the same; the recipe's run of
 * the set is in test/vectors, that of a browser in test/interop. What may differ stands in docs/verifiers.md.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bytesOf, path, vectors } from '../vectors/given.ts';
import type { Vector } from '../vectors/vector.ts';
import { alone, both } from './programs.ts';

// Policies and what they name: root reads no file that others can write, as a checkout may have them.
const protectedFolder = temporaryFolder();
beforeAll(async () => {
  const folder = await protectedFolder;
  for (const name of readdirSync(path('.'))) {
    if (/\.(pem|crl|json)$/.test(name)) writeFileSync(join(folder, name), bytesOf(name), { mode: 0o600 });
  }
});

async function words({ file, seal, command, trust, publishers, policy }: Vector): Promise<string[]> {
  return [
    path(file),
    ...trust.flatMap((name) => ['--trust', path(name)]),
    ...publishers.flatMap((who) => ['--publisher', who]),
    ...(seal ? ['--seal', path(seal)] : []),
    ...(policy ? ['--policy', join(await protectedFolder, policy)] : []),
    ...(command === 'verify --deep' ? ['--deep'] : []),
  ];
}

describe('rule 26: the one-file verifier says what the command says', () => {
  test.each(vectors)('$file: $about', async (vector) => {
    const { command, verifier } = await both([...(await words(vector)), '--json']);
    expect(verifier.code).toBe(command.code);
    expect(verifier.json()).toEqual(command.json());
    // The clock of today decides where the vector asks for another.
    if (!['E_EXPIRED.expired.dmg', 'E_EXPIRED.not-yet.dmg'].includes(vector.file) && vector.command !== 'inspect')
      expect(verifier.code, verifier.stdout).toBe(vector.exitCode);
  });

  test.each(['good.p256.dmg', 'E_TAMPERED.content.dmg', 'E_UNKNOWN_PUBLISHER.unnamed.dmg'])('%s, in words', async (file) => {
    const vector = vectors.find((one) => one.file === file)!;
    const { command, verifier } = await both([...(await words(vector)), '--explain']);
    expect(verifier.stdout).toBe(command.stdout);
    expect(verifier.stderr).toBe(command.stderr);
    expect(verifier.stdout).toContain('signature');
  });

  test('--quick, and what comes through a pipe', async () => {
    const vector = vectors.find(({ file }) => file === 'good.p256.dmg')!;
    const [image, ...flags] = await words(vector);
    const quick = await both([image, ...flags, '--quick', '--json']);
    expect(quick.verifier.code).toBe(12);
    expect(quick.verifier.json()).toEqual(quick.command.json());
    const piped = await both(['-', ...flags, '--json'], { stdin: readFileSync(image) });
    expect(piped.verifier.code).toBe(0);
    expect(piped.verifier.json()).toEqual(piped.command.json());
    const cut = await alone(['-', ...flags], { stdin: readFileSync(image).subarray(0, -1) });
    expect(cut.code).toBe(10);
  });
});
