import { bytes } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

const bad = (): Uint8Array => altered(bytes, (copy) => (copy[100] ^= 1));

export const cases: Cases = {
  'a command': () => bad(),
  'a command in backticks': () => bad(),
  quotes: () => bad(),
  'a variable': () => bad(),
  'an option': () => bad(),
};
