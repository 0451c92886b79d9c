/** Base64 of RFC 4648 section 4 as property lists hold it: broken into lines at will, padded, nothing else allowed in between. */
import { DisksealError } from '../../core/errors.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SPACE = 64;
const PADDING = 65;
const BAD = 255;
const VALUES = makeValues();
/** The digits and, at its own index, the padding. */
const CODES = new TextEncoder().encode(`${ALPHABET} =`);

function makeValues(): Uint8Array {
  const values = new Uint8Array(256).fill(BAD);
  for (let index = 0; index < 64; index++) values[ALPHABET.charCodeAt(index)] = index;
  for (const space of ' \t\r\n') values[space.charCodeAt(0)] = SPACE;
  values['='.charCodeAt(0)] = PADDING;
  return values;
}

/** @throws DisksealError `E_PLIST` for another character, missing padding, or bits that the padding says are not there */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let length = 0;
  let digits = 0;
  let padding = 0;
  let group = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const value = code < 256 ? VALUES[code]! : BAD;
    if (value === SPACE) continue;
    if (value === PADDING) {
      padding++;
      continue;
    }
    if (value === BAD || padding > 0) throw new DisksealError('E_PLIST', `${JSON.stringify(text[at])} does not belong in base64 data`);
    group = (group << 6) | value;
    if (++digits % 4 === 0) {
      bytes[length++] = group >>> 16;
      bytes[length++] = group >>> 8;
      bytes[length++] = group;
      group = 0;
    }
  }
  return bytes.subarray(0, finish(bytes, length, group, digits % 4, padding));
}

/** The last one or two bytes. Bits that no byte takes must be zero: one content, one spelling. */
function finish(bytes: Uint8Array, length: number, group: number, digits: number, padding: number): number {
  const expected = digits === 0 ? 0 : 4 - digits;
  if (digits === 1 || padding !== expected) throw new DisksealError('E_PLIST', 'base64 data is cut short or wrongly padded');
  if (digits === 2) {
    if (group & 15) throw new DisksealError('E_PLIST', 'base64 data has bits after its end');
    bytes[length] = group >>> 4;
    return length + 1;
  }
  if (digits === 3) {
    if (group & 3) throw new DisksealError('E_PLIST', 'base64 data has bits after its end');
    bytes[length] = group >>> 10;
    bytes[length + 1] = group >>> 2;
    return length + 2;
  }
  return length;
}

export function encodeBase64(bytes: Uint8Array): string {
  const digits = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  const whole = bytes.length - (bytes.length % 3);
  let place = 0;
  for (let at = 0; at < whole; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    place = put(digits, place, group, 4);
  }
  if (bytes.length > whole) {
    put(digits, place, (bytes[whole]! << 16) | ((bytes[whole + 1] ?? 0) << 8), 1 + bytes.length - whole);
    digits.fill(CODES[PADDING]!, place + 1 + bytes.length - whole);
  }
  return new TextDecoder().decode(digits);
}

/** The first `count` of the four digits of a group. */
function put(digits: Uint8Array, place: number, group: number, count: number): number {
  for (let digit = 0; digit < count; digit++) digits[place + digit] = CODES[(group >>> (18 - 6 * digit)) & 63]!;
  return place + count;
}
