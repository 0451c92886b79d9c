/**
 * The CMS message of a seal: a statement and who signed it. Sources: RFC 5652 as `signed-data.ts` reads it, RFC 5035 (signing
 * certificate). What the profile does not name is refused (`docs/seal-format.md`). Syntax only: nothing is hashed or verified here.
 */
import type { DerElement } from './der.ts';
import { TAG } from './der.ts';
import { OID } from './oids.ts';
import {
  type AlgorithmProtection,
  fault,
  type ProfiledSignerInfo,
  readSignedData,
  refuseDuplicates,
  type SignedDataProfile,
  type SignerFacts,
} from './signed-data.ts';
import type { Certificate } from './x509.ts';

export interface SignedData {
  /** The octets of eContent: what was signed, to be believed only after every signature was checked. */
  readonly content: Uint8Array;
  /** In the order of their encodings, all different. */
  readonly certificates: readonly Certificate[];
  /** RevocationInfoChoice elements as they stand. */
  readonly revocations: readonly Uint8Array[];
  readonly signers: readonly SignerInfo[];
}

/** With 0 to 3 timestamp tokens. */
export interface SignerInfo extends SignerFacts {
  /** SHA-256 of each certificate of the signer's path, its own first. */
  readonly certificateHashes: readonly Uint8Array[];
  readonly algorithmProtection: AlgorithmProtection;
}

const MAX_PATH = 16;

const SEAL: SignedDataProfile = {
  contentType: OID.idData,
  maxSize: 1 << 20,
  maxSigners: 16,
  maxCertificates: 64,
  maxTokens: 3,
  maxRevocations: 16 << 10,
  signedAttributes: new Map([
    [OID.contentType, 'required'],
    [OID.messageDigest, 'required'],
    [OID.signingTime, 'optional'],
    [OID.signingCertificateV2, 'required'],
    [OID.cmsAlgorithmProtection, 'required'],
  ]),
};

/**
 * Reads a seal's CMS message.
 * @param der - exactly the message
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER`, `E_CMS`, `E_CERTIFICATE`
 */
export function parseSignedData(der: Uint8Array, base = 0): SignedData {
  const { content, certificates, revocations, signers } = readSignedData(der, SEAL, base);
  // A statement is a JSON object. Signed attributes begin with the tag of SET (31): neither can be taken for the other.
  if (content.content[0] !== 0x7b) throw fault('the content is no statement: it must begin with "{"', content, 'eContent');
  return { content: content.content, certificates, revocations, signers: signers.map(sealSigner) };
}

function sealSigner({ values, algorithmProtection, ...facts }: ProfiledSignerInfo): SignerInfo {
  const certificateHashes = readSigningCertificate(values.get(OID.signingCertificateV2)!);
  return { ...facts, certificateHashes, algorithmProtection: algorithmProtection! };
}

/**
 * RFC 5035 section 3 and 4, with SHA-256 (its DEFAULT, so never written), without issuerSerial (the hash says which certificate) and
 * without policies:
 *
 *     SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF PolicyInformation OPTIONAL }
 *     ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT {id-sha256}, certHash OCTET STRING, issuerSerial OPTIONAL }
 */
function readSigningCertificate(element: DerElement): Uint8Array[] {
  const fields = element.fields('SigningCertificateV2');
  const list = fields.next(TAG.sequence, 'certs').list('SigningCertificateV2.certs', { maximum: MAX_PATH });
  fields.end();
  const hashes = list.map((entry) => {
    const members = entry.fields('ESSCertIDv2');
    const hash = members.next(TAG.octetString, 'certHash').octetString('ESSCertIDv2.certHash');
    members.end();
    if (hash.length !== 32) throw fault(`a certificate hash of ${hash.length} octets`, entry, 'ESSCertIDv2.certHash');
    return hash;
  });
  refuseDuplicates(list, 'SigningCertificateV2.certs');
  return hashes;
}
