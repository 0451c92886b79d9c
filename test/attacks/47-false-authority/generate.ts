import { OID } from '../../../src/pki/oids.ts';
import { intermediate } from '../../support/attacked-image.ts';
import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import { extendedKeyUsage, type TestAuthority, testAuthority } from '../../support/timestamp-authority.ts';
import type { Cases } from '../kit.ts';
import { root, stamped } from '../kit.ts';

function underPublisher(): TestAuthority {
  const extensions = { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]) };
  return {
    root,
    intermediate,
    leaf: makeCertificate({ ...LONG_LIFE, subject: 'CN=Minted', key: testKey('p256', 'minted'), issuer: intermediate, extensions }),
  };
}

export const cases: Cases = {
  'for code signing': () =>
    stamped({
      authority: testAuthority(
        'p256',
        { ...LONG_LIFE, extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.codeSigning]) } },
        'Code',
      ),
    }),
  'for timestamps and more': () =>
    stamped({
      authority: testAuthority(
        'p256',
        { ...LONG_LIFE, extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping, OID.codeSigning]) } },
        'More',
      ),
    }),
  'under the root of the publisher': () => stamped({ authority: underPublisher() }),
  'in the future': () => stamped({ time: Date.UTC(2048, 0) / 1000 }),
  'under a root that nobody trusts': () => stamped({ authority: testAuthority('p256', LONG_LIFE, 'Nobody') }),
};
