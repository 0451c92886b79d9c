/** Whom a policy believes: each condition for each signer by itself. Rules 7, 8, 12, 14, 15; attacks 35, 37, 38, 42 to 45, 48, 49. */
import { describe, expect, test } from 'vitest';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { EMPTY_MEMORY } from '../../src/trust/pins.ts';
import type { Policy } from '../../src/trust/policy.ts';
import { parseEvidence } from '../../src/trust/revocation.ts';
import { checkSignatures, type SignatureExpectations, type SignatureResult } from '../../src/verify/signature.ts';
import { decidingFailure } from '../../src/verify/verdict.ts';
import { extension, type Made, makeCertificate, NOW, type Recipe, sha256, testChain, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import { DAY, makeList, makeResponse } from '../support/revocations.ts';
import { type SignerRecipe, signedMessage } from '../support/signed-message.ts';
import { accuracy, testAuthority } from '../support/timestamp-authority.ts';

const YEAR = 365 * DAY;
const content = new TextEncoder().encode('{"type":"test"}');
const { root, intermediate, leaf } = testChain();
const authority = testAuthority();
const other = testAuthority('p256', {}, 'Elsewhere');
const anchorOf = (made: Made): Anchor => ({ kind: 'certificate', certificate: made.certificate });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const under = (subject: string, more: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject, key: testKey('p256', subject), issuer: intermediate, ...more });
/** Good for a year, until half a year ago. */
const expired = under('CN=Expired', { notBefore: NOW - 1.5 * YEAR, notAfter: NOW - 0.5 * YEAR });
const trust: SignatureExpectations = { anchors: [anchorOf(root)], publishers: '*', now: NOW };
const withTime = { timestampAnchors: [anchorOf(authority.root)] };

async function judge(
  signers: SignerRecipe | readonly SignerRecipe[],
  policy: Partial<SignatureExpectations> = {},
  revocations?: Uint8Array[],
) {
  const list = 'leaf' in signers ? [signers] : signers;
  const cms = await signedMessage({ content, signers: list, ...(revocations ? { revocations } : {}) });
  return checkSignatures(cms, { ...trust, ...policy }, testPlatform);
}
const codeOf = ({ checks }: SignatureResult): string => decidingFailure(checks)?.code ?? 'ok';
const hintOf = ({ checks }: SignatureResult): string => decidingFailure(checks)?.hint ?? '';
const outcome = async (...given: Parameters<typeof judge>): Promise<string> => codeOf(await judge(...given));
const stamped = (made: Made, time: number, from = authority): SignerRecipe => ({ leaf: made, tokens: [{ authority: from, time }] });

