/** The browser's platform in Node.js, which has Web Crypto and DecompressionStream too, beside Node's own. */
import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import type { Task } from '../../src/core/platform.ts';
import { toHex } from '../../src/core/struct.ts';
import { blobDisk } from '../../src/web/blob-disk.ts';
import { webPlatform } from '../../src/web/platform.ts';
import { testPlatform } from '../support/platform.ts';

const platform = webPlatform();
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);

describe('digests', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)('%s', async (algorithm) => {
    const bytes = plain(randomBytes(1000));
    expect(toHex(await platform.digest(algorithm, bytes))).toBe(toHex(await testPlatform.digest(algorithm, bytes)));
  });
  test('a stream has SHA-256 alone', () => {
    expect(() => platform.hash('sha512')).toThrow(expect.objectContaining({ code: 'E_UNSUPPORTED' }));
  });
  test('crc32', () => {
    const bytes = plain(randomBytes(777));
    expect(platform.crc32(bytes, 5)).toBe(testPlatform.crc32(bytes, 5));
  });
});

describe('inflate', () => {
  const content = plain(Buffer.from('disk image '.repeat(10_000)));
  const stream = plain(deflateSync(content));

  test('gives what was deflated', async () => {
    expect(await platform.inflate(stream, content.length)).toEqual(content);
    expect(await platform.inflate(plain(deflateSync(Buffer.alloc(0))), 0)).toEqual(new Uint8Array());
  });
  test.each([
    ['a byte after the end', Uint8Array.of(...stream, 0), content.length],
    ['a second stream after the end', Uint8Array.of(...stream, ...stream), content.length],
    ['no end', stream.subarray(0, -1), content.length],
    ['a wrong checksum', stream.map((byte, at) => (at === stream.length - 1 ? byte ^ 1 : byte)), content.length],
    ['another header', stream.subarray(2), content.length],
    ['nothing', new Uint8Array(), 0],
    ['fewer bytes than stated', stream, content.length + 1],
    ['more bytes than stated', stream, content.length - 1],
    ['more bytes than none', stream, 0],
  ])('%s is refused, as by Node', async (_, bytes, size) => {
    await expect(platform.inflate(bytes, size)).rejects.toThrow(Error);
    await expect(testPlatform.inflate(bytes, size)).rejects.toThrow(Error);
  });
});

describe('what verifying does not need', () => {
  test.each([
    ['deflate', () => platform.deflate(new Uint8Array(), 6)],
    ['readFile', () => platform.readFile({ path: 'a', offset: 0, fileSize: 0 }, new Uint8Array())],
  ])('%s is refused in words', async (_, use) => {
    await expect(use()).rejects.toMatchObject({ code: 'E_UNSUPPORTED', name: 'DisksealError' });
  });
  test('tasks run on this thread', async () => {
    const task: Task<number, number> = { name: 'double', run: async (input) => ({ value: 2 * input }) };
    expect(await platform.threads.run(task, 21)).toBe(42);
  });
  test('a page without Web Crypto is told so', () => {
    vi.stubGlobal('crypto', {});
    expect(webPlatform).toThrow(expect.objectContaining({ code: 'E_USAGE', hint: expect.stringContaining('https') }));
    vi.unstubAllGlobals();
  });
});

describe('a blob as a disk', () => {
  const bytes = plain(randomBytes(3000));

  test('reads what is asked for', async () => {
    const disk = blobDisk(new Blob([bytes.slice()]));
    expect(disk.size).toBe(3000);
    expect(await disk.read(100, 2000)).toEqual(bytes.subarray(100, 2100));
    const into = new Uint8Array(10);
    expect(await disk.read(2990, 10, into)).toBe(into);
    expect(into).toEqual(bytes.subarray(2990));
    expect([...disk.extents()]).toEqual([{ position: 0, length: 3000, kind: 'opaque' }]);
    await expect(disk.read(2991, 10)).rejects.toMatchObject({ code: 'E_TRUNCATED' });
  });
  test('a file that changed is E_CHANGED', async () => {
    const gone = { size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }) };
    await expect(blobDisk(gone as unknown as Blob).read(0, 5)).rejects.toMatchObject({ code: 'E_CHANGED' });
    const short = { size: 10, slice: () => new Blob(['abc']) };
    await expect(blobDisk(short as unknown as Blob).read(0, 5)).rejects.toBeInstanceOf(DisksealError);
  });
});
