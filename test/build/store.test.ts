/** What is stored front to back, and the digests that are made on the way, against the plain way: all bytes in one pass. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { store } from '../../src/build/store.ts';
import { bytesDisk, type Disk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import type { FillableSink } from '../../src/core/platform.ts';
import { coverageHasher } from '../../src/seal/coverage.ts';
import { movingThreads } from '../support/moving-threads.ts';
import { testPlatform } from '../support/platform.ts';

/** A sink that refuses to be written beyond its size, and remembers what was never written. */
function memory(): FillableSink & { bytes: Uint8Array; written(): Disk; writes: number } {
  return {
    bytes: new Uint8Array(),
    writes: 0,
    get position() {
      return this.bytes.length;
    },
    write: () => Promise.reject(new Error('not front to back')),
    async resize(size) {
      this.bytes = new Uint8Array(size);
    },
    async writeAt(position, given) {
      if (position + given.length > this.bytes.length) throw new Error('beyond the end');
      this.bytes.set(given, position);
      this.writes++;
    },
    written() {
      return bytesDisk(this.bytes);
    },
  };
}

async function plainDigests(bytes: Uint8Array) {
  const hasher = coverageHasher(testPlatform);
  await hasher.update(bytes);
  return hasher.finish();
}

const piece = fc.record({ sectors: fc.integer({ min: 1, max: 5000 }), zero: fc.constantFrom('said', 'found', 'no'), seed: fc.nat(255) });

describe('store', () => {
  test('any disk: the bytes, and both digests over what a seal covers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (pieces, share) => {
          const disk = joinDisks(
            pieces.map(({ sectors, zero, seed }) => {
              if (zero === 'said') return zerosDisk(512 * sectors);
              const factor = zero === 'found' ? 0 : 1;
              return bytesDisk(Uint8Array.from({ length: 512 * sectors }, (_, at) => factor * ((at * 7 + seed + (at >> 9)) & 255)));
            }),
          );
          const expected = await disk.read(0, disk.size);
          const covered = Math.floor((share * disk.size) / 512) * 512;
          const sink = memory();
          const seen = new Uint8Array(disk.size);
          const observe = async (position: number, bytes: Uint8Array): Promise<void> => seen.set(bytes, position);
          const digests = await store(disk, sink, { platform: movingThreads(2).platform, covered, observe });
          expect(Buffer.compare(sink.bytes, expected)).toBe(0);
          expect(Buffer.compare(seen, expected)).toBe(0);
          const plain = await plainDigests(expected.subarray(0, covered));
          expect(Buffer.from(digests.flat).toString('hex')).toBe(Buffer.from(plain.flat).toString('hex'));
          expect(Buffer.compare(digests.table, plain.table)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
  test('zeros are not written', async () => {
    const sink = memory();
    const disk = joinDisks([bytesDisk(new Uint8Array(1 << 20).fill(1)), zerosDisk(1 << 28), bytesDisk(new Uint8Array(5 << 20))]);
    await store(disk, sink, { platform: testPlatform, observe: async () => undefined });
    expect(sink.bytes.length).toBe(disk.size);
    expect(sink.writes).toBe(1);
  });
  test('a sink that fails ends it, and no thread is left at work', async () => {
    const threads = movingThreads(2);
    const sink = { ...memory(), resize: async () => undefined, writeAt: () => Promise.reject(new Error('full')) } as FillableSink;
    const disk = bytesDisk(new Uint8Array(8 << 20).fill(1));
    await expect(store(disk, sink, { platform: threads.platform, observe: async () => undefined })).rejects.toThrow('full');
    expect(threads.running).toBe(0);
  });
});
