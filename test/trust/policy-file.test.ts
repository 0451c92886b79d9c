/** Policy files: what they may say, what is refused, and what becomes of them. */
import { describe, expect, test } from 'vitest';
import type { DisksealError } from '../../src/core/errors.ts';
import { writePem } from '../../src/pki/pem.ts';
import { checkedPolicy, policyFaults } from '../../src/trust/policy-document.ts';
import { type PolicySource, policyFromDocument } from '../../src/trust/policy-file.ts';
import { POLICY_SCHEMA, policyJsonSchema } from '../../src/trust/policy-schema.ts';
import { policiesInForce } from '../../src/trust/policy-sources.ts';
import { NOW, testChain } from '../support/certificates.ts';
import { makeList } from '../support/revocations.ts';

const { root, leaf } = testChain();
const hex = 'ab'.repeat(32);
const files: Record<string, Uint8Array> = {
  'root.pem': new TextEncoder().encode(writePem('CERTIFICATE', root.bytes) + writePem('CERTIFICATE', leaf.bytes)),
  'list.crl': makeList({ issuer: root, thisUpdate: NOW }),
  'empty.pem': new TextEncoder().encode('nothing'),
};
const read = (name: string): Promise<Uint8Array> => Promise.resolve(files[name]);
const load = (document: unknown): Promise<PolicySource> => policyFromDocument(document, 'policy.yaml', read);
const faultsOf = (document: unknown): string[] =>
  policyFaults(document).map(({ path, message, hint }) => [path.join('.'), message, hint].filter(Boolean).join(' | '));

describe('a good policy', () => {
  test('with everything in it', async () => {
    const policy = await load({
      trust: ['root.pem', `sha256:${hex}`],
      timestampTrust: 'root.pem',
      publishers: {
        alice: { spki: `spki:${'AB:'.repeat(31)}AB` },
        bob: { certificate: [hex, `sha256:${'cd'.repeat(32)}`], subject: 'CN=Bob', issuer: `sha256:${hex}` },
        carol: { san: 'uri:https://example.com/carol', issuer: 'CN=CA,O=Example' },
        dave: { teamId: 'ABCDE12345', issuer: 'CN=Developer ID Certification Authority' },
      },
      require: { count: 2, of: ['alice', 'bob'] },
      products: ['com.example.hello'],
      channels: ['stable'],
      platforms: ['macos'],
      architectures: ['arm64'],
      formats: ['dmg', 'iso'],
      minVersion: '1.10',
      minBuild: 7,
      timestamp: 'required',
      maxTimestampAge: 30,
      revocation: 'hard',
      revocationData: ['list.crl'],
      algorithms: { hashes: ['sha384'], keys: ['P-384', 'RSA'], rsaBits: 4096 },
      apple: 'required',
      pin: 'subject',
      state: 'state.json',
    });
    expect(policy).toMatchObject({
      name: 'policy.yaml',
      publishers: [
        { name: 'alice', spki: [hex] },
        { name: 'bob', certificate: [hex, 'cd'.repeat(32)], subject: 'CN=Bob', issuer: `sha256:${hex}` },
        { name: 'carol', san: 'uri:https://example.com/carol' },
        { name: 'dave', teamId: 'ABCDE12345' },
      ],
      require: { count: 2, of: ['alice', 'bob'] },
      minVersion: '1.10',
      maxTimestampAge: 30 * 86_400,
      state: 'state.json',
    });
    expect(policy.anchors).toHaveLength(3);
    expect(policy.timestampAnchors).toHaveLength(2);
    expect(policy.evidence?.crls).toHaveLength(1);
  });

  test('empty: it allows nobody, which is its right', () => expect(faultsOf({})).toEqual([]));
  test('for anybody under a root', async () => expect((await load({ trust: 'root.pem', publishers: '*' })).publishers).toBe('*'));
});

