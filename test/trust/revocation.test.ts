/** What revocation lists and OCSP responses are worth. Attack 48, rule 15 of the seal. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { parseCertificateList } from '../../src/pki/crl.ts';
import * as der from '../../src/pki/der-write.ts';
import { parseOcspResponse } from '../../src/pki/ocsp.ts';
import { OID } from '../../src/pki/oids.ts';
import { writePem } from '../../src/pki/pem.ts';
import {
  checkRevocation,
  embeddedEvidence,
  parseEvidence,
  type RevocationEvidence,
  type RevocationRequest,
} from '../../src/trust/revocation.ts';
import { extension, type Made, makeCertificate, NOW, type Recipe, sha256, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import {
  DAY,
  generalizedTime,
  type ListEntry,
  type ListRecipe,
  makeList,
  makeResponse,
  type ResponseRecipe,
  scope,
} from '../support/revocations.ts';

const root = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true });
const leafRecipe: Recipe = { subject: 'CN=Signer', key: testKey('p256', 'leaf'), issuer: root };
const leaf = makeCertificate(leafRecipe);
const other = makeCertificate({ subject: 'CN=Other', key: testKey('p256', 'leaf'), issuer: root });
const stranger = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'stranger'), ca: true });
const serialOf = (made: Made): Uint8Array => made.certificate.serial;

const evidenceOf = (...sources: Uint8Array[]): RevocationEvidence => {
  const parts = sources.map(parseEvidence);
  return { crls: parts.flatMap(({ crls }) => crls), responses: parts.flatMap(({ responses }) => responses) };
};

type Given = Partial<Omit<RevocationRequest, 'path' | 'evidence'>> & { path?: readonly Made[] };

async function ask(sources: readonly Uint8Array[], given: Given = {}) {
  const { path = [leaf, root], ...rest } = given;
  const request = { at: NOW, proven: false, now: NOW, tolerance: 600, mode: 'hard', ...rest } as const;
  const evidence = evidenceOf(...sources);
  return checkRevocation({ ...request, path: path.map(({ certificate }) => certificate), evidence }, testPlatform);
}

/** The status of the first certificate and, in hard mode, whether it refuses. */
async function verdict(sources: readonly Uint8Array[], given: Given = {}): Promise<string> {
  const { statuses, faults } = await ask(sources, given);
  for (const fault of faults) expect(fault.code).toBe('E_REVOKED');
  return `${faults.length > 0 ? 'refused' : 'accepted'} ${statuses[0].status}: ${statuses[0].source}`;
}

const list = (recipe: Partial<ListRecipe> = {}): Uint8Array => makeList({ issuer: root, ...recipe });
const revokedList = (entry: Partial<ListEntry> = {}, recipe: Partial<ListRecipe> = {}): Uint8Array =>
  list({ entries: [{ serial: serialOf(other) }, { serial: serialOf(leaf), ...entry }], ...recipe });
const response = (recipe: Partial<ResponseRecipe['answers'][0]> = {}, whole: Partial<ResponseRecipe> = {}): Uint8Array =>
  makeResponse({ signer: root, answers: [{ certificate: leaf, ...recipe }], ...whole });

describe('soft, hard and off', () => {
  test('without evidence: unknown, which only hard refuses', async () => {
    expect(await verdict([])).toBe('refused unknown: nothing at hand says anything about it');
    expect(await verdict([], { mode: 'soft' })).toBe('accepted unknown: nothing at hand says anything about it');
    expect(await verdict([revokedList()], { mode: 'off' })).toBe('accepted unknown: not asked');
  });

  test('every certificate but the anchor is asked about', async () => {
    const middle = makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, issuer: root });
    const end = makeCertificate({ subject: 'CN=End', key: testKey('p256', 'leaf'), issuer: middle });
    const path = [end, middle, root];
    const both = [makeList({ issuer: middle }), makeList({ issuer: root })];
    expect((await ask(both, { path })).faults).toEqual([]);
    expect((await ask(both.slice(0, 1), { path })).faults[0].message).toMatch(/^nobody says that CN=CA was not revoked/);
    const revoked = makeList({ issuer: root, entries: [{ serial: serialOf(middle) }] });
    const result = await ask([both[0], revoked], { path, mode: 'soft' });
    expect(result.faults.map(({ message }) => message)).toEqual([expect.stringMatching(/^CN=CA was revoked; the revocation list of/)]);
    expect(result.statuses.map(({ status }) => status)).toEqual(['good', 'revoked']);
    expect((await ask([], { path: [root] })).statuses).toEqual([]);
  });
});

