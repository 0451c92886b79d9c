/**
 * A revocation list or OCSP response as a server sent it, made one that a seal may carry: it says today, as strictly as the strictest verifier
 * asks, that the certificate is good, and nothing rides along that nobody needs.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { parseOcspResponse } from '../pki/ocsp.ts';
import { encodeOcspResponse, ocspChoice } from '../pki/ocsp-write.ts';
import type { Certificate } from '../pki/x509.ts';
import { responderOf } from './ocsp-statement.ts';
import { checkRevocation, parseEvidence, type RevocationEvidence } from './revocation.ts';

/** Seconds that clocks may be wrong. */
const TOLERANCE = 600;

/**
 * @param sent - DER or PEM
 * @param now - Unix seconds
 * @returns a RevocationInfoChoice, DER
 * @throws DisksealError `E_REVOKED` when the certificate was revoked; `E_HTTP` when the answer does not prove that it was not; `E_KEY`, `E_DER`,
 *   `E_CERTIFICATE` when it is none
 */
export async function acceptRevocation(
  sent: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  now: number,
  platform: Platform,
): Promise<Uint8Array> {
  const evidence = withoutSurplus(parseEvidence(sent), issuer);
  const request = { path: [certificate, issuer], at: now, proven: false, now, tolerance: TOLERANCE, mode: 'hard', evidence } as const;
  const { faults, statuses, used } = await checkRevocation(request, platform);
  const [fault] = faults;
  if (fault && statuses[0]!.status === 'revoked') {
    throw new DisksealError('E_REVOKED', fault.message, { hint: 'sign with another key and certificate' });
  }
  if (fault) throw new DisksealError('E_HTTP', fault.message);
  const [list] = evidence.crls;
  const [response] = evidence.responses;
  const [only, ...others] = [...used];
  if (!only || others.length > 0) throw new DisksealError('E_HTTP', 'the server sent more than was asked for');
  return list ? list.bytes : ocspChoice(response!.bytes);
}

/** Of the certificates beside a response only its signer's is needed, and none when the issuer itself signed. */
function withoutSurplus({ crls, responses }: RevocationEvidence, issuer: Certificate): RevocationEvidence {
  const trimmed = responses.map((response) => {
    const signer = responderOf(response, issuer);
    const needed = signer && signer !== issuer ? [signer.bytes] : [];
    return parseOcspResponse(encodeOcspResponse(response, needed));
  });
  return { crls, responses: trimmed };
}
