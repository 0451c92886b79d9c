/** Attacks by who can sign: the publisher himself, whose statement, image and inventory may not contradict each other, and others with certificates. */
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk, stream } from '../../src/core/disk.ts';
import { pack } from '../../src/formats/containers/udif/pack.ts';
import { KolyTrailer, RunType } from '../../src/formats/containers/udif/structs.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import { writeXmlPlist } from '../../src/formats/plist/write-xml.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { encodeInventory, type InventoryEntry } from '../../src/seal/inventory.ts';
import { openLayers } from '../../src/verify/layers.ts';
import { openVerified } from '../../src/verify/verified-tree.ts';
import {
  type Attack,
  ascii,
  attacks,
  bytes,
  intermediate,
  judge,
  leaf,
  pieces,
  places,
  refused,
  root,
  signed,
} from '../support/attacked-image.ts';
import { extension, type Made, makeCertificate, NOW, sha256, testKey } from '../support/certificates.ts';
import { altered, placesOf, type SealedImage, sealedImage, signAnyhow } from '../support/forged-seal.ts';
import { assembled, type Pieces, piecesOf, withEntries } from '../support/hostile-image.ts';
import { memorySink } from '../support/memory-sink.ts';
import { symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';

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
    const table = new Uint8Array(Buffer.from(data.replaceAll(/\s/g, ''), 'base64'));
    change(table);
    const entry = dict({ Attributes: '0x0050', Data: table, ID: '0', Name: 'x' });
    return writeXmlPlist(dict({ 'resource-fork': dict({ blkx: [entry] }) }));
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
  /** Issuer name and key identifier are the true ones, the signature is the attacker's. */
  const claimed = (): Made => {
    const authority = der.sequence(der.implicit(0, der.octetString(intermediate.certificate.extensions.subjectKeyIdentifier!)));
    const issuer = { ...intermediate, certificate: intermediate.certificate, key: testKey('p256', 'attacker') };
    return certified(subject, { issuer, extensions: { [OID.authorityKeyIdentifier]: extension(OID.authorityKeyIdentifier, authority) } });
  };
  const SIGNERS: readonly (readonly [string, number, () => Made])[] = [
    ['another code signer', 31, () => certified('O=Other,CN=Other')],
    ['attack 49: a name that begins with the publisher’s', 31, () => certified('O=Demo,CN=Demo Publisher Ltd')],
    ['attack 49: a name that holds the publisher’s', 31, () => certified('O=Demo,CN=x\\,CN=Demo Publisher')],
    ['attack 49: a name that ends with all of the publisher’s', 31, () => certified('O=Demo,CN=Demo Publisher,CN=Other')],
    ['attack 49: a name that begins with all of the publisher’s', 31, () => certified('O=x,O=Demo,CN=Demo Publisher')],
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
    ['attack 55: one that claims to be certified by the true authority’s key', 30, () => claimed()],
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