describe('rule 15: all evidence is merged', () => {
  test('a list and a response that are fresh say good', async () => {
    expect(await verdict([list()])).toBe('accepted good: the revocation list of 2026-05-31');
    expect(await verdict([response()])).toBe('accepted good: the OCSP response of 2026-05-31');
    expect(await verdict([list({ version: 1 })])).toMatch(/^accepted good/);
    expect(await verdict([list({ entries: [{ serial: serialOf(other) }] })])).toMatch(/^accepted good/);
  });

  test('any revocation wins, old or new, among however many good words', async () => {
    const stale = { thisUpdate: NOW - 100 * DAY };
    for (const bad of [revokedList(), revokedList({}, stale), response({ status: 'revoked' }), response({ status: 'revoked', ...stale })]) {
      for (const mode of ['soft', 'hard'] as const) {
        expect(await verdict([list(), bad, response()], { mode })).toMatch(/^refused revoked: .*revoked on 2026-05-22 \(unspecified\)/);
      }
    }
  });

  test('the newest word decides good: a responder that has since forgotten the certificate is no good news', async () => {
    const old = list({ thisUpdate: NOW - 3 * DAY });
    expect(await verdict([old, response({ status: 'unknown' })])).toMatch(/^refused unknown: .* does not know this certificate/);
    expect(await verdict([list({ thisUpdate: NOW - 3600 }), response({ status: 'unknown' })])).toMatch(
      /^accepted good: the revocation list/,
    );
  });

  test('hard: fresh now, ten minutes forgiven; soft says that it is stale', async () => {
    const until = (nextUpdate: number | undefined) => [list({ nextUpdate })];
    expect(await verdict(until(NOW - 600))).toMatch(/^accepted good/);
    expect(await verdict(until(NOW - 601))).toBe('refused unknown: the revocation list of 2026-05-31 is stale since 2026-05-31');
    expect(await verdict(until(NOW - 601), { mode: 'soft' })).toMatch(/^accepted unknown: .* is stale/);
    expect(await verdict(until(undefined))).toMatch(/^refused unknown: .* is stale since/);
    expect(await verdict([list({ thisUpdate: NOW - 600, nextUpdate: undefined })])).toMatch(/^accepted good/);
    expect(await verdict([list({ thisUpdate: NOW + 600 })])).toMatch(/^accepted good/);
    expect(await verdict([list({ thisUpdate: NOW + 601 })])).toMatch(/^refused unknown: .* is from the future/);
    expect(await verdict([response({ nextUpdate: NOW - 601 })])).toMatch(/^refused unknown: .* is stale/);
  });

  test('a list older or newer than its issuer proves nothing', async () => {
    const brief = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, notAfter: NOW - 2 * DAY });
    expect(await verdict([list()], { path: [leaf, brief] })).toMatch(
      /^refused unknown: .* was made when its signer's certificate was not valid/,
    );
    const young = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, notBefore: NOW - DAY + 601 });
    expect(await verdict([list()], { path: [leaf, young] })).toMatch(
      /^refused unknown: .* was made when its signer's certificate was not valid/,
    );
  });

  describe('a certificate that has expired', () => {
    const expired = makeCertificate({ ...leafRecipe, notAfter: NOW - 30 * DAY });
    const path = [expired, root];
    const signed = { path, at: NOW - 60 * DAY, proven: true };
    const at = (thisUpdate: number, more: Partial<ListRecipe> = {}) => [list({ thisUpdate, ...more })];

    test('a list counts from between the signature and the end', async () => {
      expect(await verdict(at(NOW - 40 * DAY), signed)).toMatch(/^accepted good/);
      expect(await verdict(at(NOW - 30 * DAY), signed)).toMatch(/^accepted good/);
      expect(await verdict(at(NOW - 60 * DAY + 1), signed)).toMatch(/^accepted good/);
      for (const wrong of [NOW - DAY, NOW - 30 * DAY + 1, NOW - 60 * DAY, NOW - 61 * DAY]) {
        expect(await verdict(at(wrong), signed)).toMatch(/^refused unknown: .* is not from the time between/);
      }
      expect(await verdict(at(NOW - 40 * DAY), { ...signed, proven: false })).toMatch(/^refused unknown/);
    });

    test('or if it keeps the expired ones, and is fresh', async () => {
      const keeps = (since: number) => ({ extensions: [extension(OID.expiredCertsOnCrl, generalizedTime(since))] });
      expect(await verdict(at(NOW - DAY, keeps(NOW - 300 * DAY)), signed)).toMatch(/^accepted good/);
      expect(await verdict(at(NOW - DAY, keeps(NOW - 30 * DAY)), signed)).toMatch(/^accepted good/);
      expect(await verdict(at(NOW - DAY, keeps(NOW - 30 * DAY + 1)), signed)).toMatch(/^refused unknown/);
      expect(await verdict(at(NOW - 9 * DAY, keeps(NOW - 300 * DAY)), signed)).toMatch(/^refused unknown: .* is stale/);
    });

    test('ten minutes after its end it is not yet called so', async () => {
      const just = { path: [makeCertificate({ ...leafRecipe, notAfter: NOW - 600 }), root], at: NOW - 60 * DAY, proven: true };
      expect(await verdict(at(NOW - 300), just)).toMatch(/^accepted good/);
      expect(await verdict(at(NOW - 300), { ...just, now: NOW + 1 })).toMatch(/^refused unknown: .* is not from the time between/);
    });

    test('or an OCSP responder does', async () => {
      const keeps = (since: number) => ({ certificate: expired, extensions: [extension(OID.ocspArchiveCutoff, generalizedTime(since))] });
      expect(await verdict([response(keeps(NOW - 300 * DAY))], signed)).toMatch(/^accepted good/);
      expect(await verdict([response(keeps(NOW - 29 * DAY))], signed)).toMatch(/^refused unknown/);
      expect(await verdict([response({ certificate: expired })], signed)).toMatch(/^refused unknown/);
    });
  });
});

