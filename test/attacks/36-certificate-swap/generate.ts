import { encodeSignedData, signedAttributes } from '../../../src/pki/cms-write.ts';
import { intermediate, leaf } from '../../support/attacked-image.ts';
import { sha256, signWith } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, signedAnew } from '../kit.ts';

const twin = () => certified('CN=Somebody Else', { key: leaf.key });

/** The attributes bind the true path. */
function swapped(content: Uint8Array, certificates: readonly Uint8Array[]): Uint8Array {
  const { hash, scheme } = leaf.key;
  const certificateHashes = [leaf.bytes, intermediate.bytes].map(sha256);
  const attributes = signedAttributes({ messageDigest: sha256(content), signingTime: 1_700_000_000, certificateHashes, hash, scheme });
  const signer = { certificate: twin().bytes, hash, scheme, signedAttributes: attributes, signature: signWith(leaf.key, attributes) };
  return encodeSignedData({ content, certificates, signers: [signer] });
}

export const cases: Cases = {
  'the same key under another name': () => signedAnew((content) => swapped(content, [twin().bytes, intermediate.bytes])),
  'the true one beside it': () => signedAnew((content) => swapped(content, [twin().bytes, leaf.bytes, intermediate.bytes])),
};
