import { signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'another flat digest': () => signed({ statement: () => ({ flat: '0'.repeat(64) }) }),
};