describe('rule 14: the time at which a path is judged', () => {
  test('an expired certificate is 32 without a timestamp, and good with one of its lifetime', async () => {
    expect(await outcome({ leaf: expired })).toBe('E_EXPIRED');
    expect(await outcome(stamped(expired, NOW - YEAR), withTime)).toBe('ok');
    const { signers } = await judge(stamped(expired, NOW - YEAR), withTime);
    expect(signers[0]).toMatchObject({ provenTime: NOW - YEAR, timestamps: [{ status: 'trusted', time: NOW - YEAR }] });
  });

  test('attack 45: what the signer says of the time proves nothing', async () => {
    expect(await outcome({ leaf: expired, signingTime: NOW - YEAR })).toBe('E_EXPIRED');
    expect(await outcome({ leaf: expired, signingTime: NOW - YEAR }, withTime)).toBe('E_EXPIRED');
  });

  test('a timestamp after the certificate expired, or before it began, does not help: 32', async () => {
    expect(await outcome(stamped(expired, NOW - 0.4 * YEAR), withTime)).toBe('E_EXPIRED');
    expect(await outcome(stamped(expired, NOW - 1.6 * YEAR), withTime)).toBe('E_EXPIRED');
    // Even where the clock alone would have been content.
    const young = under('CN=Young', { notBefore: NOW - DAY });
    expect(await outcome(stamped(young, NOW - 2 * DAY), withTime)).toBe('E_EXPIRED');
    expect(await outcome(stamped(young, NOW - 2 * DAY), { ...withTime, timestamp: 'ignore' })).toBe('ok');
  });

  test('the earliest of several trusted ones decides', async () => {
    const tokens = [NOW - 0.4 * YEAR, NOW - YEAR].map((time) => ({ authority, time }));
    const result = await judge({ leaf: expired, tokens }, withTime);
    expect(codeOf(result)).toBe('ok');
    expect(result.signers[0].provenTime).toBe(NOW - YEAR);
    const late = [NOW - YEAR, NOW - 1.6 * YEAR].map((time) => ({ authority, time }));
    expect(await outcome({ leaf: expired, tokens: late }, withTime)).toBe('E_EXPIRED');
  });

  test('only the trusted ones count', async () => {
    const tokens = [
      { authority: other, time: NOW - YEAR },
      { authority, time: NOW - 0.4 * YEAR },
    ];
    expect(await outcome({ leaf: expired, tokens }, withTime)).toBe('E_EXPIRED');
  });

  test('attack 44: every certificate of the path must be valid then, not only the first', async () => {
    const years = { notBefore: NOW - 3 * YEAR, notAfter: NOW - 2 * YEAR };
    const old = makeCertificate({ subject: 'CN=Old CA', key: testKey('p256', 'old CA'), ca: true, issuer: root, ...years });
    const signer = under('CN=Late', { issuer: old, notBefore: NOW - 3 * YEAR });
    expect(await outcome({ leaf: signer })).toBe('E_EXPIRED');
    expect(await outcome(stamped(signer, NOW - YEAR), withTime)).toBe('E_EXPIRED');
  });

  test('a token whose authority nobody named is not evaluated: fine while the certificate is valid, else 32 with a hint', async () => {
    const fine = await judge(stamped(leaf, NOW - DAY));
    expect(codeOf(fine)).toBe('ok');
    expect(fine.checks).toContainEqual(expect.objectContaining({ name: 'timestamp', status: 'skipped' }));
    const late = await judge(stamped(expired, NOW - YEAR));
    expect(codeOf(late)).toBe('E_EXPIRED');
    expect(hintOf(late)).toContain('--timestamp-trust');
    const wrong = await judge(stamped(expired, NOW - YEAR, other), withTime);
    expect(codeOf(wrong)).toBe('E_EXPIRED');
    expect(hintOf(wrong)).toContain('--timestamp-trust');
  });

  test('attack 47: an anchor of publishers is none of timestamps, nor the other way round', async () => {
    expect(await outcome(stamped(expired, NOW - YEAR), { anchors: [anchorOf(root), anchorOf(authority.root)] })).toBe('E_EXPIRED');
    expect(await outcome({ leaf }, { anchors: [], timestampAnchors: [anchorOf(root)] })).toBe('E_UNTRUSTED');
  });

  test('clocks may be wrong by ten minutes', async () => {
    const edge = under('CN=Edge', { notAfter: NOW - 590 });
    expect(await outcome({ leaf: edge })).toBe('ok');
    expect(await outcome({ leaf: edge }, { now: NOW + 20 })).toBe('E_EXPIRED');
    const dawn = under('CN=Dawn', { notBefore: NOW + 590 });
    expect(await outcome({ leaf: dawn })).toBe('ok');
    expect(await outcome({ leaf: dawn }, { now: NOW - 20 })).toBe('E_EXPIRED');
  });

  test("the authority's accuracy counts against the signer", async () => {
    const token = { authority, time: NOW - 0.5 * YEAR - DAY };
    expect(await outcome({ leaf: expired, tokens: [{ ...token, rest: [accuracy(DAY)] }] }, withTime)).toBe('ok');
    expect(await outcome({ leaf: expired, tokens: [{ ...token, rest: [accuracy(2 * DAY)] }] }, withTime)).toBe('E_EXPIRED');
  });

  test('a clock that is behind is a warning, and does not bring a certificate back to life', async () => {
    const lifetime = { now: NOW - YEAR };
    expect(await outcome({ leaf: expired }, lifetime)).toBe('ok');
    for (const more of [{ notEarlierThan: NOW }, { memory: { ...EMPTY_MEMORY, time: NOW } }]) {
      const result = await judge({ leaf: expired }, { ...lifetime, ...more });
      expect(codeOf(result)).toBe('E_EXPIRED');
      expect(result.checks).toContainEqual(expect.objectContaining({ name: 'clock', status: 'warning' }));
    }
    // Another signer's trusted timestamp knows what time it is.
    const result = await judge([{ leaf: expired }, stamped(testChain('p256', 'Stranger').leaf, NOW)], { ...lifetime, ...withTime });
    expect(codeOf(result)).toBe('E_EXPIRED');
    expect(result.checks).toContainEqual(expect.objectContaining({ name: 'clock', status: 'warning' }));
  });

  test('a clock that is right is not mentioned', async () => {
    const result = await judge({ leaf }, { notEarlierThan: NOW - DAY, memory: { ...EMPTY_MEMORY, time: NOW + 500 } });
    expect(result.checks.map(({ name }) => name)).not.toContain('clock');
  });

  test('a timestamp of the future is 34, unless a trusted authority says that the clock is behind', async () => {
    expect(await outcome(stamped(leaf, NOW + DAY))).toBe('E_TIMESTAMP');
    expect(await outcome(stamped(leaf, NOW + DAY, other), withTime)).toBe('E_TIMESTAMP');
    const result = await judge(stamped(leaf, NOW + DAY), withTime);
    expect(codeOf(result)).toBe('ok');
    expect(result.checks).toContainEqual(expect.objectContaining({ name: 'clock', status: 'warning' }));
    // So for a renewal: a stranger's may not come from the future, whatever it renews.
    const renewed = (from: typeof authority): SignerRecipe => ({
      leaf,
      tokens: [{ authority, time: NOW - DAY, renewal: { authority: from, time: NOW + DAY } }],
    });
    expect(await outcome(renewed(other), withTime)).toBe('E_TIMESTAMP');
    expect((await judge(renewed(authority), withTime)).checks).toContainEqual(
      expect.objectContaining({ name: 'clock', status: 'warning' }),
    );
    // Beyond the life of the authority's own certificate nobody vouches for it.
    expect(await outcome(stamped(leaf, NOW + 20 * YEAR), withTime)).toBe('E_TIMESTAMP');
  });
});

