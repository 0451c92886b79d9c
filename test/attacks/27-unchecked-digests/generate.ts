import { bytes, places, signed } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'another inventory': () => signed({ statement: ({ content }) => ({ content: { ...content, digest: '0'.repeat(64) } }) }),
  'an inventory of another length': () => signed({ statement: ({ content }) => ({ content: { ...content, bytes: content.bytes + 1 } }) }),
  'an inventory of more entries': () => signed({ statement: ({ content }) => ({ content: { ...content, entries: content.entries + 1 } }) }),
  'a dressing that is not there': () => signed({ statement: ({ dressing }) => ({ dressing: { ...dressing, entries: 1 } }) }),
  'an inventory that was changed': () => altered(bytes, (copy) => (copy[places.content + 3] ^= 1)),
};
