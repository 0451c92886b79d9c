/**
 * A small DER encoder: what it writes, `der.ts` reads. Source: ITU-T X.690 (2021). Every function returns one whole element.
 * Values are the program's own, so a wrong one is a broken promise (`assert`), not bad input.
 */
import { assert } from '../core/errors.ts';
import { compareBytes, TAG } from './der.ts';

/** Any element from its identifier octet and its content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...lengthOctets(length)];
  const result = new Uint8Array(header.length + length);
  result.set(header);
  let at = header.length;
  for (const part of content) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** X.690 10.1: as few octets as the length needs. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export function sequence(...members: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...members);
}

/** A SET OF in the order that X.690 11.6 demands, whatever order the members come in. */
export function setOf(members: readonly Uint8Array[], tag: number = TAG.set): Uint8Array {
  return element(tag, ...[...members].sort(compareBytes));
}

export function boolean(value: boolean): Uint8Array {
  return element(TAG.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function integer(value: bigint | number): Uint8Array {
  let rest = BigInt(value);
  const octets: number[] = [];
  do {
    octets.unshift(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (!((rest === 0n && octets[0]! < 0x80) || (rest === -1n && octets[0]! >= 0x80)));
  return element(TAG.integer, Uint8Array.from(octets));
}

/** @param dotted - decimal arcs, as `1.2.840.113549` */
export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(BigInt);
  assert(first !== undefined && second !== undefined && first <= 2n && (first === 2n || second < 40n), `${dotted} is an OID`);
  const octets = [first * 40n + second, ...rest].flatMap((arc) => {
    const digits = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) digits.unshift(Number(left & 0x7fn) | 0x80);
    return digits;
  });
  return element(TAG.oid, Uint8Array.from(octets));
}

export function octetString(content: Uint8Array): Uint8Array {
  return element(TAG.octetString, content);
}

/** A BIT STRING of whole octets. */
export function bitString(content: Uint8Array): Uint8Array {
  return element(TAG.bitString, Uint8Array.of(0), content);
}

/** A BIT STRING with a NamedBitList: trailing zero bits are left out (X.690 11.2.2). */
export function namedBits(bits: readonly number[]): Uint8Array {
  const count = bits.length === 0 ? 0 : Math.max(...bits) + 1;
  const content = new Uint8Array(1 + Math.ceil(count / 8));
  content[0] = (8 - (count % 8)) % 8;
  for (const bit of bits) content[1 + (bit >> 3)]! |= 0x80 >> (bit & 7);
  return element(TAG.bitString, content);
}

export function nullValue(): Uint8Array {
  return element(TAG.null);
}

export function utf8String(text: string): Uint8Array {
  return element(TAG.utf8String, new TextEncoder().encode(text));
}

export function printableString(text: string): Uint8Array {
  assert(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text), 'only the characters of a PrintableString');
  return element(TAG.printableString, new TextEncoder().encode(text));
}

export function ia5String(text: string): Uint8Array {
  assert(/^[\x00-\x7f]*$/.test(text), 'only ASCII in an IA5String');
  return element(TAG.ia5String, new TextEncoder().encode(text));
}

/**
 * The type Time of RFC 5280 4.1.2.5 and RFC 5652 11.3: UTCTime from 1950 to 2049, else GeneralizedTime.
 * @param seconds - Unix seconds, whole
 */
export function time(seconds: number): Uint8Array {
  const date = new Date(seconds * 1000);
  assert(Number.isInteger(seconds) && !Number.isNaN(date.getTime()), 'a time is a whole number of seconds');
  const year = date.getUTCFullYear();
  assert(year >= 0 && year <= 9999, 'a year of four digits');
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const short = year >= 1950 && year < 2050;
  return element(short ? TAG.utcTime : TAG.generalizedTime, new TextEncoder().encode(`${short ? digits.slice(2) : digits}Z`));
}

/** `[number] EXPLICIT`. */
export function explicit(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...content);
}

/** `[number] IMPLICIT`: the element under another tag, constructed when it was. */
export function implicit(number: number, encoded: Uint8Array): Uint8Array {
  const retagged = new Uint8Array(encoded);
  retagged[0] = 0x80 | (encoded[0]! & 0x20) | number;
  return retagged;
}
