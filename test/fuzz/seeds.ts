/** The first inputs of the corpus, made by our own writers and by openssl and genisoimage: small, and of every kind that we read. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { writeCueSheet } from '../../src/formats/containers/bincue/cue-sheet.ts';
import { encodeSector, RAW_SECTOR } from '../../src/formats/containers/bincue/sector.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { format as formatUdf } from '../../src/formats/filesystems/udf/format.ts';
import { writeAlias } from '../../src/formats/finder/alias.ts';
import { writeAppleDouble } from '../../src/formats/finder/apple-double.ts';
import type { StoreRecord } from '../../src/formats/finder/ds-store/record.ts';
import { writeStore } from '../../src/formats/finder/ds-store/write.ts';
import { writeIcns } from '../../src/formats/finder/pictures/icns.ts';
import { writeTiff } from '../../src/formats/finder/pictures/tiff.ts';
import { encodePng } from '../../src/formats/finder/pictures/write-png.ts';
import { regionOf } from '../../src/formats/licence/region.ts';
import { writeLicence } from '../../src/formats/licence/write.ts';
import { partition } from '../../src/formats/partitions/gpt/partition.ts';
import { writeBinaryPlist } from '../../src/formats/plist/binary-plist.ts';
import type { PlistValue } from '../../src/formats/plist/value.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { AreaMark } from '../../src/seal/area.ts';
import { compareCodePoints } from '../../src/seal/inventory.ts';
import { writeMemory } from '../../src/trust/remembered.ts';
import { extension, makeCertificate, nameOf, testChain, testKey } from '../support/certificates.ts';
import { placesOf, sealedImage } from '../support/forged-seal.ts';
import { machO, universal } from '../support/mach-o.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { nrgImage } from '../support/nrg-image.ts';
import { workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { VolumeBytes } from '../support/volume-bytes.ts';

export type Seeds = Record<string, Uint8Array[]>;

const read = (disk: Disk): Promise<Uint8Array> => disk.read(0, disk.size);
const root = process.cwd();

function sample() {
  const xattrs = new Map([
    ['small', bytesDisk(Uint8Array.of(1, 2, 3))],
    ['large', bytesDisk(new Uint8Array(5000))],
  ]);
  return tree('Fuzz', [
    file('a', 'content', { xattrs, resourceFork: bytesDisk(new Uint8Array(20)) }),
    file('b', 'linked', { linkGroup: '1' }),
    file('c', 'linked', { linkGroup: '1' }),
    symlink('d', '../somewhere/else'),
    folder('e', [folder('f', [folder('g', [])]), ...Array.from({ length: 20 }, (_, index) => file(`file ${index}`, 'x'))]),
  ]);
}

/** What is in the seals of the test vectors. */
function sealParts(): Pick<Seeds, 'footer' | 'statement' | 'inventory' | 'plist' | 'cms'> {
  const vectors = `${root}/test/vectors`;
  const names = readdirSync(vectors).filter((name) => /^(good|E_CMS|E_SEAL\.(critical|unknown)|E_TIMESTAMP|E_DER).*\.dmg$/.test(name));
  const parts = {
    footer: [] as Uint8Array[],
    statement: [] as Uint8Array[],
    inventory: [] as Uint8Array[],
    plist: [] as Uint8Array[],
    cms: [] as Uint8Array[],
  };
  for (const name of names) {
    const bytes = new Uint8Array(readFileSync(`${vectors}/${name}`));
    const places = placesOf(bytes);
    const { contentLength } = AreaMark.read(bytes, places.area);
    const cms = bytes.slice(places.cms, places.slack);
    parts.cms.push(cms);
    parts.inventory.push(bytes.slice(places.content, places.content + contentLength));
    parts.plist.push(bytes.slice(places.plist, places.trailer));
    if (name.startsWith('good')) parts.statement.push(parseSignedData(cms).content);
    if (name === 'good.p256.dmg') parts.footer.push(bytes);
  }
  return parts;
}

function certificates(): Uint8Array[] {
  const made = [...Object.values(testChain('p256')), ...Object.values(testChain('rsa3072')), ...Object.values(testChain('p384', 'Other'))];
  return [...made.map(({ bytes }) => bytes), odd().bytes];
}

