/**
 * Answers of the Online Certificate Status Protocol. Source: RFC 6960 section 4.2. Syntax only: what an answer is worth is decided in `trust/`.
 *
 *     OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
 *     ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING }
 *     BasicOCSPResponse ::= SEQUENCE { tbsResponseData ResponseData, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING,
 *       certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
 *     ResponseData ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1, responderID ResponderID, producedAt GeneralizedTime,
 *       responses SEQUENCE OF SingleResponse, responseExtensions [1] EXPLICIT Extensions OPTIONAL }
 *
 * Left out: answers of another type than basic, which nobody makes.
 */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { type Revocation, readReason } from './crl-entries.ts';
import { context, type DerElement, readDer, TAG } from './der.ts';
import { type Extension, listExtensions } from './extensions.ts';
import { type Name, readName } from './name.ts';
import { OID, oidName } from './oids.ts';
import { type Certificate, readCertificate } from './x509.ts';

export interface OcspResponse {
  /** The whole OCSPResponse as it stands. */
  readonly bytes: Uint8Array;
  /** What is signed: ResponseData. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly responder: ResponderId;
  /** Unix seconds. */
  readonly producedAt: number;
  /** At least one. */
  readonly answers: readonly OcspAnswer[];
  /** Not signed: they may help to find the responder's key. */
  readonly certificates: readonly Certificate[];
}

export type ResponderId =
  | { readonly kind: 'name'; readonly name: Name }
  /** SHA-1 over the octets of the responder's key. */
  | { readonly kind: 'key'; readonly keyHash: Uint8Array };

/** Names a certificate by hashes of its issuer's name and key, and its serial number. */
export interface CertId {
  readonly hash: 'sha1' | HashAlgorithm;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array;
}

/** What a responder says about one certificate: SingleResponse. */
export interface OcspAnswer {
  readonly certId: CertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** When it is `revoked`. */
  readonly revocation: Revocation | undefined;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** Unix seconds: certificates that expired since then are still known. */
  readonly archiveCutoff: number | undefined;
}

const MAX_SIZE = 1 << 20;
const MAX_ANSWERS = 256;
const MAX_CERTIFICATES = 16;

/** RFC 6960 4.2.1: OCSPResponseStatus, by its numbers; 4 is not used. */
const FAILURES = ['', 'a malformed request', 'an internal error', 'try later', undefined, 'a signature is required', 'not authorized'];

/**
 * @param der - exactly one response
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER` or `E_CERTIFICATE`, also when the responder gave no answer
 */
export function parseOcspResponse(der: Uint8Array, base = 0): OcspResponse {
  if (der.length > MAX_SIZE) throw malformed(`${der.length} bytes are more than ${MAX_SIZE}`, base);
  return readOcspResponse(readDer(der, 'OCSPResponse', base));
}

export function readOcspResponse(element: DerElement): OcspResponse {
  const fields = element.fields('OCSPResponse');
  const status = fields.next(TAG.enumerated, 'responseStatus');
  const body = fields.optional(context(0));
  fields.end();
  const [number] = status.content;
  if (status.content.length !== 1 || FAILURES[number!] === undefined) throw malformed('a status that does not exist', status.offset);
  if (number !== 0) throw malformed(`the responder refused to answer: ${FAILURES[number!]}`, status.offset);
  if (!body) throw malformed('it holds no answer', element.offset);
  const response = body.only('responseBytes').fields('ResponseBytes');
  const type = response.next(TAG.oid, 'responseType').oid('responseType');
  if (type !== OID.ocspBasic) throw malformed(`an answer of the type ${oidName(type)}`, body.offset);
  const basic = response.next(TAG.octetString, 'response').nested('BasicOCSPResponse');
  response.end();
  return { bytes: element.bytes, ...readBasic(basic) };
}

function readBasic(element: DerElement): Omit<OcspResponse, 'bytes'> {
  const fields = element.fields('BasicOCSPResponse');
  const tbs = fields.next(TAG.sequence, 'tbsResponseData');
  const signatureAlgorithm = readAlgorithm(fields.any('signatureAlgorithm'), 'BasicOCSPResponse.signatureAlgorithm');
  const signature = fields.next(TAG.bitString, 'signature').bitStringOctets('BasicOCSPResponse.signature');
  const wrapped = fields.optional(context(0));
  fields.end();
  const certificates = wrapped?.only('certs').list('certs', { maximum: MAX_CERTIFICATES }) ?? [];
  return { tbs: tbs.bytes, signatureAlgorithm, signature, certificates: certificates.map(readCertificate), ...readData(tbs) };
}

function readData(element: DerElement): Pick<OcspResponse, 'responder' | 'producedAt' | 'answers'> {
  const fields = element.fields('ResponseData');
  const version = fields.optional(context(0));
  if (version) throw malformed('a version other than 1, or version 1 written out', version.offset);
  const responder = readResponder(fields.any('responderID'));
  const producedAt = readMoment(fields.any('producedAt'), 'producedAt');
  const answers = fields.next(TAG.sequence, 'responses').list('responses', { maximum: MAX_ANSWERS }).map(readAnswer);
  const extensions = readOcspExtensions(fields.optional(context(1)), RESPONSE_EXTENSIONS);
  fields.end();
  // Both change nothing: no nonce was sent, and a certificate that was never issued is called revoked with or without the mark.
  extensions.get(OID.ocspNonce)?.value.nested('nonce').octetString('nonce');
  extensions.get(OID.ocspExtendedRevoke)?.value.nested('extendedRevoke').null('extendedRevoke');
  return { responder, producedAt, answers };
}

