/** Every tree as an image, shown to every independent reader that is installed: they must see what is in the tree, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodePlatform } from '../../src/node/platform.ts';
import { createThreadPool } from '../../src/node/threads.ts';
import { file, folder } from '../support/memory-tree.ts';
import { testIdentity } from '../support/signer.ts';
import { compare } from './compare.ts';
import { type ExpectedEntry, expectedEntries } from './expected.ts';
import { buildImage, planOf } from './images.ts';
import { canUnpack, isUsable, readers, type Shown, sayWhatWasCompared, shown, testWithEveryReader } from './judges.ts';
import { hugeFile, type InteropTree, interopTrees, manyFiles } from './trees.ts';

/** The large ones take minutes. */
const large = process.env['DISKSEAL_INTEROP'] === 'large';
if (!large) console.warn('interop: 100,000 files and a file over 4 GiB are SKIPPED; DISKSEAL_INTEROP=large runs them');

const identity = testIdentity();
const pool = createThreadPool();
const platform = nodePlatform(pool);
const scratch = mkdtempSync(join(tmpdir(), 'diskseal-interop-'));

afterAll(async () => {
  await pool.close();
  rmSync(scratch, { recursive: true, force: true });
  sayWhatWasCompared();
});

async function show(tree: InteropTree, sealed: boolean): Promise<Shown> {
  const place = mkdtempSync(join(scratch, 'image-'));
  const image = join(place, 'image.dmg');
  await buildImage(planOf(tree, sealed ? (await identity).signer : undefined), image, platform);
  return shown(image, place, await expectedEntries(tree.tree));
}

const trees = [...interopTrees(), ...(large ? [manyFiles(100_000), hugeFile()] : [])];

describe.runIf(canUnpack).each(trees.map((tree) => [tree.name, tree] as const))('%s', (name, tree) => {
  let image: Shown;
  beforeAll(async () => {
    // One without a seal, so that both kinds are read.
    image = await show(tree, name !== 'sizes');
  }, 600_000);
  testWithEveryReader(() => image);
});

/** Readers that see no difference between two trees would prove nothing: each must find what is planted in the expectation. */
describe.runIf(canUnpack)('a reader notices', () => {
  let image: Shown;
  beforeAll(async () => {
    const entries = [file('changed', 'content'), file('renamed', 'x'), folder('folder', [file('gone', 'x')])];
    image = await show({ name: 'planted', tree: { root: folder('planted', entries) } }, true);
  });

  const planted: [string, (entry: ExpectedEntry) => ExpectedEntry[]][] = [
    [
      'other content',
      (entry) => (entry.path === 'changed' ? [{ ...entry, content: { size: 7, sha256: '0'.repeat(64), md5: '0'.repeat(32) } }] : [entry]),
    ],
    ['another name', (entry) => (entry.path === 'renamed' ? [{ ...entry, path: 'Renamed' }] : [entry])],
    ['a missing file', (entry) => (entry.path === 'folder/gone' ? [entry, { ...entry, path: 'folder/missing' }] : [entry])],
    ['a file too many', (entry) => (entry.path === 'folder/gone' ? [] : [entry])],
    ['another mode', (entry) => (entry.path === 'changed' ? [{ ...entry, mode: 0o600 }] : [entry])],
    ['another time', (entry) => (entry.path === 'changed' ? [{ ...entry, modified: entry.modified + 1 }] : [entry])],
  ];
  for (const reader of readers) {
    test.runIf(isUsable(reader))(`${reader.name}: every planted difference`, async () => {
      const seen = await reader.read(image.unpacked, mkdtempSync(join(scratch, 'reader-')));
      expect(compare(image.expected, seen, reader).faults).toEqual([]);
      for (const [what, change] of planted) {
        expect(compare(image.expected.flatMap(change), seen, reader).faults, what).not.toEqual([]);
      }
    });
  }
});
