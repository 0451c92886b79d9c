/**
 * The content octets of DER's primitive types: whether they are canonical, and what they say. Source: ITU-T X.690 (2021) section 8 and 11.
 * Each function takes content alone, without tag and length.
 */

export function isMinimalInteger(content: Uint8Array): boolean {
  const [first, second] = content;
  if (first === undefined) return false;
  if (second === undefined) return true;
  return !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
}

export function signedInteger(content: Uint8Array): bigint {
  const value = unsignedInteger(content);
  return content[0]! & 0x80 ? value - (1n << BigInt(content.length * 8)) : value;
}

/** Big-endian octets as a number. */
function unsignedInteger(octets: Uint8Array): bigint {
  let digits = '0x0';
  for (const octet of octets) digits += octet.toString(16).padStart(2, '0');
  return BigInt(digits);
}

// Longer ones have no use and would make bignum work for nothing.
const MAX_OID_OCTETS = 64;

export function isCanonicalOid(content: Uint8Array): boolean {
  if (content.length === 0 || content.length > MAX_OID_OCTETS || content.at(-1)! & 0x80) return false;
  // A subidentifier must not begin with 80, a zero digit.
  return content.every((octet, index) => octet !== 0x80 || (index > 0 && (content[index - 1]! & 0x80) !== 0));
}

/** X.690 8.19.4: the first subidentifier is 40 times the first arc plus the second. */
export function oidText(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let value = 0n;
  for (const octet of content) {
    value = (value << 7n) | BigInt(octet & 0x7f);
    if (octet & 0x80) continue;
    if (arcs.length > 0) arcs.push(value);
    else if (value < 80n) arcs.push(value / 40n, value % 40n);
    else arcs.push(2n, value - 80n);
    value = 0n;
  }
  return arcs.join('.');
}

export function isUtf8(content: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}

export function asciiText(content: Uint8Array): string {
  let text = '';
  for (const octet of content) text += String.fromCharCode(octet);
  return text;
}

/** UCS-2 or UCS-4, big-endian; undefined for surrogates, which are no characters there, and for anything above U+10FFFF. */
export function wideText(content: Uint8Array, width: 2 | 4): string | undefined {
  if (content.length % width !== 0) return undefined;
  let text = '';
  for (let at = 0; at < content.length; at += width) {
    const code = Number(unsignedInteger(content.subarray(at, at + width)));
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

/** X.690 11.8: YYMMDDHHMMSSZ. RFC 5280 4.1.2.5.1: a year of 50 and more belongs to the last century. */
export function utcTime(content: Uint8Array): number | undefined {
  const match = /^(\d\d)(\d{10})Z$/.exec(asciiText(content));
  if (!match) return undefined;
  return calendarSeconds(`${Number(match[1]) >= 50 ? '19' : '20'}${match[1]}${match[2]}`);
}

/** X.690 11.7: YYYYMMDDHHMMSS, a fraction that does not end in zero, Z. */
export function generalizedTime(content: Uint8Array): number | undefined {
  const match = /^(\d{14})(\.\d{0,17}[1-9])?Z$/.exec(asciiText(content));
  if (!match) return undefined;
  const seconds = calendarSeconds(match[1]!);
  return seconds === undefined ? undefined : seconds + Number(match[2] ?? 0);
}

/** Fourteen digits that are a real second of a real day. Leap seconds have no Unix time and are refused. */
function calendarSeconds(digits: string): number | undefined {
  const part = (from: number, to: number): number => Number(digits.slice(from, to));
  const date = new Date(0);
  date.setUTCFullYear(part(0, 4), part(4, 6) - 1, part(6, 8));
  date.setUTCHours(part(8, 10), part(10, 12), part(12, 14));
  const written = date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return written === digits ? date.getTime() / 1000 : undefined;
}
