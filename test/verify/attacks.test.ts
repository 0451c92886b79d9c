/**
 * Attacks on the verifier, each by somebody who means it: without a key, with a certificate under the same root, with an expired
 * one or one for servers, with an older image of the publisher's, and by the publisher himself. What is forged is right in all else.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, stream } from '../../src/core/disk.ts';
import type { Platform } from '../../src/core/platform.ts';
import { pack } from '../../src/formats/containers/udif/pack.ts';
import { KolyTrailer, RunType } from '../../src/formats/containers/udif/structs.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import { writePlist } from '../../src/formats/plist/write.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, signedAttributes } from '../../src/pki/cms-write.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { parseCertificate } from '../../src/pki/x509.ts';
import { AreaMark } from '../../src/seal/area.ts';
import { encodeInventory, type InventoryEntry } from '../../src/seal/inventory.ts';
import { encodeStatement } from '../../src/seal/statement.ts';
import { openLayers } from '../../src/verify/layers.ts';
import { type Check, decidingFailure } from '../../src/verify/verdict.ts';
import { openVerified } from '../../src/verify/verified-tree.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { extension, type Made, makeCertificate, NOW, sha256, signWith, testChain, testKey } from '../support/certificates.ts';
import { at, treeOf, write } from '../support/der-tree.ts';
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
import {
  assembled,
  hollowImage,
  type Lies,
  type Pieces,
  piecesOf,
  sparseDisk,
  withEntries,
  withMarks,
  zerosImage,
} from '../support/hostile-image.ts';
import { memorySink } from '../support/memory-sink.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';

const { root, intermediate, leaf } = testChain();
const PUBLISHER = 'CN=Demo Publisher,O=Demo';
const policy: VerifyPolicy = { anchors: [{ kind: 'certificate', certificate: root.certificate }], publishers: [PUBLISHER], now: NOW };
const app = tree('Hello', [
  folder('Hello.app', [
    file('hello', '#!/bin/sh\n', { mode: 0o755 }),
    file('empty', ''),
    folder('Resources', [file('a', 'b'.repeat(70_000))]),
  ]),
  symlink('Applications', '/Applications'),
]);

let sealed: SealedImage;
let bytes: Uint8Array;
let pieces: Pieces;
let places: ReturnType<typeof placesOf>;
beforeAll(async () => {
  sealed = await sealedImage(app, leaf);
  ({ bytes } = sealed);
  pieces = piecesOf(bytes);
  places = placesOf(bytes);
});

type Image = Uint8Array | Disk;
type Attack = readonly [name: string, exits: number | readonly number[], forge: () => Image | Promise<Image>, says?: RegExp | undefined];

const judge = (image: Image, more: Partial<VerifyPolicy> = {}, platform: Platform = testPlatform): Promise<Verdict> =>
  verify(image instanceof Uint8Array ? bytesDisk(image) : image, { ...policy, ...more }, platform);

/** A refusal gives no disk and no inventory, whatever else it says. */
async function refused(image: Image, exits: number | readonly number[], more: Partial<VerifyPolicy> = {}): Promise<Verdict> {
  const verdict = await judge(image, more);
  expect(typeof exits === 'number' ? [exits] : exits, JSON.stringify(verdict.checks.filter(({ status }) => status === 'fail'))).toContain(
    verdict.exitCode,
  );
  expect(verdict.disk).toBeUndefined();
  expect(verdict.inventory).toBeUndefined();
  return verdict;
}

function attacks(title: string, table: readonly Attack[], more: Partial<VerifyPolicy> = {}): void {
  describe(title, () => {
    for (const [name, exits, forge, says = /./] of table) {
      test(`${name}: ${exits}`, async () => {
        const { checks } = await refused(await forge(), exits, more);
        expect(checks.some(({ status, message }) => status === 'fail' && says.test(message))).toBe(true);
      });
    }
  });
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const koly = (change: Partial<KolyTrailer>, image = bytes): Uint8Array =>
  altered(image, (copy) => void KolyTrailer.write({ ...places.koly, ...change }, copy, copy.length - KolyTrailer.size));
/** The publisher himself signs: what he may not say is refused all the same. */
const signed = (lies: Omit<Lies, 'by'>, of: Partial<Pieces> = {}): Promise<Uint8Array> =>
  assembled({ ...pieces, ...of }, { ...lies, by: leaf });

test('what is forged here is right in all else', async () => {
  expect(await judge(bytes, { deep: true })).toMatchObject({ exitCode: 0 });
  expect(await judge(await signed({}), { deep: true })).toMatchObject({ exitCode: 0, statement: { product: 'com.example.hostile' } });
});

/** A ZIP archive of one stored file; `tail` bytes follow it as its comment. */
function zip(tail: number): Uint8Array {
  const name = ascii('__main__.py');
  const content = ascii('print("not the publisher\'s")');
  const local = new Uint8Array(30);
  local.set([0x50, 0x4b, 3, 4]);
  const central = new Uint8Array(46);
  central.set([0x50, 0x4b, 1, 2]);
  const end = new Uint8Array(22);
  end.set([0x50, 0x4b, 5, 6]);
  new DataView(end.buffer).setUint16(20, tail, true);
  return joined(local, name, content, central, name, end);
}

const MAGICS: Readonly<Record<string, Uint8Array>> = {
  'a ZIP archive': zip(10_000),
  'a 7z archive': Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4),
  'a RAR archive': Uint8Array.of(0x52, 0x61, 0x72, 0x21, 0x1a, 7, 1, 0),
  'a cabinet': Uint8Array.of(0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0, 99),
  'an ISO 9660 volume': joined(Uint8Array.of(1), ascii('CD001'), Uint8Array.of(1, 0)),
};

/** The publisher's signature as it was, and a stranger's beside it, whose certificate holds the payload. Nobody's key is needed. */
function withStranger(payload: Uint8Array, key = testKey('p256', 'stranger')): Uint8Array {
  const { content, certificates, signers } = parseSignedData(bytes.subarray(places.cms, places.slack));
  const stranger = makeCertificate({ subject: 'CN=Stranger', key, extensions: { '1.2.3.4': extension('1.2.3.4', payload) } });
  const common = { hash: 'sha256', scheme: 'ecdsa' } as const;
  const values = { messageDigest: sha256(content), signingTime: NOW, certificateHashes: [sha256(stranger.bytes)], ...common };
  const attributes = signedAttributes(values);
  const [{ signedAttributes: own, signature }] = signers;
  return withCms(
    sealed,
    encodeSignedData({
      content,
      certificates: [...certificates.map((certificate) => certificate.bytes), stranger.bytes],
      signers: [
        { certificate: leaf.bytes, ...common, signedAttributes: own, signature },
        { certificate: stranger.bytes, ...common, signedAttributes: attributes, signature: signWith(stranger.key, attributes) },
      ],
    }),
  );
}

