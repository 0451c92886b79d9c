/** The revocation data that a seal is to carry: the client of `keys/` over Node's sockets, with what `trust/` says about the answers. */
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Signer } from '../../core/signer.ts';
import { gatherRevocations } from '../../keys/revocation-client.ts';
import { createHttpClient } from '../../node/http-client.ts';
import { parseCertificate } from '../../pki/x509.ts';
import { acceptRevocation } from '../../trust/revocation-sent.ts';

/**
 * Asks the authorities of the signer's path about its certificates.
 * @returns RevocationInfoChoice elements, DER
 * @throws DisksealError `E_USAGE` when there is nobody to ask, `E_HTTP`, `E_REVOKED`, `E_NO_ROOM`
 */
export async function revocationsOf({ certificates, root }: Signer, platform: Platform): Promise<readonly Uint8Array[]> {
  const path = [...certificates, ...(root ? [root] : [])].map((der) => parseCertificate(der));
  const last = path.at(-1)!;
  if (!last.selfIssued) {
    throw new DisksealError('E_USAGE', `the certificate of ${last.issuer.text} is needed to ask whether ${last.subject.text} was revoked`, {
      hint: 'put it with the others in the file of certificates; a root does not go into the seal',
    });
  }
  if (path.length === 1) {
    throw new DisksealError('E_USAGE', `${last.subject.text} certifies itself: there is nobody to ask whether it was revoked`);
  }
  const client = createHttpClient();
  try {
    const now = Math.floor(Date.now() / 1000);
    return await gatherRevocations(path, {
      post: client.post,
      get: (url, limit) => client.get(url, limit),
      accept: (sent, certificate, issuer) => acceptRevocation(sent, certificate, issuer, now, platform),
    });
  } finally {
    await client.close();
  }
}
