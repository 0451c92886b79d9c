import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { encodeSignatureAlgorithm } from '../../src/pki/algorithms.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { parseTimeStampToken } from '../../src/pki/timestamp-token.ts';
import { signatureToRenew, withRenewal } from '../../src/pki/timestamp-token-write.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { parseEvidence } from '../../src/trust/revocation-evidence.ts';
import { judgeTimestamp, type TimestampRequest, type TimestampResult, withRenewals } from '../../src/trust/timestamp.ts';
import { type Made, makeCertificate, NOW, testChain, testKey } from '../support/certificates.ts';
import { at, BER_SPELLINGS, nodesOf, OTHER_VALUES, treeOf, write } from '../support/der-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { DAY, type ListEntry, type ListRecipe, makeList } from '../support/revocations.ts';
import {
  accuracy,
  certificateId,
  digest,
  directoryName,
  extendedKeyUsage,
  issuerSerial,
  makeToken,
  signingCertificateV2,
  type TokenRecipe,
  testAuthority,
} from '../support/timestamp-authority.ts';

const YEAR = 365 * 86_400;
const signature = new TextEncoder().encode('the octets of a signature');
const authority = testAuthority();
const EXCLUSIVE = { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]) };
const anchorsOf = (...made: Made[]): Anchor[] => made.map(({ certificate }) => ({ kind: 'certificate', certificate }));
const trusting: TimestampRequest = { anchors: anchorsOf(authority.root), now: NOW, tolerance: 600, revocation: 'off' };

const token = (change: Partial<TokenRecipe> = {}): Uint8Array => makeToken({ signature, authority, ...change });
const judge = (bytes: Uint8Array, change: Partial<TimestampRequest> = {}): Promise<TimestampResult> =>
  judgeTimestamp(bytes, signature, { ...trusting, ...change }, testPlatform);

