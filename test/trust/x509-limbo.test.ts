/**
 * The certificate paths of C2SP/x509-limbo through our path search, and its revocation lists through our revocation, hard. Cases that judge
 * something else (names of TLS servers, rules of the CA/Browser Forum) are left out by name, each with its reason; a case that must fail
 * never passes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import type { KeyUsage } from '../../src/pki/extensions.ts';
import { type Certificate, parsePemCertificates } from '../../src/pki/x509.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { findPath } from '../../src/trust/path.ts';
import { checkRevocation, parseEvidence, type RevocationEvidence, type RevocationResult } from '../../src/trust/revocation.ts';
import { testPlatform } from '../support/platform.ts';

const FILE = new URL('../../../shared/vectors/x509-limbo.json', import.meta.url);
const present = existsSync(FILE);
if (!present) console.warn('x509-limbo.json is not there: the path search is not checked against it');

interface LimboCase {
  id: string;
  trusted_certs: string[];
  untrusted_intermediates: string[];
  peer_certificate: string;
  validation_time: string | null;
  key_usage: KeyUsage[];
  extended_key_usage: string[];
  expected_result: 'SUCCESS' | 'FAILURE';
  max_chain_depth: number | null;
  crls: string[];
}

const TLS_NAME = 'judges whether the certificate names a TLS server; a signer is not a server';
const TLS_PROFILE = "a rule of the CA/Browser Forum's TLS profile that RFC 5280 does not have";
const STRICTER = 'an authority without key usage is on no path of ours; that its list counts is tried below';
const DEPTH = 'wants a depth set by the caller; ours is fixed';
const PEDANTIC = 'pedantic, and cve::cve-2024-0567 must pass with an anchor of exactly this kind';
const LEFT_OUT: [pattern: RegExp, reason: string][] = [
  [/^crl::issuer-no-keyusage-extension$/, STRICTER],
  [/^webpki::cn::/, TLS_NAME],
  [/^pathlen::max-chain-depth-\d-exhausted$/, DEPTH],
  [/^webpki::san::(mismatch-|no-san$|wildcard-match-across-labels-san$)/, TLS_NAME],
  [/^webpki::san::(public-suffix-|san-critical-with-nonempty-subject$)/, TLS_PROFILE],
  [/^rfc5280::ca-as-leaf-wrong-san$/, TLS_NAME],
  [/^webpki::eku::(ee-anyeku|ee-critical-eku|root-has-eku)$/, TLS_PROFILE],
  [/^rfc5280::aki::cross-signed-root-missing-aki$/, PEDANTIC],
  [/^webpki::nc::permitted-dns-match-noncritical$/, 'contradicts its rfc5280:: twin, which is tested'],
];

// A change of this number is a decision: none is left out unseen.
const LEFT_OUT_COUNT = 28;

const KEY_PURPOSES: Record<string, string> = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' };

const cases: LimboCase[] = present ? JSON.parse(readFileSync(FILE, 'utf8')).testcases : [];
const reasonFor = (id: string): string | undefined => LEFT_OUT.find(([pattern]) => pattern.test(id))?.[1];
const applicable = cases.filter(({ id }) => !reasonFor(id));

describe.skipIf(!present)('x509-limbo', () => {
  test.each(applicable.map((entry) => [entry.id, entry] as const))('%s', async (_, entry) => {
    const began = performance.now();
    const outcome = await judge(entry);
    expect(outcome.passed, outcome.why).toBe(entry.expected_result === 'SUCCESS');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('what is left out is a small part, and every reason still applies', () => {
    for (const [pattern] of LEFT_OUT) expect(cases.some(({ id }) => pattern.test(id))).toBe(true);
    const passing = applicable.filter(({ expected_result }) => expected_result === 'SUCCESS').length;
    console.info(`x509-limbo: ${cases.length} cases, ${applicable.length} applicable (${passing} must pass)`);
    expect(applicable.length).toBe(cases.length - LEFT_OUT_COUNT);
  });

  test('no case that must fail passes, the left-out ones about depth and servers apart', async () => {
    const elsewhere = new Set([TLS_NAME, DEPTH, TLS_PROFILE, PEDANTIC]);
    for (const entry of cases.filter(({ id, expected_result }) => expected_result === 'FAILURE' && !elsewhere.has(reasonFor(id) ?? ''))) {
      expect((await judge(entry)).passed, entry.id).toBe(false);
    }
  });

  test('the list of an authority without key usage counts, though the authority is on no path of ours', async () => {
    const entry = cases.find(({ id }) => id === 'crl::issuer-no-keyusage-extension')!;
    expect(await judge(entry)).toEqual({ passed: false, why: 'CN=x509-limbo-root may not sign certificates (key usage)' });
    const path = readAll([entry.peer_certificate, ...entry.trusted_certs]);
    expect((await askRevocation(path, entry)).statuses.map(({ status }) => status)).toEqual(['good']);
  });
});

/** A malformed anchor or intermediate is none; a malformed certificate at the beginning fails. */
async function judge(entry: LimboCase): Promise<{ passed: boolean; why: string }> {
  const [certificate] = readAll([entry.peer_certificate]);
  if (!certificate) return { passed: false, why: 'malformed' };
  const anchors = readAll(entry.trusted_certs).map((anchor): Anchor => ({ kind: 'certificate', certificate: anchor }));
  // The profile of web servers shares two rules with ours for code signing, and RFC 5280 has neither: the key usage must be named, and an
  // authority must not be used itself.
  const isProfile = entry.id.startsWith('webpki::');
  const purpose = {
    extendedKeyUsage: KEY_PURPOSES[entry.extended_key_usage[0] ?? (isProfile ? 'serverAuth' : '')],
    keyUsage: entry.key_usage[0],
    keyRole: 'authority',
    authorityAllowed: !isProfile,
  } as const;
  const request = { certificate, intermediates: readAll(entry.untrusted_intermediates), anchors, at: timeOf(entry), purpose };
  const { path, faults } = { faults: [], ...(await findPath(request, testPlatform)) };
  if (!path) return { passed: false, why: faults.map(({ message }) => message).join('; ') };
  const revocation = entry.crls.length > 0 ? await askRevocation(path, entry) : { faults: [] };
  return { passed: revocation.faults.length === 0, why: ['a path', ...revocation.faults.map(({ message }) => message)].join('; ') };
}

function timeOf({ validation_time }: LimboCase): number {
  return Date.parse(validation_time ?? '2025-06-01T00:00:00Z') / 1000;
}

async function askRevocation(path: readonly Certificate[], entry: LimboCase): Promise<RevocationResult> {
  const lists = entry.crls.map((text) => parseEvidence(new TextEncoder().encode(text)));
  const evidence: RevocationEvidence = { crls: lists.flatMap(({ crls }) => crls), responses: [] };
  const now = timeOf(entry);
  return checkRevocation({ path, at: now, proven: false, now, tolerance: 0, mode: 'hard', evidence }, testPlatform);
}

function readAll(texts: readonly string[]): Certificate[] {
  return texts.flatMap((text) => {
    try {
      return parsePemCertificates(text);
    } catch (error) {
      expect(error).toBeInstanceOf(DisksealError);
      return [];
    }
  });
}