describe('attack 48: when a revocation reaches back', () => {
  const at = NOW - 60 * DAY;
  const proven = { at, proven: true };
  const REASONS = [0, 1, 2, 3, 4, 5, 6, 9, 10];
  const KEY_WAS_GOOD = new Set([3, 4, 5, 9]);

  test.each(REASONS)('reason %d, without a timestamp: refused', async (reason) => {
    expect(await verdict([revokedList({ reason, date: NOW - DAY })], { mode: 'soft' })).toMatch(/^refused revoked/);
    expect(await verdict([response({ status: 'revoked', reason, date: NOW - DAY })], { mode: 'soft' })).toMatch(/^refused revoked/);
    // A date to come is no promise.
    expect(await verdict([revokedList({ reason, date: NOW + DAY })], { mode: 'soft' })).toMatch(/^refused revoked/);
  });

  test.each(REASONS)('reason %d, revoked before the timestamp or in its second: refused', async (reason) => {
    for (const date of [at - DAY, at]) {
      expect(await verdict([revokedList({ reason, date })], { ...proven, mode: 'soft' })).toMatch(/^refused revoked/);
      expect(await verdict([response({ status: 'revoked', reason, date })], { ...proven, mode: 'soft' })).toMatch(/^refused revoked/);
    }
  });

  test.each(REASONS)('reason %d, revoked after the timestamp: only accepted when the key was good', async (reason) => {
    const words = KEY_WAS_GOOD.has(reason) ? /^accepted good: .*, after the time of the signature$/ : /^refused revoked/;
    for (const mode of ['soft', 'hard'] as const) {
      expect(await verdict([revokedList({ reason, date: at + 1 })], { ...proven, mode })).toMatch(words);
      expect(await verdict([response({ status: 'revoked', reason, date: at + 1 })], { ...proven, mode })).toMatch(words);
    }
  });

  test('no reason given is the worst reason', async () => {
    expect(await verdict([revokedList({ date: at + DAY })], proven)).toMatch(/^refused revoked/);
    expect(await verdict([response({ status: 'revoked', date: at + DAY })], proven)).toMatch(/^refused revoked/);
  });

  test('an invalidity date before the timestamp refuses whatever the reason', async () => {
    const entry = (reason: number, invalidityDate: number) => [revokedList({ reason, date: at + 9 * DAY, invalidityDate })];
    for (const reason of REASONS) expect(await verdict(entry(reason, at), proven)).toMatch(/^refused revoked: .*, not good since/);
    expect(await verdict(entry(4, at + 1), proven)).toMatch(/^accepted good/);
    // When somebody began to suspect is not when the thief began.
    expect(await verdict(entry(1, at + 1), proven)).toMatch(/^refused revoked/);
  });

  test('of two entries the worse one counts', async () => {
    const serial = serialOf(leaf);
    for (const reasons of [
      [4, 1],
      [1, 4],
    ]) {
      const entries = reasons.map((reason) => ({ serial, reason, date: at + DAY }));
      expect(await verdict([list({ entries })], proven)).toMatch(/^refused revoked/);
    }
  });

  test('entries that vanish stay revoked', async () => {
    const old = revokedList({ reason: 1 }, { thisUpdate: NOW - 20 * DAY });
    expect(await verdict([old, list(), response()], { mode: 'soft' })).toMatch(/^refused revoked/);
  });

  test('a hold ends by a newer word that is good, and by nothing else', async () => {
    const hold = revokedList({ reason: 6 }, { thisUpdate: NOW - 3 * DAY });
    const release = list({ thisUpdate: NOW - DAY });
    expect(await verdict([hold], { mode: 'soft' })).toMatch(/^refused revoked: .*certificateHold/);
    expect(await verdict([hold, release])).toBe('accepted good: the revocation list of 2026-05-31');
    expect(await verdict([hold, response()])).toMatch(/^accepted good/);
    expect(await verdict([hold, response({ status: 'unknown' })], { mode: 'soft' })).toMatch(/^refused revoked/);
    expect(await verdict([hold, list({ thisUpdate: NOW - 4 * DAY })], { mode: 'soft' })).toMatch(/^refused revoked/);
    expect(await verdict([revokedList({ reason: 6 }), release], { mode: 'soft' })).toMatch(/^refused revoked/);
    // A list of changes takes it back in so many words, and is not evaluated so far: the next whole list will be.
    const changes = list({
      entries: [{ serial: serialOf(leaf), reason: 8 }],
      extensions: [extension(OID.deltaCrlIndicator, der.integer(1), true)],
      thisUpdate: NOW - 3600,
    });
    expect(await verdict([hold, changes], { mode: 'soft' })).toMatch(/^refused revoked/);
  });

  test('a certificate that was never issued is revoked by RFC 6960 4.4.8', async () => {
    const extensions = [extension(OID.ocspExtendedRevoke, der.nullValue())];
    const never = response({ status: 'revoked', reason: 6, date: 0 }, { extensions });
    expect(await verdict([never], { ...proven, mode: 'soft' })).toMatch(/^refused revoked/);
  });
});

