/**
 * The set `further`: the same verifier elsewhere than in a DMG with one signature. Seals in ISO images and raw disks, and beside images;
 * two signatures; timestamps; what a policy asks for beyond trust. Good ones, and copies with one failure in each.
 */
import { bytesDisk, type Disk, stream } from '../../src/core/disk.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { format as formatUdf } from '../../src/formats/filesystems/udf/format.ts';
import { PARTITION_START } from '../../src/formats/filesystems/udf/structs.ts';
import { partition } from '../../src/formats/partitions/apm/partition.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { type AreaLayout, encodeArea } from '../../src/seal/area.ts';
import { detachedPlace, findSeal } from '../../src/seal/place.ts';
import { encodeStatement, parseStatement } from '../../src/seal/statement.ts';
import { type Made, makeCertificate, NOW, type Recipe, sha256, testKey } from '../support/certificates.ts';
import { altered, changedStatement, placesOf, sealedImage, signAnyhow, withCms } from '../support/forged-seal.ts';
import { file, tree } from '../support/memory-tree.ts';
import { makeList } from '../support/revocations.ts';
import { coSigned, sealedBeside, sealedInside, timestamped } from '../support/sealed-foreign.ts';
import { descriptor, mbrDisk, smallIso } from '../support/small-images.ts';
import { makeToken, testAuthority } from '../support/timestamp-authority.ts';
import { type Case, pem, type VectorSet } from './write.ts';

const LIFE = { notBefore: Date.UTC(2020, 0) / 1000, notAfter: Date.UTC(2049, 0) / 1000 };
const ENDED = Date.UTC(2024, 0) / 1000;
/** Before and after that end. */
const [IN_TIME, TOO_LATE] = [Date.UTC(2023, 9) / 1000, Date.UTC(2024, 5) / 1000];

const root = makeCertificate({ subject: 'O=Further,CN=Further Root', key: testKey('p256', 'further root'), ca: true, ...LIFE });
const below = (subject: string, more: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject, key: testKey('p256', subject), issuer: root, ...LIFE, ...more });
const first = below('O=Further,CN=First');
const second = below('O=Further,CN=Second', { key: testKey('p384', 'second') });
const former = below('O=Further,CN=Former', { notAfter: ENDED });
const stranger = makeCertificate({ subject: 'CN=Stranger', key: testKey('p256', 'stranger'), ...LIFE });
const authority = testAuthority('p256', LIFE, 'Further Time');

const hello = tree('Hello', [file('hello.txt', 'hello\n')]);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const flipped = (bytes: Uint8Array, at: number): Uint8Array => altered(bytes, (copy) => (copy[at] ^= 1));
const underRoot = { trust: ['further-root.pem'], publishers: ['*'] };
const spki = ({ key }: Made): string => `spki:${Buffer.from(sha256(key.spki)).toString('hex')}`;

const POLICIES = {
  both: { publishers: { first: { spki: spki(first) }, second: { spki: spki(second) } }, require: { count: 2 } },
  stamped: { timestampTrust: 'further-time.pem', timestamp: 'required' },
  'stamped-if-expired': { timestampTrust: 'further-time.pem' },
  revoked: { revocationData: 'further-revoked.crl' },
  'other-product': { products: ['com.example.other'] },
  newer: { minVersion: '3.0.0' },
};
const policy = (name: keyof typeof POLICIES): { policy: string } => ({ policy: `policy.${name}.json` });

export async function makeFurtherSet(): Promise<VectorSet> {
  const list = makeList({ issuer: root, entries: [{ serial: first.certificate.serial }] });
  const policies = Object.entries(POLICIES).map(([name, document]) => [`policy.${name}.json`, `${JSON.stringify(document, null, 2)}\n`]);
  return {
    cases: [
      ...(await isoImages()),
      ...(await rawImages()),
      ...(await detachedSeals()),
      ...(await severalSigners()),
      ...(await timestamps()),
      ...(await judgedByPolicies()),
    ],
    trust: ['first.pem'],
    files: {
      'further-root.pem': pem(root),
      'first.pem': pem(first),
      'further-time.pem': pem(authority.root),
      'further-revoked.crl': list,
      ...Object.fromEntries(policies),
    },
  };
}

