/**
 * GeneralName, the names of RFC 5280 4.2.1.6, and the subtrees of name constraints (4.2.1.10).
 *
 *     GeneralName ::= CHOICE {
 *       otherName [0] OtherName, rfc822Name [1] IA5String, dNSName [2] IA5String, x400Address [3] ORAddress, directoryName [4] Name,
 *       ediPartyName [5] EDIPartyName, uniformResourceIdentifier [6] IA5String, iPAddress [7] OCTET STRING, registeredID [8] OID }
 *
 * The types that no constraint of ours evaluates (other, x400, ediParty, registeredId) are kept as bytes.
 */
import { DisksealError } from '../core/errors.ts';
import { context, type DerElement, equalBytes } from './der.ts';
import { type Name, readName } from './name.ts';

export type GeneralName =
  | { readonly kind: 'email' | 'dns' | 'uri'; readonly text: string; readonly offset: number }
  | { readonly kind: 'ip'; readonly octets: Uint8Array; readonly offset: number }
  | { readonly kind: 'directory'; readonly name: Name; readonly offset: number }
  | { readonly kind: 'other' | 'x400' | 'ediParty' | 'registeredId'; readonly bytes: Uint8Array; readonly offset: number };

const TEXT_KINDS: ReadonlyMap<number, 'email' | 'dns' | 'uri'> = new Map([
  [context(1, 'primitive'), 'email'],
  [context(2, 'primitive'), 'dns'],
  [context(6, 'primitive'), 'uri'],
]);

const OPAQUE_KINDS: ReadonlyMap<number, 'other' | 'x400' | 'ediParty' | 'registeredId'> = new Map([
  [context(0), 'other'],
  [context(3), 'x400'],
  [context(5), 'ediParty'],
  [context(8, 'primitive'), 'registeredId'],
]);

// A name is compared with every constraint above it: long ones would make that work for nothing.
const MAX_TEXT = 4096;

export function readGeneralName(element: DerElement, field: string): GeneralName {
  const { tag, offset, content } = element;
  const textKind = TEXT_KINDS.get(tag);
  if (textKind) {
    if (!content.every((octet) => octet < 0x80)) throw element.fail('not ASCII', field);
    if (content.length > MAX_TEXT) throw element.fail(`a name of ${content.length} octets`, field);
    return { kind: textKind, text: String.fromCharCode(...content), offset };
  }
  if (tag === context(7, 'primitive')) return { kind: 'ip', octets: content, offset };
  if (tag === context(4)) return { kind: 'directory', name: readName(element.only(field), field), offset };
  const opaque = OPAQUE_KINDS.get(tag);
  if (!opaque) throw element.fail('not a GeneralName', field);
  return { kind: opaque, bytes: element.bytes, offset };
}

/** The same name letter by letter: what names of places are compared by. */
export function sameGeneralName(left: GeneralName, right: GeneralName): boolean {
  if (left.kind !== right.kind) return false;
  return equalBytes(octetsOf(left), octetsOf(right));
}

function octetsOf(name: GeneralName): Uint8Array {
  if ('text' in name) return new TextEncoder().encode(name.text);
  if ('octets' in name) return name.octets;
  return 'name' in name ? name.name.bytes : name.bytes;
}

/**
 * What is wrong with a name that a certificate gives its subject (not a constraint), or undefined.
 * RFC 5280 4.2.1.6: host names in preferred syntax, mailboxes without comments, addresses of 4 or 16 octets, absolute URIs.
 */
export function generalNameFault(name: GeneralName): string | undefined {
  switch (name.kind) {
    case 'dns':
      return isHostName(name.text.replace(/^\*\./, '')) ? undefined : 'a dNSName that is no host name';
    case 'email':
      return isMailbox(name.text) ? undefined : 'an rfc822Name that is no mailbox';
    case 'ip':
      return name.octets.length === 4 || name.octets.length === 16 ? undefined : 'an iPAddress of a wrong length';
    case 'uri':
      return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(name.text) ? undefined : 'a URI that is not absolute';
    default:
      return undefined;
  }
}

/** RFC 1034 3.5 as RFC 1123 2.1 relaxes it: labels of letters, digits and inner hyphens; not all digits at the end, as an address is. */
export function isHostName(text: string): boolean {
  const labels = text.split('.');
  const wellFormed = labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
  return wellFormed && text.length <= 253 && !/^\d+$/.test(labels.at(-1)!);
}

/** RFC 5321 4.1.2, the dot-string form: quoted local parts are allowed by the RFC and used by nobody. */
export function isMailbox(text: string): boolean {
  const match = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@([^@]+)$/.exec(text);
  return match !== null && isHostName(match[2]!);
}

export function malformedName(fault: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', fault, { offset, field: 'GeneralName' });
}
