/** The one-file verifier as a file: its size, that it is alone, that its bytes are the same each time, and what it refuses. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { alone, both, command, verifierFile } from './programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vector = (name: string): string => join(root, 'test/vectors', name);
const IMAGE = vector('good.p256.dmg');
const TRUST = ['--trust', vector('publisher.pem')];

describe('the file', () => {
  test('is at most 150 KB, has a first line for a shell, names version and licences', async () => {
    const text = readFileSync(await verifierFile(), 'utf8');
    expect(text.length).toBeLessThanOrEqual(150_000);
    expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(text).toContain(`diskseal-verify ${version}:`);
    expect(text).toContain('MIT License');
    expect(text).toContain('ISC License');
  });

  test('is the same each time it is made', async () => {
    const again = join(await temporaryFolder(), 'again.mjs');
    execFileSync(process.execPath, ['.ci/build-verifier.mjs', again], { cwd: root, stdio: 'ignore' });
    expect(readFileSync(again).equals(readFileSync(await verifierFile()))).toBe(true);
  });

  test('shows what runs in it, which takes nothing but Node.js itself', async () => {
    const { stdout } = await alone(['--print-source']);
    const taken = [...stdout.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
    expect(taken).toContain('node:crypto');
    expect(taken.filter((name) => !name.startsWith('node:'))).toEqual([]);
    expect(stdout).not.toMatch(/\bimport\s*\(/);
    for (const name of ['http', 'http2', 'https', 'net', 'tls', 'dgram']) expect(taken).not.toContain(`node:${name}`);
    expect(stdout).not.toMatch(/\bfetch\(/);
  });

  test('says its version and how it is used', async () => {
    expect((await alone(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { stdout, code } = await alone(['--help']);
    expect(code).toBe(0);
    for (const flag of ['--trust', '--publisher', '--policy', '--seal', '--deep', '--json']) expect(stdout).toContain(flag);
    expect(stdout).toContain('21  the content differs from what was signed');
  });
});

describe('words', () => {
  test.each([
    ['no image', TRUST],
    ['two images', [IMAGE, IMAGE]],
    ['an unknown flag', [IMAGE, '--trsut', 'x']],
    ['a flag without its value', [IMAGE, '--trust']],
    ['a publisher that is none', [IMAGE, '--publisher', 'nobody']],
    ['a fingerprint that is none', [IMAGE, '--trust', 'sha256:12']],
    ['--quick with --copy-to', [IMAGE, ...TRUST, '--quick', '--copy-to', 'copy.dmg']],
  ])('%s: exit code 2, as the command has it', async (_, words) => {
    const { command, verifier } = await both(words);
    expect(verifier.code).toBe(2);
    expect(command.code).toBe(2);
    expect(verifier.stderr).toMatch(/^diskseal: error: .*\(E_USAGE\)\n/);
  });

  test('short flags, values after "=" and words after "--"', async () => {
    const { command, verifier } = await both(['-q', `--trust=${vector('publisher.pem')}`, '--json', '--', IMAGE]);
    expect(verifier.code).toBe(0);
    expect(verifier.json()).toEqual(command.json());
  });

  test('a file that is not there is told as the command tells it', async () => {
    const { command, verifier } = await both(['missing.dmg', ...TRUST, '--json']);
    expect(verifier.code).toBe(3);
    expect(verifier.json()).toEqual(command.json());
    expect(verifier.stderr).toBe(command.stderr);
  });

  test('no connection is opened', async () => {
    for (const words of [['http://127.0.0.1:9/App.dmg'], [IMAGE, '--seal', 'https://example.com/App.dmg.seal']]) {
      const { code, stderr } = await alone([...words, ...TRUST]);
      expect(code).toBe(2);
      expect(stderr).toContain('opens no connection');
      expect(stderr).toContain('hint:');
    }
  });
});

describe('a policy', () => {
  const good = { trust: vector('root.pem'), publishers: '*', products: ['com.example.vector'] };

  async function policy(text: string, name = 'policy.json'): Promise<string> {
    const file = join(await temporaryFolder(), name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  test.each([
    ['that is met', good],
    ['that wants another product', { ...good, products: ['com.example.other'] }],
    ['that wants a timestamp', { ...good, timestamp: 'required' }],
    [
      'that wants two signers',
      { ...good, publishers: { one: { spki: 'a1'.repeat(32) }, two: { spki: 'b2'.repeat(32) } }, require: { count: 2 } },
    ],
  ])('in JSON %s', async (_, document) => {
    const file = await policy(JSON.stringify(document, null, 2));
    const { command, verifier } = await both([vector('good.root.dmg'), '--policy', file, '--json']);
    expect(verifier.json()).toEqual(command.json());
    expect(verifier.code).toBe(command.code);
  });

  test('in YAML is refused, which the command reads', async () => {
    const file = await policy(`trust: ${vector('root.pem')}\npublishers: "*"\n`, 'policy.yaml');
    expect((await command([vector('good.root.dmg'), '--policy', file])).code).not.toBe(2);
    const { code, stderr } = await alone([vector('good.root.dmg'), '--policy', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('E_POLICY');
    expect(stderr).toContain('JSON alone');
  });

  test.each([
    ['a member twice', '{ "trust": "a.pem", "publishers": "*", "trust": "b.pem" }'],
    ['a member twice, once in other letters of JSON', '{ "trust": "a.pem", "publishers": "*", "tr\\u0075st": "b.pem" }'],
    ['an unknown member', '{ "trust": "a.pem", "trusted": true }'],
    ['no object', '[]'],
    ['very deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['nothing', ''],
  ])('with %s is refused by both', async (_, text) => {
    const file = await policy(text);
    const { command, verifier } = await both([IMAGE, '--policy', file]);
    expect(verifier.code).toBe(2);
    expect(command.code).toBe(2);
    expect(verifier.stderr).toContain('E_POLICY');
  });
});
