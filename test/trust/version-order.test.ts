import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareReleases, compareVersions, isOrdered } from '../../src/trust/version-order.ts';

describe('rule 16: the order of versions', () => {
  /** Semver 2.0.0, section 11, and what is wider here. */
  const ASCENDING = [
    '0.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.0.1',
    '1.2.0',
    '1.9',
    '1.10',
    '2.0',
    '2026.01.05',
    '2026.1.6',
    '99999999999999999999.0.0',
    '100000000000000000000.0.0',
  ];

  test('each is older than all that follow', () => {
    for (const [left, older] of ASCENDING.entries()) {
      for (const [right, newer] of ASCENDING.entries()) {
        expect(compareVersions(older, newer), `${older} and ${newer}`).toBe(Math.sign(left - right));
      }
    }
  });

  test.each([
    ['1', '1.0.0'],
    ['1.0', '1.0.0+build.7'],
    ['v1.2.3', '1.2.3'],
    ['1.02', '1.2'],
    ['2024b', '2024b'],
  ])('%s and %s are equal', (left, right) => expect(compareVersions(left, right)).toBe(0));

  test.each([['2024b'], ['1.2.3.4.5'], ['1.0-'], ['1.0-a..b'], ['-1'], [''], ['1.0 '], ['1e3']])('%j has no order', (text) => {
    expect(isOrdered(text)).toBe(false);
    expect(compareVersions(text, '1.0.0')).toBeUndefined();
    expect(compareVersions('1.0.0', text)).toBeUndefined();
  });

  test('a text of more than 255 characters has no order, whatever it says', () => {
    const version = (length: number): string => `1.${'0'.repeat(length - 3)}1`;
    expect(compareVersions(version(255), '1.1')).toBe(0);
    expect(isOrdered(version(256))).toBe(false);
  });

  test('attack 51: 1.10 is newer than 1.9', () => expect(compareVersions('1.10.0', '1.9.0')).toBe(1));

  test('two build numbers decide, one does not', () => {
    expect(compareReleases({ version: '1.0', build: 9 }, { version: '2.0', build: 8 })).toBe(1);
    expect(compareReleases({ version: '2.0', build: 0 }, { version: '1.0', build: 1 })).toBe(-1);
    expect(compareReleases({ version: '2024b', build: 3 }, { version: '2024a', build: 3 })).toBe(0);
    expect(compareReleases({ version: '1.0', build: 9 }, { version: '2.0' })).toBe(-1);
    expect(compareReleases({ version: '2024b' }, { version: '2024a', build: 1 })).toBeUndefined();
  });

  test('it is an order: antisymmetric and transitive', () => {
    const part = fc.constantFrom('0', '1', '2', '10', '01');
    const version = fc
      .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.array(fc.constantFrom('a', 'b', '1', '2', '10'), { maxLength: 2 }))
      .map(([numbers, pre]) => numbers.join('.') + (pre.length > 0 ? `-${pre.join('.')}` : ''));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const order = compareVersions(a, b)!;
        expect(compareVersions(b, a)).toBe(order === 0 ? 0 : -order);
        if (order <= 0 && compareVersions(b, c)! <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