interface Placed {
  readonly bytes: Uint8Array;
  /** From the start of the image. */
  readonly at: { readonly [part in keyof AreaLayout]: number };
  readonly cmsLength: number;
}

/** Where the parts of the seal in an image stand. */
async function placed(bytes: Uint8Array): Promise<Placed> {
  const { area } = (await findSeal(bytesDisk(bytes)))!;
  return placedAt(bytes, area);
}

function placedAt(bytes: Uint8Array, { offset, layout, mark }: NonNullable<Awaited<ReturnType<typeof findSeal>>>['area']): Placed {
  const at = Object.fromEntries(Object.entries(layout).map(([part, start]) => [part, offset + start]));
  return { bytes, at: at as Placed['at'], cmsLength: mark.cmsLength };
}

/** The failures that are the same wherever a seal stands. @param content - a byte that is covered */
function spoilt({ bytes, at, cmsLength }: Placed, content: number, extension: string): Case[] {
  const cmsEnd = at.cms + cmsLength;
  const bad = (code: ErrorCode, name: string, about: string, changed: Uint8Array): Case => ({
    name: `${extension}-${name}`,
    code,
    about,
    bytes: changed,
    extension,
  });
  return [
    bad('E_TAMPERED', 'content', 'one bit of the content', flipped(bytes, content)),
    bad('E_SIGNATURE', 'signature', 'one bit of the signature', flipped(bytes, cmsEnd - 4)),
    bad('E_SEAL', 'slack', 'a byte in the slack', flipped(bytes, cmsEnd + 5000)),
    bad('E_SEAL', 'leaf-table', 'the leaf table does not give the signed root', flipped(bytes, at.table + 7)),
  ];
}

// ---- ISO 9660 -----------------------------------------------------------------------------------------------------------

async function isoImages(): Promise<Case[]> {
  const plain = smallIso({ padding: 36 });
  const padded = await sealedInside(plain, first);
  const grown = await sealedInside(smallIso({ joliet: { name: 'file.txt', content: smallIso.content } }), first);
  const behind = await sealedInside(smallIso({ padding: 36, behind: new Uint8Array(700).fill(9) }), first);
  const iso = { extension: 'iso' };
  const deep = { command: 'verify --deep', ...iso } as const;
  const twoViews = await sealedInside(smallIso({ joliet: { name: 'OTHER.TXT', content: smallIso.content } }), first, {}, smallIso());
  const damaged = altered(plain, (copy) => copy.fill(0xff, DIRECTORY, DIRECTORY + 60));
  return [
    { name: 'padding', about: 'the seal lies in the padding of an ISO image', bytes: padded, ...deep },
    { name: 'grown', about: 'an ISO image that has grown by its seal, with a Joliet view', bytes: grown, ...deep },
    { name: 'behind', about: 'bytes behind the volume, which are covered', bytes: behind, ...iso },
    ...spoilt(await placed(padded), DIRECTORY + 2 * 2048, 'iso'),
    { name: 'iso-behind', code: 'E_TAMPERED', about: 'one bit behind the volume', bytes: flipped(behind, behind.length - 1), ...iso },
    { name: 'iso-unsealed', code: 'E_NO_SEAL', about: 'a good image without a seal', bytes: plain, ...iso },
    { name: 'iso-appended', code: 'E_UNCOVERED', about: 'one byte follows the image', bytes: joined(padded, Uint8Array.of(0)), ...iso },
    {
      name: 'two-primaries',
      code: 'E_UNCOVERED',
      about: 'a second primary volume descriptor',
      bytes: altered(padded, (copy) => copy.set(descriptor(1, padded.length / 2048, 20), 17 * 2048)),
      ...iso,
    },
    {
      name: 'koly',
      code: 'E_UNCOVERED',
      about: 'the file ends as a DMG and is an ISO 9660 volume as well',
      bytes: joined(padded, (await sealedImage(hello, first)).bytes.slice(-512)),
      ...iso,
    },
    {
      name: 'descriptor',
      code: 'E_ISO9660',
      about: 'the volume size has two values, one in each order of bytes',
      bytes: flipped(padded, 16 * 2048 + 80),
      ...iso,
    },
    {
      name: 'directory',
      code: 'E_ISO9660',
      about: 'the directory of the sealed volume is broken',
      bytes: await sealedInside(damaged, first, {}, plain),
      ...deep,
    },
    { name: 'two-views', code: 'E_TAMPERED', about: 'a Joliet view with a name that is not in the inventory', bytes: twoViews, ...deep },
    { name: 'iso-nobody', code: 'E_UNTRUSTED', about: 'nobody is trusted', bytes: padded, trust: [], ...iso },
    {
      name: 'iso-stranger',
      code: 'E_UNTRUSTED',
      about: 'sealed by somebody whom the trusted root has not certified',
      bytes: await sealedInside(plain, stranger),
      ...underRoot,
      ...iso,
    },
  ];
}