/** A wrong token is 34 whomever one trusts. */
async function refusal(bytes: Uint8Array): Promise<DisksealError> {
  const errors = await Promise.all(
    [trusting.anchors, []].map((anchors) =>
      judge(bytes, { anchors }).then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );
  for (const error of errors) expect(error).toMatchObject({ code: 'E_TIMESTAMP', exitCode: 34 });
  expect((errors[0] as Error).message).toBe((errors[1] as Error).message);
  return errors[0] as DisksealError;
}

describe('a good timestamp', () => {
  test('proves its time under an anchor for timestamps', async () => {
    const result = await judge(token({ time: NOW - 100 }));
    expect(result).toMatchObject({ status: 'trusted', time: NOW - 100, accuracy: 0, renewal: undefined });
    expect(result.status === 'trusted' && result.path.map(({ subject }) => subject.text)).toEqual([
      'CN=Time Authority,O=Time',
      'CN=Time CA,O=Time',
      'CN=Time Root,O=Time',
    ]);
  });

  test('says everything that TSTInfo can say', async () => {
    const nonce = der.integer(0x1234_5678);
    const extension = der.sequence(der.oid('1.2.3'), der.octetString(der.nullValue()));
    const tsa = der.explicit(0, directoryName('O=Time,CN=Time Authority'));
    const rest = [accuracy(2, 500, 250), der.boolean(true), nonce, tsa, der.element(0xa1, extension)];
    const bytes = token({ genTime: '20260531235959.25Z', rest });
    const { info } = parseTimeStampToken(bytes);
    expect(info).toMatchObject({ policy: '1.2.3.4', time: NOW - 0.75, accuracy: 2.500_25, ordering: true });
    expect(info.nonce).toEqual(Uint8Array.of(0x12, 0x34, 0x56, 0x78));
    expect(info.serial).toEqual(Uint8Array.of(1, 2, 3));
    expect(await judge(bytes)).toMatchObject({ status: 'trusted', time: NOW - 0.75, accuracy: 2.500_25 });
  });

  test.each(['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'ed25519'] as const)('by a key of %s', async (kind) => {
    const other = testAuthority(kind);
    expect(await judge(token({ authority: other }), { anchors: anchorsOf(other.root) })).toMatchObject({ status: 'trusted' });
  });

  const rsa = testAuthority('rsa2048');
  const nullSha = (hash: 'sha256' | 'sha512'): Uint8Array => der.sequence(der.oid(OID[hash]), der.nullValue());
  const protection = (digestAlgorithm: Uint8Array, signatureAlgorithm: Uint8Array): Uint8Array =>
    der.sequence(digestAlgorithm, der.implicit(1, signatureAlgorithm));
  const variants: [string, Partial<TokenRecipe>][] = [
    ['SHA-512 with an RSA key', { authority: rsa, hash: 'sha512' }],
    ['rsaEncryption for its signature', { authority: rsa, signatureAlgorithm: der.sequence(der.oid(OID.rsaEncryption), der.nullValue()) }],
    ['NULL beside SHA-256', { digestAlgorithm: nullSha('sha256'), imprintAlgorithm: nullSha('sha256') }],
    ['ECDSA with SHA-384 by P-256', { hash: 'sha384' }],
    ['an imprint of SHA-512', { imprintHash: 'sha512' }],
    [
      'its certificate bound by SHA-512',
      { attributes: { [OID.signingCertificateV2]: der.sequence(der.sequence(certificateId(authority.leaf.bytes, 'sha512'))) } },
    ],
    [
      'SHA-256 written although it is the default',
      {
        attributes: {
          [OID.signingCertificateV2]: der.sequence(
            der.sequence(der.sequence(nullSha('sha256'), der.octetString(digest('sha256', authority.leaf.bytes)))),
          ),
        },
      },
    ],
    [
      'issuer and serial number beside the hash',
      {
        attributes: {
          [OID.signingCertificateV2]: der.sequence(
            der.sequence(certificateId(authority.leaf.bytes, 'sha256', issuerSerial(authority.leaf))),
          ),
        },
      },
    ],
    [
      'a certificate bound that is not there, beside its own',
      { attributes: { [OID.signingCertificateV2]: signingCertificateV2(authority.leaf, [certificateId(testChain().root.bytes)]) } },
    ],
    [
      'a certificate that says nothing of key usages',
      { authority: testAuthority('p256', { extensions: { ...EXCLUSIVE, [OID.keyUsage]: undefined } }) },
    ],
    [
      'its whole chain bound',
      { attributes: { [OID.signingCertificateV2]: signingCertificateV2(authority.leaf, [certificateId(authority.intermediate.bytes)]) } },
    ],
    [
      'the old signingCertificate beside the new',
      {
        attributes: {
          [OID.signingCertificate]: der.sequence(
            der.sequence(der.sequence(der.octetString(digest('sha1', authority.leaf.bytes)), issuerSerial(authority.leaf))),
          ),
        },
      },
    ],
    ['a signing time', { attributes: { [OID.signingTime]: der.time(NOW) } }],
    [
      'protected algorithms',
      {
        attributes: {
          [OID.cmsAlgorithmProtection]: protection(der.sequence(der.oid(OID.sha256)), encodeSignatureAlgorithm('ecdsa', 'sha256')),
        },
      },
    ],
    ['a signer named by its key', { sid: der.implicit(0, der.octetString(authority.leaf.certificate.extensions.subjectKeyIdentifier!)) }],
    ['its root', { certificates: [authority.leaf, authority.intermediate, authority.root] }],
  ];
  test.each(variants)('may have %s', async (_, change) => {
    const { root } = change.authority ?? authority;
    expect(await judge(token(change), { anchors: anchorsOf(root) })).toMatchObject({ status: 'trusted' });
  });

  test('by a certificate that is itself the anchor, or under an anchor that is named by fingerprint', async () => {
    expect(await judge(token({ certificates: [authority.leaf] }), { anchors: anchorsOf(authority.leaf) })).toMatchObject({
      status: 'trusted',
    });
    const sha256 = Buffer.from(digest('sha256', authority.intermediate.bytes)).toString('hex');
    expect(await judge(token(), { anchors: [{ kind: 'fingerprint', sha256 }] })).toMatchObject({ status: 'trusted' });
  });
});

describe('attack 46: a token that is not about this signature', () => {
  test('of another signature, over the content, over nothing', async () => {
    for (const other of ['another signature', '{"type":"test"}', '']) {
      const bytes = token({ signature: new TextEncoder().encode(other) });
      expect((await refusal(bytes)).message).toMatch(/made for another signature/);
    }
  });

  test.each(['1.3.14.3.2.26', '2.16.840.1.101.3.4.2.4', '1.2.840.113549.2.5'])('with an imprint by %s', async (type) => {
    expect((await refusal(token({ imprintAlgorithm: der.sequence(der.oid(type)) }))).message).toMatch(/digest .* is not accepted/);
  });

  test('with an imprint whose length is another digest’s', async () => {
    expect((await refusal(token({ imprintAlgorithm: der.sequence(der.oid(OID.sha512)) }))).message).toMatch(/32 octets/);
  });
});

describe('attack 47: an authority that is none', () => {
  const leafWith = (change: Parameters<typeof testAuthority>[1]): Uint8Array => token({ authority: testAuthority('p256', change) });
  const purposes = (list: string[], critical = true): { extensions: Record<string, Uint8Array | undefined> } => ({
    extensions: { [OID.extendedKeyUsage]: list.length > 0 ? extendedKeyUsage(list, critical) : undefined },
  });
  const cases: [string, Parameters<typeof testAuthority>[1], RegExp][] = [
    ['its extended key usage not critical', purposes([OID.timeStamping], false), /alone, marked critical/],
    ['code signing beside', purposes([OID.timeStamping, OID.codeSigning]), /alone, marked critical/],
    ['any extended key usage beside', purposes([OID.timeStamping, OID.anyExtendedKeyUsage]), /alone, marked critical/],
    ['code signing instead', purposes([OID.codeSigning]), /not for timeStamping/],
    ['any extended key usage instead', purposes([OID.anyExtendedKeyUsage]), /not for timeStamping/],
    ['no extended key usage', purposes([]), /not for timeStamping/],
    ['no key usage for signing', { keyUsage: ['cRLSign'] }, /not for digitalSignature or nonRepudiation/],
    ['another key usage beside', { keyUsage: ['digitalSignature', 'cRLSign'] }, /also for cRLSign/],
    ['a certificate that certifies', { ca: true, keyUsage: ['digitalSignature'] }, /is an authority/],
    ['a key of 1024 bits', { key: testKey('rsa1024', 'short') }, /shorter than 2048/],
  ];
  test.each(cases)('%s', async (_, change, words) => {
    expect((await refusal(leafWith(change))).message).toMatch(words);
  });

  test.each([['digitalSignature'], ['nonRepudiation'], ['digitalSignature', 'nonRepudiation']] as const)(
    '%s %s is an authority’s key usage',
    async (...usages) => {
      const other = testAuthority('p256', { keyUsage: [...usages] });
      expect(await judge(token({ authority: other }))).toMatchObject({ status: 'trusted' });
    },
  );

  test('the publisher’s root vouches for no time, and an authority for no publisher', async () => {
    const publisher = testChain();
    expect(await judge(token(), { anchors: anchorsOf(publisher.root, publisher.intermediate) })).toMatchObject({
      status: 'unknown',
      time: NOW,
      reason: expect.stringMatching(/neither trusted nor at hand/),
    });
    const minted = makeCertificate({
      subject: 'CN=Minted',
      key: testKey('p256', 'minted'),
      issuer: publisher.root,
      extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]) },
    });
    const bytes = token({ authority: { ...authority, leaf: minted }, certificates: [minted] });
    expect(await judge(bytes)).toMatchObject({ status: 'unknown' });
  });

  test('without an anchor nothing is evaluated, and nothing refused', async () => {
    expect(await judge(token(), { anchors: [] })).toMatchObject({ status: 'unknown', reason: 'no timestamp authority is trusted' });
  });

  test('under a root that allows code signing alone', async () => {
    const root = makeCertificate({ subject: 'CN=Code', key: testKey('p256', 'code root'), ca: true, extendedKeyUsage: [OID.codeSigning] });
    const other = testAuthority('p256', { issuer: root });
    const bytes = token({ authority: other, certificates: [other.leaf] });
    expect(await judge(bytes, { anchors: anchorsOf(root) })).toMatchObject({
      status: 'unknown',
      reason: expect.stringMatching(/may not certify for timeStamping/),
    });
  });

  test('signed by another key, or bound to another certificate', async () => {
    const other = testAuthority('p256', { key: testKey('p256', 'other') });
    expect((await refusal(token({ signedBy: other.leaf }))).message).toMatch(/not one by the key of/);
    const elsewhere = { [OID.signingCertificateV2]: signingCertificateV2(authority.root) };
    expect((await refusal(token({ attributes: elsewhere }))).message).toMatch(/binds a certificate that is not there/);
    const intermediate = { [OID.signingCertificateV2]: signingCertificateV2(authority.intermediate) };
    expect((await refusal(token({ attributes: intermediate }))).message).toMatch(/not the holder/);
    const twin = testAuthority('p256', { serial: 77n });
    const bound = { [OID.signingCertificateV2]: signingCertificateV2(authority.leaf) };
    expect((await refusal(token({ authority: twin, attributes: bound }))).message).toMatch(/binds a certificate that is not there/);
  });

  test('issuer and serial number of another certificate', async () => {
    const wrong = (serial: Uint8Array): Partial<TokenRecipe> => ({
      attributes: {
        [OID.signingCertificateV2]: der.sequence(
          der.sequence(certificateId(authority.leaf.bytes, 'sha256', issuerSerial(authority.leaf, serial))),
        ),
      },
    });
    expect((await refusal(token(wrong(Uint8Array.of(9))))).message).toMatch(/not the holder/);
    expect((await refusal(token({ sid: der.implicit(0, der.octetString(new Uint8Array(20))) }))).message).toMatch(/not the holder/);
  });

  test('a name that is not in the certificate', async () => {
    const rest = [der.explicit(0, directoryName('O=Time,CN=Somebody'))];
    expect((await refusal(token({ rest }))).message).toMatch(/names an authority that is not/);
    const alternative = der.octetString(der.sequence(der.implicit(2, der.ia5String('time.example'))));
    const named = testAuthority('p256', {
      extensions: {
        [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]),
        [OID.subjectAltName]: der.sequence(der.oid(OID.subjectAltName), alternative),
      },
    });
    const dns = [der.explicit(0, der.implicit(2, der.ia5String('time.example')))];
    expect(await judge(token({ authority: named, rest: dns }))).toMatchObject({ status: 'trusted' });
  });
});

