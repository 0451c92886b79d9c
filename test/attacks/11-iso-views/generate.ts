import { joined, leaf } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import { sealedInside } from '../../support/sealed-foreign.ts';
import { smallIso } from '../../support/small-images.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a Joliet view of other content': () =>
    sealedInside(smallIso({ joliet: { name: 'FILE.TXT', content: 'something else' } }), leaf, {}, smallIso()),
  'a Joliet view of another name': () =>
    sealedInside(smallIso({ joliet: { name: 'OTHER.TXT', content: smallIso.content } }), leaf, {}, smallIso()),
  'two primary descriptors': async () =>
    altered(await sealedInside(smallIso({ padding: 40 }), leaf), (copy) => copy.copyWithin(17 * 2048, 16 * 2048, 17 * 2048)),
  'a byte behind the volume': async () => joined(await sealedInside(smallIso({ padding: 40 }), leaf), new Uint8Array(1)),
};
