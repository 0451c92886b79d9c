import { encodeDigestAlgorithm } from '../../../src/pki/algorithms.ts';
import { parseSignedData } from '../../../src/pki/cms.ts';
import { cms } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';
import { root, stamped } from '../kit.ts';

export const cases: Cases = {
  'of another signature': () => stamped({ signature: new Uint8Array(70).fill(1) }),
  'of the content': () => stamped({ signature: parseSignedData(cms()).content }),
  'of another digest than it says': () => stamped({ imprintAlgorithm: encodeDigestAlgorithm('sha384') }),
  'that nobody signed': () => stamped({ signedBy: root }),
};
