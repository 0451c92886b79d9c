/**
 * Timestamp tokens: a CMS message in which an authority says when it saw a digest. Sources: RFC 3161 section 2.4.2, RFC 5816 and 5035
 * (signing certificate), RFC 5652 as `signed-data.ts` reads it.
 *
 * Closed, and in strict DER, which RFC 3161 demands of TSTInfo alone: clients write tokens anew that come otherwise. More is allowed
 * than in a seal's own message, because others choose it: NULL beside SHA-2, rsaEncryption, several digests for certificates.
 * Syntax only; `trust/timestamp-proof.ts` checks the signature.
 */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { type AlgorithmIdentifier, foreignDigestAlgorithm, hashSize, readAlgorithm } from './algorithms.ts';
import { context, type DerElement, TAG } from './der.ts';
import { listExtensions } from './extensions.ts';
import { type GeneralName, readGeneralName } from './general-name.ts';
import { OID, oidName } from './oids.ts';
import {
  type AlgorithmProtection,
  fault,
  type ProfiledSignerInfo,
  readSignedData,
  type SignedDataProfile,
  type SignerFacts,
} from './signed-data.ts';
import type { Certificate } from './x509.ts';

export interface TimeStampToken {
  /** The DER of TSTInfo: what was signed. */
  readonly content: Uint8Array;
  readonly info: TstInfo;
  /** In the order of their encodings, all different. */
  readonly certificates: readonly Certificate[];
  readonly signer: TokenSigner;
  /** A later token over this one's signature: it carries this one on when its authority's certificate has expired. */
  readonly renewal: Uint8Array | undefined;
}

export interface TstInfo {
  /** OID of the authority's policy. */
  readonly policy: string;
  readonly imprint: MessageImprint;
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array;
  /** Unix seconds, with a fraction where the authority gives one. */
  readonly time: number;
  /** Seconds by which the time may be wrong, in both directions; 0 when the authority does not say. */
  readonly accuracy: number;
  readonly ordering: boolean;
  /** Content octets of the INTEGER. */
  readonly nonce: Uint8Array | undefined;
  /** What the authority calls itself. */
  readonly tsa: GeneralName | undefined;
}

export interface MessageImprint {
  readonly hash: HashAlgorithm;
  readonly hashedMessage: Uint8Array;
}

export interface TokenSigner extends SignerFacts {
  /**
   * The certificate that the signature binds: the signer's own. RFC 5035 section 5.4 would have further ones limit the path, but there are
   * authorities in wide use that name other certificates than those of their path, so nobody takes them at their word.
   */
  readonly certificateId: CertificateId;
  readonly algorithmProtection: AlgorithmProtection | undefined;
}

/** ESSCertIDv2. */
export interface CertificateId {
  readonly hash: HashAlgorithm;
  readonly certHash: Uint8Array;
  readonly issuerSerial: { readonly issuer: Uint8Array; readonly serial: Uint8Array } | undefined;
}

const TOKEN: SignedDataProfile = {
  contentType: OID.tstInfo,
  maxSize: 64 << 10,
  maxSigners: 1,
  maxCertificates: 16,
  maxTokens: 1,
  maxRevocations: 0,
  signedAttributes: new Map([
    [OID.contentType, 'required'],
    [OID.messageDigest, 'required'],
    // Must be there, as `tokenSigner` says. The second is by SHA-1 and proves nothing; it may stand beside for old clients (RFC 5816).
    [OID.signingCertificateV2, 'optional'],
    [OID.signingCertificate, 'optional'],
    [OID.signingTime, 'optional'],
    [OID.cmsAlgorithmProtection, 'optional'],
  ]),
};

/**
 * @param der - exactly the token
 * @throws DisksealError `E_TIMESTAMP`, whatever is wrong with it
 */
