import { parseSignedData } from '../../../src/pki/cms.ts';
import { encodeSignedData, withTimeStampToken } from '../../../src/pki/cms-write.ts';
import { OID } from '../../../src/pki/oids.ts';
import { cms, intermediate, sealed } from '../../support/attacked-image.ts';
import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import { withCms } from '../../support/forged-seal.ts';
import { extendedKeyUsage, makeToken, type TestAuthority, type TokenRecipe, testAuthority } from '../../support/timestamp-authority.ts';
import type { Cases } from '../kit.ts';
import { authority, type Forged, root, STAMPED } from '../kit.ts';

/** The publisher's image with a timestamp. */
function stamped(recipe: Partial<TokenRecipe>): Forged {
  const { content, certificates, signers } = parseSignedData(cms());
  const [{ signature, bytes: info }] = signers;
  const token = makeToken({ signature, authority, time: STAMPED, ...recipe });
  const signed = encodeSignedData({
    content,
    certificates: certificates.map((one) => one.bytes),
    signers: [withTimeStampToken(info, token)],
  });
  return { image: withCms(sealed, signed), files: { 'tsa.der': authority.root.bytes } };
}

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
