/** The readers that are installed, asked about an image; what they cannot judge is counted and said at the end. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { contentAt, type ExpectedEntry } from './expected.ts';
import { dmg2img } from './readers/dmg2img.ts';
import { fshfsinfo } from './readers/fshfsinfo.ts';
import { kernel } from './readers/kernel.ts';
import type { Reader } from './readers/reader.ts';
import { sevenZip } from './readers/seven-zip.ts';
import { sleuthkit } from './readers/sleuthkit.ts';
import { mayUse, run } from './tools.ts';
import { type Unpacked, unpack } from './unpack.ts';

export const readers: readonly Reader[] = [sevenZip, fshfsinfo, sleuthkit, kernel];
const usable = new Map([...readers, dmg2img].map(({ name, ...tool }) => [name, mayUse({ name, ...tool })]));

export function isUsable({ name }: Pick<Reader, 'name'>): boolean {
  return usable.get(name) ?? false;
}

/** Without 7-Zip nobody lays the volumes bare. */
export const canUnpack = isUsable(sevenZip);

/** A judge that stands beside the project on some machines. */
const CHECK_IMAGE = fileURLToPath(new URL('../../../shared/oracles/check-image', import.meta.url));
const hasCheckImage = existsSync(CHECK_IMAGE);
if (!hasCheckImage) console.warn('interop: ../shared/oracles/check-image is not there, its second opinion is SKIPPED');

export interface Shown {
  readonly image: string;
  readonly unpacked: Unpacked;
  readonly expected: readonly ExpectedEntry[];
}

export async function shown(image: string, scratch: string, expected: readonly ExpectedEntry[]): Promise<Shown> {
  return { image, unpacked: await unpack(image, scratch), expected };
}

const notCompared = new Map<string, number>();
let facts = 0;

async function faultsOf(reader: Reader, { image, unpacked, expected }: Shown): Promise<readonly string[]> {
  const seen = await reader.read(unpacked, mkdtempSync(`${image}-`));
  const result = compare(expected, seen, reader);
  facts += result.compared;
  for (const [reason, count] of result.notCompared) {
    const key = `${reader.name} ${reason}`;
    notCompared.set(key, (notCompared.get(key) ?? 0) + count);
  }
  return result.faults;
}

export function sayWhatWasCompared(): void {
  const reasons = [...notCompared].map(([reason, count]) => `  ${count} x ${reason}`);
  console.warn([`interop: compared ${facts} facts; not compared, as the readers cannot:`, ...reasons].join('\n'));
}

/** One test for each reader. @param image - what the readers are shown, ready when the tests run */
export function testWithEveryReader(image: () => Shown): void {
  for (const reader of readers) {
    test.runIf(isUsable(reader))(`as ${reader.name} sees it`, async () => {
      expect(await faultsOf(reader, image())).toEqual([]);
    });
  }

  test.runIf(isUsable(dmg2img))('dmg2img unpacks the same disk as 7-Zip', async () => {
    const other = `${image().image}.raw`;
    dmg2img.unpack(image().image, other);
    expect(await contentAt(other)).toEqual(await contentAt(image().unpacked.disk));
    rmSync(other);
  });

  test.runIf(hasCheckImage)('check-image has no complaint', () => {
    const { status, stdout, stderr } = run(CHECK_IMAGE, ['--no-install', '--seconds', '300', image().image]);
    expect(status, stdout + stderr).toBe(0);
  });
}
