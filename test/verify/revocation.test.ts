/** Revocation data in a seal and beside it, under soft and hard policies. Rule 7, rule 15, attack 48. */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/core/struct.ts';
import { ocspChoice } from '../../src/pki/ocsp-write.ts';
import { signStatement } from '../../src/seal/sign.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { parseEvidence } from '../../src/trust/revocation.ts';
import { checkSignatures, type SignatureExpectations } from '../../src/verify/signature.ts';
import { decidingFailure } from '../../src/verify/verdict.ts';
import { type Made, makeCertificate, NOW, sha256, signerOf, testChain, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import { DAY, makeList, makeResponse } from '../support/revocations.ts';

const content = new TextEncoder().encode('{"type":"test"}');
const { root, intermediate, leaf } = testChain();
const stranger = makeCertificate({ subject: 'CN=Stranger', key: testKey('p256', 'stranger'), ca: true });
const anchorOf = ({ certificate }: Made): Anchor => ({ kind: 'certificate', certificate });
const named = (made: Made): Anchor => ({ kind: 'fingerprint', sha256: toHex(sha256(made.bytes)) });
const underRoot: SignatureExpectations = { anchors: [anchorOf(root)], publishers: '*', now: NOW };
const serial = leaf.certificate.serial;

const aboutLeaf = ocspChoice(makeResponse({ signer: intermediate, answers: [{ certificate: leaf }] }));
const aboutIntermediate = makeList({ issuer: root });
const revoking = makeList({ issuer: intermediate, entries: [{ serial, reason: 4 }] });

async function outcome(
  revocations: readonly Uint8Array[],
  expectations: Partial<SignatureExpectations> = {},
  signer = leaf,
): Promise<string> {
  const cms = await signStatement(content, signerOf(signer), { platform: testPlatform, signingTime: NOW, revocations });
  const { checks } = await checkSignatures(cms, { ...underRoot, ...expectations }, testPlatform);
  const failed = decidingFailure(checks);
  return failed ? `${failed.code} ${failed.message}` : (checks.find(({ name }) => name === 'revocation')?.message ?? 'ok');
}

describe('rule 15: soft, hard, off', () => {
  test('nothing at hand: shown as not checked, and refused only when it must be known', async () => {
    expect(await outcome([])).toMatch(/^not checked: /);
    expect(await outcome([], { revocation: 'hard' })).toMatch(/^E_REVOKED nobody says that CN=Demo Publisher,O=Demo was not revoked/);
    expect(await outcome([], { revocation: 'off' })).toBe('not asked for');
  });

  test('inside the seal, and beside it', async () => {
    const both = [aboutLeaf, aboutIntermediate];
    for (const revocation of ['soft', 'hard'] as const) {
      expect(await outcome(both, { revocation })).not.toMatch(/^E_|not checked/);
      const evidence = { crls: parseEvidence(aboutIntermediate).crls, responses: [] };
      expect(await outcome([aboutLeaf], { revocation, evidence })).not.toMatch(/^E_|not checked/);
    }
    expect(await outcome([aboutLeaf])).toMatch(/^not checked for all/);
    expect(await outcome([aboutLeaf], { revocation: 'hard' })).toMatch(/^E_REVOKED nobody says that CN=Demo CA/);
    expect(await outcome(both, { revocation: 'hard', now: NOW + 30 * DAY })).toMatch(/^E_REVOKED .* is stale/);
    expect(await outcome(both, { now: NOW + 30 * DAY })).toMatch(/^not checked: .* is stale/);
  });

  test('a revocation wins, wherever it comes from', async () => {
    expect(await outcome([revoking])).toMatch(/^E_REVOKED CN=Demo Publisher,O=Demo was revoked/);
    expect(await outcome([aboutLeaf, revoking])).toMatch(/^E_REVOKED/);
    expect(await outcome([aboutLeaf], { evidence: parseEvidence(revoking) })).toMatch(/^E_REVOKED/);
    expect(await outcome([aboutLeaf, aboutIntermediate], { further: [{ ...underRoot, evidence: parseEvidence(revoking) }] })).toMatch(
      /^E_REVOKED/,
    );
    expect(await outcome([], { revocation: 'off', evidence: parseEvidence(revoking) })).toBe('not asked for');
  });
});

describe('rule 7: revocation data that is of no use', () => {
  const words = /^E_CMS the message carries revocation data about no certificate/;
  test('about a stranger, by a stranger, with more certificates than it needs', async () => {
    const useless = [
      makeList({ issuer: stranger }),
      makeList({ issuer: intermediate, signer: stranger }),
      ocspChoice(makeResponse({ signer: stranger, answers: [{ certificate: leaf, issuer: stranger }] })),
      ocspChoice(makeResponse({ signer: intermediate, answers: [{ certificate: leaf }], certificates: [stranger] })),
    ];
    for (const revocation of ['off', 'soft', 'hard'] as const) {
      for (const choice of useless) expect(await outcome([aboutLeaf, choice], { revocation })).toMatch(words);
    }
    expect(await outcome([makeList({ issuer: stranger })], { anchors: [] })).toMatch(words);
  });

  test('whatever of the path is trusted: what is about its certificates is of use', async () => {
    const both = [aboutLeaf, aboutIntermediate];
    for (const anchors of [[], [anchorOf(root)], [named(intermediate)], [named(leaf)], [anchorOf(leaf)], [anchorOf(stranger)]]) {
      expect(await outcome(both, { anchors })).not.toMatch(/^E_CMS/);
      expect(await outcome([...both, makeList({ issuer: stranger })], { anchors })).toMatch(words);
    }
    expect(await outcome(both, { anchors: [named(leaf)], publishers: [], revocation: 'hard' })).toBe('ok');
  });
});
