/**
 * Rule 26: one vector set through the command and the one-file verifier. Verdict, exit code and JSON are the same; the recipe's run of
 * the set is in test/vectors, that of a browser in test/interop. What may differ stands in docs/verifiers.md.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Vector } from '../vectors/vector.ts';
import { alone, both } from './programs.ts';

const path = (name: string): string => fileURLToPath(new URL(`../vectors/${name}`, import.meta.url));
const vectors = JSON.parse(readFileSync(path('index.json'), 'utf8')) as Vector[];

function words({ file, command, trust, publishers }: Vector): string[] {
  const flags = [...trust.flatMap((name) => ['--trust', path(name)]), ...publishers.flatMap((who) => ['--publisher', who])];
  return [path(file), ...flags, ...(command === 'verify --deep' ? ['--deep'] : [])];
}

describe('rule 26: the one-file verifier says what the command says', () => {
  test.each(vectors)('$file: $about', async (vector) => {
    const { command, verifier } = await both([...words(vector), '--json']);
    expect(verifier.code).toBe(command.code);
    expect(verifier.json()).toEqual(command.json());
    // The clock of today decides where the vector asks for another.
    if (!['E_EXPIRED.expired.dmg', 'E_EXPIRED.not-yet.dmg'].includes(vector.file) && vector.command !== 'inspect')
      expect([vector.exitCode, 32]).toContain(verifier.code);
  });

  test.each(['good.p256.dmg', 'E_TAMPERED.content.dmg', 'E_UNKNOWN_PUBLISHER.unnamed.dmg'])('%s, in words', async (file) => {
    const vector = vectors.find((one) => one.file === file)!;
    const { command, verifier } = await both([...words(vector), '--explain']);
    expect(verifier.stdout).toBe(command.stdout);
    expect(verifier.stderr).toBe(command.stderr);
    expect(verifier.stdout).toContain('signature');
  });

  test('--quick, and what comes through a pipe', async () => {
    const vector = vectors.find(({ file }) => file === 'good.p256.dmg')!;
    const [image, ...flags] = words(vector);
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
