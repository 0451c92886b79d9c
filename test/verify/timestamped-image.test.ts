/** Rule 14 on whole images: what a timestamp is for, and what keeps it alive. */
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { type Made, makeCertificate, NOW, testChain, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import { coSigned, sealedInside, timestamped } from '../support/sealed-foreign.ts';
import { smallIso } from '../support/small-images.ts';
import { accuracy, type TestAuthority, type TokenRecipe, testAuthority } from '../support/timestamp-authority.ts';

const YEAR = 365 * 86_400;
const { root, intermediate, leaf } = testChain();
const anchorsOf = (...made: Made[]): Anchor[] => made.map(({ certificate }) => ({ kind: 'certificate', certificate }));
/** Its certificate lives as long as the publisher's and two years more. */
const first = testAuthority('p256', { notAfter: NOW + 3 * YEAR }, 'First');
const second = testAuthority('p256', {}, 'Second');
let sealed: Uint8Array;

beforeAll(async () => {
  sealed = await sealedInside(smallIso(), leaf);
});

const judge = (image: Uint8Array, policy: Partial<VerifyPolicy> = {}): Promise<Verdict> => {
  const usual = { anchors: anchorsOf(leaf), publishers: [], timestampAnchors: anchorsOf(first.root, second.root), now: NOW };
  return verify(bytesDisk(image), { ...usual, ...policy }, testPlatform);
};
const stamp = (image: Uint8Array, authority: TestAuthority, change: Partial<TokenRecipe> = {}): Promise<Uint8Array> =>
  timestamped(image, authority, change);

describe('rule 14: the publisher’s certificate has expired', () => {
  const after = NOW + 2 * YEAR;

  test('without a timestamp the seal is dead', async () => {
    expect((await judge(sealed)).exitCode).toBe(0);
    expect((await judge(sealed, { now: after })).exitCode).toBe(32);
  });

  test('with one that was made in time it lives, for those who trust its authority', async () => {
    const image = await stamp(sealed, first);
    expect((await judge(image, { now: after })).exitCode).toBe(0);
    expect((await judge(image, { now: after, timestampAnchors: [] })).exitCode).toBe(32);
    expect((await judge(image, { now: after, timestampAnchors: anchorsOf(root, intermediate) })).exitCode).toBe(32);
    expect((await judge(image, { now: after, timestamp: 'ignore' })).exitCode).toBe(32);
  });

  test('with one that was made too late, or may have been by its accuracy, it is dead', async () => {
    expect((await judge(await stamp(sealed, first, { time: NOW + YEAR + 3600 }), { now: after })).exitCode).toBe(32);
    const vague = await stamp(sealed, first, { time: NOW + YEAR - 3600, rest: [accuracy(7200)] });
    expect((await judge(vague, { now: after })).exitCode).toBe(32);
    expect((await judge(await stamp(sealed, first, { time: NOW + YEAR - 3600 }), { now: after })).exitCode).toBe(0);
  });

  test('a second signature without a timestamp does not make the first one worse', async () => {
    const other = makeCertificate({ subject: 'CN=Other', key: testKey('p384', 'other publisher') });
    const image = await coSigned(await stamp(sealed, first), other);
    expect((await judge(image, { now: after })).exitCode).toBe(0);
  });
});

describe('rule 14: the authority’s certificate has expired too', () => {
  const after = NOW + 4 * YEAR;

  test('the timestamp proves nothing any more: as without, 32', async () => {
    expect((await judge(await stamp(sealed, first), { now: after })).exitCode).toBe(32);
  });

  test('asking again renews the timestamp, and the renewal carries it on', async () => {
    const renewed = await stamp(await stamp(sealed, first), second, { time: NOW + 2.5 * YEAR });
    expect((await judge(renewed, { now: after })).exitCode).toBe(0);
    // Who does not trust the second authority has nothing from it.
    expect((await judge(renewed, { now: after, timestampAnchors: anchorsOf(first.root) })).exitCode).toBe(32);
    const late = await stamp(await stamp(sealed, first), second, { time: NOW + 3 * YEAR + 3600 });
    expect((await judge(late, { now: after })).exitCode).toBe(32);
  });

  test('one that is still good needs no renewal, and one that is required must be good', async () => {
    const image = await stamp(sealed, second);
    expect((await judge(image, { now: after })).exitCode).toBe(0);
    expect((await judge(image, { now: NOW, timestamp: 'required' })).exitCode).toBe(0);
    expect((await judge(sealed, { now: NOW, timestamp: 'required' })).exitCode).toBe(34);
    expect((await judge(image, { now: NOW, timestamp: 'required', timestampAnchors: [] })).exitCode).toBe(34);
  });
});

test('rule 7: a wrong timestamp is 34, whatever the policy and whomever one trusts', async () => {
  const wrong = await stamp(sealed, first, { signature: new TextEncoder().encode('another signature') });
  for (const policy of [{}, { timestampAnchors: [] }, { timestamp: 'ignore' }, { timestamp: 'required' }] as const) {
    expect((await judge(wrong, policy)).exitCode).toBe(34);
  }
});

test('rule 14: the renewals of a token are those of each signature, and none is lost', async () => {
  const other = makeCertificate({ subject: 'CN=Other', key: testKey('p384', 'other publisher') });
  const both = await stamp(await coSigned(await stamp(sealed, first), other), second);
  const verdict = await judge(both);
  expect(verdict.signers.map(({ timestamps }) => timestamps.length)).toEqual([1, 1]);
  const again = await judge(await stamp(both, second, { time: NOW + 60 }), { now: NOW + 60 });
  expect(again.exitCode).toBe(0);
  expect(again.signers.map(({ timestamps }) => timestamps.length)).toEqual([1, 1]);
});
