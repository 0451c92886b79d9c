import { OID } from '../../../src/pki/oids.ts';
import { LONG_LIFE, type Made, makeCertificate, type Recipe, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, leaf, root, SUBJECT, sealedBy } from '../kit.ts';

const middle = (extensions: Record<string, undefined>, keyUsage?: Recipe['keyUsage']): Made =>
  makeCertificate({ ...LONG_LIFE, subject: 'CN=Middle', key: testKey('p256', 'middle'), ca: true, issuer: root, extensions, keyUsage });

export const cases: Cases = {
  'by the publisher himself': () => sealedBy(certified(SUBJECT, { issuer: leaf })),
  'by an intermediate without basicConstraints': () =>
    sealedBy(certified(SUBJECT, { issuer: middle({ [OID.basicConstraints]: undefined }) })),
  'by an intermediate that may not sign certificates': () => sealedBy(certified(SUBJECT, { issuer: middle({}, ['digitalSignature']) })),
};
