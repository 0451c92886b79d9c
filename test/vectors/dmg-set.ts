/** The set `dmg`: one bad image for each error that a DMG can bring about, one failure in each; and the vectors for trees and statements. */
import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../src/core/crc32.ts';
import { bytesDisk, type Disk, sliceDisk, stream } from '../../src/core/disk.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { PartitionedDisk } from '../../src/core/partition.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import * as der from '../../src/pki/der-write.ts';
import { type Made, makeCertificate, NOW, sha256, testKey } from '../support/certificates.ts';
import {
  altered,
  changedStatement,
  inserted,
  placesOf,
  type SealedImage,
  sealedDisk,
  sealedImage,
  signAnyhow,
  withCms,
} from '../support/forged-seal.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import type { StatementVector, TreeVector } from './vector.ts';
import { type Case, json, pem, type VectorSet } from './write.ts';

const LIFE = { notBefore: Date.UTC(2020, 0) / 1000, notAfter: Date.UTC(2049, 0) / 1000 };
const CHUNK = 65_536;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const app = tree('Hello', [
  folder('Hello.app', [
    folder('Contents', [folder('MacOS', [file('hello', '#!/bin/sh\necho hello\n', { mode: 0o755 })]), file('caf\u00e9', 'un caf\u00e9')]),
  ]),
  symlink('Applications', '/Applications'),
]);

const root = makeCertificate({ subject: 'O=Vectors,CN=Vector Root', key: testKey('p256', 'root'), ca: true, ...LIFE });
const below = (subject: string, more: Partial<Parameters<typeof makeCertificate>[0]> = {}): Made =>
  makeCertificate({ subject, key: testKey('p256', subject), issuer: root, ...LIFE, ...more });
const publisher = below('O=Vectors,CN=Vector Publisher');
const intermediate = below('O=Vectors,CN=Vector CA', { ca: true });
const backwards = below('O=Vectors,CN=Backwards', { notBefore: LIFE.notAfter, notAfter: LIFE.notBefore });
const rsaPublisher = below('O=Vectors,CN=Vector Publisher RSA', { key: testKey('rsa3072') });

export async function makeDmgSet(place: string): Promise<VectorSet> {
  const sealed = await sealedImage(app, publisher);
  const cases = [
    ...(await goodImages(sealed)),
    ...badContainers(sealed.bytes),
    ...badSeals(sealed),
    ...badSigners(sealed),
    ...(await badVolumes()),
  ];
  writeFileSync(join(place, 'tree.json'), json(treeVectors()));
  writeFileSync(join(place, 'statement.json'), json(statementVectors(sealed)));
  return { cases, trust: ['publisher.pem'], files: { 'root.pem': pem(root), 'publisher.pem': pem(publisher) } };
}

const underRoot = { trust: ['root.pem'], publishers: ['*'] };

async function goodImages(sealed: SealedImage): Promise<Case[]> {
  const chained = await sealedImage(app, below('O=Vectors,CN=Below', { issuer: intermediate }));
  const all = { critical: [], build: 17, version: '2.1.0 "b\u00eata" \\ \ud83d\udce6' };
  return [
    { name: 'p256', about: 'a sealed image', bytes: sealed.bytes },
    { name: 'deep', about: 'its volume is what the inventory says', command: 'verify --deep', bytes: sealed.bytes },
    { name: 'root', about: 'the root is trusted, and any publisher under it', bytes: sealed.bytes, ...underRoot },
    { name: 'path', about: 'an intermediate between root and publisher', bytes: chained.bytes, ...underRoot },
    { name: 'rsa', about: 'RSA of 3072 bits', bytes: (await sealedImage(app, rsaPublisher)).bytes, ...underRoot },
    {
      name: 'p384',
      about: 'P-384 with SHA-384',
      bytes: (await sealedImage(app, below('O=Vectors,CN=Vector Publisher P-384', { key: testKey('p384') }))).bytes,
      ...underRoot,
    },
    {
      name: 'members',
      about: 'every optional member; quotes and an emoji in the version',
      bytes: withCms(sealed, signAnyhow(changedStatement(sealed, all), publisher)),
    },
  ];
}

