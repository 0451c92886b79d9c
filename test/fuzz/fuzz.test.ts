/**
 * Every input that the fuzzer keeps, and every one that ever showed a fault, against the sources as they are; and the fuzzer itself,
 * which must find what was planted for it. New inputs: `npm run fuzz -- --seconds N`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { campaign, TIME_LIMIT } from './campaign.mjs';
import { faultOf } from './execute.mjs';
import { corpusFolder, foundFolder, inputsIn } from './inputs.mjs';
import { mutateDer, parseNodes, writeNodes } from './mutate-der.mjs';
import { randomNumbers } from './random.mjs';
import { loadTarget, TARGETS } from './targets.mjs';

const source = (path: string): Promise<object> => import(/* @vite-ignore */ new URL(`../../src/${path}.ts`, import.meta.url).pathname);

describe('inputs that were kept', () => {
  test.each(Object.keys(TARGETS))('%s: an answer or a DisksealError, within two seconds', async (name) => {
    const { run } = await loadTarget(name, source);
    const inputs = [...inputsIn(corpusFolder(name)), ...inputsIn(foundFolder, (file) => file.startsWith(`${name}-`))];
    expect(inputs.length).toBeGreaterThan(0);
    for (const { name: file, bytes } of inputs) {
      const started = performance.now();
      expect(await faultOf(run, bytes), file).toBeUndefined();
      expect(performance.now() - started, file).toBeLessThan(TIME_LIMIT);
    }
  });

  test('each that was found belongs to a target', () => {
    for (const { name } of inputsIn(foundFolder)) expect(Object.keys(TARGETS)).toContain(name.replace(/-[^-]*$/, ''));
  });
});

describe('the fuzzer', () => {
  async function hunt(name: string, seconds: number) {
    const found = mkdtempSync(join(tmpdir(), 'diskseal-found-'));
    try {
      return { ...(await campaign(name, { seconds, seed: 1, found, enough: 1 })), inputs: inputsIn(found).map(({ bytes }) => bytes) };
    } finally {
      rmSync(found, { recursive: true, force: true });
    }
  }

  test('finds an error that is no DisksealError, and makes it short', async () => {
    const { faults, inputs } = await hunt('planted-fault', 50);
    expect(faults.map(({ what }) => what)).toEqual([expect.stringContaining('planted')]);
    expect(inputs.map(({ length }) => length)).toEqual([9]);
  });

  test('finds an input that never ends', async () => {
    const { faults, inputs } = await hunt('planted-loop', 50);
    expect(faults.map(({ what }) => what)).toEqual(['hangs']);
    expect(inputs.map((bytes) => bytes[2])).toEqual([7]);
  });

  test('writes the DER that it read, and changes of it that are DER', () => {
    const [{ bytes }] = inputsIn(corpusFolder('certificate'));
    expect(Buffer.compare(writeNodes(parseNodes(bytes)), bytes)).toBe(0);
    const random = randomNumbers(1);
    const mutants = Array.from({ length: 50 }, () => mutateDer(bytes, random, bytes));
    expect(mutants.filter((mutant) => mutant && Buffer.compare(mutant, bytes) !== 0).length).toBeGreaterThan(40);
    expect(mutants.filter((mutant) => mutant && parseNodes(mutant)?.length === 1).length).toBeGreaterThan(30);
  });

  test('the same seed, the same numbers', () => {
    const [first, second, other] = [1, 1, 2].map((seed) => Array.from({ length: 20 }, randomNumbers(seed).bind(undefined, 1000)));
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
