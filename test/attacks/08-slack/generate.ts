import { bytes, places, zip } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'the first byte': () => altered(bytes, (copy) => (copy[places.slack] = 1)),
  'the last byte': () => altered(bytes, (copy) => (copy[places.footer - 1] = 1)),
  'an archive': () => altered(bytes, (copy) => copy.set(zip(100), places.slack + 1000)),
};