describe('attack 38: what a policy asks of timestamps', () => {
  const required = { ...withTime, timestamp: 'required' } as const;

  test('required, and there is none, or none that is trusted: 34', async () => {
    expect(await outcome({ leaf }, required)).toBe('E_TIMESTAMP');
    expect(await outcome(stamped(leaf, NOW - DAY, other), required)).toBe('E_TIMESTAMP');
    expect(await outcome(stamped(leaf, NOW - DAY), { timestamp: 'required' })).toBe('E_TIMESTAMP');
    expect(await outcome(stamped(leaf, NOW - DAY), required)).toBe('ok');
  });

  test('of a certain age at most', async () => {
    const age = { ...required, maxTimestampAge: 30 * DAY };
    expect(await outcome(stamped(leaf, NOW - 29 * DAY), age)).toBe('ok');
    expect(await outcome(stamped(leaf, NOW - 31 * DAY), age)).toBe('E_TIMESTAMP');
  });

  test("another signer's timestamp does not help", async () => {
    expect(await outcome([{ leaf }, stamped(testChain('p256', 'Stranger').leaf, NOW - DAY)], required)).toBe('E_TIMESTAMP');
  });

  test('ignored: not even a good one helps, and a wrong one is still 34', async () => {
    expect(await outcome(stamped(expired, NOW - YEAR), { ...withTime, timestamp: 'ignore' })).toBe('E_EXPIRED');
    const wrong = { leaf, tokens: [{ authority, time: NOW - DAY, hash: 'sha512', imprintHash: 'sha256', signedBy: other.leaf } as const] };
    expect(await outcome(wrong, { timestamp: 'ignore' })).toBe('E_TIMESTAMP');
  });
});

