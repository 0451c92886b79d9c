/** What a page for verifying holds as data: whom to believe, about what. Written by `diskseal verifier`, read by the page's worker. */
export interface PageSettings {
  /** Certificates in DER as base64, or `sha256:HEX`. */
  readonly trust: readonly string[];
  readonly timestampTrust: readonly string[];
  /** As `--publisher` takes them; never `*`. */
  readonly publishers: readonly string[];
  readonly products: readonly string[];
  /** What people call the product and its publisher. */
  readonly productName: string;
  readonly publisherName: string;
}
