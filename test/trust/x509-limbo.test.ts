/**
 * The certificate paths of C2SP/x509-limbo through our path search. Cases that judge something else (names of TLS servers, revocation
 * lists, rules of the CA/Browser Forum) are left out by name, each with its reason; a case that must fail never passes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import type { KeyUsage } from '../../src/pki/extensions.ts';
import { type Certificate, parsePemCertificates } from '../../src/pki/x509.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { findPath } from '../../src/trust/path.ts';
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
}

const TLS_NAME = 'judges whether the certificate names a TLS server; a signer is not a server';
const TLS_PROFILE = "a rule of the CA/Browser Forum's TLS profile that RFC 5280 does not have";
const REVOCATION = 'judges a revocation list, which is not part of the path search';
const DEPTH = 'wants a depth set by the caller; ours is fixed';
const PEDANTIC = 'pedantic, and cve::cve-2024-0567 must pass with an anchor of exactly this kind';
const LEFT_OUT: [pattern: RegExp, reason: string][] = [
  [/^crl::/, REVOCATION],
  [/^webpki::cn::/, TLS_NAME],
  [/^pathlen::max-chain-depth-\d-exhausted$/, DEPTH],
  [/^webpki::san::/, TLS_NAME],
  [/^rfc5280::ca-as-leaf-wrong-san$/, TLS_NAME],
  [/^webpki::eku::/, TLS_PROFILE],
  [/^webpki::aki::root-with-aki-all-fields$/, TLS_PROFILE],
  [/^webpki::(ca-as-leaf|ee-basicconstraints-ca)$/, 'contradicts rfc5280::ca-as-leaf; for code signing we refuse it, see path.test.ts'],
  [/^rfc5280::aki::cross-signed-root-missing-aki$/, PEDANTIC],
  [/^webpki::nc::permitted-dns-match-noncritical$/, 'contradicts its rfc5280:: twin, which is tested'],
];

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
    expect(applicable.length).toBeGreaterThan(120);
  });

  test('no case that must fail passes, the left-out ones about revocation and server names apart', async () => {
    const elsewhere = new Set([TLS_NAME, REVOCATION, DEPTH, TLS_PROFILE, PEDANTIC]);
    for (const entry of cases.filter(({ id, expected_result }) => expected_result === 'FAILURE' && !elsewhere.has(reasonFor(id) ?? ''))) {
      // An authority as signer is refused, as for code signing: that is what sets us apart from rfc5280::ca-as-leaf.
      expect((await judge(entry, { authorityAllowed: false })).passed, entry.id).toBe(false);
    }
  });
});

/** A malformed anchor or intermediate is none; a malformed certificate at the beginning fails. */
async function judge(entry: LimboCase, { authorityAllowed = true } = {}): Promise<{ passed: boolean; why: string }> {
  const [certificate] = readAll([entry.peer_certificate]);
  if (!certificate) return { passed: false, why: 'malformed' };
  const at = entry.validation_time ? Date.parse(entry.validation_time) / 1000 : Date.parse('2025-06-01T00:00:00Z') / 1000;
  const anchors = readAll(entry.trusted_certs).map((anchor): Anchor => ({ kind: 'certificate', certificate: anchor }));
  const purpose = {
    extendedKeyUsage: KEY_PURPOSES[entry.extended_key_usage[0] ?? ''],
    keyUsage: entry.key_usage[0],
    keyRole: 'authority',
    authorityAllowed,
  } as const;
  const result = await findPath({ certificate, intermediates: readAll(entry.untrusted_intermediates), anchors, at, purpose }, testPlatform);
  return { passed: result.path !== undefined, why: result.path ? 'a path' : result.faults.map(({ message }) => message).join('; ') };
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
