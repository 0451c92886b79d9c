import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Disk, bytesDisk as plainDisk } from '../../src/core/disk.ts';
import { compareDisks, restore, type Target } from '../../src/mount/restore.ts';

import type { VerifiedContent } from '../../src/verify/verified-content.ts';

const bytesDisk = (bytes: Uint8Array): VerifiedContent => plainDisk(bytes) as VerifiedContent;

function memoryTarget(bytes: Uint8Array, lies?: (bytes: Uint8Array) => void): Target & { readonly writes: [number, number][] } {
  const writes: [number, number][] = [];
  return {
    path: 'memory',
    size: bytes.length,
    writes,
    async write(position, given) {
      writes.push([position, given.length]);
      bytes.set(given, position);
    },
    async written(): Promise<Disk> {
      lies?.(bytes);
      return bytesDisk(bytes);
    },
  };
}

const MIB = 1 << 20;

describe('restore', () => {
  test('every byte arrives, zeros over what was there, and what lies behind stays', async () => {
    const content = new Uint8Array(2 * MIB + 512);
    content.set(randomBytes(1000), 100);
    const target = new Uint8Array(3 * MIB).fill(0xee);
    expect(await restore(bytesDisk(content), memoryTarget(target))).toEqual({ bytes: content.length, untouched: MIB - 512 });
    expect(Buffer.compare(target.subarray(0, content.length), content)).toBe(0);
    expect(target.subarray(content.length).every((byte) => byte === 0xee)).toBe(true);
  });
  test('a blank target is not written with zeros', async () => {
    const content = new Uint8Array(3 * MIB);
    content[2 * MIB + 5] = 1;
    const target = memoryTarget(new Uint8Array(3 * MIB));
    await restore(bytesDisk(content), target, { blank: true });
    expect(target.writes).toEqual([[2 * MIB, MIB]]);
  });
  test('a smaller target is refused before anything is written', async () => {
    const target = memoryTarget(new Uint8Array(100));
    await expect(restore(bytesDisk(new Uint8Array(101)), target)).rejects.toMatchObject({ code: 'E_WRITE' });
    expect(target.writes).toEqual([]);
  });
  test('a target that forgets is found out', async () => {
    const target = memoryTarget(new Uint8Array(2 * MIB), (bytes) => {
      bytes[MIB + 7] ^= 1;
    });
    await expect(restore(bytesDisk(new Uint8Array(2 * MIB)), target)).rejects.toMatchObject({ code: 'E_WRITE', offset: MIB });
  });
  test('it stops when asked', async () => {
    const stop = AbortSignal.abort();
    const target = memoryTarget(new Uint8Array(10));
    await expect(restore(bytesDisk(new Uint8Array(10)), target, { signal: stop })).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
  });
});

describe('compareDisks', () => {
  test('equal disks have no difference', async () => {
    const bytes = randomBytes(MIB + 100);
    expect(await compareDisks(bytesDisk(bytes), bytesDisk(bytes))).toEqual({ differences: [], sectors: 0 });
  });
  test('sectors that differ are named, neighbours together, across chunks too', async () => {
    const wanted = new Uint8Array(2 * MIB + 100);
    const found = wanted.slice();
    for (const at of [1024, 1536 + 511, MIB - 1, MIB, 2 * MIB + 99]) found[at] = 1;
    expect(await compareDisks(bytesDisk(wanted), bytesDisk(found))).toEqual({
      differences: [
        { offset: 1024, length: 1024 },
        { offset: MIB - 512, length: 1024 },
        { offset: 2 * MIB, length: 100 },
      ],
      sectors: 5,
    });
  });
  test('a long list is cut, and counted', async () => {
    const found = new Uint8Array(10 * 1024);
    for (let at = 0; at < found.length; at += 1024) found[at] = 1;
    const result = await compareDisks(bytesDisk(new Uint8Array(found.length)), bytesDisk(found), { limit: 2 });
    expect(result.sectors).toBe(10);
    expect(result.differences).toHaveLength(2);
  });
});
