import { bytes } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';
import { certified, sealedBy } from '../kit.ts';

export const cases: Cases = {
  "in the signer's name": () =>
    sealedBy(certified('O=x,CN=y\u001b]0;owned\u0007\u001b[2J\u202e\u200b\u2028\nok    publisher  CN=Somebody')),
  'in the name of the file': () => altered(bytes, (copy) => (copy[100] ^= 1)),
};
