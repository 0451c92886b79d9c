/** `verify --same-content`: two images of one build hold the same files, whatever kinds they are; others do not. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal, type Run } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder = '';
const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });
const TRUST = ['--trust', 'keys/publisher.cert.pem'];
const pair = (one: string, other: string, ...words: string[]): Promise<Run> =>
  run('verify', '--same-content', one, other, ...TRUST, ...words);

async function build(name: string, text: string, iso: object, ...targets: string[]): Promise<void> {
  await writeFile(join(folder, 'text.txt'), text);
  const contents = [
    { src: 'text.txt', dst: 'é/text.txt' },
    { type: 'link', target: 'é', dst: 'link' },
  ];
  const sign = { key: 'keys/publisher.key.pem', certificates: 'keys/publisher.chain.pem' };
  const manifest = {
    name,
    version: '1',
    id: 'com.example.pair',
    mtime: 1_767_225_600,
    output: '${name}.${ext}',
    targets,
    contents,
    sign,
    iso,
  };
  await writeFile(join(folder, 'installer.yaml'), JSON.stringify(manifest));
  const { code, stderr } = await run('build');
  expect(code, stderr).toBe(0);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  expect((await run('keys', 'new', 'keys', '--name', 'Test')).code).toBe(0);
  await build('one', 'text', {}, 'dmg', 'iso');
  await build('disc', 'text', { udf: 'only' }, 'iso', 'bin');
  await build('two', 'other text', {}, 'iso');
}, 120_000);

describe('images of the same files', () => {
  test('a DMG and an ISO image', async () => {
    const { code, stdout, stderr } = await pair('one.dmg', 'one.iso');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('one.iso and one.dmg hold the same files');
    expect(stdout.match(/volume holds exactly the 3 entries/g)).toHaveLength(2);
  });
  test('a UDF volume and a BIN image with it, each with its seal', async () => {
    const seals = ['--seal', 'disc.bin.seal', '--same-content-seal', 'disc.iso.seal'];
    const document = (await pair('disc.iso', 'disc.bin', ...seals, '--json')).json();
    const verified = { verified: true, exitCode: 0, statement: { format: 'raw', placement: 'detached' } };
    expect(document).toMatchObject({ exitCode: 0, sameContent: true, images: [verified, verified] });
    expect((await pair('disc.iso', 'one.dmg', '--same-content-seal', 'disc.iso.seal')).code).toBe(0);
  });
});

describe('refused', () => {
  test('images of other files, both good: 21', async () => {
    const { code, stderr } = await pair('one.dmg', 'two.iso');
    expect(code).toBe(21);
    expect(stderr).toMatch(/hold different files \(E_TAMPERED\)/);
    expect((await pair('one.dmg', 'two.iso', '--json')).json()).toMatchObject({
      exitCode: 21,
      sameContent: false,
      images: [{ verified: true }, { verified: true }],
      error: { code: 'E_TAMPERED' },
    });
  });
  test('an image that is not good, first or second, by its own code', async () => {
    const bytes = await readFile(join(folder, 'one.iso'));
    bytes[bytes.indexOf('text\0\0')] ^= 1;
    await writeFile(join(folder, 'bad.iso'), bytes);
    for (const [one, other] of [
      ['bad.iso', 'one.dmg'],
      ['one.dmg', 'bad.iso'],
    ] as const) {
      const { code, stderr } = await pair(one, other);
      expect(code).toBe(21);
      expect(stderr).toContain('bad.iso: the content is not what was signed');
    }
    expect((await pair('one.dmg', 'disc.bin', '--json')).json()).toMatchObject({ exitCode: 10, sameContent: null });
    expect((await run('verify', '--same-content', 'one.dmg', 'one.iso')).code).toBe(30);
    expect((await pair('none.dmg', 'one.iso')).code).toBe(3);
  });
  test('what cannot be meant: 2', async () => {
    for (const words of [['--quick'], ['--remember'], ['--copy-to', 'x']])
      expect((await pair('one.dmg', 'one.iso', ...words)).code).toBe(2);
    expect((await pair('-', 'one.iso')).code).toBe(2);
    expect((await run('verify', 'one.iso', '--same-content-seal', 'disc.iso.seal', ...TRUST)).code).toBe(2);
  });
});

test('a UDF volume alone has no place for what ISO 9660 says of itself', async () => {
  await writeFile(
    join(folder, 'wrong.yaml'),
    'name: x\nversion: "1"\ntargets: [iso]\ncontents: [{src: text.txt}]\niso: {udf: only, publisher: Me, boot: [{path: text.txt, platform: bios}]}\n',
  );
  const { code, stderr } = await run('build', 'wrong.yaml');
  expect(code).toBe(2);
  expect(stderr.match(/a UDF volume alone has no such thing/g)).toHaveLength(2);
});
