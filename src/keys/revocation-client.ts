/**
 * Asks the authorities of a signer's own path whether its certificates are still good, for a seal to carry the answers. Sources: RFC 6960
 * section 4.1 and appendix A.1 (by POST), RFC 5280 4.2.1.13 (lists). Only what the certificates themselves name is asked, and no private key
 * is anywhere near. Evidence that is wanted and cannot be had is an error, never a seal without it.
 */
import { DisksealError } from '../core/errors.ts';
import type { HttpPost } from '../core/platform.ts';
import { encodeOcspRequest } from '../pki/ocsp-request.ts';
import { OID } from '../pki/oids.ts';
import type { Certificate } from '../pki/x509.ts';

export interface RevocationClientOptions {
  readonly post: HttpPost;
  /** The body of a good answer. @throws DisksealError `E_HTTP`, also when it is longer than `limit` bytes */
  readonly get: (url: string, limit: number) => Promise<Uint8Array>;
  /**
   * Takes what a server sent for what a seal may carry: a RevocationInfoChoice, DER.
   * @throws DisksealError `E_REVOKED` when the certificate was revoked: nobody else is asked; any other when it proves nothing
   */
  readonly accept: (sent: Uint8Array, certificate: Certificate, issuer: Certificate) => Promise<Uint8Array>;
}

/** Rule 4 of the seal: what a seal carries of this kind, in all. */
const MAX_EMBEDDED = 16 << 10;
/** One URL that hangs is enough to wait for; certificates name one or two. */
const MAX_URLS = 4;

/**
 * @param path - the signer's certificate first, each one's issuer after it, the root last; one certificate alone is asked nothing about
 * @returns RevocationInfoChoice elements, DER: one for each certificate but the root
 * @throws DisksealError `E_HTTP` with what went wrong at each server, `E_REVOKED` when a certificate was revoked, `E_NO_ROOM`
 */
export async function gatherRevocations(path: readonly Certificate[], options: RevocationClientOptions): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const [index, issuer] of path.slice(1).entries()) found.push(await askAbout(path[index]!, issuer, options));
  const size = found.reduce((sum, { length }) => sum + length, 0);
  if (size <= MAX_EMBEDDED) return found;
  throw new DisksealError('E_NO_ROOM', `the revocation data has ${size} bytes, and a seal carries at most ${MAX_EMBEDDED}`, {
    hint: 'leave it out; who verifies can be given a revocation list',
  });
}

interface Place {
  readonly url: string;
  readonly ask: () => Promise<Uint8Array>;
}

/** Responders first: their answers are short. */
async function askAbout(certificate: Certificate, issuer: Certificate, options: RevocationClientOptions): Promise<Uint8Array> {
  const failures: DisksealError[] = [];
  for (const { url, ask } of placesOf(certificate, issuer, options)) {
    try {
      return await options.accept(await ask(), certificate, issuer);
    } catch (error) {
      if (!(error instanceof DisksealError) || error.code === 'E_REVOKED') throw error;
      failures.push(new DisksealError('E_HTTP', `${url}: ${error.message}`, { hint: error.hint, cause: error }));
    }
  }
  throw noEvidence(certificate, failures);
}

function placesOf(certificate: Certificate, issuer: Certificate, { post, get }: RevocationClientOptions): Place[] {
  const { authorityInfoAccess = [], crlDistributionPoints = [] } = certificate.extensions;
  const types = { contentType: 'application/ocsp-request', accept: 'application/ocsp-response' };
  const responders = authorityInfoAccess.filter(({ method }) => method === OID.accessOcsp).map(({ location }) => location);
  const lists = crlDistributionPoints.filter(({ otherIssuer, someReasons }) => !otherIssuer && !someReasons).flatMap(({ names }) => names);
  const urlsOf = (names: typeof responders): string[] =>
    names.flatMap((name) => (name.kind === 'uri' && /^https?:\/\//i.test(name.text) && URL.canParse(name.text) ? [name.text] : []));
  return [
    ...urlsOf(responders)
      .slice(0, MAX_URLS)
      .map((url): Place => ({ url, ask: () => post(url, encodeOcspRequest(certificate, issuer), types) })),
    ...urlsOf(lists)
      .slice(0, MAX_URLS)
      .map((url): Place => ({ url, ask: () => get(url, MAX_EMBEDDED) })),
  ];
}

function noEvidence({ subject }: Certificate, failures: readonly DisksealError[]): DisksealError {
  const name = subject.text;
  if (failures.length === 0) {
    const hint = 'leave revocation data out, or have the certificate issued with an OCSP responder';
    return new DisksealError('E_HTTP', `the certificate of ${name} names nobody who could be asked whether it was revoked`, { hint });
  }
  const reasons = failures.map(({ message }) => message).join('; ');
  return new DisksealError('E_HTTP', `nobody could be had to say that ${name} was not revoked: ${reasons}`, {
    hint: failures.find(({ hint }) => hint !== undefined)?.hint ?? 'try again later',
    cause: failures.at(-1),
    others: failures.slice(1),
  });
}
