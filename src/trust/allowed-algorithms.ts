/** What a policy allows of the algorithms that a seal may use: narrower than `docs/seal-format.md` section 7 and 8, never wider. */
import type { HashAlgorithm } from '../core/platform.ts';
import { hashName, type SignatureAlgorithm, signatureAlgorithm } from '../pki/algorithms.ts';
import type { PublicKey } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';
import { type PathFault, who } from './path-validation.ts';
import type { AllowedAlgorithms, KeyFamily } from './policy.ts';

/**
 * Holds for the signature, for each certificate of the path and for each certificate's signature; the anchor's own signature proves
 * nothing and so does not count.
 * @param path - the signer's certificate first, the anchor last; a path that was found, so each algorithm on it is one that is known
 */
export function algorithmFaults(
  path: readonly Certificate[],
  algorithm: SignatureAlgorithm,
  { hashes, keys, rsaBits }: AllowedAlgorithms,
): PathFault[] {
  const faults: PathFault[] = [];
  const weak = (message: string): void => void faults.push({ code: 'E_WEAK', message: `${message}, which the policy does not allow` });
  const checkHash = (subject: string, { hash = ED25519_HASH }: SignatureAlgorithm): void => {
    if (hashes && !hashes.includes(hash)) weak(`${subject} is signed with ${hashName(hash)}`);
  };
  checkHash('the statement', algorithm);
  for (const certificate of path.slice(0, -1))
    checkHash(who(certificate.subject.text), signatureAlgorithm(certificate.signatureAlgorithm)!);
  for (const { subject, publicKey } of path) {
    const family = familyOf(publicKey);
    if (keys && !(family && keys.includes(family))) weak(`${who(subject.text)} has a key of kind ${publicKey.name}`);
    else if (rsaBits !== undefined && family === 'RSA' && publicKey.bits < rsaBits) {
      weak(`${who(subject.text)} has an RSA key of ${publicKey.bits} bits, fewer than ${rsaBits}`);
    }
  }
  return faults;
}

/** RFC 8032 5.1: it hashes by itself. */
const ED25519_HASH: HashAlgorithm = 'sha512';

function familyOf(key: PublicKey): KeyFamily | undefined {
  if (key.kind === 'rsa' || key.kind === 'rsa-pss') return 'RSA';
  if (key.kind === 'ed25519') return 'Ed25519';
  return key.curve;
}
