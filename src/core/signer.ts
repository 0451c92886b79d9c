/** Something that can sign: a private key in a file, a token, a service. The keys themselves live in src/keys/ only. */
import type { HashAlgorithm, SignatureScheme } from './platform.ts';

export interface Signer {
  readonly scheme: SignatureScheme;
  readonly hash: HashAlgorithm;
  /** DER certificates: the signer's own first, then its issuers without the root. */
  readonly certificates: readonly Uint8Array[];
  /** DER of the root above them, when it was at hand: whoever trusts it has it, so it stays out of seals. */
  readonly root?: Uint8Array | undefined;
  /** Signs a message (hashing is the signer's work). ECDSA: the DER SEQUENCE of r and s. @throws DisksealError `E_KEY` */
  sign(message: Uint8Array): Promise<Uint8Array>;
}