describe('rule 15, attack 48: revocation', () => {
  const serial = expired.certificate.serial;
  const own = leaf.certificate.serial;
  const crl = (entry: object, more: object = {}): Uint8Array =>
    makeList({ issuer: intermediate, entries: [{ serial: own, ...entry }], ...more });
  const clean = (issuer: Made): Uint8Array => makeList({ issuer });
  const given = (...sources: Uint8Array[]): Partial<SignatureExpectations> => {
    const parts = sources.map(parseEvidence);
    return { evidence: { crls: parts.flatMap(({ crls }) => crls), responses: parts.flatMap(({ responses }) => responses) } };
  };
  const SUPERSEDED = 4;
  const COMPROMISED = 1;

  test('revoked is 33, in the seal or beside it; off asks nobody', async () => {
    expect(await outcome({ leaf }, {}, [crl({})])).toBe('E_REVOKED');
    expect(await outcome({ leaf }, given(crl({})))).toBe('E_REVOKED');
    expect(await outcome({ leaf }, { ...given(crl({})), revocation: 'off' })).toBe('ok');
    expect(await outcome({ leaf }, { revocation: 'off' }, [crl({})])).toBe('ok');
  });

  test('soft: not knowing is said and refuses nothing; hard: it is 33', async () => {
    const soft = await judge({ leaf });
    expect(codeOf(soft)).toBe('ok');
    expect(soft.checks).toContainEqual(
      expect.objectContaining({ name: 'revocation', status: 'skipped', message: expect.stringMatching(/^not checked/) }),
    );
    expect(await outcome({ leaf }, { revocation: 'hard' })).toBe('E_REVOKED');
    expect(await outcome({ leaf }, { revocation: 'hard' }, [clean(intermediate)])).toBe('E_REVOKED');
    const hard = await judge({ leaf }, { revocation: 'hard' }, [clean(intermediate), clean(root)]);
    expect(codeOf(hard)).toBe('ok');
    expect(hard.checks).toContainEqual(expect.objectContaining({ name: 'revocation', status: 'ok' }));
    expect(hard.signers[0].revocation).toMatchObject([{ status: 'good' }, { status: 'good' }]);
  });

  test('the seal and the files are one body of evidence: any revocation wins', async () => {
    expect(await outcome({ leaf }, given(crl({})), [clean(intermediate), clean(root)])).toBe('E_REVOKED');
    expect(await outcome({ leaf }, { ...given(clean(root)), revocation: 'hard' }, [clean(intermediate)])).toBe('ok');
  });

  test.each([
    ['superseded after the timestamp', SUPERSEDED, NOW - 10 * DAY, NOW - 20 * DAY, 'ok'],
    ['superseded before the timestamp', SUPERSEDED, NOW - 30 * DAY, NOW - 20 * DAY, 'E_REVOKED'],
    ['compromised after the timestamp', COMPROMISED, NOW - 10 * DAY, NOW - 20 * DAY, 'E_REVOKED'],
    ['compromised before the timestamp', COMPROMISED, NOW - 30 * DAY, NOW - 20 * DAY, 'E_REVOKED'],
  ])('%s', async (_, reason, date, time, expected) => {
    const list = makeList({ issuer: intermediate, entries: [{ serial: own, reason, date }] });
    expect(await outcome(stamped(leaf, time), withTime, [list])).toBe(expected);
    // Without a timestamp any revocation refuses.
    expect(await outcome({ leaf }, withTime, [list])).toBe('E_REVOKED');
    expect(await outcome(stamped(leaf, time), {}, [list])).toBe('E_REVOKED');
  });

  test("a revoked authority refuses what it certified; another signer's evidence refuses nobody else", async () => {
    const list = makeList({ issuer: root, entries: [{ serial: intermediate.certificate.serial, reason: COMPROMISED }] });
    expect(await outcome({ leaf }, {}, [list])).toBe('E_REVOKED');
    expect(await outcome([{ leaf }, { leaf: expired }], {}, [makeList({ issuer: intermediate, entries: [{ serial }] })])).toBe('ok');
  });

  test('rule 7: evidence that is of no use is 22', async () => {
    const stranger = testChain('p256', 'Stranger').root;
    expect(await outcome({ leaf }, {}, [clean(stranger)])).toBe('E_CMS');
    expect(await outcome({ leaf }, { revocation: 'off' }, [clean(stranger)])).toBe('E_CMS');
    // Rightly named, and signed by nobody who may.
    expect(await outcome({ leaf }, {}, [makeList({ issuer: intermediate, signer: stranger })])).toBe('E_CMS');
    // For somebody whom the user does not trust it is at least about the signer, or 22 as well.
    expect(await outcome({ leaf }, { anchors: [] }, [clean(intermediate)])).toBe('E_UNTRUSTED');
    expect(await outcome({ leaf }, { anchors: [] }, [clean(stranger)])).toBe('E_CMS');
  });

  test('an OCSP response in the seal', async () => {
    const choice = (response: Uint8Array): Uint8Array => der.implicit(1, der.sequence(der.oid(OID.revocationInfoOcsp), response));
    const about = (status: 'good' | 'revoked'): Uint8Array =>
      choice(makeResponse({ signer: intermediate, answers: [{ certificate: leaf, status }] }));
    expect(await outcome({ leaf }, {}, [about('good')])).toBe('ok');
    expect(await outcome({ leaf }, {}, [about('revoked')])).toBe('E_REVOKED');
  });
});

