/**
 * Judges the CMS message of a seal: are all signatures right, and does one of them come from a publisher whom the user knows?
 * Rules: `docs/seal-format.md`, the signature and trust. Nothing of the system is asked: anchors, publishers and the time are values.
 * Left out: what timestamps prove and what was revoked. A token is checked for form and imprint and reported as not evaluated;
 * revocation data, which this version would not use, is refused.
 */
import { DisksealError, EXIT_CODES } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { parseSignedData, type SignedData } from '../pki/cms.ts';
import { equalBytes } from '../pki/der.ts';
import { readTimeStampStatement } from '../pki/timestamp-token.ts';
import type { Certificate } from '../pki/x509.ts';
import type { Anchor } from '../trust/anchor.ts';
import { type Edges, findPath } from '../trust/path.ts';
import { CODE_SIGNING, type PathFault } from '../trust/path-validation.ts';
import type { Policy } from '../trust/policy.ts';
import { isPublisher, type Publisher, parsePublisher, publisherFlag } from '../trust/publisher.ts';
import { type ProvenSigner, proveSigner } from './signer-info.ts';
import { type CertificateReport, type Refusal, reportCertificate, type SignerReport } from './signer-report.ts';
import { type Check, failure } from './verdict.ts';

export type { SignerReport } from './signer-report.ts';

export interface SignatureExpectations extends Policy {
  /** More policies, of which each must be met too: one of the system, say, that what the user gives cannot weaken. */
  readonly further?: readonly Policy[] | undefined;
  /** What this machine's clock says: Unix seconds. */
  readonly now: number;
  /** Unix seconds that have surely passed: when this verifier was released, the newest proven time that was remembered. */
  readonly notEarlierThan?: number | undefined;
  /** SHA-256 (hexadecimal) of the SubjectPublicKeyInfos of the example keys, to label what they signed. They are no anchors. */
  readonly demonstrationKeys?: ReadonlySet<string> | undefined;
}

export interface SignatureResult {
  readonly checks: readonly Check[];
  /** What was signed. Absent unless every signature is cryptographically right, whoever made them. */
  readonly content?: Uint8Array;
  /** One for each signature that is right. */
  readonly signers: readonly SignerReport[];
}

// Clocks are wrong; seal-format.md, time.
const CLOCK_TOLERANCE = 600;

/**
 * @param cms - exactly the DER of the message
 * @param base - where it begins in the image, for the offsets of failed checks
 * @returns checks named `signature`, `timestamp`, `path` and `publisher`, in this order; a bad message is a failed check and no throw
 * @throws DisksealError `E_USAGE` when a publisher cannot be read
 */
export async function checkSignatures(
  cms: Uint8Array,
  expectations: SignatureExpectations,
  platform: Platform,
  base = 0,
): Promise<SignatureResult> {
  const publishers =
    expectations.publishers === '*' ? [parsePublisher('*')] : expectations.publishers.map((one) => parsePublisher(one as string));
  const checks: Check[] = [];
  const proven = await proveAll(cms, base, checks, platform);
  if (!proven) return { checks, signers: [] };
  const signers: SignerReport[] = [];
  const edges: Edges = new Map();
  for (const signer of proven.signers) signers.push(await judge(signer, { ...expectations, publishers, edges }, platform));
  return { checks: [...checks, ...trustChecks(signers)], content: proven.content, signers };
}

/** Every signature is judged, so that all faults are seen; one that is wrong spoils the message. */
async function proveAll(
  cms: Uint8Array,
  base: number,
  checks: Check[],
  platform: Platform,
): Promise<{ content: Uint8Array; signers: readonly ProvenSigner[] } | undefined> {
  const signers: ProvenSigner[] = [];
  let data: SignedData;
  try {
    data = parseSignedData(cms, base);
    refuseRevocations(data);
  } catch (error) {
    checks.push(failure('signature', error));
    return undefined;
  }
  const byHash = new Map<string, Certificate>();
  for (const certificate of data.certificates) byHash.set(toHex(await platform.digest('sha256', certificate.bytes)), certificate);
  for (const info of data.signers) {
    try {
      const signer = await proveSigner(info, data, byHash, platform);
      checks.push(signatureCheck(signer));
      checks.push(...(await timestampChecks(signer, platform)));
      signers.push(signer);
    } catch (error) {
      checks.push(failure('signature', error));
    }
  }
  const unused = signers.length === data.signers.length ? unusedCertificate(data, signers) : undefined;
  if (unused) checks.push(failure('signature', unused));
  return checks.some(({ status }) => status === 'fail') ? undefined : { content: data.content, signers };
}