export function parseTimeStampToken(der: Uint8Array): TimeStampToken {
  try {
    const { content, certificates, signers } = readSignedData(der, TOKEN);
    const [signer] = signers as [ProfiledSignerInfo];
    return {
      content: content.content,
      info: readTstInfo(content.nested('TSTInfo')),
      certificates,
      signer: tokenSigner(signer),
      renewal: signer.timeStampTokens[0],
    };
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    throw new DisksealError('E_TIMESTAMP', `the timestamp is malformed: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/**
 *     TSTInfo ::= SEQUENCE { version INTEGER { v1(1) }, policy OID, messageImprint MessageImprint, serialNumber INTEGER,
 *       genTime GeneralizedTime, accuracy Accuracy OPTIONAL, ordering BOOLEAN DEFAULT FALSE, nonce INTEGER OPTIONAL,
 *       tsa [0] GeneralName OPTIONAL, extensions [1] IMPLICIT Extensions OPTIONAL }
 */
function readTstInfo(element: DerElement): TstInfo {
  const fields = element.fields('TSTInfo');
  const version = fields.next(TAG.integer, 'version');
  if (version.smallInteger('TSTInfo.version', 255) !== 1) throw fault('must be 1', version, 'TSTInfo.version');
  const policy = fields.next(TAG.oid, 'policy').oid('TSTInfo.policy');
  const imprint = readMessageImprint(fields.next(TAG.sequence, 'messageImprint'));
  const serial = boundedInteger(fields.next(TAG.integer, 'serialNumber'), 'TSTInfo.serialNumber');
  const time = fields.next(TAG.generalizedTime, 'genTime').time('TSTInfo.genTime');
  const accuracy = fields.optional(TAG.sequence);
  const ordering = fields.optional(TAG.boolean);
  // X.690 11.5: a DEFAULT value is not encoded.
  if (ordering && !ordering.boolean('ordering')) throw ordering.fail('FALSE is the default and must be left out', 'TSTInfo.ordering');
  const nonce = fields.optional(TAG.integer);
  const tsa = fields.optional(context(0));
  const extensions = fields.optional(context(1));
  fields.end();
  if (extensions) refuseCritical(extensions);
  return {
    policy,
    imprint,
    serial,
    time,
    accuracy: accuracy ? readAccuracy(accuracy) : 0,
    ordering: ordering !== undefined,
    nonce: nonce && boundedInteger(nonce, 'TSTInfo.nonce'),
    tsa: tsa && readGeneralName(tsa.only('TSTInfo.tsa'), 'TSTInfo.tsa'),
  };
}

/** MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING } */
function readMessageImprint(element: DerElement): MessageImprint {
  const fields = element.fields('MessageImprint');
  const hash = readHash(readAlgorithm(fields.any('hashAlgorithm'), 'MessageImprint.hashAlgorithm'), element);
  const hashedMessage = fields.next(TAG.octetString, 'hashedMessage').octetString('MessageImprint.hashedMessage');
  fields.end();
  if (hashedMessage.length !== hashSize(hash)) throw fault(`${hashedMessage.length} octets`, element, 'MessageImprint.hashedMessage');
  return { hash, hashedMessage };
}

// RFC 3161 2.4.2: clients must be able to take serial numbers of 160 bits. Nonces come back as they were sent.
const MAX_INTEGER_OCTETS = 32;

function boundedInteger(element: DerElement, field: string): Uint8Array {
  if (element.content.length > MAX_INTEGER_OCTETS) throw fault(`a number of ${element.content.length} octets`, element, field);
  return element.content;
}

/** Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL, micros [1] INTEGER (1..999) OPTIONAL } */
function readAccuracy(element: DerElement): number {
  const fields = element.fields('Accuracy');
  const seconds = fields.optional(TAG.integer)?.smallInteger('Accuracy.seconds', 0x7fff_ffff) ?? 0;
  const millis = fields.optional(context(0, 'primitive'));
  const micros = fields.optional(context(1, 'primitive'));
  fields.end();
  return seconds + thousandths(millis) / 1e3 + thousandths(micros) / 1e6;
}

/** INTEGER (1..999) behind an IMPLICIT tag. */
function thousandths(element: DerElement | undefined): number {
  if (!element) return 0;
  const [high, low] = element.content.length === 2 ? element.content : [0, element.content[0]];
  const value = high! * 256 + (low ?? 0);
  const minimal = element.content.length === 1 ? value < 0x80 : element.content.length === 2 && value >= 0x80;
  if (!minimal || value < 1 || value > 999) throw element.fail('not a number from 1 to 999', 'Accuracy');
  return value;
}

/** None is known: what others ignore may stand there, what must not be ignored may not. */
function refuseCritical(element: DerElement): void {
  const critical = listExtensions(element, context(1)).find(({ isCritical }) => isCritical);
  if (critical) throw fault(`the critical extension ${oidName(critical.type)} is not understood`, element, 'TSTInfo.extensions');
}

const UNBOUND = 'the signed attribute signingCertificateV2 is missing';
const BY_SHA1 = 'the authority names its certificate by SHA-1 alone: it should say SHA-256 as well (openssl ts: ess_cert_id_alg = sha256)';

function tokenSigner({ values, ...facts }: ProfiledSignerInfo): TokenSigner {
  const old = values.get(OID.signingCertificate);
  if (old) readSigningCertificate(old, 'SigningCertificate', readOldCertificateId);
  const bound = values.get(OID.signingCertificateV2);
  if (!bound) throw new DisksealError('E_CMS', UNBOUND, { offset: facts.offset, field: 'SignerInfo.signedAttrs', hint: old && BY_SHA1 });
  const [certificateId] = readSigningCertificate(bound, 'SigningCertificateV2', readCertificateId);
  return { ...facts, certificateId };
}

const MAX_PATH = 16;

/** RFC 5035 section 3 and 4: SigningCertificate(V2) ::= SEQUENCE { certs SEQUENCE OF ESSCertID(v2), policies … OPTIONAL }, without policies. */
function readSigningCertificate<Id>(element: DerElement, field: string, read: (entry: DerElement) => Id): [Id, ...Id[]] {
  const fields = element.fields(field);
  const list = fields.next(TAG.sequence, 'certs').list(`${field}.certs`, { maximum: MAX_PATH });
  fields.end();
  return list.map(read) as [Id, ...Id[]];
}

/**
 *     ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT {id-sha256}, certHash OCTET STRING, issuerSerial OPTIONAL }
 *
 * SHA-256 may be written although it is the default: that is signed, and so cannot be corrected.
 */
function readCertificateId(element: DerElement): CertificateId {
  const fields = element.fields('ESSCertIDv2');
  const algorithm = fields.optional(TAG.sequence);
  const hash = algorithm ? readHash(readAlgorithm(algorithm, 'ESSCertIDv2.hashAlgorithm'), element) : 'sha256';
  const certHash = fields.next(TAG.octetString, 'certHash').octetString('ESSCertIDv2.certHash');
  const issuerSerial = fields.optional(TAG.sequence);
  fields.end();
  if (certHash.length !== hashSize(hash)) throw fault(`${certHash.length} octets`, element, 'ESSCertIDv2.certHash');
  return { hash, certHash, issuerSerial: issuerSerial && readIssuerSerial(issuerSerial) };
}

/** ESSCertID ::= SEQUENCE { certHash OCTET STRING, issuerSerial OPTIONAL }, the hash by SHA-1. Nothing of it is used. */
function readOldCertificateId(element: DerElement): void {
  const fields = element.fields('ESSCertID');
  const { length } = fields.next(TAG.octetString, 'certHash').octetString('ESSCertID.certHash');
  const issuerSerial = fields.optional(TAG.sequence);
  fields.end();
  if (length !== 20) throw fault(`${length} octets`, element, 'ESSCertID.certHash');
  if (issuerSerial) readIssuerSerial(issuerSerial);
}

/** IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }: RFC 5035 section 5: exactly one directoryName. */
function readIssuerSerial(element: DerElement): { issuer: Uint8Array; serial: Uint8Array } {
  const fields = element.fields('IssuerSerial');
  const [only, second] = fields.next(TAG.sequence, 'issuer').list('IssuerSerial.issuer');
  const serial = fields.next(TAG.integer, 'serialNumber').content;
  fields.end();
  const name = readGeneralName(only!, 'IssuerSerial.issuer');
  if (name.kind !== 'directory' || second) throw fault('must be one directoryName', element, 'IssuerSerial.issuer');
  return { issuer: name.name.bytes, serial };
}

function readHash(identifier: AlgorithmIdentifier, element: DerElement): HashAlgorithm {
  const hash = foreignDigestAlgorithm(identifier);
  if (!hash) throw fault(`the digest ${oidName(identifier.oid)} is not accepted`, element, 'hashAlgorithm');
  return hash;
}