describe('a policy with a mistake says where it is and what was meant', () => {
  test.each([
    [[], 'must have members, as in "name: value"'],
    ['text', 'must have members, as in "name: value"'],
    [null, 'must have members, as in "name: value"'],
    [{ turst: 'root.pem' }, 'turst | is not known | did you mean "trust"?'],
    [{ revocation: 'hrad' }, 'revocation | must be hard, soft or off | did you mean "hard"?'],
    [{ timestamp: true }, 'timestamp | must be required, ifExpired or ignore'],
    [{ trust: [] }, 'trust | is empty, which would allow nothing | leave the member out to allow everything'],
    [{ trust: ['a', 7] }, 'trust.1 | must be a PEM file, relative to the policy, or sha256: and 64 hexadecimal digits'],
    [{ trust: ['a', 'a'] }, 'trust.1 | is there twice'],
    [{ products: ['Com.Example'] }, 'products.0 | must be a product id, as in com.example.hello'],
    [{ minBuild: -1 }, `minBuild | must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`],
    [{ minBuild: '7' }, `minBuild | must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`],
    [{ minVersion: '2024b' }, 'minVersion | must be a version, as in 1.2.0'],
    [{ publishers: 'alice' }, 'publishers | must be "*"'],
    [{ publishers: {} }, 'publishers | is empty, which would allow nothing'],
    [{ publishers: { a: {} } }, 'publishers.a | is empty, which would allow nothing'],
    [{ publishers: { 'a b': { spki: hex } } }, 'publishers.a b | must be a name of letters, digits, "-", "_" and "."'],
    [{ publishers: { a: { spki: 'ab' } } }, 'publishers.a.spki | must be spki: and 64 hexadecimal digits'],
    [{ publishers: { a: { subject: 'CN=A' } } }, 'publishers.a | lacks "issuer", which goes with "subject"'],
    [{ publishers: { a: { san: 'dns:a' } } }, 'publishers.a | lacks "issuer", which goes with "san"'],
    [{ publishers: { a: { teamId: 'ABCDE12345' } } }, 'publishers.a | lacks "issuer", which goes with "teamId"'],
    [{ publishers: { a: { san: 'a@b', issuer: 'CN=B' } } }, 'publishers.a.san | must be uri:, email: or dns: and the name'],
    [{ publishers: { a: { subject: 'CN=A', issuer: '*' } } }, 'publishers.a.issuer | must be a whole subject, sha256:HEX or spki:HEX'],
    [{ require: {} }, 'require | lacks "count"'],
    [{ require: { count: 0 } }, 'require.count | must be a whole number from 1 to 16'],
    [{ publishers: { a: { spki: hex } }, require: { count: 2 } }, 'require.count | asks for 2 publishers, and there are 1'],
    [{ publishers: { a: { spki: hex } }, require: { count: 1, of: ['b'] } }, 'require.of.0 | names "b", who is not in "publishers"'],
    [{ maxTimestampAge: 3 }, 'maxTimestampAge | goes with "timestamp: required" | otherwise taking the timestamp off would get round it'],
    [{ algorithms: { rsaBits: 1024 } }, 'algorithms.rsaBits | must be a whole number from 2048 to 16384'],
    [{ algorithms: { hashes: ['sha1'] } }, 'algorithms.hashes.0 | must be sha256, sha384 or sha512'],
    [{ algorithms: {} }, 'algorithms | is empty, which would allow nothing'],
    [JSON.parse('{"__proto__": {"trust": "root.pem"}}'), '__proto__ | is not known'],
  ])('%j', (document, expected) => expect(faultsOf(document)[0]).toContain(expected));

  test.each([
    [[], 'the policy must have members', undefined],
    [{ publishers: { a: { spki: [`spki:${hex}`, 'ab'] } } }, 'publishers.a.spki[1] must be', 'publishers.a.spki[1]'],
    [{ require: { count: 1, of: ['b'] } }, 'require.of[0] names "b"', 'require.of[0]'],
  ])('%j says the place as one writes it', (document, words, field) =>
    expect(() => checkedPolicy(document)).toThrow(expect.objectContaining({ field, message: expect.stringContaining(words) })),
  );

  test('all mistakes at once', () => {
    const document = { turst: 'a', revocation: 'x', publishers: { a: { subject: 'CN=A', spkki: hex } } };
    expect(faultsOf(document)).toHaveLength(4);
    expect(() => checkedPolicy(document)).toThrow(expect.objectContaining({ code: 'E_POLICY', field: 'turst' }));
    try {
      checkedPolicy(document);
    } catch (error) {
      expect((error as DisksealError).others).toHaveLength(3);
    }
  });

  test('a file that it names holds nothing of use', async () => {
    await expect(load({ trust: 'empty.pem' })).rejects.toMatchObject({ code: 'E_POLICY', field: 'trust' });
    await expect(load({ revocationData: 'empty.pem' })).rejects.toMatchObject({ code: 'E_POLICY', field: 'revocationData' });
    await expect(load({ trust: 'sha256:abc' })).rejects.toMatchObject({ code: 'E_POLICY' });
  });
});

describe('the schema', () => {
  test('is JSON Schema, without what only we understand', () => {
    expect(policyJsonSchema()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', additionalProperties: false });
    expect(JSON.stringify(policyJsonSchema())).not.toContain('"form"');
    expect(JSON.stringify(POLICY_SCHEMA)).toContain('"form"');
  });
});

describe('rule 17: of several sources each must be met', () => {
  const source = (name: string, more: Partial<PolicySource>): PolicySource => ({ name, ...more });
  const anchors = [{ kind: 'fingerprint', sha256: hex }] as const;

  test('without any, nobody is believed', () => {
    expect(policiesInForce([])).toEqual([{ name: 'flags', anchors: [], timestampAnchors: [], publishers: [] }]);
  });

  test('what none says about trust stays nobody', () => {
    const [flags, file] = policiesInForce([source('flags', { minBuild: 2 }), source('file', { revocation: 'hard' })]);
    expect(flags).toMatchObject({ anchors: [], timestampAnchors: [], publishers: [], minBuild: 2 });
    expect(file).toMatchObject({ anchors: [], timestampAnchors: [], publishers: [], revocation: 'hard' });
  });

  test('what one leaves open about trust it takes from the others', () => {
    const [flags, file] = policiesInForce([
      source('flags', { products: ['a'] }),
      source('file', { anchors, publishers: ['CN=A'], minBuild: 3, timestampAnchors: anchors }),
    ]);
    expect(flags).toMatchObject({ name: 'flags', anchors, timestampAnchors: anchors, publishers: ['CN=A'], products: ['a'] });
    expect(flags.minBuild).toBeUndefined();
    expect(file).toMatchObject({ anchors, publishers: ['CN=A'], minBuild: 3 });
    expect(file.products).toBeUndefined();
  });

  test('what one says is not touched by the others', () => {
    const other = [{ kind: 'fingerprint', sha256: 'cd'.repeat(32) }] as const;
    const [flags, system] = policiesInForce([
      source('flags', { anchors: other, publishers: '*', timestamp: 'ignore', revocation: 'off' }),
      source('system', { anchors, publishers: ['CN=A'], timestamp: 'required', revocation: 'hard' }),
    ]);
    expect(flags).toMatchObject({ anchors: other, publishers: '*', timestamp: 'ignore' });
    expect(system).toMatchObject({ anchors, publishers: ['CN=A'], timestamp: 'required', revocation: 'hard' });
  });
});