describe('attack 48: lists that prove nothing', () => {
  const cases: [string, Partial<ListRecipe>, RegExp][] = [
    ['of the same name by another key', { signer: stranger }, /does not bear the signature of CN=Root/],
    ['signed by the certificate itself', { signer: leaf }, /does not bear the signature/],
    ['of another issuer', { issuerName: other.certificate.subject.bytes }, /nothing at hand/],
    ['SHA-1', { algorithm: der.sequence(der.oid('1.2.840.10045.4.1')) }, /does not bear the signature/],
    ['an unknown critical extension', { extensions: [extension('1.2.3', der.nullValue(), true)] }, /critical extension 1\.2\.3/],
    ['without number', { number: undefined }, /has no number/],
    ['a list of changes', { extensions: [extension(OID.deltaCrlIndicator, der.integer(1), true)] }, /only tells what has changed/],
    ['of another key by its own words', { authorityKey: stranger }, /names another key as the one that signed it/],
    ['indirect', { extensions: [scope({ flags: [4] })] }, /speaks for other issuers/],
    ['of authorities', { extensions: [scope({ flags: [2] })] }, /is about authorities only/],
    ['of attribute certificates', { extensions: [scope({ flags: [5] })] }, /is about attribute certificates/],
    ['of some reasons', { extensions: [scope({ reasons: true })] }, /is about some reasons only/],
    ['of another place', { extensions: [scope({ uri: 'http://crl.example/2' })] }, /another distribution point/],
    ['a critical number', { number: undefined, extensions: [extension(OID.crlNumber, der.integer(1), true)] }, /crlNumber marked critical/],
  ];
  test.each(cases)('%s', async (_, recipe, words) => {
    expect(await verdict([list(recipe)])).toMatch(/^refused unknown/);
    expect(await verdict([list(recipe)])).toMatch(words);
    expect(await verdict([list(recipe)], { mode: 'soft' })).toMatch(/^accepted unknown/);
  });

  test('by an issuer that may not sign lists', async () => {
    const mute = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, keyUsage: ['keyCertSign'] });
    expect(await verdict([list()], { path: [leaf, mute] })).toMatch(/^refused unknown: .*may not sign such lists/);
    const silent = makeCertificate({
      subject: 'CN=Root',
      key: testKey('p256', 'root'),
      ca: true,
      extensions: { [OID.keyUsage]: undefined },
    });
    expect(await verdict([list()], { path: [leaf, silent] })).toMatch(/^accepted good/);
  });

  test('an entry counts in a list whose silence does not', async () => {
    const partial = [
      [extension(OID.deltaCrlIndicator, der.integer(1), true)],
      [scope({ flags: [2] })],
      [scope({ reasons: true })],
      [scope({ uri: 'http://crl.example/2' })],
    ];
    for (const extensions of partial) {
      expect(await verdict([list(), revokedList({}, { extensions })], { mode: 'soft' })).toMatch(/^refused revoked/);
    }
    expect(await verdict([revokedList({}, { number: undefined })], { mode: 'soft' })).toMatch(/^refused revoked/);
  });

  test('a scope that fits', async () => {
    expect(await verdict([list({ extensions: [scope({ flags: [1] })] })])).toMatch(/^accepted good/);
    const uri = 'http://crl.example/2';
    const point = (text: string): Uint8Array => {
      const place = der.explicit(0, der.explicit(0, der.element(0x86, new TextEncoder().encode(text))));
      return extension(OID.crlDistributionPoints, der.sequence(der.sequence(place)));
    };
    const named = makeCertificate({ ...leafRecipe, extensions: { [OID.crlDistributionPoints]: point(uri) } });
    expect(await verdict([list({ extensions: [scope({ uri })] })], { path: [named, root] })).toMatch(/^accepted good/);
    expect(await verdict([list({ extensions: [scope({ uri: `${uri}1` })] })], { path: [named, root] })).toMatch(/^refused unknown/);
    const place = der.explicit(0, der.explicit(0, der.element(0x86, new TextEncoder().encode(uri))));
    const foreign = der.sequence(place, der.explicit(2, der.explicit(4, other.certificate.subject.bytes)));
    const elsewhere = makeCertificate({
      ...leafRecipe,
      extensions: { [OID.crlDistributionPoints]: extension(OID.crlDistributionPoints, der.sequence(foreign)) },
    });
    expect(await verdict([list({ extensions: [scope({ uri })] })], { path: [elsewhere, root] })).toMatch(/^refused unknown/);
    const authority = makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, issuer: root });
    expect(await verdict([list({ extensions: [scope({ flags: [1] })] })], { path: [authority, root] })).toMatch(/is not about authorities/);
    expect(await verdict([list({ extensions: [scope({ flags: [2] })] })], { path: [authority, root] })).toMatch(/^accepted good/);
  });

  test('entries that speak for another issuer, or in a way that is not understood', async () => {
    const name = der.sequence(der.explicit(4, other.certificate.subject.bytes));
    const foreign = revokedList({ extensions: [extension(OID.certificateIssuer, name, true)] });
    expect(await verdict([foreign])).toMatch(/^refused unknown: .*speaks for other issuers/);
    const odd = list({ entries: [{ serial: serialOf(other), extensions: [extension('1.2.3', der.nullValue(), true)] }] });
    expect(await verdict([odd])).toMatch(/^refused unknown: .*critical extension 1\.2\.3/);
    const taken = list({ entries: [{ serial: serialOf(leaf), reason: 8 }] });
    expect(await verdict([taken])).toMatch(/^refused unknown: .*takes back a revocation/);
  });
});

