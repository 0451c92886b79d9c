/** A policy file's content as plain data: what it may say, and what no schema can say about it. Reference: docs/policy.md. */
import { DisksealError } from '../core/errors.ts';
import { type DocumentFault, type DocumentPath, isObject, schemaFaults } from './json-schema.ts';
import type { PinRule } from './pins.ts';
import type { AllowedAlgorithms, TimestampRule } from './policy.ts';
import { POLICY_SCHEMA } from './policy-schema.ts';
import type { RevocationMode } from './revocation.ts';

type OneOrMore = string | readonly string[];

/** What `POLICY_SCHEMA` describes. */
export interface PolicyDocument {
  readonly trust?: OneOrMore;
  readonly timestampTrust?: OneOrMore;
  readonly publishers?: '*' | Readonly<Record<string, PublisherDocument>>;
  readonly require?: { readonly count: number; readonly of?: readonly string[] };
  readonly products?: readonly string[];
  readonly channels?: readonly string[];
  readonly platforms?: readonly string[];
  readonly architectures?: readonly string[];
  readonly formats?: readonly string[];
  readonly minVersion?: string;
  readonly minBuild?: number;
  readonly timestamp?: TimestampRule;
  readonly maxTimestampAge?: number;
  readonly revocation?: RevocationMode;
  readonly revocationData?: OneOrMore;
  readonly algorithms?: AllowedAlgorithms;
  readonly apple?: 'required' | 'ifPresent';
  readonly pin?: PinRule;
  readonly state?: string;
}

export interface PublisherDocument {
  readonly spki?: OneOrMore;
  readonly certificate?: OneOrMore;
  readonly subject?: string;
  readonly san?: string;
  readonly issuer?: string;
  readonly teamId?: string;
}

/** Everything that is wrong with it; nothing when it is a `PolicyDocument`. */
export function policyFaults(document: unknown): DocumentFault[] {
  const faults = schemaFaults(document, POLICY_SCHEMA);
  return faults.length > 0 ? faults : contradictions(document as PolicyDocument);
}

/** @throws DisksealError `E_POLICY`, the first fault with the others attached */
export function checkedPolicy(document: unknown): PolicyDocument {
  const faults = policyFaults(document);
  if (faults.length === 0) return document as PolicyDocument;
  const [first, ...others] = faults.slice(0, 100).map(faultError);
  throw new DisksealError(first!.code, first!.message, { field: first!.field, hint: first!.hint, others });
}

export function faultError({ path, message, hint }: DocumentFault): DisksealError {
  const field = placeText(path);
  return new DisksealError('E_POLICY', `${field || 'the policy'} ${message}`, { field: field || undefined, hint });
}

/** As in `publishers.example.spki[0]`. */
function placeText(path: DocumentPath): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** Members that can be right alone and make no sense together: what can never be met is a mistake. */
function contradictions({ publishers, require, timestamp, maxTimestampAge }: PolicyDocument): DocumentFault[] {
  const faults: DocumentFault[] = [];
  if (maxTimestampAge !== undefined && timestamp !== 'required') {
    faults.push({
      path: ['maxTimestampAge'],
      message: 'goes with "timestamp: required"',
      hint: 'otherwise taking the timestamp off would get round it',
    });
  }
  const names = isObject(publishers) ? Object.keys(publishers) : [];
  const of = require?.of ?? [];
  for (const [index, name] of of.entries()) {
    if (!names.includes(name)) faults.push({ path: ['require', 'of', index], message: `names "${name}", who is not in "publishers"` });
  }
  const most = of.length > 0 ? of.length : names.length;
  if (require && most > 0 && require.count > most) {
    faults.push({ path: ['require', 'count'], message: `asks for ${require.count} publishers, and there are ${most}` });
  }
  return faults;
}
