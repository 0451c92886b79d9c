import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { nodePlatform } from '../../src/node/platform.ts';
import { sameThread } from '../support/platform.ts';

const content = Buffer.from('eight by'.repeat(100_000));
const stream = deflateSync(content);

describe.each([
  ['on the main thread', nodePlatform(sameThread)],
  ['on a worker', nodePlatform(sameThread, true)],
])('inflate %s', (_, platform) => {
  test('gives exactly what was deflated', async () => {
    expect(Buffer.compare(await platform.inflate(stream, content.length), content)).toBe(0);
    expect(await platform.inflate(await platform.deflate(new Uint8Array(), 6), 0)).toHaveLength(0);
  });

  test.each([
    ['a byte after the end', Buffer.concat([stream, Buffer.of(0)]), content.length],
    ['two streams', Buffer.concat([stream, stream]), content.length],
    ['a stream that is cut', stream.subarray(0, -1), content.length],
    ['a stream without its checksum', stream.subarray(0, -4), content.length],
    ['a wrong checksum', Buffer.concat([stream.subarray(0, -1), Buffer.of(stream.at(-1)! ^ 1)]), content.length],
    ['more than expected', stream, content.length - 1],
    ['less than expected', stream, content.length + 1],
    ['something where nothing is expected', deflateSync(Buffer.of(1)), 0],
    ['nothing', Buffer.alloc(0), 0],
    ['gzip', gzipSync(content), content.length],
    ['deflate without its frame', deflateRawSync(content), content.length],
    ['a preset dictionary', deflateSync(content, { dictionary: Buffer.from('eight') }), content.length],
  ])('%s is refused', async (_, bytes, size) => {
    await expect(platform.inflate(bytes, size)).rejects.toThrow();
  });

  test('a bomb is refused in the memory of the size that was allowed', async () => {
    const bomb = deflateSync(Buffer.alloc(256 << 20), { level: 9 });
    const before = process.memoryUsage().rss;
    await expect(platform.inflate(bomb, 1 << 20)).rejects.toThrow();
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });
});
