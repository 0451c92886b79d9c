import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk, clip, type Disk, joinDisks, opaqueDisk, readRange, sliceDisk, stream, zerosDisk } from '../../src/core/disk.ts';

/** A disk of pieces of every kind, and the bytes that it must have. */
const pieces = fc.array(
  fc.oneof(
    fc.nat(40).map((size) => ({ disk: zerosDisk(size), bytes: new Uint8Array(size) })),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ disk: bytesDisk(bytes), bytes })),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => ({
      disk: opaqueDisk(bytes.length, async (position, into) => into.set(bytes.subarray(position, position + into.length))),
      bytes,
    })),
  ),
  { maxLength: 8 },
);
const composed = fc.tuple(pieces, fc.nat(), fc.nat()).map(([parts, a, b]) => {
  const bytes = new Uint8Array(Buffer.concat(parts.map((part) => part.bytes)));
  const [from = 0, to = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y);
  return { disk: sliceDisk(joinDisks(parts.map((part) => part.disk)), from, to - from), bytes: bytes.subarray(from, to) };
});

async function viaExtents(disk: Disk, from = 0): Promise<Uint8Array> {
  const found = new Uint8Array(disk.size);
  let reached: number | undefined;
  for (const extent of disk.extents(from)) {
    if (reached === undefined) expect(extent.position).toBeLessThanOrEqual(from);
    else expect(extent.position).toBe(reached);
    expect(extent.length).toBeGreaterThan(0);
    reached = extent.position + extent.length;
    if (extent.kind === 'bytes') found.set(extent.bytes, extent.position);
    if (extent.kind === 'opaque') found.set(await disk.read(extent.position, extent.length), extent.position);
  }
  if (from < disk.size) expect(reached).toBe(disk.size);
  return found;
}

describe('disks made of disks', () => {
  test('read as their bytes, at every place', async () => {
    await fc.assert(
      fc.asyncProperty(composed, fc.nat(), fc.nat(), async ({ disk, bytes }, a, b) => {
        expect(disk.size).toBe(bytes.length);
        const [from = 0, to = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y);
        expect(await disk.read(from, to - from)).toEqual(bytes.slice(from, to));
        const into = new Uint8Array(to - from);
        expect(await disk.read(from, to - from, into)).toBe(into);
        expect(into).toEqual(bytes.slice(from, to));
      }),
    );
  });
  test('have extents without gaps that say the same, from any place', async () => {
    await fc.assert(
      fc.asyncProperty(composed, fc.nat(), async ({ disk, bytes }, a) => {
        expect(await viaExtents(disk)).toEqual(bytes.slice());
        const from = a % (bytes.length + 1);
        expect((await viaExtents(disk, from)).subarray(from)).toEqual(bytes.slice(from));
      }),
    );
  });
  test('stream front to back in pieces', async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const found: number[] = [];
    for await (const piece of stream(bytesDisk(bytes), 33)) found.push(piece.length);
    expect(found).toEqual([33, 33, 33, 1]);
  });
});

describe('a range that leaves the disk', () => {
  test.each([
    [-1, 1],
    [0, 11],
    [10, 1],
    [5, -1],
    [Number.MAX_SAFE_INTEGER, 1],
    [0, Number.MAX_SAFE_INTEGER],
    [Number.NaN, 1],
  ])('%d, %d is refused before anything is allocated', async (position, length) => {
    const ten = bytesDisk(new Uint8Array(10));
    for (const disk of [ten, zerosDisk(10), joinDisks([ten]), sliceDisk(ten, 0, 10), opaqueDisk(10, async () => undefined)]) {
      await expect(disk.read(position, length)).rejects.toMatchObject({ code: 'E_TRUNCATED' });
    }
    await expect(readRange(ten, position, length, 'Some.field')).rejects.toMatchObject({ code: 'E_TRUNCATED', field: 'Some.field' });
  });
  test('a slice beyond the disk is refused', () => {
    expect(() => sliceDisk(zerosDisk(10), 5, 6)).toThrow(expect.objectContaining({ code: 'E_TRUNCATED' }));
  });
});

test('what is read of memory is a copy, of a Node Buffer too', async () => {
  const buffer = Buffer.from('abc');
  const read = await bytesDisk(buffer).read(0, 3);
  read[0] = 0;
  expect(buffer.toString()).toBe('abc');
});

test('an extent is clipped with what it refers to', () => {
  const file = { path: 'x', offset: 100, fileSize: 1000 };
  expect(clip({ kind: 'file', position: 10, length: 20, file }, 15, 20)).toEqual({
    kind: 'file',
    position: 15,
    length: 5,
    file: { ...file, offset: 105 },
  });
  expect(clip({ kind: 'zeros', position: 10, length: 20 }, 30, 40)).toBeUndefined();
});
