import { signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a member twice': () => signed({ text: (told) => told.replace('"arch":"universal"', '"arch":"universal","arch":"universal"') }),
  'a member named __proto__': () => signed({ text: (told) => told.replace('"arch"', '"__proto__":{"polluted":1},"arch"') }),
  'a byte order mark': () => signed({ text: (told) => `\ufeff${told}` }),
  'white space': () => signed({ text: (told) => told.replace(',', ', ') }),
  'an escape without need': () => signed({ text: (told) => told.replace('"universal"', String.raw`"\u0075niversal"`) }),
  'a number with an exponent': () => signed({ text: (told) => told.replace('"chunk":65536', '"chunk":65536e0') }),
  '2^53+1': () => signed({ text: (told) => told.replace('"channel"', '"build":9007199254740993,"channel"') }),
  'a lone surrogate': () => signed({ text: (told) => told.replace('"version":"6.6.6"', String.raw`"version":"\ud800"`) }),
  'a second object': () => signed({ text: (told) => told + told }),
};
