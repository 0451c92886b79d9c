import { LONG_LIFE, type Made, makeCertificate, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { SUBJECT, sealedBy } from '../kit.ts';

const own = (): Made => {
  const root = makeCertificate({ ...LONG_LIFE, subject: 'O=Demo,CN=Demo Root', key: testKey('p256', 'own root'), ca: true });
  return makeCertificate({ ...LONG_LIFE, subject: SUBJECT, key: testKey('p256', 'attacker'), issuer: root });
};

export const cases: Cases = {
  'its own root among the certificates': () => sealedBy(own()),
  'its own root, and no trust given': () => sealedBy(own()),
  'a certificate that certifies itself': () =>
    sealedBy(makeCertificate({ ...LONG_LIFE, subject: SUBJECT, key: testKey('p256', 'attacker') })),
};
