/** `diskseal verifier`: whom it refuses, and what stands in what it writes. Chromium and the shells judge it elsewhere. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const EXAMPLE = fileURLToPath(new URL('../../keys.example/', import.meta.url));
const SUBJECT = "CN=O'Neill & \\<Sons\\>,O=Example";
let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
  const { code, stderr } = await diskseal(['keys', 'new', 'keys', '--name', "O'Neill & <Sons>", '--organization', 'Example'], { cwd });
  expect(code, stderr).toBe(0);
});

const TRUST = ['--trust', 'keys/root.cert.pem'];
const WHO = ['--publisher', 'spki:ab'.padEnd(69, '0')];
const WHAT = ['--product', 'com.example.hello'];
const verifier = (...words: string[]) => diskseal(['verifier', ...words], { cwd });

describe('rule 26: without publisher and product nothing is written', () => {
  test.each<[string, string[], RegExp]>([
    ['no trust', [...WHO, ...WHAT], /--trust is missing/],
    ['no publisher', ['--trust', 'keys/publisher.cert.pem', ...WHAT], /--publisher is missing[^]*hint: .*--publisher spki:[0-9a-f]{64}/],
    ['no product', [...TRUST, ...WHO], /--product is missing/],
    ['anybody', [...TRUST, '--publisher', '*', ...WHAT], /names nobody/],
    ['a publisher that is none', [...TRUST, '--publisher', 'Example', ...WHAT], /names no publisher/],
    ['a product that is none', [...TRUST, ...WHO, '--product', 'Two Words'], /--product/],
    ['a name that is none', [...TRUST, ...WHO, ...WHAT, '--name', 'a\nb'], /--name/],
    ['another kind of file', [...TRUST, ...WHO, ...WHAT, '-o', 'verify.pdf'], /neither a page nor a script/],
    ['a script with a fingerprint', ['--trust', 'sha256:'.padEnd(71, 'a'), ...WHO, ...WHAT, '-o', 'no.sh'], /certificates themselves/],
    ['a script with timestamps', [...TRUST, ...WHO, ...WHAT, '--timestamp-trust', 'keys/root.cert.pem', '-o', 'no.sh'], /no timestamps/],
    ['a subject that openssl writes otherwise', [...TRUST, '--publisher', 'STREET=Way 1', ...WHAT, '-o', 'no.sh'], /in another way/],
  ])('%s', async (_, words, says) => {
    const { code, stdout, stderr } = await verifier('-o', 'refused.html', ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    for (const name of ['refused.html', 'no.sh', 'verify.pdf']) expect(existsSync(join(cwd, name))).toBe(false);
  });
});

describe('rule 9: keys that everybody has', () => {
  test.each([
    ['as the root', ['--trust', join(EXAMPLE, 'root.cert.pem'), ...WHO]],
    ['as the publisher', ['--trust', join(EXAMPLE, 'publisher.cert.pem'), ...WHO]],
    ['by the key', [...TRUST, '--publisher', 'spki:e4038ef981c6d548d6561ab2f3fbc70d48723ed5780c8832c1fb59730dddc80a']],
  ])('%s', async (_, words) => {
    for (const name of ['example.html', 'example.sh']) {
      const { code, stderr } = await verifier(...words, ...WHAT, '-o', name);
      expect(code).toBe(2);
      expect(stderr).toContain('everybody has them');
      expect(existsSync(join(cwd, name))).toBe(false);
    }
  });
});

describe('the page', () => {
  const words = [...TRUST, '--publisher', SUBJECT, ...WHAT, '--name', '</script><b>"Hello" & {{settings}}'];

  test('is verify.html, the same each time, and told as JSON', async () => {
    const made = await verifier(...words, '--json');
    expect(made.code).toBe(0);
    const page = readFileSync(join(cwd, 'verify.html'));
    expect(made.json()).toMatchObject({
      output: 'verify.html',
      kind: 'page',
      bytes: page.length,
      products: ['com.example.hello'],
      publishers: [SUBJECT],
      trust: [{ subject: "CN=O'Neill & \\<Sons\\> Root,O=Example", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      timestampTrust: [],
    });
    expect((await verifier(...words, '-o', 'again.html')).code).toBe(0);
    expect(readFileSync(join(cwd, 'again.html')).equals(page)).toBe(true);
    const { code: taken, stderr } = await verifier(...words);
    expect(taken).toBe(3);
    expect(stderr).toContain('--force');
  });

  test('allows the one style and the one program in it, and nothing else', () => {
    const page = readFileSync(join(cwd, 'again.html'), 'utf8');
    const rules = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    const hash = (element: string): string => {
      const content = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page)?.[1] ?? '';
      expect(content.length).toBeGreaterThan(1000);
      return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
    };
    expect(rules.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash('script')}`,
      `style-src ${hash('style')}`,
      'worker-src blob:',
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toMatch(/\ssrc=|\son\w+=|\sstyle=|<link rel="stylesheet"|@import|url\(/);
  });

  test('says what a page from the same place is worth, and takes names as text', () => {
    const page = readFileSync(join(cwd, 'again.html'), 'utf8');
    expect(page).toContain('it adds nothing against that place being broken into');
    expect(page).toContain('&#60;/script&#62;&#60;b&#62;&#34;Hello&#34; &#38; {{settings}}');
    expect(page).not.toContain('</script><b>');
    const settings = JSON.parse(/<script type="application\/json" id="settings">([^]*?)<\/script>/.exec(page)?.[1] ?? '') as object;
    expect(settings).toMatchObject({
      publishers: [SUBJECT],
      products: ['com.example.hello'],
      publisherName: "O'Neill & <Sons>",
      productName: '</script><b>"Hello" & {{settings}}',
      timestampTrust: [],
    });
  });
});

describe('the script', () => {
  test('is the recipe with three values in it, and may be run', async () => {
    const who = ['--publisher', "CN=O'Neill,O=Example", '--publisher', WHO[1]];
    const { code, stderr } = await verifier(...TRUST, ...who, ...WHAT, '-o', 'verify.sh');
    expect(code, stderr).toBe(0);
    const path = join(cwd, 'verify.sh');
    expect(statSync(path).mode & 0o111).not.toBe(0);
    const script = readFileSync(path, 'utf8');
    const recipe = readFileSync(new URL('../../examples/verify-with-openssl.sh', import.meta.url), 'utf8');
    const [before, after] = recipe.split(/# --- whom to believe[^]*(?=# --- end of what)/);
    expect(script.startsWith(before) && script.endsWith(after)).toBe(true);
    const values = script.slice(before.length, -after.length);
    expect(values).toBe(
      `# --- whom to believe, as "diskseal verifier" was told ---
roots='${readFileSync(join(cwd, 'keys/root.cert.pem'), 'latin1')}'
publishers='CN=O'\\''Neill,O=Example
${WHO[1]}'
products='com.example.hello'
`,
    );
  });

  test('what it cannot read it refuses as itself', async () => {
    writeFileSync(join(cwd, 'text.txt'), 'no certificate');
    const { code, stderr } = await verifier('--trust', 'text.txt', ...WHO, ...WHAT, '-o', 'other.sh');
    expect(code).toBe(2);
    expect(stderr).toContain('text.txt');
  });
});
