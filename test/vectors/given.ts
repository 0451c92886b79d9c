/** The vectors of index.json, and what each gives a verifier: images, seals, and policies made of its members as flags and policy files make them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesDisk } from '../../src/core/disk.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { type PolicySource, policyFromDocument } from '../../src/trust/policy-file.ts';
import { policiesInForce } from '../../src/trust/policy-sources.ts';
import type { VerifyPolicy } from '../../src/verify/verify.ts';
import type { Vector } from './vector.ts';

export const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
export const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(path(name)));
export const listed = <T>(name: string): T[] => JSON.parse(readFileSync(path(name), 'utf8')) as T[];
export const vectors = listed<Vector>('index.json');

/** What the library is asked with. */
export async function policyOf({ trust, publishers, at, policy, seal, command }: Vector): Promise<VerifyPolicy> {
  const anchors = trust.length > 0 ? trust.flatMap((name) => parseAnchors(bytesOf(name))) : undefined;
  const flags: PolicySource = { name: 'flags', anchors, publishers: publishers.length > 0 ? publishers : undefined };
  const [first, ...further] = policiesInForce([flags, ...(policy ? [await policyFile(policy)] : [])]);
  return { ...first, further, now: at, deep: command === 'verify --deep', seal: seal === undefined ? undefined : bytesDisk(bytesOf(seal)) };
}

function policyFile(name: string): Promise<PolicySource> {
  const document: unknown = JSON.parse(readFileSync(path(name), 'utf8'));
  return policyFromDocument(document, name, (file) => Promise.resolve(bytesOf(file)));
}
