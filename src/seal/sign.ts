/**
 * Signs a statement: the CMS message of a seal. The attributes and their order are those of `docs/seal-format.md`; `pki/cms-write.ts`
 * encodes them. With RSA PKCS #1 and a fixed time the result is the same bytes each time; ECDSA draws a new number for each signature.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform, SignatureScheme } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { encodeSignedData, type SignatureParts, signedAttributes } from '../pki/cms-write.ts';
import { equalBytes } from '../pki/der.ts';
import { CURVE_HASH, keyFault, type PublicKey } from '../pki/public-key.ts';
import { type Certificate, isRoot, parseCertificate } from '../pki/x509.ts';

export interface SignOptions {
  readonly platform: Platform;
  /** Unix seconds, whole: what the signer's clock says. Nobody takes it for a proof. */
  readonly signingTime: number;
  /** Asks a timestamp authority about a signature and gives the token, DER. A timestamp that is wanted and cannot be had is an error. */
  readonly timestamp?: ((signature: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** RevocationInfoChoice elements, DER, about the certificates of the paths. */
  readonly revocations?: readonly Uint8Array[] | undefined;
}

/**
 * @param content - the statement's canonical JSON
 * @param signer - its certificates go into the message and are bound by the signature
 * @returns the DER of a ContentInfo
 * @throws DisksealError `E_KEY` when key and certificates do not belong together, `E_WEAK` when a seal may not be signed with such a key
 */
export async function signStatement(content: Uint8Array, signer: Signer, options: SignOptions): Promise<Uint8Array> {
  return signStatementByAll(content, [signer], options);
}

/** The same by several signers, none of whom signs over another's signature. */
export async function signStatementByAll(content: Uint8Array, signers: readonly Signer[], options: SignOptions): Promise<Uint8Array> {
  const signatures: Signature[] = [];
  for (const signer of signers) signatures.push(await signOnce(content, signer, options));
  const certificates = signatures.flatMap(({ path }) => path);
  return encodeSignedData({ content, certificates, signers: signatures.map(({ parts }) => parts), revocations: options.revocations });
}

export interface Signature {
  readonly parts: SignatureParts;
  readonly path: readonly Uint8Array[];
}

/** One signature, for a message with others or alone. @throws DisksealError as `signStatement` */
export async function signOnce(content: Uint8Array, signer: Signer, { platform, signingTime, timestamp }: SignOptions): Promise<Signature> {
  const path = signerPath(signer);
  checkSigner(signer, path);
  const { scheme, hash } = signer;
  const attributes = signedAttributes({
    messageDigest: await platform.digest(hash, content),
    signingTime,
    certificateHashes: await Promise.all(path.map(({ bytes }) => platform.digest('sha256', bytes))),
    hash,
    scheme,
  });
  const signature = await signer.sign(attributes);
  if (!(await platform.verifySignature({ publicKey: path[0]!.spki, scheme, hash, message: attributes, signature }))) {
    throw new DisksealError('E_KEY', `the private key does not belong to the certificate of ${path[0]!.subject.text}`);
  }
  const timeStampTokens = timestamp ? [await timestamp(signature)] : [];
  const parts = { certificate: path[0]!.bytes, hash, scheme, signedAttributes: attributes, signature, timeStampTokens };
  return { parts, path: path.map(({ bytes }) => bytes) };
}

/** The root stays out of a seal: whoever trusts it has it. A signer who certifies himself is his own root and stays. */
function signerPath({ certificates }: Signer): Certificate[] {
  const path = certificates.map((der) => parseCertificate(der));
  return path.length > 1 && isRoot(path.at(-1)!) ? path.slice(0, -1) : path;
}

function checkSigner({ scheme, hash }: Signer, path: readonly Certificate[]): void {
  const [own] = path;
  if (!own) throw new DisksealError('E_KEY', 'the signer has no certificate');
  const { publicKey, subject } = own;
  const fault = keyFault(publicKey, 'signer');
  if (fault) throw new DisksealError('E_WEAK', `${subject.text} has ${fault}`);
  if (scheme !== KEY_SCHEMES.get(publicKey.kind)) throw new DisksealError('E_KEY', `${publicKey.name} with ${scheme} does not sign seals`);
  const natural = publicKey.curve && CURVE_HASH[publicKey.curve];
  if (natural && hash !== natural) throw new DisksealError('E_KEY', `${publicKey.name} signs with ${natural}, not with ${hash}`);
  for (const [index, issuer] of path.slice(1).entries()) {
    if (equalBytes(path[index]!.issuer.bytes, issuer.subject.bytes)) continue;
    throw new DisksealError('E_KEY', `${path[index]!.subject.text} was not issued by ${issuer.subject.text}`, {
      hint: "give the signer's own certificate first, then each issuer after the one it certified",
    });
  }
}

/** How each kind of key signs a seal (seal-format.md, the signature). Ed25519 is verified only: OpenSSL 3.0 could not check such a seal. */
const KEY_SCHEMES: ReadonlyMap<PublicKey['kind'], SignatureScheme> = new Map([
  ['ec', 'ecdsa'],
  ['rsa', 'rsa-pkcs1'],
]);
