/**
 * X.509 certificates. Source: RFC 5280 section 4.1. Syntax only: whether a certificate is to be believed is decided in `trust/`.
 *
 *     Certificate ::= SEQUENCE { tbsCertificate TBSCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 *     TBSCertificate ::= SEQUENCE {
 *       version [0] INTEGER DEFAULT v1, serialNumber INTEGER, signature AlgorithmIdentifier, issuer Name, validity Validity,
 *       subject Name, subjectPublicKeyInfo SubjectPublicKeyInfo, issuerUniqueID [1], subjectUniqueID [2], extensions [3] OPTIONAL }
 *
 * Left out on purpose: version 2 and the unique identifiers (RFC 5280 4.1.2.8: not to be made), which are refused.
 */
import { DisksealError } from '../core/errors.ts';
import { toHex } from '../core/struct.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { context, type DerElement, equalBytes, readDer, TAG } from './der.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { type Name, readName } from './name.ts';
import { readPem } from './pem.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';

export interface Certificate {
  /** The whole certificate as it stands: this is what fingerprints are made over. */
  readonly bytes: Uint8Array;
  /** What is signed. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 3;
  /** Content octets of the INTEGER: not negative, at most 20. */
  readonly serial: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** Unix seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The whole SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
  /** Issuer and subject are the same name. */
  readonly selfIssued: boolean;
}

// Larger certificates exist in test suites only.
const MAX_SIZE = 256 << 10;

/**
 * @param der - exactly one certificate
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER` or `E_CERTIFICATE`
 */
export function parseCertificate(der: Uint8Array, base = 0): Certificate {
  if (der.length > MAX_SIZE) throw malformed(`a certificate of ${der.length} bytes`, base);
  return readCertificate(readDer(der, 'Certificate', base));
}

/** The CERTIFICATE blocks of a PEM text, in order; blocks of other kinds are passed over. @throws DisksealError `E_KEY`, `E_DER`, `E_CERTIFICATE` */
export function parsePemCertificates(source: string | Uint8Array): Certificate[] {
  const blocks = readPem(source).filter(({ label }) => label === 'CERTIFICATE');
  return blocks.map(({ bytes }) => parseCertificate(bytes));
}

export function readCertificate(element: DerElement): Certificate {
  const fields = element.fields('Certificate');
  const tbs = fields.next(TAG.sequence, 'tbsCertificate');
  const signatureAlgorithm = readAlgorithm(fields.any('signatureAlgorithm'), 'Certificate.signatureAlgorithm');
  const signature = fields.next(TAG.bitString, 'signatureValue').bitStringOctets('Certificate.signatureValue');
  fields.end();
  const body = readTbs(tbs);
  // RFC 5280 4.1.1.2: the algorithm outside is not signed and must repeat the one inside.
  if (!equalBytes(body.algorithm.bytes, signatureAlgorithm.bytes)) {
    throw malformed('the two signature algorithms differ', signatureAlgorithm.offset);
  }
  return { ...body.facts, bytes: element.bytes, tbs: tbs.bytes, signatureAlgorithm, signature };
}

type TbsFacts = Omit<Certificate, 'bytes' | 'tbs' | 'signatureAlgorithm' | 'signature'>;

function readTbs(element: DerElement): { facts: TbsFacts; algorithm: AlgorithmIdentifier } {
  const fields = element.fields('TBSCertificate');
  const version = readVersion(fields.optional(context(0)));
  const serial = readSerial(fields.next(TAG.integer, 'serialNumber'));
  const algorithm = readAlgorithm(fields.any('signature'), 'TBSCertificate.signature');
  const issuer = readName(fields.any('issuer'), 'issuer');
  const validity = readValidity(fields.next(TAG.sequence, 'validity'));
  const subject = readName(fields.any('subject'), 'subject');
  const publicKey = readPublicKey(fields.any('subjectPublicKeyInfo'));
  const extensionBlock = fields.optional(context(3));
  fields.end();
  if (extensionBlock && version !== 3) throw malformed('extensions in a certificate that is not of version 3', extensionBlock.offset);
  const extensions = readExtensions(extensionBlock?.only('extensions'));
  const selfIssued = equalBytes(issuer.bytes, subject.bytes);
  return { facts: { version, serial, issuer, subject, ...validity, spki: publicKey.spki, publicKey, extensions, selfIssued }, algorithm };
}

/** Version ::= INTEGER { v1(0), v2(1), v3(2) }; v1 is the DEFAULT and so never written. */
function readVersion(element: DerElement | undefined): 1 | 3 {
  if (!element) return 1;
  const version = element.only('version').smallInteger('TBSCertificate.version', 255);
  if (version !== 2) throw malformed(`version field ${version}: only 2, for version 3, can stand here`, element.offset);
  return 3;
}

/** RFC 5280 4.1.2.2: at most 20 octets, not negative. Zero is against the RFC too, and is on roots in wide use: `trust/` judges it. */
function readSerial(element: DerElement): Uint8Array {
  const { content } = element;
  if (content.length > 20) throw malformed(`a serial number of ${content.length} octets`, element.offset);
  if (content[0]! & 0x80) throw malformed('a negative serial number', element.offset);
  return content;
}

/** Validity ::= SEQUENCE { notBefore Time, notAfter Time } */
function readValidity(element: DerElement): { notBefore: number; notAfter: number } {
  const fields = element.fields('validity');
  const notBefore = readTime(fields.any('notBefore'), 'notBefore');
  const notAfter = readTime(fields.any('notAfter'), 'notAfter');
  fields.end();
  if (notBefore > notAfter) throw malformed('it ends before it begins', element.offset);
  return { notBefore, notAfter };
}

/** RFC 5280 4.1.2.5 and 5.1.2.4: UTCTime through 2049, GeneralizedTime without fractions from 2050 on. */
export function readTime(element: DerElement, field: string): number {
  const seconds = element.time(field);
  const general = element.tag === TAG.generalizedTime;
  if (!Number.isInteger(seconds) || (general && seconds < Date.UTC(2050, 0) / 1000)) {
    throw malformed(`${field} is not in the form that RFC 5280 prescribes`, element.offset);
  }
  return seconds;
}

/** Self-issued, and not by an older key of the same name, as certificates are that lead over from one root key to the next. */
export function isRoot({ selfIssued, extensions }: Certificate): boolean {
  const issuerKey = extensions.authorityKeyIdentifier?.keyIdentifier;
  const ownKey = extensions.subjectKeyIdentifier;
  return selfIssued && (!issuerKey || !ownKey || equalBytes(issuerKey, ownKey));
}

/** The serial number as people see it: hexadecimal, without the octet that only keeps it positive. */
export function serialText(serial: Uint8Array): string {
  return toHex(serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial);
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', message, { offset, field: 'Certificate' });
}
