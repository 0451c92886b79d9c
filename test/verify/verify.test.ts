import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildDmg } from '../../src/build/build.ts';
import { bytesDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { toHex } from '../../src/core/struct.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { parseCertificate } from '../../src/pki/x509.ts';
import { AreaMark } from '../../src/seal/area.ts';
import { openLayers, openVolume } from '../../src/verify/layers.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { listing } from '../support/listing.ts';
import { memorySink } from '../support/memory-sink.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { type TestIdentity, type TestKind, testIdentity } from '../support/signer.ts';

const NOW = 1_770_000_000;
const IDENTITY = { product: 'com.example.hello', version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' };
const noise = new Uint8Array(createHash('shake256', { outputLength: 150_000 }).digest());

const hello = (): FileTree =>
  tree('Hello 2.1.0', [
    folder('Hello.app', [
      folder('Contents', [file('Info.plist', '<plist/>'), folder('MacOS', [file('hello', '#!/bin/sh\n', { mode: 0o755 })])]),
    ]),
    symlink('Applications', '/Applications'),
    file('noise', noise),
    file('Caf\u00e9: menu', 'composed name'),
    file('empty', ''),
    file('one', 'linked', { linkGroup: 'a' }),
    file('two', 'linked', { linkGroup: 'a' }),
  ]);

async function build(who: TestIdentity | undefined, what = hello()): Promise<Uint8Array> {
  const sink = memorySink();
  const seal = who ? { seal: { signer: who.signer, signingTime: NOW } } : {};
  await buildDmg({ tree: what, identity: IDENTITY, caseSensitive: false, created: NOW, compressionLevel: 6, ...seal }, sink, {
    platform: testPlatform,
  });
  return sink.bytes();
}

const policyFor = (who: TestIdentity): VerifyPolicy => ({
  anchors: [{ kind: 'certificate', certificate: parseCertificate(who.certificate) }],
  publishers: [],
  now: NOW,
});
const judge = (image: Uint8Array, policy: VerifyPolicy): Promise<Verdict> => verify(bytesDisk(image), policy, testPlatform);

let who: TestIdentity;
let sealed: Uint8Array;
let policy: VerifyPolicy;
beforeAll(async () => {
  who = await testIdentity();
  sealed = await build(who);
  policy = policyFor(who);
});

describe('a sealed image', () => {
  test.each<TestKind>(['p256', 'p384', 'rsa3072'])('signed with %s is verified, deep as well', async (kind) => {
    const signer = await testIdentity(kind);
    const verdict = await judge(await build(signer), { ...policyFor(signer), deep: true });
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({
      exitCode: 0,
      demonstration: false,
      statement: { product: 'com.example.hello', content: { entries: 11 } },
    });
  });
  test('opens to the tree that went in', async () => {
    const { disk } = await judge(sealed, policy);
    const opened = await openVolume(await openLayers(disk!, testPlatform));
    const { project } = await import('../../src/formats/filesystems/hfsplus/project.ts');
    expect(await listing(opened)).toEqual(await listing(project(hello(), {})));
  });
  test('its inventory has the names of the manifest, composed', async () => {
    const { inventory } = await judge(sealed, policy);
    expect((await inventory!()).map(({ path }) => path)).toContain('Caf\u00e9: menu');
  });
  test('the same inputs give the same bytes but for the signature, and with RSA altogether', async () => {
    const again = await build(who);
    const [first, second] = await Promise.all([judge(sealed, policy), judge(again, policy)]);
    expect(second.statement).toEqual(first.statement);
    const rsa = await testIdentity('rsa3072');
    expect(Buffer.compare(await build(rsa), await build(rsa))).toBe(0);
  });
  test('quick says 12 and its disk checks each read', async () => {
    const verdict = await judge(sealed, { ...policy, quick: true });
    expect(verdict).toMatchObject({ exitCode: 12 });
    expect(verdict.checks).toContainEqual(expect.objectContaining({ name: 'content', status: 'skipped' }));
    const changed = sealed.slice();
    changed[70_000] ^= 1;
    const { disk } = await judge(changed, { ...policy, quick: true });
    await expect(disk!.read(66_000, 10)).rejects.toMatchObject({ code: 'E_TAMPERED', offset: 65_536 });
    expect(await disk!.read(10, 100)).toEqual(changed.subarray(10, 110));
  });
});

describe('a refusal', () => {
  const changed = (change: (bytes: Uint8Array, koly: KolyTrailer) => void): Uint8Array => {
    const bytes = sealed.slice();
    change(bytes, KolyTrailer.read(bytes, bytes.length - 512));
    return bytes;
  };
  const markAt = (koly: KolyTrailer): number => koly.xmlOffset - 64;

  test('no seal is 10', async () => expect(await judge(await build(undefined), policy)).toMatchObject({ exitCode: 10, code: 'E_NO_SEAL' }));
  test('no trust is 30, a root alone 31, a root and a name 0', async () => {
    expect(await judge(sealed, { ...policy, anchors: [] })).toMatchObject({ exitCode: 30 });
    const root: VerifyPolicy = { ...policy, anchors: [{ kind: 'certificate', certificate: parseCertificate(who.root) }] };
    expect(await judge(sealed, root)).toMatchObject({ exitCode: 31 });
    expect(await judge(sealed, { ...root, publishers: ['*'] })).toMatchObject({ exitCode: 0 });
  });
  test('content is still judged when the signer is unknown', async () => {
    const { checks } = await judge(sealed, { ...policy, anchors: [] });
    expect(checks).toContainEqual(expect.objectContaining({ name: 'content', status: 'ok' }));
  });
  test('a later time than the certificate has is 32', async () =>
    expect(await judge(sealed, { ...policy, now: 2_600_000_000 })).toMatchObject({ exitCode: 32 }));
  test('a changed byte of content is 21, with the chunk', async () => {
    const verdict = await judge(
      changed((bytes) => (bytes[70_000] ^= 1)),
      policy,
    );
    expect(verdict).toMatchObject({ exitCode: 21, code: 'E_TAMPERED' });
    expect(verdict.disk).toBeUndefined();
    expect(verdict.checks).toContainEqual(expect.objectContaining({ name: 'content', offset: 65_536 }));
  });
  test('a changed trailer, plist, table, inventory, slack or signature is refused', async () => {
    const cases: [number[], (bytes: Uint8Array, koly: KolyTrailer) => void][] = [
      [[21], (bytes) => (bytes[bytes.length - 1] ^= 1)],
      [[21], (bytes, koly) => (bytes[koly.xmlOffset + 5] ^= 1)],
      [[22], (bytes, koly) => (bytes[markAt(koly) - 1] = 1)],
      [[22], (bytes, koly) => (bytes[koly.dataForkLength + 70] ^= 1)],
      [[22, 23], (bytes, koly) => (bytes[markAt(koly) - 66_000] ^= 1)],
    ];
    for (const [codes, change] of cases) expect(codes).toContain((await judge(changed(change), policy)).exitCode);
  });
  test('bytes added anywhere are refused', async () => {
    const { xmlOffset, xmlLength } = KolyTrailer.read(sealed, sealed.length - 512);
    for (const at of [0, 1000, xmlOffset - 64, xmlOffset, xmlOffset + xmlLength, sealed.length]) {
      const longer = new Uint8Array(sealed.length + 1);
      longer.set(sealed.subarray(0, at));
      longer.set(sealed.subarray(at), at + 1);
      expect([10, 20, 21, 22], `at ${at}`).toContain((await judge(longer, policy)).exitCode);
    }
  });
  test('a hole between plist and trailer is 20 unless the trailer names it exactly, then 50', async () => {
    const at = sealed.length - 512;
    const hole = (offset: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(sealed.length + 100);
      bytes.set(sealed.subarray(0, at));
      bytes.set(sealed.subarray(at), at + 100);
      const koly = KolyTrailer.read(bytes, bytes.length - 512);
      KolyTrailer.write({ ...koly, codeSignatureOffset: offset, codeSignatureLength: length }, bytes, bytes.length - 512);
      return bytes;
    };
    expect(await judge(hole(0, 0), policy)).toMatchObject({ exitCode: 20 });
    expect(await judge(hole(at, 99), policy)).toMatchObject({ exitCode: 20 });
    expect(await judge(hole(at - 1, 101), policy)).toMatchObject({ exitCode: 20 });
    expect(await judge(hole(at, 100), policy)).toMatchObject({ exitCode: 50 });
  });
  test('masked bytes of the trailer that are not zero are 20', async () => {
    for (const at of [296, 303, 304, 311]) {
      const bytes = changed((image) => (image[image.length - 512 + at] = 1));
      expect((await judge(bytes, policy)).exitCode, `byte ${at}`).toBe(20);
    }
  });
  test('a seal moved into another image is refused', async () => {
    const other = await build(who, tree('Other', [file('a', 'b')]));
    const [koly, otherKoly] = [KolyTrailer.read(sealed, sealed.length - 512), KolyTrailer.read(other, other.length - 512)];
    const area = sealed.subarray(koly.dataForkLength, koly.xmlOffset);
    const spliced = new Uint8Array(otherKoly.dataForkLength + area.length + otherKoly.xmlLength + 512);
    spliced.set(other.subarray(0, otherKoly.dataForkLength));
    spliced.set(area, otherKoly.dataForkLength);
    spliced.set(other.subarray(otherKoly.xmlOffset), otherKoly.dataForkLength + area.length);
    KolyTrailer.write({ ...otherKoly, xmlOffset: otherKoly.dataForkLength + area.length }, spliced, spliced.length - 512);
    expect([21, 22]).toContain((await judge(spliced, policy)).exitCode);
  });
  test('an empty, a short and a random file are 10', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(100), noise]) expect((await judge(bytes, policy)).exitCode).toBe(10);
  });
  test('a disk that fails while it is hashed is 3 and no success', async () => {
    const disk = bytesDisk(sealed);
    const { DisksealError } = await import('../../src/core/errors.ts');
    for (let failing = 0; failing < 12; failing++) {
      let reads = 0;
      const broken = {
        ...disk,
        read: (position: number, length: number, into?: Uint8Array) =>
          reads++ === failing ? Promise.reject(new DisksealError('E_READ', 'the disk is broken')) : disk.read(position, length, into),
      };
      const outcome = await verify(broken, policy, testPlatform).then(
        ({ exitCode, disk: opened }) => ({ exitCode, opened: opened !== undefined }),
        (error: unknown) => ({ exitCode: error instanceof DisksealError ? error.exitCode : 1, opened: false }),
      );
      if (reads > failing) expect(outcome, `read ${failing}`).toEqual({ exitCode: 3, opened: false });
    }
  });
  test('the marks hold the layout that docs/seal-format.md states', () => {
    const koly = KolyTrailer.read(sealed, sealed.length - 512);
    const mark = AreaMark.read(sealed, markAt(koly));
    expect(mark).toMatchObject({ magic: 'DSEALFTR', version: 1, areaSize: koly.xmlOffset - koly.dataForkLength, dressingLength: 0 });
    expect(toHex(sealed.subarray(koly.dataForkLength, koly.dataForkLength + 8))).toBe('445345414c484452');
  });
});
