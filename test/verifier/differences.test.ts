/** Rule 26: the published differences between the verifiers are "stricter", "not checked" or no difference of the verdict, never "accepts more". */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { recipeRows, rows } from './allowed-differences.ts';

const HEAD = ['asked for', 'vector', 'verifier', 'difference'];

describe('rule 26: the tables of docs/verifiers.md', () => {
  test('say what each difference is', () => {
    const differences = rows.filter((row) => !row.some((cell) => HEAD.includes(cell)) && row.length === 4).map((row) => row.at(-1)!);
    expect(differences.length).toBeGreaterThan(10);
    for (const difference of differences) expect(['stricter', 'not checked', 'none in the verdict']).toContain(difference);
    for (const [name, { difference, why }] of recipeRows) {
      expect(name.startsWith('good.') ? ['stricter'] : ['not checked', 'other question'], name).toContain(difference);
      expect(why).not.toBe('');
    }
  });

  test('name vectors that there are', () => {
    expect(recipeRows.size).toBeGreaterThan(0);
    for (const name of recipeRows.keys()) expect(existsSync(new URL(`../vectors/${name}`, import.meta.url)), name).toBe(true);
  });

  test('what the recipe does not check stands at its head', () => {
    const recipe = readFileSync(new URL('../../examples/verify-with-openssl.sh', import.meta.url), 'utf8');
    const head = recipe.slice(0, recipe.indexOf('\nset -')).replaceAll(/\n# /g, ' ');
    for (const word of ['revocation', 'unsigned attributes', 'leaf table', 'beside the path', 'clock of today', 'volume']) {
      expect(head, word).toContain(word);
    }
  });
});
