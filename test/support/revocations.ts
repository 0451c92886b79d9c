/** Revocation lists and OCSP responses for tests, good and deliberately bad: every part can be replaced. */
import { createHash } from 'node:crypto';
import { encodeSignatureAlgorithm } from '../../src/pki/algorithms.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { keyOctets, parsePublicKey } from '../../src/pki/public-key.ts';
import { extension, type Made, NOW, sha256, signWith } from './certificates.ts';

export const DAY = 86_400;

export interface ListEntry {
  serial: Uint8Array;
  date?: number;
  /** Number of the CRLReason. */
  reason?: number;
  invalidityDate?: number;
  extensions?: Uint8Array[];
}

export interface ListRecipe {
  issuer: Made;
  entries?: ListEntry[];
  thisUpdate?: number;
  nextUpdate?: number | undefined;
  number?: number | undefined;
  version?: 1 | 2;
  extensions?: Uint8Array[];
  /** Whose key signs: the issuer's when absent. */
  signer?: Made;
  /** Whose key it says signed it. */
  authorityKey?: Made;
  /** Replaces the encoded issuer name. */
  issuerName?: Uint8Array;
  algorithm?: Uint8Array;
}

/** A list of yesterday for a week. */
export function makeList(recipe: ListRecipe): Uint8Array {
  const { issuer, entries = [], version = 2, thisUpdate = NOW - DAY } = recipe;
  const signer = recipe.signer ?? issuer;
  const nextUpdate = 'nextUpdate' in recipe ? recipe.nextUpdate : thisUpdate + 7 * DAY;
  const number = 'number' in recipe ? recipe.number : 1;
  const algorithm = recipe.algorithm ?? encodeSignatureAlgorithm(signer.key.scheme, signer.key.hash);
  const key = sha256((recipe.authorityKey ?? issuer).key.spki).subarray(0, 20);
  const extensions = [
    extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, der.octetString(key)))),
    ...(number === undefined ? [] : [extension(OID.crlNumber, der.integer(number))]),
    ...(recipe.extensions ?? []),
  ];
  const tbs = der.sequence(
    ...(version === 1 ? [] : [der.integer(1)]),
    algorithm,
    recipe.issuerName ?? issuer.certificate.subject.bytes,
    der.time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [der.time(nextUpdate)]),
    ...(entries.length === 0 ? [] : [der.element(0x30, joined(entries.map(encodeEntry)))]),
    ...(version === 1 ? [] : [der.explicit(0, der.sequence(...extensions))]),
  );
  return der.sequence(tbs, algorithm, der.bitString(signWith(signer.key, tbs)));
}

/** Not by spreading: a long list would not fit on the stack. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function encodeEntry({ serial, date = NOW - 10 * DAY, reason, invalidityDate, extensions = [] }: ListEntry): Uint8Array {
  const all = [
    ...(reason === undefined ? [] : [extension(OID.crlReason, der.element(0x0a, Uint8Array.of(reason)))]),
    ...(invalidityDate === undefined ? [] : [extension(OID.invalidityDate, generalizedTime(invalidityDate))]),
    ...extensions,
  ];
  return der.sequence(der.element(0x02, serial), der.time(date), ...(all.length === 0 ? [] : [der.sequence(...all)]));
}

export function generalizedTime(seconds: number): Uint8Array {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return der.element(0x18, new TextEncoder().encode(`${digits}Z`));
}

/** The value of issuingDistributionPoint, critical as it must be. @param flags - numbers of the BOOLEANs */
export function scope({ uri, flags = [], reasons = false }: { uri?: string; flags?: number[]; reasons?: boolean }): Uint8Array {
  const flag = (number: number): Uint8Array[] => (flags.includes(number) ? [der.element(0x80 | number, Uint8Array.of(0xff))] : []);
  const members = [
    ...(uri === undefined ? [] : [der.explicit(0, der.explicit(0, der.element(0x86, new TextEncoder().encode(uri))))]),
    ...flag(1),
    ...flag(2),
    ...(reasons ? [der.implicit(3, der.namedBits([1]))] : []),
    ...flag(4),
    ...flag(5),
  ];
  return extension(OID.issuingDistributionPoint, der.sequence(...members), true);
}

