/** The manifest's `sign` as a signer, with what a build has to say about it. */
import { createHash } from 'node:crypto';
import type { Signer } from '../../core/signer.ts';
import { loadSigner } from '../../keys/signer.ts';
import type { SignSettings } from '../../manifest/manifest.ts';
import { type Certificate, parseCertificate } from '../../pki/x509.ts';
import { DEMONSTRATION_KEYS } from '../../trust/demonstration.ts';
import { passphraseSource } from './passphrase.ts';

export interface OpenedSigner {
  readonly signer: Signer;
  /** Unix seconds: when the first certificate of the path expires. */
  readonly notAfter: number;
  /** The example key, which everybody has. */
  readonly demonstration: boolean;
  /** What `--trust` takes to know the publisher again. */
  readonly trust: string;
}

/** @throws DisksealError `E_KEY`, `E_WEAK`, `E_NOT_FOUND`, `E_READ` */
export async function openSigner({
  key,
  certificates,
  passphraseEnv,
  passphraseFile,
}: Omit<SignSettings, 'timestamp' | 'revocation' | 'nextKeys'>): Promise<OpenedSigner> {
  const passphrase = passphraseSource({ env: passphraseEnv, file: passphraseFile });
  const signer = await loadSigner({ key, certificates, passphrase, now: Math.floor(Date.now() / 1000) });
  const path = signer.certificates.map((der) => parseCertificate(der));
  return {
    signer,
    notAfter: Math.min(...path.map((certificate) => certificate.notAfter)),
    demonstration: path.some((certificate) => DEMONSTRATION_KEYS.has(spkiHash(certificate))),
    trust: certificates ?? `sha256:${createHash('sha256').update(path[0]!.bytes).digest('hex')}`,
  };
}

function spkiHash({ spki }: Certificate): string {
  return createHash('sha256').update(spki).digest('hex');
}
