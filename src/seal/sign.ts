/**
 * Signs a statement: the CMS message of a seal. The attributes and their order are those of `docs/seal-format.md`; `pki/cms-write.ts`
 * encodes them. With RSA PKCS #1 and a fixed time the result is the same bytes each time; ECDSA draws a new number for each signature.
 */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm, Platform } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { encodeSignatureAlgorithm, readAlgorithm, signatureAlgorithm } from '../pki/algorithms.ts';
import { encodeSignedData, type SignatureParts, signedAttributes } from '../pki/cms-write.ts';
import { equalBytes, readDer } from '../pki/der.ts';
import { keyFault, keyMakes } from '../pki/public-key.ts';
import { type Certificate, parseCertificate } from '../pki/x509.ts';

export interface SignOptions {
  readonly platform: Platform;
  /** Unix seconds, whole: what the signer's clock says. Nobody takes it for a proof. */
  readonly signingTime: number;
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
  const signatures: SignatureParts[] = [];
  for (const signer of signers) signatures.push(await signOnce(content, signer, options));
  return encodeSignedData({ content, certificates: signers.flatMap(({ certificates }) => certificates), signers: signatures });
}

async function signOnce(content: Uint8Array, signer: Signer, { platform, signingTime }: SignOptions): Promise<SignatureParts> {
  const path = signer.certificates.map((der) => parseCertificate(der));
  checkSigner(signer, path);
  const { scheme } = signer;
  // RFC 8419 section 3: Ed25519 goes with SHA-512.
  const hash: HashAlgorithm = scheme === 'ed25519' ? 'sha512' : signer.hash;
  const attributes = signedAttributes({
    messageDigest: await platform.digest(hash, content),
    signingTime,
    certificateHashes: await Promise.all(path.map(({ bytes }) => platform.digest('sha256', bytes))),
    hash,
    scheme,
  });
  const signature = await signer.sign(attributes);
  const check = { publicKey: path[0]!.spki, scheme, hash: scheme === 'ed25519' ? undefined : hash, message: attributes, signature };
  if (!(await platform.verifySignature(check))) {
    throw new DisksealError('E_KEY', `the private key does not belong to the certificate of ${path[0]!.subject.text}`);
  }
  return { certificate: path[0]!.bytes, hash, scheme, signedAttributes: attributes, signature };
}

function checkSigner(signer: Signer, path: readonly Certificate[]): void {
  const [own] = path;
  if (!own) throw new DisksealError('E_KEY', 'the signer has no certificate');
  const fault = keyFault(own.publicKey, 'signer');
  if (fault) throw new DisksealError('E_WEAK', `${own.subject.text} has ${fault}`);
  const identifier = readAlgorithm(
    readDer(encodeSignatureAlgorithm(signer.scheme, signer.hash), 'signature algorithm'),
    'signature algorithm',
  );
  if (!keyMakes(own.publicKey, signatureAlgorithm(identifier)!, identifier)) {
    throw new DisksealError('E_KEY', `a key of kind ${own.publicKey.name} does not sign with ${signer.scheme}`);
  }
  for (const [index, issuer] of path.slice(1).entries()) {
    if (equalBytes(path[index]!.issuer.bytes, issuer.subject.bytes)) continue;
    throw new DisksealError('E_KEY', `${path[index]!.subject.text} was not issued by ${issuer.subject.text}`, {
      hint: "give the signer's own certificate first, then each issuer after the one it certified",
    });
  }
}
