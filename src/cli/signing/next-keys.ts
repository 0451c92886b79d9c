/** `--next-key` and the manifest's `nextKeys`: the keys that may sign a product from now on, as the statement names them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { isPem, readPem } from '../../pki/pem.ts';
import { keyFault, parsePublicKey } from '../../pki/public-key.ts';
import { parseCertificate } from '../../pki/x509.ts';

/**
 * @param texts - each a file with certificates or public keys (PEM or DER), or `spki:` and the SHA-256 of a SubjectPublicKeyInfo
 * @returns SHA-256 of each key's SubjectPublicKeyInfo, hexadecimal, ascending, once each
 * @throws DisksealError `E_USAGE`, `E_KEY`, `E_WEAK`, `E_NOT_FOUND`, `E_READ`
 */
export async function readNextKeys(texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) found.push(...(/^spki:/i.test(text) ? [fingerprint(text)] : await keysIn(text)));
  return [...new Set(found)].sort();
}

function fingerprint(text: string): string {
  const hex = text.slice('spki:'.length).replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new DisksealError('E_USAGE', `${text} is not the fingerprint of a key`, { hint: 'spki: and 64 hexadecimal digits' });
}

async function keysIn(path: string): Promise<string[]> {
  const bytes = new Uint8Array(
    await readFile(path).catch((error: unknown) => {
      throw readError(path, error);
    }),
  );
  try {
    const keys = isPem(bytes) ? readPem(bytes).flatMap(({ label, bytes: der }) => publicKeyOf(label, der)) : [spkiOf(bytes)];
    if (keys.length === 0) throw new DisksealError('E_KEY', 'the file holds neither a certificate nor a public key');
    return keys.map(checkedHash);
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    if (error.code === 'E_WEAK') throw error.with({ path });
    const hint = 'a certificate or a public key, PEM or DER; or spki:HEX';
    throw new DisksealError('E_KEY', error.message, { path, hint, cause: error });
  }
}

function publicKeyOf(label: string, der: Uint8Array): Uint8Array[] {
  if (label === 'PUBLIC KEY') return [der];
  return label === 'CERTIFICATE' ? [parseCertificate(der).spki] : [];
}

/** DER says by itself which of the two it is. */
function spkiOf(der: Uint8Array): Uint8Array {
  try {
    return parseCertificate(der).spki;
  } catch {
    return der;
  }
}

function checkedHash(spki: Uint8Array): string {
  const key = parsePublicKey(spki);
  const fault = keyFault(key, 'signer');
  if (fault) throw new DisksealError('E_WEAK', `a seal by this key would be refused: it has ${fault}`);
  return createHash('sha256').update(spki).digest('hex');
}
