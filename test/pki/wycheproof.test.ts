/** Project Wycheproof's signatures (C2SP/wycheproof) against each platform's `verifySignature`, with the keys read by our own parser. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HashAlgorithm, SignatureScheme } from '../../src/core/platform.ts';
import { hashSize } from '../../src/pki/algorithms.ts';
import { keyFault, parsePublicKey } from '../../src/pki/public-key.ts';
import { webPlatform } from '../../src/web/platform.ts';
import { testPlatform } from '../support/platform.ts';

const FOLDER = new URL('../../../shared/vectors/wycheproof/', import.meta.url);
const present = existsSync(FOLDER);
if (!present) console.warn('the Wycheproof vectors are not there: signature checks are not tested against them');

interface Group {
  publicKeyDer: string;
  sha?: string;
  mgfSha?: string;
  sLen?: number;
  tests: { tcId: number; comment: string; msg: string; sig: string; result: 'valid' | 'invalid' | 'acceptable' }[];
}

const HASHES: Record<string, HashAlgorithm> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

const FILES: [file: string, scheme: SignatureScheme][] = [
  ['ecdsa_secp256r1_sha256_test.json', 'ecdsa'],
  ['ecdsa_secp384r1_sha384_test.json', 'ecdsa'],
  ['ecdsa_secp521r1_sha512_test.json', 'ecdsa'],
  ['ed25519_test.json', 'ed25519'],
  ['rsa_signature_2048_sha256_test.json', 'rsa-pkcs1'],
  ['rsa_signature_4096_sha256_test.json', 'rsa-pkcs1'],
  ['rsa_pss_2048_sha256_mgf1_32_test.json', 'rsa-pss'],
];

const PLATFORMS = [
  ['node:crypto', testPlatform],
  ['Web Crypto', webPlatform()],
] as const;

describe.skipIf(!present).each(PLATFORMS)('wycheproof, %s', (_, platform) => {
  test.each(FILES)('%s', async (file, scheme) => {
    const wrong: string[] = [];
    let checked = 0;
    for (const group of groups(file)) {
      const key = parsePublicKey(bytes(group.publicKeyDer));
      // Two groups use the exponent 3, which our rules refuse before any signature is checked; the arithmetic must be right all the same.
      if (key.fault) expect(key.fault).toContain('exponent 3');
      for (const { tcId, comment, msg, sig, result } of group.tests) {
        const hash = group.sha ? HASHES[group.sha] : undefined;
        const good = await platform.verifySignature({ publicKey: key.spki, scheme, hash, message: bytes(msg), signature: bytes(sig) });
        checked++;
        // "acceptable" is a PKCS #1 signature without NULL in its DigestInfo; strict means no.
        if (good !== (result === 'valid')) wrong.push(`${tcId} ${comment}: ${result}, found ${good}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(100);
  });

  test('RSA-PSS with other parameters than ours is not taken for one with ours', async () => {
    let ours = 0;
    for (const { publicKeyDer, sha, mgfSha, sLen, tests } of groups('rsa_pss_misc_test.json')) {
      const hash = HASHES[sha!];
      if (!hash) continue;
      const expected = mgfSha === sha && sLen === hashSize(hash);
      if (expected) ours++;
      for (const { msg, sig } of tests) {
        const check = { publicKey: bytes(publicKeyDer), scheme: 'rsa-pss', hash, message: bytes(msg), signature: bytes(sig) } as const;
        expect(await platform.verifySignature(check), `${sha} ${mgfSha} ${sLen}`).toBe(expected);
      }
    }
    expect(ours).toBe(3);
  });

  test('Ed448 keys are read, named and refused', () => {
    for (const { publicKeyDer } of groups('ed448_test.json')) {
      const key = parsePublicKey(bytes(publicKeyDer));
      expect(key.kind).toBe('other');
      expect(keyFault(key, 'authority')).toBe('Ed448 keys are not accepted');
    }
  });
});

function groups(file: string): Group[] {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')).testGroups;
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