/** The publisher's signature as it was, with a timestamp that nobody made, and the payload where its signature should be. */
function withToken(payload: Uint8Array): Uint8Array {
  const { content, certificates, signers } = parseSignedData(bytes.subarray(places.cms, places.slack));
  const [{ signedAttributes: attributes, signature }] = signers;
  const time = der.element(0x18, ascii('20260601000000Z'));
  const imprint = der.sequence(der.sequence(der.oid(OID.sha256)), der.octetString(sha256(signature)));
  const info = der.sequence(der.integer(1), der.oid('1.2.3'), imprint, der.integer(7), time);
  const encapsulated = der.sequence(der.oid(OID.tstInfo), der.explicit(0, der.octetString(info)));
  const token = der.sequence(
    der.oid(OID.idSignedData),
    der.explicit(0, der.sequence(der.integer(3), der.setOf([]), encapsulated, der.octetString(payload))),
  );
  const own = { certificate: leaf.bytes, hash: 'sha256', scheme: 'ecdsa', signedAttributes: attributes, signature } as const;
  const message = { content, certificates: certificates.map((one) => one.bytes), signers: [{ ...own, timeStampTokens: [token] }] };
  return withCms(sealed, encodeSignedData(message));
}

attacks('nobody without a key adds anything', [
  ['attack 1: one byte after the trailer', 10, () => joined(bytes, Uint8Array.of(0))],
  ['attack 1: a sector of zeros after the trailer', 10, () => joined(bytes, new Uint8Array(512))],
  ['attack 1: a MiB after the trailer', 10, () => joined(bytes, new Uint8Array(1 << 20).fill(7))],
  ['attack 1: one byte before everything', [20, 22], () => joined(Uint8Array.of(0), bytes)],
  ['attack 1: one byte between data fork and seal', [20, 22], () => inserted(bytes, places.area, Uint8Array.of(0))],
  ['attack 1: one byte between plist and trailer', 20, () => inserted(bytes, places.trailer, Uint8Array.of(0))],
  ['attack 2: a ZIP archive after the trailer', 10, () => joined(bytes, zip(0))],
  ['attack 2: a boot sector and an ISO before everything', [20, 22], () => joined(new Uint8Array(32_769), ascii('CD001'), bytes)],
  ['attack 2: a second trailer after the first', 20, () => joined(bytes, bytes.subarray(-512))],
  [
    'attack 2: a second trailer that calls the first a code signature',
    50,
    () => koly({ codeSignatureOffset: places.trailer, codeSignatureLength: 512 }, joined(bytes, bytes.subarray(-512))),
  ],
  ['attack 2: the whole image twice', [20, 22], () => joined(bytes, bytes)],
  ['attack 2: a ZIP archive before the trailer', 20, () => inserted(bytes, places.trailer, zip(512))],
  ['rule 5: a ZIP archive in a hole that the trailer names exactly', 50, () => hole(zip(512))],
  ...Object.entries(MAGICS).map(([what, magic]): Attack => [`rule 5: ${what} in a stranger's certificate`, 20, () => withStranger(magic)]),
  ...Object.entries(MAGICS).map(([what, magic]): Attack => [`rule 5: ${what} in a timestamp`, 20, () => withToken(magic)]),
  ['rule 5: masked bytes that name an empty hole', 20, () => koly({ codeSignatureOffset: places.trailer })],
  ['attack 6: a hole of no length elsewhere', 20, () => koly({ codeSignatureOffset: 5 })],
  ['attack 6: a hole of no offset', 20, () => koly({ codeSignatureLength: 5 })],
  [
    'attack 6: a hole over the plist',
    20,
    () => koly({ codeSignatureOffset: places.plist, codeSignatureLength: places.trailer - places.plist }),
  ],
  [
    'attack 6: a hole over the seal',
    20,
    () => koly({ codeSignatureOffset: places.area, codeSignatureLength: places.trailer - places.area }),
  ],
  ['attack 6: a hole in the data fork', 20, () => koly({ codeSignatureOffset: 100, codeSignatureLength: 100 })],
  ['attack 6: a hole one byte too long', 20, () => hole(new Uint8Array(100), { codeSignatureLength: 101 })],
  ['attack 6: a hole one byte too short', 20, () => hole(new Uint8Array(100), { codeSignatureLength: 99 })],
  ['attack 8: the first byte of the slack', 22, () => altered(bytes, (copy) => (copy[places.slack] = 1))],
  ['attack 8: the last byte of the slack', 22, () => altered(bytes, (copy) => (copy[places.footer - 1] = 1))],
  ['attack 8: an archive in the slack', 22, () => altered(bytes, (copy) => copy.set(zip(100), places.slack + 1000))],
  [
    'attack 9: a second footer in the slack',
    22,
    () => altered(bytes, (copy) => copy.set(bytes.subarray(places.footer, places.plist), places.slack)),
  ],
  [
    'attack 9: a second message in the slack',
    22,
    () => altered(bytes, (copy) => copy.set(bytes.subarray(places.cms, places.slack), places.slack)),
  ],
  ['attack 9: a second message in the first', 22, () => withCms(sealed, joined(cms(), cms()))],
  ['attack 9: a trailer that points to a footer within', [20, 22], () => innerFooter()],
  ['attack 9: a trailer that points before the file', 10, () => koly({ xmlOffset: 0, xmlLength: places.trailer })],
  ['attack 38: no footer', 10, () => altered(bytes, (copy) => copy.fill(0, places.footer, places.plist))],
  ['attack 38: no header', 22, () => altered(bytes, (copy) => copy.fill(0, places.area, places.area + 64))],
  ['attack 38: no seal, and a trailer that knows of none', 10, () => stripped()],
]);

const cms = (): Uint8Array => bytes.subarray(places.cms, places.slack);

/** Bytes between plist and trailer that the trailer calls a code signature. */
function hole(content: Uint8Array, change: Partial<KolyTrailer> = {}): Uint8Array {
  const named = { codeSignatureOffset: places.trailer, codeSignatureLength: content.length, ...change };
  return koly(named, inserted(bytes, places.trailer, content));
}

/** A second footer in the slack, to which the trailer points. */
function innerFooter(): Uint8Array {
  const xmlOffset = places.slack + AreaMark.size;
  const copied = altered(bytes, (copy) => copy.set(bytes.subarray(places.footer, places.plist), places.slack));
  return koly({ xmlOffset, xmlLength: places.trailer - xmlOffset }, copied);
}

function stripped(): Uint8Array {
  const image = joined(bytes.subarray(0, places.area), bytes.subarray(places.plist));
  return koly({ xmlOffset: places.area }, image);
}

attacks('attack 7: every field of the trailer is held fast', [
  ...Object.keys(KolyTrailer.fields).map((name): Attack => {
    const flip = (value: unknown): unknown => {
      if (typeof value === 'number') return value + 1;
      if (typeof value === 'string') return 'kolz';
      if (value instanceof Uint8Array) return altered(value, (copy) => (copy[copy.length - 1] ^= 1));
      return { ...(value as object), size: 31 };
    };
    return [name, [10, 20, 21, 22], () => koly({ [name]: flip(places.koly[name as keyof KolyTrailer]) })];
  }),
]);

