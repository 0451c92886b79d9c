/** Signatures by Web Crypto. Sources: Web Cryptography API (W3C), RFC 4055 section 1.2 (keys that are bound to RSA-PSS). */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm, SignatureCheck } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { curveOf, rawSignature } from './ecdsa.ts';
import { plain } from './plain-bytes.ts';

export const HASH_NAMES: Readonly<Record<HashAlgorithm, string>> = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };
const SALT_LENGTHS: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** Parameters of `importKey` and `verify`, as Web Crypto reads them. */
interface Algorithm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: string;
  readonly saltLength?: number;
}

/** What one check asks of Web Crypto. */
interface Request {
  readonly algorithm: Algorithm;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** @throws DisksealError `E_UNSUPPORTED` when this browser has no such algorithm at all */
export async function verifySignature(check: SignatureCheck): Promise<boolean> {
  const request = requestOf(check);
  if (!request) return false;
  const { algorithm, publicKey, signature } = request;
  const { subtle } = globalThis.crypto;
  try {
    const key = await subtle.importKey('spki', plain(publicKey), algorithm, false, ['verify']);
    return await subtle.verify(algorithm, key, plain(signature), plain(check.message));
  } catch (error) {
    if (error instanceof Error && error.name === 'NotSupportedError') throw unsupported(algorithm.name);
    return false;
  }
}

function unsupported(name: string): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `this browser cannot check ${name} signatures`, {
    hint: 'verify with the command, or with a newer browser',
  });
}

function requestOf({ scheme, hash, publicKey, signature }: SignatureCheck): Request | undefined {
  if (scheme === 'ed25519') return { algorithm: { name: 'Ed25519' }, publicKey, signature };
  if (!hash) return undefined;
  const digest = HASH_NAMES[hash];
  if (scheme === 'ecdsa') {
    const curve = curveOf(publicKey);
    const raw = curve && rawSignature(signature, curve);
    return raw && { algorithm: { name: 'ECDSA', namedCurve: curve.name, hash: digest }, publicKey, signature: raw };
  }
  if (scheme === 'rsa-pkcs1') return { algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: digest }, publicKey, signature };
  const unbound = withoutPssParameters(publicKey);
  return unbound && { algorithm: { name: 'RSA-PSS', hash: digest, saltLength: SALT_LENGTHS[hash] }, publicKey: unbound, signature };
}

const RSA_ENCRYPTION = '300d06092a864886f70d0101010500';
const RSASSA_PSS = '06092a864886f70d01010a';

/**
 * A key that is bound to RSA-PSS, as the plain RSA key that it also is: browsers take no other. Whether its parameters are those of
 * the signature was decided by who asks. The lengths were checked when the key was parsed; whoever parses it here checks them again.
 */
function withoutPssParameters(spki: Uint8Array): Uint8Array | undefined {
  const outer = header(spki, 0);
  const algorithm = outer && header(spki, outer.start);
  if (!algorithm || spki[outer.start] !== 0x30 || algorithm.end > spki.length) return undefined;
  if (toHex(spki.subarray(algorithm.start, algorithm.start + RSASSA_PSS.length / 2)) !== RSASSA_PSS) return spki;
  const key = spki.subarray(algorithm.end);
  const length = RSA_ENCRYPTION.length / 2 + key.length;
  if (length < 256 || length > 0xffff) return undefined;
  const identifier = RSA_ENCRYPTION.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
  return Uint8Array.from([0x30, 0x82, length >> 8, length & 0xff, ...identifier, ...key]);
}

/** Where the content of a DER element begins and ends; lengths of up to two octets. */
function header(der: Uint8Array, at: number): { start: number; end: number } | undefined {
  const [, first = 0x80, second = 0, third = 0] = der.subarray(at, at + 4);
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  if (first === 0x81) return { start: at + 3, end: at + 3 + second };
  return first === 0x82 ? { start: at + 4, end: at + 4 + second * 256 + third } : undefined;
}
