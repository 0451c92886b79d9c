/** What a verdict tells about a signer: plain data for people and for `--json`. */
import type { ErrorCode } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { type Certificate, serialText } from '../pki/x509.ts';

export interface CertificateReport {
  /** RFC 4514, safe to print. */
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the certificate and of its SubjectPublicKeyInfo, hexadecimal. */
  readonly sha256: string;
  readonly spki: string;
  /** As `EC P-256`. */
  readonly key: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface SignerReport {
  readonly certificate: CertificateReport;
  /** Every certificate that the signature binds, the signer's own first. */
  readonly path: readonly CertificateReport[];
  /** As `ECDSA with SHA-256`. */
  readonly algorithm: string;
  /** What the signer's clock said, Unix seconds: no proof. */
  readonly signingTime?: number | undefined;
  /** Timestamp tokens that came with the signature; none is evaluated by this version. */
  readonly timestamps: number;
  /** Distinct signers are distinct by this text, which stands for the key's numbers and not for their encoding. */
  readonly keyValue: string;
  /** The signer, or one who certified it, is of the example keys, whose private keys are public. */
  readonly demonstration: boolean;
  /** The certificate that the user trusts and that this signer's path ends at. */
  readonly anchor?: CertificateReport | undefined;
  /** How the publisher is known: the user trusts this very certificate, or named the publisher under an anchor. */
  readonly identity?: 'anchor' | 'publisher' | undefined;
  /** Why this signer does not count; absent when it does. */
  readonly refusal?: Refusal | undefined;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

export async function reportCertificate(certificate: Certificate, platform: Platform): Promise<CertificateReport> {
  const { subject, issuer, serial, publicKey, notBefore, notAfter } = certificate;
  return {
    subject: subject.text,
    issuer: issuer.text,
    serial: serialText(serial),
    sha256: toHex(await platform.digest('sha256', certificate.bytes)),
    spki: toHex(await platform.digest('sha256', certificate.spki)),
    key: publicKey.name,
    notBefore,
    notAfter,
  };
}
