import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { format } from '../../src/formats/filesystems/iso9660/format.ts';
import { open, views } from '../../src/formats/filesystems/iso9660/open.ts';
import { type ProjectOptions, project } from '../../src/formats/filesystems/iso9660/project.ts';
import { listing } from '../support/listing.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';
import { randomTree } from '../support/random-tree.ts';

/** Rock Ridge keeps names of 255 bytes of UTF-8, well-formed. */
const wellFormed = randomTree({
  respell: (name) => {
    let text = name.replace(/\p{Surrogate}/gu, '_');
    while (new TextEncoder().encode(text).length > 255) text = text.slice(0, -1).replace(/[\ud800-\udbff]$/, '');
    return text;
  },
});

const VOLUMES = [
  ['plain', { rockRidge: false, joliet: false, level: 1 }, ['iso9660']],
  ['Joliet', { rockRidge: false, joliet: true, level: 2 }, ['joliet', 'iso9660']],
  ['Rock Ridge', { rockRidge: true, joliet: false }, ['rockRidge', 'iso9660']],
  ['all three', { rockRidge: true, joliet: 'long', level: 3 }, ['rockRidge', 'joliet', 'iso9660']],
] as const satisfies readonly (readonly [string, Omit<ProjectOptions, 'view'>, readonly ProjectOptions['view'][]])[];

describe('random trees', () => {
  it.each(VOLUMES)('%s: open(format(tree)) equals project(tree) in every view', async (_, options, expected) => {
    await fc.assert(
      fc.asyncProperty(wellFormed, async (tree) => {
        const volume = await format(tree, { ...options, created: NEW_YEAR });
        expect(await views(volume)).toEqual(expected);
        for (const view of expected) {
          expect(await listing(await open(volume, { view }))).toEqual(await listing(project(tree, { ...options, view })));
        }
      }),
      { numRuns: 120 },
    );
  });
});
