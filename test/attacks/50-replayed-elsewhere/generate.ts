import { bytes, signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'another product': () => bytes,
  'another channel': () => bytes,
  'another platform': () => signed({ statement: () => ({ platform: 'windows' }) }),
  'another architecture': () => signed({ statement: () => ({ arch: 'arm64' }) }),
};
