/**
 * What one revocation list or one OCSP answer says about one certificate, and whether that may still be relied on.
 * Rule: `seal-format.md`, revocation. A statement that a certificate was revoked always counts, however old: only silence and "good" age.
 */
import type { Platform } from '../core/platform.ts';
import { type AlgorithmIdentifier, signatureAlgorithm } from '../pki/algorithms.ts';
import type { CertificateList } from '../pki/crl.ts';
import type { Revocation } from '../pki/crl-entries.ts';
import type { OcspResponse } from '../pki/ocsp.ts';
import { keyFault, keyMakes } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';

/** Its signature was checked, and its signer may speak for the issuer. */
export interface Statement {
  readonly source: CertificateList | OcspResponse;
  /** For people: `the revocation list of 2026-05-01`. */
  readonly title: string;
  readonly says: 'good' | 'revoked' | 'unknown';
  /** When it says `revoked`. */
  readonly revocation?: Revocation | undefined;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** Certificates that expired since then are still spoken of; undefined: expired ones may have been forgotten. */
  readonly keepsExpiredSince: number | undefined;
  readonly signer: Certificate;
  /** Whether the signer is a responder of the issuer's and not the issuer itself. */
  readonly delegated: boolean;
  /** Why it proves nothing about a certificate that it does not call revoked. */
  readonly reservation?: string | undefined;
}

/** What comes of one piece of evidence: nothing when it is about other certificates; a text when it should count and does not. */
export type Finding = Statement | string;

export interface Moment {
  /** Unix seconds at which the path is judged, and whether a trusted timestamp proves it. */
  readonly at: number;
  readonly proven: boolean;
  /** Unix seconds. */
  readonly now: number;
  readonly tolerance: number;
}

/** Why a statement that is not `revoked` cannot be relied on; undefined when it can. */
export function staleness(statement: Statement, certificate: Certificate, { at, proven, now, tolerance }: Moment): string | undefined {
  const { title, thisUpdate, nextUpdate, signer, delegated, keepsExpiredSince, reservation } = statement;
  if (reservation) return `${title} ${reservation}`;
  // Put so that times which are no numbers are within no bounds.
  if (!(thisUpdate <= now + tolerance)) return `${title} is from the future`;
  if (!(thisUpdate >= signer.notBefore - tolerance && thisUpdate <= signer.notAfter + tolerance)) {
    return `${title} was made when its signer's certificate was not valid`;
  }
  // Whoever gets hold of the key of a former responder can date answers back: an issuer's own key is watched over for longer.
  if (delegated && !(now <= signer.notAfter + tolerance)) return `${title} was made by a responder whose certificate has expired`;
  const expired = !(now <= certificate.notAfter + tolerance);
  if (expired && !(keepsExpiredSince !== undefined && keepsExpiredSince <= certificate.notAfter)) {
    // Issuers forget expired certificates: what counts is the time between the signature and the end of validity.
    const within = proven && thisUpdate > at && thisUpdate <= certificate.notAfter;
    return within ? undefined : `${title} is not from the time between the signature and the end of the certificate`;
  }
  // RFC 6960 4.2.2.1: without a next update there may be news at any time.
  if (now <= (nextUpdate ?? thisUpdate) + tolerance) return undefined;
  return `${title} is stale since ${day(nextUpdate ?? thisUpdate)}`;
}

interface Signed {
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whether this certificate's key made the signature, with algorithm and key from the lists of allowed ones. */
export async function isSignedBy(signer: Certificate, { signatureAlgorithm: identifier, message, signature }: Signed, platform: Platform) {
  const algorithm = signatureAlgorithm(identifier);
  const key = signer.publicKey;
  if (!algorithm || keyFault(key, 'authority') || !keyMakes(key, algorithm, identifier)) return false;
  return platform.verifySignature({ publicKey: signer.spki, scheme: algorithm.scheme, hash: algorithm.hash, message, signature });
}

export function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
