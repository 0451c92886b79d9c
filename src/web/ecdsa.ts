/**
 * ECDSA as Web Crypto wants it: r and s side by side, where X.509 and CMS have DER.
 * Sources: RFC 3279 2.2.3, X.690 (DER), SEC 1 4.1.4 step 1 (r and s are at least 1 and below the order), SEC 2 (curves).
 *
 *     ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
 *
 * Left out: compressed points, which no rule of the seal allows and some browsers do not take.
 */
import { toHex } from '../core/struct.ts';

export interface Curve {
  /** As Web Crypto calls it. */
  readonly name: string;
  /** Octets of a coordinate and of the order. */
  readonly width: number;
  readonly order: bigint;
}

interface KnownCurve extends Curve {
  /** A SubjectPublicKeyInfo up to the coordinates of an uncompressed point, hexadecimal. */
  readonly prefix: string;
}

const CURVES: readonly KnownCurve[] = [
  {
    name: 'P-256',
    width: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    prefix: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  },
  {
    name: 'P-384',
    width: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    prefix: '3076301006072a8648ce3d020106052b8104002203620004',
  },
  {
    name: 'P-521',
    width: 66,
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    prefix: '30819b301006072a8648ce3d020106052b810400230381860004',
  },
];

/** @returns undefined for every other key and every other encoding of these */
export function curveOf(spki: Uint8Array): Curve | undefined {
  return CURVES.find(({ prefix, width }) => {
    const length = prefix.length / 2;
    return spki.length === length + 2 * width && toHex(spki.subarray(0, length)) === prefix;
  });
}

/** @returns undefined for anything but the one DER of numbers within their range */
export function rawSignature(der: Uint8Array, { width, order }: Curve): Uint8Array | undefined {
  const body = content(der, 0x30, 0);
  if (!body || body.end !== der.length) return undefined;
  const r = content(der, 0x02, body.start);
  const s = r && content(der, 0x02, r.end);
  if (!s || s.end !== der.length) return undefined;
  const raw = new Uint8Array(2 * width);
  return putNumber(der.subarray(r.start, r.end), raw.subarray(0, width), order) &&
    putNumber(der.subarray(s.start, s.end), raw.subarray(width), order)
    ? raw
    : undefined;
}

/** The content of the element at a position. No signature on these curves is longer than 255 octets. */
function content(der: Uint8Array, tag: number, at: number): { start: number; end: number } | undefined {
  const short = der[at + 1] ?? 0x80;
  const start = short === 0x81 ? at + 3 : at + 2;
  const length = short === 0x81 ? (der[at + 2] ?? 0) : short;
  // X.690 10.1: the shortest form of a length, so 81 only from 128 on.
  if (der[at] !== tag || (short === 0x81 ? length < 0x80 : short >= 0x80) || start + length > der.length) return undefined;
  return { start, end: start + length };
}

/** X.690 8.3.2: the shortest form of a number; here one above zero. */
function putNumber(bytes: Uint8Array, into: Uint8Array, order: bigint): boolean {
  const [first = 0x80, second = 0] = bytes;
  if (first >= 0x80 || (first === 0 && second < 0x80)) return false;
  const magnitude = first === 0 ? bytes.subarray(1) : bytes;
  if (magnitude.length > into.length) return false;
  into.set(magnitude, into.length - magnitude.length);
  return BigInt(`0x${toHex(magnitude)}`) < order;
}
