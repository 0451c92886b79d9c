import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, withoutUnsignedAttributes, withTimeStampToken } from '../../src/pki/cms-write.ts';
import { compareBytes } from '../../src/pki/der.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { signStatement, signStatementByAll } from '../../src/seal/sign.ts';
import { makeCertificate, NOW, signerOf, testChain, testKey } from '../support/certificates.ts';
import { at, BER_SPELLINGS, type Node, nodesOf, treeOf, write } from '../support/der-tree.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';

const content = new TextEncoder().encode('{"type":"test"}');
const { root, intermediate, leaf } = testChain();
const options = { platform: testPlatform, signingTime: NOW };
let cms: Uint8Array;

beforeAll(async () => {
  cms = await signStatement(content, signerOf(leaf), options);
});

// ContentInfo > [0] > SignedData > version, digestAlgorithms, encapContentInfo, [0] certificates, signerInfos
const SIGNED_DATA = [1, 0];
const SIGNER_INFO = [...SIGNED_DATA, 4, 0];
const SIGNED_ATTRIBUTES = [...SIGNER_INFO, 3];

function changed(change: (top: Node) => void): Uint8Array {
  const top = treeOf(cms);
  change(top);
  return write(top);
}

function refusal(bytes: Uint8Array): DisksealError {
  try {
    parseSignedData(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(DisksealError);
    return error as DisksealError;
  }
  throw new Error('the message was accepted');
}

const attribute = (type: string, ...values: Uint8Array[]): Node => treeOf(der.sequence(der.oid(type), der.setOf(values)));
const sortSet = (set: Node): void => {
  set.children.sort((left, right) => Buffer.compare(write(left), write(right)));
};

describe('a message of our own', () => {
  test('is read as it was written', async () => {
    const data = parseSignedData(cms);
    expect(data.content).toEqual(content);
    expect(data.certificates.map(({ bytes }) => bytes)).toEqual([leaf.bytes, intermediate.bytes].sort(compareBytes));
    const [signer] = data.signers;
    expect(signer.sid).toEqual({ kind: 'issuerAndSerial', issuer: leaf.certificate.issuer.bytes, serial: leaf.certificate.serial });
    expect(signer.signingTime).toBe(NOW);
    expect(signer.messageDigest).toEqual(await testPlatform.digest('sha256', content));
    expect(signer.certificateHashes).toEqual(
      await Promise.all([leaf, intermediate].map(({ bytes }) => testPlatform.digest('sha256', bytes))),
    );
    expect(signer.timeStampTokens).toEqual([]);
    expect(signer.signedAttributes[0]).toBe(0x31);
  });

  test('is the same bytes each time with RSA and a fixed time', async () => {
    const signer = signerOf(testChain('rsa3072', 'Deterministic').leaf);
    expect(await signStatement(content, signer, options)).toEqual(await signStatement(content, signer, options));
  });

  test('drops the root that a signer brings along', async () => {
    const signer = { ...signerOf(leaf), certificates: [leaf.bytes, intermediate.bytes, root.bytes] };
    expect(parseSignedData(await signStatement(content, signer, options)).certificates).toHaveLength(2);
  });

  test('two signers share what they have in common', async () => {
    const other = makeCertificate({ subject: 'CN=Second', key: testKey('p384', 'second'), issuer: intermediate });
    const both = parseSignedData(await signStatementByAll(content, [signerOf(leaf), signerOf(other)], options));
    expect(both.signers).toHaveLength(2);
    expect(both.certificates).toHaveLength(3);
  });
});

describe('a message made from an older one', () => {
  const token = (number: number): Uint8Array => der.sequence(der.integer(number));

  test('keeps a SignerInfo byte for byte, beside a new one', async () => {
    const other = makeCertificate({ subject: 'CN=Second', key: testKey('p384', 'second'), issuer: intermediate });
    const older = parseSignedData(cms);
    const newer = parseSignedData(await signStatement(content, signerOf(other), options));
    const certificates = [...older.certificates, ...newer.certificates].map(({ bytes }) => bytes);
    const both = parseSignedData(encodeSignedData({ content, certificates, signers: [newer.signers[0].bytes, older.signers[0].bytes] }));
    expect(both.signers.map(({ bytes }) => bytes)).toEqual([older.signers[0].bytes, newer.signers[0].bytes].sort(compareBytes));
    expect(both.certificates).toHaveLength(3);
  });

  test('a timestamp is added to a SignerInfo and changes nothing else of it', () => {
    const { certificates, signers } = parseSignedData(cms);
    const once = withTimeStampToken(signers[0].bytes, token(2));
    const twice = withTimeStampToken(withTimeStampToken(once, token(1)), token(2));
    const read = parseSignedData(encodeSignedData({ content, certificates: certificates.map(({ bytes }) => bytes), signers: [twice] }));
    expect(read.signers[0]).toEqual({ ...signers[0], bytes: twice, offset: read.signers[0].offset, timeStampTokens: [token(1), token(2)] });
  });

  test('other attributes that nobody signed stay where they are, or go all together', () => {
    const info = treeOf(parseSignedData(cms).signers[0].bytes);
    const other = attribute('1.2.3.4', der.nullValue());
    info.children.push({ tag: 0xa1, children: [other], content: new Uint8Array() });
    const stamped = treeOf(withTimeStampToken(write(info), token(1)));
    expect(
      at(stamped, -1)
        .children.map((child) => write(child))
        .sort(compareBytes),
    ).toEqual([other, attribute(OID.timeStampToken, token(1))].map((child) => write(child)).sort(compareBytes));
    expect(withoutUnsignedAttributes(write(stamped))).toEqual(parseSignedData(cms).signers[0].bytes);
  });

  test('a signer by key identifier makes it version 3, revocation data that is no CRL version 5', () => {
    const { certificates, signers } = parseSignedData(cms);
    const info = treeOf(signers[0].bytes);
    at(info, 0).content = Uint8Array.of(3);
    info.children[1] = { tag: 0x80, children: [], content: leaf.certificate.extensions.subjectKeyIdentifier! };
    const parts = { content, certificates: certificates.map(({ bytes }) => bytes), signers: [write(info)] };
    const versionOf = (bytes: Uint8Array): Uint8Array => at(treeOf(bytes), ...SIGNED_DATA, 0).content;
    expect(parseSignedData(encodeSignedData(parts)).signers[0].sid.kind).toBe('subjectKeyIdentifier');
    expect(versionOf(encodeSignedData(parts))).toEqual(Uint8Array.of(3));
    const crl = der.sequence(der.integer(1));
    const ocsp = der.implicit(1, der.sequence(der.oid('1.2.3'), der.nullValue()));
    const withCrl = encodeSignedData({ ...parts, revocations: [crl, crl] });
    expect(versionOf(withCrl)).toEqual(Uint8Array.of(3));
    expect(parseSignedData(withCrl).revocations).toEqual([crl]);
    const withBoth = encodeSignedData({ ...parts, revocations: [ocsp, crl] });
    expect(versionOf(withBoth)).toEqual(Uint8Array.of(5));
    expect(parseSignedData(withBoth).revocations).toEqual([crl, ocsp]);
  });

  test('the token of a signature is asked for and stored; the revocation data too', async () => {
    const asked: Uint8Array[] = [];
    const timestamp = (signature: Uint8Array): Promise<Uint8Array> => {
      asked.push(signature);
      return Promise.resolve(token(7));
    };
    const read = parseSignedData(await signStatement(content, signerOf(leaf), { ...options, timestamp, revocations: [token(9)] }));
    expect(asked).toEqual([read.signers[0].signature]);
    expect(read.signers[0].timeStampTokens).toEqual([token(7)]);
    expect(read.revocations).toEqual([token(9)]);
    const none = (): Promise<Uint8Array> => Promise.reject(new DisksealError('E_HTTP', 'no authority'));
    await expect(signStatement(content, signerOf(leaf), { ...options, timestamp: none })).rejects.toMatchObject({ exitCode: 3 });
  });
});

describe('who may sign', () => {
  const attempt = (change: Partial<ReturnType<typeof signerOf>>): Promise<Uint8Array> =>
    signStatement(content, { ...signerOf(leaf), ...change }, options);
  test.each([
    ['no certificate', { certificates: [] }, 'E_KEY', /no certificate/],
    [
      'another key than the certificate says',
      { sign: (message: Uint8Array) => signerOf(intermediate).sign(message) },
      'E_KEY',
      /does not belong/,
    ],
    ['certificates out of order', { certificates: [leaf.bytes, root.bytes, intermediate.bytes] }, 'E_KEY', /was not issued by/],
    ['P-256 with SHA-384', { hash: 'sha384' as const }, 'E_KEY', /sha256/],
    ['a scheme of another key', { scheme: 'rsa-pkcs1' as const }, 'E_KEY', /does not sign/],
  ])('%s', async (_, change, code, words) => {
    const error = await attempt(change).catch((error: unknown) => error);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(words);
  });

  test.each(['rsa1024', 'rsa2048', 'p521'] as const)('%s is too weak or not for signers', async (kind) => {
    const weak = makeCertificate({ subject: 'CN=Weak', key: testKey(kind, 'weak') });
    await expect(signStatement(content, signerOf(weak), options)).rejects.toMatchObject({ code: 'E_WEAK' });
  });

  test('Ed25519 only verifies', async () => {
    const signer = signerOf(makeCertificate({ subject: 'CN=Ed', key: testKey('ed25519') }));
    await expect(signStatement(content, signer, options)).rejects.toMatchObject({ code: 'E_KEY' });
  });
});

describe('malformed messages are 22', () => {
  const cases: [string, (top: Node) => void, RegExp][] = [
    ['no SignedData', (top) => (at(top, 0).content = at(top, 1, 0, 2, 0).content), /must be idSignedData/],
    ['version 3 without need', (top) => (at(top, ...SIGNED_DATA, 0).content = Uint8Array.of(3)), /version must be 1/],
    ['a SignerInfo of version 3', (top) => (at(top, ...SIGNER_INFO, 0).content = Uint8Array.of(3)), /version must be 1/],
    ['detached content', (top) => void at(top, ...SIGNED_DATA, 2).children.pop(), /eContent: is missing/],
    ['content that is no statement', (top) => (at(top, ...SIGNED_DATA, 2, 1, 0).content = Uint8Array.of(0x31)), /begin with/],
    ['empty content', (top) => (at(top, ...SIGNED_DATA, 2, 1, 0).content = new Uint8Array()), /begin with/],
    ['another content type', (top) => (at(top, ...SIGNED_DATA, 2, 0).content = at(treeOf(der.oid(OID.tstInfo))).content), /must be idData/],
    ['no certificates', (top) => void at(top, ...SIGNED_DATA).children.splice(3, 1), /certificates/],
    ['an empty set of certificates', (top) => (at(top, ...SIGNED_DATA, 3).children = []), /at least 1/],
    ['a certificate twice', (top) => void at(top, ...SIGNED_DATA, 3).children.push(at(top, ...SIGNED_DATA, 3, 1)), /twice/],
    ['certificates out of order', (top) => void at(top, ...SIGNED_DATA, 3).children.reverse(), /ascend/],
    ['an attribute certificate', (top) => (at(top, ...SIGNED_DATA, 3, 1).tag = 0xa2), /another kind/],
    ['no digest algorithm', (top) => (at(top, ...SIGNED_DATA, 1).children = []), /at least 1/],
    [
      'another digest algorithm',
      (top) => (at(top, ...SIGNED_DATA, 1, 0, 0).content = at(treeOf(der.oid(OID.sha512))).content),
      /not those of the signers/,
    ],
    [
      'a digest algorithm too many',
      (top) => void at(top, ...SIGNED_DATA, 1).children.push(treeOf(der.sequence(der.oid(OID.sha512)))),
      /not those of the signers/,
    ],
    ['no signer', (top) => (at(top, ...SIGNED_DATA, 4).children = []), /at least 1/],
    ['a signer twice', (top) => void at(top, ...SIGNED_DATA, 4).children.push(at(top, ...SIGNER_INFO)), /twice/],
    ['no signed attributes', (top) => void at(top, ...SIGNER_INFO).children.splice(3, 1), /no signed attributes/],
    ['signed attributes out of order', (top) => void at(top, ...SIGNED_ATTRIBUTES).children.reverse(), /ascend/],
    [
      'revocation data of another kind',
      (top) =>
        void at(top, ...SIGNED_DATA).children.splice(4, 0, { tag: 0xa1, children: [treeOf(der.nullValue())], content: new Uint8Array() }),
      /another kind/,
    ],
    ['a member after the last', (top) => void at(top, ...SIGNED_DATA).children.push(treeOf(der.nullValue())), /does not belong/],
  ];
  test.each(cases)('%s', (_, change, words) => {
    const error = refusal(changed(change));
    expect(error.exitCode).toBe(22);
    expect(error.message).toMatch(words);
    expect(error.offset).toBeTypeOf('number');
  });

  const typeOf = (node: Node): string => Buffer.from(at(node, 0).content).toString('hex');
  const oidHex = (type: string): string => Buffer.from(at(treeOf(der.oid(type))).content).toString('hex');

  test.each([OID.contentType, OID.messageDigest, OID.signingCertificateV2, OID.cmsAlgorithmProtection])(
    'without the signed attribute %s',
    (type) => {
      const bytes = changed((top) => {
        const set = at(top, ...SIGNED_ATTRIBUTES);
        set.children = set.children.filter((child) => typeOf(child) !== oidHex(type));
      });
      expect(refusal(bytes).message).toMatch(/is missing/);
    },
  );

  test.each([OID.contentType, OID.messageDigest, OID.signingTime, OID.signingCertificateV2, OID.cmsAlgorithmProtection])(
    '%s twice, or with two values',
    (type) => {
      const again = changed((top) => {
        const set = at(top, ...SIGNED_ATTRIBUTES);
        const found = set.children.find((child) => typeOf(child) === oidHex(type))!;
        set.children.push({ ...found });
        sortSet(set);
      });
      expect(refusal(again).message).toMatch(/appears twice/);
      const twoValues = changed((top) => {
        const set = at(top, ...SIGNED_ATTRIBUTES);
        const values = at(set.children.find((child) => typeOf(child) === oidHex(type))!, 1);
        values.children.push(treeOf(der.nullValue()));
        sortSet(values);
        sortSet(set);
      });
      expect(refusal(twoValues).message).toMatch(/several values/);
    },
  );

  test.each([
    ['a hash of 20 octets', [der.octetString(new Uint8Array(20))], /hash of 20 octets/],
    ['a hash of 33 octets', [der.octetString(new Uint8Array(33))], /hash of 33 octets/],
    ['SHA-256 written although it is the default', [der.sequence(der.oid(OID.sha256)), der.octetString(new Uint8Array(32))], /certHash/],
    ['an issuer beside the hash', [der.octetString(new Uint8Array(32)), der.sequence()], /does not belong/],
  ])('a certificate bound by %s', (_, members, words) => {
    const bytes = changed((top) => {
      const set = at(top, ...SIGNED_ATTRIBUTES);
      const found = set.children.find((child) => typeOf(child) === oidHex(OID.signingCertificateV2))!;
      at(found, 1).children = [treeOf(der.sequence(der.sequence(der.sequence(...members))))];
      sortSet(set);
    });
    expect(refusal(bytes).message).toMatch(words);
  });

  test.each(['signed', 'unsigned'])('an unknown %s attribute', (kind) => {
    const bytes = changed((top) => {
      const info = at(top, ...SIGNER_INFO);
      const extra = attribute('1.2.3.4', der.nullValue());
      if (kind === 'unsigned') info.children.push({ tag: 0xa1, children: [extra], content: new Uint8Array() });
      else at(info, 3).children.push(extra);
      sortSet(at(info, kind === 'unsigned' ? 6 : 3));
    });
    expect(refusal(bytes).message).toMatch(/1\.2\.3\.4 does not belong here/);
  });

  test('empty unsigned attributes, four timestamps, the same timestamp twice', () => {
    const withUnsigned = (...attributes: Node[]): Uint8Array =>
      changed((top) => void at(top, ...SIGNER_INFO).children.push({ tag: 0xa1, children: attributes, content: new Uint8Array() }));
    const token = (number: number): Uint8Array => der.sequence(der.integer(number));
    expect(refusal(withUnsigned()).message).toMatch(/at least 1/);
    expect(refusal(withUnsigned(attribute(OID.timeStampToken, ...[1, 2, 3, 4].map(token)))).message).toMatch(/more than 3/);
    expect(refusal(withUnsigned(attribute(OID.timeStampToken, token(1), token(1)))).message).toMatch(/twice/);
    const read = parseSignedData(withUnsigned(attribute(OID.timeStampToken, token(1), token(2))));
    expect(read.signers[0].timeStampTokens).toEqual([token(1), token(2)]);
  });

  test('more than a megabyte, or more than 16 KiB of revocation data', () => {
    expect(refusal(new Uint8Array((1 << 20) + 1)).code).toBe('E_CMS');
    const crls = treeOf(der.element(0xa1, der.sequence(der.octetString(new Uint8Array(17_000)))));
    expect(refusal(changed((top) => void at(top, ...SIGNED_DATA).children.splice(4, 0, crls))).message).toMatch(/revocation data/);
  });
});

describe('mutation', () => {
  test('every node in every way that BER allows and DER does not is refused', () => {
    const top = treeOf(cms);
    let mutants = 0;
    for (const node of nodesOf(top)) {
      for (const spelling of Object.values(BER_SPELLINGS)) {
        expect(refusal(write(top, { node, spelling })).exitCode).toBe(22);
        mutants++;
      }
    }
    expect(mutants).toBeGreaterThan(400);
  });

  test('every set that has two elements is refused in another order', () => {
    let mutants = 0;
    const sets = (top: Node): Node[] => nodesOf(top).filter(({ tag, children }) => (tag === 0x31 || tag === 0xa0) && children.length > 1);
    for (const [index] of sets(treeOf(cms)).entries()) {
      const top = treeOf(cms);
      const set = sets(top)[index];
      set.children.reverse();
      expect(refusal(write(top)).exitCode).toBe(22);
      mutants++;
    }
    expect(mutants).toBeGreaterThan(1);
  });

  test('cut anywhere, it is refused', () => {
    for (let length = 0; length < cms.length; length++) expect(refusal(cms.subarray(0, length)).exitCode).toBe(22);
  });

  test('random damage gives a DisksealError or a message, quickly', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = cms.slice();
        for (const [place, value] of changes) bytes[place % bytes.length] = value;
        const began = performance.now();
        try {
          parseSignedData(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
        expect(performance.now() - began).toBeLessThan(500);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe.skipIf(!hasOpenssl)('openssl', () => {
  test.each(['p256', 'p384', 'rsa3072'] as const)('accepts what a %s key signed, and refuses a changed one', async (kind) => {
    const bench = workbench();
    const chain = testChain(kind, 'Interop');
    bench.write('seal.p7s', await signStatement(content, signerOf(chain.leaf), options));
    bench.write('root.der', chain.root.bytes);
    bench.openssl('x509', '-inform', 'DER', '-in', 'root.der', '-out', 'root.pem');
    const verify = [
      'cms',
      '-verify',
      '-purpose',
      'any',
      '-binary',
      '-inform',
      'DER',
      '-no-CApath',
      '-no-CAstore',
      '-CAfile',
      'root.pem',
      '-attime',
      String(NOW),
    ];
    expect(new Uint8Array(bench.openssl(...verify, '-in', 'seal.p7s'))).toEqual(content);
    // -cades makes openssl check signingCertificateV2 itself.
    expect(new Uint8Array(bench.openssl(...verify, '-cades', '-in', 'seal.p7s'))).toEqual(content);
    const other = await signStatement(new TextEncoder().encode('{"type":"tesT"}'), signerOf(chain.leaf), options);
    const place = Buffer.from(other).indexOf('tesT');
    bench.write(
      'bad.p7s',
      Uint8Array.from(other, (octet, index) => (index === place + 3 ? 't'.charCodeAt(0) : octet)),
    );
    expect(bench.attempt(...verify, '-in', 'bad.p7s').status).not.toBe(0);
    bench.remove();
  });

  test('makes messages that ours does not take: other attributes, rsaEncryption as signature algorithm', () => {
    const bench = workbench();
    bench.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:3072',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'c.pem',
      '-subj',
      '/CN=x',
      '-addext',
      'extendedKeyUsage=codeSigning',
    );
    bench.write('content', content);
    bench.openssl(
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-in',
      'content',
      '-signer',
      'c.pem',
      '-inkey',
      'key.pem',
      '-outform',
      'DER',
      '-out',
      'a.p7s',
    );
    expect(refusal(bench.read('a.p7s')).exitCode).toBe(22);
    bench.remove();
  });
});