describe('rule 7: tokens are closed', () => {
  const stranger = makeCertificate({ subject: 'O=Time,CN=Time CA', key: testKey('p256', 'stranger'), ca: true });
  const critical = der.element(0xa1, der.sequence(der.oid('1.2.3'), der.boolean(true), der.octetString(der.nullValue())));
  const twice = (bytes: Uint8Array): Uint8Array => {
    const top = treeOf(bytes);
    const signers = at(top, 1, 0, 4);
    const other = treeOf(write(at(signers, 0)));
    at(other, 5).content[5] ^= 1;
    signers.children.push(other);
    signers.children.sort((left, right) => Buffer.compare(write(left), write(right)));
    return write(top);
  };
  const withRevocations = (bytes: Uint8Array): Uint8Array => {
    const top = treeOf(bytes);
    at(top, 1, 0).children.splice(4, 0, treeOf(der.element(0xa1, der.sequence(der.integer(1)))));
    return write(top);
  };
  const cases: [string, () => Uint8Array, RegExp][] = [
    [
      'a certificate that is on no path',
      () => token({ certificates: [authority.leaf, authority.intermediate, testChain().leaf] }),
      /has no part in it/,
    ],
    ['an issuer by name alone', () => token({ certificates: [authority.leaf, stranger] }), /has no part in it/],
    [
      'two issuers of the same name',
      () => token({ certificates: [authority.leaf, authority.intermediate, stranger] }),
      /has no part in it/,
    ],
    [
      'no certificates',
      () => {
        const top = treeOf(token());
        at(top, 1, 0).children.splice(3, 1);
        return write(top);
      },
      /certificates/,
    ],
    ['two signers', () => twice(token()), /2 elements, more than 1/],
    ['revocation data', () => withRevocations(token()), /signerInfos/],
    ['an unknown signed attribute', () => token({ attributes: { '1.2.3.4': der.nullValue() } }), /1\.2\.3\.4 does not belong here/],
    [
      'an unknown attribute that nobody signed',
      () => token({ unsigned: [der.sequence(der.oid('1.2.3.4'), der.setOf([der.nullValue()]))] }),
      /1\.2\.3\.4 does not belong here/,
    ],
    ['no signing certificate', () => token({ attributes: { [OID.signingCertificateV2]: undefined } }), /signingCertificateV2 is missing/],
    [
      'the old signing certificate alone',
      () =>
        token({
          attributes: {
            [OID.signingCertificateV2]: undefined,
            [OID.signingCertificate]: der.sequence(der.sequence(der.sequence(der.octetString(digest('sha1', authority.leaf.bytes))))),
          },
        }),
      /signingCertificateV2 is missing/,
    ],
    [
      'an old signing certificate that is none',
      () =>
        token({ attributes: { [OID.signingCertificate]: der.sequence(der.sequence(der.sequence(der.octetString(new Uint8Array(32))))) } }),
      /32 octets/,
    ],
    [
      'a signing certificate by SHA-1',
      () =>
        token({
          attributes: {
            [OID.signingCertificateV2]: der.sequence(
              der.sequence(der.sequence(der.sequence(der.oid('1.3.14.3.2.26')), der.octetString(digest('sha1', authority.leaf.bytes)))),
            ),
          },
        }),
      /SHA-1 is not accepted/,
    ],
    [
      'a hash of another length',
      () =>
        token({
          attributes: { [OID.signingCertificateV2]: der.sequence(der.sequence(der.sequence(der.octetString(new Uint8Array(31))))) },
        }),
      /31 octets/,
    ],
    [
      'policies beside the certificates',
      () =>
        token({
          attributes: {
            [OID.signingCertificateV2]: der.sequence(
              der.sequence(certificateId(authority.leaf.bytes)),
              der.sequence(der.sequence(der.oid('1.2.3'))),
            ),
          },
        }),
      /does not belong here/,
    ],
    [
      'an issuer of another kind',
      () =>
        token({
          attributes: {
            [OID.signingCertificateV2]: der.sequence(
              der.sequence(
                certificateId(
                  authority.leaf.bytes,
                  'sha256',
                  der.sequence(der.sequence(der.implicit(2, der.ia5String('a.example'))), der.integer(1)),
                ),
              ),
            ),
          },
        }),
      /one directoryName/,
    ],
    ['no message digest', () => token({ attributes: { [OID.messageDigest]: undefined } }), /messageDigest is missing/],
    [
      'the digest of another content',
      () => token({ attributes: { [OID.messageDigest]: der.octetString(new Uint8Array(32)) } }),
      /content is not the one/,
    ],
    [
      'a content type that was not signed',
      () => token({ attributes: { [OID.contentType]: der.oid(OID.idData) } }),
      /must be tstInfo, is idData/,
    ],
    ['another content type', () => token({ contentType: OID.idData }), /must be tstInfo/],
    [
      'algorithms other than those signed',
      () =>
        token({
          attributes: {
            [OID.cmsAlgorithmProtection]: der.sequence(
              der.sequence(der.oid(OID.sha512)),
              der.implicit(1, encodeSignatureAlgorithm('ecdsa', 'sha256')),
            ),
          },
        }),
      /not those that were signed/,
    ],
    ['SHA-1', () => token({ digestAlgorithm: der.sequence(der.oid('1.3.14.3.2.26')) }), /digest SHA-1 is not accepted/],
    [
      'a signature with another digest than the attributes',
      () => token({ digestAlgorithm: der.sequence(der.oid(OID.sha512)) }),
      /not with that digest/,
    ],
    [
      'a signature algorithm that is none',
      () => token({ signatureAlgorithm: der.sequence(der.oid(OID.ecPublicKey)) }),
      /ecPublicKey is not accepted/,
    ],
    [
      'rsaEncryption by an EC key',
      () => token({ signatureAlgorithm: der.sequence(der.oid(OID.rsaEncryption), der.nullValue()) }),
      /not one by the key/,
    ],
    ['version 2', () => token({ version: 2 }), /TSTInfo.version/],
    ['a critical extension', () => token({ rest: [critical] }), /critical extension 1\.2\.3/],
    [
      'an extension twice',
      () =>
        token({ rest: [der.element(0xa1, ...[1, 2].map((value) => der.sequence(der.oid('1.2.3'), der.octetString(der.integer(value)))))] }),
      /twice/,
    ],
    ['ordering that is written though it is the default', () => token({ rest: [der.boolean(false)] }), /default/],
    ['a member too many', () => token({ rest: [der.nullValue()] }), /does not belong here/],
    ['a time with a fraction that ends in zero', () => token({ genTime: '20260601000000.50Z' }), /GENERALIZED/i],
    ['a local time', () => token({ genTime: '20260601000000+0100' }), /GENERALIZED/i],
    ['an accuracy of 1000 milliseconds', () => token({ rest: [accuracy(1, 1000)] }), /1 to 999/],
    ['an accuracy of no microseconds', () => token({ rest: [accuracy(1, 1, 0)] }), /1 to 999/],
    ['an accuracy in more octets than it needs', () => token({ rest: [der.sequence(der.element(0x80, Uint8Array.of(0, 1)))] }), /1 to 999/],
    ['an accuracy of no octets', () => token({ rest: [der.sequence(der.element(0x80))] }), /1 to 999/],
    ['a negative accuracy', () => token({ rest: [der.sequence(der.integer(-1))] }), /Accuracy\.seconds/],
    ['a serial number of 40 octets', () => token({ serial: new Uint8Array(40).fill(1) }), /40 octets/],
    ['a nonce of 40 octets', () => token({ rest: [der.element(2, new Uint8Array(40).fill(1))] }), /40 octets/],
    ['no TSTInfo inside', () => token({ content: new TextEncoder().encode('{"type":"test"}') }), /malformed/],
    ['something after TSTInfo', () => token({ content: Uint8Array.of(...parseTimeStampToken(token()).content, 5, 0) }), /after the end/],
    ['more than 64 KiB', () => token({ serial: new Uint8Array(70_000).fill(1) }), /at most 65536/],
    ['a byte after it', () => Uint8Array.of(...token(), 0), /after the end/],
    ['HTML', () => new TextEncoder().encode('<!doctype html><title>Login</title>'), /malformed/],
    ['nothing', () => new Uint8Array(), /malformed/],
  ];
  test.each(cases)('%s', async (_, make, words) => {
    expect((await refusal(make())).message).toMatch(words);
  });
});