/** Bytes from the start of `smallIso` to its root directory, without a Joliet view; the file follows two sectors later. */
const DIRECTORY = 18 * 2048;

// ---- raw disks ----------------------------------------------------------------------------------------------------------

async function rawImages(): Promise<Case[]> {
  const img = { extension: 'img' };
  const mbr = await sealedInside(mbrDisk(4608), first);
  const volume = await format(hello, { volumeId: 1n, created: NOW });
  const apm = await bytesOf(partition({ disk: volume, type: 'Apple_HFS', name: 'disk image' }));
  const deep = await sealedInside(apm, first);
  return [
    { name: 'mbr', about: 'a raw disk with a master boot record', bytes: mbr, ...img },
    { name: 'apm', about: 'an HFS+ volume in an Apple partition map', bytes: deep, command: 'verify --deep', ...img },
    ...spoilt(await placed(mbr), 4000, 'img'),
    { name: 'img-map', code: 'E_TAMPERED', about: 'one bit of the partition map', bytes: flipped(mbr, 454), ...img },
    { name: 'img-unsealed', code: 'E_NO_SEAL', about: 'a good image without a seal', bytes: mbrDisk(4608), ...img },
    { name: 'img-appended', code: 'E_NO_SEAL', about: 'one byte follows the seal', bytes: joined(mbr, Uint8Array.of(0)), ...img },
    { name: 'img-cut', code: 'E_NO_SEAL', about: 'the last byte is missing', bytes: mbr.subarray(0, -1), ...img },
    {
      name: 'img-start-cut',
      code: 'E_SEAL',
      about: 'the first 4096 bytes are missing',
      bytes: mbr.subarray(4096),
      ...img,
    },
    {
      name: 'img-inventory',
      code: 'E_TAMPERED',
      about: 'the inventory says of the volume what is not so',
      bytes: await sealedInside(apm, first, {}, await bytesOf(partition({ disk: await otherVolume(), type: 'Apple_HFS', name: 'x' }))),
      command: 'verify --deep',
      ...img,
    },
  ];
}

const otherVolume = (): Promise<Disk> => format(tree('Hello', [file('hello.txt', 'other\n')]), { volumeId: 1n, created: NOW });

async function bytesOf(disk: Disk): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream(disk)) parts.push(part);
  return joined(...parts);
}

// ---- detached seals -----------------------------------------------------------------------------------------------------

