/** The product that was asked for, and no older than known: rules 8, 16, 17; attacks 50, 51. Pins at work on signed statements. */
import { describe, expect, test } from 'vitest';
import { encodeStatement, parseStatement, type Statement } from '../../src/seal/statement.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { EMPTY_MEMORY, type Memory, remember, type SeenRelease } from '../../src/trust/pins.ts';
import type { Policy } from '../../src/trust/policy.ts';
import { policyChecks, releaseOf } from '../../src/verify/policy-checks.ts';
import { checkSignatures, policiesOf, type SignatureExpectations } from '../../src/verify/signature.ts';
import { type Check, decidingFailure } from '../../src/verify/verdict.ts';
import { policy as imagePolicy, judge, sealed } from '../support/attacked-image.ts';
import { type Made, makeCertificate, NOW, sha256, testChain, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import { signedMessage } from '../support/signed-message.ts';

const { root, intermediate, leaf } = testChain();
const other = testChain('p256', 'Other');
const anchorOf = (made: Made): Anchor => ({ kind: 'certificate', certificate: made.certificate });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const statement: Statement = {
  type: 'diskseal/seal/1',
  product: 'com.example.hello',
  version: '1.5.0',
  build: 7,
  platform: 'macos',
  arch: 'arm64',
  channel: 'stable',
  format: 'dmg',
  placement: 'embedded',
  imageSize: 1_000_000,
  seal: { offset: 4096, size: 131_072 },
  covered: [[0, 4096]],
  masked: [],
  apple: 'none',
  tree: { algorithm: 'rfc9162-sha256', chunk: 65_536, leaves: 1, root: '0'.repeat(64) },
  flat: '0'.repeat(64),
  content: { entries: 1, bytes: 1, digest: 'c'.repeat(64) },
  dressing: { entries: 0, bytes: 0, digest: 'd'.repeat(64) },
};

const without = (key: keyof Statement): Statement =>
  parseStatement(encodeStatement(Object.fromEntries(Object.entries(statement).filter(([name]) => name !== key)) as unknown as Statement));
const codeOf = (checks: readonly Check[]): string => decidingFailure(checks)?.code ?? 'ok';
const asked = (policy: Partial<Policy>, of = statement): string =>
  codeOf(policyChecks(of, policiesOf({ anchors: [], publishers: [], now: NOW, ...policy }), [], undefined));

describe('attack 50: another product, channel, platform, architecture or format is 40', () => {
  test.each([
    [{}, 'ok'],
    [{ products: ['com.example.hello'] }, 'ok'],
    [{ products: ['com.example.other', 'com.example.hello'] }, 'ok'],
    [{ products: ['com.example.other'] }, 'E_PRODUCT'],
    [{ products: ['com.example'] }, 'E_PRODUCT'],
    [{ products: [] }, 'E_PRODUCT'],
    [{ channels: ['beta'] }, 'E_PRODUCT'],
    [{ channels: ['stable'] }, 'ok'],
    [{ platforms: ['windows'] }, 'E_PRODUCT'],
    [{ platforms: ['macos'], architectures: ['x64'] }, 'E_PRODUCT'],
    [{ platforms: ['macos'], architectures: ['arm64'] }, 'ok'],
    [{ formats: ['iso', 'raw'] }, 'E_PRODUCT'],
    [{ formats: ['dmg'] }, 'ok'],
  ])('%j: %s', (policy, expected) => expect(asked(policy)).toBe(expected));

  test('an image for any platform and architecture is one for each; a policy for any is not', () => {
    const forAll = { ...statement, platform: 'any', arch: 'universal' };
    expect(asked({ platforms: ['linux'], architectures: ['riscv64'] }, forAll)).toBe('ok');
    expect(asked({ platforms: ['any'] })).toBe('E_PRODUCT');
    expect(asked({ channels: ['stable'] }, { ...statement, channel: 'any' })).toBe('E_PRODUCT');
  });
});

describe('attack 51: too old is 41', () => {
  test.each([
    [{ minVersion: '1.5.0' }, 'ok'],
    [{ minVersion: '1.5.1' }, 'E_DOWNGRADE'],
    [{ minVersion: '1.10' }, 'E_DOWNGRADE'],
    [{ minVersion: '1.5.0-rc.1' }, 'ok'],
    [{ minBuild: 7 }, 'ok'],
    [{ minBuild: 8 }, 'E_DOWNGRADE'],
    [{ minBuild: 7, minVersion: '2' }, 'E_DOWNGRADE'],
    [{ minBuild: 8, minVersion: '1' }, 'E_DOWNGRADE'],
  ])('%j: %s', (policy, expected) => expect(asked(policy)).toBe(expected));

  test('what has no build number or no order does not meet a minimum', () => {
    expect(asked({ minBuild: 0 }, without('build'))).toBe('E_DOWNGRADE');
    expect(asked({ minVersion: '1' }, { ...statement, version: 'Vista' })).toBe('E_DOWNGRADE');
  });
});

test('an Apple signature that is required and that the statement denies is 50', () => {
  expect(asked({ apple: 'required' })).toBe('E_APPLE');
  expect(asked({ apple: 'ifPresent' })).toBe('ok');
});

test('rule 17: a further policy is asked as well, and named', () => {
  const checks = policyChecks(
    statement,
    policiesOf({
      anchors: [],
      publishers: [],
      now: NOW,
      further: [{ name: 'system', anchors: [], publishers: [], products: ['com.example.other'] }],
    }),
    [],
    undefined,
  );
  expect(decidingFailure(checks)).toMatchObject({ code: 'E_PRODUCT', message: expect.stringMatching(/^system: /) });
});

const signatory = (made: Made) => ({
  anchor: hex(sha256(root.bytes)),
  subject: made.certificate.subject.text,
  spki: hex(sha256(made.key.spki)),
});
const knows = (made: Made, release: Partial<SeenRelease> = {}, more: { rule?: 'key' | 'subject'; next?: string[] } = {}): Memory =>
  remember(EMPTY_MEMORY, {
    product: statement.product,
    signatories: [signatory(made)],
    release: { ...releaseOf(statement), ...release },
    time: 0,
    rule: 'key',
    ...more,
  });

/** Signature and statement as `verify` asks them, one after the other. */
async function verdict(signer: Made, memory: Memory, more: Partial<SignatureExpectations> = {}, of = statement) {
  const content = encodeStatement(of);
  const cms = await signedMessage({ content, signers: [{ leaf: signer }] });
  const expectations = { anchors: [anchorOf(root)], publishers: [], now: NOW, memory, ...more };
  const { checks, signers } = await checkSignatures(cms, expectations, testPlatform);
  const all = [...checks, ...policyChecks(of, policiesOf(expectations), signers, memory)];
  return { code: codeOf(all), failed: decidingFailure(all), signers, checks: all };
}

describe('rule 17: pins', () => {
  const renewed = makeCertificate({ subject: 'O=Demo,CN=Demo Publisher', key: testKey('p256', 'renewed'), issuer: intermediate });
  const second = makeCertificate({ subject: 'CN=Second', key: testKey('p256', 'second'), issuer: intermediate });

  test('rule 8: give an identity under a trusted root', async () => {
    expect((await verdict(leaf, EMPTY_MEMORY)).code).toBe('E_UNKNOWN_PUBLISHER');
    const known = await verdict(leaf, knows(leaf));
    expect(known.code).toBe('ok');
    expect(known.signers).toMatchObject([{ identity: 'pin' }]);
    expect(known.checks).toContainEqual(expect.objectContaining({ name: 'publisher', message: expect.stringContaining('as remembered') }));
  });

  test('never bypass trust', async () => {
    expect((await verdict(leaf, knows(leaf), { anchors: [] })).code).toBe('E_UNTRUSTED');
    expect((await verdict(leaf, knows(leaf), { anchors: [anchorOf(other.root)] })).code).toBe('E_UNTRUSTED');
    expect((await verdict(leaf, knows(leaf), { publishers: ['CN=Somebody'] })).code).toBe('E_UNKNOWN_PUBLISHER');
    expect((await verdict(leaf, knows(leaf), { now: NOW + 1e9 })).code).toBe('E_EXPIRED');
  });

  test('another key of the same name is 31 with a renewal hint, whoever was named', async () => {
    for (const publishers of [[], '*', ['CN=Demo Publisher,O=Demo']] as const) {
      const { code, failed } = await verdict(renewed, knows(leaf), { publishers });
      expect(code).toBe('E_UNKNOWN_PUBLISHER');
      expect(failed?.message).toContain('has a new key');
      expect(failed?.hint).toContain('renewed certificate');
    }
    expect((await verdict(renewed, knows(leaf, {}, { rule: 'subject' }))).code).toBe('ok');
  });

  test('another publisher is 31, whoever was named and even when it is itself trusted', async () => {
    const { code, failed } = await verdict(second, knows(leaf), { publishers: '*' });
    expect(code).toBe('E_UNKNOWN_PUBLISHER');
    expect(failed?.message).toBe(
      'the publisher of com.example.hello has changed: it was CN=Demo Publisher,O=Demo, this image is signed by CN=Second',
    );
    expect((await verdict(second, knows(leaf), { anchors: [anchorOf(second)] })).code).toBe('E_UNKNOWN_PUBLISHER');
  });

  test('say nothing about other products', async () => {
    const of = { ...statement, product: 'com.example.other' };
    expect((await verdict(second, knows(leaf), { publishers: '*' }, of)).code).toBe('ok');
    expect((await verdict(leaf, knows(leaf), {}, of)).code).toBe('E_UNKNOWN_PUBLISHER');
  });

  test('let in a key that a pinned one named', async () => {
    const next = [hex(sha256(renewed.key.spki))];
    expect((await verdict(renewed, knows(leaf, {}, { next }))).code).toBe('ok');
    expect((await verdict(second, knows(leaf, {}, { next }))).code).toBe('E_UNKNOWN_PUBLISHER');
  });
});

describe('rule 16: what was seen before', () => {
  test.each([
    ['the same', {}, 'ok'],
    ['an older one', { build: 6 }, 'ok'],
    ['a newer build', { build: 8 }, 'E_DOWNGRADE'],
    ['the same build with other files', { content: 'e'.repeat(64) }, 'E_DOWNGRADE'],
    ['a newer one of another channel', { build: 8, channel: 'beta' }, 'ok'],
    ['a newer one for another platform', { build: 8, platform: 'linux' }, 'ok'],
    ['a newer one for another architecture', { build: 8, arch: 'x64' }, 'ok'],
  ])('%s', async (_, seen, expected) => {
    const { code } = await verdict(leaf, knows(leaf, seen));
    expect(code).toBe(expected);
  });

  test('is asked of the one who signed, under any root', async () => {
    const { code } = await verdict(leaf, knows(leaf, { build: 8 }), { anchors: [anchorOf(leaf)] });
    expect(code).toBe('E_DOWNGRADE');
  });
});

describe('a whole image', () => {
  test('of another product is 40, an old one 41, and neither can be read', async () => {
    for (const [more, exitCode] of [
      [{ products: ['com.example.other'] }, 40],
      [{ minVersion: '99' }, 41],
      [{ require: { count: 2 } }, 42],
      [{ further: [{ ...imagePolicy, channels: ['beta'] }] }, 40],
    ] as const) {
      const found = await judge(sealed.bytes, more);
      expect(found.exitCode).toBe(exitCode);
      expect(found.disk).toBeUndefined();
    }
    expect((await judge(sealed.bytes, { minVersion: '0.1' })).exitCode).toBe(0);
  });

  test('rule 12: what the statement says comes after what trust says, and before the content', async () => {
    const bytes = new Uint8Array(sealed.bytes);
    bytes[100] ^= 1;
    expect((await judge(bytes, { products: ['com.example.other'] })).exitCode).toBe(40);
    expect((await judge(bytes)).exitCode).toBe(21);
    expect((await judge(bytes, { products: ['com.example.other'], require: { count: 2 } })).exitCode).toBe(42);
    expect((await judge(bytes, { products: ['com.example.other'], minVersion: '99', publishers: [] })).exitCode).toBe(31);
  });
});

describe('word for word', () => {
  const told = (policy: Partial<SignatureExpectations>, of = statement): Check[] =>
    policyChecks(of, policiesOf({ anchors: [], publishers: [], now: NOW, ...policy }), [], undefined);
  const product = (message: string): Check[] => [
    { name: 'product', status: 'fail', code: 'E_PRODUCT', message, hint: 'the image is genuine but another one than you asked for' },
  ];
  const version = (message: string): Check[] => [
    { name: 'version', status: 'fail', code: 'E_DOWNGRADE', message, hint: 'ask for a newer image' },
  ];

  test('what was not asked is not told', () => expect(told({})).toEqual([]));

  test('products and the like', () => {
    const met = { name: 'product', status: 'ok', message: 'product com.example.hello, format dmg' };
    expect(told({ products: ['com.example.hello'], formats: ['dmg', 'iso'] })).toEqual([met]);
    const wrong = 'the channel is stable, wanted is beta or nightly; the format is dmg, wanted is none';
    expect(told({ products: ['com.example.hello'], channels: ['beta', 'nightly'], formats: [] })).toEqual(product(wrong));
  });

  test('versions', () => {
    const met = { name: 'version', status: 'ok', message: 'build 7 is at least 7, version 1.5.0 is at least 1.5' };
    expect(told({ minBuild: 7, minVersion: '1.5' })).toEqual([met]);
    expect(told({ minBuild: 8, minVersion: '2' })).toEqual(
      version('the build is 7, at least 8 is wanted; the version is 1.5.0, at least 2 is wanted'),
    );
    expect(told({ minBuild: 0 }, without('build'))).toEqual(version('the image has no build number, at least 0 is wanted'));
    expect(told({ minVersion: '1' }, { ...statement, version: 'Vista' })).toEqual(
      version('the version Vista cannot be compared with 1, which is the least wanted'),
    );
  });

  test('an Apple signature', () => {
    const message = 'an Apple code signature is required, and the statement says that the image has none';
    expect(told({ apple: 'required' })).toEqual([{ name: 'apple', status: 'fail', code: 'E_APPLE', message }]);
    const signed = { ...statement, apple: { teamId: 'ABCDE12345', identifier: 'x' } } as unknown as Statement;
    expect(told({ apple: 'required' }, signed)).toEqual([]);
  });

  test('only a failure names its policy, and only a further one', () => {
    const further = { name: 'system', anchors: [], publishers: [], products: ['com.example.hello'], channels: ['beta'] };
    const wrong = product('system: the channel is stable, wanted is beta');
    expect(told({ further: [further] })).toEqual(wrong);
    const met = { name: 'product', status: 'ok', message: 'product com.example.hello' };
    expect(told({ further: [{ ...further, channels: undefined }] })).toEqual([met]);
    expect(told({ name: 'own', channels: ['beta'] })).toEqual(product('the channel is stable, wanted is beta'));
  });

  test('what was seen before', async () => {
    const { signers } = await verdict(leaf, knows(leaf));
    const seen = (memory: Memory, of = statement, by = signers): Check[] => policyChecks(of, [], by, memory);
    const hint = 'somebody may be giving you an old image with known faults: ask the publisher which release is the newest';
    const old = (message: string): Check[] => [{ name: 'downgrade', status: 'fail', code: 'E_DOWNGRADE', message, hint }];
    const fine = (message: string): Check[] => [{ name: 'downgrade', status: 'ok', message }];
    expect(seen(knows(leaf))).toEqual(fine('1.5.0 (build 7) is no older than what was seen before'));
    expect(seen(knows(leaf, { version: '1.0.0', build: undefined }), without('build'))).toEqual(
      fine('1.5.0 is no older than what was seen before'),
    );
    expect(seen(knows(leaf, { build: 8, version: '1.6.0' }))).toEqual(
      old('1.5.0 (build 7) is older than 1.6.0 (build 8), which was seen before'),
    );
    expect(seen(knows(leaf, { content: 'e'.repeat(64) }))).toEqual(old('1.5.0 (build 7) was seen before with other files in it'));
    expect(seen(knows(leaf, { version: 'Vista', build: undefined }))).toEqual(
      old('1.5.0 (build 7) and Vista, which was seen before, have no order: neither versions nor build numbers can be compared'),
    );
    // Of whom nothing was seen, who does not count, and who was not asked about.
    const memory = knows(leaf, { build: 8 });
    expect(seen({ ...memory, publishers: memory.publishers.map((pin) => ({ ...pin, releases: [] })) })).toEqual([]);
    expect(
      seen(
        memory,
        statement,
        signers.map((signer) => ({ ...signer, refusal: { code: 'E_REVOKED', message: 'x' } })),
      ),
    ).toEqual([]);
    expect(seen(memory, { ...statement, product: 'com.example.other' })).toEqual([]);
  });
});