function badContainers(good: Uint8Array): Case[] {
  const { trailer, area, footer, plist } = placesOf(good);
  const hole = inserted(good, trailer, utf8('x'.repeat(64)));
  const framed = altered(hole, (copy) => {
    const koly = KolyTrailer.read(copy, trailer + 64);
    KolyTrailer.write({ ...koly, codeSignatureOffset: trailer, codeSignatureLength: 64 }, copy, trailer + 64);
  });
  return [
    { name: 'empty', code: 'E_NO_SEAL', about: 'an empty file', bytes: new Uint8Array() },
    { name: 'cut', code: 'E_NO_SEAL', about: 'the last 512 bytes are missing', bytes: good.subarray(0, -512) },
    { name: 'appended', code: 'E_NO_SEAL', about: 'one byte follows the trailer', bytes: inserted(good, good.length, Uint8Array.of(0)) },
    { name: 'unsealed', code: 'E_NO_SEAL', about: 'a good image without a seal', bytes: unsealed(good) },
    { name: 'no-footer', code: 'E_NO_SEAL', about: 'another magic in the footer', bytes: altered(good, (copy) => (copy[footer] = 0x58)) },
    { name: 'text', code: 'E_NOT_IMAGE', about: 'a text', command: 'inspect', bytes: utf8('no image at all\n'.repeat(100)) },
    {
      name: 'plist-place',
      code: 'E_UDIF',
      about: 'the property list leaves the file',
      bytes: altered(good, (copy) => new DataView(copy.buffer).setBigUint64(trailer + 216, BigInt(copy.length))),
    },
    {
      name: 'beyond',
      code: 'E_UNSUPPORTED',
      about: 'a size beyond 2^53 in the trailer',
      bytes: altered(good, (copy) => (copy[trailer + 216] = 0xff)),
    },
    { name: 'gap', code: 'E_UNCOVERED', about: 'bytes between property list and trailer that nothing names', bytes: hole },
    {
      name: 'masked',
      code: 'E_UNCOVERED',
      about: 'masked bytes of the trailer are not zero and name no signature',
      bytes: altered(good, (copy) => (copy[trailer + 300] = 1)),
    },
    {
      name: 'data-fork',
      code: 'E_UNCOVERED',
      about: 'the data fork ends before the seal begins',
      bytes: altered(good, (copy) => new DataView(copy.buffer).setBigUint64(trailer + 32, BigInt(area - 1))),
    },
    { name: 'content', code: 'E_TAMPERED', about: 'one bit of the data fork', bytes: altered(good, (copy) => (copy[area - 100] ^= 1)) },
    { name: 'plist', code: 'E_TAMPERED', about: 'one bit of the property list', bytes: altered(good, (copy) => (copy[plist + 200] ^= 1)) },
    { name: 'trailer', code: 'E_TAMPERED', about: 'one bit of the trailer', bytes: altered(good, (copy) => (copy[trailer + 70] ^= 1)) },
    { name: 'frame', code: 'E_APPLE', about: "a frame where Apple's signature would be", bytes: framed },
  ];
}

function unsealed(good: Uint8Array): Uint8Array {
  const { area, plist, koly } = placesOf(good);
  const bytes = new Uint8Array(area + good.length - plist);
  bytes.set(good.subarray(0, area));
  bytes.set(good.subarray(plist), area);
  KolyTrailer.write({ ...koly, xmlOffset: area }, bytes, bytes.length - KolyTrailer.size);
  return bytes;
}

