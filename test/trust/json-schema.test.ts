import { describe, expect, test } from 'vitest';
import { type Schema, schemaFaults } from '../../src/trust/json-schema.ts';

const faults = (value: unknown, schema: Schema): string[] =>
  schemaFaults(value, schema).map(({ path, message }) => [path.join('.'), message].join(' | '));

describe('a value and a schema', () => {
  test.each<[unknown, Schema, string[]]>([
    ['a', { type: 'string' }, []],
    [1, { type: 'string' }, [' | must be a text']],
    ['a'.repeat(4097), { type: 'string' }, [' | must be a text']],
    ['é', { type: 'string', pattern: '^.$' }, []],
    ['b', { const: 'a' }, [' | must be "a"']],
    ['b', { enum: ['a'] }, [' | must be a']],
    [7, { enum: ['a', 'b'] }, [' | must be a or b']],
    [1.5, { type: 'integer' }, [` | must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`]],
    [2 ** 53, { type: 'integer' }, [` | must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`]],
    [[], { type: 'array' }, []],
    [['a', 1], { type: 'array', items: { type: 'string' } }, ['1 | must be a text']],
    [['a', 'a'], { type: 'array' }, []],
    [['a', 'b'], { type: 'array', maxItems: 1 }, [' | has 2 items, at most 1 are read']],
    [{}, { type: 'array' }, [' | must be a list']],
    [{ a: 1 }, { type: 'object' }, []],
    [{ a: 1, b: 2 }, { type: 'object', maxProperties: 1 }, [' | has 2 members, at most 1 are read']],
    [{ a: 1 }, { type: 'object', additionalProperties: { type: 'string' } }, ['a | must be a text']],
    [{ a: 1 }, { type: 'object', required: ['b', 'c'] }, [' | lacks "b"', ' | lacks "c"']],
    [{ a: 1, b: 1 }, { type: 'object', dependentRequired: { a: ['c'], b: ['c'] } }, [' | lacks "c", which goes with "a", "b"']],
    [{ toString: 1 }, { type: 'object', properties: {}, additionalProperties: false }, ['toString | is not known']],
    [7, { anyOf: [{ type: 'string' }, { type: 'array' }] }, [' | must be a text']],
    [[7], { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }, ['0 | must be a text']],
    [{ x: 1 }, { anyOf: [{ const: '*' }, { type: 'object', additionalProperties: false }] }, ['x | is not known']],
  ])('%j and %j', (value, schema, expected) => expect(faults(value, schema)).toEqual(expected));
});