describe('attack 48: who may answer', () => {
  const responder = (recipe: Partial<Recipe> = {}): Made =>
    makeCertificate({
      subject: 'CN=Responder',
      key: testKey('p256', 'responder'),
      issuer: root,
      extendedKeyUsage: [OID.ocspSigning],
      ...recipe,
    });
  const noCheck = { x: extension(OID.ocspNoCheck, der.nullValue()) };
  const free = responder({ extensions: noCheck });

  test('the issuer, named by name or by key', async () => {
    for (const byKey of [false, true]) expect(await verdict([response({}, { byKey })])).toMatch(/^accepted good/);
  });

  test('by each hash of a name', async () => {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const)
      expect(await verdict([response({ hash })])).toMatch(/^accepted good/);
  });

  test('a responder of the issuer, of whom nobody needs to ask', async () => {
    for (const byKey of [false, true]) expect(await verdict([response({}, { signer: free, byKey })])).toMatch(/^accepted good/);
  });

  test('a responder that says nothing of key usages, and none that may sign something else alone', async () => {
    const silent = responder({ extensions: { ...noCheck, [OID.keyUsage]: undefined } });
    expect(await verdict([response({}, { signer: silent })])).toMatch(/^accepted good/);
    const other = responder({ extensions: noCheck, keyUsage: ['nonRepudiation'] });
    expect(await verdict([response({}, { signer: other })])).toMatch(/^refused unknown: .*a responder that is not good/);
  });

  test('one of whom one needs to ask', async () => {
    const asked = responder();
    const answer = response({}, { signer: asked });
    const words = /^refused unknown: .*responder of whom nobody knows/;
    expect(await verdict([answer])).toMatch(words);
    expect(await verdict([answer], { mode: 'soft' })).toMatch(/^accepted good/);
    expect(await verdict([answer, makeResponse({ signer: root, answers: [{ certificate: asked }] })])).toMatch(/^accepted good/);
    expect(await verdict([answer, makeResponse({ signer: asked, answers: [{ certificate: asked }] })])).toMatch(words);
    const entries = [{ serial: serialOf(asked) }];
    expect(await verdict([answer, list({ entries })])).toMatch(/^accepted good: the revocation list/);
    expect(await verdict([answer, list({ entries, extensions: [scope({ reasons: true })] })], { mode: 'soft' })).toMatch(
      /^accepted unknown: .*responder whose certificate was revoked/,
    );
  });

  const bad: [string, () => Made, RegExp][] = [
    ['without the extended key usage', () => responder({ extendedKeyUsage: [OID.codeSigning] }), /may not do so/],
    ['with any extended key usage', () => responder({ extendedKeyUsage: [OID.anyExtendedKeyUsage] }), /may not do so/],
    ['of another issuer', () => responder({ issuer: stranger }), /CN=Root did not certify/],
    [
      'of an authority below',
      () => {
        const below = makeCertificate({ subject: 'CN=Below', key: testKey('p256', 'below'), ca: true, issuer: root });
        return responder({ issuer: below });
      },
      /CN=Root did not certify/,
    ],
    ['expired when it answered', () => responder({ notAfter: NOW - 2 * DAY }), /responder that is not good: CN=Responder expired/],
    ['expired since', () => responder({ extensions: noCheck, notAfter: NOW - 3600 }), /responder whose certificate has expired/],
    ['not for signing', () => responder({ keyUsage: ['nonRepudiation'] }), /is not for digitalSignature/],
    [
      'an authority',
      () => responder({ ca: true, keyUsage: ['digitalSignature', 'keyCertSign'], extendedKeyUsage: [OID.ocspSigning] }),
      /is an authority/,
    ],
    [
      'an unknown critical extension',
      () => responder({ extensions: { y: extension('1.2.3', der.nullValue(), true) } }),
      /critical extension/,
    ],
    ['RSA 1024', () => responder({ key: testKey('rsa1024') }), /does not bear|not good/],
  ];
  test.each(bad)('a responder %s', async (_, made, words) => {
    const signer = made();
    const answer = response({}, { signer, certificates: [signer] });
    expect(await verdict([answer])).toMatch(/^refused unknown/);
    expect(await verdict([answer])).toMatch(words);
  });

  test('a certificate that speaks for itself', async () => {
    const own = responder({ extensions: noCheck });
    const answer = makeResponse({ signer: own, answers: [{ certificate: own }] });
    expect(await verdict([answer], { path: [own, root] })).toMatch(/^refused unknown: .*signed by the certificate that it is about/);
  });

  test('a responder whose certificate is not there', async () => {
    expect(await verdict([response({}, { signer: free, certificates: [] })])).toMatch(
      /does not hold the certificate of the one who signed/,
    );
  });

  test('a stranger of the same name, by whatever key', async () => {
    expect(await verdict([response({}, { signer: stranger })])).toMatch(/^refused unknown: .*does not bear the signature/);
    const alike = responder({ key: testKey('p256', 'stranger') });
    expect(await verdict([response({}, { signer: alike, certificates: [free] })])).toMatch(/does not bear the signature/);
  });

  test('an answer about another certificate, or another issuer with the same serial number', async () => {
    expect(await verdict([response({ certificate: other })])).toMatch(/^refused unknown: nothing at hand/);
    expect(await verdict([response({ issuer: stranger })])).toMatch(/^refused unknown: nothing at hand/);
    const renamed = makeCertificate({ subject: 'CN=Renamed', key: testKey('p256', 'root'), ca: true });
    const alike = makeCertificate({ ...leafRecipe, issuer: renamed, serial: BigInt(`0x${Buffer.from(serialOf(leaf)).toString('hex')}`) });
    expect(serialOf(alike)).toEqual(serialOf(leaf));
    expect(await verdict([response({ certificate: alike })])).toMatch(/^refused unknown: nothing at hand/);
    const signer = responder({ issuer: renamed, extensions: noCheck });
    expect(await verdict([response({}, { signer })])).toMatch(/^refused unknown: .*CN=Root did not certify/);
  });
});

