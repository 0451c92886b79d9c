import { truncateSync, writeFileSync } from 'node:fs';
import { bytes, places, signed } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import { withMarks } from '../../support/hostile-image.ts';
import type { Cases } from '../kit.ts';

/** A file that takes no room on the disk. */
const zeros = (size: number) => ({ image: (path: string) => (writeFileSync(path, ''), truncateSync(path, size)) });

export const cases: Cases = {
  'a file of 2^31-1 zeros': () => zeros(2 ** 31 - 1),
  'a file of 2^31+1 zeros': () => zeros(2 ** 31 + 1),
  'a file of 2^32-1 zeros': () => zeros(2 ** 32 - 1),
  'a file of 2^32+1 zeros': () => zeros(2 ** 32 + 1),
  'an area of nearly 2^53 bytes': () => withMarks(bytes, { areaSize: 2 ** 53 - 2048 }),
  'parts whose sum leaves 2^53': () =>
    withMarks(bytes, { contentLength: 2 ** 53 - 1, dressingLength: 2 ** 53 - 1, tableLength: 2 ** 53 - 1 }),
  'a size beyond 2^53 in the footer': () => altered(bytes, (copy) => copy.fill(0xff, places.footer + 16, places.footer + 24)),
  'a data fork of 2^53-1 bytes, signed': () => signed({}, { koly: { dataForkLength: 2 ** 53 - 1 } }),
  'a range to 2^53-1, signed': () =>
    signed({ statement: ({ covered: [first, tail] }) => ({ covered: [first, [tail[0], 2 ** 53 - 1 - tail[0]]] }) }),
};
