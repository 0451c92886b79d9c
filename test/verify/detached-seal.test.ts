/** A detached seal judged before its image is there, and the chunks that it fixes checked as they come. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { receive, receiveLeaves } from '../../src/cli/download/receive.ts';
import { bytesDisk } from '../../src/core/disk.ts';
import { CHUNK } from '../../src/seal/coverage.ts';
import { type ProvenSeal, proveDetachedSeal } from '../../src/verify/detached-seal.ts';
import { provenLeaves } from '../../src/verify/proven-leaves.ts';
import { type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { NOW, testChain } from '../support/certificates.ts';
import { sealedImage } from '../support/forged-seal.ts';
import { file, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { sealedBeside } from '../support/sealed-foreign.ts';

const { root, leaf } = testChain();
const policy: VerifyPolicy = {
  anchors: [{ kind: 'certificate', certificate: root.certificate }],
  publishers: ['CN=Demo Publisher,O=Demo'],
  now: NOW,
};
const image = Uint8Array.from({ length: 3 * CHUNK + 1234 }, (_, index) => (index * 31 + (index >> 8)) & 255);
let seal: Uint8Array;
let proven: ProvenSeal;
beforeAll(async () => {
  seal = await sealedBeside(image, leaf);
  proven = await prove(seal);
});
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const prove = (bytes: Uint8Array, more: Partial<VerifyPolicy> = {}): Promise<ProvenSeal> =>
  proveDetachedSeal(bytesDisk(bytes), { ...policy, ...more }, testPlatform);

describe('a detached seal without its image', () => {
  test('says who signed it and what the chunks must be', async () => {
    expect(proven).toMatchObject({ statement: { imageSize: image.length, placement: 'detached' }, leaves: { count: 4 } });
    expect(proven.signers[0].certificate.subject).toContain('Demo Publisher');
    for (let index = 0; index < 4; index++) {
      const [start, length] = proven.leaves.range(index);
      const chunk = image.subarray(start, start + length);
      expect(same(await proven.leaves.check(index, chunk), chunk)).toBe(true);
      expect(proven.leaves.at(start)).toBe(index);
    }
    expect(() => proven.leaves.at(image.length)).toThrow(expect.objectContaining({ code: 'E_UNCOVERED' }));
  });

  test('is refused when no policy accepts it', async () => {
    await expect(prove(seal, { anchors: [] })).rejects.toMatchObject({ code: 'E_UNTRUSTED' });
    await expect(prove(seal, { publishers: [] })).rejects.toMatchObject({ code: 'E_UNKNOWN_PUBLISHER' });
    await expect(prove(seal, { now: NOW + 40 * 365 * 86_400 })).rejects.toMatchObject({ code: 'E_EXPIRED' });
    await expect(prove(seal, { products: ['com.example.other'] })).rejects.toMatchObject({ code: 'E_PRODUCT' });
  });

  test('is refused when it is none, or an embedded one, or something stands around it', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(70_000), image])
      await expect(prove(bytes)).rejects.toMatchObject({ code: 'E_NO_SEAL' });
    await expect(prove(new Uint8Array([0, ...seal]))).rejects.toMatchObject({ code: 'E_NO_SEAL' });
    await expect(prove(new Uint8Array([...seal, 0]))).rejects.toMatchObject({ code: 'E_NO_SEAL' });
    const { bytes } = await sealedImage(tree('Hello', [file('a', 'a')]), leaf);
    const verdict = await verify(bytesDisk(bytes), policy, testPlatform);
    const { offset, size } = verdict.statement!.seal;
    await expect(prove(bytes.slice(offset, offset + size))).rejects.toMatchObject({ code: 'E_SEAL' });
  });

  test('with any bit changed it is refused', async () => {
    for (let at = 0; at < seal.length; at += at < 700 || at > seal.length - 70 ? 1 : 211) {
      const other = seal.slice();
      other[at] ^= 1 << (at & 7);
      await expect(prove(other), `byte ${at}`).rejects.toMatchObject({ name: 'DisksealError' });
    }
  });
});

describe('chunks that come', () => {
  async function* pieces(bytes: Uint8Array, sizes: readonly number[] = [7000]): AsyncGenerator<Uint8Array> {
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const size = sizes[index % sizes.length];
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  async function taken(bytes: Uint8Array, [first, end]: [number, number] = [0, 4], sizes?: readonly number[]) {
    const into = new Uint8Array(image.length);
    let written = 0;
    const error = await receiveLeaves(pieces(bytes, sizes), proven.leaves, [first, end], async (position, chunk) => {
      into.set(chunk, position);
      written += chunk.length;
    }).catch((thrown: unknown) => thrown);
    return { into, written, error };
  }

  test('are put where they belong, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1000, max: 3 * CHUNK }), { minLength: 1, maxLength: 5 }), async (sizes) => {
        const { into, error } = await taken(image, [0, 4], sizes);
        expect(error).toBeUndefined();
        expect(same(into, image)).toBe(true);
      }),
      { numRuns: 20 },
    );
    const part = await taken(image.subarray(CHUNK, 3 * CHUNK), [1, 3]);
    expect(part).toMatchObject({ written: 2 * CHUNK, error: undefined });
    expect(same(part.into.subarray(CHUNK, 3 * CHUNK), image.subarray(CHUNK, 3 * CHUNK))).toBe(true);
  });

  test('are refused at the first wrong one, which is not written', async () => {
    const bad = image.slice();
    bad[CHUNK + 9] ^= 4;
    expect(await taken(bad)).toMatchObject({ written: CHUNK, error: { code: 'E_TAMPERED', offset: CHUNK } });
  });

  test('are refused when there are too few or too many', async () => {
    expect(await taken(image.subarray(0, -1))).toMatchObject({ error: { code: 'E_TRUNCATED', offset: image.length - 1 } });
    expect(await taken(image.subarray(0, CHUNK))).toMatchObject({ error: { code: 'E_TRUNCATED', offset: CHUNK } });
    expect(await taken(new Uint8Array())).toMatchObject({ written: 0, error: { code: 'E_TRUNCATED', offset: 0 } });
    expect(await taken(new Uint8Array([...image, 0]))).toMatchObject({ error: { code: 'E_UNCOVERED', offset: image.length } });
    expect(await taken(image.subarray(0, 1), [4, 4])).toMatchObject({ error: { code: 'E_UNCOVERED' } });
  });

  test('masked bytes are what they are, and count as zero', async () => {
    const chunk = new Uint8Array(100).fill(7);
    const zeroed = chunk.slice().fill(0, 10, 26);
    const digest = await testPlatform.digest('sha256', new Uint8Array([0, ...zeroed]));
    const coverage = {
      format: 'dmg',
      placement: 'embedded',
      imageSize: 100,
      seal: { offset: 100, size: 0 },
      covered: [[0, 100]],
      masked: [[10, 16]],
    } as const;
    expect(await provenLeaves(coverage, digest, testPlatform).check(0, chunk)).toEqual(zeroed);
  });

  test('without a proven seal only their number is bounded', async () => {
    let written = 0;
    const write = async (position: number, bytes: Uint8Array): Promise<void> => {
      expect(position).toBe(written);
      written += bytes.length;
    };
    expect(await receive(pieces(image), image.length, write)).toBe(image.length);
    written = 0;
    await expect(receive(pieces(image), image.length - 1, write)).rejects.toMatchObject({ code: 'E_READ', offset: image.length - 1 });
    expect(written).toBeLessThan(image.length);
  });
});
