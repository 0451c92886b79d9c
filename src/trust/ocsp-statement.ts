/**
 * What an OCSP response says about a certificate, and whether its signer may say so. Source: RFC 6960 3.2 and 4.2.2.
 *
 * The signer is the certificate's issuer itself, or a responder that the issuer certified directly for this purpose (4.2.2.2, ways 2 and 3).
 * Left out: responders that the user trusts by name (way 1).
 */
import type { Platform } from '../core/platform.ts';
import { equalBytes } from '../pki/der.ts';
import type { CertId, OcspAnswer, OcspResponse, ResponderId } from '../pki/ocsp.ts';
import { OID } from '../pki/oids.ts';
import { keyOctets } from '../pki/public-key.ts';
import { sha1 } from '../pki/sha1.ts';
import type { Certificate } from '../pki/x509.ts';
import { type Purpose, validatePath, who } from './path-validation.ts';
import { day, type Finding, isSignedBy } from './revocation-statement.ts';

/** What is known about a responder's own certificate: asked only when it does not say that nobody needs to ask (4.2.2.2.1). */
export type ResponderStatus = (responder: Certificate) => Promise<'good' | 'revoked' | 'unknown'>;

export interface OcspQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly tolerance: number;
  /** Whether a responder of unknown status is as good as none. */
  readonly hard: boolean;
  readonly statusOf: ResponderStatus;
}

/** @returns nothing when the response is about other certificates */
export async function askResponse(response: OcspResponse, question: OcspQuestion, platform: Platform): Promise<readonly Finding[]> {
  const { certificate, issuer, hard } = question;
  const answers: OcspAnswer[] = [];
  for (const answer of response.answers) if (await isAbout(answer.certId, certificate, issuer, platform)) answers.push(answer);
  if (answers.length === 0) return [];
  const title = `the OCSP response of ${day(response.producedAt)}`;
  const signer = responderOf(response, issuer);
  if (!signer) return [`${title} does not hold the certificate of the one who signed it`];
  const delegated = signer !== issuer;
  if (equalBytes(signer.bytes, certificate.bytes)) return [`${title} was signed by the certificate that it is about`];
  const refusal =
    (delegated ? await delegateFault(signer, response, question, platform) : undefined) ?? (await forgery(response, signer, platform));
  if (refusal) return [`${title} ${refusal}`];
  const status = delegated && !signer.extensions.present.has(OID.ocspNoCheck) ? await question.statusOf(signer) : 'good';
  if (status === 'revoked') return [`${title} was signed by a responder whose certificate was revoked`];
  const reservation = hard && status === 'unknown' ? 'was signed by a responder of whom nobody knows whether it was revoked' : undefined;
  const common = { source: response, title, signer, delegated, reservation };
  return answers.map(({ status: says, revocation, thisUpdate, nextUpdate, archiveCutoff }) => ({
    ...common,
    says,
    revocation,
    thisUpdate,
    nextUpdate,
    keepsExpiredSince: archiveCutoff,
  }));
}

/** 4.1.1: the issuer is named by its name and key, hashed; SHA-1 only names here and proves nothing. */
async function isAbout(id: CertId, certificate: Certificate, issuer: Certificate, platform: Platform): Promise<boolean> {
  if (!equalBytes(id.serial, certificate.serial)) return false;
  const { hash } = id;
  const digest = (bytes: Uint8Array) => (hash === 'sha1' ? sha1(bytes) : platform.digest(hash, bytes));
  const name = await digest(certificate.issuer.bytes);
  return equalBytes(id.issuerNameHash, name) && equalBytes(id.issuerKeyHash, await digest(keyOctets(issuer.publicKey)));
}

/** Whom a response names as its signer, if his certificate is at hand. */
export function responderOf({ responder, certificates }: OcspResponse, issuer: Certificate): Certificate | undefined {
  return [issuer, ...certificates].find((candidate) => isNamed(candidate, responder));
}

function isNamed(candidate: Certificate, responder: ResponderId): boolean {
  if (responder.kind === 'name') return equalBytes(candidate.subject.bytes, responder.name.bytes);
  return equalBytes(sha1(keyOctets(candidate.publicKey)), responder.keyHash);
}

async function forgery({ signatureAlgorithm, tbs, signature }: OcspResponse, signer: Certificate, platform: Platform) {
  const good = await isSignedBy(signer, { signatureAlgorithm, message: tbs, signature }, platform);
  return good ? undefined : `does not bear the signature of ${who(signer.subject.text)}`;
}

/** 4.2.2.2: certified by the very issuer, with its key, to sign such responses, and valid when it did. */
async function delegateFault(
  responder: Certificate,
  { producedAt }: OcspResponse,
  { issuer, tolerance }: OcspQuestion,
  platform: Platform,
): Promise<string | undefined> {
  const name = who(responder.subject.text);
  const { signatureAlgorithm, tbs, signature } = responder;
  const certified =
    equalBytes(responder.issuer.bytes, issuer.subject.bytes) &&
    (await isSignedBy(issuer, { signatureAlgorithm, message: tbs, signature }, platform));
  if (!certified) return `was signed by ${name}, which ${who(issuer.subject.text)} did not certify`;
  if (!responder.extensions.extendedKeyUsage?.has(OID.ocspSigning))
    return `was signed by ${name}, which may not do so (extended key usage)`;
  // The issuer may be one for code signing alone: its own extended key usage does not bind whom it has speak for itself.
  const keyUsage = responder.extensions.keyUsage ? 'digitalSignature' : undefined;
  const purpose: Purpose = { keyUsage, keyRole: 'authority', authorityAllowed: false };
  const [fault] = validatePath({ path: [responder, issuer], at: producedAt, tolerance, purpose });
  return fault && `was signed by a responder that is not good: ${fault.message}`;
}