describe('rule 7: what was used', () => {
  test('evidence about the path, even when it is stale; not what concerns nobody or carries more than it needs', async () => {
    const useful = [list(), list({ nextUpdate: NOW - DAY }), revokedList(), response(), response({ nextUpdate: NOW - DAY / 2 })];
    const useless = [
      list({ signer: stranger }),
      list({ issuerName: other.certificate.subject.bytes }),
      list({ extensions: [scope({ flags: [4] })] }),
      response({ certificate: other }),
      response({}, { signer: stranger }),
      response({}, { certificates: [root] }),
      response({}, { certificates: [other] }),
    ];
    for (const mode of ['off', 'soft', 'hard'] as const) {
      for (const source of useful) expect((await ask([source], { mode })).used.size).toBe(1);
      for (const [index, source] of useless.entries()) expect((await ask([source], { mode })).used.size, String(index)).toBe(0);
    }
  });

  test('a list about the responder of a response is used as well', async () => {
    const end = makeCertificate({ subject: 'CN=End', key: testKey('p256', 'leaf'), issuer: root });
    const result = await ask([list(), response({ certificate: end })], { path: [end, root] });
    expect(result.used.size).toBe(2);
  });
});

describe('where evidence comes from', () => {
  const pem = (...lists: Uint8Array[]): Uint8Array =>
    new TextEncoder().encode(lists.map((bytes) => writePem('X509 CRL', bytes)).join('text\n'));

  test('files: DER, PEM, several in one', () => {
    expect(parseEvidence(list()).crls.length).toBe(1);
    expect(parseEvidence(pem(list(), revokedList())).crls.length).toBe(2);
    expect(parseEvidence(response()).responses.length).toBe(1);
    for (const text of ['', '0123', 'hello', writePem('CERTIFICATE', leaf.bytes)]) {
      expect(() => parseEvidence(new TextEncoder().encode(text))).toThrow(expect.objectContaining({ code: 'E_KEY' }));
    }
    expect(() => parseEvidence(leaf.bytes)).toThrow(DisksealError);
  });

  test('a responder that gave no answer says why', () => {
    expect(() => parseEvidence(Uint8Array.of(0x30, 3, 0x0a, 1, 6))).toThrow(/refused to answer: not authorized/);
    expect(() => parseEvidence(Uint8Array.of(0x30, 3, 0x0a, 1, 4))).toThrow(/status that does not exist/);
    expect(() => parseEvidence(Uint8Array.of(0x30, 3, 0x0a, 1, 0))).toThrow(/holds no answer/);
  });

  test('CMS: lists and, by RFC 5940, responses', () => {
    const wrap = (type: string, content: Uint8Array): Uint8Array => der.implicit(1, der.sequence(der.oid(type), content));
    const found = embeddedEvidence([list(), wrap(OID.revocationInfoOcsp, response())]);
    expect([found.crls.length, found.responses.length]).toEqual([1, 1]);
    expect(() => embeddedEvidence([wrap('1.2.3', response())])).toThrow(/format 1\.2\.3, which is not known/);
    expect(() => embeddedEvidence([wrap(OID.revocationInfoOcsp, list())])).toThrow(DisksealError);
  });
});

