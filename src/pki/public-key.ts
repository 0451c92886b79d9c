/**
 * Public keys and which of them are strong enough. Sources: RFC 5280 4.1.2.7, RFC 3279 and 4055 (RSA), RFC 5480 (EC), RFC 8410 (Ed25519).
 *
 *     SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
 *
 * A key of another kind is no error here: it is read as `other`, so that a verdict can name it.
 * Left out: whether an EC point lies on its curve, which the platform's crypto checks when it uses the key.
 */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { type AlgorithmIdentifier, readAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { type DerElement, equalBytes, readDer, TAG } from './der.ts';
import { OID, oidName } from './oids.ts';

export interface PublicKey {
  /** The whole SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly kind: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'other';
  /** Size of the modulus or of the curve's field; 0 when unknown. */
  readonly bits: number;
  readonly curve?: Curve | undefined;
  /** For people: `RSA 3072`, `EC P-256`. */
  readonly name: string;
  /** The same text for the same key, however it is encoded: distinct signers are distinct by this. */
  readonly value: string;
  /** Why no rule allows this key, whatever its size; undefined when none does. */
  readonly fault?: string | undefined;
  readonly algorithm: AlgorithmIdentifier;
}

export type Curve = 'P-256' | 'P-384' | 'P-521';

const CURVES: Readonly<Record<string, { curve: Curve; bits: number }>> = {
  [OID.p256]: { curve: 'P-256', bits: 256 },
  [OID.p384]: { curve: 'P-384', bits: 384 },
  [OID.p521]: { curve: 'P-521', bits: 521 },
};

/** The hash that a seal's signer uses with each curve: the one as strong as the curve. */
export const CURVE_HASH: Readonly<Record<Curve, HashAlgorithm>> = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' };

/** @throws DisksealError `E_DER` or `E_CERTIFICATE` when a key of a known kind is malformed */
export function readPublicKey(element: DerElement): PublicKey {
  const fields = element.fields('SubjectPublicKeyInfo');
  const algorithm = readAlgorithm(fields.any('algorithm'), 'SubjectPublicKeyInfo.algorithm');
  const keyBits = fields.next(TAG.bitString, 'subjectPublicKey');
  fields.end();
  const key = readByKind(algorithm, keyBits);
  return { spki: element.bytes, algorithm, ...key };
}

/** A SubjectPublicKeyInfo that stands alone. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  return readPublicKey(readDer(spki, 'SubjectPublicKeyInfo'));
}

/** The octets of the BIT STRING subjectPublicKey: what OCSP hashes to name a key. */
export function keyOctets({ spki }: PublicKey): Uint8Array {
  const fields = readDer(spki, 'SubjectPublicKeyInfo').fields('SubjectPublicKeyInfo');
  fields.any('algorithm');
  return fields.next(TAG.bitString, 'subjectPublicKey').content.subarray(1);
}

type KeyFacts = Omit<PublicKey, 'spki' | 'algorithm'>;

function readByKind(algorithm: AlgorithmIdentifier, keyBits: DerElement): KeyFacts {
  switch (algorithm.oid) {
    case OID.rsaEncryption:
      if (algorithm.parameters?.tag !== TAG.null) throw malformed('rsaEncryption must have NULL parameters', algorithm.offset);
      return readRsa('rsa', keyBits);
    case OID.rsassaPss:
      return readRsa('rsa-pss', keyBits);
    case OID.ecPublicKey:
      return readEc(algorithm, keyBits);
    case OID.ed25519:
      return readEd25519(algorithm, keyBits);
    default:
      return other(oidName(algorithm.oid), keyBits);
  }
}

function other(name: string, keyBits: DerElement): KeyFacts {
  return { kind: 'other', bits: 0, name, value: `${name}:${toHex(keyBits.content)}`, fault: `${name} keys are not accepted` };
}

/** RFC 3279 2.3.1: RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
function readRsa(kind: 'rsa' | 'rsa-pss', keyBits: DerElement): KeyFacts {
  keyBits.bitStringOctets('subjectPublicKey');
  const fields = keyBits.nested('RSAPublicKey', 1).fields('RSAPublicKey');
  const modulus = fields.next(TAG.integer, 'modulus');
  const publicExponent = fields.next(TAG.integer, 'publicExponent');
  fields.end();
  if (publicExponent.content.length > 32) throw malformed('an RSA key with an exponent of absurd size', publicExponent.offset);
  const exponent = publicExponent.integer('RSAPublicKey.publicExponent');
  if (modulus.content[0]! & 0x80 || exponent <= 0n) throw malformed('an RSA key with a negative number', keyBits.offset);
  const magnitude = modulus.content[0] === 0 ? modulus.content.subarray(1) : modulus.content;
  const bits = magnitude.length === 0 ? 0 : magnitude.length * 8 - Math.clz32(magnitude[0]!) + 24;
  const value = `rsa:${toHex(magnitude)}:${exponent.toString(16)}`;
  return { kind, bits, name: `RSA ${bits}`, value, fault: rsaFault(magnitude, bits, exponent) };
}

/** Upper bounds keep one signature check cheap; OpenSSL has the same for the exponent of large keys. */
function rsaFault(modulus: Uint8Array, bits: number, exponent: bigint): string | undefined {
  if (bits > 8192) return `an RSA key of ${bits} bits is longer than 8192`;
  if (bits % 8 !== 0) return `an RSA key of ${bits} bits, which is not a whole number of bytes`;
  if (!(modulus.at(-1)! & 1)) return 'an RSA key with an even modulus';
  if (exponent < 65537n || !(exponent & 1n)) return `an RSA key with the exponent ${exponent}: it must be odd and at least 65537`;
  return exponent >= 1n << 64n ? 'an RSA key with an exponent of more than 64 bits' : undefined;
}

/** RFC 5480 2.1.1: ECParameters ::= CHOICE { namedCurve OBJECT IDENTIFIER }; explicit curves are how CVE-2020-0601 forged a root. */
function readEc(algorithm: AlgorithmIdentifier, keyBits: DerElement): KeyFacts {
  const { parameters } = algorithm;
  if (parameters?.tag !== TAG.oid) return other('EC with explicit curve parameters', keyBits);
  const named = parameters.oid('ECParameters.namedCurve');
  const known = Object.hasOwn(CURVES, named) ? CURVES[named]! : undefined;
  if (!known) return other(`EC ${oidName(named)}`, keyBits);
  const point = keyBits.bitStringOctets('subjectPublicKey');
  const width = Math.ceil(known.bits / 8);
  const compressed = point.length === 1 + width && (point[0] === 2 || point[0] === 3);
  if (!compressed && !(point.length === 1 + 2 * width && point[0] === 4)) throw malformed('not an EC point of its curve', keyBits.offset);
  // One text for both encodings: x and the parity of y.
  const parity = compressed ? point[0]! & 1 : point.at(-1)! & 1;
  const value = `ec:${known.curve}:${toHex(point.subarray(1, 1 + width))}:${parity}`;
  const fault = compressed ? 'an EC key with a compressed point' : undefined;
  return { kind: 'ec', bits: known.bits, curve: known.curve, name: `EC ${known.curve}`, value, fault };
}

/** RFC 8410 sections 3 and 4: no parameters, 32 octets. */
function readEd25519(algorithm: AlgorithmIdentifier, keyBits: DerElement): KeyFacts {
  const octets = keyBits.bitStringOctets('subjectPublicKey');
  if (algorithm.parameters || octets.length !== 32) throw malformed('not an Ed25519 key', keyBits.offset);
  return { kind: 'ed25519', bits: 256, name: 'Ed25519', value: `ed25519:${toHex(octets)}` };
}

/** Who a key belongs to: signers of seals, or those who certify them. */
export type KeyRole = 'signer' | 'authority';

/** What forbids a key in a role (`seal-format.md`, keys), or undefined when nothing does. */
export function keyFault(key: PublicKey, role: KeyRole): string | undefined {
  if (key.fault) return key.fault;
  if (role === 'signer' && key.kind === 'rsa-pss') return 'a key that is bound to RSA-PSS: only authorities may have one';
  if (role === 'signer' && key.curve === 'P-521') return 'an EC key on P-521: signers use P-256 or P-384';
  const minimum = role === 'signer' ? 3072 : 2048;
  const tooShort = (key.kind === 'rsa' || key.kind === 'rsa-pss') && key.bits < minimum;
  return tooShort ? `an RSA key of ${key.bits} bits is shorter than ${minimum}` : undefined;
}

/** Whether a key can make a signature of this kind. A key bound to RSA-PSS parameters makes signatures with exactly those. */
export function keyMakes(key: PublicKey, algorithm: SignatureAlgorithm, identifier: AlgorithmIdentifier): boolean {
  switch (key.kind) {
    case 'rsa':
      return algorithm.scheme === 'rsa-pkcs1' || algorithm.scheme === 'rsa-pss';
    case 'rsa-pss':
      return algorithm.scheme === 'rsa-pss' && (!key.algorithm.parameters || equalBytes(key.algorithm.bytes, identifier.bytes));
    case 'ec':
      return algorithm.scheme === 'ecdsa';
    case 'ed25519':
      return algorithm.scheme === 'ed25519';
    default:
      return false;
  }
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', message, { offset, field: 'SubjectPublicKeyInfo' });
}