describe('rule 6, attack 37: k of these', () => {
  const alice = under('CN=Alice');
  const bob = under('CN=Bob');
  const alias = under('CN=Bob', { key: alice.key, serial: 77n });
  const two: Partial<Policy> = { publishers: ['CN=Alice', 'CN=Bob'], require: { count: 2 } };

  test('two keys are two, one key under two certificates is one: 42', async () => {
    expect(await outcome([{ leaf: alice }, { leaf: bob }], two)).toBe('ok');
    expect(await outcome({ leaf: alice }, two)).toBe('E_COSIGNATURE');
    expect(await outcome([{ leaf: alice }, { leaf: alias }], two)).toBe('E_COSIGNATURE');
  });

  test('one publisher with two keys is one', async () => {
    const again = under('CN=Alice', { key: testKey('p256', 'again'), serial: 78n });
    expect(await outcome([{ leaf: alice }, { leaf: again }], two)).toBe('E_COSIGNATURE');
    expect(await outcome([{ leaf: alice }, { leaf: again }], { publishers: '*', require: { count: 2 } })).toBe('ok');
  });

  test('of some of the publishers', async () => {
    const named = ['Alice', 'Bob'].map((name) => ({ name, subject: `CN=${name}`, issuer: 'CN=Demo Root,O=Demo' }));
    const both = { publishers: named, require: { count: 1, of: ['Bob'] } };
    expect(await outcome([{ leaf: alice }, { leaf: bob }], both)).toBe('ok');
    expect(await outcome({ leaf: alice }, both)).toBe('E_COSIGNATURE');
  });

  test('attack 38: a co-signature that does not meet the policy does not count', async () => {
    const timely = { ...two, ...withTime, timestamp: 'required' } as const;
    expect(await outcome([stamped(alice, NOW - DAY), { leaf: bob }], timely)).toBe('E_COSIGNATURE');
    expect(await outcome([stamped(alice, NOW - DAY), stamped(bob, NOW - DAY)], timely)).toBe('ok');
    const list = makeList({ issuer: intermediate, entries: [{ serial: bob.certificate.serial }] });
    expect(await outcome([{ leaf: alice }, { leaf: bob }], two, [list])).toBe('E_COSIGNATURE');
  });

  test("publishers' own certificates, trusted by name", async () => {
    const own = { anchors: [anchorOf(alice), anchorOf(bob)], publishers: [], require: { count: 2 } };
    expect(await outcome([{ leaf: alice }, { leaf: bob }], own)).toBe('ok');
    expect(await outcome([{ leaf: alice }, { leaf: alias }], { ...own, anchors: [anchorOf(alice), anchorOf(alias)] })).toBe(
      'E_COSIGNATURE',
    );
  });
});