describe('properties', () => {
  const inputs: [string, Uint8Array, 'good' | 'revoked'][] = [
    ['a good list', list(), 'good'],
    ['a revoking list', revokedList({ reason: 4, date: NOW - DAY, invalidityDate: NOW - 9 * DAY }), 'revoked'],
    ['a good response', response(), 'good'],
    [
      'a response by a delegate',
      response(
        {},
        {
          signer: makeCertificate({
            subject: 'CN=R',
            key: testKey('p256', 'r'),
            issuer: root,
            extendedKeyUsage: [OID.ocspSigning],
            extensions: { x: extension(OID.ocspNoCheck, der.nullValue()) },
          }),
        },
      ),
      'good',
    ],
  ];
  test.each(inputs)('%s: no flipped bit makes it good', async (_, source, expected) => {
    expect((await ask([source])).statuses[0].status).toBe(expected);
    for (let bit = 0; bit < source.length * 8; bit += 1) {
      const bad = new Uint8Array(source);
      bad[bit >> 3] ^= 1 << (bit & 7);
      expect(await statusOf(bad), `bit ${bit}`).not.toBe('good');
    }
  });

  test('random damage gives a DisksealError or a status, never good', async () => {
    const damage = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...inputs), damage, fc.option(fc.nat(2000)), async ([, source], changes, cut) => {
        const bad = new Uint8Array(source);
        for (const [place, value] of changes) bad[place % bad.length] ^= value;
        const shorter = cut === null ? bad : bad.subarray(0, cut % bad.length);
        if (sha256(shorter).every((octet, index) => octet === sha256(source)[index])) return;
        expect(await statusOf(shorter)).not.toBe('good');
      }),
      { numRuns: 2000 },
    );
  });

  /** What a damaged file says: nothing at all when it cannot be read. */
  async function statusOf(source: Uint8Array): Promise<string> {
    try {
      return (await ask([source])).statuses[0].status;
    } catch (error) {
      expect(error).toBeInstanceOf(DisksealError);
      return 'unreadable';
    }
  }
});

