/** Writes timestamp tokens anew: what an authority sent, in the closed form that `timestamp-token.ts` reads, and tokens with a renewal. */
import { encodeSignedData, withoutUnsignedAttributes, withTimeStampToken } from './cms-write.ts';
import { context, readDer, TAG } from './der.ts';
import { sequence, setOf } from './der-write.ts';
import { OID } from './oids.ts';
import { expectType } from './signed-data.ts';
import { parseTimeStampToken } from './timestamp-token.ts';

/** The parts of a token that its signature covers, and the certificates. */
export interface TokenParts {
  /** The DER of TSTInfo. */
  readonly content: Uint8Array;
  /** Each as it stands. */
  readonly certificates: readonly Uint8Array[];
  /** The DER of the SignerInfo. */
  readonly signer: Uint8Array;
}

export function encodeTimeStampToken({ content, certificates, signer }: TokenParts): Uint8Array {
  return encodeSignedData({ contentType: OID.tstInfo, content, certificates, signers: [signer] });
}

/**
 * What is needed of a token that an authority sent. Revocation data, certificates of other kinds and attributes that nobody signed are
 * left behind, and sets are put in order; authorities that write BER sign the signed attributes in DER all the same (RFC 5652 5.4).
 * @param der - DER but for the order of sets behind IMPLICIT tags
 * @throws DisksealError `E_DER`, `E_CMS` when it is no SignedData over TSTInfo with one signer
 */
export function tokenParts(der: Uint8Array): TokenParts {
  const outer = readDer(der, 'ContentInfo').fields('ContentInfo');
  expectType(outer.next(TAG.oid, 'contentType'), OID.idSignedData, 'ContentInfo.contentType');
  const fields = outer.next(context(0), 'content').only('content').fields('SignedData');
  outer.end();
  fields.next(TAG.integer, 'version');
  fields.next(TAG.set, 'digestAlgorithms');
  const wrapped = fields.next(TAG.sequence, 'encapContentInfo').fields('EncapsulatedContentInfo');
  expectType(wrapped.next(TAG.oid, 'eContentType'), OID.tstInfo, 'EncapsulatedContentInfo.eContentType');
  const content = wrapped.next(context(0), 'eContent').only('eContent').octetString('eContent');
  const certificates = fields.optional(context(0))?.children.filter(({ tag }) => tag === TAG.sequence) ?? [];
  fields.optional(context(1));
  const [signer] = fields.next(TAG.set, 'signerInfos').list('signerInfos', { tag: TAG.set, maximum: 1 });
  const members = signer!.expect(TAG.sequence, 'SignerInfo').children;
  const ordered = members.map((member) =>
    member.tag === context(0)
      ? setOf(
          member.children.map(({ bytes }) => bytes),
          context(0),
        )
      : member.bytes,
  );
  return { content, certificates: certificates.map(({ bytes }) => bytes), signer: withoutUnsignedAttributes(sequence(...ordered)) };
}

/**
 * The octets that a further renewal has to be about: the signature of the token, or of its latest renewal.
 * @throws DisksealError `E_TIMESTAMP`
 */
export function signatureToRenew(token: Uint8Array): Uint8Array {
  const { renewal, signer } = parseTimeStampToken(token);
  return renewal ? signatureToRenew(renewal) : signer.signature;
}

/**
 * The token with another token beside its signature (or its latest renewal's).
 * @param renewal - over what `signatureToRenew` gives
 * @throws DisksealError `E_TIMESTAMP`
 */
export function withRenewal(token: Uint8Array, renewal: Uint8Array): Uint8Array {
  const { content, certificates, signer, renewal: older } = parseTimeStampToken(token);
  const renewed = withTimeStampToken(withoutUnsignedAttributes(signer.bytes), older ? withRenewal(older, renewal) : renewal);
  return encodeTimeStampToken({ content, certificates: certificates.map(({ bytes }) => bytes), signer: renewed });
}
