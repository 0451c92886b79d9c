/** Attacks by way of files and of the command line: what stands at a path, what changes there, what is printed about it, and what it costs. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, renameSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TableWriter } from '../../src/formats/containers/udif/block-table.ts';
import { KolyTrailer, RunType } from '../../src/formats/containers/udif/structs.ts';
import { writeXmlPlist } from '../../src/formats/plist/write-xml.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { openVerified } from '../../src/verify/verified-tree.ts';
import { type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { makeCertificate, NOW, testChain, testKey } from '../support/certificates.ts';
import { diskseal, type Run, type RunOptions } from '../support/command-line.ts';
import { altered, placesOf, type SealedImage, sealedImage } from '../support/forged-seal.ts';
import { file, folder, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIFE = { notBefore: Date.UTC(2020, 0) / 1000, notAfter: Date.UTC(2049, 0) / 1000 };
const { root, leaf } = testChain();
const policy: VerifyPolicy = {
  anchors: [{ kind: 'certificate', certificate: root.certificate }],
  publishers: ['CN=Demo Publisher,O=Demo'],
  now: NOW,
};
const app = tree('Hello', [folder('Hello.app', [file('hello', 'hi'), file('large', 'x'.repeat(300_000))])]);
const publisher = makeCertificate({ subject: 'O=Files,CN=Publisher', key: testKey('p256', 'files'), ...LIFE });

let place: string;
let path: string;
let sealed: SealedImage;
let lasting: SealedImage;
beforeAll(async () => {
  place = await temporaryFolder();
  sealed = await sealedImage(app, leaf);
  lasting = await sealedImage(app, publisher);
  writeFileSync(join(place, 'publisher.der'), publisher.bytes);
});
beforeEach(() => {
  path = join(place, 'image.dmg');
  writeFileSync(path, sealed.bytes);
});

describe('attack 53: a file that changes after the verdict', () => {
  async function afterVerdict(change: () => void) {
    const image = await openFile(path);
    const { exitCode, disk, inventory } = await verify(image, policy, testPlatform);
    expect(exitCode).toBe(0);
    change();
    return { disk: disk!, inventory: inventory!, close: () => image.close() };
  }

  test('another file at the path is not read', async () => {
    const { disk, close } = await afterVerdict(() => {
      writeFileSync(`${path}.other`, new Uint8Array(sealed.bytes.length).fill(0x41));
      renameSync(`${path}.other`, path);
    });
    expect(Buffer.compare(await disk.read(0, 900), sealed.bytes.subarray(0, 900))).toBe(0);
    await close();
  });

  test('a link that leads elsewhere by then is not followed again', async () => {
    const way = join(place, 'way.dmg');
    symlinkSync(path, way);
    path = way;
    const { disk, close } = await afterVerdict(() => {
      unlinkSync(way);
      symlinkSync('/dev/zero', way);
    });
    expect(Buffer.compare(await disk.read(0, 900), sealed.bytes.subarray(0, 900))).toBe(0);
    await close();
    unlinkSync(way);
  });

  test.each([0, 1, 100, 600])('cut to %i bytes: E_CHANGED', async (size) => {
    const { disk, inventory, close } = await afterVerdict(() => truncateSync(path, size));
    await expect(disk.read(0, 900)).rejects.toMatchObject({ code: 'E_CHANGED' });
    await expect(inventory()).rejects.toMatchObject({ code: 'E_CHANGED' });
    await expect(openVerified(disk, testPlatform)).rejects.toMatchObject({ code: 'E_CHANGED' });
    await close();
  });

  test('written over in place: E_TAMPERED wherever it is read', async () => {
    const { disk, inventory, close } = await afterVerdict(() => {
      const descriptor = openSync(path, 'r+');
      writeSync(descriptor, new Uint8Array(sealed.bytes.length).fill(0x41));
      closeSync(descriptor);
    });
    await expect(disk.read(0, 900)).rejects.toMatchObject({ code: 'E_TAMPERED' });
    await expect(disk.read(disk.size - 512, 512)).rejects.toMatchObject({ code: 'E_TAMPERED' });
    await expect(inventory()).rejects.toMatchObject({ code: 'E_TAMPERED' });
    await expect(openVerified(disk, testPlatform)).rejects.toMatchObject({ code: 'E_TAMPERED' });
    await close();
  });

  test('another sealed image of the same publisher in its place, byte by byte', async () => {
    const older = await sealedImage(tree('Hello', [folder('Hello.app', [file('hello', 'ho'), file('large', 'y'.repeat(300_000))])]), leaf);
    const { disk, close } = await afterVerdict(() => {
      const descriptor = openSync(path, 'r+');
      ftruncateSync(descriptor, 0);
      writeSync(descriptor, older.bytes);
      closeSync(descriptor);
    });
    const read = await disk.read(0, 900).catch((error: unknown) => error);
    if (read instanceof Uint8Array) expect(Buffer.compare(read, sealed.bytes.subarray(0, 900))).toBe(0);
    else expect(['E_TAMPERED', 'E_CHANGED']).toContain((read as { code: string }).code);
    await close();
  });
});

describe.skipIf(process.platform === 'win32')('attack 53: what is no file', () => {
  test('a pipe is refused at once and holds nobody up', async () => {
    const pipe = join(place, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const words of [
      ['verify', pipe],
      ['inspect', pipe],
      ['ls', pipe, '--insecure-skip-verify'],
    ]) {
      const { code, stderr, signal } = await limited(words);
      expect([code, signal], stderr).toEqual([3, null]);
    }
  });
  test.each(['/dev/null', '/dev/zero', '/', '.'])('%s', async (what) => {
    await expect(openFile(what)).rejects.toMatchObject({ code: 'E_READ' });
  });
  test('a link to itself', async () => {
    symlinkSync('loop', join(place, 'loop'));
    await expect(openFile(join(place, 'loop'))).rejects.toMatchObject({ code: 'E_READ' });
  });
  test('rule 24: a link to an image is as good as the image', async () => {
    symlinkSync(path, join(place, 'good'));
    const image = await openFile(join(place, 'good'));
    expect(await verify(image, policy, testPlatform)).toMatchObject({ exitCode: 0 });
    await image.close();
  });
});

/** Kills what does not end by itself; a signal is then the answer. */
function limited(words: readonly string[], options: RunOptions = {}, seconds = 20): Promise<Run> {
  return diskseal(words, {
    cwd: place,
    ...options,
    during: (child) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
      child.once('close', () => clearTimeout(timer));
    },
  });
}

