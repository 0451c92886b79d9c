/** A timestamp authority of our own, good and deliberately bad: every part of a token can be replaced, which `openssl ts` would not allow. */
import { createHash } from 'node:crypto';
import type { HashAlgorithm } from '../../src/core/platform.ts';
import { encodeDigestAlgorithm, encodeSignatureAlgorithm } from '../../src/pki/algorithms.ts';
import { encodeSignedData } from '../../src/pki/cms-write.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { type KeyKind, type Made, makeCertificate, NOW, nameOf, plain, type Recipe, signWith, testKey } from './certificates.ts';

export interface TestAuthority {
  readonly root: Made;
  readonly intermediate: Made;
  readonly leaf: Made;
}

const EXCLUSIVE = { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]) };

export function extendedKeyUsage(purposes: readonly string[], critical = true): Uint8Array {
  const value = der.octetString(der.sequence(...purposes.map(der.oid)));
  return der.sequence(der.oid(OID.extendedKeyUsage), ...(critical ? [der.boolean(true)] : []), value);
}

/** @param leaf - what is different about the authority's own certificate */
export function testAuthority(kind: KeyKind = 'p256', leaf: Partial<Recipe> = {}, name = 'Time'): TestAuthority {
  const years = { notBefore: NOW - 3 * 365 * 86_400, notAfter: NOW + 10 * 365 * 86_400 };
  const root = makeCertificate({ ...years, subject: `O=${name},CN=${name} Root`, key: testKey(kind, `${name} root`), ca: true });
  const middle = { ...years, subject: `O=${name},CN=${name} CA`, key: testKey(kind, `${name} CA`), ca: true, issuer: root };
  const intermediate = makeCertificate(middle);
  const own = { ...years, subject: `O=${name},CN=${name} Authority`, key: testKey(kind, `${name} leaf`), issuer: intermediate };
  return { root, intermediate, leaf: makeCertificate({ ...own, extensions: EXCLUSIVE, ...leaf }) };
}

export interface TokenRecipe {
  readonly signature: Uint8Array;
  readonly authority: TestAuthority;
  /** Unix seconds. */
  readonly time?: number;
  /** Replaces the text of genTime. */
  readonly genTime?: string;
  readonly imprintHash?: HashAlgorithm;
  /** Replaces the AlgorithmIdentifier of the imprint. */
  readonly imprintAlgorithm?: Uint8Array;
  readonly version?: number;
  readonly serial?: Uint8Array;
  /** Elements of TSTInfo after genTime. */
  readonly rest?: readonly Uint8Array[];
  /** Replaces the whole TSTInfo. */
  readonly content?: Uint8Array;
  readonly contentType?: string;
  readonly hash?: HashAlgorithm;
  readonly digestAlgorithm?: Uint8Array;
  readonly signatureAlgorithm?: Uint8Array;
  /** Signed attributes by OID: replaced, added, or left out when undefined. */
  readonly attributes?: Readonly<Record<string, Uint8Array | undefined>>;
  readonly certificates?: readonly Made[];
  /** Whose key signs. */
  readonly signedBy?: Made;
  /** Replaces issuer and serial number. */
  readonly sid?: Uint8Array;
  readonly unsigned?: readonly Uint8Array[];
}

export function makeToken(recipe: TokenRecipe): Uint8Array {
  const { authority } = recipe;
  const content = recipe.content ?? tstInfo(recipe);
  const certificates = (recipe.certificates ?? [authority.leaf, authority.intermediate]).map(({ bytes }) => bytes);
  const parts = { contentType: recipe.contentType ?? OID.tstInfo, content, certificates, signers: [signerInfo(recipe, content)] };
  return encodeSignedData(parts);
}

function tstInfo({ signature, ...recipe }: TokenRecipe): Uint8Array {
  const hash = recipe.imprintHash ?? 'sha256';
  const imprint = der.sequence(recipe.imprintAlgorithm ?? encodeDigestAlgorithm(hash), der.octetString(digest(hash, signature)));
  const serial = der.element(0x02, recipe.serial ?? Uint8Array.of(1, 2, 3));
  const genTime = der.element(0x18, new TextEncoder().encode(recipe.genTime ?? generalized(recipe.time ?? NOW)));
  return der.sequence(der.integer(recipe.version ?? 1), der.oid('1.2.3.4'), imprint, serial, genTime, ...(recipe.rest ?? []));
}

function signerInfo(recipe: TokenRecipe, content: Uint8Array): Uint8Array {
  const { leaf } = recipe.authority;
  const { key } = recipe.signedBy ?? leaf;
  const hash = recipe.hash ?? key.hash;
  const values: Record<string, Uint8Array | undefined> = {
    [OID.contentType]: der.oid(recipe.contentType ?? OID.tstInfo),
    [OID.messageDigest]: der.octetString(digest(hash, content)),
    [OID.signingCertificateV2]: signingCertificateV2(leaf),
    ...recipe.attributes,
  };
  const present = Object.entries(values).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined);
  const attributes = der.setOf(present.map(([type, value]) => der.sequence(der.oid(type), der.setOf([value]))));
  return der.sequence(
    der.integer(recipe.sid ? 3 : 1),
    recipe.sid ?? der.sequence(leaf.certificate.issuer.bytes, der.element(0x02, leaf.certificate.serial)),
    recipe.digestAlgorithm ?? encodeDigestAlgorithm(hash),
    der.implicit(0, attributes),
    recipe.signatureAlgorithm ?? encodeSignatureAlgorithm(key.scheme, hash),
    der.octetString(signWith(key, attributes, key.scheme, hash)),
    ...(recipe.unsigned ? [der.setOf(recipe.unsigned, 0xa1)] : []),
  );
}

/** @param others - whatever ESSCertIDv2 elements come after the first */
export function signingCertificateV2({ bytes }: Made, others: readonly Uint8Array[] = []): Uint8Array {
  return der.sequence(der.sequence(certificateId(bytes), ...others));
}

/** ESSCertIDv2; the algorithm is written only when it is not SHA-256. */
export function certificateId(certificate: Uint8Array, hash: HashAlgorithm = 'sha256', ...rest: Uint8Array[]): Uint8Array {
  const algorithm = hash === 'sha256' ? [] : [encodeDigestAlgorithm(hash)];
  return der.sequence(...algorithm, der.octetString(digest(hash, certificate)), ...rest);
}

/** IssuerSerial, RFC 5035. */
export function issuerSerial({ certificate }: Made, serial: Uint8Array = certificate.serial): Uint8Array {
  return der.sequence(der.sequence(der.explicit(4, certificate.issuer.bytes)), der.element(0x02, serial));
}

export function directoryName(text: string): Uint8Array {
  return der.explicit(4, nameOf(text));
}

export function accuracy(seconds?: number, millis?: number, micros?: number): Uint8Array {
  const parts = [
    seconds === undefined ? undefined : der.integer(seconds),
    millis === undefined ? undefined : der.implicit(0, der.integer(millis)),
    micros === undefined ? undefined : der.implicit(1, der.integer(micros)),
  ];
  return der.sequence(...parts.filter((part) => part !== undefined));
}

function generalized(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
}

export function digest(hash: string, bytes: Uint8Array): Uint8Array {
  return plain(createHash(hash).update(bytes).digest());
}