/** Extensions that our own certificates do not have, as openssl writes them. */
function odd() {
  return makeCertificate({
    subject: 'CN=odd',
    key: testKey('ed25519'),
    extensions: { '1.2.3.4': extension('1.2.3.4', nameOf('CN=x'), true) },
  });
}

const EXTENSIONS = `[ext]
basicConstraints=critical,CA:TRUE,pathlen:1
keyUsage=critical,keyCertSign,cRLSign,digitalSignature
extendedKeyUsage=codeSigning,timeStamping,OCSPSigning
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid,issuer
subjectAltName=email:a@example.com,URI:https://example.com/,DNS:example.com,IP:192.0.2.1,dirName:dn,otherName:1.2.3;UTF8:x
nameConstraints=critical,permitted;DNS:example.com,excluded;email:.example.org,permitted;IP:192.0.2.0/255.255.255.0
certificatePolicies=1.2.3.4,@pol
policyConstraints=requireExplicitPolicy:3
inhibitAnyPolicy=2
authorityInfoAccess=OCSP;URI:http://ocsp.example.com/,caIssuers;URI:http://example.com/ca.cer
crlDistributionPoints=URI:http://example.com/a.crl
[pol]
policyIdentifier=1.3.5.8
CPS.1="http://example.com/"
userNotice.1=@notice
[notice]
explicitText="UTF8:words"
[dn]
CN=dir
`;

/** What only openssl makes: revocation lists, OCSP answers, timestamps, key files. */
function fromOpenssl(): Pick<Seeds, 'certificate' | 'pem' | 'crl' | 'ocsp' | 'timestamp' | 'keys' | 'der'> {
  const bench = workbench();
  try {
    bench.write('ext.cnf', `oid_section=oids\n[oids]\n[req]\ndistinguished_name=d\n[d]\n${EXTENSIONS}`);
    const subject = ['-subj', '/O=Fuzz/CN=Fuzz CA', '-days', '3650', '-nodes'];
    bench.openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-config',
      'ext.cnf',
      '-extensions',
      'ext',
      ...subject,
    );
    bench.write('db', '');
    bench.write(
      'ca.cnf',
      `[ca]\ndefault_ca=x\n[x]\ndatabase=db\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=300\ndefault_crl_days=30\npolicy=p\ncrl_extensions=crl\n[p]\ncommonName=supplied\n[crl]\nauthorityKeyIdentifier=keyid\nissuingDistributionPoint=critical,@idp\n[idp]\nfullname=URI:http://example.com/a.crl\n[tsa]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n`,
    );
    bench.write('serial', '01\n');
    bench.write('crlnumber', '01\n');
    const issue = (name: string, ...options: string[]): void => {
      bench.openssl(
        'req',
        '-new',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
        '-config',
        'ext.cnf',
      );
      bench.openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-in', `${name}.csr`, '-out', `${name}.pem`, ...options);
    };
    issue('good');
    issue('bad');
    issue('tsa', '-extensions', 'tsa');
    bench.openssl('ca', '-config', 'ca.cnf', '-revoke', 'bad.pem', '-crl_compromise', '20260101000000Z');
    bench.openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'list.pem');
    bench.openssl('crl', '-in', 'list.pem', '-outform', 'DER', '-out', 'list.der');
    const ocsp = ['good', 'bad'].map((name) => {
      const request = ['ocsp', '-issuer', 'ca.pem', '-cert', `${name}.pem`, '-nonce'];
      bench.openssl(
        ...request,
        '-index',
        'db',
        '-rsigner',
        'ca.pem',
        '-rkey',
        'ca.key',
        '-CA',
        'ca.pem',
        '-respout',
        `${name}.ocsp`,
        '-ndays',
        '30',
        '-noverify',
      );
      return bench.read(`${name}.ocsp`);
    });
    bench.write(
      'tsa.cnf',
      '[tsa]\ndefault_tsa=t\n[t]\nserial=tsaserial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\ncerts=ca.pem\nsigner_digest=sha256\ndefault_policy=1.2.3\ndigests=sha256,sha384\naccuracy=secs:1,millisecs:500\nordering=yes\ntsa_name=yes\ness_cert_id_chain=yes\ness_cert_id_alg=sha256\n',
    );
    bench.write('tsaserial', '01\n');
    bench.write('data', 'what is stamped');
    const tokens = ['-sha256', '-sha384'].map((hash) => {
      bench.openssl('ts', '-query', '-data', 'data', hash, '-cert', '-out', 'query');
      bench.openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query', '-token_out', '-out', `token${hash}`);
      return bench.read(`token${hash}`);
    });
    const der = (name: string): Uint8Array => new Uint8Array(bench.openssl('x509', '-in', `${name}.pem`, '-outform', 'DER'));
    bench.openssl('pkcs12', '-export', '-in', 'good.pem', '-inkey', 'good.key', '-out', 'good.p12', '-passout', 'pass:x');
    const keys = [
      bench.read('good.p12'),
      new Uint8Array(bench.openssl('pkcs8', '-topk8', '-in', 'good.key', '-outform', 'DER', '-nocrypt')),
      new Uint8Array(bench.openssl('pkcs8', '-topk8', '-in', 'good.key', '-outform', 'DER', '-passout', 'pass:x')),
    ];
    const streamed = bench.openssl(
      'cms',
      '-sign',
      '-stream',
      '-in',
      'data',
      '-signer',
      'good.pem',
      '-inkey',
      'good.key',
      '-outform',
      'DER',
      '-nodetach',
      '-binary',
    );
    return {
      certificate: ['ca', 'good', 'tsa'].map(der),
      pem: [bench.read('ca.pem'), bench.read('list.pem')],
      crl: [bench.read('list.der'), bench.read('list.pem')],
      ocsp,
      timestamp: tokens,
      keys,
      der: [new Uint8Array(streamed), tokens[0]],
    };
  } finally {
    bench.remove();
  }
}

