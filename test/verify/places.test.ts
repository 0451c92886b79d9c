/** Seals in ISO images, raw disks and beside images: what is accepted, and what each rule and attack gives in each place. */
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { findSeal } from '../../src/seal/place.ts';
import { openLayers, openVolume } from '../../src/verify/layers.ts';
import { openVerified } from '../../src/verify/verified-tree.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { inventoryOfImage } from '../../src/verify/volume-inventory.ts';
import { MAGICS } from '../support/attacked-image.ts';
import { makeCertificate, NOW, testChain, testKey } from '../support/certificates.ts';
import { altered, sealedImage } from '../support/forged-seal.ts';
import { file, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { coSigned, sealedBeside, sealedInside, timestamped } from '../support/sealed-foreign.ts';
import { descriptor, mbrDisk, smallIso } from '../support/small-images.ts';
import { testAuthority } from '../support/timestamp-authority.ts';

const { root, leaf } = testChain();
const second = makeCertificate({ subject: 'O=Demo,CN=Second', key: testKey('p384', 'second'), issuer: root });
const policy: VerifyPolicy = {
  anchors: [{ kind: 'certificate', certificate: root.certificate }],
  publishers: ['CN=Demo Publisher,O=Demo'],
  now: NOW,
};
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const judge = (image: Uint8Array, more: Partial<VerifyPolicy> = {}): Promise<Verdict> =>
  verify(bytesDisk(image), { ...policy, ...more }, testPlatform);
const beside = (image: Uint8Array, seal: Uint8Array, more: Partial<VerifyPolicy> = {}): Promise<Verdict> =>
  judge(image, { seal: bytesDisk(seal), ...more });
async function refused(verdict: Promise<Verdict>, exitCode: number, says = /./): Promise<void> {
  const { checks, disk, inventory, ...rest } = await verdict;
  const failed = checks.filter(({ status }) => status === 'fail');
  expect(rest.exitCode, JSON.stringify(failed)).toBe(exitCode);
  expect(disk ?? inventory).toBeUndefined();
  expect(
    failed.some(({ message }) => says.test(message)),
    JSON.stringify(failed),
  ).toBe(true);
}

let iso: Uint8Array;
let tailed: Uint8Array;
let raw: Uint8Array;
let dmg: Uint8Array;
let plain: Uint8Array;
let seal: Uint8Array;
beforeAll(async () => {
  iso = await sealedInside(smallIso({ joliet: { name: 'file.txt', content: smallIso.content } }), leaf);
  tailed = await sealedInside(smallIso({ padding: 60, behind: new Uint8Array(100_000).fill(3) }), leaf);
  raw = await sealedInside(mbrDisk(), leaf);
  dmg = (await sealedImage(tree('Hello', [file('a', 'a')]), leaf)).bytes;
  plain = altered(mbrDisk(), (copy) => (copy[450] = 0xee));
  seal = await sealedBeside(plain, leaf);
});

describe('a good seal', () => {
  test('in an ISO image, with its files compared', async () => {
    const verdict = await judge(iso, { deep: true });
    expect(verdict).toMatchObject({ exitCode: 0, statement: { format: 'iso', placement: 'embedded', content: { entries: 1 } } });
    const opened = await openVerified(verdict.disk!, testPlatform, await verdict.inventory!());
    const names: string[] = [];
    for await (const { name } of opened.root.children()) names.push(name);
    expect(names).toEqual(['file.txt']);
  });
  test('in an ISO image with bytes behind its volume', async () =>
    expect(await judge(tailed, { deep: true })).toMatchObject({ exitCode: 0 }));
  test('behind a raw disk, which is what it was', async () => {
    const { exitCode, disk, statement } = await judge(raw);
    expect({ exitCode, format: statement?.format, size: disk?.size }).toEqual({ exitCode: 0, format: 'raw', size: 65_536 });
    expect(await disk!.read(0, 65_536)).toEqual(mbrDisk());
    expect((await openLayers(disk!, testPlatform, disk!.sealed)).map).toBe('mbr');
  });
  test('beside an image that is not changed', async () => {
    const { exitCode, statement, disk } = await beside(plain, seal);
    expect({ exitCode, placement: statement?.placement, size: disk?.size }).toEqual({ exitCode: 0, placement: 'detached', size: 65_536 });
    expect(await disk!.read(0, plain.length)).toEqual(plain);
  });
  test('beside an empty file, and beside one that nobody can read', async () => {
    for (const image of [new Uint8Array(), ascii('anything')]) {
      expect(await beside(image, await sealedBeside(image, leaf))).toMatchObject({ exitCode: 0 });
    }
  });
  test('rule 11: with --quick it is 12 in every place', async () => {
    for (const image of [iso, tailed, raw, dmg]) expect(await judge(image, { quick: true })).toMatchObject({ exitCode: 12 });
    expect(await beside(plain, seal, { quick: true })).toMatchObject({ exitCode: 12 });
  });
});

describe('rule 2, attacks 1 and 2: one kind, one place', () => {
  test('attack 1: bytes behind an ISO image are 20, and the size that was signed is told', async () => {
    for (const more of [1, 512, 1 << 20]) {
      const { checks, exitCode } = await judge(joined(iso, new Uint8Array(more)));
      expect(exitCode).toBe(20);
      const found = checks.find(({ name }) => name === 'size');
      expect(found).toMatchObject({ code: 'E_UNCOVERED', hint: expect.stringContaining(`--size ${iso.length}`) });
      // Rule 24: what was signed is good, and that is told too.
      expect(checks.find(({ name }) => name === 'content')?.status).toBe('ok');
    }
  });
  test('rule 24: a longer file is good with the size that is named', async () => {
    const longer = joined(iso, new Uint8Array(70_000).fill(1));
    expect(await judge(longer, { size: iso.length })).toMatchObject({ exitCode: 0 });
    expect(await judge(joined(raw, new Uint8Array(5)), { size: raw.length })).toMatchObject({ exitCode: 0 });
    await refused(judge(longer, { size: iso.length + 1 }), 20);
    await refused(judge(longer, { size: iso.length - 1 }), 20);
    await refused(judge(longer, { size: longer.length + 1 }), 20, /should have/);
    expect(await beside(joined(plain, ascii('x')), seal, { size: plain.length })).toMatchObject({ exitCode: 0 });
  });
  test('attack 1: other bytes behind what was signed do not hide a change', async () => {
    const changed = altered(iso, (copy) => (copy[100] ^= 1));
    const { exitCode, checks } = await judge(joined(changed, new Uint8Array(9)));
    expect(exitCode).toBe(20);
    expect(checks.find(({ name }) => name === 'content')).toMatchObject({ status: 'fail', code: 'E_TAMPERED' });
  });
  test('an ISO image cut short is 20, wherever', async () => {
    await refused(judge(iso.subarray(0, -1)), 20, /the file/);
    await refused(judge(tailed.subarray(0, -1)), 20, /only/);
    await refused(judge(tailed.subarray(0, -100_001)), 20, /the file/);
    await refused(judge(iso.subarray(0, 16 * 2048 + 100)), 20);
  });
  test('a raw disk with bytes behind its seal has none: nobody searches', async () => {
    await refused(judge(joined(raw, new Uint8Array(1))), 10);
    await refused(judge(joined(raw, new Uint8Array(4096))), 10);
    await refused(judge(raw.subarray(0, -1)), 10);
  });
  test('attack 1: bytes behind an image with a detached seal are 20, a shorter one too', async () => {
    await refused(beside(joined(plain, new Uint8Array(1)), seal), 20, /more follow/);
    await refused(beside(plain.subarray(0, -1), seal), 20, /only/);
  });
  test('attack 2: a file that is two kinds at once is 20', async () => {
    const koly = dmg.slice(-512);
    await refused(judge(joined(iso, koly)), 20, /not one image/);
    await refused(
      judge(altered(dmg.length > 40_000 ? dmg : joined(new Uint8Array(40_000), dmg), (copy) => copy.set(ascii('CD001'), 32_769))),
      20,
    );
    await refused(judge(altered(iso, (copy) => copy.set(ascii('koly'), 0))), 20, /second trailer/);
    await refused(beside(joined(plain, koly), await sealedBeside(plain, leaf)), 20);
  });
  test('attack 2: the publisher himself cannot sign a file that is two kinds', async () => {
    const twofold = altered(joined(new Uint8Array(40_000), dmg.slice(-512)), (copy) => copy.set(ascii('CD001'), 32_769));
    await expect(sealedBeside(twofold, leaf)).rejects.toMatchObject({ code: 'E_UNCOVERED' });
  });
  test('attack 2: a second primary descriptor is 20', async () => {
    const twice = altered(iso, (copy) => copy.set(descriptor(1, iso.length / 2048, 20), 17 * 2048));
    await refused(judge(twice), 20, /second primary/);
  });
  test('attack 9: a second seal at the end of the file is 20', async () => {
    const { area } = (await findSeal(bytesDisk(iso)))!;
    await refused(judge(joined(iso, iso.subarray(area.offset))), 20, /second seal/);
    const end = tailed.length - 64;
    await refused(judge(altered(tailed, (copy) => copy.set(ascii('DSEALFTR'), end))), 20, /second seal/);
  });
  test('attack 9: the seal of one place is none in another', async () => {
    const inner = iso.subarray((await findSeal(bytesDisk(iso)))!.area.offset);
    const outside = smallIso({ joliet: { name: 'file.txt', content: smallIso.content } });
    await refused(beside(outside, inner), 20);
    await refused(judge(joined(plain, seal)), 22, /the statement says/);
    await refused(judge(joined(mbrDisk(), seal)), 22);
  });
  test('rule 2: a UDF anchor where the seal lies is 20', async () => {
    const udf = altered(tailed, (copy) => copy.set(ascii('NSR03'), 18 * 2048 + 1));
    const { area } = (await findSeal(bytesDisk(tailed)))!;
    const reaches = udf.subarray(0, area.offset + area.layout.size);
    await refused(judge(reaches), 20, /anchor/);
  });
});

describe('rules 3 and 4: the area in every place', () => {
  test('attack 8: a byte of slack that is not zero is 22', async () => {
    for (const image of [iso, tailed, raw]) {
      const { area } = (await findSeal(bytesDisk(image)))!;
      const slack = area.offset + area.layout.footer - 1;
      await refused(judge(altered(image, (copy) => (copy[slack] = 1))), 22, /slack/);
    }
    await refused(
      beside(
        plain,
        altered(seal, (copy) => (copy[seal.length - 65] = 1)),
      ),
      22,
      /slack/,
    );
  });
  test('a raw seal that does not begin at a multiple of 4096 is 22', async () => {
    await refused(judge(raw.subarray(2048)), 22, /4096/);
  });
  test('attack 3: an ISO image of two GiB more or less is refused before it is read', async () => {
    for (const size of [2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 43]) {
      const large: Disk = {
        size,
        read: async (position, length) =>
          iso.slice(position, position + length).length === length ? iso.slice(position, position + length) : new Uint8Array(length),
        extents: () => [],
      };
      expect((await verify(large, { ...policy, quick: true }, testPlatform)).exitCode).toBe(20);
    }
  });
  test('attack 4: a coverage that the publisher chose himself is 22', async () => {
    const moved = await sealedBeside(joined(plain, ascii('more')), leaf);
    await refused(beside(plain, moved), 20);
    const other = await sealedBeside(plain.subarray(0, 1000), leaf);
    await refused(beside(plain, other), 20, /more follow/);
  });
  test('what stands before or behind a detached seal in its file is refused', async () => {
    await refused(beside(plain, joined(ascii('x'), seal)), 20, /before the seal/);
    await refused(beside(plain, joined(seal, ascii('x'))), 10);
    await refused(beside(plain, new Uint8Array()), 10);
    await refused(beside(plain, seal.subarray(0, -1)), 10);
  });
});

describe('rule 18: detached seals', () => {
  test('are used only when they are named', async () => refused(judge(plain), 10));
  test('an embedded seal beside it must be right alone and say the same', async () => {
    const identity = { product: 'com.example.hello', version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' };
    const same = await sealedBeside(dmg, leaf, { identity });
    expect(await beside(dmg, same)).toMatchObject({
      exitCode: 0,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'embedded', status: 'ok' })]),
    });
    for (const other of [
      { version: '2.1.1' },
      { product: 'com.example.x' },
      { build: 3 },
      { platform: 'mac' },
      { arch: 'x64' },
      { channel: 'beta' },
    ]) {
      await refused(beside(dmg, await sealedBeside(dmg, leaf, { identity: { ...identity, ...other } })), 22, /differ/);
    }
  });
  test('attack 9: an embedded seal that is broken is refused, although the detached one is right', async () => {
    const { area } = (await findSeal(bytesDisk(dmg)))!;
    const broken = altered(dmg, (copy) => (copy[area.offset + area.layout.cms + 300] ^= 1));
    const identity = { product: 'com.example.hello', version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' };
    const verdict = await beside(broken, await sealedBeside(broken, leaf, { identity }));
    expect([22, 23, 30]).toContain(verdict.exitCode);
    expect(verdict.disk).toBeUndefined();
  });
  test('an Apple code signature is covered like everything else', async () => {
    const koly = dmg.length - 512;
    const unsealed = (await sealedImage(tree('Hello', [file('a', 'a')]), leaf)).bytes;
    const { area } = (await findSeal(bytesDisk(unsealed)))!;
    // Without its seal, with a frame that the trailer names.
    const framed = joined(
      unsealed.subarray(0, area.offset),
      unsealed.subarray(area.offset + area.layout.size, koly),
      ascii('frame'),
      unsealed.subarray(koly),
    );
    const view = new DataView(framed.buffer);
    const end = framed.length - 512;
    view.setBigUint64(end + 216, BigInt(area.offset));
    view.setBigUint64(end + 296, BigInt(end - 5));
    view.setBigUint64(end + 304, 5n);
    const beneath = await sealedBeside(framed, leaf);
    expect(await beside(framed, beneath)).toMatchObject({ exitCode: 0, statement: { format: 'dmg', masked: [] } });
    for (const at of [end - 1, end + 300, end + 100])
      await refused(
        beside(
          altered(framed, (copy) => (copy[at] ^= 1)),
          beneath,
        ),
        at === end + 300 ? 21 : 21,
      );
  });
  test('attack 28: the seal of one image beside another is refused', async () => {
    await refused(
      beside(
        altered(plain, (copy) => (copy[9000] ^= 1)),
        seal,
      ),
      21,
    );
    await refused(beside(dmg, seal), 20);
  });
});

