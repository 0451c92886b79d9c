import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Platform } from '../../src/core/platform.ts';
import { toHex } from '../../src/core/struct.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, type SignatureParts, type SignedAttributeValues, signedAttributes } from '../../src/pki/cms-write.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { signStatement, signStatementByAll } from '../../src/seal/sign.ts';
import { type Anchor, parseAnchors } from '../../src/trust/anchor.ts';
import { checkSignatures, type SignatureExpectations, type SignatureResult } from '../../src/verify/signature.ts';
import { decidingFailure } from '../../src/verify/verdict.ts';
import {
  type Made,
  makeCertificate,
  NOW,
  plain,
  sha256,
  signerOf,
  signWith,
  type TestKey,
  testChain,
  testKey,
} from '../support/certificates.ts';
import { at, BER_SPELLINGS, type Node, nodesOf, OTHER_VALUES, treeOf, write } from '../support/der-tree.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';

const content = new TextEncoder().encode('{"type":"test"}');
const { root, intermediate, leaf } = testChain();
const options = { platform: testPlatform, signingTime: NOW };
const fingerprint = (made: Made): string => toHex(sha256(made.bytes));
const spkiOf = (made: Made): string => toHex(sha256(made.key.spki));
const anchorOf = (made: Made): Anchor => ({ kind: 'certificate', certificate: made.certificate });
const leafTrust: SignatureExpectations = { anchors: [anchorOf(leaf)], publishers: [], now: NOW };
const rootTrust: SignatureExpectations = { anchors: [anchorOf(root)], publishers: ['CN=Demo Publisher,O=Demo'], now: NOW };

let cms: Uint8Array;
beforeAll(async () => {
  cms = await signStatement(content, signerOf(leaf), options);
});

const check = (bytes: Uint8Array, expectations: SignatureExpectations = leafTrust, platform = testPlatform): Promise<SignatureResult> =>
  checkSignatures(bytes, expectations, platform);
const outcome = ({ checks }: SignatureResult): string => {
  const failed = decidingFailure(checks);
  return failed ? `${failed.code} ${failed.message}` : 'ok';
};

/** Signs by hand, so that every part can be wrong. */
interface Forgery {
  attributes?: Partial<SignedAttributeValues>;
  parts?: Partial<SignatureParts>;
  certificates?: Uint8Array[];
  content?: Uint8Array;
  signer?: Made;
}

function forge({ attributes, parts, certificates, content: text = content, signer = leaf }: Forgery = {}): Uint8Array {
  const { key } = signer;
  const path = certificates ?? signerOf(signer).certificates;
  const values = {
    messageDigest: plain(
      createHash(attributes?.hash ?? key.hash)
        .update(content)
        .digest(),
    ),
    signingTime: NOW,
    certificateHashes: path.map(sha256),
    hash: key.hash,
    scheme: key.scheme,
    ...attributes,
  };
  const signed = signedAttributes(values);
  const { hash, scheme } = values;
  return encodeSignedData({
    content: text,
    certificates: path,
    signers: [
      { certificate: signer.bytes, hash, scheme, signedAttributes: signed, signature: signWith(key, signed, scheme, hash), ...parts },
    ],
  });
}

