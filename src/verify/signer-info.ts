/**
 * Is a SignerInfo cryptographically right? Sources: RFC 5652 section 5.4 and 5.6, RFC 5035 section 5, RFC 6211 section 3; which
 * algorithms and keys: `docs/seal-format.md`, the signature. Nothing is said here about trust.
 */
import { DisksealError, type ErrorCode } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { algorithmName, digestAlgorithm, hashName, type SignatureAlgorithm, signatureAlgorithm } from '../pki/algorithms.ts';
import type { SignedData, SignerInfo } from '../pki/cms.ts';
import { equalBytes } from '../pki/der.ts';
import { CURVE_HASH, keyFault, keyMakes } from '../pki/public-key.ts';
import { identifies, protects } from '../pki/signed-data.ts';
import type { Certificate } from '../pki/x509.ts';

/** A signer whose signature is right. */
export interface ProvenSigner {
  readonly info: SignerInfo;
  /** The certificates that the signature binds, the signer's own first; each one's issuer name is the next one's subject. */
  readonly path: readonly [Certificate, ...Certificate[]];
  readonly algorithm: SignatureAlgorithm;
}

/**
 * @param byHash - the message's certificates by the hexadecimal SHA-256 of their bytes
 * @throws DisksealError `E_SIGNATURE`, `E_CMS` or `E_WEAK`: whatever is not exactly right
 */
export async function proveSigner(
  info: SignerInfo,
  { content }: SignedData,
  byHash: ReadonlyMap<string, Certificate>,
  platform: Platform,
): Promise<ProvenSigner> {
  const path = boundPath(info, byHash);
  checkIdentifier(info, path[0]);
  // First: an algorithm that is not the signed one is a wrong signature, whatever else may be said of it.
  checkProtection(info);
  const algorithm = allowedAlgorithm(info, path[0]);
  const hash = digestAlgorithm(info.digestAlgorithm)!;
  if (!equalBytes(await platform.digest(hash, content), info.messageDigest)) {
    throw wrong(info, 'E_SIGNATURE', 'the content is not the one that was signed: its digest differs');
  }
  const good = await platform.verifySignature({
    publicKey: path[0].spki,
    scheme: algorithm.scheme,
    hash: algorithm.hash,
    message: info.signedAttributes,
    signature: info.signature,
  });
  if (!good) throw wrong(info, 'E_SIGNATURE', `the signature is not one by the key of ${path[0].subject.text}`);
  return { info, path, algorithm };
}

/** RFC 5035 section 5: the signature says by hash which certificates it was made with; here that is the whole path. */
function boundPath(info: SignerInfo, byHash: ReadonlyMap<string, Certificate>): [Certificate, ...Certificate[]] {
  const path = info.certificateHashes.map((hash) => {
    const certificate = byHash.get(toHex(hash));
    if (!certificate) throw wrong(info, 'E_SIGNATURE', `the signature binds a certificate that is not there: sha256:${toHex(hash)}`);
    return certificate;
  });
  for (const [index, issuer] of path.slice(1).entries()) {
    if (equalBytes(path[index]!.issuer.bytes, issuer.subject.bytes)) continue;
    throw wrong(info, 'E_CMS', `the certificates are no path: ${issuer.subject.text} did not issue ${path[index]!.subject.text}`);
  }
  return path as [Certificate, ...Certificate[]];
}

/** The sid is not signed: it must name the certificate that the signature binds. */
function checkIdentifier(info: SignerInfo, own: Certificate): void {
  if (identifies(info.sid, own)) return;
  throw wrong(info, 'E_SIGNATURE', 'the signer is not the holder of the certificate that the signature binds');
}

function allowedAlgorithm(info: SignerInfo, own: Certificate): SignatureAlgorithm {
  const digest = digestAlgorithm(info.digestAlgorithm);
  if (!digest) throw wrong(info, 'E_WEAK', `the digest ${algorithmName(info.digestAlgorithm)} is not accepted`);
  const algorithm = signatureAlgorithm(info.signatureAlgorithm);
  if (!algorithm || algorithm.scheme === 'rsa-pss') {
    throw wrong(info, 'E_WEAK', `the signature algorithm ${algorithmName(info.signatureAlgorithm)} is not accepted`);
  }
  const fault = keyFault(own.publicKey, 'signer');
  if (fault) throw wrong(info, 'E_WEAK', `${own.subject.text} has ${fault}`);
  // RFC 8419 section 3: SHA-512 with Ed25519.
  const expected = algorithm.hash ?? 'sha512';
  if (digest !== expected) throw wrong(info, 'E_CMS', `${algorithm.name} goes with ${hashName(expected)} and not with ${hashName(digest)}`);
  const natural = own.publicKey.curve && CURVE_HASH[own.publicKey.curve];
  if (natural && algorithm.scheme === 'ecdsa' && algorithm.hash !== natural) {
    throw wrong(info, 'E_WEAK', `${own.publicKey.name} goes with ${hashName(natural)} and not with ${hashName(digest)}`);
  }
  if (!keyMakes(own.publicKey, algorithm, info.signatureAlgorithm)) {
    throw wrong(info, 'E_SIGNATURE', `a key of kind ${own.publicKey.name} does not make ${algorithm.name} signatures`);
  }
  return algorithm;
}

/** RFC 6211: the algorithms themselves are signed too. */
function checkProtection(info: SignerInfo): void {
  if (protects(info.algorithmProtection, info)) return;
  throw wrong(info, 'E_SIGNATURE', 'the algorithms are not those that were signed');
}

function wrong({ offset }: { offset: number }, code: ErrorCode, message: string): DisksealError {
  return new DisksealError(code, message, { offset, field: 'SignerInfo' });
}