describe('rule 13: the views of an ISO volume', () => {
  const inventory = (image: Uint8Array) => inventoryOfImage(bytesDisk(image), testPlatform);
  test('other names for the same content are fine', async () => {
    expect((await inventory(smallIso({ joliet: { name: 'A long name.txt', content: smallIso.content } }))).entries).toMatchObject([
      { path: 'A long name.txt', size: smallIso.content.length },
    ]);
  });
  test('attack 11: another content in another view is refused when it is to be signed', async () => {
    for (const name of ['FILE.TXT', 'file.txt', 'other']) {
      const image = smallIso({ joliet: { name, content: 'something else' } });
      await expect(inventory(image), name).rejects.toMatchObject({ code: 'E_TAMPERED', message: expect.stringMatching(/views/) });
    }
  });
  test('attack 11: and when it was signed all the same, --deep finds it', async () => {
    const honest = smallIso({ joliet: { name: 'FILE.TXT', content: smallIso.content }, padding: 60 });
    const lying = smallIso({ joliet: { name: 'FILE.TXT', content: 'x'.repeat(smallIso.content.length) }, padding: 60 });
    expect(await judge(await sealedInside(honest, leaf), { deep: true })).toMatchObject({ exitCode: 0 });
    await expect(sealedInside(lying, leaf)).rejects.toMatchObject({ code: 'E_TAMPERED' });
    const other = 'x'.repeat(smallIso.content.length);
    const stated = smallIso({ content: other, joliet: { name: 'FILE.TXT', content: other }, padding: 60 });
    const signed = await sealedInside(lying, leaf, {}, stated);
    expect(await judge(signed)).toMatchObject({ exitCode: 0 });
    await refused(judge(signed, { deep: true }), 21, /views/);
  });
  test('what cannot be read gets no inventory, with the reason', async () => {
    expect(await inventory(mbrDisk())).toMatchObject({ entries: [], silence: expect.stringMatching(/no volume that is read/) });
    expect(await inventory(ascii('anything'))).toMatchObject({ entries: [], silence: expect.stringMatching(/neither a disk image/) });
  });
  test('a volume opens to the view that says most', async () => {
    const opened = await openVolume(
      await openLayers(bytesDisk(smallIso({ joliet: { name: 'n', content: smallIso.content } })), testPlatform),
    );
    const names: string[] = [];
    for await (const { name } of opened.root.children()) names.push(name);
    expect(names).toEqual(['n']);
  });
});

