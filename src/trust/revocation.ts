/**
 * Revocation: was a certificate of a path declared invalid by its issuer, and who knows since when? Sources: RFC 5280 sections 5 and 6.3,
 * RFC 6960, RFC 5940; `seal-format.md`, revocation.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import type { CertificateList } from '../pki/crl.ts';
import type { OcspResponse } from '../pki/ocsp.ts';
import type { Certificate } from '../pki/x509.ts';
import type { PathFault } from './path-validation.ts';

/** `hard`: every certificate must be known to be good now. `soft`: only a revocation refuses. `off`: nobody asks. */
export type RevocationMode = 'hard' | 'soft' | 'off';

/** What issuers said about their certificates, none of it believed yet. */
export interface RevocationEvidence {
  readonly crls: readonly CertificateList[];
  readonly responses: readonly OcspResponse[];
}

export interface RevocationRequest {
  /** The certificate that is used first, the anchor last. The anchor is not itself checked. */
  readonly path: readonly Certificate[];
  /** Unix seconds at which the path is judged. */
  readonly at: number;
  /** Whether `at` comes from a trusted timestamp: only then does a later revocation leave the signature alone. */
  readonly proven: boolean;
  /** Unix seconds. */
  readonly now: number;
  /** How many seconds a clock may be wrong. */
  readonly tolerance: number;
  readonly mode: RevocationMode;
  readonly evidence: RevocationEvidence;
}

export interface RevocationStatus {
  readonly certificate: Certificate;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** For people: what says so, or why nothing does. */
  readonly source: string;
}

export interface RevocationResult {
  /** All of code `E_REVOKED`: a revocation that counts or, under `hard`, a status that is not known. */
  readonly faults: readonly PathFault[];
  /** One for each certificate of the path but the anchor, in its order. */
  readonly statuses: readonly RevocationStatus[];
  /** Evidence that an issuer of the path made about a certificate of the path, stale or not. Embedded evidence must all be here. */
  readonly used: ReadonlySet<CertificateList | OcspResponse>;
}

/** @returns the status of every certificate of the path but the anchor; bad evidence is no exception, it only counts for nothing */
export function checkRevocation(_request: RevocationRequest, _platform: Platform): Promise<RevocationResult> {
  throw new DisksealError('E_INTERNAL', 'not built yet');
}

/** A file: one or more CRLs in PEM ("X509 CRL"), one in DER, or one OCSP response in DER. */
export function parseEvidence(_source: Uint8Array): RevocationEvidence {
  throw new DisksealError('E_INTERNAL', 'not built yet');
}

/** The RevocationInfoChoices of a CMS message (RFC 5652 10.2.1, RFC 5940). */
export function embeddedEvidence(_choices: readonly Uint8Array[]): RevocationEvidence {
  throw new DisksealError('E_INTERNAL', 'not built yet');
}
