/**
 * From a key and a heap of certificates to the signer's own certificate and its issuers in order, without the root. This sorts and
 * checks that things belong together; whether anybody believes the path is decided in `trust/`, which this folder does not know.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { DisksealError } from '../core/errors.ts';
import { equalBytes } from '../pki/der.ts';
import { OID } from '../pki/oids.ts';
import type { PublicKey } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';

/**
 * @param now - Unix seconds, to prefer among several certificates of one key; undefined: the newest
 * @throws DisksealError `E_KEY` when no certificate belongs to the key
 */
export function signerPath(key: PublicKey, certificates: readonly Certificate[], now?: number): Certificate[] {
  const own = certificates.filter((one) => one.publicKey.value === key.value);
  if (own.length === 0) {
    const subjects = certificates.map(({ subject }) => subject.text).join('; ');
    const hint = certificates.length === 0 ? 'give the signer’s certificate' : `the certificates given are for: ${subjects}`;
    throw new DisksealError('E_KEY', `no certificate belongs to the key (${key.name})`, { hint });
  }
  const newestFirst = own.toSorted((a, b) => b.notBefore - a.notBefore);
  const usable = newestFirst.filter((one) => signerFault(one, now) === undefined);
  const path = [usable[0] ?? newestFirst[0]!];
  for (let current = path[0]!; !current.selfIssued; ) {
    const issuer = certificates.find((one) => !path.includes(one) && issued(one, current));
    // A root is what the other side has: it is never sent.
    if (!issuer || issuer.selfIssued) break;
    path.push(issuer);
    current = issuer;
  }
  return path;
}

/** The root that certified the last of a path, if it is among the certificates. */
export function rootAbove(path: readonly Certificate[], certificates: readonly Certificate[]): Certificate | undefined {
  const last = path.at(-1)!;
  return last.selfIssued ? undefined : certificates.find((one) => one.selfIssued && issued(one, last));
}

/** Whether one certificate's key made the other's signature. */
function issued(issuer: Certificate, subject: Certificate): boolean {
  if (!equalBytes(issuer.subject.bytes, subject.issuer.bytes)) return false;
  const wanted = subject.extensions.authorityKeyIdentifier?.keyIdentifier;
  const found = issuer.extensions.subjectKeyIdentifier;
  if (wanted && found && !equalBytes(wanted, found)) return false;
  try {
    const issuerKey = createPublicKey({ key: Buffer.from(issuer.spki), format: 'der', type: 'spki' });
    return new X509Certificate(subject.bytes).verify(issuerKey);
  } catch {
    return false;
  }
}

/** What keeps a certificate from signing seals, in words; undefined when nothing does. @param now - Unix seconds */
export function signerFault({ extensions, notBefore, notAfter }: Certificate, now?: number): string | undefined {
  const { keyUsage, extendedKeyUsage, basicConstraints } = extensions;
  if (!extendedKeyUsage?.has(OID.codeSigning)) return 'the certificate is not for code signing (extended key usage)';
  if (keyUsage && !keyUsage.has('digitalSignature')) return 'the certificate is not for digital signatures (key usage)';
  if (basicConstraints?.ca) return 'the certificate is an authority’s';
  if (now === undefined) return undefined;
  if (now < notBefore) return `the certificate is not valid before ${dateText(notBefore)}`;
  return now > notAfter ? `the certificate expired on ${dateText(notAfter)}` : undefined;
}

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