function isoImages(): Uint8Array[] {
  const bench = workbench();
  try {
    execFileSync('mkdir', ['-p', 'tree/deep/er', 'tree/Folder with a long name'], { cwd: bench.folder });
    bench.write('tree/a', 'content of a');
    bench.write('tree/Folder with a long name/caf\u00e9.txt', 'x'.repeat(3000));
    execFileSync('ln', ['-s', '../a', 'tree/deep/link'], { cwd: bench.folder });
    const make = (...options: string[]): Uint8Array => {
      execFileSync('genisoimage', ['-quiet', '-no-pad', ...options, '-o', 'out.iso', 'tree'], { cwd: bench.folder, stdio: 'ignore' });
      return bench.read('out.iso');
    };
    return [make('-R', '-J'), make('-J'), make('-R'), make('-iso-level', '4'), make()];
  } finally {
    bench.remove();
  }
}

function rawSectors(): Uint8Array {
  const bytes = new Uint8Array(3 * RAW_SECTOR);
  for (let number = 0; number < 3; number++) {
    encodeSector(new Uint8Array(2048).fill(number), number, bytes.subarray(number * RAW_SECTOR, (number + 1) * RAW_SECTOR));
  }
  return bytes;
}

function alias(): Uint8Array {
  const dates = { volumeCreated: 3_850_000_000, fileCreated: 3_850_000_000 };
  return writeAlias({ ...dates, volumeName: 'V', path: ['.background', 'b.png'], fileId: 21, folderIds: [16, 2] });
}

async function pictures(): Promise<Uint8Array[]> {
  const pixels = { width: 3, height: 2, rgba: Uint8Array.from({ length: 24 }, (_, index) => index * 9) };
  const png = await encodePng(pixels, testPlatform);
  return [png, writeTiff([{ pixels, dpi: 72 }]), writeIcns([{ type: 'icp4', data: png }])];
}

function store(): Uint8Array {
  const records: StoreRecord[] = [
    { name: '.', code: 'bwsp', data: { type: 'blob', value: writeBinaryPlist(new Map([['WindowBounds', '{{1, 2}, {3, 4}}']])) } },
    { name: '.', code: 'pict', data: { type: 'blob', value: alias() } },
    { name: '.', code: 'vSrn', data: { type: 'long', value: 1 } },
    { name: 'a', code: 'Iloc', data: { type: 'blob', value: new Uint8Array(16) } },
    { name: 'b', code: 'cmmt', data: { type: 'ustr', value: 'words' } },
    { name: 'c', code: 'modD', data: { type: 'dutc', value: 1n } },
  ];
  return writeStore(records, compareCodePoints);
}

