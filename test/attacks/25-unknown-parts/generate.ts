import { bytes, signed } from '../../support/attacked-image.ts';
import { withMarks } from '../../support/hostile-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'something critical': () => signed({ text: (told) => told.replace('"covered"', '"critical":["x"],"covered"') }),
  'another version of the statement': () => signed({ text: (told) => told.replace('diskseal/seal/1', 'diskseal/seal/2') }),
  'another version of the marks': () => withMarks(bytes, { version: 2 }),
  'a member that nobody knows': () => signed({ text: (told) => told.replace('"arch"', '"aaaa":1,"arch"') }),
};