async function detachedSeals(): Promise<Case[]> {
  // The protective entry of a GPT: no seal goes into such a disk.
  const bytes = altered(mbrDisk(4608), (copy) => (copy[450] = 0xee));
  const seal = await sealedBeside(bytes, first);
  const { at, cmsLength } = await placedBeside(bytes, seal);
  const cmsEnd = at.cms + cmsLength;
  const changed = (name: string, about: string, code: ErrorCode, image: Uint8Array): Case => ({
    name: `beside-${name}`,
    about,
    code,
    bytes: image,
    seal,
    extension: 'img',
  });
  const other = (name: string, about: string, code: ErrorCode, instead: Uint8Array): Case => ({
    ...changed(name, about, code, bytes),
    seal: instead,
  });
  return [
    { name: 'beside', about: 'a detached seal', bytes, seal, extension: 'img' },
    changed('content', 'one bit of the image', 'E_TAMPERED', flipped(bytes, 4000)),
    changed('appended', 'one byte follows the image', 'E_UNCOVERED', joined(bytes, new Uint8Array(1))),
    changed('cut', 'the last byte of the image is missing', 'E_TRUNCATED', bytes.subarray(0, -1)),
    other('signature', 'one bit of the signature', 'E_SIGNATURE', flipped(seal, cmsEnd - 4)),
    other('slack', 'a byte in the slack', 'E_SEAL', flipped(seal, cmsEnd + 5000)),
    other('leaf-table', 'the leaf table does not give the signed root', 'E_SEAL', flipped(seal, at.table + 7)),
    other('none', 'the file that is named as a seal is none', 'E_NO_SEAL', flipped(seal, at.footer)),
    other('before', 'bytes stand before the seal in its file', 'E_UNCOVERED', joined(new Uint8Array(2048), seal)),
    other('embedded', 'a seal for use inside an image', 'E_SEAL', await restated(bytes, seal, { placement: 'embedded' })),
    other('format', 'a seal for an image of another kind', 'E_SEAL', await restated(bytes, seal, { format: 'dmg' })),
    ...(await sealsOfDmg()),
    ...(await sealsOfUdf()),
  ];
}

async function placedBeside(image: Uint8Array, seal: Uint8Array): Promise<Placed> {
  return placedAt(seal, (await detachedPlace(bytesDisk(image), bytesDisk(seal))).area);
}

/** The seal with members of its statement changed, and signed again. */
async function restated(image: Uint8Array, seal: Uint8Array, members: Record<string, unknown>): Promise<Uint8Array> {
  const { at, cmsLength } = await placedBeside(image, seal);
  const { content } = parseSignedData(seal.subarray(at.cms, at.cms + cmsLength));
  const cms = signAnyhow(encodeStatement({ ...parseStatement(content), ...members }), first);
  const part = (from: number, to: number): Uint8Array => seal.subarray(from, to);
  const parts = { content: part(at.content, at.dressing), dressing: part(at.dressing, at.table), table: part(at.table, at.cms), cms };
  return encodeArea(seal.length, parts);
}

