import { signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'half the leaves': () => signed({ statement: ({ tree }) => ({ tree: { ...tree, leaves: tree.leaves / 2 } }) }),
  'the root as the only leaf': () => signed({ table: (truth) => truth.fill(0, 32) }),
};