/** ResponderID ::= CHOICE { byName [1] EXPLICIT Name, byKey [2] EXPLICIT OCTET STRING } */
function readResponder(element: DerElement): ResponderId {
  if (element.tag === context(1)) return { kind: 'name', name: readName(element.only('byName'), 'byName') };
  const keyHash = element.expect(context(2), 'responderID').only('byKey').octetString('byKey');
  if (keyHash.length !== 20) throw malformed('a key hash that is no SHA-1', element.offset);
  return { kind: 'key', keyHash };
}

/**
 * SingleResponse ::= SEQUENCE { certID CertID, certStatus CertStatus, thisUpdate GeneralizedTime, nextUpdate [0] EXPLICIT GeneralizedTime
 *   OPTIONAL, singleExtensions [1] EXPLICIT Extensions OPTIONAL }
 */
function readAnswer(element: DerElement): OcspAnswer {
  const fields = element.fields('SingleResponse');
  const certId = readCertId(fields.next(TAG.sequence, 'certID'));
  const state = readStatus(fields.any('certStatus'));
  const thisUpdate = readMoment(fields.any('thisUpdate'), 'thisUpdate');
  const next = fields.optional(context(0));
  const nextUpdate = next && readMoment(next.only('nextUpdate'), 'nextUpdate');
  const extensions = readOcspExtensions(fields.optional(context(1)), ANSWER_EXTENSIONS);
  fields.end();
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) throw malformed('its next update comes before this one', element.offset);
  const cutoff = extensions.get(OID.ocspArchiveCutoff)?.value.nested('archiveCutoff');
  return { certId, ...state, thisUpdate, nextUpdate, archiveCutoff: cutoff && readMoment(cutoff, 'archiveCutoff') };
}

/** CertID ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, issuerNameHash OCTET STRING, issuerKeyHash OCTET STRING, serialNumber INTEGER } */
function readCertId(element: DerElement): CertId {
  const fields = element.fields('CertID');
  const algorithm = readAlgorithm(fields.any('hashAlgorithm'), 'CertID.hashAlgorithm');
  const issuerNameHash = fields.next(TAG.octetString, 'issuerNameHash').content;
  const issuerKeyHash = fields.next(TAG.octetString, 'issuerKeyHash').content;
  const serial = fields.next(TAG.integer, 'serialNumber').content;
  fields.end();
  const known = HASHES.get(algorithm.oid);
  // RFC 4055 2.1 and RFC 5754 2: with NULL or without parameters.
  if (!known || (algorithm.parameters && algorithm.parameters.tag !== TAG.null)) {
    throw malformed(`a certificate named by ${oidName(algorithm.oid)}`, algorithm.offset);
  }
  const { hash, size } = known;
  if (issuerNameHash.length !== size || issuerKeyHash.length !== size) throw malformed('hashes of a wrong length', element.offset);
  return { hash, issuerNameHash, issuerKeyHash, serial };
}

const HASHES: ReadonlyMap<string, { hash: CertId['hash']; size: number }> = new Map([
  [OID.sha1, { hash: 'sha1', size: 20 }],
  [OID.sha256, { hash: 'sha256', size: 32 }],
  [OID.sha384, { hash: 'sha384', size: 48 }],
  [OID.sha512, { hash: 'sha512', size: 64 }],
]);

/** CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] IMPLICIT NULL } */
function readStatus(element: DerElement): Pick<OcspAnswer, 'status' | 'revocation'> {
  if (element.tag === context(1)) return { status: 'revoked', revocation: readRevocation(element) };
  const status = element.tag === context(0, 'primitive') ? 'good' : element.tag === context(2, 'primitive') ? 'unknown' : undefined;
  if (!status || element.content.length !== 0) throw malformed('a status that does not exist', element.offset);
  return { status, revocation: undefined };
}

/** RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL } */
function readRevocation(element: DerElement): Revocation {
  const fields = element.fields('RevokedInfo', context(1));
  const date = readMoment(fields.any('revocationTime'), 'revocationTime');
  const reason = fields.optional(context(0))?.only('revocationReason');
  fields.end();
  return { date, reason: reason ? readReason(reason.expect(TAG.enumerated, 'revocationReason')) : 'unspecified' };
}

/** RFC 6960 4.2.2.1 takes GeneralizedTime as RFC 5280 4.1.2.5.2 has it: whole seconds. */
function readMoment(element: DerElement, field: string): number {
  const seconds = element.expect(TAG.generalizedTime, field).time(field);
  if (!Number.isInteger(seconds)) throw malformed(`${field} is no whole second`, element.offset);
  return seconds;
}

const RESPONSE_EXTENSIONS: ReadonlySet<string> = new Set([OID.ocspNonce, OID.ocspExtendedRevoke]);
const ANSWER_EXTENSIONS: ReadonlySet<string> = new Set([OID.ocspArchiveCutoff]);

/** 4.4: extensions that are not known may be overlooked, critical ones may not. */
function readOcspExtensions(element: DerElement | undefined, known: ReadonlySet<string>): ReadonlyMap<string, Extension> {
  const extensions = element ? listExtensions(element.only('Extensions')) : [];
  const foreign = extensions.find(({ type, isCritical }) => isCritical && !known.has(type));
  if (foreign) throw malformed(`the critical extension ${oidName(foreign.type)}, which is not understood`, foreign.value.offset);
  return new Map(extensions.map((extension) => [extension.type, extension]));
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', `the OCSP response: ${message}`, { offset, field: 'OCSPResponse' });
}
