import { signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a smaller first range': () =>
    signed({ statement: ({ covered: [[start, length], tail] }) => ({ covered: [[start, length - 1], tail] }) }),
  'ranges that overlap': () =>
    signed({ statement: ({ covered: [first, [offset, length]] }) => ({ covered: [first, [offset - 1, length + 1]] }) }),
  'a gap': () => signed({ statement: ({ covered: [first, [offset, length]] }) => ({ covered: [first, [offset + 1, length - 1]] }) }),
  'another order': () => signed({ statement: ({ covered: [first, tail] }) => ({ covered: [tail, first] }) }),
  'a range twice': () => signed({ statement: ({ covered: [first, tail] }) => ({ covered: [first, first, tail] }) }),
  'one range only': () => signed({ statement: ({ covered: [first] }) => ({ covered: [first] }) }),
  'more that is masked': () => signed({ statement: ({ masked: [[offset]] }) => ({ masked: [[offset, 17]] }) }),
};
