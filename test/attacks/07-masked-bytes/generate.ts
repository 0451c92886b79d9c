import { bytes, koly, places } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a flag': () => koly({ flags: places.koly.flags + 2 }),
  'a reserved byte': () => altered(bytes, (copy) => (copy[copy.length - 1] ^= 1)),
  'a byte before the masked ones': () => altered(bytes, (copy) => (copy[places.trailer + 295] ^= 1)),
  'a byte after the masked ones': () => altered(bytes, (copy) => (copy[places.trailer + 312] ^= 1)),
  'one of the masked bytes': () => altered(bytes, (copy) => (copy[places.trailer + 311] ^= 1)),
};
