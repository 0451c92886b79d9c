/** What is written about policies is held to the schema and to the program. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { VERIFY } from '../../src/cli/declarations/verify.ts';
import { readPolicyText } from '../../src/cli/policy/policy-text.ts';
import type { Schema } from '../../src/trust/json-schema.ts';
import { POLICY_SCHEMA } from '../../src/trust/policy-schema.ts';
import { RELEASE_DATE } from '../../src/trust/release-date.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const reference = read('docs/policy.md');
const template = read('templates/policy.yaml');

/** Every member of the schema, at every depth, by its own name. */
function members(schema: Schema): [string, Schema][] {
  const own = Object.entries(schema.properties ?? {});
  const below = [schema.additionalProperties || undefined, ...(schema.anyOf ?? []), ...own.map(([, inner]) => inner)];
  return [...own, ...below.flatMap((inner) => (inner ? members(inner) : []))];
}

describe('docs/policy.md', () => {
  test.each(members(POLICY_SCHEMA))('has a row for %s as the schema describes it', (name, { description, default: usual }) => {
    const row = reference.split('\n').find((line) => line.startsWith(`| \`${name}\` |`) && line.includes(description!));
    expect(row, `| \`${name}\` | … | ${description} |`).toBeDefined();
    if (usual !== undefined) expect(row).toContain(`\`${usual}\` when left out`);
  });

  test('has no row for what is not there', () => {
    const rows = [...reference.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(new Set(rows)).toEqual(new Set(members(POLICY_SCHEMA).map(([name]) => name)));
  });

  test('names every flag of trust', () => {
    for (const { flags } of VERIFY.options) {
      const name = /--[a-z-]+/.exec(flags)![0];
      if (/trust|publisher|policy|require|timestamp|revocation|product|channel|platform|arch|min-|remember|explain/.test(name)) {
        expect(reference).toContain(name);
      }
    }
  });

  test('its examples are policies', () => {
    const examples = [...reference.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(examples.length).toBeGreaterThan(1);
    for (const text of examples) expect(() => readPolicyText(text, 'example')).not.toThrow();
  });
});

describe('templates/policy.yaml', () => {
  test('is a policy, as it stands and with all that it proposes', () => {
    readPolicyText(template, 'policy.yaml');
    const all = readPolicyText(template.replaceAll(/^#(?=[a-zA-Z]| {2})/gm, ''), 'policy.yaml') as object;
    expect(new Set(Object.keys(all))).toEqual(new Set(Object.keys(POLICY_SCHEMA.properties!)));
  });
});

test('rule 14: the date of the release is the one of the changelog, once it has one', () => {
  const released = /^## \d+\.\d+\.\d+ - (\d{4}-\d{2}-\d{2})$/m.exec(read('CHANGELOG.md'))?.[1];
  if (released === undefined) console.warn('no version was released yet: the date of the release is that of its source');
  expect(RELEASE_DATE).toBe(released ?? '2026-11-01');
  expect(Date.parse(RELEASE_DATE)).toBeLessThan(Date.now());
});