function badSeals(sealed: SealedImage): Case[] {
  const good = sealed.bytes;
  const { area, content, table, cms, slack, footer } = placesOf(good);
  const signature = good.subarray(cms, slack);
  const flip = (at: number): Uint8Array => altered(good, (copy) => (copy[at] ^= 1));
  const stating = (members: Record<string, unknown>): Uint8Array =>
    withCms(sealed, signAnyhow(changedStatement(sealed, members), publisher));
  const seal = (name: string, about: string, bytes: Uint8Array): Case => ({ name, code: 'E_SEAL', about, bytes });
  return [
    seal('slack', 'a byte in the slack', flip(slack + 5000)),
    seal('header', 'header and footer differ', flip(area + 60)),
    seal('footer', 'the checksum of the footer is wrong', flip(footer + 13)),
    seal('inventory', 'the content inventory is not the signed one', flip(content + 2)),
    seal('leaf-table', 'the leaf table does not give the signed root', flip(table + 7)),
    seal('unknown', 'a member that version 1 does not know', stating({ more: 'x' })),
    seal('critical', 'a critical part', stating({ critical: ['x'] })),
    seal('coverage', 'the statement covers less than the image asks for', stating({ covered: [[0, area]] })),
    seal('image-size', 'the statement is about an image of another size', stating({ imageSize: good.length + 1 })),
    seal('placement', 'a seal for use apart from its image', stating({ placement: 'detached' })),
    seal('direction', 'a mark in the version that turns the direction of writing', stating({ version: '1.0 \u202e' })),
    seal('spelling', 'a statement that is not canonical', withCms(sealed, signAnyhow(respelled(sealed), publisher))),
    { name: 'length', code: 'E_DER', about: 'a byte follows the DER', bytes: withCms(sealed, Uint8Array.of(...signature, 0)) },
    { name: 'indefinite', code: 'E_DER', about: 'BER of indefinite length', bytes: withCms(sealed, indefinite(signature)) },
    {
      name: 'no-attributes',
      code: 'E_CMS',
      about: 'the signature is over the content itself, without signed attributes',
      bytes: withCms(sealed, withoutAttributes(sealed)),
    },
    { name: 'signature', code: 'E_SIGNATURE', about: 'one bit of the signature', bytes: flip(slack - 4) },
    {
      name: 'timestamp',
      code: 'E_TIMESTAMP',
      about: 'a timestamp token that is none',
      bytes: withCms(sealed, signAnyhow(changedStatement(sealed, {}), publisher, { timeStampTokens: [der.sequence(der.integer(1))] })),
    },
  ];
}

function respelled(sealed: SealedImage): Uint8Array {
  return utf8(new TextDecoder().decode(changedStatement(sealed, {})).replace(',"arch"', ', "arch"'));
}

/** The outermost length as "until two zeros follow". */
function indefinite(message: Uint8Array): Uint8Array {
  return Uint8Array.of(0x30, 0x80, ...message.subarray(message[1] > 0x80 ? 2 + (message[1] & 0x7f) : 2), 0, 0);
}

/** As openssl's -noattr makes it: SignerInfo without its fourth member, the signature over the statement. */
function withoutAttributes(sealed: SealedImage): Uint8Array {
  const statement = changedStatement(sealed, {});
  const { certificate, key } = publisher;
  const digest = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'));
  const signer = der.sequence(
    der.integer(1),
    der.sequence(certificate.issuer.bytes, der.element(2, certificate.serial)),
    digest,
    der.sequence(der.oid('1.2.840.10045.4.3.2')),
    der.octetString(new Uint8Array(sign('sha256', statement, key.privateKey))),
  );
  const signedData = der.sequence(
    der.integer(1),
    der.setOf([digest]),
    der.sequence(der.oid('1.2.840.113549.1.7.1'), der.explicit(0, der.octetString(statement))),
    der.setOf([publisher.bytes], 0xa0),
    der.setOf([signer]),
  );
  return der.sequence(der.oid('1.2.840.113549.1.7.2'), der.explicit(0, signedData));
}

