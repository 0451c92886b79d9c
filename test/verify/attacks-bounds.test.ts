/** Attacks on time, memory and nerves: large numbers, work for nothing, things that fail. */
import { describe, expect, test } from 'vitest';
import { type Disk } from '../../src/core/disk.ts';
import type { Platform } from '../../src/core/platform.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, signedAttributes } from '../../src/pki/cms-write.ts';
import * as der from '../../src/pki/der-write.ts';
import { parseCertificate } from '../../src/pki/x509.ts';
import { ascii, bytes, cms, joined, judge, leaf, refused, sealed, signed } from '../support/attacked-image.ts';
import { type Made, makeCertificate, NOW, sha256, signWith, testKey } from '../support/certificates.ts';
import { at, treeOf, write } from '../support/der-tree.ts';
import { altered, withCms } from '../support/forged-seal.ts';
import { hollowImage, sparseDisk, zerosImage } from '../support/hostile-image.ts';
import { testPlatform } from '../support/platform.ts';

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
