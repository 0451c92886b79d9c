import { bytes, signed } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'another table': () => signed({ table: (truth) => altered(truth, (copy) => (copy[0] ^= 1)) }),
  'a table of zeros': () => signed({ table: (truth) => new Uint8Array(truth.length) }),
  'another root': () => signed({ statement: ({ tree }) => ({ tree: { ...tree, root: '0'.repeat(64) } }) }),
  'other data': () => altered(bytes, (copy) => (copy[1000] ^= 1)),
};