describe('rule 7: each signer by itself', () => {
  const stranger = testChain('p256', 'Stranger').leaf;

  test('a further signer whom nobody knows is listed and fails nothing', async () => {
    const result = await judge([{ leaf }, { leaf: stranger }]);
    expect(codeOf(result)).toBe('ok');
    expect(result.checks).toContainEqual(
      expect.objectContaining({ name: 'path', status: 'skipped', message: expect.stringContaining(hex(sha256(stranger.bytes))) }),
    );
    expect(result.signers.find(({ refusal }) => refusal)?.refusal?.code).toBe('E_UNTRUSTED');
  });

  test('conditions that two signers meet between them are met by nobody', async () => {
    // One is trusted and not the publisher, the other is the publisher by name and not trusted.
    const alice = under('CN=Alice');
    const impostor = makeCertificate({ subject: 'CN=Publisher', key: testKey('p256', 'false') });
    expect(await outcome([{ leaf: alice }, { leaf: impostor }], { publishers: ['CN=Publisher'] })).toBe('E_UNKNOWN_PUBLISHER');
  });

  test('an invalid token is 34, even of a signer who does not count', async () => {
    const tokens = [{ authority, signedBy: other.leaf }];
    expect(await outcome([{ leaf }, { leaf: stranger, tokens }])).toBe('E_TIMESTAMP');
  });
});

