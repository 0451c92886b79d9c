import { bytes, koly, places, signed } from '../../support/attacked-image.ts';
import { inserted } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'other chunks': () => signed({ statement: ({ tree }) => ({ tree: { ...tree, chunk: 4096 } }) }),
  'another algorithm': () => signed({ statement: ({ tree }) => ({ tree: { ...tree, algorithm: 'sha256' } }) }),
  'a last chunk padded with zeros': () =>
    koly({ dataForkLength: places.area + 512, xmlOffset: places.plist + 512 }, inserted(bytes, places.area, new Uint8Array(512))),
};
