/** The sets of test vectors. Each has keys of its own, which are thrown away, so that one can be made anew and the others stay as they are. */
import { makeDmgSet } from './dmg-set.ts';
import { makeFurtherSet } from './further-set.ts';
import type { Vector } from './vector.ts';
import { type VectorSet, writeSet } from './write.ts';

const SETS: Readonly<Record<Vector['set'], (place: string) => Promise<VectorSet>>> = { dmg: makeDmgSet, further: makeFurtherSet };

/** @param names - of the sets to make */
export async function makeVectors(place: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new Error(`say which sets: ${Object.keys(SETS).join(', ')}`);
  for (const name of names) {
    if (name !== 'dmg' && name !== 'further') throw new Error(`no set "${name}", but ${Object.keys(SETS).join(', ')}`);
    writeSet(place, name, await SETS[name](place));
  }
}
