/** A checked policy document as a Policy: the files that it names are read through the caller, and nothing else is. */
import { DisksealError } from '../core/errors.ts';
import { type Anchor, parseAnchors, parseFingerprint } from './anchor.ts';
import type { PinRule } from './pins.ts';
import type { Policy } from './policy.ts';
import { checkedPolicy, type PolicyDocument, type PublisherDocument } from './policy-document.ts';
import type { NamedPublisher } from './publisher.ts';
import { parseEvidence, type RevocationEvidence } from './revocation.ts';

/** A policy in which nothing has been filled in: the members that the file does not have are absent. */
export interface PolicySource extends Omit<Policy, 'anchors' | 'publishers'> {
  readonly name: string;
  readonly anchors?: readonly Anchor[] | undefined;
  readonly publishers?: Policy['publishers'] | undefined;
  /** Where known publishers are remembered, as the file says it. */
  readonly state?: string | undefined;
  readonly pin?: PinRule | undefined;
}

/**
 * @param document - JSON or YAML as plain data
 * @param name - what the policy is called in checks
 * @param read - gives a file that the policy names, relative paths being relative to the policy
 * @throws DisksealError `E_POLICY`, and whatever `read` throws
 */
export async function policyFromDocument(
  document: unknown,
  name: string,
  read: (path: string) => Promise<Uint8Array>,
): Promise<PolicySource> {
  const { trust, timestampTrust, publishers, revocationData, maxTimestampAge, ...same } = checkedPolicy(document);
  const anchorsOf = (member: string, texts: string | readonly string[]): Promise<Anchor[]> =>
    readAll(listOf(texts), member, (text) => readAnchor(text, read));
  return {
    ...same,
    name,
    anchors: trust === undefined ? undefined : await anchorsOf('trust', trust),
    timestampAnchors: timestampTrust === undefined ? undefined : await anchorsOf('timestampTrust', timestampTrust),
    publishers: publishersOf(publishers),
    maxTimestampAge: maxTimestampAge === undefined ? undefined : maxTimestampAge * 86_400,
    evidence: revocationData === undefined ? undefined : await readEvidence(listOf(revocationData), read),
  };
}

function listOf(texts: string | readonly string[]): readonly string[] {
  return typeof texts === 'string' ? [texts] : texts;
}

async function readAll<T>(texts: readonly string[], member: string, one: (text: string) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for (const text of texts) found.push(...(await withField(member, () => one(text))));
  return found;
}

/** What a file that the policy names has wrong is the policy's fault, not the image's. */
async function withField<T>(field: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof DisksealError) || error.exitCode === 3 || error.code === 'E_POLICY') throw error;
    throw new DisksealError('E_POLICY', `${field} names a file that cannot be used: ${error.message}`, { field, cause: error });
  }
}

async function readAnchor(text: string, read: (path: string) => Promise<Uint8Array>): Promise<readonly Anchor[]> {
  const fingerprint = parseFingerprint(text);
  if (fingerprint) return [fingerprint];
  if (/^sha256:/i.test(text))
    throw new DisksealError('E_POLICY', `${text} is not a SHA-256 fingerprint`, { hint: 'sha256: and 64 hexadecimal digits' });
  return parseAnchors(await read(text));
}

async function readEvidence(paths: readonly string[], read: (path: string) => Promise<Uint8Array>): Promise<RevocationEvidence> {
  const all = await readAll(paths, 'revocationData', async (path) => [parseEvidence(await read(path))]);
  return { crls: all.flatMap(({ crls }) => crls), responses: all.flatMap(({ responses }) => responses) };
}

function publishersOf(publishers: PolicyDocument['publishers']): Policy['publishers'] | undefined {
  if (publishers === undefined || publishers === '*') return publishers;
  return Object.entries(publishers).map(([name, publisher]) => namedPublisher(name, publisher));
}

function namedPublisher(name: string, { spki, certificate, issuer, ...names }: PublisherDocument): NamedPublisher {
  return {
    ...names,
    name,
    spki: spki === undefined ? undefined : listOf(spki).map(digits),
    certificate: certificate === undefined ? undefined : listOf(certificate).map(digits),
    issuer,
  };
}

/** Without prefix and colons, in lower case. */
function digits(fingerprint: string): string {
  return fingerprint
    .replace(/^(spki|sha256):/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}