describe('who is believed', () => {
  test('the publisher whose own certificate is trusted, as certificate or as fingerprint', async () => {
    for (const anchor of [anchorOf(leaf), { kind: 'fingerprint', sha256: fingerprint(leaf) } as const]) {
      const result = await check(cms, { ...leafTrust, anchors: [anchor] });
      expect(outcome(result)).toBe('ok');
      expect(result.content).toEqual(content);
      expect(result.signers).toMatchObject([
        {
          identity: 'anchor',
          algorithm: 'ECDSA with SHA-256',
          signingTime: NOW,
          demonstration: false,
          certificate: { subject: 'CN=Demo Publisher,O=Demo', sha256: fingerprint(leaf) },
        },
      ]);
      expect(result.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(['signature ok', 'path ok', 'publisher ok']);
    }
  });

  test.each(['CN=Demo Publisher,O=Demo', `sha256:${fingerprint(leaf)}`, `spki:${spkiOf(leaf)}`, '*'])(
    'under a root, the publisher %s',
    async (publisher) => {
      const result = await check(cms, { ...rootTrust, publishers: ['CN=Somebody else', publisher] });
      expect(outcome(result)).toBe('ok');
      expect(result.signers[0]).toMatchObject({ identity: 'publisher', anchor: { subject: 'CN=Demo Root,O=Demo' } });
      expect(outcome(await check(cms, { ...rootTrust, publishers: '*' }))).toBe('ok');
    },
  );

  test('rule 8: a root alone gives 31, the identity and the flag to paste', async () => {
    for (const anchor of [anchorOf(root), anchorOf(intermediate), { kind: 'fingerprint', sha256: fingerprint(intermediate) } as const]) {
      const result = await check(cms, { ...rootTrust, anchors: [anchor], publishers: [] });
      const failed = decidingFailure(result.checks)!;
      expect(failed.code).toBe('E_UNKNOWN_PUBLISHER');
      expect(failed.message).toContain('CN=Demo Publisher,O=Demo');
      expect(failed.hint).toContain("--publisher 'CN=Demo Publisher,O=Demo'");
      expect(result.content).toEqual(content);
    }
  });

  test('another publisher than the one asked for is 31, even when the certificate itself is trusted', async () => {
    expect(outcome(await check(cms, { ...rootTrust, publishers: ['CN=Demo Publisher'] }))).toMatch(/^E_UNKNOWN_PUBLISHER/);
    expect(outcome(await check(cms, { ...leafTrust, publishers: ['CN=Other'] }))).toMatch(/^E_UNKNOWN_PUBLISHER .* is trusted but is not/);
  });

  test('no trust given is 30 and says who nobody vouches for', async () => {
    const result = await check(cms, { anchors: [], publishers: '*', now: NOW });
    const failed = decidingFailure(result.checks)!;
    expect(failed.code).toBe('E_UNTRUSTED');
    expect(failed.message).toContain(`spki:${spkiOf(leaf)}`);
    expect(failed.message).toContain('nobody you trust vouches for it');
    expect(failed.hint).toContain(`--trust sha256:${fingerprint(leaf)}`);
    expect(result.content).toEqual(content);
    expect(result.signers[0].refusal?.code).toBe('E_UNTRUSTED');
  });

  test('attack 55: a message that brings its own root is 30', async () => {
    const own = forge({ certificates: [leaf.bytes, intermediate.bytes, root.bytes] });
    const other = testChain('p256', 'Other').root;
    expect(outcome(await check(own, { ...rootTrust, anchors: [anchorOf(other)], publishers: '*' }))).toMatch(
      /^E_UNTRUSTED CN=Demo Root,O=Demo certifies itself/,
    );
  });

  test('a mistake in a publisher is a mistake of usage', async () => {
    await expect(check(cms, { ...rootTrust, publishers: ['Demo'] })).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  test('rule 9: example keys are labelled and are no anchors', async () => {
    const demonstrationKeys = new Set([spkiOf(leaf)]);
    const trusted = await check(cms, { ...leafTrust, demonstrationKeys });
    expect(outcome(trusted)).toBe('ok');
    expect(trusted.signers[0].demonstration).toBe(true);
    expect(trusted.checks.find(({ name }) => name === 'publisher')).toMatchObject({ status: 'warning' });
    expect(outcome(await check(cms, { anchors: [], publishers: '*', now: NOW, demonstrationKeys }))).toMatch(/^E_UNTRUSTED/);
    const byRoot = await check(cms, { ...rootTrust, demonstrationKeys: new Set([spkiOf(root)]) });
    expect(byRoot.signers[0].demonstration).toBe(true);
  });

  test('every kind of key that may sign', async () => {
    for (const kind of ['p256', 'p384', 'rsa3072', 'ed25519'] as const) {
      const chain = testChain(kind, 'Kinds');
      expect(outcome(await check(forge({ signer: chain.leaf }), { ...leafTrust, anchors: [anchorOf(chain.leaf)] })), kind).toBe('ok');
    }
    for (const hash of ['sha384', 'sha512'] as const) {
      const chain = testChain('rsa3072', 'Kinds');
      const bytes = forge({ signer: chain.leaf, attributes: { hash } });
      expect(outcome(await check(bytes, { ...leafTrust, anchors: [anchorOf(chain.leaf)] })), hash).toBe('ok');
    }
  });

  test('a key identifier instead of issuer and serial number', async () => {
    const top = treeOf(cms);
    at(top, 1, 0, 0).content = Uint8Array.of(3);
    at(top, 1, 0, 4, 0, 0).content = Uint8Array.of(3);
    at(top, 1, 0, 4, 0).children[1] = { tag: 0x80, children: [], content: leaf.certificate.extensions.subjectKeyIdentifier! };
    expect(outcome(await check(write(top)))).toBe('ok');
    at(top, 1, 0, 4, 0, 1).content = intermediate.certificate.extensions.subjectKeyIdentifier!;
    expect(outcome(await check(write(top)))).toMatch(/^E_SIGNATURE the signer is not the holder/);
  });
});

describe('time', () => {
  test('expired and not yet valid are 32, ten minutes are forgiven, the signing time proves nothing (attack 45)', async () => {
    const { notBefore, notAfter } = leaf.certificate;
    for (const [now, expected] of [
      [notAfter + 600, 'ok'],
      [notAfter + 601, 'E_EXPIRED'],
      [notBefore - 600, 'ok'],
      [notBefore - 601, 'E_EXPIRED'],
    ] as const) {
      expect(outcome(await check(cms, { ...leafTrust, now })).split(' ')[0]).toBe(expected);
    }
  });

  test('any expired link is enough (attack 44)', async () => {
    const old = makeCertificate({ subject: 'CN=Old CA', key: testKey('p256', 'old'), ca: true, issuer: root, notAfter: NOW - 1000 });
    const signer = makeCertificate({ subject: 'CN=Signer', key: testKey('p256', 'late'), issuer: old });
    expect(outcome(await check(forge({ signer }), { ...rootTrust, publishers: '*' }))).toMatch(/^E_EXPIRED CN=Old CA expired/);
  });
});

describe('what is cryptographically wrong is 23', () => {
  test('the content', async () => {
    expect(outcome(await check(forge({ content: new TextEncoder().encode('{"type":"tesT"}') })))).toMatch(
      /^E_SIGNATURE the content is not the one/,
    );
  });

  test('the signature, by another key, over something else, of zeros (CVE-2022-21449)', async () => {
    const other = testKey('p256', 'other');
    const zero = der.sequence(der.integer(0), der.integer(0));
    const signatures = [signWith(other, content), signWith(leaf.key, content), zero, new Uint8Array(), new Uint8Array(64)];
    for (const signature of signatures)
      expect(outcome(await check(forge({ parts: { signature } })))).toMatch(/^E_SIGNATURE the signature is not one/);
  });

  test('attack 29: the digest attribute is another', async () => {
    expect(outcome(await check(forge({ attributes: { messageDigest: new Uint8Array(32) } })))).toMatch(/^E_SIGNATURE the content/);
    expect(outcome(await check(forge({ attributes: { messageDigest: sha256(content).subarray(0, 16) } })))).toMatch(
      /^E_SIGNATURE the content/,
    );
    expect(outcome(await check(forge({ attributes: { messageDigest: new Uint8Array() } })))).toMatch(/^E_SIGNATURE the content/);
  });

  test('attack 36: another certificate for the same key', async () => {
    const twin = makeCertificate({ subject: 'CN=Somebody Else', key: leaf.key, issuer: intermediate });
    const path = [leaf.bytes, intermediate.bytes].map(sha256);
    const swapped = forge({
      attributes: { certificateHashes: path },
      parts: { certificate: twin.bytes },
      certificates: [twin.bytes, intermediate.bytes],
    });
    expect(outcome(await check(swapped, { ...rootTrust, publishers: '*' }))).toMatch(
      /^E_SIGNATURE the signature binds a certificate that is not there/,
    );
    const both = forge({
      attributes: { certificateHashes: path },
      parts: { certificate: twin.bytes },
      certificates: [twin.bytes, leaf.bytes, intermediate.bytes],
    });
    expect(outcome(await check(both, { ...rootTrust, publishers: '*' }))).toMatch(/E_SIGNATURE the signer is not the holder|E_CMS/);
  });

  test('another path than the one that was bound', async () => {
    const renewed = makeCertificate({ subject: 'O=Demo,CN=Demo CA', key: intermediate.key, ca: true, issuer: root, serial: 99n });
    const bytes = forge({
      attributes: { certificateHashes: [leaf.bytes, intermediate.bytes].map(sha256) },
      certificates: [leaf.bytes, renewed.bytes],
    });
    expect(outcome(await check(bytes, rootTrust))).toMatch(/^E_SIGNATURE the signature binds a certificate that is not there/);
  });

  test('attack 32: algorithms other than those that were signed', async () => {
    const { leaf: rsa } = testChain('rsa3072', 'Kinds');
    const expectations = { ...leafTrust, anchors: [anchorOf(rsa)] };
    const top = treeOf(forge({ signer: rsa }));
    at(top, 1, 0, 4, 0, 4, 0).content = at(treeOf(der.oid(OID.sha512WithRsaEncryption))).content;
    expect(outcome(await check(write(top), expectations))).toMatch(/^E_SIGNATURE the algorithms are not those that were signed/);
    at(top, 1, 0, 1, 0, 0).content = at(treeOf(der.oid(OID.sha512))).content;
    at(top, 1, 0, 4, 0, 2, 0).content = at(treeOf(der.oid(OID.sha512))).content;
    expect(outcome(await check(write(top), expectations))).toMatch(/^E_SIGNATURE the algorithms are not those that were signed/);
  });

  test('a signature of another kind than the key makes', async () => {
    const { leaf: rsa } = testChain('rsa3072', 'Kinds');
    const bytes = forge({ attributes: { scheme: 'rsa-pkcs1' }, parts: { signature: signWith(rsa.key, content) } });
    expect(outcome(await check(bytes))).toMatch(/^E_SIGNATURE a key of kind EC P-256 does not make RSA/);
  });

  test('nothing is handed on when a signature is wrong', async () => {
    const result = await check(forge({ parts: { signature: new Uint8Array(70) } }));
    expect(result.content).toBeUndefined();
    expect(result.signers).toEqual([]);
  });
});

describe('what does not belong is 22', () => {
  test('attack 29: the signed attributes as content, without signed attributes (draft-ietf-lamps-cms-euf-cma-signeddata)', async () => {
    const info = parseSignedData(cms).signers[0];
    const top = treeOf(cms);
    at(top, 1, 0, 2, 1, 0).content = info.signedAttributes;
    at(top, 1, 0, 4, 0).children.splice(3, 1);
    const bytes = write(top);
    expect(outcome(await check(bytes))).toMatch(/^E_CMS/);
    if (!hasOpenssl) return;
    // The forgery is real: openssl takes it.
    const bench = workbench();
    bench.write('forged.p7s', bytes);
    bench.write('root.der', root.bytes);
    bench.openssl('x509', '-inform', 'DER', '-in', 'root.der', '-out', 'root.pem');
    const verify = [
      'cms',
      '-verify',
      '-purpose',
      'any',
      '-binary',
      '-inform',
      'DER',
      '-CAfile',
      'root.pem',
      '-attime',
      String(NOW),
      '-in',
      'forged.p7s',
    ];
    expect(bench.attempt(...verify).status).toBe(0);
    bench.remove();
  });

  test('a certificate on no path, certificates that are no path, one bound twice', async () => {
    const extra = testChain('p256', 'Other').leaf;
    const bound = [leaf.bytes, intermediate.bytes].map(sha256);
    const unused = forge({ certificates: [leaf.bytes, intermediate.bytes, extra.bytes], attributes: { certificateHashes: bound } });
    expect(outcome(await check(unused))).toMatch(/^E_CMS the certificate of CN=Other Publisher,O=Other is on no signer's path/);
    expect(outcome(await check(forge({ certificates: [leaf.bytes, intermediate.bytes, extra.bytes] })))).toMatch(
      /^E_CMS the certificates are no path/,
    );
    expect(outcome(await check(forge({ certificates: [leaf.bytes, intermediate.bytes, intermediate.bytes] })))).toMatch(/^E_CMS .*twice/);
    expect(outcome(await check(forge({ attributes: { certificateHashes: [] } })))).toMatch(/^E_DER/);
  });

  test('revocation data, which nobody would use', async () => {
    const top = treeOf(cms);
    at(top, 1, 0).children.splice(4, 0, { tag: 0xa1, children: [treeOf(der.sequence())], content: new Uint8Array() });
    expect(outcome(await check(write(top)))).toMatch(/^E_DER CertificateList/);
  });
});

describe('what is too weak is 35', () => {
  const weakSigner = (key: TestKey): Made => makeCertificate({ subject: 'CN=Weak', key });

  test.each(['rsa1024', 'rsa2048', 'p521'] as const)('a %s key', async (kind) => {
    const signer = weakSigner(testKey(kind, 'weak'));
    expect(outcome(await check(forge({ signer }), { ...leafTrust, anchors: [anchorOf(signer)] }))).toMatch(/^E_WEAK/);
  });

  test('RSA-PSS, P-256 with another hash', async () => {
    const { leaf: rsa } = testChain('rsa3072', 'Kinds');
    const pss = forge({ signer: rsa, attributes: { scheme: 'rsa-pss' } });
    expect(outcome(await check(pss, { ...leafTrust, anchors: [anchorOf(rsa)] }))).toMatch(/^E_WEAK the signature algorithm RSA-PSS/);
    expect(outcome(await check(forge({ attributes: { hash: 'sha512' } })))).toMatch(/^E_WEAK EC P-256 goes with SHA-256/);
  });

  /** Everywhere, so that the algorithms that are signed say the same. */
  const exchange = (top: Node, from: string, to: string): void => {
    const old = treeOf(der.oid(from)).content;
    for (const node of nodesOf(top))
      if (node.tag === 6 && Buffer.compare(node.content, old) === 0) node.content = treeOf(der.oid(to)).content;
  };

  test('attack 35: SHA-1 and MD5 as digest or in the signature', async () => {
    for (const [digest, signature] of [
      ['1.3.14.3.2.26', '1.2.840.10045.4.1'],
      ['1.2.840.113549.2.5', '1.2.840.113549.1.1.4'],
    ]) {
      const top = treeOf(cms);
      exchange(top, OID.sha256, digest);
      expect(outcome(await check(write(top)))).toMatch(/^E_WEAK the digest (SHA-1|MD5)/);
      const other = treeOf(cms);
      exchange(at(other, 1, 0, 4), OID.ecdsaWithSha256, signature);
      expect(outcome(await check(write(other)))).toMatch(/^E_WEAK the signature algorithm/);
    }
  });

  test('a parameter that does not belong to an algorithm', async () => {
    const top = treeOf(cms);
    at(top, 1, 0, 4, 0, 4).children.push(treeOf(der.nullValue()));
    expect(outcome(await check(write(top)))).toMatch(/^E_SIGNATURE the algorithms are not those that were signed/);
    const protection = nodesOf(at(top, 1, 0, 4, 0, 3)).find(({ tag }) => tag === 0xa1)!;
    protection.children.push(treeOf(der.nullValue()));
    expect(outcome(await check(write(top)))).toMatch(/^E_WEAK/);
  });

  test('a weak link of the path', async () => {
    const ca = makeCertificate({ subject: 'CN=CA', key: testKey('rsa1024', 'ca'), ca: true, issuer: root });
    const signer = makeCertificate({ subject: 'CN=Signer', key: testKey('p256', 'under weak'), issuer: ca });
    expect(outcome(await check(forge({ signer }), { ...rootTrust, publishers: '*' }))).toMatch(/^E_WEAK CN=CA has an RSA key of 1024 bits/);
  });
});

describe('several signers', () => {
  const second = makeCertificate({ subject: 'CN=Second', key: testKey('p384', 'second') });
  let both: Uint8Array;
  beforeAll(async () => {
    both = await signStatementByAll(content, [signerOf(leaf), signerOf(second)], options);
  });

  test('one that counts is enough; the other is listed by fingerprint and fails nothing', async () => {
    const result = await check(both);
    expect(outcome(result)).toBe('ok');
    expect(result.signers).toHaveLength(2);
    const listed = result.checks.find(({ status }) => status === 'skipped')!;
    expect(listed.message).toContain(fingerprint(second));
    expect(outcome(await check(both, { ...leafTrust, anchors: [anchorOf(second)] }))).toBe('ok');
    expect(outcome(await check(both, { ...leafTrust, anchors: [anchorOf(leaf), anchorOf(second)] }))).toBe('ok');
  });

  test('attack 37: each must be right', async () => {
    for (const index of [0, 1]) {
      const top = treeOf(both);
      const signature = at(top, 1, 0, 4, index, -1);
      signature.content = signature.content.map((octet, place) => (place === 20 ? octet ^ 1 : octet));
      const sorted = at(top, 1, 0, 4);
      sorted.children.sort((left, right) => Buffer.compare(write(left), write(right)));
      const result = await check(write(top));
      expect(outcome(result)).toMatch(/^E_SIGNATURE/);
      expect(result.content).toBeUndefined();
    }
  });

  test('none that counts: the one that came furthest says why', async () => {
    expect(outcome(await check(both, { ...rootTrust, publishers: [] }))).toMatch(/^E_UNKNOWN_PUBLISHER/);
    expect(outcome(await check(both, { anchors: [], publishers: [], now: NOW }))).toMatch(/^E_UNTRUSTED/);
  });

  test('the same key twice is one key, by its value', async () => {
    const again = makeCertificate({ subject: 'CN=Alias', key: leaf.key });
    const result = await check(await signStatementByAll(content, [signerOf(leaf), signerOf(again)], options));
    expect(new Set(result.signers.map(({ keyValue }) => keyValue)).size).toBe(1);
  });
});

describe('timestamps', () => {
  const withToken = (token: Uint8Array): Uint8Array => forge({ parts: { timeStampTokens: [token] } });

  test('what is no token is 34', async () => {
    for (const token of [
      der.nullValue(),
      der.sequence(der.oid(OID.idData)),
      der.sequence(der.oid(OID.idSignedData), der.explicit(0, der.sequence())),
    ]) {
      const result = await check(withToken(token));
      expect(outcome(result)).toMatch(/^E_TIMESTAMP the timestamp is malformed/);
    }
  });

  test.skipIf(!hasOpenssl)(
    'one by openssl proves the time to those who trust its authority; one over another signature is 34 (attack 46)',
    async () => {
      const bench = workbench();
      const token = (octets: Uint8Array): Uint8Array => {
        bench.write('data', octets);
        bench.openssl('ts', '-query', '-data', 'data', '-sha256', '-cert', '-out', 'q.tsq');
        bench.openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'q.tsq', '-token_out', '-out', 'token');
        return bench.read('token');
      };
      bench.write(
        'req.cnf',
        '[req]\ndistinguished_name=dn\nx509_extensions=tsa\n[dn]\n[tsa]\nsubjectKeyIdentifier=hash\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n',
      );
      const subject = ['-keyout', 'tsa.key', '-out', 'tsa.pem', '-subj', '/CN=TSA'];
      bench.openssl('req', '-x509', '-config', 'req.cnf', '-newkey', 'rsa:2048', '-nodes', ...subject);
      bench.write('serial', '01\n');
      bench.write(
        'tsa.cnf',
        [
          '[tsa]',
          'default_tsa=t',
          '[t]',
          'serial=serial',
          'signer_cert=tsa.pem',
          'signer_key=tsa.key',
          'signer_digest=sha256',
          'default_policy=1.2.3',
          'digests=sha256',
          'ess_cert_id_alg=sha256',
          '',
        ].join('\n'),
      );
      // openssl asks the clock, so the certificate is one of today.
      const today = Math.floor(Date.now() / 1000);
      const recipe = { subject: 'CN=Today', key: testKey('p256', 'today'), notBefore: today - 86_400, notAfter: today + 86_400 };
      const signer = makeCertificate(recipe);
      const parts = signatureParts(forge({ signer }), signer);
      const stamped = (signed: Uint8Array): Uint8Array =>
        encodeSignedData({ content, certificates: [signer.bytes], signers: [{ ...parts, timeStampTokens: [token(signed)] }] });
      const trust: SignatureExpectations = { anchors: [anchorOf(signer)], publishers: [], now: today };
      const good = stamped(parts.signature);
      const result = await check(good, trust);
      expect(outcome(result)).toBe('ok');
      expect(result.signers[0].timestamps).toMatchObject([{ status: 'unknown' }]);
      expect(result.checks.find(({ name }) => name === 'timestamp')).toMatchObject({ status: 'skipped' });
      const late = await check(good, { ...trust, now: today + 10 * 86_400 });
      expect(outcome(late)).toMatch(/^E_EXPIRED/);
      expect(decidingFailure(late.checks)!.hint).toMatch(/give its root with --timestamp-trust/);
      const timestampAnchors = parseAnchors(bench.read('tsa.pem'));
      const proven = await check(good, { ...trust, timestampAnchors, now: today + 10 * 86_400 });
      expect(outcome(proven)).toBe('ok');
      expect(proven.signers[0]).toMatchObject({ timestamps: [{ status: 'trusted', authority: 'CN=TSA' }], identity: 'anchor' });
      expect(outcome(await check(stamped(content), trust))).toMatch(
        /^E_TIMESTAMP the timestamp is invalid: it was made for another signature/,
      );
      bench.remove();
    },
  );

  function signatureParts(message: Uint8Array, signer = leaf): SignatureParts {
    const { signedAttributes: attributes, signature } = parseSignedData(message).signers[0];
    return { certificate: signer.bytes, hash: 'sha256', scheme: 'ecdsa', signedAttributes: attributes, signature };
  }
});

describe('mutation', () => {
  const refused = async (bytes: Uint8Array): Promise<number> => {
    const result = await check(bytes);
    const failed = decidingFailure(result.checks);
    if (!failed) throw new Error('a mutant was accepted');
    return [22, 23, 34, 35].find((exit) => exit === exitOf(failed.code)) ?? 0;
  };
  const exitOf = (code: string): number =>
    ({ E_DER: 22, E_CMS: 22, E_CERTIFICATE: 22, E_SIGNATURE: 23, E_TIMESTAMP: 34, E_WEAK: 35 })[code] ?? 0;

  test('every byte, flipped in two ways, and one more at the end', async () => {
    for (const mask of [0x01, 0x80]) {
      for (let place = 0; place < cms.length; place++) {
        const bytes = cms.slice();
        bytes[place] ^= mask;
        expect(await refused(bytes), `byte ${place}`).toBeGreaterThan(0);
      }
    }
    expect(await refused(Uint8Array.of(...cms, 0))).toBe(22);
  });

  test('every node written otherwise, changed, doubled or left out', async () => {
    const top = treeOf(cms);
    let mutants = 0;
    for (const node of nodesOf(top)) {
      for (const spelling of [...Object.values(BER_SPELLINGS), ...Object.values(OTHER_VALUES)]) {
        expect(await refused(write(top, { node, spelling }))).toBeGreaterThan(0);
        mutants++;
      }
    }
    console.info(`${mutants} mutants of a CMS message, none accepted`);
    expect(mutants).toBeGreaterThan(1_500);
  });

  test('neighbours exchanged', async () => {
    const top = treeOf(cms);
    for (const node of nodesOf(top)) {
      for (let index = 1; index < node.children.length; index++) {
        const exchanged: Node[] = [...node.children];
        [exchanged[index - 1], exchanged[index]] = [exchanged[index], exchanged[index - 1]];
        const before = node.children;
        node.children = exchanged;
        const bytes = write(top);
        node.children = before;
        if (Buffer.compare(bytes, cms) !== 0) expect(await refused(bytes)).toBeGreaterThan(0);
      }
    }
  });
});

describe('attack 40: a platform that fails is no yes', () => {
  const failing: [string, Partial<Platform>][] = [
    ['a digest that throws', { digest: () => Promise.reject(new Error('broken')) }],
    ['a signature check that throws', { verifySignature: () => Promise.reject(new Error('broken')) }],
    ['a signature check that says no', { verifySignature: () => Promise.resolve(false) }],
    ['a digest that is always the same', { digest: () => Promise.resolve(new Uint8Array(32)) }],
  ];
  test.each(failing)('%s', async (_, part) => {
    const platform = { ...testPlatform, ...part };
    const result = await check(cms, rootTrust, platform).catch(() => undefined);
    expect(result?.content).toBeUndefined();
    if (result) expect(outcome(result)).not.toBe('ok');
  });

  test('each call that fails in turn', async () => {
    let calls = 0;
    const counting: Platform = {
      ...testPlatform,
      digest: (...input) => (calls++, testPlatform.digest(...input)),
      verifySignature: (input) => (calls++, testPlatform.verifySignature(input)),
    };
    await check(cms, rootTrust, counting);
    for (let failAt = 0; failAt < calls; failAt++) {
      let left = failAt;
      const step = <T>(work: () => Promise<T>): Promise<T> => (left-- === 0 ? Promise.reject(new Error('broken')) : work());
      const platform: Platform = {
        ...testPlatform,
        digest: (...input) => step(() => testPlatform.digest(...input)),
        verifySignature: (input) => step(() => testPlatform.verifySignature(input)),
      };
      const result = await check(cms, rootTrust, platform).catch(() => undefined);
      if (result) expect(outcome(result)).not.toBe('ok');
    }
    expect(calls).toBeGreaterThan(5);
  });
});
