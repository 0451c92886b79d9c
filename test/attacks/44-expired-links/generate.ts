import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, EXPIRED, root, SUBJECT, sealedBy } from '../kit.ts';

export const cases: Cases = {
  'the certificate': () => sealedBy(certified(SUBJECT, EXPIRED)),
  'the authority alone': () =>
    sealedBy(
      certified(SUBJECT, {
        issuer: makeCertificate({ ...LONG_LIFE, ...EXPIRED, subject: 'CN=Old', key: testKey('p256', 'old'), ca: true, issuer: root }),
      }),
    ),
  'one that is not valid yet': () => sealedBy(certified(SUBJECT, { notBefore: Date.UTC(2048, 0) / 1000 })),
};