function policies(): Uint8Array[] {
  const hex = 'ab'.repeat(32);
  const all = [
    { trust: `sha256:${hex}`, publishers: '*' },
    {
      trust: ['root.pem', `sha256:${hex}`],
      timestampTrust: 'root.pem',
      publishers: {
        alice: { spki: `spki:${hex}` },
        bob: { certificate: [hex], subject: 'CN=Bob', issuer: `sha256:${hex}` },
        carol: { san: 'uri:https://example.com/carol', issuer: 'CN=CA,O=Example' },
      },
      require: { count: 2, of: ['alice', 'bob'] },
      products: ['com.example.hello'],
      channels: ['stable'],
      minVersion: '1.2.0',
      minBuild: 3,
      timestamp: 'required',
      maxTimestampAge: 30,
      revocation: 'hard',
      revocationData: 'list.crl',
      algorithms: { hashes: ['sha256'], keys: ['P-256', 'RSA'], rsaBits: 4096 },
    },
  ];
  return all.map((one) => new TextEncoder().encode(JSON.stringify(one)));
}

function everyKind(): PlistValue {
  const members: [string, PlistValue][] = [
    ['integers', [0n, -1n, 255n, 65_535n, 2n ** 32n, 2n ** 64n - 1n]],
    ['reals', [1, -0.5, Infinity]],
    ['texts', ['', 'a', 'a', '\u00e9\u{1f600}', 'x'.repeat(300)]],
    ['others', [true, false, new Date(1_780_000_000_000), Uint8Array.of(1, 2, 3), new Map([['inner', []]])]],
  ];
  return new Map(members);
}

export async function seeds(): Promise<Seeds> {
  const small = tree('S', [file('a', 'b')]);
  const sealed = await sealedImage(small, testChain().leaf);
  const { trailer } = placesOf(sealed.bytes);
  const plain = new Uint8Array(readFileSync(`${root}/test/vectors/E_NO_SEAL.unsealed.dmg`));
  const volume = await VolumeBytes.of(sample());
  const tiny = await VolumeBytes.of(small);
  const gpt = partition([{ disk: bytesDisk(new Uint8Array(8192)), type: 'Apple_HFS', name: 'x' }], {
    diskId: new Uint8Array(16).fill(1),
    volumeIds: [new Uint8Array(16).fill(2)],
  });
  const xattrs = new Map([['com.apple.quarantine', bytesDisk(new TextEncoder().encode('0081;0;x;'))]]);
  const double = writeAppleDouble({ finderInfo: new Uint8Array(32).fill(65), resourceFork: bytesDisk(new Uint8Array(300)), xattrs });
  const { certificate, ...openssl } = fromOpenssl();
  return {
    ...sealParts(),
    ...openssl,
    certificate: [...certificates(), ...certificate],
    udif: [plain, sealed.bytes.slice(0, 0), KolyTrailer.write({ ...KolyTrailer.read(sealed.bytes, trailer) })].filter(
      ({ length }) => length > 0,
    ),
    layers: [plain, tiny.bytes, isoImages()[0]],
    partitions: [(await read(gpt)).slice(0, 60_000)],
    policy: policies(),
    memory: [writeMemory({ time: 1_780_000_000, publishers: [] })],
    hfsplus: [volume.bytes, tiny.bytes],
    iso9660: isoImages(),
    udf: [await read(await formatUdf(sample(), { volumeId: 1n, created: NEW_YEAR }))],
    bincue: [rawSectors(), new TextEncoder().encode(writeCueSheet({ file: 'x.bin', mode: 'MODE1/2352' }))],
    'binary-plist': [writeBinaryPlist(everyKind()), writeBinaryPlist(new Map([['WindowBounds', '{{1, 2}, {3, 4}}']]))],
    nrg: [1, 2].flatMap((version) =>
      (['disc at once', 'track at once'] as const).map((session) =>
        nrgImage(new Uint8Array(4096), { version: version as 1 | 2, session, raw: version === 2, gap: 1 }),
      ),
    ),
    licence: writeLicence(['en_US', 'ja_JP'].map((name) => ({ region: regionOf(name), body: { text: 'Caf\u00e9 \u65e5\n{x}' } }))).map(
      ({ data }) => data,
    ),
    macho: [machO({ signed: true }), machO({ cpu: [7, 3], old: true }), universal([machO({ cpu: [0x0100_0007, 3] }), machO()])],
    'ds-store': [store()],
    alias: [alias()],
    picture: await pictures(),
    appledouble: [await read(double), await read(writeAppleDouble({ finderInfo: undefined, resourceFork: undefined, xattrs }))],
  };
}
