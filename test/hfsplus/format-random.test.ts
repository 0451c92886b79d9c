import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/formats/filesystems/hfsplus/check.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { foldKey, toStored } from '../../src/formats/filesystems/hfsplus/names.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { project } from '../../src/formats/filesystems/hfsplus/project.ts';
import { listing } from '../support/listing.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';
import { randomTree } from '../support/random-tree.ts';

const options = { volumeId: 0x0123_4567_89ab_cdefn, created: NEW_YEAR };

const folded = randomTree({ nameKey: (name) => foldKey(toStored(name)) });
const binary = randomTree({ nameKey: toStored });

describe('random trees', () => {
  it.each([
    ['HFS+', folded, false, 350],
    ['HFSX', binary, true, 150],
  ] as const)('%s: open(format(tree)) equals project(tree)', async (_, trees, caseSensitive, numRuns) => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const volume = await format(tree, { ...options, caseSensitive });
        expect(await check(volume)).toEqual([]);
        const opened = await open(volume);
        expect(opened.caseSensitive).toBe(caseSensitive);
        expect(await listing(opened)).toEqual(await listing(project(tree, { caseSensitive })));
      }),
      { numRuns },
    );
  });
});