describe('rule 8, attack 49: named publishers of a policy', () => {
  const san = extension(
    OID.subjectAltName,
    der.sequence(
      der.element(0x86, new TextEncoder().encode('https://example.com/a')),
      der.element(0x81, new TextEncoder().encode('a@example.com')),
    ),
  );
  const named = under('CN=Named,O=Demo', { extensions: { [OID.subjectAltName]: san } });
  const spki = hex(sha256(named.key.spki));
  const is = (publisher: object): Promise<string> => outcome({ leaf: named }, { publishers: [{ name: 'a', ...publisher }] });

  test.each([
    [{ spki: [spki] }, true],
    [{ spki: ['00'.repeat(32), spki] }, true],
    [{ spki: ['00'.repeat(32)] }, false],
    [{ certificate: [hex(sha256(named.bytes))] }, true],
    [{ certificate: [spki] }, false],
    [{ subject: 'O=Demo,CN=Named', issuer: 'CN=Demo CA,O=Demo' }, true],
    [{ subject: 'O=Demo,CN=Named', issuer: 'CN=Demo Root,O=Demo' }, true],
    [{ subject: 'O=Demo,CN=Named', issuer: `sha256:${hex(sha256(intermediate.bytes))}` }, true],
    [{ subject: 'O=Demo,CN=Named', issuer: `spki:${hex(sha256(root.key.spki))}` }, true],
    // Not the certificate itself: nobody vouches for his own name.
    [{ subject: 'O=Demo,CN=Named', issuer: `spki:${spki}` }, false],
    [{ subject: 'O=Demo,CN=Named', issuer: 'CN=Other CA' }, false],
    [{ subject: 'CN=Named', issuer: 'CN=Demo CA,O=Demo' }, false],
    [{ san: 'uri:https://example.com/a', issuer: 'CN=Demo CA,O=Demo' }, true],
    [{ san: 'email:a@example.com', issuer: 'CN=Demo CA,O=Demo' }, true],
    [{ san: 'dns:a@example.com', issuer: 'CN=Demo CA,O=Demo' }, false],
    [{ san: 'uri:https://example.com', issuer: 'CN=Demo CA,O=Demo' }, false],
    [{ spki: [spki], subject: 'CN=Other', issuer: 'CN=Demo CA,O=Demo' }, false],
    [{ teamId: 'ABCDE12345', issuer: 'CN=Demo CA,O=Demo' }, false],
    [{}, false],
  ])('%j: %s', async (publisher, expected) => {
    expect(await is(publisher)).toBe(expected ? 'ok' : 'E_UNKNOWN_PUBLISHER');
  });

  test('an Apple Team ID: a unit of a Developer ID certificate under a Developer ID authority', async () => {
    const marker = (type: string, critical = false): Record<string, Uint8Array> => ({ [type]: extension(type, der.nullValue(), critical) });
    const apple = makeCertificate({
      subject: 'CN=Developer ID CA',
      key: testKey('p256', 'apple CA'),
      ca: true,
      issuer: root,
      extensions: marker(OID.appleDeveloperIdAuthority),
    });
    const signer = (subject: string, issuer: Made, extensions = marker(OID.appleDeveloperIdApplication, true)): Made =>
      makeCertificate({ subject, key: testKey('p256', 'team'), issuer, extensions });
    const policy = { publishers: [{ name: 'team', teamId: 'ABCDE12345', issuer: 'CN=Demo Root,O=Demo' }] };
    const subject = 'OU=ABCDE12345,CN=Developer ID Application';
    expect(await outcome({ leaf: signer(subject, apple) }, policy)).toBe('ok');
    expect(await outcome({ leaf: signer('OU=ABCDE12346,CN=Developer ID Application', apple) }, policy)).toBe('E_UNKNOWN_PUBLISHER');
    expect(await outcome({ leaf: signer(`${subject},OU=ABCDE12346`, apple) }, policy)).toBe('E_UNKNOWN_PUBLISHER');
    expect(await outcome({ leaf: signer(subject, apple, {}) }, policy)).toBe('E_UNKNOWN_PUBLISHER');
    expect(await outcome({ leaf: signer(subject, intermediate) }, policy)).toBe('E_UNKNOWN_PUBLISHER');
  });
});

describe('attack 35: a policy narrows the algorithms', () => {
  test.each([
    [{ hashes: ['sha256'] }, 'ok'],
    [{ hashes: ['sha384', 'sha512'] }, 'E_WEAK'],
    [{ keys: ['P-256'] }, 'ok'],
    [{ keys: ['P-384', 'RSA', 'Ed25519'] }, 'E_WEAK'],
    [{ rsaBits: 4096 }, 'ok'],
  ] as const)('%j for a P-256 chain: %s', async (algorithms, expected) => {
    expect(await outcome({ leaf }, { algorithms })).toBe(expected);
  });

  test('down to the anchor, but not by its own signature', async () => {
    const rsa = testChain('rsa3072', 'Mixed').root;
    const signer = makeCertificate({ subject: 'CN=Mixed', key: testKey('p256', 'mixed'), issuer: rsa });
    const mixed = { anchors: [anchorOf(rsa)] };
    expect(await outcome({ leaf: signer }, { ...mixed, algorithms: { rsaBits: 3072 } })).toBe('ok');
    expect(await outcome({ leaf: signer }, { ...mixed, algorithms: { rsaBits: 4096 } })).toBe('E_WEAK');
    expect(await outcome({ leaf: signer }, { ...mixed, algorithms: { keys: ['P-256'] } })).toBe('E_WEAK');
    const p384 = makeCertificate({ subject: 'CN=P384', key: testKey('p384', 'top'), ca: true });
    const below = makeCertificate({ subject: 'CN=Below', key: testKey('p384', 'below'), issuer: p384 });
    expect(await outcome({ leaf: below }, { anchors: [anchorOf(p384)], algorithms: { hashes: ['sha384'] } })).toBe('ok');
  });
});