function badSigners(sealed: SealedImage): Case[] {
  const by = (leaf: Made): Uint8Array => withCms(sealed, signAnyhow(changedStatement(sealed, {}), leaf));
  const more = (subject: string, given: Partial<Parameters<typeof makeCertificate>[0]>): Uint8Array => by(below(subject, given));
  return [
    { name: 'nobody', code: 'E_UNTRUSTED', about: 'nobody is trusted', bytes: sealed.bytes, trust: [] },
    { name: 'other-root', code: 'E_UNTRUSTED', about: 'another root', bytes: by(stranger()), ...underRoot },
    {
      name: 'backwards',
      code: 'E_CERTIFICATE',
      about: 'beside the path stands a certificate that ends before it begins',
      bytes: withCms(sealed, signAnyhow(changedStatement(sealed, {}), publisher, {}, { certificates: [publisher.bytes, backwards.bytes] })),
    },
    {
      name: 'tls',
      code: 'E_UNTRUSTED',
      about: 'a TLS certificate of the trusted root',
      bytes: more('CN=www.example.com', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }),
      ...underRoot,
    },
    {
      name: 'no-ca',
      code: 'E_UNTRUSTED',
      about: 'signed by a certificate that a publisher issued',
      bytes: by(below('CN=Grandchild', { issuer: publisher })),
      ...underRoot,
    },
    {
      name: 'unnamed',
      code: 'E_UNKNOWN_PUBLISHER',
      about: 'a root is trusted, no publisher named',
      bytes: sealed.bytes,
      trust: ['root.pem'],
    },
    {
      name: 'other-name',
      code: 'E_UNKNOWN_PUBLISHER',
      about: 'another publisher under the trusted root',
      bytes: more('O=Vectors,CN=Somebody Else', {}),
      trust: ['root.pem'],
      publishers: ['CN=Vector Publisher,O=Vectors'],
    },
    { name: 'expired', code: 'E_EXPIRED', about: 'judged after the certificate ended', bytes: sealed.bytes, at: LIFE.notAfter + 86_400 },
    { name: 'not-yet', code: 'E_EXPIRED', about: 'judged before the certificate began', bytes: sealed.bytes, at: LIFE.notBefore - 86_400 },
    { name: 'rsa2048', code: 'E_WEAK', about: 'RSA of 2048 bits', bytes: more('CN=Weak RSA', { key: testKey('rsa2048') }), ...underRoot },
    {
      name: 'p521',
      code: 'E_WEAK',
      about: 'a curve that version 1 does not name',
      bytes: more('CN=P-521', { key: testKey('p521') }),
      ...underRoot,
    },
    {
      name: 'version-1',
      code: 'E_UNTRUSTED',
      about: 'a certificate of X.509 version 1, which cannot say what it is for',
      bytes: by(below('CN=Version 1', { version: 0 })),
      ...underRoot,
    },
  ];
}

function stranger(): Made {
  const other = makeCertificate({ subject: 'O=Vectors,CN=Vector Root', key: testKey('p256', 'other root'), ca: true, ...LIFE });
  return makeCertificate({ subject: 'O=Vectors,CN=Vector Publisher', key: testKey('p256', 'stranger'), issuer: other, ...LIFE });
}

