/**
 * Whom a page or a script for verifying shall believe. Rule 26: it names publisher and product or is not written. Rule 9: keys that
 * everybody has are refused.
 */
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { toHex } from '../../core/struct.ts';
import { nameOf } from '../../page/display-text.ts';
import type { Anchor } from '../../trust/anchor.ts';
import { DEMONSTRATION_KEYS } from '../../trust/demonstration.ts';
import { parsePublisher, publisherFlag } from '../../trust/publisher.ts';
import { type PolicyFlags, sourceOfFlags } from '../policy/policy-flags.ts';

export interface VerifierFlags extends Pick<PolicyFlags, 'trust' | 'timestampTrust' | 'publisher' | 'product'> {
  readonly name?: string;
}

export interface VerifierFacts {
  readonly anchors: readonly KnownAnchor[];
  readonly timestampAnchors: readonly KnownAnchor[];
  /** At least one, in the form in which `parsePublisher` compares them. */
  readonly publishers: readonly string[];
  readonly products: readonly string[];
  /** What people call them. */
  readonly productName: string;
  readonly publisherName: string;
}

export interface KnownAnchor {
  /** Hexadecimal. */
  readonly sha256: string;
  /** Absent for an anchor that was named by its fingerprint. */
  readonly certificate?: { readonly bytes: Uint8Array; readonly subject: string; readonly spki: string };
}

/** @throws DisksealError `E_USAGE`; `E_NOT_FOUND`, `E_READ`, `E_KEY` for a file that cannot be used */
export async function verifierFacts(flags: VerifierFlags, platform: Platform): Promise<VerifierFacts> {
  const { publisher, product, name } = flags;
  const source = await sourceOfFlags(flags);
  const anchors = await Promise.all((source?.anchors ?? []).map((anchor) => known(anchor, platform)));
  if (anchors.length === 0)
    throw usage('--trust is missing', "name your root certificate, or the publisher's own: --trust publisher.cert.pem");
  const timestampAnchors = await Promise.all((source?.timestampAnchors ?? []).map((anchor) => known(anchor, platform)));
  const publishers = (publisher ?? []).map(comparable);
  if (publishers.length === 0) throw usage('a verifier names the publisher: --publisher is missing', proposal(anchors));
  if (!product || product.length === 0)
    throw usage('a verifier names the product: --product is missing', 'give the id of your manifest: --product com.example.app');
  if (name !== undefined && !/^[^\p{Cc}\p{Cs}]{1,80}$/u.test(name)) throw usage('--name is not a name of 1 to 80 characters');
  for (const { certificate } of anchors) if (certificate) refuseExampleKey(certificate.spki);
  for (const one of publishers) if (one.startsWith('spki:')) refuseExampleKey(one.slice(5));
  const subject = publisherSubject(publishers[0]!, anchors);
  const publisherName = subject === undefined ? 'the publisher' : nameOf(subject);
  return { anchors, timestampAnchors, publishers, products: product, productName: name ?? product[0]!, publisherName };
}

async function known(anchor: Anchor, platform: Platform): Promise<KnownAnchor> {
  if (anchor.kind === 'fingerprint') return { sha256: anchor.sha256 };
  const { bytes, subject, spki } = anchor.certificate;
  const hex = async (value: Uint8Array): Promise<string> => toHex(await platform.digest('sha256', value));
  return { sha256: await hex(bytes), certificate: { bytes, subject: subject.text, spki: await hex(spki) } };
}

/** The text as it is compared. @throws DisksealError `E_USAGE` for one that names nobody */
function comparable(text: string): string {
  const publisher = parsePublisher(text);
  switch (publisher.kind) {
    case 'certificate':
      return `sha256:${publisher.sha256}`;
    case 'key':
      return `spki:${publisher.sha256}`;
    case 'subject':
      if (!/\p{Cc}/u.test(publisher.text)) return publisher.text;
      break;
    default:
  }
  throw usage(`--publisher ${text} names nobody`, 'a verifier names one publisher: the whole subject, spki:HEX or sha256:HEX');
}

function refuseExampleKey(spki: string): void {
  if (!DEMONSTRATION_KEYS.has(spki)) return;
  throw usage('the example keys prove nothing, because everybody has them', 'make your own with "diskseal keys new"');
}

function proposal(anchors: readonly KnownAnchor[]): string {
  const [first] = anchors;
  const flag = first?.certificate && publisherFlag(first.certificate);
  return flag
    ? `if this is the publisher's own certificate: ${flag}`
    : "give the publisher's whole subject: --publisher 'CN=Example Ltd,C=GB'";
}

function publisherSubject(publisher: string, anchors: readonly KnownAnchor[]): string | undefined {
  if (!/^(?:sha256|spki):/.test(publisher)) return publisher;
  const found = anchors.find(({ sha256, certificate }) => publisher === `sha256:${sha256}` || publisher === `spki:${certificate?.spki}`);
  return found?.certificate?.subject;
}

function usage(message: string, hint?: string): DisksealError {
  return new DisksealError('E_USAGE', message, { hint });
}
