/**
 * Name constraints. Source: RFC 5280 section 4.2.1.10 and 6.1.4 (g).
 * Evaluated: directory names, DNS names, mailboxes, addresses, URIs. A constraint of another form refuses every name of that form.
 *
 * Where the RFC leaves doubt, the answer is the one that refuses: a permitted directory name must agree byte by byte, an excluded one is
 * also found under other case, spacing, normalisation and string type; a wildcard is excluded when any of its expansions would be.
 */

import { equalBytes } from '../pki/der.ts';
import type { NameConstraints } from '../pki/extensions.ts';
import { type GeneralName, isHostName, isMailbox } from '../pki/general-name.ts';
import type { Name, Rdn } from '../pki/name.ts';
import { OID } from '../pki/oids.ts';
import type { Certificate } from '../pki/x509.ts';

// Hostile chains multiply names by constraints (limbo "nc-dos"). Real ones need a few dozen comparisons.
const MAX_COMPARISONS = 20_000;

/** Counts down over a whole path. */
export interface ComparisonBudget {
  left: number;
}

export function comparisonBudget(): ComparisonBudget {
  return { left: MAX_COMPARISONS };
}

/** What forbids a certificate under its issuer's constraints, or undefined when nothing does. */
export function constraintFault(constraints: NameConstraints, certificate: Certificate, budget: ComparisonBudget): string | undefined {
  const bases = [...constraints.permitted, ...constraints.excluded];
  const names = namesOf(certificate);
  budget.left -= names.length * bases.length;
  if (budget.left < 0) return 'too many name constraints';
  const malformed = bases.map(baseFault).find((fault) => fault !== undefined);
  if (malformed) return malformed;
  for (const name of names) {
    if (alike(name, constraints.excluded).some(mayBeWithin)) return `the name ${describe(name)} is excluded`;
    const permitted = alike(name, constraints.permitted);
    if (permitted.length > 0 && !permitted.some(isWithin)) return `the name ${describe(name)} is not permitted`;
  }
  return undefined;
}

type NameOf<Kind, Name = GeneralName> = Name extends { kind: infer Kinds } ? (Kind extends Kinds ? Name : never) : never;
/** A name and a constraint of the same form. */
type Pair = { [Kind in GeneralName['kind']]: { kind: Kind; name: NameOf<Kind>; base: NameOf<Kind> } }[GeneralName['kind']];

/** A constraint speaks of names of its own form only. */
function alike(name: GeneralName, bases: readonly GeneralName[]): Pair[] {
  return bases.filter(({ kind }) => kind === name.kind).map((base) => ({ kind: name.kind, name, base }) as Pair);
}

/** The subject, its alternative names, and mailboxes that stand in the subject. */
function namesOf({ subject, extensions }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...(extensions.subjectAltName ?? [])];
  // An empty subject is no name (RFC 5280 6.1.3 b).
  if (subject.rdns.length > 0) names.push({ kind: 'directory', name: subject, offset: 0 });
  for (const { type, text } of subject.rdns.flatMap(({ attributes }) => attributes)) {
    if (type === OID.emailAddress) names.push({ kind: 'email', text: text ?? '', offset: 0 });
  }
  return names;
}

/** What makes a constraint itself meaningless: nothing can be judged by it. */
function baseFault(base: GeneralName): string | undefined {
  const host = (text: string): boolean => isHostName(text);
  switch (base.kind) {
    case 'dns':
      return base.text === '' || host(base.text) ? undefined : 'a name constraint that is no host name';
    case 'email': {
      const at = base.text.lastIndexOf('@');
      const local = base.text.slice(0, Math.max(0, at));
      const wellFormed =
        !local.includes('@') && (at < 0 ? host(base.text.replace(/^\./, '')) : local !== '' && host(base.text.slice(at + 1)));
      return wellFormed ? undefined : 'a name constraint that is no mailbox and no host';
    }
    case 'uri':
      return host(base.text.replace(/^\./, '')) ? undefined : 'a name constraint that is no host';
    case 'ip':
      return isAddressRange(base.octets) ? undefined : 'a name constraint that is no range of addresses';
    default:
      return undefined;
  }
}

