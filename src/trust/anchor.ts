/** Trust anchors: what the user believes without proof. They are given as values; no store of the system is ever asked. */
import { DisksealError } from '../core/errors.ts';
import { isPem } from '../pki/pem.ts';
import { type Certificate, parseCertificate, parsePemCertificates } from '../pki/x509.ts';

export type Anchor =
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** SHA-256, lower-case hexadecimal, of a certificate that the seal itself carries. */
  | { readonly kind: 'fingerprint'; readonly sha256: string };

/** @param text - `sha256:HEX`, with colons between the octets or without @returns undefined when it is not of that form */
export function parseFingerprint(text: string): Anchor | undefined {
  const digits = /^sha256:([0-9A-Fa-f:]+)$/.exec(text)?.[1]?.replaceAll(':', '').toLowerCase();
  return digits?.length === 64 ? { kind: 'fingerprint', sha256: digits } : undefined;
}

/**
 * The certificates of a trust file: PEM with one or more, or one in DER.
 * @throws DisksealError `E_KEY` when there is none, `E_DER`, `E_CERTIFICATE`
 */
export function parseAnchors(source: Uint8Array): Anchor[] {
  const certificates = isPem(source) ? parsePemCertificates(source) : [parseCertificate(source)];
  if (certificates.length === 0) throw new DisksealError('E_KEY', 'the file has no certificate to trust');
  return certificates.map((certificate) => ({ kind: 'certificate', certificate }));
}