export interface AnswerRecipe {
  certificate: Made;
  /** Whose certificates it names: the certificate's issuer when absent. */
  issuer?: Made;
  status?: 'good' | 'revoked' | 'unknown';
  date?: number;
  reason?: number;
  thisUpdate?: number;
  nextUpdate?: number | undefined;
  hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  extensions?: Uint8Array[];
}

export interface ResponseRecipe {
  answers: AnswerRecipe[];
  signer: Made;
  producedAt?: number;
  byKey?: boolean;
  certificates?: Made[];
  extensions?: Uint8Array[];
}

/** An answer of yesterday for a week. The responder's own certificate goes along unless it is an authority. */
export function makeResponse(recipe: ResponseRecipe): Uint8Array {
  const { signer, answers, byKey = false, producedAt = NOW - DAY } = recipe;
  const certificates = recipe.certificates ?? (signer.certificate.extensions.basicConstraints?.ca ? [] : [signer]);
  const algorithm = encodeSignatureAlgorithm(signer.key.scheme, signer.key.hash);
  const id = byKey ? der.explicit(2, der.octetString(digest('sha1', octets(signer)))) : der.explicit(1, signer.certificate.subject.bytes);
  const tbs = der.sequence(
    id,
    generalizedTime(producedAt),
    der.sequence(...answers.map((answer) => encodeAnswer(answer, producedAt))),
    ...(recipe.extensions ? [der.explicit(1, der.sequence(...recipe.extensions))] : []),
  );
  const basic = der.sequence(
    tbs,
    algorithm,
    der.bitString(signWith(signer.key, tbs)),
    ...(certificates.length === 0 ? [] : [der.explicit(0, der.sequence(...certificates.map(({ bytes }) => bytes)))]),
  );
  return der.sequence(der.element(0x0a, Uint8Array.of(0)), der.explicit(0, der.sequence(der.oid(OID.ocspBasic), der.octetString(basic))));
}

function encodeAnswer(recipe: AnswerRecipe, producedAt: number): Uint8Array {
  const { certificate, hash = 'sha1', thisUpdate = producedAt } = recipe;
  const issuer = recipe.issuer ?? certificate.issuer!;
  const nextUpdate = 'nextUpdate' in recipe ? recipe.nextUpdate : thisUpdate + 7 * DAY;
  const certId = der.sequence(
    hash === 'sha1' ? der.sequence(der.oid(OID.sha1), der.nullValue()) : der.sequence(der.oid(OID[hash])),
    der.octetString(digest(hash, certificate.certificate.issuer.bytes)),
    der.octetString(digest(hash, octets(issuer))),
    der.element(0x02, certificate.certificate.serial),
  );
  return der.sequence(
    certId,
    encodeStatus(recipe),
    generalizedTime(thisUpdate),
    ...(nextUpdate === undefined ? [] : [der.explicit(0, generalizedTime(nextUpdate))]),
    ...(recipe.extensions ? [der.explicit(1, der.sequence(...recipe.extensions))] : []),
  );
}

function encodeStatus({ status = 'good', date = NOW - 10 * DAY, reason }: AnswerRecipe): Uint8Array {
  if (status !== 'revoked') return der.element(status === 'good' ? 0x80 : 0x82);
  const why = reason === undefined ? [] : [der.explicit(0, der.element(0x0a, Uint8Array.of(reason)))];
  return der.element(0xa1, generalizedTime(date), ...why);
}

function octets({ key }: Made): Uint8Array {
  return keyOctets(parsePublicKey(key.spki));
}

function digest(hash: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}
