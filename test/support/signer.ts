/** Signers made on the spot: a root, a code-signing certificate under it, and the key, for tests that need no files. */
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, sign, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { HashAlgorithm } from '../../src/core/platform.ts';
import type { Signer } from '../../src/core/signer.ts';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export type TestKind = 'p256' | 'p384' | 'rsa3072';

export interface TestIdentity {
  readonly signer: Signer;
  /** DER. */
  readonly root: Uint8Array;
  readonly certificate: Uint8Array;
}

const KINDS = {
  p256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, hash: 'sha256' },
  p384: { key: { name: 'ECDSA', namedCurve: 'P-384' }, hash: 'sha384' },
  rsa3072: {
    key: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 3072, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
    hash: 'sha256',
  },
} as const;

/** @param valid - the certificates' validity, Unix seconds; default 2020 to 2050 */
export async function testIdentity(kind: TestKind = 'p256', valid = { from: 1_577_836_800, to: 2_524_608_000 }): Promise<TestIdentity> {
  const { key, hash } = KINDS[kind];
  const signingAlgorithm = { ...key, hash: hash === 'sha384' ? 'SHA-384' : 'SHA-256' };
  const dates = { notBefore: new Date(valid.from * 1000), notAfter: new Date(valid.to * 1000), signingAlgorithm };
  const [rootKeys, keys] = await Promise.all([generate(key), generate(key)]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...dates,
    serialNumber: '01',
    name: 'CN=Test Root',
    keys: rootKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...dates,
    serialNumber: '02',
    subject: 'CN=Test Publisher',
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.3'], true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const privateKey = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    format: 'der',
    type: 'pkcs8',
  });
  const der = new Uint8Array(certificate.rawData);
  return { signer: signerOf(privateKey, kind, hash, der), root: new Uint8Array(root.rawData), certificate: der };
}

function generate(key: (typeof KINDS)[TestKind]['key']): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(key, true, ['sign', 'verify']);
}

function signerOf(key: KeyObject, kind: TestKind, hash: HashAlgorithm, certificate: Uint8Array): Signer {
  return {
    scheme: kind === 'rsa3072' ? 'rsa-pkcs1' : 'ecdsa',
    hash,
    certificates: [certificate],
    sign: async (message) => new Uint8Array(sign(hash, message, key)),
  };
}