attacks('attack 9: marks that lie, their checksums right', [
  ...(
    [
      ['an area of nothing', { areaSize: 0 }, /do not fit|cannot end/],
      ['an area smaller than its parts', { areaSize: 2048 }, /do not fit/],
      ['an area larger than the file', { areaSize: 2 ** 40 }, /cannot end here/],
      ['an area that begins before the file', { areaSize: 2 ** 53 - 2048 }, /cannot end here/],
      ['an area of an odd size', { areaSize: 67_585 }, /cannot end here/],
      ['an inventory longer than the area', { contentLength: 2 ** 50 }, /do not fit/],
      ['an inventory over the table', { contentLength: 4000, tableLength: 0 }],
      ['an inventory into the message', { contentLength: 300 }],
      ['sums beyond 2^53', { contentLength: 2 ** 53 - 1, dressingLength: 2 ** 53 - 1, tableLength: 2 ** 53 - 1 }],
      ['a dressing that is not there', { dressingLength: 32 }],
      ['no table', { tableLength: 0 }, /leaf table has not the length/],
      ['a table of a leaf more', { tableLength: 160 }, /leaf table has not the length/],
      ['no message', { cmsLength: 0 }],
      ['a message over the footer', { cmsLength: 100_000 }],
      ['a message of 2^53-1 bytes', { cmsLength: 2 ** 53 - 1 }],
      ['a message a byte longer', undefined],
      ['version 2', { version: 2 }, /version 2 is not known/],
      ['a reserved byte', { reserved: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) }],
    ] satisfies (readonly [string, Partial<AreaMark> | undefined, RegExp?])[]
  ).map(([what, mark, says]): Attack => [what, 22, () => withMarks(bytes, mark === undefined ? longer() : mark), says]),
  ['a wrong checksum', 22, () => altered(bytes, (copy) => (copy[places.footer + 12] ^= 1))],
  ['header and footer that differ', 22, () => altered(withMarks(bytes, {}), (copy) => (copy[places.area + 63] = 1))],
  ['a number beyond 2^53', 22, () => altered(bytes, (copy) => copy.fill(0xff, places.footer + 16, places.footer + 24))],
  ['a header at the footer', 10, () => altered(bytes, (copy) => copy.set(bytes.subarray(places.area, places.area + 64), places.footer))],
]);

function longer(): Partial<AreaMark> {
  return { cmsLength: places.slack - places.cms + 1 };
}

