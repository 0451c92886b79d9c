/** What a verdict tells about a signer: plain data for people and for `--json`. */
import type { ErrorCode } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { type Certificate, serialText } from '../pki/x509.ts';
import type { Judgement } from '../trust/judgement.ts';
import type { TimestampResult } from '../trust/timestamp.ts';
import type { ProvenSigner } from './signer-info.ts';

export interface CertificateReport {
  /** RFC 4514, safe to print. */
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the certificate and of its SubjectPublicKeyInfo, hexadecimal. */
  readonly sha256: string;
  readonly spki: string;
  /** As `EC P-256`. */
  readonly key: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface SignerReport {
  readonly certificate: CertificateReport;
  /** Every certificate that the signature binds, the signer's own first. */
  readonly path: readonly CertificateReport[];
  /** As `ECDSA with SHA-256`. */
  readonly algorithm: string;
  /** What the signer's clock said, Unix seconds: no proof. */
  readonly signingTime?: number | undefined;
  /** One for each token that came with the signature. */
  readonly timestamps: readonly TimestampReport[];
  /** The time that a trusted timestamp proves and the path was judged at, Unix seconds; absent: it was judged at the time of verification. */
  readonly provenTime?: number | undefined;
  /** Distinct signers are distinct by this text, which stands for the key's numbers and not for their encoding. */
  readonly keyValue: string;
  /** The signer, or one who certified it, is of the example keys, whose private keys are public. */
  readonly demonstration: boolean;
  /** The certificate that the user trusts and that this signer's path ends at. */
  readonly anchor?: CertificateReport | undefined;
  /** One for each certificate below the anchor. */
  readonly revocation?: readonly RevocationReport[] | undefined;
  /** How the publisher is known: the user trusts this very certificate, named the publisher under an anchor, or remembered it. */
  readonly identity?: 'anchor' | 'publisher' | 'pin' | undefined;
  /** Why this signer does not count; absent when it does, under one policy at least. */
  readonly refusal?: Refusal | undefined;
}

export interface TimestampReport {
  /** Unix seconds. Only `trusted` ones prove it. */
  readonly time: number;
  readonly status: 'trusted' | 'unknown';
  /** Subject of a trusted authority's certificate. */
  readonly authority?: string | undefined;
  /** Why it was not evaluated. */
  readonly reason?: string | undefined;
}

export interface RevocationReport {
  readonly subject: string;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly source: string;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** @param opinions - one of each policy, at least one; the first that accepts the signer is told, else the first */
export async function reportSigner(
  { info, path, algorithm }: ProvenSigner,
  opinions: readonly Judgement[],
  demonstrationKeys: ReadonlySet<string> | undefined,
  platform: Platform,
): Promise<SignerReport> {
  const told = opinions.find(({ faults }) => faults.length === 0) ?? opinions[0]!;
  const reports = await Promise.all(path.map((certificate) => reportCertificate(certificate, platform)));
  const anchor = told.path && (await reportCertificate(told.path.at(-1)!, platform));
  const everyone = anchor ? [...reports, anchor] : reports;
  return {
    certificate: reports[0]!,
    path: reports,
    algorithm: algorithm.name,
    signingTime: info.signingTime,
    timestamps: told.timestamps.map(reportTimestamp),
    provenTime: told.timestamp?.time,
    keyValue: path[0].publicKey.value,
    demonstration: everyone.some(({ spki }) => demonstrationKeys?.has(spki) ?? false),
    anchor,
    revocation: told.revocation?.statuses.map(({ certificate, status, source }) => ({ subject: certificate.subject.text, status, source })),
    identity: told.faults.length > 0 ? undefined : told.identification?.how,
    refusal: refusalOf(told),
  };
}

function reportTimestamp(result: TimestampResult): TimestampReport {
  const { status, time } = result;
  return status === 'trusted' ? { time, status, authority: result.path[0]!.subject.text } : { time, status, reason: result.reason };
}

function refusalOf({ faults }: Judgement): Refusal | undefined {
  const [first] = faults;
  return first && { code: first.code, message: faults.map(({ message }) => message).join('; '), hint: first.hint };
}

export async function reportCertificate(certificate: Certificate, platform: Platform): Promise<CertificateReport> {
  const { subject, issuer, serial, publicKey, notBefore, notAfter } = certificate;
  return {
    subject: subject.text,
    issuer: issuer.text,
    serial: serialText(serial),
    sha256: toHex(await platform.digest('sha256', certificate.bytes)),
    spki: toHex(await platform.digest('sha256', certificate.spki)),
    key: publicKey.name,
    notBefore,
    notAfter,
  };
}
