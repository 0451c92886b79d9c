/**
 * Distinguished names. Sources: RFC 5280 4.1.2.4 (type), RFC 4514 (text).
 *
 *     Name ::= CHOICE { rdnSequence SEQUENCE OF RelativeDistinguishedName }
 *     RelativeDistinguishedName ::= SET SIZE (1..MAX) OF SEQUENCE { type AttributeType, value AttributeValue }
 *
 * Names are compared as bytes. The text is for people and for `--publisher`: the most specific part first, as openssl prints it with
 * `-nameopt RFC2253`. Two names with the same text have the same characters in the same attributes. Beyond RFC 4514, everything that
 * a terminal would obey, hide or turn around is written as `\XX` of its UTF-8 octets.
 */
import { toHex } from '../core/struct.ts';
import { type DerElement, TAG } from './der.ts';
import { OID } from './oids.ts';

interface NameAttribute {
  readonly type: string;
  /** The value's whole element. */
  readonly value: Uint8Array;
  /** Undefined when the value is no character string, or one whose characters are uncertain. */
  readonly text: string | undefined;
  readonly tag: number;
}

export interface Name {
  readonly bytes: Uint8Array;
  /** As RFC 4514 has it, made safe for display. */
  readonly text: string;
  /** Relative distinguished names in the order of the encoding, the most general first. */
  readonly rdns: readonly Rdn[];
}

export interface Rdn {
  readonly bytes: Uint8Array;
  readonly attributes: readonly NameAttribute[];
}

const MAX_RDNS = 64;
// Names are printed; those in use have a few hundred octets.
const MAX_OCTETS = 8192;

export function readName(element: DerElement, field: string): Name {
  if (element.bytes.length > MAX_OCTETS) throw element.fail(`a name of ${element.bytes.length} octets`, field);
  const rdns = element.list(field, { minimum: 0, maximum: MAX_RDNS }).map((rdn) => ({
    bytes: rdn.bytes,
    attributes: rdn.list(field, { tag: TAG.set, maximum: MAX_RDNS }).map((attribute) => readAttribute(attribute, field)),
  }));
  return { bytes: element.bytes, text: nameText(rdns), rdns };
}

function readAttribute(element: DerElement, field: string): NameAttribute {
  const fields = element.fields(field);
  const type = fields.next(TAG.oid, 'type').oid(field);
  const value = fields.any('value');
  fields.end();
  return { type, value: value.bytes, text: STRING_TYPES.has(value.tag) ? value.text(field) : undefined, tag: value.tag };
}

const STRING_TYPES: ReadonlySet<number> = new Set([
  TAG.utf8String,
  TAG.printableString,
  TAG.ia5String,
  TAG.numericString,
  TAG.visibleString,
  TAG.bmpString,
  TAG.universalString,
]);

/** RFC 4514 section 3, and the names that RFC 4519 and openssl add. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  [OID.commonName]: 'CN',
  [OID.localityName]: 'L',
  [OID.stateOrProvinceName]: 'ST',
  [OID.organizationName]: 'O',
  [OID.organizationalUnitName]: 'OU',
  [OID.countryName]: 'C',
  [OID.streetAddress]: 'STREET',
  [OID.domainComponent]: 'DC',
  [OID.userId]: 'UID',
  [OID.surname]: 'SN',
  [OID.givenName]: 'GN',
  [OID.title]: 'title',
  [OID.serialNumber]: 'serialNumber',
  [OID.emailAddress]: 'emailAddress',
};

function nameText(rdns: readonly Rdn[]): string {
  return rdns
    .map(({ attributes }) => attributes.map(attributeText).reverse().join('+'))
    .reverse()
    .join(',');
}

/** RFC 4514 2.4: an attribute without a short name, or a value without characters, is written as `#` and the octets of its encoding. */
function attributeText({ type, text, value }: NameAttribute): string {
  const short = Object.hasOwn(SHORT_NAMES, type) ? SHORT_NAMES[type]! : undefined;
  if (short === undefined || text === undefined) return `${short ?? type}=#${toHex(value)}`;
  return `${short}=${escapeValue(text)}`;
}

function escapeValue(text: string): string {
  const characters = Array.from(text);
  return characters.map((character, index) => escapeCharacter(character, index === 0, index === characters.length - 1)).join('');
}

function escapeCharacter(character: string, first: boolean, last: boolean): string {
  if (/["+,;<>\\]/.test(character) || (first && character === '#') || ((first || last) && character === ' ')) return `\\${character}`;
  return isTreacherous(character.codePointAt(0)!) ? escapeOctets(character) : character;
}

function escapeOctets(character: string): string {
  return Array.from(new TextEncoder().encode(character), (octet) => `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** Fixed ranges and no Unicode property: the text of a name must not change with the release of the platform. */
const TREACHEROUS: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xf8ff],
  [0xfdd0, 0xfdef],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xffff],
  [0x1d173, 0x1d17a],
  [0xe0000, 0x10ffff],
];

/** Controls, directions, invisible characters and spaces that look like others, private use, noncharacters. */
function isTreacherous(code: number): boolean {
  return (code & 0xfffe) === 0xfffe || TREACHEROUS.some(([from, to]) => code >= from && code <= to);
}