/** Address and mask; RFC 4632: the mask is ones, then zeros. */
function isAddressRange(octets: Uint8Array): boolean {
  if (octets.length !== 8 && octets.length !== 32) return false;
  const mask = Array.from(octets.subarray(octets.length / 2), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(mask);
}

/** Surely within: for what is permitted. */
function isWithin(pair: Pair): boolean {
  switch (pair.kind) {
    case 'directory':
      return startsWith(pair.name.name, pair.base.name, sameRdn);
    case 'dns':
      return dnsWithin(pair.name.text.replace(/^\*\./, ''), pair.base.text);
    case 'email':
      return isMailbox(pair.name.text) && emailWithin(pair.name.text, pair.base.text, (left, right) => left === right);
    default:
      return within(pair);
  }
}

/** Possibly within: for what is excluded. */
function mayBeWithin(pair: Pair): boolean {
  switch (pair.kind) {
    case 'directory':
      return startsWith(pair.name.name, pair.base.name, similarRdn);
    case 'dns': {
      const wildcard = pair.name.text.startsWith('*.');
      const suffix = pair.name.text.slice(wildcard ? 2 : 0);
      return dnsWithin(suffix, pair.base.text) || (wildcard && dnsWithin(pair.base.text, suffix));
    }
    case 'email':
      // What a subject calls a mailbox may be in characters that nobody can compare.
      return !isMailbox(pair.name.text) || emailWithin(pair.name.text, pair.base.text, (left, right) => fold(left) === fold(right));
    case 'uri':
      return uriHost(pair.name.text) === undefined || within(pair);
    default:
      return UNEVALUATED.has(pair.kind) || within(pair);
  }
}

/** The forms for which both questions have one answer. */
function within(pair: Pair): boolean {
  if (pair.kind === 'ip') return addressWithin(pair.name.octets, pair.base.octets);
  return pair.kind === 'uri' && uriWithin(pair.name.text, pair.base.text);
}

/** Names of these forms are never permitted and always excluded by a constraint of their form. */
const UNEVALUATED: ReadonlySet<GeneralName['kind']> = new Set(['other', 'x400', 'ediParty', 'registeredId']);

/** A directory name lies within another when it begins with all of it. */
function startsWith(name: Name, base: Name, same: (left: Rdn, right: Rdn) => boolean): boolean {
  return base.rdns.length <= name.rdns.length && base.rdns.every((rdn, index) => same(rdn, name.rdns[index]!));
}

function sameRdn(left: Rdn, right: Rdn): boolean {
  return equalBytes(left.bytes, right.bytes);
}

/** RFC 5280 7.1 compares prepared strings (RFC 4518). This folds at least as much, and takes a value without characters for any other. */
function similarRdn(base: Rdn, name: Rdn): boolean {
  return base.attributes.every(({ type, text }) =>
    name.attributes.some(
      (other) => other.type === type && (text === undefined || other.text === undefined || fold(text) === fold(other.text)),
    ),
  );
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/[\p{C}\p{Z}\s]+/gu, '');
}

/** Any name that can be made by adding labels in front. An empty constraint holds every name. */
function dnsWithin(name: string, base: string): boolean {
  return base === '' || `.${name.toLowerCase()}`.endsWith(`.${base.toLowerCase()}`);
}

/** A host for all mailboxes there, `.domain` for all hosts below, or one mailbox. */
function emailWithin(name: string, base: string, sameLocal: (left: string, right: string) => boolean): boolean {
  const at = name.lastIndexOf('@');
  const host = name.slice(at + 1).toLowerCase();
  const baseAt = base.lastIndexOf('@');
  const baseHost = base.slice(baseAt + 1).toLowerCase();
  if (baseAt >= 0) return sameLocal(name.slice(0, Math.max(0, at)), base.slice(0, baseAt)) && host === baseHost;
  return baseHost.startsWith('.') ? host.endsWith(baseHost) : host === baseHost;
}

function uriWithin(uri: string, base: string): boolean {
  const host = uriHost(uri);
  if (host === undefined) return false;
  return base.startsWith('.') ? host.endsWith(base.toLowerCase()) : host === base.toLowerCase();
}

/** The host of a URI with an authority; undefined when there is none or it is an address, which no constraint can speak of. */
function uriHost(uri: string): string | undefined {
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^@/?#]*@)?([^:/?#[\]@]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1];
  return host !== undefined && isHostName(host) ? host.toLowerCase() : undefined;
}

function addressWithin(address: Uint8Array, range: Uint8Array): boolean {
  const size = range.length / 2;
  if (address.length !== size) return false;
  return address.every((octet, index) => ((octet ^ range[index]!) & range[size + index]!) === 0);
}

function describe(name: GeneralName): string {
  if (name.kind === 'directory') return name.name.text;
  return 'text' in name ? name.text.replaceAll(/[^\x21-\x7e]/g, '?') : `of the form ${name.kind}`;
}
