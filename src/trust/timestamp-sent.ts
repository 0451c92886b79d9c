/**
 * A timestamp token as an authority sent it, made one that a seal may carry: in DER, without what is not needed, and proven. Authorities
 * send BER, roots, certificates of their other services and attributes that nobody signed; a seal's tokens are closed
 * (`docs/seal-format.md`, timestamps).
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { derFromBer } from '../pki/ber.ts';
import { parseTimeStampToken, type TstInfo } from '../pki/timestamp-token.ts';
import { encodeTimeStampToken, tokenParts } from '../pki/timestamp-token-write.ts';
import { type Certificate, isRoot, parseCertificate } from '../pki/x509.ts';
import { boundCertificate, issuerIn, proveTimeStamp } from './timestamp-proof.ts';

export interface AcceptedTimeStamp {
  /** DER. */
  readonly token: Uint8Array;
  readonly info: TstInfo;
}

/**
 * @param sent - a TimeStampToken, BER
 * @param signature - the octets that it is to be about
 * @throws DisksealError `E_TIMESTAMP`, `E_DER`: whatever a verifier would refuse
 */
export async function acceptTimeStamp(sent: Uint8Array, signature: Uint8Array, platform: Platform): Promise<AcceptedTimeStamp> {
  const { content, certificates, signer } = tokenParts(derFromBer(sent, 'TimeStampToken'));
  const readable = certificates.filter(isCertificate);
  const whole = parseTimeStampToken(encodeTimeStampToken({ content, certificates: readable, signer }));
  const own = await boundCertificate(whole, platform);
  const chain = await chainAbove(own, whole.certificates, platform);
  const token = encodeTimeStampToken({ content, certificates: chain.map(({ bytes }) => bytes), signer });
  const { info } = (await proveTimeStamp(token, signature, platform)).token;
  return { token, info };
}

/** One that cannot be read is on no path of ours. */
function isCertificate(der: Uint8Array): boolean {
  try {
    parseCertificate(der);
    return true;
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    return false;
  }
}

/** Whoever trusts a root has it. */
async function chainAbove(own: Certificate, certificates: readonly Certificate[], platform: Platform): Promise<Certificate[]> {
  const rest = new Set(certificates);
  const chain: Certificate[] = [];
  for (let next: Certificate | undefined = own; next; next = await issuerIn(next, rest, platform)) {
    rest.delete(next);
    if (chain.length === 0 || !isRoot(next)) chain.push(next);
  }
  return chain;
}
