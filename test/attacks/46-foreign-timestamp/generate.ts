import { encodeDigestAlgorithm } from '../../../src/pki/algorithms.ts';
import { parseSignedData } from '../../../src/pki/cms.ts';
import { encodeSignedData, withTimeStampToken } from '../../../src/pki/cms-write.ts';
import { cms, sealed } from '../../support/attacked-image.ts';
import { withCms } from '../../support/forged-seal.ts';
import { makeToken, type TokenRecipe } from '../../support/timestamp-authority.ts';
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

export const cases: Cases = {
  'of another signature': () => stamped({ signature: new Uint8Array(70).fill(1) }),
  'of the content': () => stamped({ signature: parseSignedData(cms()).content }),
  'of another digest than it says': () => stamped({ imprintAlgorithm: encodeDigestAlgorithm('sha384') }),
  'that nobody signed': () => stamped({ signedBy: root }),
};
