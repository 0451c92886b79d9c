/** What the generators of the attacks share: one publisher, one sealed image of his, and the ways to forge it. */
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, withTimeStampToken } from '../../src/pki/cms-write.ts';
import { cms, intermediate, leaf, pieces, root, sealed } from '../support/attacked-image.ts';
import { LONG_LIFE, type Made, makeCertificate, type Recipe, testKey } from '../support/certificates.ts';
import { at, type Node, treeOf, write } from '../support/der-tree.ts';
import { signAnyhow, withCms } from '../support/forged-seal.ts';
import { assembled } from '../support/hostile-image.ts';
import { makeToken, type TestAuthority, type TokenRecipe, testAuthority } from '../support/timestamp-authority.ts';

/** An image as bytes, or something that puts at a path what is no bytes, and files beside it. */
export type Forged =
  | Uint8Array
  | { readonly image: Uint8Array | ((path: string) => void); readonly files?: Readonly<Record<string, Uint8Array | string>> };
/** One for each case of `attack.json`, by its name. */
export type Cases = Readonly<Record<string, () => Forged | Promise<Forged>>>;

export const SUBJECT = 'O=Demo,CN=Demo Publisher';
export const EXPIRED = { notAfter: Date.UTC(2024, 0) / 1000 };

/** A certificate under the publisher's authority, of another key. */
export function certified(subject: string, more: Partial<Recipe> = {}): Made {
  return makeCertificate({ ...LONG_LIFE, subject, key: testKey('p256', 'attacker'), issuer: intermediate, ...more });
}

/** The publisher's image, sealed by somebody else. */
export const sealedBy = (by: Made): Promise<Uint8Array> => assembled(pieces, { by });

/** The image with its CMS changed as a tree of DER: not signed anew. */
export function reformed(change: (top: Node) => void): Uint8Array {
  const top = treeOf(cms());
  change(top);
  return withCms(sealed, write(top));
}

/** SignerInfo of the one signer. */
export const signerInfo = (top: Node): Node => at(top, 1, 0, 4, 0);

/** The image with a message over its statement that the publisher signed in another way. */
export async function signedAnew(sign: (content: Uint8Array) => Uint8Array): Promise<Uint8Array> {
  return assembled(pieces, { by: leaf, sign });
}

export { leaf, root, signAnyhow };

/** An authority for timestamps, whose certificates outlive the tests. */
export const authority: TestAuthority = testAuthority('p256', LONG_LIFE, 'Time');
/** The moment of every timestamp here: long before any clock that runs the tests. */
export const STAMPED = Date.UTC(2024, 5, 1) / 1000;

/** The publisher's image with a timestamp. */
export function stamped(recipe: Partial<TokenRecipe>): Forged {
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