/** Nothing may ride along that no signature binds. */
function unusedCertificate({ certificates }: SignedData, signers: readonly ProvenSigner[]): DisksealError | undefined {
  const used = new Set(signers.flatMap(({ path }) => path));
  const unused = certificates.find((certificate) => !used.has(certificate));
  return unused && new DisksealError('E_CMS', `the certificate of ${unused.subject.text} is on no signer's path`);
}

function refuseRevocations({ revocations }: SignedData): void {
  if (revocations.length > 0) throw new DisksealError('E_CMS', 'the message carries revocation data, which this version does not use');
}

function signatureCheck({ path, algorithm }: ProvenSigner): Check {
  const [own] = path;
  return { name: 'signature', status: 'ok', message: `${algorithm.name} by ${own.subject.text} (${own.publicKey.name})` };
}

/** A token of another signature is wrong even where nobody can say who made it. */
async function timestampChecks({ info }: ProvenSigner, platform: Platform): Promise<Check[]> {
  const checks: Check[] = [];
  for (const token of info.timeStampTokens) {
    try {
      const { hash, hashedMessage, time } = readTimeStampStatement(token);
      if (!equalBytes(await platform.digest(hash, info.signature), hashedMessage)) {
        throw new DisksealError('E_TIMESTAMP', 'the timestamp was made for another signature');
      }
      const when = new Date(time * 1000).toISOString();
      checks.push({ name: 'timestamp', status: 'skipped', message: `a timestamp claims ${when}; it is not evaluated by this version` });
    } catch (error) {
      checks.push(failure('timestamp', error));
    }
  }
  return checks;
}

type Judgement = Omit<SignatureExpectations, 'publishers' | 'further'> & {
  readonly publishers: readonly Publisher[];
  readonly edges: Edges;
};

async function judge(signer: ProvenSigner, expectations: Judgement, platform: Platform): Promise<SignerReport> {
  const { info, path, algorithm } = signer;
  const reports = await Promise.all(path.map((certificate) => reportCertificate(certificate, platform)));
  const certificate = reports[0]!;
  const { now, anchors, demonstrationKeys, edges } = expectations;
  const request = {
    certificate: path[0],
    intermediates: path.slice(1),
    anchors,
    at: now,
    tolerance: CLOCK_TOLERANCE,
    purpose: CODE_SIGNING,
    edges,
  };
  const found = await findPath(request, platform);
  const anchor = found.path && (await reportCertificate(found.path.at(-1)!, platform));
  const ownAnchor = found.path?.length === 1;
  const known = identify(certificate, ownAnchor, expectations.publishers);
  const refusal = found.path
    ? known
      ? undefined
      : unknownPublisher(certificate, anchor!)
    : untrusted(certificate, anchors, found.faults, info.timeStampTokens.length);
  const everyone = anchor ? [...reports, anchor] : reports;
  return {
    certificate,
    path: reports,
    algorithm: algorithm.name,
    signingTime: info.signingTime,
    timestamps: info.timeStampTokens.length,
    keyValue: path[0].publicKey.value,
    demonstration: everyone.some(({ spki }) => demonstrationKeys?.has(spki) ?? false),
    anchor,
    identity: refusal ? undefined : known,
    refusal,
  };
}

/** Rule 8 of the seal: an anchor that is the publisher's own certificate, or a publisher named under an anchor. A named one must match. */
function identify(
  certificate: CertificateReport,
  ownAnchor: boolean,
  publishers: readonly Publisher[],
): 'anchor' | 'publisher' | undefined {
  if (publishers.some((publisher) => isPublisher(publisher, certificate))) return ownAnchor ? 'anchor' : 'publisher';
  return ownAnchor && publishers.length === 0 ? 'anchor' : undefined;
}

