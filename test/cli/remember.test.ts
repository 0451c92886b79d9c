/** The command line with policies: what is in force, what is remembered, what is refused later. Rules 9, 16, 17, attacks 50 to 52. */
import { appendFile, chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal, type Run } from '../support/command-line.ts';
import { type SealedImage, sealedImage } from '../support/sealed-image.ts';

const EXAMPLE = new URL('../../keys.example/', import.meta.url).pathname;
let sealed: SealedImage;
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: sealed.folder });
const build = async (name: string, ...words: string[]): Promise<string> => {
  const { code, stderr } = await run('build', '-o', name, '--force', ...words);
  expect(code, stderr).toBe(0);
  return name;
};
const verify = (image: string, ...words: string[]): Promise<Run> =>
  run('verify', image, '--policy', 'policy.yaml', '--trust', 'keys/root.cert.pem', ...words);
const anybody = ['--publisher', '*'];

beforeAll(async () => {
  sealed = await sealedImage();
  // A file of its own: what the tester's account remembers is neither asked nor touched.
  await put('policy.yaml', 'state: known.json\nproducts: [com.example.hello]\n');
});
const put = async (name: string, text: string): Promise<void> => {
  await writeFile(join(sealed.folder, name), text);
  await chmod(join(sealed.folder, name), 0o644);
};
const known = (): Promise<string> => readFile(join(sealed.folder, 'known.json'), 'utf8');

describe('verify --remember', () => {
  test('rule 8 and 17: a publisher that was named once is known afterwards', async () => {
    await rm(join(sealed.folder, 'known.json'), { force: true });
    expect((await verify(sealed.image)).code).toBe(31);
    const first = await verify(sealed.image, ...anybody, '--remember');
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(await known())).toMatchObject({
      publishers: [{ product: 'com.example.hello', subject: 'CN=Test Publisher', rule: 'key' }],
    });
    const later = await verify(sealed.image);
    expect(later.code).toBe(0);
    expect(later.stdout).toContain('as remembered');
    expect((await verify(sealed.image, '--remember')).code).toBe(0);
  });

  test('it bypasses no trust: without an anchor it is 30, and nothing is written after a refusal', async () => {
    const before = await known();
    expect((await run('verify', sealed.image, '--policy', 'policy.yaml', '--remember')).code).toBe(30);
    expect((await verify(sealed.image, '--channel', 'beta', '--remember')).code).toBe(40);
    const broken = await build('broken.dmg');
    await appendFile(join(sealed.folder, broken), 'x');
    expect((await verify(broken, '--remember')).code).not.toBe(0);
    expect(await known()).toBe(before);
  });

  test('attack 51: an older release, and the same one with other files, is 41', async () => {
    const newer = await build('newer.dmg', '--set', 'version=2.0.0');
    expect((await verify(newer, '--remember')).code).toBe(0);
    const old = await verify(sealed.image);
    expect(old.code).toBe(41);
    expect(old.stderr).toContain('1.0.0 is older than 2.0.0');
    expect((await verify(newer)).code).toBe(0);
    await put('app/extra', 'something else');
    const changed = await build('changed.dmg', '--set', 'version=2.0.0');
    await rm(join(sealed.folder, 'app/extra'));
    const other = await verify(changed);
    expect(other.code).toBe(41);
    expect(other.stderr).toContain('with other files in it');
    expect((await verify(await build('beta.dmg', '--set', 'version=1.5.0', '--set', 'channel=beta'))).code).toBe(0);
  });

  test('rule 17: another key is 31, whoever was named; ls, cat and extract hold to it as well', async () => {
    await run('keys', 'new', 'other', '--name', 'Somebody Else');
    const image = await build(
      'other.dmg',
      '--set',
      'version=3.0.0',
      '--set',
      'sign.key=other/publisher.key.pem',
      '--set',
      'sign.certificates=other/publisher.chain.pem',
    );
    const words = [image, '--policy', 'policy.yaml', '--trust', 'other/publisher.cert.pem'];
    const refused = await run('verify', ...words, ...anybody, '--remember');
    expect(refused.code).toBe(31);
    expect(refused.stderr).toContain(
      'the publisher of com.example.hello has changed: it was CN=Test Publisher, this image is signed by CN=Somebody Else',
    );
    expect((await run('ls', ...words)).code).toBe(31);
    expect((await run('cat', image, 'Hello.app', ...words.slice(1))).code).toBe(31);
    expect((await run('extract', ...words, '-o', 'out')).code).toBe(31);
  });

  test('rule 9: example keys are not remembered', async () => {
    const words = ['--set', `sign.key=${EXAMPLE}publisher.key.pem`, '--set', `sign.certificates=${EXAMPLE}publisher.chain.pem`];
    const image = await build('example.dmg', '--set', 'id=com.example.demo', ...words);
    await put('demo.yaml', 'state: demo.json\n');
    const refused = await run('verify', image, '--policy', 'demo.yaml', '--trust', `${EXAMPLE}publisher.cert.pem`, '--remember');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('example keys are not remembered');
    await expect(stat(join(sealed.folder, 'demo.json'))).rejects.toThrow();
  });

  test('rule 16: a damaged file is 2, for every command', async () => {
    const before = await known();
    await put('known.json', before.slice(0, -20));
    for (const words of [
      ['verify', sealed.image],
      ['ls', sealed.image],
    ]) {
      const { code, stderr } = await run(...words, '--policy', 'policy.yaml', '--trust', 'keys/publisher.cert.pem');
      expect(code).toBe(2);
      expect(stderr).toContain('known.json');
    }
    await put('known.json', before);
  });

  test('with --quick it is a mistake', async () => {
    expect((await verify(sealed.image, '--quick', '--remember')).code).toBe(2);
  });
});