/** Sealed by the publisher, who did it badly: only `--deep` looks inside. */
async function badVolumes(): Promise<Case[]> {
  const volume = await format(app, { volumeId: 1n, created: NOW });
  const bytes = await volume.read(0, volume.size);
  const deep = (name: string, code: ErrorCode, about: string, image: Uint8Array): Case => ({
    name,
    code,
    about,
    bytes: image,
    command: 'verify --deep',
  });
  const around = (...volumes: Disk[]): PartitionedDisk =>
    partition(
      volumes.map((disk) => ({ disk, type: 'Apple_HFS', name: 'disk image' })),
      {
        diskId: sha256(utf8('disk')).subarray(0, 16),
        volumeIds: volumes.map((_, index) => sha256(utf8(`volume ${index}`)).subarray(0, 16)),
      },
    );
  const sealed = (disk: PartitionedDisk): Promise<Uint8Array> => sealedDisk(disk, publisher);
  const whole = around(volume);
  const brokenCatalog = altered(bytes, (copy) => copy.fill(0xff, catalogOf(copy), catalogOf(copy) + 14));
  const brokenMap = changedDisk(whole, (header) => (header[16] ^= 1));
  const farTable = changedDisk(whole, (header) => {
    header.fill(0xff, 72, 76);
    const zeroed = altered(header.subarray(0, 92), (copy) => copy.fill(0, 16, 20));
    new DataView(header.buffer, header.byteOffset).setUint32(16, crc32(zeroed), true);
  });
  const plistless = await sealedDisk(whole, publisher, ({ plist }) => plist.fill(0x20, 0, 60));
  const runless = await sealedDisk(whole, publisher, ({ koly }) => (koly[11] = 1));
  return [
    deep('catalog', 'E_HFSPLUS', 'the catalog of the sealed volume is broken', await sealed(around(bytesDisk(brokenCatalog)))),
    deep('map', 'E_PARTITION', 'the checksums of the sealed partition map are wrong', await sealed(await brokenMap)),
    deep('sealed-plist', 'E_PLIST', 'the sealed property list is none', plistless),
    deep('trailer-size', 'E_UDIF', 'the sealed trailer states another size for itself', runless),
    deep(
      'two-volumes',
      'E_UNSUPPORTED',
      'two volumes are sealed, and it is not said which one is meant',
      await sealed(around(volume, volume)),
    ),
    deep('cut-volume', 'E_HFSPLUS', 'the sealed volume is cut off', await sealed(around(sliceDisk(volume, 0, volume.size - 8192)))),
    deep('far-table', 'E_TRUNCATED', 'both headers of the sealed map point beyond the disk', await sealed(await farTable)),
    deep('inventory', 'E_TAMPERED', 'the inventory says nothing of what is in the volume', await sealed(whole)),
  ];
}

/** First byte of the catalog: its first extent, bytes 288 to 292 of the volume header. */
function catalogOf(volume: Uint8Array): number {
  return new DataView(volume.buffer, volume.byteOffset).getUint32(1024 + 288) * 4096;
}

/** The disk with both headers of its GPT changed alike: the first at sector 1, the second in the last sector. */
async function changedDisk(disk: PartitionedDisk, change: (header: Uint8Array) => void): Promise<PartitionedDisk> {
  const bytes = await readAll(disk);
  for (const at of [512, bytes.length - 512]) change(bytes.subarray(at, at + 512));
  return { ...bytesDisk(bytes), areas: disk.areas };
}

async function readAll(disk: Disk): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream(disk)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

// ---- trees --------------------------------------------------------------------------------------------------------------

function treeVectors(): TreeVector[] {
  const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33].map((count) => [count * CHUNK]);
  const odd = [[], [1], [CHUNK - 1], [CHUNK + 1], [2 * CHUNK, 512], [100, 100, 100], [3 * CHUNK + 5, 2 * CHUNK, 7]];
  return [...counts, ...odd].map((ranges) => {
    const chunks = chunksOf(ranges);
    return {
      ranges,
      leaves: chunks.length,
      root: hex(rootOf(chunks.map(leafOf))),
      flat: hex(sha256(new Uint8Array(Buffer.concat(chunks)))),
    };
  });
}

function chunksOf(ranges: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let position = 0;
  for (const range of ranges) {
    for (let done = 0; done < range; done += CHUNK) {
      const chunk = Uint8Array.from({ length: Math.min(CHUNK, range - done) }, (_, index) => (position + index) % 251);
      position += chunk.length;
      chunks.push(chunk);
    }
  }
  return chunks;
}