describe('rule 14: which time a token proves', () => {
  test('none in the future; ten minutes are forgiven', async () => {
    expect((await refusal(token({ time: NOW + 601 }))).message).toMatch(/in the future/);
    expect(await judge(token({ time: NOW + 600 }))).toMatchObject({ status: 'trusted', time: NOW + 600 });
  });

  test('none at which its own certificate was not valid', async () => {
    expect((await refusal(token({ time: NOW - 3 * YEAR - 1 }))).message).toMatch(/before the certificate/);
    const short = testAuthority('p256', { notAfter: NOW - YEAR });
    expect((await refusal(token({ authority: short, time: NOW - YEAR + 1 }))).message).toMatch(/expired/);
  });

  test('none at which its path was not valid, by as much as the clock may be wrong', async () => {
    const late = makeCertificate({ subject: 'CN=Late', key: testKey('p256', 'late'), ca: true, notBefore: NOW - 1000 });
    const other = testAuthority('p256', { issuer: late });
    const made = (time: number, seconds: number): Uint8Array =>
      token({ authority: other, certificates: [other.leaf], time, rest: [accuracy(seconds)] });
    const anchors = anchorsOf(late);
    expect(await judge(made(NOW - 1000, 1), { anchors })).toMatchObject({ status: 'trusted' });
    expect(await judge(made(NOW - 2000, 1), { anchors })).toMatchObject({
      status: 'unknown',
      reason: expect.stringMatching(/CN=Late is not valid before/),
    });
    // The tolerance is for clocks that say nothing of their accuracy.
    expect(await judge(made(NOW - 1000, 601), { anchors })).toMatchObject({ status: 'unknown' });
  });

  const old = testAuthority('p256', { notAfter: NOW - YEAR }, 'Old');
  const anchors = anchorsOf(old.root, authority.root);
  const inner = token({ authority: old, time: NOW - 2 * YEAR });
  const renewalOf = (bytes: Uint8Array, change: Partial<TokenRecipe> = {}): Uint8Array =>
    withRenewal(bytes, token({ signature: signatureToRenew(bytes), time: NOW - YEAR - 86_400, ...change }));

  test('an expired authority proves nothing, and refuses nothing', async () => {
    expect(await judge(inner, { anchors })).toMatchObject({
      status: 'unknown',
      time: NOW - 2 * YEAR,
      reason: expect.stringMatching(/expired on/),
    });
  });

  test('a renewal carries it on: it is judged when that was made', async () => {
    const result = await judge(renewalOf(inner), { anchors });
    expect(result).toMatchObject({ status: 'trusted', time: NOW - 2 * YEAR });
    expect(result.renewal).toMatchObject({ status: 'trusted', time: NOW - YEAR - 86_400 });
  });

  test('a renewal that came too late, or whose authority nobody trusts, carries nothing', async () => {
    expect(await judge(renewalOf(inner, { time: NOW - 86_400 }), { anchors })).toMatchObject({ status: 'unknown' });
    expect(await judge(renewalOf(inner, { time: NOW - YEAR, rest: [accuracy(86_400)] }), { anchors })).toMatchObject({ status: 'unknown' });
    expect(await judge(renewalOf(inner), { anchors: anchorsOf(old.root) })).toMatchObject({
      status: 'unknown',
      renewal: { status: 'unknown' },
    });
  });

  test('a wrong renewal spoils the token: of another signature, older than it, in the future', async () => {
    expect((await refusal(withRenewal(inner, token()))).message).toMatch(/another signature/);
    const over = (change: Partial<TokenRecipe>): Uint8Array => renewalOf(token({ time: NOW - YEAR }), change);
    expect((await refusal(over({ time: NOW - YEAR - 601 }))).message).toMatch(/older than itself/);
    expect(await judge(over({ time: NOW - YEAR - 600 }))).toMatchObject({ status: 'trusted' });
    expect((await refusal(over({ time: NOW + 601 }))).message).toMatch(/in the future/);
  });

  test('renewals are renewed three times at most, each over the one before', async () => {
    let bytes = inner;
    for (let count = 1; count <= 3; count++) {
      bytes = renewalOf(bytes, { time: NOW - YEAR - 86_400 + count });
      const result = await judge(bytes, { anchors });
      expect(result).toMatchObject({ status: 'trusted', time: NOW - 2 * YEAR });
    }
    expect((await refusal(renewalOf(bytes))).message).toMatch(/renewed more than 3 times/);
  });

  test('a renewal may not be one of two', async () => {
    const top = treeOf(renewalOf(inner));
    const values = at(top, 1, 0, 4, 0, -1, 0, 1);
    values.children.push(treeOf(token({ signature: signatureToRenew(inner), time: NOW - YEAR })));
    values.children.sort((left, right) => Buffer.compare(write(left), write(right)));
    expect((await refusal(write(top))).message).toMatch(/more than 1 timestamp/);
  });
});

