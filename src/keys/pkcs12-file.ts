/** Opening PKCS#12 files: the integrity check first, then everything that is encrypted. Source: RFC 7292. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DisksealError } from '../core/errors.ts';
import { type MacData, parsePfx, parseSafeContents } from '../pki/pkcs12.ts';
import { checkIterations, decrypt, PKCS12_LIMIT, wrongPassphrase } from './password-decryption.ts';
import { derive, PURPOSE, pkcs12Password } from './pkcs12-kdf.ts';

export interface OpenedPfx {
  /** PrivateKeyInfo in DER. */
  readonly keys: readonly Uint8Array[];
  /** X.509 in DER. */
  readonly certificates: readonly Uint8Array[];
}

/**
 * A file without a MAC is refused: nobody could say that the key in it is the one its owner put there.
 * @param askPassphrase - asked once, unless the empty passphrase opens the file
 * @throws DisksealError `E_KEY`, `E_DER`
 */
export async function openPfx(der: Uint8Array, askPassphrase: () => Promise<string>): Promise<OpenedPfx> {
  const { authenticated, mac, safes } = parsePfx(der);
  if (!mac) {
    throw new DisksealError('E_KEY', 'the PKCS#12 file has no integrity check', { hint: 'export it again without -nomac' });
  }
  checkIterations(mac.iterations, PKCS12_LIMIT);
  const passphrase = await findPassphrase(authenticated, mac, askPassphrase);
  const keys: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  for (const { encryption, contents } of safes) {
    const bags = parseSafeContents(encryption ? await decrypt(encryption, contents, passphrase) : contents);
    keys.push(...bags.keys);
    for (const key of bags.encryptedKeys) keys.push(await decrypt(key.encryption, key.data, passphrase));
    certificates.push(...bags.certificates);
  }
  return { keys, certificates };
}

async function findPassphrase(authenticated: Uint8Array, mac: MacData, askPassphrase: () => Promise<string>): Promise<string> {
  // Exports "without a passphrase" have the empty one, in one of two encodings, and never so many iterations.
  const empties = mac.iterations > 10_000 ? [] : [pkcs12Password(''), new Uint8Array()];
  for (const empty of empties) if (await matches(authenticated, mac, empty)) return '';
  const passphrase = await askPassphrase();
  if (!(await matches(authenticated, mac, pkcs12Password(passphrase)))) throw wrongPassphrase();
  return passphrase;
}

async function matches(authenticated: Uint8Array, { hash, salt, iterations, value }: MacData, password: Uint8Array): Promise<boolean> {
  const key = await derive({ hash, password, salt, iterations, purpose: PURPOSE.mac, length: DIGEST_SIZES[hash] });
  const found = createHmac(hash, key).update(authenticated).digest();
  return found.length === value.length && timingSafeEqual(found, value);
}

const DIGEST_SIZES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
