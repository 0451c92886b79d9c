import { bytes, signed } from '../../support/attacked-image.ts';
import { withMarks } from '../../support/hostile-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a message that claims a MiB': () => withMarks(bytes, { cmsLength: 1 << 21 }),
  'a table for 2^47 bytes': () => withMarks(bytes, { tableLength: 2 ** 36 }),
  'a statement of a MiB': () => signed({ room: 1 << 20, text: (told) => told.replace('6.6.6', '6'.repeat(900_000)) }),
  'an inventory of zeros': () => signed({}, { content: new Uint8Array(1 << 20) }),
};
