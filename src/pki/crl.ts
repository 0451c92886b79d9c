/**
 * Certificate revocation lists. Source: RFC 5280 section 5. Syntax only: what a list is worth is decided in `trust/`.
 *
 *     CertificateList ::= SEQUENCE { tbsCertList TBSCertList, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 *     TBSCertList ::= SEQUENCE {
 *       version INTEGER OPTIONAL, signature AlgorithmIdentifier, issuer Name, thisUpdate Time, nextUpdate Time OPTIONAL,
 *       revokedCertificates SEQUENCE OF … OPTIONAL, crlExtensions [0] EXPLICIT Extensions OPTIONAL }
 *
 * Everything but the entries is read at once and as strictly as a certificate.
 */
import { DisksealError } from '../core/errors.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { RevokedCertificates } from './crl-entries.ts';
import { type CrlExtensions, readCrlExtensions } from './crl-extensions.ts';
import { context, type DerElement, type DerHeader, equalBytes, readDer, readHeader, TAG } from './der.ts';
import { type Name, readName } from './name.ts';
import { readTime } from './x509.ts';

export interface CertificateList {
  /** The whole list as it stands. */
  readonly bytes: Uint8Array;
  /** What is signed. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly revoked: RevokedCertificates;
  readonly extensions: CrlExtensions;
}

// The longest lists of public authorities have some ten MiB.
const MAX_SIZE = 64 << 20;

/**
 * @param der - exactly one list
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER` or `E_CERTIFICATE`
 */
export function parseCertificateList(der: Uint8Array, base = 0): CertificateList {
  if (der.length > MAX_SIZE) throw malformed(`${der.length} bytes are more than ${MAX_SIZE}`, base);
  const outer = new Members(der, 0, der.length, base, 'CertificateList').header(TAG.sequence, 'CertificateList');
  if (outer.end !== der.length) throw malformed(`${der.length - outer.end} bytes after the end`, base + outer.end);
  const members = new Members(der, outer.contentStart, outer.end, base, 'CertificateList');
  const tbsStart = members.at;
  const tbs = members.header(TAG.sequence, 'tbsCertList');
  const signatureAlgorithm = readAlgorithm(members.next('signatureAlgorithm'), 'CertificateList.signatureAlgorithm');
  const signature = members.next('signatureValue').bitStringOctets('CertificateList.signatureValue');
  members.end();
  const body = readTbs(new Members(der, tbs.contentStart, tbs.end, base, 'TBSCertList'));
  // RFC 5280 5.1.1.2: as with certificates.
  if (!equalBytes(body.algorithm.bytes, signatureAlgorithm.bytes)) {
    throw malformed('the two signature algorithms differ', signatureAlgorithm.offset);
  }
  return { ...body.facts, bytes: der, tbs: der.subarray(tbsStart, tbs.end), signatureAlgorithm, signature };
}

type TbsFacts = Omit<CertificateList, 'bytes' | 'tbs' | 'signatureAlgorithm' | 'signature'>;

function readTbs(members: Members): { facts: TbsFacts; algorithm: AlgorithmIdentifier } {
  // 5.1.2.1: v2 is written as 1; v1 is never written.
  const written = members.tag() === TAG.integer ? members.next('version') : undefined;
  if (written && written.smallInteger('TBSCertList.version', 255) !== 1) throw malformed('neither version 1 nor 2', written.offset);
  const version = written ? 2 : 1;
  const algorithm = readAlgorithm(members.next('signature'), 'TBSCertList.signature');
  const issuer = readName(members.next('issuer'), 'issuer');
  if (issuer.rdns.length === 0) throw malformed('it names no issuer', members.base + members.at);
  const thisUpdate = readTime(members.next('thisUpdate'), 'thisUpdate');
  const isTime = members.tag() === TAG.utcTime || members.tag() === TAG.generalizedTime;
  const nextUpdate = isTime ? readTime(members.next('nextUpdate'), 'nextUpdate') : undefined;
  if (nextUpdate !== undefined && nextUpdate < thisUpdate)
    throw malformed('its next update comes before this one', members.base + members.at);
  const list = members.tag() === TAG.sequence ? members.header(TAG.sequence, 'revokedCertificates') : undefined;
  // 5.1.2.6: absent when nothing is revoked.
  if (list && list.contentStart === list.end) throw malformed('an empty list of entries', members.base + list.end);
  const extensions = members.tag() === context(0) ? members.next('crlExtensions').only('crlExtensions') : undefined;
  members.end();
  if (extensions && version === 1) throw malformed('extensions in a list of version 1', extensions.offset);
  const revoked = new RevokedCertificates(members.document, list?.contentStart ?? 0, list?.end ?? 0, version, members.base);
  return { facts: { version, issuer, thisUpdate, nextUpdate, revoked, extensions: readCrlExtensions(extensions) }, algorithm };
}

/** The members of a SEQUENCE front to back, each made an object only when it is asked for. */
class Members {
  readonly document: Uint8Array;
  readonly base: number;
  readonly #end: number;
  readonly #name: string;
  at: number;

  constructor(document: Uint8Array, from: number, end: number, base: number, name: string) {
    this.document = document;
    this.base = base;
    this.at = from;
    this.#end = end;
    this.#name = name;
  }

  /** The tag of the next member, or undefined at the end. */
  tag(): number | undefined {
    return this.at < this.#end ? this.document[this.at] : undefined;
  }

  /** Passes over the next member, its content unread. */
  header(tag: number, field: string): DerHeader {
    const header = readHeader(this.document, this.at, this.#end, `${this.#name}.${field}`, this.base);
    if (header.tag !== tag) throw malformed(`${field} is missing`, this.base + this.at);
    this.at = header.end;
    return header;
  }

  next(field: string): DerElement {
    const { end } = readHeader(this.document, this.at, this.#end, `${this.#name}.${field}`, this.base);
    const element = readDer(this.document.subarray(this.at, end), field, this.base + this.at);
    this.at = end;
    return element;
  }

  end(): void {
    if (this.at < this.#end) throw malformed('more members than it may have', this.base + this.at);
  }
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', `the revocation list: ${message}`, { offset, field: 'CertificateList' });
}
