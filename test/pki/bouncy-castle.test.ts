/** BouncyCastle (Debian: libbcpkix-java and a JDK) as a second judge of our CMS: unlike openssl it minds the order of sets. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeSignedData, signedAttributes } from '../../src/pki/cms-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { signatureToRenew, withRenewal } from '../../src/pki/timestamp-token-write.ts';
import { signStatement, signStatementByAll } from '../../src/seal/sign.ts';
import { judgeTimestamp } from '../../src/trust/timestamp.ts';
import { NOW, plain, sha256, signerOf, signWith, testChain } from '../support/certificates.ts';
import { at, treeOf, write } from '../support/der-tree.ts';
import { workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { extendedKeyUsage, makeToken, signingCertificateV2, testAuthority } from '../support/timestamp-authority.ts';

const JARS = ['bcprov', 'bcpkix', 'bcutil'].map((name) => `/usr/share/java/${name}.jar`);
const present = JARS.every((jar) => existsSync(jar)) && existsSync('/usr/bin/javac');
if (!present) console.warn('libbcpkix-java or a JDK is not installed: our CMS is not shown to BouncyCastle');

const content = new TextEncoder().encode('{"type":"test"}');

test.skipIf(!present)('BouncyCastle verifies what keys of every kind signed, and sees what was changed', { timeout: 120_000 }, async () => {
  const bench = workbench();
  const options = { platform: testPlatform, signingTime: NOW };
  const expected: Record<string, string> = {};
  const add = (name: string, bytes: Uint8Array, verdict: string): void => {
    bench.write(name, bytes);
    expected[name] = verdict;
  };
  for (const kind of ['p256', 'p384', 'rsa3072'] as const) {
    add(kind, await signStatement(content, signerOf(testChain(kind).leaf), options), 'true');
  }
  add('ed25519', byEd25519(), 'true');
  const two = [testChain('p256').leaf, testChain('rsa3072', 'Other').leaf].map(signerOf);
  add('both', await signStatementByAll(content, two, options), 'true true');
  const changed = treeOf(await signStatement(content, two[0], options));
  at(changed, 1, 0, 2, 1, 0).content = new TextEncoder().encode('{"type":"tesT"}');
  add('changed', write(changed), 'false');
  const program = fileURLToPath(new URL('../support/VerifyCms.java', import.meta.url));
  const files = Object.keys(expected).map((name) => bench.path(name));
  const answer = execFileSync('java', ['-cp', JARS.join(':'), program, ...files]).toString();
  expect(answer.trim().split('\n')).toEqual(Object.entries(expected).map(([name, verdict]) => `${name} ${verdict}`));
  bench.remove();
});

test.skipIf(!present)(
  'BouncyCastle takes the timestamp tokens that we take, renewed ones too, and refuses what we refuse',
  { timeout: 120_000 },
  async () => {
    const bench = workbench();
    const signature = new TextEncoder().encode('the octets of a signature');
    const good = (['p256', 'p384', 'p521', 'rsa2048', 'rsa3072'] as const).map((kind) =>
      makeToken({ signature, authority: testAuthority(kind) }),
    );
    const authority = testAuthority();
    const renewed = withRenewal(good[0], makeToken({ signature: signatureToRenew(good[0]), authority }));
    const critical = testAuthority('p256', { extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping], false) } });
    const tokens: Uint8Array[] = [
      ...good,
      renewed,
      makeToken({ signature: content, authority }),
      makeToken({ signature, authority: critical }),
      makeToken({ signature, authority, signedBy: testChain().leaf }),
      makeToken({ signature, authority: testAuthority('p256', { notAfter: NOW - 1 }) }),
      makeToken({ signature, authority, attributes: { [OID.signingCertificateV2]: signingCertificateV2(authority.root) } }),
    ];
    const ours = await Promise.all(
      tokens.map((token) =>
        judgeTimestamp(token, signature, { anchors: [], now: NOW, tolerance: 600 }, testPlatform).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(ours).toEqual([true, true, true, true, true, true, false, false, false, false, false]);
    const files = tokens.map((token, index) => bench.write(`token-${index}`, token));
    const program = fileURLToPath(new URL('../support/VerifyTimestamp.java', import.meta.url));
    const answer = execFileSync('java', ['-cp', JARS.join(':'), program, bench.write('about', signature), ...files]).toString();
    expect(answer.trim().split('\n')).toEqual(ours.map((verdict, index) => `token-${index} ${verdict}`));
    bench.remove();
  },
);

/** Our own signing refuses Ed25519, which is only verified. */
function byEd25519(): Uint8Array {
  const { leaf } = testChain('ed25519');
  const { certificates } = signerOf(leaf);
  const messageDigest = plain(createHash('sha512').update(content).digest());
  const values = {
    messageDigest,
    signingTime: NOW,
    certificateHashes: certificates.map(sha256),
    hash: 'sha512',
    scheme: 'ed25519',
  } as const;
  const attributes = signedAttributes(values);
  const { hash, scheme } = values;
  const signature = signWith(leaf.key, attributes);
  return encodeSignedData({
    content,
    certificates,
    signers: [{ certificate: leaf.bytes, hash, scheme, signedAttributes: attributes, signature }],
  });
}
