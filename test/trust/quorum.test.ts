import { describe, expect, test } from 'vitest';
import { quorum } from '../../src/trust/quorum.ts';

const signer = (keyValue: string, ...names: string[]): { keyValue: string; names: string[] } => ({ keyValue, names });

describe('k of n', () => {
  test.each([
    ['nobody', [], 0],
    ['two keys of two publishers', [signer('1', 'a'), signer('2', 'b')], 2],
    ['attack 37, rule 6: one key under two certificates', [signer('1', 'a'), signer('1', 'b')], 1],
    ['one publisher with two keys', [signer('1', 'a'), signer('2', 'a')], 1],
    ['one key that is both, and one that is the first', [signer('1', 'a', 'b'), signer('2', 'a')], 2],
    ['the same, met in the other order', [signer('2', 'a'), signer('1', 'a', 'b')], 2],
    ['a chain of exchanges', [signer('1', 'a', 'b'), signer('2', 'b', 'c'), signer('3', 'a'), signer('4', 'b')], 3],
    ['anybody, as often as there are keys', [signer('1', '*'), signer('2', '*'), signer('2', '*')], 2],
    ['nobody by that name', [signer('1')], 0],
  ])('%s: %#', (_, signers, expected) => expect(quorum(signers)).toBe(expected));
});
