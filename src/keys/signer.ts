/** Signers from files: the private key stays in this module's hands and only signatures leave it. */
import { constants, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { CURVE_HASH, keyFault, type PublicKey, parsePublicKey } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';
import { rootAbove, signerFault, signerPath } from './certificate-path.ts';
import { readKeyFile } from './key-file.ts';
import type { PassphraseSource } from './passphrase.ts';

const signInPool = promisify(sign);

export interface SignerFiles {
  /** Private key: PEM, DER or PKCS#12. */
  readonly key: string;
  /** Certificates in any order; a root among them is left out. Not needed when the key's file has them. */
  readonly certificates?: string | undefined;
  /** Asked only when something is encrypted. */
  readonly passphrase?: PassphraseSource | undefined;
  /** Unix seconds: a certificate that is not valid then is refused. Undefined: validity is not looked at. */
  readonly now?: number | undefined;
}

/**
 * A signer as the seal needs it: EC P-256 with SHA-256, EC P-384 with SHA-384, RSA (3072 to 8192 bits, PKCS #1 v1.5) with SHA-256.
 * @throws DisksealError `E_KEY` (wrong passphrase, nothing that fits together, a certificate that cannot sign), `E_WEAK` (a key that
 * verifiers refuse), `E_NOT_FOUND`, `E_READ`
 */
export async function loadSigner({ key, certificates, passphrase, now }: SignerFiles): Promise<Signer> {
  const keyFile = await readKeyFile(key, passphrase);
  const chain = certificates === undefined ? [] : (await readKeyFile(certificates, passphrase)).certificates;
  const { privateKey, publicKey } = onlyKey(keyFile.privateKeys, key);
  checkKey(publicKey, key);
  try {
    const known = [...chain, ...keyFile.certificates];
    const path = signerPath(publicKey, known, now);
    return { ...makeSigner(privateKey, publicKey, path, now), root: rootAbove(path, known)?.bytes };
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path: certificates ?? key }) : error;
  }
}

function onlyKey(keys: readonly KeyObject[], path: string): { privateKey: KeyObject; publicKey: PublicKey } {
  const [privateKey] = keys;
  if (!privateKey) {
    throw new DisksealError('E_KEY', 'the file holds no private key', { path, hint: 'a certificate alone cannot sign' });
  }
  if (keys.length > 1) throw new DisksealError('E_KEY', `the file holds ${keys.length} private keys, and one is needed`, { path });
  return { privateKey, publicKey: publicKeyOf(privateKey, path) };
}

export function publicKeyOf(privateKey: KeyObject, path: string): PublicKey {
  try {
    return parsePublicKey(new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })));
  } catch (cause) {
    throw new DisksealError('E_KEY', `a private key of a kind that is not known (${privateKey.asymmetricKeyType ?? '?'})`, { path, cause });
  }
}

const NEW_KEY = 'diskseal keys new makes a key that verifiers accept';

/** Why seals are not signed with a key, in words; undefined when they are. */
export function signingKeyFault(key: PublicKey): string | undefined {
  if (key.kind === 'ed25519') return 'Ed25519 keys are for verifying only';
  return keyFault(key, 'signer') ?? (key.kind === 'rsa' || key.kind === 'ec' ? undefined : `a key of kind ${key.name}`);
}

function checkKey(key: PublicKey, path: string): void {
  const fault = signingKeyFault(key);
  if (fault === undefined) return;
  // Nothing is weak about Ed25519: openssl cannot check such seals yet.
  const hint = key.kind === 'ed25519' ? 'use EC P-256, EC P-384, or RSA from 3072 bits' : NEW_KEY;
  throw new DisksealError(key.kind === 'ed25519' ? 'E_KEY' : 'E_WEAK', `seals are not signed with it: ${fault}`, { path, hint });
}

function makeSigner(privateKey: KeyObject, publicKey: PublicKey, path: readonly Certificate[], now: number | undefined): Signer {
  const fault = signerFault(path[0]!, now);
  if (fault !== undefined) throw new DisksealError('E_KEY', fault, { hint: 'get one for code signing; diskseal keys new makes one' });
  const hash: HashAlgorithm = publicKey.curve ? CURVE_HASH[publicKey.curve] : 'sha256';
  return {
    scheme: publicKey.kind === 'ec' ? 'ecdsa' : 'rsa-pkcs1',
    hash,
    certificates: path.map(({ bytes }) => bytes),
    async sign(message) {
      const how = { key: privateKey, dsaEncoding: 'der', padding: constants.RSA_PKCS1_PADDING } as const;
      const signature = await signInPool(hash, message, how).catch((cause: unknown) => {
        throw new DisksealError('E_KEY', 'the key could not sign', { cause });
      });
      return new Uint8Array(signature);
    },
  };
}
