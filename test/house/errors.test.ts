import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DisksealError, EXIT_CODES } from '../../src/core/errors.ts';

const root = new URL('../../', import.meta.url);
const table = readFileSync(new URL('docs/errors.md', root), 'utf8');
const rows = [...table.matchAll(/^\| `(E_[A-Z0-9_]+)` \| (\d+) \| (.+) \|$/gm)];
const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== 'core/errors.ts')
  .map((name) => readFileSync(new URL(`src/${name}`, root), 'utf8'))
  .join('\n');

describe('error codes', () => {
  test('the documented table is the program’s', () => {
    expect(Object.fromEntries(rows.map(([, code, exit]) => [code, Number(exit)]))).toEqual(EXIT_CODES);
  });
  test.each(Object.keys(EXIT_CODES))('%s can occur', (code) => expect(sources.includes(`'${code}'`)).toBe(true));
});

describe('DisksealError', () => {
  test('takes places that were not known where it was thrown, and keeps those that were', () => {
    const error = new DisksealError('E_UDIF', 'no trailer', { offset: 7 }).with({ path: 'a.dmg', offset: 9 });
    expect(error).toMatchObject({ code: 'E_UDIF', message: 'no trailer', offset: 7, path: 'a.dmg', exitCode: 20 });
  });
  test('is plain data in JSON, without what is absent', () => {
    const other = new DisksealError('E_MANIFEST', 'second', { line: 3, column: 1 });
    expect(JSON.parse(JSON.stringify(new DisksealError('E_MANIFEST', 'first', { line: 2, others: [other] })))).toEqual({
      code: 'E_MANIFEST',
      exitCode: 2,
      message: 'first',
      line: 2,
      others: [{ code: 'E_MANIFEST', exitCode: 2, message: 'second', line: 3, column: 1 }],
    });
  });
});
