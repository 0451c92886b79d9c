/**
 * Who the user expects as the publisher. A name is matched whole and exactly: a part of a subject, such as a common name found in a
 * longer one, is no identity (electron-updater issues 1856 and 3667 are what comes of it).
 */
import { DisksealError } from '../core/errors.ts';
import type { PublisherFacts } from './publisher-facts.ts';

export type Publisher =
  /** Any code-signing certificate under an anchor. */
  | { readonly kind: 'any' }
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  | { readonly kind: 'certificate'; readonly sha256: string }
  /** SHA-256 of the SubjectPublicKeyInfo: stays the same when the certificate is renewed for the same key. */
  | { readonly kind: 'key'; readonly sha256: string }
  /** The whole subject as `Name.text` writes it (RFC 4514, the most specific part first). */
  | { readonly kind: 'subject'; readonly text: string }
  | { readonly kind: 'named'; readonly named: NamedPublisher };

/** A publisher of a policy file: everything that is given must hold. */
export interface NamedPublisher {
  readonly name: string;
  /** SHA-256 of the SubjectPublicKeyInfo, or of the certificate, lower-case hexadecimal: one of these. */
  readonly spki?: readonly string[] | undefined;
  readonly certificate?: readonly string[] | undefined;
  /** The whole subject, as RFC 4514 writes it. */
  readonly subject?: string | undefined;
  /** One of the subject's alternative names: `uri:`, `email:` or `dns:` and the whole name. */
  readonly san?: string | undefined;
  /** Of a certificate above it on the path: its whole subject, `sha256:HEX` or `spki:HEX`. Goes with `subject` and `san`. */
  readonly issuer?: string | undefined;
  /** Apple Team ID: the organizational unit of an Apple Developer ID certificate. */
  readonly teamId?: string | undefined;
}

/**
 * Reads `*`, `sha256:HEX`, `spki:HEX`, or a subject such as `CN=Example Software,O=Example,C=DE`.
 * @throws DisksealError `E_USAGE`
 */
export function parsePublisher(text: string): Publisher {
  if (text === '*') return { kind: 'any' };
  const match = /^(sha256|spki):(.*)$/i.exec(text);
  if (match) {
    const digits = match[2]!.replaceAll(':', '').toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digits)) throw usage(`"${text}" is not ${match[1]}: and 64 hexadecimal digits`);
    return { kind: match[1]!.toLowerCase() === 'spki' ? 'key' : 'certificate', sha256: digits };
  }
  if (!/^[A-Za-z0-9.]+=/.test(text)) throw usage(`"${text}" names no publisher`);
  return { kind: 'subject', text };
}

function usage(message: string): DisksealError {
  return new DisksealError('E_USAGE', message, {
    hint: "give the whole subject ('CN=Example Software,O=Example'), spki:HEX, sha256:HEX, or '*' for anybody under a trusted root",
  });
}

export function isPublisher(publisher: Publisher, facts: PublisherFacts): boolean {
  switch (publisher.kind) {
    case 'any':
      return true;
    case 'certificate':
      return publisher.sha256 === facts.sha256;
    case 'key':
      return publisher.sha256 === facts.spki;
    case 'named':
      return isNamed(publisher.named, facts);
    default:
      return publisher.text === facts.subject;
  }
}

/** What each member of a named publisher asks for. A member that is not given asks for nothing; one without a line here cannot exist. */
const CONDITIONS: { readonly [K in Condition]: (wanted: NonNullable<NamedPublisher[K]>, facts: PublisherFacts) => boolean } = {
  spki: (wanted, { spki }) => wanted.includes(spki),
  certificate: (wanted, { sha256 }) => wanted.includes(sha256),
  subject: (wanted, { subject }) => wanted === subject,
  san: (wanted, { alternativeNames }) => alternativeNames.includes(wanted),
  issuer: (wanted, { issuers }) => issuers.some((issuer) => isPublisher(parsePublisher(wanted), issuer)),
  teamId: (wanted, { teamId }) => wanted === teamId,
};
type Condition = Exclude<keyof NamedPublisher, 'name'>;

function isNamed(named: NamedPublisher, facts: PublisherFacts): boolean {
  // The table says of each key what it takes; a type that says so for any key of several is beyond the language.
  const met = (key: Condition): boolean => CONDITIONS[key](named[key] as never, facts);
  const given = (Object.keys(CONDITIONS) as Condition[]).filter((key) => named[key] !== undefined);
  // A name without a condition would be anybody's.
  return given.length > 0 && given.every(met);
}

/** A publisher of a policy, which has a name there or is its own. */
export interface ExpectedPublisher {
  readonly name: string;
  readonly publisher: Publisher;
}

/** @throws DisksealError `E_USAGE` for a text that names nobody */
export function expectedPublishers(publishers: readonly (string | NamedPublisher)[] | '*'): ExpectedPublisher[] {
  if (publishers === '*') return [{ name: '*', publisher: { kind: 'any' } }];
  return publishers.map((one) =>
    typeof one === 'string' ? { name: one, publisher: parsePublisher(one) } : { name: one.name, publisher: { kind: 'named', named: one } },
  );
}

/**
 * The flag that names a publisher, to be pasted into a shell. The subject comes from a stranger: unless it is made of harmless
 * characters alone, the key is named instead.
 */
export function publisherFlag({ subject, spki }: Pick<PublisherFacts, 'subject' | 'spki'>): string {
  return /^[\p{L}\p{N} ,.=@:+/_()-]+$/u.test(subject) ? `--publisher '${subject}'` : `--publisher spki:${spki}`;
}
