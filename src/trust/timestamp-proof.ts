/**
 * Is a timestamp token what it says: over this signature, signed by the key of the certificate that it binds, which is there to make
 * timestamps? Sources: RFC 3161 section 2.2 to 2.4, RFC 5652 section 5.6, RFC 5035 section 5, RFC 6211; `docs/seal-format.md`, timestamps.
 * Nobody is believed here yet, and no clock is asked: this is wrong or right for everyone and for ever.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { algorithmName, foreignDigestAlgorithm, foreignSignatureAlgorithm } from '../pki/algorithms.ts';
import { equalBytes } from '../pki/der.ts';
import { sameGeneralName } from '../pki/general-name.ts';
import { keyFault, keyMakes } from '../pki/public-key.ts';
import { identifies, protects } from '../pki/signed-data.ts';
import { type CertificateId, parseTimeStampToken, type TimeStampToken } from '../pki/timestamp-token.ts';
import type { Certificate } from '../pki/x509.ts';
import { issuanceFault } from './path.ts';
import { purposeFaults, TIME_STAMPING } from './path-validation.ts';

/** A token whose signature is right. */
export interface ProvenTimeStamp {
  readonly token: TimeStampToken;
  /** All certificates of the token: the authority's own first, each one certified by the next. */
  readonly chain: readonly [Certificate, ...Certificate[]];
}

/**
 * @param signature - the octets that the token is to be about
 * @throws DisksealError `E_TIMESTAMP`: whatever is not exactly right
 */
export async function proveTimeStamp(der: Uint8Array, signature: Uint8Array, platform: Platform): Promise<ProvenTimeStamp> {
  const token = parseTimeStampToken(der);
  const { hash, hashedMessage } = token.info.imprint;
  if (!equalBytes(await platform.digest(hash, signature), hashedMessage)) throw wrong('it was made for another signature');
  const own = await boundCertificate(token, platform);
  await checkSignature(token, own, platform);
  checkAuthority(token, own);
  return { token, chain: [own, ...(await issuersOf(own, token, platform))] };
}

/** RFC 5035 section 5: the signature says by hash which certificate it was made with. @throws DisksealError `E_TIMESTAMP` */
export async function boundCertificate({ certificates, signer }: TimeStampToken, platform: Platform): Promise<Certificate> {
  const own = await findCertificate(signer.certificateId, certificates, platform);
  if (!own) throw wrong('it binds a certificate that is not there');
  const { issuerSerial } = signer.certificateId;
  const named = !issuerSerial || (equalBytes(issuerSerial.issuer, own.issuer.bytes) && equalBytes(issuerSerial.serial, own.serial));
  if (!named || !identifies(signer.sid, own)) throw wrong('its signer is not the holder of the certificate that it binds');
  return own;
}

async function findCertificate(
  { hash, certHash }: CertificateId,
  certificates: readonly Certificate[],
  platform: Platform,
): Promise<Certificate | undefined> {
  for (const certificate of certificates) {
    if (equalBytes(await platform.digest(hash, certificate.bytes), certHash)) return certificate;
  }
  return undefined;
}

async function checkSignature({ content, signer }: TimeStampToken, own: Certificate, platform: Platform): Promise<void> {
  const { digestAlgorithm, signatureAlgorithm, algorithmProtection } = signer;
  if (algorithmProtection && !protects(algorithmProtection, signer)) throw wrong('its algorithms are not those that were signed');
  const hash = foreignDigestAlgorithm(digestAlgorithm);
  if (!hash) throw wrong(`the digest ${algorithmName(digestAlgorithm)} is not accepted`);
  const algorithm = foreignSignatureAlgorithm(signatureAlgorithm, hash);
  if (!algorithm) throw wrong(`the signature algorithm ${algorithmName(signatureAlgorithm)} is not accepted, or not with that digest`);
  const weak = keyFault(own.publicKey, 'authority');
  if (weak) throw wrong(`${own.subject.text} has ${weak}`);
  if (!equalBytes(await platform.digest(hash, content), signer.messageDigest)) throw wrong('its content is not the one that was signed');
  const good =
    keyMakes(own.publicKey, algorithm, signatureAlgorithm) &&
    (await platform.verifySignature({
      publicKey: own.spki,
      scheme: algorithm.scheme,
      hash: algorithm.hash,
      message: signer.signedAttributes,
      signature: signer.signature,
    }));
  if (!good) throw wrong(`its signature is not one by the key of ${own.subject.text}`);
}

/** What RFC 3161 2.3 and 2.4.2 say about the certificate, and that it was valid when it was used by its own account. */
function checkAuthority({ info }: TimeStampToken, own: Certificate): void {
  const [fault] = purposeFaults(own, TIME_STAMPING, false);
  if (fault) throw wrong(fault.message);
  const { tsa, time } = info;
  const names = [{ kind: 'directory', name: own.subject, offset: 0 } as const, ...(own.extensions.subjectAltName ?? [])];
  if (tsa && !names.some((name) => sameGeneralName(name, tsa))) throw wrong(`it names an authority that is not ${own.subject.text}`);
  if (time < own.notBefore) throw wrong(`its time is before the certificate of ${own.subject.text} was valid`);
  if (Math.floor(time) > own.notAfter) throw wrong(`its time is after the certificate of ${own.subject.text} expired`);
}

/** The other certificates make one chain above the authority's, and nothing rides along. */
async function issuersOf(own: Certificate, { certificates }: TimeStampToken, platform: Platform): Promise<Certificate[]> {
  const rest = new Set(certificates);
  rest.delete(own);
  const chain: Certificate[] = [];
  for (let next = await issuerIn(own, rest, platform); next; next = await issuerIn(next, rest, platform)) {
    chain.push(next);
    rest.delete(next);
  }
  const [unused] = rest;
  if (unused) throw wrong(`the certificate of ${unused.subject.text} has no part in it`);
  return chain;
}

// One certificate for each name and key is usual, a second one is there when it was renewed or cross-certified. More cost time for nothing.
const MOST_CANDIDATES = 2;

/** The first of these that certified a certificate. */
export async function issuerIn(
  child: Certificate,
  candidates: Iterable<Certificate>,
  platform: Platform,
): Promise<Certificate | undefined> {
  const fitting = [...candidates].filter((candidate) => isNamedIssuer(child, candidate));
  for (const candidate of fitting.slice(0, MOST_CANDIDATES)) {
    if (!(await issuanceFault(child, candidate, platform))) return candidate;
  }
  return undefined;
}

/** By name and, where both say it, by key identifier. */
function isNamedIssuer(child: Certificate, { subject, extensions }: Certificate): boolean {
  const wanted = child.extensions.authorityKeyIdentifier?.keyIdentifier;
  const found = extensions.subjectKeyIdentifier;
  return equalBytes(subject.bytes, child.issuer.bytes) && (!wanted || !found || equalBytes(wanted, found));
}

function wrong(message: string): DisksealError {
  return new DisksealError('E_TIMESTAMP', `the timestamp is invalid: ${message}`, { field: 'TimeStampToken' });
}