describe('the policy in force', () => {
  test('--explain prints it, and each check', async () => {
    const { stdout } = await verify('newer.dmg', '--min-version', '1.10', '--explain');
    expect(stdout).toMatch(/^policy flags\n {2}trust: .* \(sha256:[0-9a-f]{64}\)\n/);
    expect(stdout).toContain('  minVersion: 1.10\n');
    expect(stdout).toContain('policy policy.yaml\n');
    expect(stdout).toContain('  products: com.example.hello\n');
    expect(stdout).toContain('  revocation: soft\n');
  });

  test('--json has it', async () => {
    const document = (await verify('newer.dmg', '--json')).json();
    expect(document).toMatchObject({
      verified: true,
      policies: [
        { name: 'flags', trust: [{ sha256: expect.any(String) as string }] },
        { name: 'policy.yaml', products: ['com.example.hello'] },
      ],
    });
  });

  test.each([
    [['--product', 'com.example.other'], 40],
    [['--platform', 'linux', '--arch', 'arm64', '--channel', 'stable'], 0],
    [['--min-version', '2.0.1'], 41],
    [['--min-build', '1'], 41],
    [['--require', '2'], 42],
    [['--timestamp', 'required'], 34],
    [['--revocation', 'hard'], 33],
    [['--revocation', 'maybe'], 2],
    [['--min-build', 'x'], 2],
  ])('%j: %d', async (words, expected) => {
    const { code, stderr } = await verify('newer.dmg', ...words);
    expect(code, stderr).toBe(expected);
  });

  test('a mistake in a policy is 2, with line, column and what was meant', async () => {
    await put('wrong.yaml', 'trust: keys/root.cert.pem\nrevocation: hrad\n');
    const { code, stderr } = await run('verify', sealed.image, '--policy', 'wrong.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('wrong.yaml:2:13: revocation must be hard, soft or off');
    expect(stderr).toContain('did you mean "hard"?');
  });

  test('schema --policy prints its schema', async () => {
    const { code, stdout } = await run('schema', '--policy');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'diskseal policy', additionalProperties: false });
  });
});
