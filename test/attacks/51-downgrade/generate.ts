import { bytes, signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'an older version': () => bytes,
  '1.9 is less than 1.10': () => signed({ statement: () => ({ version: '1.9.0' }) }),
  'an older build': () => signed({ statement: () => ({ build: 9 }) }),
  'no build number where one is asked for': () => bytes,
};