async function sealsOfDmg(): Promise<Case[]> {
  const { bytes } = await sealedImage(hello, first);
  const identity = { product: 'com.example.hello', version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' };
  const agreeing = await sealedBeside(bytes, first, { identity });
  const newer = await sealedBeside(bytes, first, { identity: { ...identity, version: '2.2.0' } });
  return [
    { name: 'both', about: 'a DMG with a seal inside and one beside it, which agree', bytes, seal: agreeing },
    { name: 'both-differ', code: 'E_SEAL', about: 'the seal beside it names another version than the one inside', bytes, seal: newer },
  ];
}

async function sealsOfUdf(): Promise<Case[]> {
  const udf = await bytesOf(await formatUdf(hello, { volumeId: 1n, created: NOW }));
  const broken = altered(udf, (copy) => copy.fill(0xff, UDF_FILE_SET, UDF_FILE_SET + 16));
  const seal = await sealedBeside(broken, first, {}, udf);
  return [
    {
      name: 'udf',
      code: 'E_UDF',
      about: 'the sealed UDF volume is broken',
      bytes: broken,
      seal,
      command: 'verify --deep',
      extension: 'img',
    },
  ];
}

/** Of the file set descriptor, the first block of the partition. */
const UDF_FILE_SET = PARTITION_START * 2048;

// ---- more than one signature --------------------------------------------------------------------------------------------

async function severalSigners(): Promise<Case[]> {
  const { bytes } = await sealedImage(hello, first);
  const two = await coSigned(bytes, second);
  const withStranger = await coSigned(bytes, stranger);
  const wanted = { ...policy('both'), trust: ['further-root.pem'] };
  return [
    { name: 'two-signers', about: 'two signatures, both asked for', bytes: two, ...wanted },
    { name: 'stranger', about: 'beside the publisher somebody unknown has signed', bytes: withStranger },
    { name: 'one-of-two', code: 'E_COSIGNATURE', about: 'two signatures are asked for', bytes, ...wanted },
    {
      name: 'another-second',
      code: 'E_COSIGNATURE',
      about: 'two signatures are asked for, and the second is by somebody else',
      bytes: withStranger,
      ...wanted,
    },
    {
      name: 'strangers',
      code: 'E_SIGNATURE',
      about: 'one bit of the signature of somebody unknown',
      bytes: withSignature(withStranger, stranger, (signature) => flipped(signature, 20)),
    },
  ];
}

/** The image with the signature of one of its signers changed. */
function withSignature(image: Uint8Array, signer: Made, change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const { cms, slack } = placesOf(image);
  const { signers } = parseSignedData(image.subarray(cms, slack));
  const own = signers.find(({ bytes }) => Buffer.from(bytes).includes(Buffer.from(signer.certificate.issuer.bytes)))!;
  const at = Buffer.from(image).indexOf(own.signature, cms);
  return altered(image, (copy) => copy.set(change(own.signature), at));
}

// ---- timestamps ---------------------------------------------------------------------------------------------------------

async function timestamps(): Promise<Case[]> {
  const sealed = await sealedImage(hello, first);
  const byFormer = (await sealedImage(hello, former)).bytes;
  const stamped = await timestamped(sealed.bytes, authority, { time: IN_TIME });
  const inTime = await timestamped(byFormer, authority, { time: IN_TIME });
  const late = await timestamped(byFormer, authority, { time: TOO_LATE });
  const foreign = makeToken({ authority, signature: new Uint8Array(72), time: IN_TIME });
  const afterwards = { ...underRoot, ...policy('stamped-if-expired') };
  const required = policy('stamped');
  return [
    { name: 'timestamp', about: 'a timestamp, which is asked for', bytes: stamped, ...required },
    { name: 'timestamp-of-nobody', about: 'a timestamp of an authority that nobody trusts, and the certificate is valid', bytes: stamped },
    { name: 'timestamp-in-time', about: 'the certificate has expired, the timestamp is from before', bytes: inTime, ...afterwards },
    { name: 'timestamp-late', code: 'E_EXPIRED', about: 'the timestamp is from after the certificate ended', bytes: late, ...afterwards },
    {
      name: 'timestamp-untrusted',
      code: 'E_EXPIRED',
      about: 'the certificate has expired, and nobody trusts the authority of the timestamp',
      bytes: inTime,
      ...underRoot,
    },
    { name: 'timestamp-missing', code: 'E_TIMESTAMP', about: 'a timestamp is asked for', bytes: sealed.bytes, ...required },
    {
      name: 'timestamp-foreign',
      code: 'E_TIMESTAMP',
      about: 'the timestamp is one of another signature',
      bytes: withCms(sealed, signAnyhow(changedStatement(sealed, {}), first, { timeStampTokens: [foreign] })),
    },
    {
      name: 'timestamp-signature',
      code: 'E_TIMESTAMP',
      about: "one bit of the timestamp's signature",
      bytes: withToken(stamped, (token) => flipped(token, token.length - 4)),
    },
    { name: 'timestamp-content', code: 'E_TAMPERED', about: 'one bit of the data fork', bytes: flipped(stamped, 100), ...required },
  ];
}

/** The image with the one timestamp token changed. */
function withToken(image: Uint8Array, change: (token: Uint8Array) => Uint8Array): Uint8Array {
  const { cms, slack } = placesOf(image);
  const [{ timeStampTokens }] = parseSignedData(image.subarray(cms, slack)).signers;
  const at = Buffer.from(image).indexOf(timeStampTokens[0], cms);
  return altered(image, (copy) => copy.set(change(timeStampTokens[0]), at));
}

// ---- policies -----------------------------------------------------------------------------------------------------------

async function judgedByPolicies(): Promise<Case[]> {
  const { bytes } = await sealedImage(hello, first);
  const refused = (name: string, code: ErrorCode, about: string, of: keyof typeof POLICIES): Case => {
    return { name, code, about, bytes, ...underRoot, ...policy(of) };
  };
  return [
    refused('crl', 'E_REVOKED', 'a list of the authority revokes the certificate', 'revoked'),
    refused('other-product', 'E_PRODUCT', 'another product is asked for', 'other-product'),
    refused('older', 'E_DOWNGRADE', 'a later version is asked for', 'newer'),
  ];
}
