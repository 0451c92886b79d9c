/** examples/verify-with-openssl.sh, which the README recommends: it takes good seals and refuses bad ones, each for the right reason. */
import { spawnSync } from 'node:child_process';
import { createHash, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { toHex } from '../../src/core/struct.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { encodeStatement } from '../../src/seal/statement.ts';
import { verify } from '../../src/verify/verify.ts';
import { type Made, makeCertificate, NOW, sha256, testKey } from '../support/certificates.ts';
import { at, type Node, nodesOf, treeOf, write } from '../support/der-tree.ts';
import {
  altered,
  changedStatement,
  inserted,
  placesOf,
  type SealedImage,
  sealedImage,
  signAnyhow,
  withCms,
} from '../support/forged-seal.ts';
import { file, folder, tree } from '../support/memory-tree.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RECIPE = fileURLToPath(new URL('../../examples/verify-with-openssl.sh', import.meta.url));
const noise = new Uint8Array(createHash('shake256', { outputLength: 90_000 }).digest());
const app = tree('Hello', [folder('Hello.app', [file('hello', '#!/bin/sh\n', { mode: 0o755 }), file('caf\u00e9', noise)])]);
const LIFE = { notBefore: Date.UTC(2020, 0) / 1000, notAfter: Date.UTC(2049, 0) / 1000 };

const pem = ({ bytes }: Made): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----\n`;
const root = makeCertificate({ subject: 'CN=Recipe Root', key: testKey('p256', 'recipe root'), ca: true, ...LIFE });
const certified = (subject: string, more: Partial<Parameters<typeof makeCertificate>[0]> = {}): Made =>
  makeCertificate({ subject, key: testKey('p256', subject), issuer: root, ...LIFE, ...more });
const publisher = certified('CN=Publisher');

let place: string;
let sealed: SealedImage;
let count = 0;
beforeAll(async () => {
  place = await temporaryFolder();
  writeFileSync(join(place, 'root.pem'), pem(root));
  sealed = await sealedImage(app, publisher);
});

interface Asked {
  root?: string;
  signer?: Made;
  environment?: Record<string, string>;
}

function recipe(image: Uint8Array, { root = 'root.pem', signer = publisher, environment = {} }: Asked = {}) {
  const path = join(place, `image-${count++}.dmg`);
  writeFileSync(path, image);
  const { status, stdout, stderr } = spawnSync('bash', [RECIPE, path, join(place, root), toHex(sha256(signer.bytes))], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { status, said: stdout + stderr };
}

const signedBy = (leaf: Made, members: Record<string, unknown> = {}): Uint8Array =>
  withCms(sealed, signAnyhow(changedStatement(sealed, members), leaf));

describe.runIf(hasOpenssl)('the recipe takes', () => {
  test.each(['p256', 'p384', 'rsa3072'] as const)('a seal by %s', async (kind) => {
    const signer = certified(`CN=Publisher ${kind}`, { key: testKey(kind, 'recipe') });
    const { status, said } = recipe((await sealedImage(app, signer)).bytes, { signer });
    expect(said).toContain('ok    content   every byte is as it was signed');
    expect(said).toContain('com.example.hello 2.1.0');
    expect(status).toBe(0);
  });
  test('a path with an intermediate', async () => {
    const ca = certified('CN=Recipe CA', { ca: true });
    const signer = certified('CN=Below', { issuer: ca });
    expect(recipe((await sealedImage(app, signer)).bytes, { signer }).status).toBe(0);
  });
  test('keys that may sign next', () => {
    expect(recipe(signedBy(publisher, { keys: ['a'.repeat(64), 'b'.repeat(64)] }))).toMatchObject({ status: 0 });
  });
  test('a critical list that is empty, a version with quotes, a build number', () => {
    const image = signedBy(publisher, { critical: [], version: 'a "quoted" \\ version', build: 17 });
    expect(recipe(image)).toMatchObject({ status: 0 });
  });
});

describe.runIf(hasOpenssl)('the recipe refuses', () => {
  const refused: [string, number, (image: Uint8Array) => Uint8Array][] = [
    ['a changed byte of content', 21, (image) => altered(image, (copy) => (copy[40_000] ^= 1))],
    ['a changed byte of the property list', 21, (image) => altered(image, (copy) => (copy[placesOf(image).plist + 30] ^= 1))],
    ['a changed byte of the trailer', 21, (image) => altered(image, (copy) => (copy[image.length - 1] ^= 1))],
    ['an appended byte', 10, (image) => inserted(image, image.length, Uint8Array.of(0))],
    ['a cut image', 10, (image) => image.subarray(0, -512)],
    ['an empty file', 10, () => new Uint8Array()],
    ['bytes between property list and trailer', 20, (image) => inserted(image, placesOf(image).trailer, new Uint8Array(100))],
    ['bytes in the slack', 22, (image) => altered(image, (copy) => (copy[placesOf(image).slack + 1000] = 1))],
    ['a changed inventory', 22, (image) => altered(image, (copy) => (copy[placesOf(image).content + 3] ^= 1))],
    ['a changed header', 22, (image) => altered(image, (copy) => (copy[placesOf(image).area + 20] ^= 1))],
    ['a changed checksum of the header', 22, (image) => altered(image, (copy) => (copy[placesOf(image).area + 12] ^= 1))],
    ['a changed checksum of the footer', 22, (image) => altered(image, (copy) => (copy[placesOf(image).footer + 15] ^= 1))],
    ['another version of the seal', 22, (image) => altered(image, (copy) => (copy[placesOf(image).footer + 11] = 2))],
    ['a seal without its footer', 10, (image) => altered(image, (copy) => (copy[placesOf(image).footer] = 0))],
    ['a size beyond 2^53', 20, (image) => altered(image, (copy) => (copy[placesOf(image).trailer + 216] = 0xff))],
    ['a data fork that begins elsewhere', 20, (image) => altered(image, (copy) => (copy[placesOf(image).trailer + 31] = 1))],
    ['a changed signature', 23, (image) => altered(image, (copy) => (copy[placesOf(image).slack - 3] ^= 1))],
  ];
  test.each(refused)('%s (%i)', (_what, code, change) => {
    expect(recipe(change(sealed.bytes))).toMatchObject({ status: code });
  });

  test('a hole between property list and trailer, whatever is in it (50)', () => {
    const { trailer } = placesOf(sealed.bytes);
    const image = inserted(sealed.bytes, trailer, new Uint8Array(100));
    const koly = KolyTrailer.read(image, trailer + 100);
    KolyTrailer.write({ ...koly, codeSignatureOffset: trailer, codeSignatureLength: 100 }, image, trailer + 100);
    expect(recipe(image)).toMatchObject({ status: 50 });
  });
  test.each<[string, Record<string, unknown>]>([
    ['a critical part', { critical: ['x'] }],
    ['keys that are none', { keys: ['x'] }],
    ['an unknown member', { more: 'x' }],
    ['another size of the image', { imageSize: 1 }],
    ['other covered ranges', { covered: [[0, 1]] }],
    ['another number of leaves', { tree: { algorithm: 'rfc9162-sha256', chunk: 65_536, leaves: 99, root: '0'.repeat(64) } }],
    ['an Apple signature announced', { apple: { teamId: 'X', identifier: 'y' } }],
    ['a product that is none', { product: 'Two Words' }],
  ])('a statement with %s (22)', (_what, members) => {
    expect(recipe(signedBy(publisher, members))).toMatchObject({ status: 22 });
  });
  test('a statement with another flat digest (21)', () => {
    expect(recipe(signedBy(publisher, { flat: '0'.repeat(64) }))).toMatchObject({ status: 21 });
  });
  test('a statement in another spelling (22)', () => {
    const spelled = new TextEncoder().encode(new TextDecoder().decode(encodeStatement(sealed.statement)).replace(',', ', '));
    expect(recipe(withCms(sealed, signAnyhow(spelled, publisher)))).toMatchObject({ status: 22 });
  });
  test('another root (30), also when the system trusts the right one', () => {
    const other = makeCertificate({ subject: 'CN=Other Root', key: testKey('p256', 'other root'), ca: true, ...LIFE });
    writeFileSync(join(place, 'other.pem'), pem(other));
    const environment = { SSL_CERT_FILE: join(place, 'root.pem'), SSL_CERT_DIR: place };
    expect(recipe(sealed.bytes, { root: 'other.pem' })).toMatchObject({ status: 30 });
    expect(recipe(sealed.bytes, { root: 'other.pem', environment })).toMatchObject({ status: 30 });
  });
  test("rule 25: a certificate of one of the system's authorities (30)", () => {
    const system = makeCertificate({ subject: 'CN=System Root', key: testKey('p256', 'system root'), ca: true, ...LIFE });
    writeFileSync(join(place, 'system.pem'), pem(system));
    const signer = certified('CN=Known to the System', { issuer: system });
    const environment = { SSL_CERT_FILE: join(place, 'system.pem'), SSL_CERT_DIR: place };
    expect(recipe(signedBy(signer), { signer, environment, root: 'system.pem' })).toMatchObject({ status: 0 });
    expect(recipe(signedBy(signer), { signer, environment })).toMatchObject({ status: 30 });
  });
  test('rule 25: SHA-1 as the digest of a signature that is right (35)', () => {
    const { cms, slack } = placesOf(sealed.bytes);
    const top = treeOf(sealed.bytes.subarray(cms, slack));
    const [info] = at(top, 1, 0, 4).children;
    const exchange = (under: Node, from: string, to: string): void => {
      const old = treeOf(der.oid(from)).content;
      for (const node of nodesOf(under)) if (Buffer.compare(node.content, old) === 0) node.content = treeOf(der.oid(to)).content;
    };
    exchange(top, OID.sha256, '1.3.14.3.2.26');
    exchange(info, OID.ecdsaWithSha256, '1.2.840.10045.4.1');
    const sha1 = new Uint8Array(createHash('sha1').update(encodeStatement(sealed.statement)).digest());
    nodesOf(info).find(({ tag, content }) => tag === 4 && content.length === 32)!.content = sha1;
    const attributes = at(info, 3);
    attributes.children.sort((left, right) => Buffer.compare(write(left), write(right)));
    at(info, 5).content = new Uint8Array(sign('sha1', write({ ...attributes, tag: 0x31 }), publisher.key.privateKey));
    expect(recipe(withCms(sealed, write(top)))).toMatchObject({ status: 35 });
  });
  test('rule 25, attack 29: the signed attributes as content, without signed attributes', () => {
    const { cms, slack } = placesOf(sealed.bytes);
    const message = sealed.bytes.subarray(cms, slack);
    const top = treeOf(message);
    at(top, 1, 0, 2, 1, 0).content = parseSignedData(message).signers[0].signedAttributes;
    at(top, 1, 0, 4, 0).children.splice(3, 1);
    const forged = write(top);
    // The forgery is real: openssl takes it.
    const bench = workbench();
    bench.write('forged', forged);
    const accept = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'forged', '-noverify', '-out', 'content'];
    expect(bench.attempt(...accept)).toMatchObject({ status: 0 });
    bench.remove();
    expect(recipe(withCms(sealed, forged))).toMatchObject({ status: 22 });
  });
  test('rule 25: a byte behind the message, in its slack (22)', () => {
    const { cms, slack } = placesOf(sealed.bytes);
    expect(recipe(withCms(sealed, Uint8Array.of(...sealed.bytes.subarray(cms, slack), 0)))).toMatchObject({ status: 22 });
    expect(recipe(altered(sealed.bytes, (copy) => (copy[slack] = 0x30)))).toMatchObject({ status: 22 });
  });
  test('a TLS certificate of the same root (30)', () => {
    const signer = certified('CN=www.example.com', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] });
    expect(recipe(signedBy(signer), { signer })).toMatchObject({ status: 30 });
  });
  test('a key that may not sign data (30)', () => {
    const signer = certified('CN=No Signatures', { keyUsage: ['cRLSign'] });
    expect(recipe(signedBy(signer), { signer })).toMatchObject({ status: 30 });
  });
  test('another publisher under the same root (31)', () => {
    expect(recipe(signedBy(certified('CN=Somebody Else')))).toMatchObject({ status: 31 });
  });
  test('an expired certificate (32)', () => {
    const signer = certified('CN=Expired', { notAfter: Date.UTC(2021, 0) / 1000 });
    expect(recipe(signedBy(signer), { signer })).toMatchObject({ status: 32 });
  });
  test.each([
    ['rsa1024', 35],
    ['rsa2048', 35],
    ['p521', 35],
  ] as const)('a key of %s (%i)', (kind, code) => {
    const signer = certified(`CN=Key ${kind}`, { key: testKey(kind, 'recipe') });
    expect(recipe(signedBy(signer), { signer })).toMatchObject({ status: code });
  });
  test('a signature without signed attributes, two signers, another DER length (22)', () => {
    const bench = workbench();
    bench.write('statement', encodeStatement(sealed.statement));
    for (const [name, who] of [
      ['a', publisher],
      ['b', certified('CN=Second')],
    ] as const) {
      bench.write(`${name}.pem`, pem(who) + String(who.key.privateKey.export({ type: 'pkcs8', format: 'pem' })));
    }
    const sign = ['cms', '-sign', '-binary', '-nodetach', '-outform', 'DER', '-md', 'sha256', '-in', 'statement', '-signer', 'a.pem'];
    expect(recipe(withCms(sealed, bench.openssl(...sign, '-noattr')))).toMatchObject({ status: 22 });
    expect(recipe(withCms(sealed, bench.openssl(...sign, '-cades', '-signer', 'b.pem')))).toMatchObject({ status: 22 });
    const attributes = bench.openssl(...sign, '-cades');
    expect(recipe(withCms(sealed, Uint8Array.of(...attributes, 0)))).toMatchObject({ status: 22 });
    // Without an ESS attribute the path is not bound.
    expect(recipe(withCms(sealed, bench.openssl(...sign)))).toMatchObject({ status: 22 });
    bench.remove();
  });
  test('wrong usage (2) and a missing file (3)', () => {
    const run = (...args: string[]) => spawnSync('bash', [RECIPE, ...args]).status;
    expect(run()).toBe(2);
    expect(run('image.dmg', 'root.pem', 'abc')).toBe(2);
    expect(run(join(place, 'missing.dmg'), join(place, 'root.pem'), '0'.repeat(64))).toBe(3);
  });
});

test.runIf(hasOpenssl)(
  'what the recipe takes, the verifier takes: a sample of flipped bytes',
  async () => {
    const { table, cms } = placesOf(sealed.bytes);
    const policy = { anchors: [{ kind: 'certificate', certificate: publisher.certificate }], publishers: [], now: NOW } as const;
    for (let offset = 5; offset < sealed.bytes.length; offset += 10_007) {
      const image = altered(sealed.bytes, (copy) => (copy[offset] ^= 1 << (offset % 8)));
      const verdict = await verify(bytesDisk(image), policy, testPlatform);
      expect(verdict.exitCode, `byte ${offset}`).not.toBe(0);
      // Its one stated hole: it hashes the whole image and needs no leaf table.
      if (offset < table || offset >= cms) expect(recipe(image).status, `byte ${offset}`).not.toBe(0);
    }
  },
  120_000,
);