function unknownPublisher(certificate: CertificateReport, anchor: CertificateReport): Refusal {
  const message =
    anchor.sha256 === certificate.sha256
      ? `${certificate.subject} is trusted but is not the publisher that was asked for`
      : `signed by ${certificate.subject} under the trusted ${anchor.subject}, which says nothing yet: that publisher was not asked for`;
  return { code: 'E_UNKNOWN_PUBLISHER', message, hint: `if this is the publisher you expect, add ${publisherFlag(certificate)}` };
}

/** The decisive fault is the first in the order of the exit codes; the others are told along. */
function untrusted(certificate: CertificateReport, anchors: readonly Anchor[], faults: readonly PathFault[], timestamps: number): Refusal {
  if (anchors.length === 0) {
    const message = `signed by the key spki:${certificate.spki}, which calls itself ${certificate.subject}; nobody you trust vouches for it`;
    const hint = `compare with what the publisher published elsewhere; to trust exactly this certificate, add --trust sha256:${certificate.sha256}`;
    return { code: 'E_UNTRUSTED', message, hint };
  }
  const order = [EXIT_CODES.E_WEAK, EXIT_CODES.E_UNTRUSTED, EXIT_CODES.E_EXPIRED];
  const place = ({ code }: PathFault): number => order.indexOf(EXIT_CODES[code] as 30 | 32 | 35);
  const [first, ...others] = [...faults].sort((left, right) => place(left) - place(right));
  const message = [first!, ...others].map((fault) => fault.message).join('; ');
  return { code: first!.code, message, hint: hintFor(first!, timestamps) };
}

function hintFor(fault: PathFault, timestamps: number): string | undefined {
  if (fault.code === 'E_EXPIRED') {
    return timestamps > 0
      ? 'the signature has a timestamp, which this version does not evaluate'
      : 'ask the publisher for an image with a newer seal; check the clock of this machine';
  }
  return fault.hint ?? (fault.code === 'E_UNTRUSTED' ? "give the publisher's certificate or its root with --trust" : undefined);
}

/** One signer who counts is enough; the others are told about. If none counts, the one that came furthest says why. */
function trustChecks(signers: readonly SignerReport[]): Check[] {
  const accepted = signers.filter(({ refusal }) => !refusal);
  const decisive = accepted.length > 0 ? undefined : furthest(signers);
  return signers.flatMap((signer) => {
    if (!signer.refusal) return acceptedChecks(signer);
    if (signer === decisive) return refusedChecks(signer, signer.refusal);
    const { subject, sha256 } = signer.certificate;
    return [
      {
        name: 'path',
        status: 'skipped',
        message: `a further signer does not count: ${subject} (sha256:${sha256}): ${signer.refusal.message}`,
      },
    ];
  });
}

function furthest(signers: readonly SignerReport[]): SignerReport {
  const order = ['E_UNKNOWN_PUBLISHER', 'E_EXPIRED', 'E_UNTRUSTED', 'E_WEAK'];
  const place = ({ refusal }: SignerReport): number => order.indexOf(refusal!.code);
  return signers.reduce((best, signer) => (place(signer) < place(best) ? signer : best));
}

function acceptedChecks(signer: SignerReport): Check[] {
  return [pathCheck(signer), publisherCheck(signer)];
}

function refusedChecks(signer: SignerReport, { code, message, hint }: Refusal): Check[] {
  if (code !== 'E_UNKNOWN_PUBLISHER') return [{ name: 'path', status: 'fail', code, message, hint }];
  return [pathCheck(signer), { name: 'publisher', status: 'fail', code, message, hint }];
}

function pathCheck({ certificate, anchor }: SignerReport): Check {
  const own = anchor!.sha256 === certificate.sha256;
  const message = own
    ? `${certificate.subject} is itself trusted`
    : `${certificate.subject} is certified up to the trusted ${anchor!.subject}`;
  return { name: 'path', status: 'ok', message };
}

function publisherCheck({ certificate, identity, demonstration }: SignerReport): Check {
  const how = identity === 'anchor' ? 'whose own certificate is trusted' : 'as asked for';
  const message = `${certificate.subject}, ${how}`;
  if (!demonstration) return { name: 'publisher', status: 'ok', message };
  return { name: 'publisher', status: 'warning', message: `${message}: an example key, whose private key everybody has` };
}
