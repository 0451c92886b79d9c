/** `keys show`: what a file of keys and certificates holds, as plain data. */
import { createHash } from 'node:crypto';
import type { PublicKey } from '../pki/public-key.ts';
import { type Certificate, serialText } from '../pki/x509.ts';
import { signerFault } from './certificate-path.ts';
import { readKeyFile } from './key-file.ts';
import type { PassphraseSource } from './passphrase.ts';
import { publicKeyOf, signingKeyFault } from './signer.ts';

interface KeyFacts {
  /** As in `EC P-256`. */
  readonly key: string;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spkiSha256: string;
  /** Whether seals can be signed with it. */
  readonly usable: boolean;
  /** Why not. */
  readonly reason?: string | undefined;
}

export interface CertificateReport extends KeyFacts {
  readonly kind: 'certificate';
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly authority: boolean;
  /** SHA-256 of the certificate. */
  readonly sha256: string;
}

export interface PrivateKeyReport extends KeyFacts {
  readonly kind: 'private key';
}

export interface KeyReport {
  readonly path: string;
  readonly holds: readonly (CertificateReport | PrivateKeyReport)[];
}

/**
 * @param now - Unix seconds, to say what has expired
 * @throws DisksealError `E_KEY`, `E_NOT_FOUND`, `E_READ`
 */
export async function showKeys(path: string, options: { passphrase?: PassphraseSource | undefined; now: number }): Promise<KeyReport> {
  const { privateKeys, certificates } = await readKeyFile(path, options.passphrase);
  const keys = privateKeys.map((key): PrivateKeyReport => {
    const publicKey = publicKeyOf(key, path);
    return { kind: 'private key', ...keyFacts(publicKey, signingKeyFault(publicKey)) };
  });
  return { path, holds: [...keys, ...certificates.map((one) => describeCertificate(one, options.now))] };
}

/** @param now - Unix seconds */
export function describeCertificate(certificate: Certificate, now: number): CertificateReport {
  const { subject, issuer, serial, notBefore, notAfter, extensions, publicKey, bytes } = certificate;
  return {
    kind: 'certificate',
    subject: subject.text,
    issuer: issuer.text,
    serial: serialText(serial),
    notBefore: isoTime(notBefore),
    notAfter: isoTime(notAfter),
    authority: extensions.basicConstraints?.ca ?? false,
    sha256: sha256(bytes),
    ...keyFacts(publicKey, signerFault(certificate, now) ?? signingKeyFault(publicKey)),
  };
}

function keyFacts(key: PublicKey, reason: string | undefined): KeyFacts {
  return { key: key.name, spkiSha256: sha256(key.spki), usable: reason === undefined, ...(reason === undefined ? {} : { reason }) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
