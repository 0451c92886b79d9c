/**
 * Where evidence of revocation comes from: files of the user, and the `crls` of a CMS message (RFC 5652 10.2.1, RFC 5940). Everything is read
 * strictly and nothing is believed yet.
 */
import { DisksealError } from '../core/errors.ts';
import { type CertificateList, parseCertificateList } from '../pki/crl.ts';
import { context, readDer, readHeader, TAG } from '../pki/der.ts';
import { type OcspResponse, parseOcspResponse, readOcspResponse } from '../pki/ocsp.ts';
import { OID, oidName } from '../pki/oids.ts';
import { readPem } from '../pki/pem.ts';

/** What issuers said about their certificates, none of it believed yet. */
export interface RevocationEvidence {
  readonly crls: readonly CertificateList[];
  readonly responses: readonly OcspResponse[];
}

// A text of this size takes ten times as much memory while it is read; longer lists come in DER.
const MAX_PEM = 32 << 20;

/**
 * A file: one or more CRLs in PEM ("X509 CRL"), one in DER, or one OCSP response in DER.
 * @throws DisksealError `E_KEY` when it is none of these, `E_DER`, `E_CERTIFICATE`
 */
export function parseEvidence(source: Uint8Array): RevocationEvidence {
  if (isDer(source)) return parseDer(source);
  const blocks = readPem(source, MAX_PEM).filter(({ label }) => label === 'X509 CRL');
  if (blocks.length === 0) {
    const hint = 'a revocation list in PEM begins with -----BEGIN X509 CRL-----; an OCSP response is given in DER';
    throw new DisksealError('E_KEY', 'the file holds no revocation data', { hint });
  }
  return { crls: blocks.map(({ bytes }) => parseCertificateList(bytes)), responses: [] };
}

/** A SEQUENCE whose length is no printable character, as no text begins. */
function isDer([tag, length]: Uint8Array): boolean {
  return tag === TAG.sequence && length !== undefined && (length >= 0x7f || length < 0x20);
}

/** Both begin with a SEQUENCE; in a list another one follows, in a response the status. */
function parseDer(source: Uint8Array): RevocationEvidence {
  const outer = readHeader(source, 0, source.length, 'revocation data');
  const isResponse = source[outer.contentStart] === TAG.enumerated;
  return isResponse ? { crls: [], responses: [parseOcspResponse(source)] } : { crls: [parseCertificateList(source)], responses: [] };
}

/**
 * RevocationInfoChoice ::= CHOICE { crl CertificateList, other [1] IMPLICIT OtherRevocationInfoFormat }
 * OtherRevocationInfoFormat ::= SEQUENCE { otherRevInfoFormat OBJECT IDENTIFIER, otherRevInfo ANY DEFINED BY otherRevInfoFormat }
 *
 * @throws DisksealError `E_CMS` for a format that is not known, `E_DER`, `E_CERTIFICATE`
 */
export function embeddedEvidence(choices: readonly Uint8Array[]): RevocationEvidence {
  const crls: CertificateList[] = [];
  const responses: OcspResponse[] = [];
  for (const choice of choices) {
    if (choice[0] === TAG.sequence) crls.push(parseCertificateList(choice));
    else responses.push(readOther(choice));
  }
  return { crls, responses };
}

/** RFC 5940 section 2: the format id-ri-ocsp-response has an OCSPResponse. */
function readOther(choice: Uint8Array): OcspResponse {
  const fields = readDer(choice, 'OtherRevocationInfoFormat').fields('OtherRevocationInfoFormat', context(1));
  const format = fields.next(TAG.oid, 'otherRevInfoFormat');
  const type = format.oid('otherRevInfoFormat');
  if (type !== OID.revocationInfoOcsp)
    throw new DisksealError('E_CMS', `revocation data in the format ${oidName(type)}, which is not known`);
  const response = fields.next(TAG.sequence, 'otherRevInfo');
  fields.end();
  return readOcspResponse(response);
}
