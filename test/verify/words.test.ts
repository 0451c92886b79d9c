/**
 * What `verify` says of each test vector, word for word: every check with its code, place and hint. The vectors have certificates and
 * times of their own, so nothing in it changes from run to run. `UPDATE_GOLDEN=1` writes it anew; a review reads the difference.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import type { Check } from '../../src/verify/verdict.ts';
import { verify } from '../../src/verify/verify.ts';
import { testPlatform } from '../support/platform.ts';
import { bytesOf, policyOf, vectors } from '../vectors/given.ts';

const GOLDEN = new URL('../golden/verify/words.json', import.meta.url);
const UPDATE = Boolean(process.env['UPDATE_GOLDEN']);
const known = existsSync(GOLDEN) ? (JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, string[]>) : {};
const said: Record<string, string[]> = {};
const judged = vectors.filter(({ command }) => command !== 'inspect');

test.each(judged)('$file', async (vector) => {
  const verdict = await verify(bytesDisk(bytesOf(vector.file)), await policyOf(vector), testPlatform);
  said[vector.file] = [...verdict.checks.map(line), ...verdict.signers.map((signer) => JSON.stringify(signer))];
  if (!UPDATE) expect(said[vector.file]).toEqual(known[vector.file]);
});

function line({ name, status, message, code, offset, hint }: Check): string {
  const place = offset === undefined ? '' : ` at ${offset}`;
  return `${status} ${name}${code ? ` ${code}` : ''}${place}: ${message}${hint ? ` | ${hint}` : ''}`;
}

test('nothing is told of vectors that are not there', () => {
  if (!UPDATE) expect(Object.keys(known)).toEqual(judged.map(({ file }) => file));
});

afterAll(() => {
  if (UPDATE) writeFileSync(GOLDEN, `${JSON.stringify(said, null, 1)}\n`);
});
