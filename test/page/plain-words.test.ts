/** The words of the page: for each code that it can meet, and as docs/verifier-page.md says. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, EXIT_CODES } from '../../src/core/errors.ts';
import { wordsFor } from '../../src/page/plain-words.ts';

const subject = { productName: 'Hello', publisherName: 'PUBLISHER', product: 'com.example.other', version: '2.1.0', signer: 'Somebody' };
const words = (exitCode: number, code?: ErrorCode, demonstration = false) => wordsFor({ exitCode, code, demonstration }, subject);

describe('plain words', () => {
  /** Nothing in a page asks for a version, for several signers, for a policy file or a quick look. */
  const CANNOT_BE = new Set([41, 42, 2]);
  const codes = (Object.keys(EXIT_CODES) as ErrorCode[]).filter((code) => !CANNOT_BE.has(EXIT_CODES[code]));

  test('each refusal has a heading of its own, and none says that the file may be opened', () => {
    const headings = new Map<string, Set<number>>();
    for (const code of codes) {
      const { tone, heading, meaning, advice } = words(EXIT_CODES[code], code);
      expect(tone, code).not.toBe('good');
      expect(advice.join(' '), code).toMatch(/do not open|Do not open/);
      expect(meaning, code).not.toMatch(/undefined/);
      headings.set(heading, (headings.get(heading) ?? new Set()).add(code === 'E_UNSUPPORTED' ? -1 : EXIT_CODES[code]));
    }
    for (const [heading, exits] of headings) expect([...exits], heading).toHaveLength(1);
  });

  test('only 0 without an example key is good', () => {
    expect(words(0)).toMatchObject({ tone: 'good', heading: 'Genuine and unchanged' });
    expect(words(0).meaning).toContain('Hello 2.1.0, exactly as PUBLISHER sealed it');
    expect(words(0, undefined, true).tone).toBe('doubt');
    expect(words(12).tone).toBe('doubt');
    expect(words(77).tone).toBe('doubt');
  });

  test('docs/verifier-page.md lists the headings', () => {
    const page = readFileSync(new URL('../../docs/verifier-page.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| (\d+)(?:, (.+?))? \| (.+) \|$/gm)].map(
      ([, exit, more, heading]) => [Number(exit), more, heading] as const,
    );
    expect(listed.length).toBeGreaterThan(15);
    for (const [exit, more, heading] of listed) {
      expect(words(exit, more === '`E_UNSUPPORTED`' ? 'E_UNSUPPORTED' : undefined, more === 'with an example key').heading).toBe(heading);
    }
    for (const code of codes) expect(listed.map(([exit]) => exit)).toContain(EXIT_CODES[code]);
  });
});