describe('rule 15, attack 48: the authority was revoked', () => {
  const made = NOW - 20 * DAY;
  const bytes = token({ time: made, rest: [accuracy(DAY)] });
  const { leaf, intermediate, root } = authority;
  const listed = (entry: Partial<ListEntry>, recipe: Partial<ListRecipe> = {}): Uint8Array =>
    makeList({ issuer: intermediate, entries: [{ serial: leaf.certificate.serial, ...entry }], ...recipe });
  const withLists = (lists: Uint8Array[], change: Partial<TimestampRequest> = {}): Promise<TimestampResult> => {
    const parts = lists.map(parseEvidence);
    const evidence = { crls: parts.flatMap(({ crls }) => crls), responses: [] };
    return judge(bytes, { evidence, revocation: 'soft', ...change });
  };

  // CRLReason: 1 keyCompromise, 4 superseded, 5 cessationOfOperation, 6 certificateHold
  test.each([
    ['its key was stolen, later', { reason: 1 }, 'unknown'],
    ['for no reason that is told, later', {}, 'unknown'],
    ['it is held back', { reason: 6 }, 'unknown'],
    ['another took its place, later', { reason: 4 }, 'trusted'],
    ['it ended its work, later', { reason: 5 }, 'trusted'],
    ['another took its place, earlier', { reason: 4, date: made - 3600 }, 'unknown'],
    ['another took its place, earlier or later as far as the token’s accuracy goes', { reason: 4, date: made + 3600 }, 'unknown'],
  ] as const)('%s', async (_, entry, status) => {
    expect(await withLists([listed(entry)])).toMatchObject({ status });
    expect(await withLists([listed(entry)], { revocation: 'off' })).toMatchObject({ status: 'trusted' });
  });

  test('or the one above it', async () => {
    const list = makeList({ issuer: root, entries: [{ serial: intermediate.certificate.serial, reason: 2 }] });
    expect(await withLists([list])).toMatchObject({ status: 'unknown', reason: expect.stringMatching(/revoked/) });
  });

  test('hard: it is good only when its issuers say so', async () => {
    const good = [makeList({ issuer: intermediate }), makeList({ issuer: root })];
    const result = await withLists(good, { revocation: 'hard' });
    expect(result.status).toBe('trusted');
    expect(result.revocation!.used.size).toBe(2);
    expect(await withLists([good[0]], { revocation: 'hard' })).toMatchObject({ status: 'unknown' });
    expect(await withLists([], { revocation: 'hard' })).toMatchObject({ status: 'unknown' });
    expect(await withLists([])).toMatchObject({ status: 'trusted' });
  });

  test('what is known of each renewal is told too', async () => {
    const renewed = withRenewal(bytes, token({ signature: signatureToRenew(bytes) }));
    const { crls } = parseEvidence(makeList({ issuer: intermediate }));
    const result = await judge(renewed, { evidence: { crls, responses: [] }, revocation: 'soft' });
    expect(withRenewals(result).map(({ revocation }) => revocation!.used.size)).toEqual([1, 1]);
  });
});

