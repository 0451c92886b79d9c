import { describe, expect, test } from 'vitest';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { writePem } from '../../src/pki/pem.ts';
import { parseAnchors, parseFingerprint } from '../../src/trust/anchor.ts';
import { expectedPublishers, isPublisher, type NamedPublisher, parsePublisher, publisherFlag } from '../../src/trust/publisher.ts';
import { factsOf, type PublisherFacts } from '../../src/trust/publisher-facts.ts';
import { extension, type Made, makeCertificate, nameOf, type Recipe, testChain, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';

const identity: PublisherFacts = {
  sha256: 'a'.repeat(64),
  spki: 'b'.repeat(64),
  subject: 'CN=Example Software,O=Example',
  alternativeNames: [],
  issuers: [],
};
const matches = (text: string): boolean => isPublisher(parsePublisher(text), identity);

describe('publishers', () => {
  test.each([
    ['*', true],
    [`sha256:${'a'.repeat(64)}`, true],
    [`SHA256:${'AA:'.repeat(31)}AA`, true],
    [`spki:${'b'.repeat(64)}`, true],
    [`sha256:${'b'.repeat(64)}`, false],
    [`spki:${'a'.repeat(64)}`, false],
    ['CN=Example Software,O=Example', true],
    ['CN=Example Software', false],
    ['O=Example', false],
    ['CN=Example', false],
    ['CN=Example Software,O=Example,C=DE', false],
    ['CN=example software,O=Example', false],
    ['O=Example,CN=Example Software', false],
  ])('%s: %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  test.each(['', 'Example Software', 'sha256:', 'sha256:ab', `sha256:${'g'.repeat(64)}`, 'spki:x', '**'])(
    '%j is a mistake and is said to be one',
    (text) => {
      expect(() => parsePublisher(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    },
  );

  test('the flag to paste never carries what a shell would run', () => {
    expect(publisherFlag(identity)).toBe("--publisher 'CN=Example Software,O=Example'");
    for (const subject of ["CN=x' ; rm -rf ~ '", 'CN=$(x)', 'CN=`x`', 'CN=a"b', 'CN=a\\nb', 'CN=a!b', '']) {
      expect(publisherFlag({ ...identity, subject })).toBe(`--publisher spki:${'b'.repeat(64)}`);
    }
  });
});

describe('publishers of a policy', () => {
  const facts: PublisherFacts = {
    ...identity,
    alternativeNames: ['uri:https://example.com', 'dns:example.com'],
    issuers: [{ ...identity, sha256: 'c'.repeat(64), spki: 'd'.repeat(64), subject: 'CN=CA' }],
    teamId: 'ABCDE12345',
  };
  const met = (conditions: Omit<NamedPublisher, 'name'>): boolean =>
    isPublisher({ kind: 'named', named: { name: 'example', ...conditions } }, facts);
  const good: Omit<NamedPublisher, 'name'> = {
    spki: ['1'.repeat(64), facts.spki],
    certificate: [facts.sha256],
    subject: facts.subject,
    san: 'dns:example.com',
    issuer: 'CN=CA',
    teamId: 'ABCDE12345',
  };

  test('everything that is given must hold', () => {
    expect(met(good)).toBe(true);
    const bad = { spki: ['1'.repeat(64)], certificate: [], subject: 'CN=CA', san: 'email:example.com', issuer: 'CN=Example', teamId: 'X' };
    for (const [name, value] of Object.entries(bad)) expect(met({ ...good, [name]: value }), name).toBe(false);
    for (const name of Object.keys(good)) expect(met({ [name]: good[name as keyof typeof good] }), name).toBe(true);
  });

  test('an issuer by its key, its certificate or its name, and never the signer himself', () => {
    for (const issuer of [`spki:${'d'.repeat(64)}`, `sha256:${'c'.repeat(64)}`, 'CN=CA']) expect(met({ issuer })).toBe(true);
    for (const issuer of [`spki:${facts.spki}`, `sha256:${facts.sha256}`, facts.subject]) expect(met({ issuer })).toBe(false);
  });

  test('a name alone is nobody', () => {
    expect(met({})).toBe(false);
    expect(met({ spki: undefined })).toBe(false);
  });

  test('have their name in the policy, or are their own', () => {
    expect(expectedPublishers('*')).toEqual([{ name: '*', publisher: { kind: 'any' } }]);
    expect(expectedPublishers(['CN=A', { name: 'b', teamId: 'X' }])).toEqual([
      { name: 'CN=A', publisher: { kind: 'subject', text: 'CN=A' } },
      { name: 'b', publisher: { kind: 'named', named: { name: 'b', teamId: 'X' } } },
    ]);
    expect(() => expectedPublishers(['nobody'])).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

describe('what a publisher is known by', () => {
  const marker = (type: string): Recipe['extensions'] => ({ [type]: extension(type, der.nullValue()) });
  const facts = ([own, ...above]: [Made, ...Made[]]): Promise<PublisherFacts> =>
    factsOf([own.certificate, ...above.map(({ certificate }) => certificate)], testPlatform);
  const key = testKey('p256');

  test('names of hosts, mailboxes and places; not addresses and directories', async () => {
    const text = (tag: number, value: string): Uint8Array => der.element(tag, new TextEncoder().encode(value));
    const names = der.sequence(
      text(0x81, 'a@example.com'),
      text(0x82, 'example.com'),
      der.explicit(4, nameOf('CN=a')),
      text(0x86, 'https://example.com'),
      der.element(0x87, Uint8Array.of(10, 0, 0, 1)),
    );
    const made = makeCertificate({ subject: 'CN=x', key, extensions: { x: extension(OID.subjectAltName, names) } });
    expect((await facts([made])).alternativeNames).toEqual(['email:a@example.com', 'dns:example.com', 'uri:https://example.com']);
  });

  test('the certificates above it, each by itself', async () => {
    const { leaf, intermediate, root } = testChain();
    const found = await facts([leaf, intermediate, root]);
    expect(found.issuers).toEqual([await facts([intermediate]), await facts([root])]);
    expect(found.issuers.map(({ subject }) => subject)).toEqual(['CN=Demo CA,O=Demo', 'CN=Demo Root,O=Demo']);
    expect(found).toMatchObject({ alternativeNames: [], teamId: undefined });
  });

  const authority = (extensions?: Recipe['extensions']): Made =>
    makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, extensions });
  const developer = (issuer: Made, subject: string, extensions?: Recipe['extensions']): Made =>
    makeCertificate({ subject, key, issuer, extensions });
  const apple = authority(marker(OID.appleDeveloperIdAuthority));
  const own = marker(OID.appleDeveloperIdApplication);
  test.each([
    ['both marks and one unit', apple, 'OU=ABCDE12345,CN=x', own, 'ABCDE12345'],
    ['no mark on the certificate', apple, 'OU=ABCDE12345,CN=x', {}, undefined],
    ['no mark above it', authority(), 'OU=ABCDE12345,CN=x', own, undefined],
    ['no unit', apple, 'CN=x', own, undefined],
    ['two units', apple, 'OU=ABCDE12345,OU=FGHIJ67890,CN=x', own, undefined],
  ])('a Team ID with %s', async (_, issuer, subject, extensions, expected) => {
    expect((await facts([developer(issuer, subject, extensions), issuer])).teamId).toBe(expected);
  });

  test('no Team ID without an authority at all', async () => {
    expect((await facts([developer(apple, 'OU=ABCDE12345,CN=x', own)])).teamId).toBeUndefined();
  });
});

describe('anchors', () => {
  const { root, leaf } = testChain();

  test('PEM with several certificates, DER with one', () => {
    const pem = writePem('CERTIFICATE', root.bytes) + writePem('PRIVATE KEY', Uint8Array.of(5, 0)) + writePem('CERTIFICATE', leaf.bytes);
    expect(parseAnchors(new TextEncoder().encode(pem))).toHaveLength(2);
    expect(parseAnchors(root.bytes)).toMatchObject([{ kind: 'certificate', certificate: { bytes: root.bytes } }]);
  });

  test('a file without a certificate is a mistake', () => {
    expect(() => parseAnchors(new TextEncoder().encode(writePem('PRIVATE KEY', Uint8Array.of(5, 0))))).toThrow(
      expect.objectContaining({ code: 'E_KEY' }),
    );
    expect(() => parseAnchors(new TextEncoder().encode('hello'))).toThrow(expect.objectContaining({ code: 'E_DER' }));
  });

  test('fingerprints with and without colons', () => {
    expect(parseFingerprint(`sha256:${'AB:'.repeat(31)}AB`)).toEqual({ kind: 'fingerprint', sha256: 'ab'.repeat(32) });
    expect(parseFingerprint(`sha256:${'ab'.repeat(31)}`)).toBeUndefined();
    expect(parseFingerprint('root.pem')).toBeUndefined();
  });
});
