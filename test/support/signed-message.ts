/** CMS messages of any signers, each with the timestamps that are wanted, and revocation data beside them. */
import { encodeSignedData } from '../../src/pki/cms-write.ts';
import { signatureToRenew, withRenewal } from '../../src/pki/timestamp-token-write.ts';
import { signOnce } from '../../src/seal/sign.ts';
import { type Made, NOW, signerOf } from './certificates.ts';
import { testPlatform } from './platform.ts';
import { makeToken, type TokenRecipe } from './timestamp-authority.ts';

export interface MessageRecipe {
  readonly content: Uint8Array;
  readonly signers: readonly SignerRecipe[];
  /** RevocationInfoChoice elements. */
  readonly revocations?: readonly Uint8Array[];
}

export interface TimestampRecipe extends Omit<TokenRecipe, 'signature'> {
  readonly renewal?: TimestampRecipe;
}

export interface SignerRecipe {
  readonly leaf: Made;
  /** What the signer's clock says. */
  readonly signingTime?: number;
  readonly tokens?: readonly TimestampRecipe[];
}

export async function signedMessage({ content, signers, revocations }: MessageRecipe): Promise<Uint8Array> {
  const signed = await Promise.all(
    signers.map(async ({ leaf, signingTime = NOW, tokens = [] }) => {
      const { parts, path } = await signOnce(content, signerOf(leaf), { platform: testPlatform, signingTime });
      const timeStampTokens = tokens.map((token) => timestamp(token, parts.signature));
      return { parts: { ...parts, timeStampTokens }, path };
    }),
  );
  const certificates = signed.flatMap(({ path }) => path);
  return encodeSignedData({ content, certificates, signers: signed.map(({ parts }) => parts), revocations });
}

function timestamp({ renewal, ...recipe }: TimestampRecipe, signature: Uint8Array): Uint8Array {
  const token = makeToken({ ...recipe, signature });
  return renewal ? withRenewal(token, timestamp(renewal, signatureToRenew(token))) : token;
}