test('a token full of authorities that could be meant costs no time', async () => {
  const key = testKey('p521', 'same');
  const named = { subject: 'CN=Same', key, ca: true, scheme: key.scheme, hash: key.hash };
  const issuer = makeCertificate(named);
  const { leaf } = testAuthority('p256', { issuer });
  const twins = Array.from({ length: 15 }, (_, index) =>
    makeCertificate({ ...named, serial: BigInt(index + 2), key: testKey('p521', `twin ${index}`) }),
  );
  const began = performance.now();
  const error = await refusal(token({ authority: { ...authority, leaf }, certificates: [leaf, ...twins] }));
  expect(error.message).toMatch(/has no part in it/);
  expect(performance.now() - began).toBeLessThan(1_000);
  const crowd = token({ certificates: [authority.leaf, authority.intermediate, ...twins] });
  expect((await refusal(crowd)).message).toMatch(/17 elements, more than 16/);
});

describe('mutation', () => {
  const good = token({ rest: [accuracy(1), der.integer(5)] });
  const whole = withRenewal(good, token({ signature: signatureToRenew(good) }));

  test('attack 46: no mutant of a token is trusted; what its signature covers is 34', { timeout: 120_000 }, async () => {
    expect(await judge(whole)).toMatchObject({ status: 'trusted', renewal: { status: 'trusted' } });
    const top = treeOf(whole);
    let mutants = 0;
    for (const node of nodesOf(top)) {
      for (const spelling of [...Object.values(BER_SPELLINGS), ...Object.values(OTHER_VALUES)]) {
        const bytes = write(top, { node, spelling });
        if (Buffer.compare(bytes, whole) === 0) continue;
        const result = await judge(bytes).catch((error: unknown) => error);
        if (!(result instanceof DisksealError)) {
          // The token's signature covers neither the renewal nor the certificates above the authority's: without them it proves nothing.
          const { status, renewal } = result as TimestampResult;
          expect([status, renewal?.status]).not.toEqual(['trusted', 'trusted']);
          continue;
        }
        expect(result).toMatchObject({ code: 'E_TIMESTAMP', exitCode: 34 });
        mutants++;
      }
    }
    expect(mutants).toBeGreaterThan(2_000);
  });

  test('cut anywhere, or damaged anyhow, it is 34 and quick', { timeout: 60_000 }, async () => {
    for (let length = 0; length < whole.length; length += 7) expect((await refusal(whole.subarray(0, length))).exitCode).toBe(34);
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = whole.slice();
        for (const [place, value] of changes) bytes[place % bytes.length] = value;
        const began = performance.now();
        await judge(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(DisksealError));
        expect(performance.now() - began).toBeLessThan(500);
      }),
      { numRuns: 1_000 },
    );
  });
});
