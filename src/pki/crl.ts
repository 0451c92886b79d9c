/**
 * Certificate revocation lists. Source: RFC 5280 section 5. Syntax only: what a list is worth is decided in `trust/`.
 */
import type { AlgorithmIdentifier } from './algorithms.ts';
import type { Name } from './name.ts';

export interface CertificateList {
  /** The whole list as it stands. */
  readonly bytes: Uint8Array;
  /** What is signed. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
}