describe('rule 17: of several policies each must be met', () => {
  const system: Policy = { name: 'system', anchors: [anchorOf(root)], publishers: ['CN=Demo Publisher,O=Demo'] };
  const second = under('CN=Second');

  test('and what one refuses no other allows', async () => {
    expect(await outcome({ leaf }, { further: [system] })).toBe('ok');
    expect(await outcome({ leaf: second }, { further: [system] })).toBe('E_UNKNOWN_PUBLISHER');
    expect(await outcome({ leaf }, { further: [{ ...system, timestamp: 'required' }] })).toBe('E_TIMESTAMP');
    expect(await outcome({ leaf }, { further: [{ ...system, anchors: [] }] })).toBe('E_UNTRUSTED');
    expect(await outcome({ leaf: expired }, { now: NOW - YEAR, further: [system] })).toBe('E_UNKNOWN_PUBLISHER');
  });

  test('by other signers of the same message, too', async () => {
    expect(await outcome([{ leaf }, { leaf: second }], { publishers: ['CN=Second'], further: [system] })).toBe('ok');
    expect(await outcome([{ leaf: second }], { publishers: ['CN=Second'], further: [system] })).toBe('E_UNKNOWN_PUBLISHER');
  });

  test('a failure says whose policy it is', async () => {
    const { checks } = await judge({ leaf: second }, { further: [system] });
    expect(decidingFailure(checks)?.message).toMatch(/^system: /);
  });
});

describe('rule 12: the order of codes among what trust refuses', () => {
  test('each of them, and the first decides', async () => {
    const list = makeList({ issuer: intermediate, entries: [{ serial: expired.certificate.serial }] });
    const harsh = { algorithms: { keys: ['P-384'] }, timestamp: 'required', publishers: ['CN=Nobody'] } as const;
    expect(await outcome({ leaf }, harsh)).toBe('E_WEAK');
    expect(await outcome({ leaf: testChain('p256', 'Stranger').leaf }, { timestamp: 'required' })).toBe('E_UNTRUSTED');
    expect(await outcome({ leaf: expired }, { timestamp: 'required' })).toBe('E_TIMESTAMP');
    expect(await outcome({ leaf: expired }, { publishers: ['CN=Nobody'] }, [list])).toBe('E_EXPIRED');
    const { checks } = await judge({ leaf }, harsh);
    const failed = checks.filter(({ status }) => status === 'fail').map(({ code }) => code);
    expect(failed).toEqual(['E_WEAK', 'E_TIMESTAMP', 'E_UNKNOWN_PUBLISHER']);
  });

  test('of signers who do not count, the one who came furthest says why', async () => {
    expect(await outcome([{ leaf: testChain('p256', 'Stranger').leaf }, { leaf: expired }])).toBe('E_EXPIRED');
  });
});

describe('attacks 41 to 43: the publisher’s path', () => {
  test('is validated whatever the timestamp says', async () => {
    const noAuthority = makeCertificate({ subject: 'CN=No CA', key: testKey('p256', 'no CA'), issuer: root });
    expect(await outcome(stamped(under('CN=X', { issuer: noAuthority }), NOW - DAY), withTime)).toBe('E_UNTRUSTED');
    const tls = under('CN=TLS', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] });
    expect(await outcome(stamped(tls, NOW - DAY), withTime)).toBe('E_UNTRUSTED');
    const any = under('CN=Any', { extendedKeyUsage: [OID.anyExtendedKeyUsage] });
    expect(await outcome(stamped(any, NOW - DAY), withTime)).toBe('E_UNTRUSTED');
    const short = makeCertificate({ subject: 'CN=Short', key: testKey('p256', 'short'), issuer: root, ca: true, pathLength: 0 });
    const middle = makeCertificate({ subject: 'CN=Middle', key: testKey('p256', 'middle'), issuer: short, ca: true });
    expect(await outcome(stamped(under('CN=Deep', { issuer: middle }), NOW - DAY), withTime)).toBe('E_UNTRUSTED');
  });
});