describe('attacks 37 and 38: more signatures', () => {
  test('each place takes a second signature, over the same statement', async () => {
    for (const image of [iso, raw, dmg]) {
      const both = await coSigned(image, second);
      expect(both.length).toBe(image.length);
      const { exitCode, signers } = await judge(both);
      expect(exitCode).toBe(0);
      expect(signers.map(({ certificate }) => certificate.subject).toSorted()).toEqual(['CN=Demo Publisher,O=Demo', 'CN=Second,O=Demo']);
      expect(await judge(both, { publishers: ['CN=Second,O=Demo'] })).toMatchObject({ exitCode: 0 });
    }
  });
  test('attack 37: a second signature that is wrong spoils the first', async () => {
    const both = await coSigned(iso, second);
    const { area } = (await findSeal(bytesDisk(both)))!;
    const cms = area.offset + area.layout.cms;
    const codes = new Set<number>();
    for (let at = 0; at < area.mark.cmsLength; at += 97) {
      const { exitCode, disk } = await judge(altered(both, (copy) => (copy[cms + at] ^= 1)));
      expect(disk).toBeUndefined();
      codes.add(exitCode);
    }
    expect([...codes].every((code) => [22, 23].includes(code))).toBe(true);
  });
  test('attack 37, rule 6: the same key does not sign twice, whatever its certificate says', async () => {
    await expect(coSigned(iso, leaf)).rejects.toMatchObject({ code: 'E_USAGE', message: expect.stringMatching(/already/) });
    const again = makeCertificate({ subject: 'O=Demo,CN=Other name', key: leaf.key, issuer: root });
    await expect(coSigned(iso, again)).rejects.toMatchObject({ code: 'E_USAGE' });
  });
  test('attack 38: a co-signature can be taken away, and what is left is the first', async () => {
    expect((await judge(iso)).signers).toHaveLength(1);
    await refused(judge(iso, { publishers: ['CN=Second,O=Demo'] }), 31);
  });
  test('rule 4: existing signatures keep their bytes', async () => {
    const infos = async (image: Uint8Array): Promise<string[]> => {
      const { parseSignedData } = await import('../../src/pki/cms.ts');
      const { area } = (await findSeal(bytesDisk(image)))!;
      const { signers } = parseSignedData(
        image.subarray(area.offset + area.layout.cms, area.offset + area.layout.cms + area.mark.cmsLength),
      );
      return signers.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
    };
    const [first] = await infos(iso);
    expect(await infos(await coSigned(iso, second))).toContain(first);
  });
  test('rule 4: a full area is told, and nothing is changed', async () => {
    let image = iso;
    let count = 0;
    const before = iso.slice();
    const grow = async (): Promise<void> => {
      const big = { '1.2.3.4': (await import('../support/certificates.ts')).extension('1.2.3.4', new Uint8Array(8000)) };
      for (; count < 16; count++) {
        const one = makeCertificate({
          subject: `O=Demo,CN=Signer ${count}`,
          key: testKey('p256', `s${count}`),
          issuer: root,
          extensions: big,
        });
        image = await coSigned(image, one);
      }
    };
    await expect(grow()).rejects.toMatchObject({ code: 'E_NO_ROOM', exitCode: 3, hint: expect.stringMatching(/--detached/) });
    expect(count).toBeGreaterThan(3);
    expect(iso).toEqual(before);
    expect(await judge(image)).toMatchObject({ exitCode: 0 });
  });
  test('timestamps are added to the signatures that have none, then to all, at most three', async () => {
    const authority = testAuthority();
    const trusted = { timestampAnchors: [{ kind: 'certificate', certificate: authority.root.certificate } as const] };
    let image = await coSigned(await timestamped(iso, authority), second);
    expect((await judge(image, trusted)).signers.map(({ timestamps }) => timestamps.length).toSorted((a, b) => a - b)).toEqual([0, 1]);
    image = await timestamped(image, authority);
    const { exitCode, signers } = await judge(image, trusted);
    expect(exitCode).toBe(0);
    expect(signers.map(({ timestamps }) => timestamps.length)).toEqual([1, 1]);
  });
});

test('rule 5: a file hidden among the signatures of a detached seal is 20', async () => {
  const payload = MAGICS['a ZIP archive'];
  const { extension } = await import('../support/certificates.ts');
  const carrier = makeCertificate({
    subject: 'O=Demo,CN=Carrier',
    key: testKey('p256', 'carrier'),
    issuer: root,
    extensions: { '1.2.3.4': extension('1.2.3.4', payload) },
  });
  await refused(judge(await coSigned(iso, carrier)), 20, /ZIP/);
});

test('rule 17: the statement names the next keys', async () => {
  const keys = ['b'.repeat(64), 'a'.repeat(64), 'b'.repeat(64)];
  const { statement, exitCode } = await beside(plain, await sealedBeside(plain, leaf, { nextKeys: keys }));
  expect(exitCode).toBe(0);
  expect(statement?.keys).toEqual(['a'.repeat(64), 'b'.repeat(64)]);
});