function put(name: string, bytes: Uint8Array): string {
  writeFileSync(join(place, name), bytes);
  return name;
}

describe('attacks 26 and 57: what strangers wrote is printed and never obeyed', () => {
  const EVIL = '\u001b]0;owned\u0007\u001b[2J\u202e\u200b\u2028\nok    publisher  CN=Somebody';
  // What a terminal acts on. A line feed is a line; what stands in a name must not be one.
  // oxlint-disable-next-line no-control-regex
  const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

  test.each(['--json', '--verbose', '--explain'])('a subject, with %s', async (flag) => {
    const evil = makeCertificate({ subject: `CN=x${EVIL}`, key: testKey('p256', 'evil'), ...LIFE });
    const image = put('evil.dmg', (await sealedImage(app, evil)).bytes);
    for (const trust of [[], ['--trust', 'publisher.der']]) {
      const { code, stdout, stderr } = await limited(['verify', image, flag, ...trust]);
      expect(code).toBe(30);
      expect(stdout + stderr).not.toMatch(UNSAFE);
      expect(stdout.split('\n').filter((line) => line.startsWith('ok    publisher'))).toEqual([]);
    }
  });

  test('names in a volume and the volume’s own', async () => {
    const image = put(
      'names.dmg',
      (await sealedImage(tree(EVIL.replaceAll('\n', ''), [file(EVIL.replace('\n', ''), 'x')]), publisher)).bytes,
    );
    for (const words of [
      ['ls', image, '--trust', 'publisher.der'],
      ['ls', '-l', image, '--trust', 'publisher.der'],
      ['ls', '--json', image, '--trust', 'publisher.der'],
      ['inspect', image],
      ['inspect', '--json', image],
      ['inspect', '--raw', image],
      ['cat', image, `no${EVIL}`, '--trust', 'publisher.der'],
    ]) {
      const { stdout, stderr } = await limited(words);
      expect(stdout + stderr, words.join(' ')).not.toMatch(UNSAFE);
    }
  });

  test('a path', async () => {
    const { code, stdout, stderr } = await limited(['verify', `no${EVIL}.dmg`]);
    expect(code).toBe(3);
    expect(stdout + stderr).not.toMatch(UNSAFE);
  });
});