function leafOf(chunk: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0, ...chunk));
}

/** As RFC 9162 section 2.1.1 defines it, word for word, and not as src/ does it. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1, ...rootOf(leaves.slice(0, split)), ...rootOf(leaves.slice(split))));
}

// ---- statements ---------------------------------------------------------------------------------------------------------

function statementVectors(sealed: SealedImage): StatementVector[] {
  const good = new TextDecoder().decode(changedStatement(sealed, {}));
  const entry = (about: string, valid: boolean, text: string | Uint8Array): StatementVector => ({
    about,
    valid,
    base64: Buffer.from(text).toString('base64'),
  });
  const replaced = (about: string, from: string | RegExp, to: string | ((found: string) => string)): StatementVector => {
    const text = typeof to === 'string' ? good.replace(from, to) : good.replace(from, to);
    if (text === good) throw new Error(`"${about}" changes nothing`);
    return entry(about, false, text);
  };
  const stating = (about: string, valid: boolean, members: Record<string, unknown>): StatementVector =>
    entry(about, valid, changedStatement(sealed, members));
  return [
    entry('as signed', true, good),
    stating('with every optional member', true, { build: 0, critical: [] }),
    stating('a version with quotes, backslash and an emoji', true, { version: '"\\\ud83d\udce6' }),
    stating('the greatest whole number', true, { build: Number.MAX_SAFE_INTEGER }),
    replaced('white space between members', ',"arch"', ', "arch"'),
    replaced('members in another order', /^\{"apple":"none",("arch":"\w+"),/, '{$1,"apple":"none",'),
    replaced('a member twice', '"arch"', '"apple":"none","arch"'),
    replaced('an escape that is not needed', '"universal"', '"\\u0075niversal"'),
    replaced('a number with an exponent', '"chunk":65536', '"chunk":6.5536e4'),
    replaced('a number with a fraction', '"chunk":65536', '"chunk":65536.0'),
    replaced('a line feed at the end', /$/, '\n'),
    replaced('a byte order mark', /^/, '\ufeff'),
    replaced('hexadecimal in capitals', /"flat":"[0-9a-f]+"/, (found) => found.toUpperCase().replace('"FLAT"', '"flat"')),
    replaced('another type', 'diskseal/seal/1', 'diskseal/seal/2'),
    replaced('a missing member', '"channel":"stable",', ''),
    replaced('an object with an inherited name', '"apple":"none"', '"__proto__":{},"apple":"none"'),
    stating('an unknown member', false, { zzz: 1 }),
    stating('a critical part', false, { critical: ['x'] }),
    stating('a negative size', false, { imageSize: -1 }),
    stating('a product with a capital', false, { product: 'com.Example' }),
    stating('an empty version', false, { version: '' }),
    stating('a control character in the version', false, { version: 'a\u0007' }),
    stating('a direction mark in the version', false, { version: 'a\u2067' }),
    stating('a noncharacter in the version', false, { version: 'a\ufdd0' }),
    stating('too long a version', false, { version: 'v'.repeat(256) }),
    stating('more than 16 ranges', false, { covered: Array.from({ length: 17 }, (_, index) => [index, 1]) }),
    replaced('2^53', '"chunk"', `"build":9007199254740992,"chunk"`),
    entry('a lone surrogate', false, good.replace('2.1.0', '\\ud800')),
    entry('bytes that are not UTF-8', false, Uint8Array.of(...utf8(good.slice(0, -2)), 0xff, ...utf8('"}'))),
    entry('no JSON', false, '{"apple"'),
    entry('nothing', false, ''),
    entry('an array', false, '[]'),
    entry('nested without end', false, '['.repeat(10_000)),
    entry('longer than 65,536 bytes', false, ' '.repeat(65_537)),
  ];
}

// ---- odds and ends ------------------------------------------------------------------------------------------------------

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
