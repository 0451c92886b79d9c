/** Rule 26: the published differences between the verifiers are "stricter", "not checked" or no difference of the verdict, never "accepts more". */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { recipePasses, rows } from './allowed-differences.ts';

const HEAD = ['asked for', 'vector', 'verifier', 'difference'];

describe('rule 26: the tables of docs/verifiers.md', () => {
  test('say what each difference is', () => {
    const differences = rows.filter((row) => !row.some((cell) => HEAD.includes(cell)) && row.length > 3).map((row) => row.at(-1)!);
    expect(differences.length).toBeGreaterThan(10);
    for (const difference of differences) expect(['stricter', 'not checked', 'none in the verdict']).toContain(difference);
    for (const { difference, why } of recipePasses.values()) {
      expect(['not checked', 'other question']).toContain(difference);
      expect(why).not.toBe('');
    }
  });

  test('name vectors that there are, all of them refused by the command', () => {
    expect(recipePasses.size).toBeGreaterThan(0);
    for (const name of recipePasses.keys()) expect(existsSync(new URL(`../vectors/${name}`, import.meta.url)), name).toBe(true);
  });

  test('what the recipe does not check stands at its head', () => {
    const recipe = readFileSync(new URL('../../examples/verify-with-openssl.sh', import.meta.url), 'utf8');
    const head = recipe.slice(0, recipe.indexOf('\nset -')).replaceAll(/\n# /g, ' ');
    for (const word of [
      'revocation',
      'unsigned attributes',
      'leaf table',
      'direction marks',
      'beside the path',
      'clock of today',
      'volume',
    ]) {
      expect(head, word).toContain(word);
    }
  });
});