describe('a careless user', () => {
  test('two images: only one would be judged', async () => {
    put('good.dmg', lasting.bytes);
    expect((await limited(['verify', 'good.dmg', 'good.dmg', '--trust', 'publisher.der'])).code).toBe(2);
    expect((await limited(['verify', '--trust', 'publisher.der'])).code).toBe(2);
  });
  test('variables that are empty', async () => {
    put('good.dmg', lasting.bytes);
    expect((await limited(['verify', 'good.dmg', '--trust', ''])).code).toBe(3);
    expect((await limited(['verify', 'good.dmg', '--trust', 'publisher.der', '--publisher', ''])).code).toBe(2);
    expect((await limited(['verify', ''])).code).toBe(3);
  });
  test('attack 54: names that a shell would take for something', async () => {
    for (const name of ['$(touch owned)', '`id`', "a'b", 'a"b', '%PATH%', 'a b;c', '-rf']) {
      put(name, lasting.bytes);
      const { code, stderr } = await limited(['verify', '--trust', 'publisher.der', '--', name]);
      expect(code, stderr).toBe(0);
    }
    await expect(openFile(join(place, 'owned'))).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
  test('attacks 55 and 56: nothing beside the image or in the environment is trusted', async () => {
    const image = put('good.dmg', lasting.bytes);
    for (const name of ['good.dmg.seal', 'good.dmg.pem', 'trust.pem', 'diskseal.json', 'diskseal.yaml', '.diskseal', 'keys.pem'])
      put(name, publisher.bytes);
    const environment = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'DISKSEAL_TRUST', 'XDG_CONFIG_HOME', 'HOME'];
    const env = Object.fromEntries(environment.map((name) => [name, name.endsWith('FILE') ? join(place, 'publisher.der') : place]));
    expect((await limited(['verify', image], { env })).code).toBe(30);
  });
  test('rule 18: a seal beside an image without one', async () => {
    const { area, plist, koly } = placesOf(lasting.bytes);
    const bare = new Uint8Array(Buffer.concat([lasting.bytes.subarray(0, area), lasting.bytes.subarray(plist)]));
    KolyTrailer.write({ ...koly, xmlOffset: area }, bare, bare.length - 512);
    put('bare.dmg', bare);
    put('bare.dmg.seal', lasting.bytes.subarray(area, plist));
    expect((await limited(['verify', 'bare.dmg', '--trust', 'publisher.der'])).code).toBe(10);
  });
  test('rule 11: the signature alone is 12, and nothing is opened by it', async () => {
    const image = put(
      'changed.dmg',
      altered(lasting.bytes, (copy) => (copy[100] ^= 1)),
    );
    expect((await limited(['verify', image, '--trust', 'publisher.der', '--quick'])).code).toBe(12);
    expect((await limited(['ls', image, '--trust', 'publisher.der'])).code).toBe(21);
    expect((await limited(['extract', image, '--trust', 'publisher.der', '--output', 'out'])).code).toBe(21);
  });
});

/** An image that nobody signed: one table of runs. */
function unsealed(sectors: number, type: number, fork: Uint8Array, plist?: Uint8Array): Uint8Array {
  const table = new TableWriter();
  table.add(type, sectors, 0, fork.length);
  const data = table.finish({ firstSector: 0, sectorCount: sectors, blockDescriptor: 0, crc: 0, end: fork.length });
  const dict = (members: Record<string, unknown>): never => new Map(Object.entries(members)) as never;
  const xml =
    plist ?? writeXmlPlist(dict({ 'resource-fork': dict({ blkx: [dict({ Attributes: '0x0050', Data: data, ID: '0', Name: 'x' })] }) }));
  const koly = KolyTrailer.write({
    signature: 'koly',
    version: 4,
    headerSize: 512,
    flags: 1,
    dataForkLength: fork.length,
    xmlOffset: fork.length,
    xmlLength: xml.length,
    sectorCount: sectors,
  });
  return new Uint8Array(Buffer.concat([fork, xml, koly]));
}

describe('attack 13: what a small file can make of a machine', () => {
  const small = { node: ['--max-old-space-size=256'] };
  const list = (item: string, count: number): Uint8Array =>
    new TextEncoder().encode(`<?xml version="1.0"?><plist version="1.0"><array>${item.repeat(count)}</array></plist>`);

  test.each([
    ['dictionaries without end', () => unsealed(8, RunType.zero, new Uint8Array(), list('<dict/>', 9_000_000)), 20],
    ['a run of 16 MiB in 20 kB of nothing', () => unsealed(32_768, RunType.zlib, new Uint8Array(20_000)), 20],
    ['a disk of 512 TiB in zeros', () => unsealed(2 ** 40, RunType.zero, new Uint8Array()), 0],
  ] as const)('inspect: %s', async (_, image, exit) => {
    const name = put('bomb.dmg', image());
    for (const words of [
      ['inspect', name],
      ['inspect', '--raw', name],
    ]) {
      const { code, signal, stderr } = await limited(words, small);
      expect([code, signal], `${words.join(' ')}: ${stderr.slice(0, 300)}`).toEqual([exit, null]);
    }
    expect((await limited(['verify', name], small)).code).toBe(10);
  });
});

describe('verify ends soon, whatever it is given', () => {
  const sparse = (name: string, size: number, end: Uint8Array = new Uint8Array()): string => {
    const descriptor = openSync(join(place, name), 'w');
    ftruncateSync(descriptor, size - end.length);
    if (end.length > 0) writeSync(descriptor, end, 0, end.length, size - end.length);
    closeSync(descriptor);
    return name;
  };
  const noise = (length: number): Uint8Array => {
    let state = 7;
    return new Uint8Array(length).map(() => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
  };
  test.each([
    ['nothing', 10, () => put('x', new Uint8Array())],
    ['one byte', 10, () => put('x', new Uint8Array(1))],
    ['noise', 10, () => put('x', noise(5_000_000))],
    ['noise that ends in a trailer', 20, () => put('x', new Uint8Array(Buffer.concat([noise(5_000_000), lasting.bytes.subarray(-512)])))],
    ['half an image', 10, () => put('x', lasting.bytes.subarray(0, lasting.bytes.length / 2))],
    ['an image without its first half', 20, () => put('x', lasting.bytes.subarray(lasting.bytes.length / 2))],
    [
      'an image with a bit turned',
      21,
      () =>
        put(
          'x',
          altered(lasting.bytes, (copy) => (copy[100] ^= 1)),
        ),
    ],
    ['ten GB of nothing', 10, () => sparse('x', 10 ** 10)],
    ['ten GB of nothing and a trailer', 20, () => sparse('x', 10 ** 10, lasting.bytes.subarray(-512))],
    ['ten GB of nothing, a seal and its trailer', 20, () => sparse('x', 10 ** 10, lasting.bytes.subarray(placesOf(lasting.bytes).area))],
  ] as const)('%s: %i', async (_, exit, make) => {
    const { code, milliseconds } = await limited(['verify', make(), '--trust', 'publisher.der'], { node: ['--max-old-space-size=64'] });
    expect(code).toBe(exit);
    // A second on a machine with nothing else to do.
    expect(milliseconds).toBeLessThan(8_000);
  });
});
