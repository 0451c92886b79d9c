/** A sealed DMG that asks for agreement: built by the command line, shown by `inspect`, covered by the seal, read by Python's plistlib by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KEYS = fileURLToPath(new URL('../../keys.example/', import.meta.url));
const TEXTS = {
  en_US: 'Do what you like.',
  de_DE: 'Tun Sie, was Sie mögen.',
  ja_JP: '好きなようにしてください。',
  ru_RU: 'Делайте что хотите.',
  zh_TW: '隨意使用。',
};

const manifest = (licence: string, more = ''): string =>
  [
    'name: Asking',
    'version: 1.0.0',
    'id: com.example.asking',
    'mtime: 2026-01-01T00:00:00Z',
    'contents: [{ src: en_US.txt, dst: Read me.txt }]',
    licence,
    `sign: { key: ${JSON.stringify(join(KEYS, 'publisher.key.pem'))}, certificates: ${JSON.stringify(join(KEYS, 'publisher.chain.pem'))} }`,
    more,
    '',
  ].join('\n');

let folder: string;
const build = (name: string, licence: string, ...words: string[]) => {
  writeFileSync(join(folder, `${name}.yaml`), manifest(licence, words[0]?.startsWith('targets') ? words.shift() : ''));
  return diskseal(['build', `${name}.yaml`, '--force', ...words], { cwd: folder });
};

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const [locale, text] of Object.entries(TEXTS)) writeFileSync(join(folder, `${locale}.txt`), text);
  const five = `license: { ${Object.keys(TEXTS)
    .map((locale) => `${locale}: ${locale}.txt`)
    .join(', ')} }\nlicenseDefault: ja-JP`;
  const run = await build('five', five, '-o', 'five.dmg');
  expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/refused by "diskutil image"/) });
});

describe('a licence in five languages', () => {
  test('inspect shows languages and texts', async () => {
    const run = await diskseal(['inspect', 'five.dmg'], { cwd: folder });
    expect(run.stdout).toMatch(
      /^licence +ja_JP \(default\), 13 characters: 好きなようにしてください。\n +en_US, 17 characters: Do what you like\.\n/m,
    );
    const { licence } = (await diskseal(['inspect', 'five.dmg', '--json'], { cwd: folder })).json() as {
      licence: { locale: string; text: string; isDefault: boolean; words: string[] }[];
    };
    expect(Object.fromEntries(licence.map(({ locale, text }) => [locale, text]))).toEqual(TEXTS);
    expect(licence.map(({ isDefault }) => isDefault)).toEqual([true, false, false, false, false]);
    expect(licence[0]?.words[1]).toBe('同意する');
  });

  test('the raw view still puts the block tables where they are', async () => {
    const { fields } = (await diskseal(['inspect', 'five.dmg', '--raw', '--json'], { cwd: folder })).json() as {
      fields: { label: string; offset: number }[];
    };
    const bytes = readFileSync(join(folder, 'five.dmg'));
    const tables = fields.filter(({ label }) => /^blkx\[\d+\]\.BlockTable\.signature$/.test(label));
    expect(tables.length).toBeGreaterThan(3);
    for (const { offset } of tables) expect(bytes.toString('latin1', offset, offset + 5)).toBe('bWlza');
  });

  test('the seal covers it: verify passes, and not when a word is another', async () => {
    const trust = ['--trust', join(KEYS, 'publisher.cert.pem')];
    expect(await diskseal(['verify', 'five.dmg', ...trust], { cwd: folder })).toMatchObject({ code: 0 });
    const bytes = readFileSync(join(folder, 'five.dmg'));
    const at = bytes.indexOf('<key>TEXT</key>');
    bytes[bytes.indexOf('<data>', at) + 9] ^= 1;
    writeFileSync(join(folder, 'other.dmg'), bytes);
    expect(await diskseal(['verify', 'other.dmg', ...trust], { cwd: folder })).toMatchObject({ code: 21 });
  });

  test('twice the same bytes', async () => {
    const licence = 'license: en_US.txt';
    await build('one', licence, '-o', 'one.dmg');
    await build('two', licence, '-o', 'two.dmg');
    const [one, two] = ['one.dmg', 'two.dmg'].map((name) => readFileSync(join(folder, name)));
    expect(one?.subarray(one.lastIndexOf('<?xml'), -512)).toEqual(two?.subarray(two.lastIndexOf('<?xml'), -512));
  });

  test('an image of another kind cannot ask, and the build says so', async () => {
    const run = await build('iso', 'license: en_US.txt', 'targets: [dmg, iso]');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/only a DMG can ask for agreement.*Asking-1\.0\.0\.iso will not/) });
  });
});

describe('what will not do', () => {
  test.each([
    ['license: missing.txt', /missing\.txt: .*there is no such/s],
    ['license: ../en_US.txt', /lies outside/],
    ['license: { ja_JA: en_US.txt }', /cannot be for "ja_JA"[^]*did you mean "ja_JP"/],
    ['license: { ja: ja_JP.txt, ja-JP: ja_JP.txt }', /ja_JP has two licences/],
    ['license: { ja: ja_JP.txt }\nlicenseDefault: de', /no licence for de_DE/],
    ['licenseDefault: de', /no "license" to choose from/],
    ['license: {}', /at least one language/],
    ['license: [en_US.txt]', /a file for each language/],
    ['license: .', /a licence is a file/],
    ['license: binary.dat', /neither UTF-8 text nor RTF/],
  ])('%s', async (licence, said) => {
    writeFileSync(join(folder, 'binary.dat'), Uint8Array.of(0xff, 0xfe, 0xff));
    const run = await build('bad', licence);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
    expect(run.stderr).toMatch(/bad\.yaml:\d+:\d+/);
  });
});
