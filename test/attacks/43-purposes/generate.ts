import { OID } from '../../../src/pki/oids.ts';
import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, root, SUBJECT, sealedBy } from '../kit.ts';

export const cases: Cases = {
  'for servers': () => sealedBy(certified(SUBJECT, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })),
  'for anything': () => sealedBy(certified(SUBJECT, { extendedKeyUsage: [OID.anyExtendedKeyUsage] })),
  'for no purpose that is said': () => sealedBy(certified(SUBJECT, { extensions: { [OID.extendedKeyUsage]: undefined } })),
  'not for signing': () => sealedBy(certified(SUBJECT, { keyUsage: ['nonRepudiation'] })),
  'under an authority for servers': () =>
    sealedBy(
      certified(SUBJECT, {
        issuer: makeCertificate({
          ...LONG_LIFE,
          subject: 'CN=Servers',
          key: testKey('p256', 'servers'),
          ca: true,
          issuer: root,
          extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
        }),
      }),
    ),
};
