/** The test vectors that docs/seal-format.md offers to other implementations: ours gives what they say, and every error has one. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { DisksealError, type ErrorCode, EXIT_CODES } from '../../src/core/errors.ts';
import { toHex } from '../../src/core/struct.ts';
import { coverageHasher } from '../../src/seal/coverage.ts';
import { treeRoot } from '../../src/seal/hash-tree.ts';
import { parseStatement } from '../../src/seal/statement.ts';
import { openLayers } from '../../src/verify/layers.ts';
import { verify } from '../../src/verify/verify.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { recipeRows } from '../verifier/allowed-differences.ts';
import { bytesOf, listed, path, policyOf, vectors } from './given.ts';
import type { StatementVector, TreeVector, Vector } from './vector.ts';

async function judged(vector: Vector): Promise<{ exitCode: number; code?: ErrorCode | undefined }> {
  const image = bytesDisk(bytesOf(vector.file));
  if (vector.command === 'inspect') {
    const error = await openLayers(image, testPlatform).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!error) return { exitCode: 0 };
    expect(error).toBeInstanceOf(DisksealError);
    const { exitCode, code } = error as DisksealError;
    return { exitCode, code };
  }
  const verdict = await verify(image, await policyOf(vector), testPlatform);
  expect(verdict.disk === undefined).toBe(verdict.exitCode !== 0);
  return { exitCode: verdict.exitCode, code: verdict.code };
}

describe('the images', () => {
  test.each(vectors)('$file: $about', async (vector) => {
    const { exitCode, code } = vector;
    expect(await judged(vector)).toEqual({ exitCode, code });
  });

  test('index and folder hold the same', () => {
    const images = readdirSync(path('.')).filter((name) => /^(good|E_\w+)\./.test(name));
    expect(vectors.flatMap(({ file, seal = [] }) => [file, seal].flat()).sort()).toEqual(images.sort());
    for (const name of new Set(vectors.flatMap(({ trust, policy = [] }) => [trust, policy].flat()))) bytesOf(name);
  });

  /** Codes that no image can bring about in this version. */
  const WITHOUT: Partial<Record<ErrorCode, string>> = {
    E_BINCUE: 'a cue sheet is no image that can be sealed; test/bincue',
    E_NRG: 'it is sealed as a raw image, whatever it holds; test/nrg',
    E_DS_STORE: 'no verifier reads it; test/finder',
  };
  const refusals = (Object.keys(EXIT_CODES) as ErrorCode[]).filter((code) => EXIT_CODES[code] >= 10);
  test.each(refusals)('%s has a vector', (code) => {
    const has = vectors.some((vector) => vector.code === code);
    expect(has, WITHOUT[code]).toBe(WITHOUT[code] === undefined);
  });
});

describe('rule 26: the recipe with openssl accepts of the bad ones those that docs/verifiers.md names', () => {
  const RECIPE = path('../../examples/verify-with-openssl.sh');
  /** It is always given a root and a publisher, one of each set. */
  const GIVEN = { dmg: ['root.pem', 'publisher.pem'], further: ['further-root.pem', 'first.pem'] } as const;
  const fingerprint = (name: string): string =>
    createHash('sha256')
      .update(Buffer.from(readFileSync(path(name), 'latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64'))
      .digest('hex');
  test.runIf(hasOpenssl).each(vectors.filter(({ command }) => command === 'verify'))('$file', ({ file, seal, code, set }) => {
    const [root, publisher] = GIVEN[set];
    const beside = seal ? ['--seal', path(seal)] : [];
    const { status, stderr } = spawnSync('sh', [RECIPE, ...beside, path(file), path(root), fingerprint(publisher)], { encoding: 'utf8' });
    const expected = recipeRows.get(file);
    // It takes one publisher alone; others of the good images are somebody else's for it.
    if (expected?.difference === 'stricter') expect(status, expected.why).not.toBe(0);
    else if (code === undefined) expect([0, 31], stderr).toContain(status);
    else if (expected) expect(status, expected.why).toBe(0);
    else expect(status, stderr).not.toBe(0);
  });
});

test.each(listed<TreeVector>('tree.json'))('tree over ranges of $ranges', async ({ ranges, leaves, root, flat }) => {
  const hasher = coverageHasher(testPlatform);
  let position = 0;
  for (const [index, length] of ranges.entries()) {
    if (index > 0) await hasher.nextRange();
    const start = position;
    await hasher.update(Uint8Array.from({ length }, (_, at) => (start + at) % 251));
    position += length;
  }
  const found = await hasher.finish();
  expect(found.table.length / 32).toBe(leaves);
  expect(toHex(await treeRoot(found.table, testPlatform))).toBe(root);
  expect(toHex(found.flat)).toBe(flat);
});

test.each(listed<StatementVector>('statement.json'))('statement: $about', ({ valid, base64 }) => {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  if (valid) expect(parseStatement(bytes)).toMatchObject({ type: 'diskseal/seal/1' });
  else expect(() => parseStatement(bytes)).toThrow(expect.objectContaining({ code: 'E_SEAL' }));
});