describe('long lists', () => {
  test('a hundred thousand entries are read and asked in no time', async () => {
    const serial = (index: number): Uint8Array => Uint8Array.of(0x40, 1, 2, 3, index >> 16, (index >> 8) & 255, index & 255, 9);
    const entries = Array.from({ length: 100_000 }, (_, index) => ({
      serial: serial(index),
      reason: index % 2 ? 4 : 1,
      ...(index % 3 ? {} : { invalidityDate: NOW - index }),
    }));
    const source = list({ entries: [...entries, { serial: serialOf(leaf), reason: 1 }] });
    const began = performance.now();
    const parsed = parseCertificateList(source);
    const read = performance.now() - began;
    expect(parsed.revoked.count).toBe(100_001);
    expect(parsed.revoked.find(serial(77_777))).toEqual([{ date: NOW - 10 * DAY, reason: 'superseded', invalidityDate: undefined }]);
    const asked = performance.now();
    expect(await verdict([source])).toMatch(/^refused revoked/);
    console.info(
      `${source.length} bytes of list: read in ${read.toFixed(0)} ms, asked in ${(performance.now() - asked - read).toFixed(0)} ms`,
    );
    expect(read).toBeLessThan(2_000);
  });
});

test('what parses names itself', () => {
  const parsed = parseCertificateList(list());
  expect(parsed.issuer.text).toBe('CN=Root');
  expect(parsed.bytes.length).toBeGreaterThan(parsed.tbs.length);
  expect(parseOcspResponse(response()).answers[0].status).toBe('good');
});
