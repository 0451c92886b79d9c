/** An OCSP response put together again with other certificates beside it: those are not signed. Source: RFC 6960 4.2.1; RFC 5940 for CMS. */

import { TAG } from './der.ts';
import { bitString, element, explicit, implicit, octetString, oid, sequence } from './der-write.ts';
import type { OcspResponse } from './ocsp.ts';
import { OID } from './oids.ts';

/** @param certificates - what goes along instead of the response's own */
export function encodeOcspResponse(response: OcspResponse, certificates: readonly Uint8Array[]): Uint8Array {
  const { tbs, signatureAlgorithm, signature } = response;
  const beside = certificates.length > 0 ? [explicit(0, sequence(...certificates))] : [];
  const basic = sequence(tbs, signatureAlgorithm.bytes, bitString(signature), ...beside);
  return sequence(element(TAG.enumerated, Uint8Array.of(0)), explicit(0, sequence(oid(OID.ocspBasic), octetString(basic))));
}

/** As a RevocationInfoChoice of a CMS message. @param response - an OCSPResponse */
export function ocspChoice(response: Uint8Array): Uint8Array {
  return implicit(1, sequence(oid(OID.revocationInfoOcsp), response));
}
