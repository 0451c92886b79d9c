/** Fifty random trees as volumes, shown to 7-Zip: what a person would not think of writing down. */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { stream } from '../../src/core/disk.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { foldKey, toStored } from '../../src/formats/filesystems/hfsplus/names.ts';
import { project } from '../../src/formats/filesystems/hfsplus/project.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';
import { randomTree } from '../support/random-tree.ts';
import { compare } from './compare.ts';
import { expectedEntries } from './expected.ts';
import { sevenZip } from './readers/seven-zip.ts';
import { mayUse } from './tools.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diskseal-random-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** 7-Zip shows other characters for these, or its list cannot be cut into lines. */
// oxlint-disable-next-line no-control-regex
const respell = (name: string): string => name.replace(/[\x01-\x1f\x7f-\x9f\u2028\u2029\u2400]|^ +$/g, '_');
const trees = fc.sample(randomTree({ nameKey: (name) => foldKey(toStored(name)), respell }), { numRuns: 50, seed: 2026 });

describe.runIf(mayUse(sevenZip))('random trees', () => {
  test.each(trees.map((tree, index) => [index, tree] as const))('number %i', async (index, tree) => {
    const volume = join(scratch, `${index}.img`);
    await writeFile(volume, stream(await format(tree, { volumeId: BigInt(index), created: NEW_YEAR, caseSensitive: index % 5 === 0 })));
    const seen = await sevenZip.read({ volume, disk: volume, hasMap: false }, scratch);
    const { faults, compared } = compare(await expectedEntries(project(tree)), seen, sevenZip);
    expect(faults).toEqual([]);
    if (seen.entries.length > 0) expect(compared).toBeGreaterThan(0);
  });
});
