import { bytes, joined, places, signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a leaf more': () => signed({ statement: ({ tree }) => ({ tree: { ...tree, leaves: tree.leaves + 1 } }) }),
  'the data fork twice, under the seal of one': () => joined(bytes.subarray(0, places.area), bytes),
};
