/**
 * What `diskseal build` makes of files of this machine: the readers must see those files. The example, an app with all that a folder
 * can hold, and, with DISKSEAL_INTEROP_TREE=DIR, any folder that you like.
 */
import { chmodSync, linkSync, lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import type { ExpectedEntry } from './expected.ts';
import { hostEntries } from './host-expected.ts';
import { canUnpack, type Shown, sayWhatWasCompared, shown, testWithEveryReader } from './judges.ts';
import { noise } from './trees.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diskseal-interop-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  sayWhatWasCompared();
});

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const KEYS = path('../../keys.example/');
const NEW_YEAR_2026 = 1_767_225_600;

async function built(manifest: string, expected: readonly ExpectedEntry[]): Promise<Shown> {
  const place = mkdtempSync(join(scratch, 'image-'));
  const image = join(place, 'image.dmg');
  const { code, stderr } = await diskseal(['build', manifest, '-o', image, '--allow-outside']);
  expect(code, stderr).toBe(0);
  return shown(image, place, expected);
}

/** What the build adds for the Finder, as our own reader extracts it: others must see the same. */
async function dressingOf(manifest: string, modified: number): Promise<ExpectedEntry[]> {
  const place = mkdtempSync(join(scratch, 'dressing-'));
  const [image, folder] = [join(place, 'image.dmg'), join(place, 'extracted')];
  const trust = ['--trust', `${KEYS}publisher.cert.pem`];
  for (const words of [
    ['build', manifest, '-o', image],
    ['extract', image, '-o', folder, ...trust],
  ]) {
    const { code, stderr } = await diskseal(words);
    expect(code, stderr).toBe(0);
  }
  const accept = (name: string): boolean => name === '.DS_Store' || name.startsWith('.background');
  return hostEntries(folder, { as: '', modified, accept });
}

/** @param lines - of the manifest, beside name, version, id and keys */
function manifestOf(name: string, lines: readonly string[]): string {
  const manifest = join(scratch, `${name}.yaml`);
  const sign = `sign: { key: ${JSON.stringify(`${KEYS}publisher.key.pem`)}, certificates: ${JSON.stringify(`${KEYS}publisher.chain.pem`)} }`;
  writeFileSync(manifest, [`name: ${name}`, 'version: 1.0.0', 'id: com.example.interop', sign, ...lines].join('\n'));
  return manifest;
}

describe.runIf(canUnpack)('the example', () => {
  let image: Shown;
  beforeAll(async () => {
    const example = path('../../examples/hello/');
    const modified = NEW_YEAR_2026;
    const link = { type: 'symlink', target: '/Applications', mode: 0o755, links: 1 } as const;
    const docs = await hostEntries(`${example}docs`, {
      as: 'Docs',
      modified,
      accept: (name) => name.endsWith('.md') && !name.startsWith('draft'),
    });
    expect(docs.length).toBeGreaterThan(1);
    const dressing = await dressingOf(`${example}installer.yaml`, modified);
    expect(dressing.map(({ path: name }) => name)).toEqual(['.DS_Store', '.background', '.background/background.tiff']);
    image = await built(`${example}installer.yaml`, [
      ...dressing,
      ...(await hostEntries(`${example}build/Hello.app`, { as: 'Hello.app', modified })),
      ...docs,
      { path: 'Applications', ...link, uid: 0, gid: 0, modified, attributes: new Map() },
    ]);
  });
  testWithEveryReader(() => image);
});

describe.runIf(canUnpack)('an app with times of its own', () => {
  let image: Shown;
  beforeAll(async () => {
    const app = makeApp();
    image = await built(
      manifestOf('Own', [`contents: [{ src: ${JSON.stringify(app)}, dst: Own.app }]`]),
      await hostEntries(app, { as: 'Own.app' }),
    );
  });
  testWithEveryReader(() => image);
});

/** Programs, texts, links of both kinds, empty things, odd names, more than one run of data. */
function makeApp(): string {
  const app = join(scratch, 'Own.app');
  const place = (name: string): string => join(app, 'Contents', name);
  mkdirSync(place('MacOS'), { recursive: true });
  mkdirSync(place('Resources/empty folder'), { recursive: true });
  writeFileSync(place('MacOS/program'), noise(2_500_000, 'program'));
  chmodSync(place('MacOS/program'), 0o711);
  writeFileSync(place('Info.plist'), '<plist/>');
  writeFileSync(place('Resources/empty file'), '');
  writeFileSync(place('Resources/caf\u00e9: r\u00e9sum\u00e9'), 'composed, with a colon');
  writeFileSync(place('Resources/\ud83d\udce6'), 'a box');
  writeFileSync(place('Resources/linked'), 'two names');
  linkSync(place('Resources/linked'), place('Resources/linked again'));
  symlinkSync('MacOS/program', place('run'));
  symlinkSync('nowhere', place('dangling'));
  utimesSync(place('Info.plist'), 1_234_567_890.9, 1_234_567_890.9);
  lutimesSync(place('run'), 1_500_000_000, 1_500_000_000);
  utimesSync(place('Resources'), 1_600_000_000, 1_600_000_000);
  return app;
}

const chosen = process.env['DISKSEAL_INTEROP_TREE'];
describe.runIf(canUnpack && chosen)('the folder of DISKSEAL_INTEROP_TREE', () => {
  let image: Shown;
  beforeAll(async () => {
    const folder = chosen!;
    image = await built(
      manifestOf('Chosen', [`contents: [{ src: ${JSON.stringify(folder)}, dst: . }]`]),
      await hostEntries(folder, { as: '' }),
    );
  }, 600_000);
  testWithEveryReader(() => image);
});

test.runIf(canUnpack)('what is expected of a folder is not empty', async () => {
  expect((await hostEntries(path('.'), { as: 'interop' })).map(({ path }) => path)).toContain('interop/command-line.test.ts');
});