describe('attack 4: coverage is no choice of the signer', () => {
  type Told = (truth: SealedImage['statement']) => Record<string, unknown>;
  const told: readonly (readonly [string, Told])[] = [
    ['a smaller first range', ({ covered: [[, length], tail] }) => ({ covered: [[0, length - 1], tail] })],
    ['a larger first range, into the seal', ({ covered: [[, length], tail] }) => ({ covered: [[0, length + 1], tail] })],
    ['ranges that overlap', ({ covered: [first, [offset, length]] }) => ({ covered: [first, [offset - 1, length + 1]] })],
    ['the first range alone', ({ covered: [first] }) => ({ covered: [first] })],
    ['no range', () => ({ covered: [] })],
    ['ranges in another order', ({ covered: [first, second] }) => ({ covered: [second, first] })],
    ['a range twice', ({ covered: [first, second] }) => ({ covered: [first, first, second] })],
    ['a range in two', ({ covered: [[, length], tail] }) => ({ covered: [[0, 10], [10, length - 10], tail] })],
    ['an empty range', ({ covered: [first, tail] }) => ({ covered: [[0, 0], first, tail] })],
    ['a range to 2^53-1', ({ covered: [first, [offset]] }) => ({ covered: [first, [offset, 2 ** 53 - 1 - offset]] })],
    ['more that is masked', ({ masked: [[offset]] }) => ({ masked: [[offset, 17]] })],
    ['something else that is masked', ({ masked: [own] }) => ({ masked: [[0, 16], own] })],
    ['nothing that is masked', () => ({ masked: [] })],
    ['a seal elsewhere', ({ seal: { offset, size } }) => ({ seal: { offset: offset + 2048, size } })],
    ['a larger seal', ({ seal: { offset, size } }) => ({ seal: { offset, size: size + 2048 } })],
    ['rule 3: a larger image', ({ imageSize }) => ({ imageSize: imageSize + 1 })],
    ['rule 3: a smaller image', ({ imageSize }) => ({ imageSize: imageSize - 1 })],
    ['rule 2: another kind', () => ({ format: 'iso' })],
    ['rule 18: a detached seal that is embedded', () => ({ placement: 'detached' })],
    ['attack 21: other chunks', ({ tree: told }) => ({ tree: { ...told, chunk: 4096 } })],
    ['attack 21: another algorithm', ({ tree: told }) => ({ tree: { ...told, algorithm: 'sha256' } })],
    ['attack 20: a leaf more', ({ tree: told }) => ({ tree: { ...told, leaves: told.leaves + 1 } })],
    ['attack 19: half the leaves', ({ tree: told }) => ({ tree: { ...told, leaves: told.leaves / 2 } })],
    ['attack 22: another root', ({ tree: told }) => ({ tree: { ...told, root: '0'.repeat(64) } })],
    ['attack 27: another inventory', ({ content }) => ({ content: { ...content, digest: '0'.repeat(64) } })],
    ['attack 27: an inventory of another length', ({ content }) => ({ content: { ...content, bytes: content.bytes + 1 } })],
    ['attack 27: an inventory of more entries', ({ content }) => ({ content: { ...content, entries: content.entries + 1 } })],
    ['attack 27: a dressing that is not there', ({ dressing }) => ({ dressing: { ...dressing, entries: 1 } })],
  ];
  test.each(told)('%s is 22', async (_, statement) => void (await refused(await signed({ statement }), 22)));

  test('attack 23: flat and tree are both looked at', async () => {
    const flat = await refused(await signed({ statement: () => ({ flat: '0'.repeat(64) }) }), 21);
    expect(flat.checks).toContainEqual(
      expect.objectContaining({ name: 'content', message: expect.stringContaining('the flat digest differs') }),
    );
    const table = await treeOfOther();
    const other = await refused(table, 21);
    expect(other.checks).toContainEqual(expect.objectContaining({ name: 'content', message: expect.stringContaining('the tree differs') }));
  });

  /** Table and root agree with each other and with the signature, and not with the image. */
  async function treeOfOther(): Promise<Uint8Array> {
    const { treeRoot } = await import('../../src/seal/hash-tree.ts');
    const { toHex } = await import('../../src/core/struct.ts');
    const places = placesOf(await signed({}));
    const table = new Uint8Array(places.cms - places.table).fill(5);
    const rooted = toHex(await treeRoot(table, testPlatform));
    return signed({ table: () => table, statement: ({ tree: told }) => ({ tree: { ...told, root: rooted } }) });
  }

  test('attack 22: a table that lies is 22, data that lies 21', async () => {
    await refused(await signed({ table: (truth) => altered(truth, (copy) => (copy[0] ^= 1)) }), 22);
    await refused(await signed({ table: (truth) => new Uint8Array(truth.length) }), 22);
    await refused(
      altered(bytes, (copy) => (copy[1000] ^= 1)),
      21,
    );
  });

  test('attack 20: an image with its last chunk twice is another image', async () => {
    const short = { fork: new Uint8Array(65_536).fill(1) };
    const long = { fork: new Uint8Array(131_072).fill(1) };
    const roots = await Promise.all([short, long].map(async (of) => (await judge(await signed({}, of))).statement?.tree.root));
    expect(roots[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(roots[0]).not.toBe(roots[1]);
  });
});

attacks('attack 10: trailers that contradict themselves, signed', [
  ['a data fork that begins later', 20, () => signed({}, { koly: { dataForkOffset: 512 } })],
  ['a data fork that ends early', 20, () => signed({}, { koly: { dataForkLength: pieces.fork.length - 1 } })],
  ['a data fork that holds the seal', 20, () => signed({}, { koly: { dataForkLength: pieces.fork.length + 1 } })],
  ['a data fork of 2^53-1 bytes', 20, () => signed({}, { koly: { dataForkLength: 2 ** 53 - 1 } })],
  ['a resource fork in the seal', 20, () => signed({}, { koly: { rsrcForkOffset: places.cms, rsrcForkLength: 100 } })],
  ['a resource fork around the seal', 20, () => signed({}, { koly: { rsrcForkOffset: 10, rsrcForkLength: places.plist } })],
  ['a resource fork of 2^53-1 bytes', 20, () => signed({}, { koly: { rsrcForkOffset: 10, rsrcForkLength: 2 ** 53 - 1 } })],
  ['a plist that ends early', 20, () => signed({}, { koly: { xmlLength: pieces.plist.length - 1 } })],
  ['a plist that leaves the image', 20, () => signed({}, { koly: { xmlLength: 2 ** 53 - 1 } })],
  ['something between plist and trailer', 20, () => signed({}, { hole: new Uint8Array(100) })],
]);

describe('attack 10: contradictions that are no business of the seal are refused before a filesystem is read', () => {
  const dict = (members: Record<string, unknown>): never => new Map(Object.entries(members)) as never;
  const blkx = (change: (table: Uint8Array) => void): Uint8Array => {
    const text = Buffer.from(pieces.plist).toString();
    const [, data] = /<data>\s*([A-Za-z0-9+/=\s]+)<\/data>/.exec(text)!;
    const table = new Uint8Array(Buffer.from(data!.replaceAll(/\s/g, ''), 'base64'));
    change(table);
    const entry = dict({ Attributes: '0x0050', Data: table, ID: '0', Name: 'x' });
    return writePlist(dict({ 'resource-fork': dict({ blkx: [entry] }) }));
  };
  const view = (table: Uint8Array): DataView => new DataView(table.buffer, table.byteOffset);
  const said: readonly (readonly [string, () => Partial<Pieces>])[] = [
    ['several segments', () => ({ koly: { segmentCount: 2 } })],
    ['another version', () => ({ koly: { version: 5 } })],
    ['fewer sectors than the tables have', () => ({ koly: { sectorCount: 1 } })],
    ['a key twice', () => ({ plist: ascii(Buffer.from(pieces.plist).toString().replace('<key>plst</key>', '<key>blkx</key>')) })],
    ['no property list', () => ({ plist: ascii('<html/>') })],
    [
      '__proto__ for a property list',
      () => ({ plist: ascii('<plist version="1.0"><dict><key>__proto__</key><dict><key>blkx</key><array/></dict></dict></plist>') }),
    ],
    ['a run outside the data fork', () => ({ plist: blkx((table) => view(table).setUint32(204 + 28, 0xfffffff)) })],
    ['a run of 2^43 sectors', () => ({ plist: blkx((table) => view(table).setUint32(204 + 16, 2 ** 11)) })],
    ['attack 13: a KiB that claims to be 16 MiB', () => ({ plist: bomb() })],
  ];
  const bomb = (): Uint8Array =>
    blkx((table) => {
      view(table).setUint32(12, 0);
      view(table).setUint32(204, RunType.zlib);
      view(table).setUint32(204 + 20, 32_768);
      view(table).setUint32(20, 32_768);
      view(table).setUint32(204 + 36, 600);
    });
  test.each(said)('%s', async (_, of) => {
    const image = await signed({}, of());
    const verdict = await judge(image);
    expect(verdict.exitCode).toBe(0);
    await expect(openVerified(verdict.disk!, testPlatform)).rejects.toMatchObject({ exitCode: 20 });
    expect(await judge(image, { deep: true })).toMatchObject({ exitCode: 20 });
  });
});

describe('rule 13: what the inventory says is what the volume has, 21', () => {
  const empty = sha256(new Uint8Array());
  const changed = (name: string, change: Partial<InventoryEntry>) => (entries: InventoryEntry[]) =>
    entries.map((entry) => (entry.path.endsWith(name) ? ({ ...entry, ...change } as InventoryEntry) : entry));
  const other: readonly (readonly [string, (entries: InventoryEntry[]) => InventoryEntry[]])[] = [
    ['another digest', changed('hello', { digest: empty })],
    ['another size', changed('hello', { size: 9 })],
    ['another mode', changed('hello', { mode: 0o4755 })],
    ['another target', changed('Applications', { target: '/etc' })],
    ['another type', changed('Applications', { type: 'folder' })],
    ['an entry less', (entries) => entries.filter(({ path }) => !path.endsWith('hello'))],
    ['an entry more', (entries) => [...entries, { type: 'file', path: 'more', mode: 0o644, size: 0, digest: empty }]],
    [
      'an entry more in a folder that nobody lists',
      (entries) => [...entries, { type: 'symlink', path: 'ghost/more', mode: 0o777, target: 'x' }],
    ],
    ['an entry more below a file', (entries) => [...entries, { type: 'symlink', path: 'Hello.app/hello/more', mode: 0o777, target: 'x' }]],
    ['nothing at all', () => []],
  ];
  test.each(other)('%s', async (_, change) => {
    const image = await signed({}, withEntries(pieces, change));
    const verdict = await judge(image);
    expect(verdict.exitCode).toBe(0);
    await refused(image, 21, { deep: true });
    const all = async (): Promise<void> => {
      const tree = await openVerified(verdict.disk!, testPlatform, await verdict.inventory!());
      const { walk } = await import('../../src/core/file-tree.ts');
      for await (const { entry } of walk(tree.root)) if (entry.type === 'file') for await (const _ of stream(entry.content)) continue;
    };
    await expect(all()).rejects.toMatchObject({ code: 'E_TAMPERED' });
  });

  test('two inventories that say two things of one file', async () => {
    const dressing = encodeInventory([{ type: 'file', path: 'Hello.app/hello', mode: 0o755, size: 1, digest: empty }]);
    await refused(await signed({}, { dressing }), 21, { deep: true });
  });

  test('a volume of which the inventory says nothing', async () => {
    const { disk } = await judge(bytes);
    const [own] = (await openLayers(disk!, testPlatform)).volumes;
    const fat = bytesDisk(altered(new Uint8Array(65_536), (copy) => copy.set(ascii('FAT16'), 54)));
    const around = async (...volumes: Disk[]): Promise<Uint8Array> => {
      const ids = { diskId: new Uint8Array(16).fill(1), volumeIds: volumes.map((_, index) => new Uint8Array(16).fill(index + 2)) };
      const sink = memorySink();
      await pack(
        partition(
          volumes.map((one) => ({ disk: one, type: 'Apple_HFS', name: 'x' })),
          ids,
        ),
        sink,
        { platform: testPlatform, threads: testPlatform.threads },
      );
      const whole = sink.bytes();
      const trailer = KolyTrailer.read(whole, whole.length - KolyTrailer.size);
      const fork = whole.subarray(0, trailer.dataForkLength);
      return signed({}, { fork, plist: whole.subarray(fork.length, -KolyTrailer.size), trailer });
    };
    expect(await judge(await around(own.disk), { deep: true })).toMatchObject({ exitCode: 0 });
    const image = await around(own.disk, fat);
    expect(await judge(image)).toMatchObject({ exitCode: 0 });
    await refused(image, 21, { deep: true });
  });

  test('two names that are one in the volume', async () => {
    const named = (path: string): InventoryEntry => ({ type: 'symlink', path, mode: 0o777, target: 'x' });
    const accented = tree('Names', [symlink('caf\u00e9', 'x')]);
    const made = piecesOf((await sealedImage(accented, leaf)).bytes);
    expect(await judge(await assembled(made, { by: leaf }), { deep: true })).toMatchObject({ exitCode: 0 });
    const twice = withEntries(made, () => [named('caf\u00e9'), named('cafe\u0301')]);
    await refused(await assembled(twice, { by: leaf }), 21, { deep: true });
  });
});

attacks('attack 24, rule 1: the statement is closed and has one spelling', [
  ...(
    [
      ['a member that nobody knows', (text) => text.replace('"arch"', '"aaaa":1,"arch"'), /does not know/],
      ['__proto__', (text) => text.replace('"arch"', '"__proto__":{"polluted":1},"arch"'), /does not know/],
      ['__proto__ further in', (text) => text.replace('"seal":{', '"seal":{"__proto__":{"polluted":1},'), /does not know/],
      ['constructor', (text) => text.replace('"covered"', '"constructor":{"prototype":{"polluted":1}},"covered"'), /does not know/],
      ['a member twice', (text) => text.replace('"arch":"universal"', '"arch":"universal","arch":"universal"')],
      ['a member less', (text) => text.replace('"arch":"universal",', '')],
      ['a byte order mark', (text) => `\ufeff${text}`],
      ['white space', (text) => text.replace(',', ', ')],
      ['a line feed at the end', (text) => `${text}\n`],
      ['a NUL at the end', (text) => `${text}\0`],
      ['a second object', (text) => text + text],
      ['an escape without need', (text) => text.replace('"universal"', String.raw`"\u0075niversal"`)],
      ['a number with an exponent', (text) => text.replace('"chunk":65536', '"chunk":65536e0')],
      ['a number with a fraction', (text) => text.replace('"chunk":65536', '"chunk":65536.0')],
      ['minus zero', (text) => text.replace('"covered"', '"build":-0,"covered"').replace(/^(\{"arch":[^,]*,)("build":-0,)/, '$1$2')],
      ['2^53+1', (text) => text.replace('"channel"', '"build":9007199254740993,"channel"')],
      ['a number as text', (text) => text.replace('"chunk":65536', '"chunk":"65536"'), /"tree.chunk"/],
      ['a lone surrogate', (text) => text.replace('"version":"6.6.6"', String.raw`"version":"\ud800"`)],
      ['a terminal escape', (text) => text.replace('"version":"6.6.6"', String.raw`"version":"\u001b[2J"`)],
      ['a text that turns round', (text) => text.replace('"version":"6.6.6"', '"version":"6\u202e6"')],
      ['a product of capital letters', (text) => text.replace('com.example', 'Com.Example')],
      ['a product of a path', (text) => text.replace('com.example.hostile', '../../etc/passwd')],
      ['attack 25: something critical', (text) => text.replace('"covered"', '"critical":["x"],"covered"'), /"critical" names/],
      ['attack 25: another version', (text) => text.replace('diskseal/seal/1', 'diskseal/seal/2')],
      [
        'rule 5: an Apple signature that nobody judges',
        (text) => text.replace('"apple":"none"', '"apple":{"identifier":"x","teamId":"y"}'),
      ],
      ['an array', (text) => `[${text}]`],
      ['nesting without end', () => `{"a":${'['.repeat(60_000)}`],
    ] satisfies (readonly [string, (text: string) => string, RegExp?])[]
  ).map(([what, text, expected]): Attack => [what, 22, () => signed({ text }), expected]),
  [
    'more than it may have',
    22,
    () => signed({ room: 65_536, text: (text) => text.replace('6.6.6', '6'.repeat(65_536)) }),
    /bytes, 65536 are allowed/,
  ],
  ['bytes that are no UTF-8', 22, () => signed({ text: (text) => altered(ascii(text), (copy) => (copy[40] = 0xff)) })],
]);

test('attack 24: no prototype was touched', () => {
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

describe('certificates under the same root', () => {
  const LONG_AGO = NOW - 10 * 86_400;
  const certified = (subject: string, more: Partial<Parameters<typeof makeCertificate>[0]> = {}): Made =>
    makeCertificate({ subject, key: testKey('p256', 'attacker'), issuer: intermediate, ...more });
  const own = (subject: string): Made => makeCertificate({ subject, key: testKey('p256', 'own root'), ca: true });
  const subject = 'O=Demo,CN=Demo Publisher';
  const SIGNERS: readonly (readonly [string, number, () => Made])[] = [
    ['another code signer', 31, () => certified('O=Other,CN=Other')],
    ['attack 49: a name that begins with the publisher’s', 31, () => certified('O=Demo,CN=Demo Publisher Ltd')],
    ['attack 49: a name that holds the publisher’s', 31, () => certified('O=Demo,CN=x\\,CN=Demo Publisher')],
    ['attack 49: the same parts in another order', 31, () => certified('CN=Demo Publisher,O=Demo')],
    ['attack 49: other letters of the same look', 31, () => certified('O=Demo,CN=Dem\u043e Publisher')],
    ['attack 49: an invisible letter', 31, () => certified('O=Demo,CN=Demo\u200b Publisher')],
    ['attack 44: an expired one of the publisher’s own', 32, () => certified(subject, { notAfter: LONG_AGO })],
    ['one that is not valid yet', 32, () => certified(subject, { notBefore: NOW + 86_400 })],
    ['attack 43: one for servers', 30, () => certified(subject, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })],
    ['attack 43: one for anything', 30, () => certified(subject, { extendedKeyUsage: [OID.anyExtendedKeyUsage] })],
    ['attack 43: one that says no purpose', 30, () => certified(subject, { extensions: { [OID.extendedKeyUsage]: undefined } })],
    ['attack 43: one that is not for signing', 30, () => certified(subject, { keyUsage: ['nonRepudiation'] })],
    ['one for servers that has expired', 30, () => certified(subject, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'], notAfter: LONG_AGO })],
    [
      'an authority that signs by itself',
      30,
      () => certified(subject, { ca: true, keyUsage: ['digitalSignature', 'keyCertSign'], extendedKeyUsage: [OID.codeSigning] }),
    ],
    ['attack 41: one that the publisher certified, who is no authority', 30, () => certified(subject, { issuer: leaf })],
    ['attack 55: one under a root of its own that bears the names', 30, () => certified(subject, { issuer: own('O=Demo,CN=Demo Root') })],
    ['attack 55: one that certifies itself', 30, () => makeCertificate({ subject, key: testKey('p256', 'attacker') })],
    ['a key that is too weak', 35, () => certified(subject, { key: testKey('rsa2048', 'attacker') })],
    [
      'attack 42: an extension that must be understood',
      30,
      () => certified(subject, { extensions: { '1.2.3.4': extension('1.2.3.4', der.nullValue(), true) } }),
    ],
  ];
  test.each(SIGNERS)('%s: %i', async (_, exit, signer) => void (await refused(await assembled(pieces, { by: signer() }), exit)));

  test('rule 8: the root alone is 31, no trust at all 30, and neither says that the content is bad', async () => {
    for (const [exit, more] of [
      [31, { publishers: [] }],
      [30, { anchors: [] }],
      [30, { anchors: [], publishers: '*' as const }],
    ] as const) {
      const { checks } = await refused(bytes, exit, more);
      expect(checks).toContainEqual(expect.objectContaining({ name: 'content', status: 'ok' }));
    }
    expect(await judge(bytes, { publishers: '*' })).toMatchObject({ exitCode: 0 });
  });

  test('attack 45, rule 14: a signing time from when the certificate was valid is no proof', async () => {
    const late = certified(subject, { notAfter: LONG_AGO });
    const image = await assembled(pieces, { by: late, sign: (content) => signAnyhow(content, late) });
    await refused(image, 32);
    expect(await judge(image, { now: LONG_AGO - 1 })).toMatchObject({ exitCode: 0 });
  });

  test('a time that is no time is within no validity', async () => {
    for (const now of [Number.NaN, undefined as never, Infinity, -Infinity]) await refused(bytes, 32, { now });
  });

  test('rule 9: a demonstration key is named and is no anchor', async () => {
    const { createHash } = await import('node:crypto');
    const demonstrationKeys = new Set([createHash('sha256').update(root.key.spki).digest('hex')]);
    expect(await judge(bytes, { demonstrationKeys })).toMatchObject({ exitCode: 0, demonstration: true });
    await refused(bytes, 30, { demonstrationKeys, anchors: [] });
  });
});

describe('several signers', () => {
  test('rule 7: a stranger beside the publisher is named and fails nothing; alone he is nobody', async () => {
    const verdict = await judge(withStranger(ascii('nothing')));
    expect(verdict).toMatchObject({ exitCode: 0 });
    expect(verdict.checks).toContainEqual(
      expect.objectContaining({ name: 'path', status: 'skipped', message: expect.stringContaining('CN=Stranger') }),
    );
  });

  test('rule 9: a stranger with the example key makes no demonstration of a publisher’s image', async () => {
    const image = withStranger(ascii('nothing'));
    const stranger = (await judge(image)).signers.find(({ certificate }) => certificate.subject === 'CN=Stranger')!;
    const demonstrationKeys = new Set([stranger.certificate.spki]);
    expect(await judge(image, { demonstrationKeys })).toMatchObject({ exitCode: 0, demonstration: false });
    expect(await judge(image, { demonstrationKeys, anchors: [] })).toMatchObject({ exitCode: 30, demonstration: true });
  });

  test('rule 6, attack 37: one key twice is one signer', async () => {
    const twice = withStranger(ascii('nothing'), leaf.key);
    const verdict = await judge(twice);
    expect(verdict.signers).toHaveLength(2);
    expect(new Set(verdict.signers.map(({ keyValue }) => keyValue)).size).toBe(1);
  });

  test('attack 37: a stranger whose signature is wrong spoils the message', async () => {
    const image = withStranger(ascii('nothing'));
    const { cms: start, slack } = placesOf(image);
    const top = treeOf(image.subarray(start, slack));
    const info = at(top, 1, 0, 4).children.find((one) => Buffer.from(write(one)).includes('Stranger'))!;
    const signature = info.children.at(-1)!;
    signature.content = altered(signature.content, (copy) => (copy[20] ^= 1));
    at(top, 1, 0, 4).children.sort((left, right) => Buffer.compare(write(left), write(right)));
    await refused(withCms(sealed, write(top)), 23);
  });

  test('attack 46, rule 7: a timestamp of another signature is 34, after those who have the word before', async () => {
    const { signers } = parseSignedData(cms());
    const other = withToken(ascii('nothing'));
    expect(await judge(other)).toMatchObject({ exitCode: 0 });
    const wrong = Buffer.from(other);
    const imprint = Buffer.from(sha256(signers[0].signature));
    wrong[wrong.indexOf(imprint)] ^= 1;
    await refused(new Uint8Array(wrong), 34);
  });
});

describe('rule 12: the first failure in the order of the rules gives the code, and all are told', () => {
  const ORDER = [
    'E_READ',
    'E_UNCOVERED',
    'E_NO_SEAL',
    'E_SEAL',
    'E_SIGNATURE',
    'E_WEAK',
    'E_UNTRUSTED',
    'E_TIMESTAMP',
    'E_EXPIRED',
  ] as const;
  const REST = ['E_UNKNOWN_PUBLISHER', 'E_APPLE', 'E_TAMPERED'] as const;
  const all = ['E_INTERNAL', ...ORDER, ...REST] as const;
  const failed = (code: (typeof all)[number]): Check => ({ name: code, status: 'fail', code, message: '' });

  test('any two, whichever was found first', () => {
    for (const [index, first] of all.entries()) {
      for (const later of all.slice(index + 1)) {
        for (const checks of [
          [failed(first), failed(later)],
          [failed(later), failed(first)],
        ]) {
          expect(decidingFailure(checks)?.code, `${first} before ${later}`).toBe(first);
        }
      }
    }
    expect(decidingFailure([{ name: 'x', status: 'warning', message: '' }])).toBeUndefined();
  });

  const tampered = (image: Uint8Array): Uint8Array => altered(image, (copy) => (copy[1000] ^= 1));
  test.each([
    ['changed and nobody trusted', 30, () => tampered(bytes), { anchors: [] }],
    ['changed and the publisher not named', 31, () => tampered(bytes), { publishers: [] }],
    ['changed and expired', 32, () => tampered(bytes), { now: NOW + 10 * 365 * 86_400 }],
    ['changed and an Apple signature', 50, () => tampered(hole(new Uint8Array(100))), {}],
    ['an Apple signature and nobody trusted', 30, () => hole(new Uint8Array(100)), { anchors: [] }],
    ['slack and nobody trusted', 22, () => altered(bytes, (copy) => (copy[places.slack] = 1)), { anchors: [] }],
    ['slack and changed', 22, () => tampered(altered(bytes, (copy) => (copy[places.slack] = 1))), {}],
    ['a hidden file and nobody trusted', 20, () => withToken(zip(0)), { anchors: [] }],
    ['a hidden file and slack', [20, 22], () => altered(withToken(zip(0)), (copy) => (copy[places.footer - 1] = 1)), {}],
  ] as const)('%s: %o', async (_, exits, forge, more) => {
    const { checks } = await refused(forge(), exits, more as Partial<VerifyPolicy>);
    expect(checks.filter(({ status }) => status === 'fail').length).toBeGreaterThanOrEqual(
      typeof exits === 'number' && exits !== 22 ? 2 : 1,
    );
  });

  test('rule 3: an Apple signature alone is 50, and the content is as it was signed', async () => {
    const { checks } = await refused(hole(new Uint8Array(100).fill(9)), 50);
    expect(checks.filter(({ status }) => status === 'fail').map(({ name }) => name)).toEqual(['apple']);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'content', status: 'ok' }));
  });
});

describe('rule 11: before the content is proven nothing is expanded', () => {
  const careful: Platform = { ...testPlatform, inflate: () => Promise.reject(new Error('it was expanded')) };
  test('a whole verification inflates nothing; quick never gives 0', async () => {
    expect(await judge(bytes, {}, careful)).toMatchObject({ exitCode: 0 });
    expect(await judge(bytes, { quick: true }, careful)).toMatchObject({ exitCode: 12 });
    expect(await judge(bytes, { deep: true }, careful)).toMatchObject({ exitCode: 20 });
    await refused(
      altered(bytes, (copy) => (copy[places.slack] = 1)),
      22,
      { quick: true },
    );
  });
});

describe('attack 3: large numbers', () => {
  test.each([2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1])('a data fork of %i bytes', async (size) => {
    const { disk } = await zerosImage(size, leaf);
    const verdict = await judge(disk, { quick: true });
    expect(verdict).toMatchObject({
      exitCode: 12,
      statement: {
        covered: [
          [0, size],
          [expect.any(Number), 513],
        ],
      },
    });
    expect(await verdict.disk!.read(size - 5, 5)).toEqual(new Uint8Array(5));
    expect(String.fromCharCode(...(await verdict.disk!.read(disk.size - 512, 4)))).toBe('koly');
    await expect(verdict.disk!.read(size - 5, 6)).rejects.toMatchObject({ code: 'E_UNCOVERED' });
  });

  test('a byte beyond 4 GiB counts', async () => {
    const size = 2 ** 32 + 100_000;
    const { disk } = await zerosImage(size, leaf);
    const changed: Disk = {
      ...disk,
      async read(position, length, into) {
        const found = await disk.read(position, length, into);
        if (position <= 2 ** 32 + 7 && position + length > 2 ** 32 + 7) found[2 ** 32 + 7 - position] = 1;
        return found;
      },
    };
    const verdict = await judge(changed, { quick: true });
    await expect(verdict.disk!.read(2 ** 32, 100)).rejects.toMatchObject({ code: 'E_TAMPERED', offset: 2 ** 32 });
    expect(await verdict.disk!.read(7, 100)).toEqual(new Uint8Array(100));
  });

  test('numbers of the trailer beyond 2^53 and at its edge are 20', async () => {
    for (const at of [0x18, 0x20, 0x28, 0x30, 0x38, 0xd8, 0xe0, 296, 304]) {
      for (const [first, rest] of [
        [0xff, 0xff],
        [0, 0xff],
        [0x80, 0],
      ] as const) {
        const image = altered(bytes, (copy) => {
          copy.fill(rest, copy.length - 512 + at, copy.length - 512 + at + 8);
          copy[copy.length - 512 + at] = first;
          if (first === 0) copy[copy.length - 512 + at + 1] = 0x1f;
        });
        await refused(image, [20, 21]);
      }
    }
  });
});

describe('nobody makes a verifier work for nothing', () => {
  const TEBI = 2 ** 40;
  test.each([
    ['no message', new Uint8Array(100)],
    ['a message by nobody', joined(Uint8Array.of(0x30, 3, 2, 1, 1))],
  ])('a TiB with %s is refused after a few reads', async (_, message) => {
    const { disk, bytesRead } = hollowImage(TEBI, message);
    await refused(disk, 22);
    expect(bytesRead()).toBeLessThan(1 << 20);
  });

  test('a TiB with a signature of something else', async () => {
    const { disk, bytesRead } = hollowImage(TEBI, cms());
    await refused(disk, 22);
    expect(bytesRead()).toBeLessThan(1 << 20);
  });

  test('a TiB with a wrong signature', async () => {
    const wrong = altered(cms(), (copy) => (copy[copy.length - 5] ^= 1));
    const { disk, bytesRead } = hollowImage(TEBI, wrong);
    await refused(disk, 23);
    expect(bytesRead()).toBeLessThan(1 << 20);
  });

  test('more than any table can hold', async () => {
    const { disk } = hollowImage(2 ** 43, cms());
    await refused(disk, 20);
  });

  test('an area of a TiB', async () => {
    const { disk, bytesRead } = hollowImage(1 << 20, cms(), { areaSize: TEBI });
    await refused(disk, 22);
    expect(bytesRead()).toBeLessThan(1 << 20);
  });

  test('zeros, ten thousand million of them', async () => {
    const { disk, bytesRead } = sparseDisk(10 ** 10, []);
    await refused(disk, 10);
    expect(bytesRead()).toBeLessThan(1 << 16);
  });

  test('a subject of 50,000 characters, which every message would repeat', () => {
    const { bytes: long } = makeCertificate({ subject: `CN=${'x'.repeat(50_000)}`, key: testKey('p256', 'long') });
    expect(() => parseCertificate(long)).toThrow(/^subject: a name of \d+ octets$|^issuer: a name of \d+ octets$/);
  });

  test('sixteen signatures over a path of sixteen certificates that all bear one name', async () => {
    const named = (serial: bigint, issuer?: Made): Made =>
      makeCertificate({ subject: 'O=x', key: testKey('p521', `bush ${serial}`), ca: true, serial, ...(issuer ? { issuer } : {}) });
    const bush = [named(1n)];
    while (bush.length < 15) bush.unshift(named(BigInt(bush.length + 1), bush[0]));
    const signer = makeCertificate({ subject: 'O=x', key: testKey('p256', 'bush'), issuer: bush[0] });
    const certificates = [signer, ...bush].map((certificate) => certificate.bytes);
    const { content } = parseSignedData(cms());
    const common = { hash: 'sha256', scheme: 'ecdsa' } as const;
    const signers = Array.from({ length: 16 }, (_, index) => {
      const values = { messageDigest: sha256(content), signingTime: NOW + index, certificateHashes: certificates.map(sha256), ...common };
      const attributes = signedAttributes(values);
      return { certificate: signer.bytes, ...common, signedAttributes: attributes, signature: signWith(signer.key, attributes) };
    });
    let checked = 0;
    const counting: Platform = { ...testPlatform, verifySignature: (input) => (checked++, testPlatform.verifySignature(input)) };
    const image = withCms(sealed, encodeSignedData({ content, certificates, signers }));
    expect(await judge(image, {}, counting)).toMatchObject({ exitCode: 30 });
    expect(checked).toBeLessThan(300);
  });

  test('an inventory of more than is read', async () => {
    const lines = 'd 0755 - - x\n';
    const dressing = ascii(lines.repeat(Math.ceil((257 << 20) / lines.length)));
    const verdict = await judge(await signed({}, { dressing }));
    expect(verdict.exitCode).toBe(0);
    await expect(verdict.inventory!()).rejects.toMatchObject({ code: 'E_UNSUPPORTED' });
  });

  const MESSAGES: Readonly<Record<string, () => Uint8Array>> = {
    'NULLs without end': () => der.sequence(new Uint8Array(60_000).map((_, index) => (index % 2 ? 0 : 5))),
    'empty sequences without end': () => der.sequence(new Uint8Array(60_000).map((_, index) => (index % 2 ? 0 : 0x30))),
    'attack 39: nesting without end': () =>
      Array.from({ length: 5000 }).reduce<Uint8Array>((inner) => der.sequence(inner), new Uint8Array()),
    'a version of 60,000 bytes': () => {
      const top = treeOf(cms());
      at(top, 1, 0, 0).content = new Uint8Array(60_000).fill(1);
      return write(top);
    },
    'a certificate whose version has 50,000 bytes': () => {
      const top = treeOf(cms());
      at(top, 1, 0, 3, 0, 0, 0, 0).content = new Uint8Array(50_000).fill(1);
      return write(top);
    },
    'an OID of 60,000 bytes': () => der.sequence(der.element(6, new Uint8Array(60_000).fill(0x81), Uint8Array.of(1))),
  };
  test.each(Object.entries(MESSAGES))('%s: soon, in few words', async (_, message) => {
    const room = await signed({}, { dressing: new Uint8Array() });
    const started = performance.now();
    const { checks } = await refused(withCms({ bytes: room, statement: sealed.statement }, message()), 22);
    expect(performance.now() - started).toBeLessThan(2000);
    for (const check of checks) expect(check.message.length).toBeLessThan(1000);
  });
});

describe('attack 40: whatever fails, it is a refusal', () => {
  test('each call to the platform in turn', async () => {
    let calls = 0;
    const step = async <T>(work: () => Promise<T>): Promise<T> => {
      if (left-- === 0) throw new Error('broken');
      calls++;
      return work();
    };
    let left = Infinity;
    const platform: Platform = {
      ...testPlatform,
      digest: (...input) => step(() => testPlatform.digest(...input)),
      verifySignature: (input) => step(() => testPlatform.verifySignature(input)),
      inflate: (...input) => step(() => testPlatform.inflate(...input)),
      hash: (algorithm) => {
        const hash = testPlatform.hash(algorithm);
        return { update: (piece) => step(() => hash.update(piece)), digest: () => step(() => hash.digest()) };
      },
    };
    expect(await judge(bytes, { deep: true }, platform)).toMatchObject({ exitCode: 0 });
    const all = calls;
    expect(all).toBeGreaterThan(30);
    for (let failing = 0; failing < all; failing++) {
      left = failing;
      const verdict = await judge(bytes, { deep: true }, platform);
      expect(verdict.exitCode, `call ${failing}`).not.toBe(0);
      expect(verdict.disk, `call ${failing}`).toBeUndefined();
    }
  });

  test('a policy that is no policy', async () => {
    for (const more of [
      { anchors: undefined },
      { publishers: undefined },
      { publishers: 'CN=x' },
      { publishers: [''] },
      { anchors: [{}] },
      { anchors: [null] },
    ]) {
      const verdict = await judge(bytes, more as never);
      expect(verdict.exitCode).not.toBe(0);
      expect(verdict.disk).toBeUndefined();
    }
  });
});

describe('attack 53: an image that changes while it is judged', () => {
  /** Another image from the n-th read on. */
  function turning(before: Uint8Array, after: Uint8Array, turn: number): Disk & { reads(): number } {
    let reads = 0;
    const [first, second] = [bytesDisk(before), bytesDisk(after)];
    return {
      ...first,
      read: (...range) => (reads++ < turn ? first : second).read(...range),
      extents: () => [{ position: 0, length: first.size, kind: 'opaque' }],
      reads: () => reads,
    };
  }
  const inventoryChanged = (): Uint8Array => {
    const found = Buffer.from(bytes).indexOf('Hello.app/hello');
    return altered(bytes, (copy) => copy.set(ascii('Hello.app/hellp'), found));
  };
  const OTHERS: Readonly<Record<string, () => Uint8Array>> = {
    'the data fork': () => altered(bytes, (copy) => copy.fill(0x41, 0, places.area)),
    'the plist': () => altered(bytes, (copy) => (copy[places.plist + 300] ^= 1)),
    'the trailer': () => koly({ sectorCount: 1 }),
    'the inventory': inventoryChanged,
    'the leaf table': () => altered(bytes, (copy) => copy.fill(0, places.table, places.cms)),
    'the message': () => withStranger(zip(0)),
    everything: () => new Uint8Array(bytes.length),
  };
  test.each(Object.entries(OTHERS))('%s: nothing but what was signed is ever given out', async (_, other) => {
    const changed = other();
    const whole = turning(bytes, bytes, Infinity);
    const { exitCode } = await judge(whole, { deep: true });
    expect(exitCode).toBe(0);
    for (let turn = 0; turn <= whole.reads(); turn++) {
      const disk = turning(bytes, changed, turn);
      const verdict = await judge(disk);
      if (verdict.exitCode !== 0) continue;
      const names = await verdict.inventory!().then(
        (entries) => entries.map(({ path }) => path).join(),
        (error: unknown) => expect(error).toMatchObject({ code: 'E_TAMPERED' }),
      );
      if (typeof names === 'string') expect(names).toContain('Hello.app/hello');
      for (const [from, to] of [
        [0, places.area],
        [places.plist, bytes.length],
      ] as const) {
        for (let position = from; position < to; position += 512) {
          const length = Math.min(512, to - position);
          const read = await verdict
            .disk!.read(position, length)
            .catch((error: unknown) => void expect(error).toMatchObject({ code: 'E_TAMPERED' }));
          if (read) expect(Buffer.compare(read, bytes.subarray(position, position + length))).toBe(0);
        }
      }
    }
  });
});

test('rule 27: the statement is the identity, not the file: another signature by the same key says the same', async () => {
  const again = withCms(sealed, signAnyhow(encodeStatement(sealed.statement), leaf));
  expect(Buffer.compare(again, bytes)).not.toBe(0);
  expect((await judge(again)).statement).toEqual((await judge(bytes)).statement);
});

test('attack 36: a statement of another image, signed by the publisher, is 22', async () => {
  const older = await sealedImage(tree('Hello', [file('old', 'version')]), leaf);
  const { cms: start, slack } = placesOf(older.bytes);
  await refused(withCms(sealed, older.bytes.subarray(start, slack)), 22);
  await refused(withCms(sealed, signAnyhow(changedStatement(older, { seal: sealed.statement.seal }), leaf)), 22);
});
