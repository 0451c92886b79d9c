/**
 * A question to an OCSP responder about one certificate. Sources: RFC 6960 section 4.1, in the light form of RFC 5019 section 2.1.
 *
 *     OCSPRequest ::= SEQUENCE { tbsRequest SEQUENCE { requestList SEQUENCE OF SEQUENCE { reqCert CertID } } }
 *
 * Left out, as RFC 5019 has it: a nonce (answers are made beforehand, and their dates say how new they are), a signature, several
 * certificates in one request.
 */

import { TAG } from './der.ts';
import { element, nullValue, octetString, oid, sequence } from './der-write.ts';
import type { CertId } from './ocsp.ts';
import { OID } from './oids.ts';
import { keyOctets } from './public-key.ts';
import { sha1 } from './sha1.ts';
import type { Certificate } from './x509.ts';

/** @param issuer - the certificate of the authority that issued `certificate` */
export function encodeOcspRequest(certificate: Certificate, issuer: Certificate): Uint8Array {
  const { issuerNameHash, issuerKeyHash, serial } = sha1CertId(certificate, issuer);
  const algorithm = sequence(oid(OID.sha1), nullValue());
  const certId = sequence(algorithm, octetString(issuerNameHash), octetString(issuerKeyHash), element(TAG.integer, serial));
  return sequence(sequence(sequence(sequence(certId))));
}

/** RFC 5019 2.1.1: SHA-1 is what every responder knows. It only names the issuer. */
export function sha1CertId(certificate: Certificate, issuer: Certificate): CertId {
  return {
    hash: 'sha1',
    issuerNameHash: sha1(issuer.subject.bytes),
    issuerKeyHash: sha1(keyOctets(issuer.publicKey)),
    serial: certificate.serial,
  };
}
