import { testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, sealedBy, signAnyhow, signedAnew } from '../kit.ts';

const rsa = () => certified('CN=RSA', { key: testKey('rsa3072', 'zeros') });

export const cases: Cases = {
  'an RSA key of 2048 bits': () => sealedBy(certified('CN=Weak', { key: testKey('rsa2048', 'weak') })),
  'an RSA key of 1024 bits': () => sealedBy(certified('CN=Weak', { key: testKey('rsa1024', 'weak') })),
  'a signature of zeros': () => signedAnew((content) => signAnyhow(content, rsa(), { signature: new Uint8Array(384) })),
};
