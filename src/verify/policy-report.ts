/** The policy in force as plain data, for `--explain` and `--json`: what was asked for, defaults included. */
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import type { Anchor } from '../trust/anchor.ts';
import type { CompletePolicy } from '../trust/policy.ts';

export interface AnchorReport {
  /** SHA-256 of the certificate, hexadecimal. */
  readonly sha256: string;
  /** Absent for an anchor that was named by its fingerprint. */
  readonly subject?: string;
}

export interface PolicyReport extends Omit<CompletePolicy, 'anchors' | 'timestampAnchors' | 'evidence' | 'maxTimestampAge'> {
  readonly trust: readonly AnchorReport[];
  readonly timestampTrust: readonly AnchorReport[];
  /** Days. */
  readonly maxTimestampAge?: number | undefined;
  /** How many CRLs and OCSP responses were given beside the image, if any. */
  readonly revocationData?: number | undefined;
}

export async function reportPolicy(policy: CompletePolicy, platform: Platform): Promise<PolicyReport> {
  const { anchors, timestampAnchors, evidence, maxTimestampAge } = policy;
  const { name, publishers, require, products, channels, platforms, architectures, formats, minVersion, minBuild } = policy;
  const { timestamp, revocation, algorithms, apple } = policy;
  return {
    name,
    trust: await reportAnchors(anchors, platform),
    timestampTrust: await reportAnchors(timestampAnchors, platform),
    publishers,
    require,
    products,
    channels,
    platforms,
    architectures,
    formats,
    minVersion,
    minBuild,
    timestamp,
    maxTimestampAge: maxTimestampAge === undefined ? undefined : maxTimestampAge / 86_400,
    revocation,
    revocationData: evidence.crls.length + evidence.responses.length || undefined,
    algorithms,
    apple,
  };
}

function reportAnchors(anchors: readonly Anchor[], platform: Platform): Promise<AnchorReport[]> {
  return Promise.all(
    anchors.map(async (anchor) => {
      if (anchor.kind === 'fingerprint') return { sha256: anchor.sha256 };
      const { bytes, subject } = anchor.certificate;
      return { sha256: toHex(await platform.digest('sha256', bytes)), subject: subject.text };
    }),
  );
}

/** The same in lines of `name: value`, for people; what is not asked for is left out. */
export function policyLines({ name, ...report }: PolicyReport): string[] {
  const members = Object.entries(report).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  const nobody = report.trust.length === 0 ? ['trust: nobody'] : [];
  return [`policy ${name}`, ...nobody.map(indent), ...members.map(([key, value]) => indent(`${key}: ${textOf(value)}`))];
}

function indent(line: string): string {
  return `  ${line}`;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  if ('sha256' in value) return anchorText(value as AnchorReport);
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return members.map(([key, inner]) => `${key} ${textOf(inner)}`).join(' and ');
}

function anchorText({ subject, sha256 }: AnchorReport): string {
  return subject === undefined ? `sha256:${sha256}` : `${subject} (sha256:${sha256})`;
}
