import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { toHex } from '../../src/core/struct.ts';
import { openFile } from '../../src/node/file-disk.ts';
import { coverageHasher, leafCount, withMask } from '../../src/seal/coverage.ts';
import { hashCoverage } from '../../src/seal/hash-coverage.ts';
import { treeRoot } from '../../src/seal/hash-tree.ts';
import { movingThreads } from '../support/moving-threads.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const sha256 = (...parts: Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** RFC 9162 section 2.1.1, written as the RFC has it. */
function referenceRoot(leaves: Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return Buffer.from(leaves[0]);
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return sha256(Uint8Array.of(1), referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

const referenceLeaves = (range: Uint8Array): Buffer[] => {
  const leaves: Buffer[] = [];
  for (let at = 0; at < range.length; at += 65_536) leaves.push(sha256(Uint8Array.of(0), range.subarray(at, at + 65_536)));
  return leaves;
};

describe('hash tree', () => {
  test.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100])('the root over %i leaves is that of RFC 9162', async (count) => {
    const leaves = Array.from({ length: count }, (_, index) => sha256(Uint8Array.of(index)));
    expect(toHex(await treeRoot(Buffer.concat(leaves), testPlatform))).toBe(referenceRoot(leaves).toString('hex'));
  });
  test('a last leaf that stands twice gives another root (CVE-2012-2459)', async () => {
    const leaves = [1, 2, 3].map((byte) => sha256(Uint8Array.of(byte)));
    const doubled = [...leaves, leaves[2]];
    expect(await treeRoot(Buffer.concat(leaves), testPlatform)).not.toEqual(await treeRoot(Buffer.concat(doubled), testPlatform));
  });
  test('an inner node is no leaf', async () => {
    const [a, b] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
    expect(await treeRoot(Buffer.concat([a, b]), testPlatform)).not.toEqual(sha256(Uint8Array.of(0), a, b));
  });
});

describe('coverage', () => {
  test('both digests over ranges, leaves begun anew at each, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(200_000), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 100_000 }),
        async (lengths, piece) => {
          const ranges = lengths.map((length, index) => Uint8Array.from({ length }, (_, at) => (at * 31 + index) & 255));
          const hasher = coverageHasher(testPlatform);
          for (const range of ranges) {
            for (let at = 0; at < range.length; at += piece) await hasher.update(range.subarray(at, at + piece));
            await hasher.nextRange();
          }
          const { flat, table } = await hasher.finish();
          expect(toHex(flat)).toBe(sha256(...ranges).toString('hex'));
          expect(toHex(table)).toBe(Buffer.concat(ranges.flatMap(referenceLeaves)).toString('hex'));
          expect(table.length / 32).toBe(leafCount(lengths.map((length) => [0, length] as const)));
        },
      ),
      { numRuns: 30 },
    );
  });
  test('an image is hashed with its mask as zeros', async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at & 255);
    const covered = [
      [10, 1_500_000],
      [2_000_000, 999_990],
    ] as const;
    const masked = [[1_048_580, 16]] as const;
    const { flat, table } = await hashCoverage(bytesDisk(bytes), covered, masked, testPlatform);
    const zeroed = bytes.slice().fill(0, 1_048_580, 1_048_596);
    const ranges = covered.map(([offset, length]) => zeroed.subarray(offset, offset + length));
    expect(toHex(flat)).toBe(sha256(...ranges).toString('hex'));
    expect(toHex(table)).toBe(Buffer.concat(ranges.flatMap(referenceLeaves)).toString('hex'));
  });
  test('an open file is hashed by several threads, each leaf once and in its place', async () => {
    const path = join(await temporaryFolder(), 'image');
    const bytes = Uint8Array.from({ length: 9_000_000 }, (_, at) => (at * 7 + (at >> 13)) & 255);
    await writeFile(path, bytes);
    const covered = [
      [5, 4_000_000],
      [4_000_005, 100_000],
      [5_000_000, 3_999_999],
    ] as const;
    const masked = [[131_000, 200]] as const;
    const zeroed = bytes.slice().fill(0, 131_000, 131_200);
    const ranges = covered.map(([offset, length]) => zeroed.subarray(offset, offset + length));
    for (const width of [1, 2, 4]) {
      const threads = movingThreads(width);
      const file = await openFile(path);
      const { flat, table } = await hashCoverage(file, covered, masked, threads.platform);
      await file.close();
      expect(toHex(flat)).toBe(sha256(...ranges).toString('hex'));
      expect(toHex(table)).toBe(Buffer.concat(ranges.flatMap(referenceLeaves)).toString('hex'));
      expect(threads.most).toBeGreaterThanOrEqual(Math.min(width, 2));
    }
  });
  test('nobody reads from the file any more when hashing has failed', async () => {
    const path = join(await temporaryFolder(), 'image');
    await writeFile(path, new Uint8Array(5_000_000));
    const threads = movingThreads(3);
    const file = await openFile(path);
    await truncate(path, 3_000_000);
    await expect(hashCoverage(file, [[0, 5_000_000]], [], threads.platform)).rejects.toMatchObject({ code: 'E_CHANGED' });
    expect(threads.running).toBe(0);
    await file.close();
  });
  test('masking copies only where it changes something', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    expect(
      withMask(bytes, 100, [
        [0, 100],
        [104, 5],
      ]),
    ).toBe(bytes);
    expect(withMask(bytes, 100, [[102, 5]])).toEqual(Uint8Array.of(1, 2, 0, 0));
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});
