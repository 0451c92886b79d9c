/** Every tree as an image, shown to every independent reader that is installed: they must see what is in the tree, and nothing else. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodePlatform } from '../../src/node/platform.ts';
import { createThreadPool } from '../../src/node/threads.ts';
import { file, folder } from '../support/memory-tree.ts';
import { testIdentity } from '../support/signer.ts';
import { compare } from './compare.ts';
import { type ExpectedEntry, expectedEntries } from './expected.ts';
import { buildImage, planOf } from './images.ts';
import { dmg2img } from './readers/dmg2img.ts';
import { fshfsinfo } from './readers/fshfsinfo.ts';
import { kernel } from './readers/kernel.ts';
import type { Reader } from './readers/reader.ts';
import { sevenZip } from './readers/seven-zip.ts';
import { sleuthkit } from './readers/sleuthkit.ts';
import { mayUse, run } from './tools.ts';
import { hugeFile, type InteropTree, interopTrees, manyFiles } from './trees.ts';
import { type Unpacked, unpack } from './unpack.ts';

/** The large ones take minutes. */
const large = process.env['DISKSEAL_INTEROP'] === 'large';
if (!large) console.warn('interop: 100,000 files and a file over 4 GiB are SKIPPED; DISKSEAL_INTEROP=large runs them');

const readers: readonly Reader[] = [sevenZip, fshfsinfo, sleuthkit, kernel];
const usable = new Map([...readers, dmg2img].map((reader) => [reader.name, mayUse(reader)]));
const identity = testIdentity();
/** A judge that stands beside the project on some machines. */
const CHECK_IMAGE = fileURLToPath(new URL('../../../shared/oracles/check-image', import.meta.url));
const hasCheckImage = existsSync(CHECK_IMAGE);
if (!hasCheckImage) console.warn('interop: ../shared/oracles/check-image is not there, its second opinion is SKIPPED');

const pool = createThreadPool();
const platform = nodePlatform(pool);
const notCompared = new Map<string, number>();
let comparedAspects = 0;
const scratch = mkdtempSync(join(tmpdir(), 'diskseal-interop-'));

afterAll(async () => {
  await pool.close();
  rmSync(scratch, { recursive: true, force: true });
  const reasons = [...notCompared].map(([reason, count]) => `  ${count} x ${reason}`);
  console.warn([`interop: compared ${comparedAspects} facts; not compared, as the readers cannot:`, ...reasons].join('\n'));
});

interface Shown {
  readonly image: string;
  readonly unpacked: Unpacked;
  readonly expected: readonly ExpectedEntry[];
}

async function show(tree: InteropTree, sealed: boolean): Promise<Shown> {
  const place = mkdtempSync(join(scratch, 'image-'));
  const image = join(place, 'image.dmg');
  await buildImage(planOf(tree, sealed ? (await identity).signer : undefined), image, platform);
  return { image, unpacked: await unpack(image, place), expected: await expectedEntries(tree.tree) };
}

async function faultsOf(reader: Reader, { unpacked, expected }: Shown): Promise<readonly string[]> {
  const seen = await reader.read(unpacked, mkdtempSync(join(scratch, 'reader-')));
  const result = compare(expected, seen, reader);
  comparedAspects += result.compared;
  for (const [reason, count] of result.notCompared) {
    const key = `${reader.name} ${reason}`;
    notCompared.set(key, (notCompared.get(key) ?? 0) + count);
  }
  return result.faults;
}

const trees = [...interopTrees(), ...(large ? [manyFiles(100_000), hugeFile()] : [])];

describe.runIf(usable.get(sevenZip.name)).each(trees.map((tree) => [tree.name, tree] as const))('%s', (name, tree) => {
  let shown: Shown;
  beforeAll(async () => {
    // One without a seal, so that both kinds are read.
    shown = await show(tree, name !== 'sizes');
  }, 600_000);

  for (const reader of readers) {
    test.runIf(usable.get(reader.name))(`as ${reader.name} sees it`, async () => {
      expect(await faultsOf(reader, shown)).toEqual([]);
    });
  }

  test.runIf(usable.get(dmg2img.name))('dmg2img unpacks the same disk as 7-Zip', () => {
    const other = `${shown.image}.raw`;
    dmg2img.unpack(shown.image, other);
    expect(readFileSync(other).equals(readFileSync(shown.unpacked.disk))).toBe(true);
    rmSync(other);
  });

  test.runIf(hasCheckImage)('check-image has no complaint', () => {
    const { status, stdout, stderr } = run(CHECK_IMAGE, ['--no-install', '--seconds', '300', shown.image]);
    expect(status, stdout + stderr).toBe(0);
  });
});

/** Readers that see no difference between two trees would prove nothing: each must find what is planted in the expectation. */
describe.runIf(usable.get(sevenZip.name))('a reader notices', () => {
  let shown: Shown;
  beforeAll(async () => {
    const entries = [file('changed', 'content'), file('renamed', 'x'), folder('folder', [file('gone', 'x')])];
    shown = await show({ name: 'planted', tree: { root: folder('planted', entries) } }, true);
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
    test.runIf(usable.get(reader.name))(`${reader.name}: every planted difference`, async () => {
      const seen = await reader.read(shown.unpacked, mkdtempSync(join(scratch, 'reader-')));
      expect(compare(shown.expected, seen, reader).faults).toEqual([]);
      for (const [what, change] of planted) {
        expect(compare(shown.expected.flatMap(change), seen, reader).faults, what).not.toEqual([]);
      }
    });
  }
});
