/**
 * Answers of the Online Certificate Status Protocol. Source: RFC 6960 section 4.2. Syntax only: what an answer is worth is decided in `trust/`.
 */
import type { AlgorithmIdentifier } from './algorithms.ts';
import type { Certificate } from './x509.ts';

export interface OcspResponse {
  /** The whole OCSPResponse as it stands. */
  readonly bytes: Uint8Array;
  /** What is signed: ResponseData. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** Unix seconds. */
  readonly producedAt: number;
  /** Not signed: they may help to find the responder's key. */
  readonly certificates: readonly Certificate[];
}
