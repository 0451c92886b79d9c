/** zlib streams by DecompressionStream, as strict as core's Platform wants it: the whole stream, its exact size, nothing after it. */
import { plain } from './plain-bytes.ts';

/**
 * @param size - bytes of the result; more are never taken in
 * @throws any error when the stream is damaged, of another size or followed by other bytes
 */
export async function inflate(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const result = await run(bytes, size);
  if ((await isLenient()) && (await isWhole(bytes.subarray(0, -1), size))) throw new Error('bytes follow the end of the zlib stream');
  return result;
}

let lenient: Promise<boolean> | undefined;

/**
 * The Compression Standard lets bytes after the stream fail, and browsers do; Node.js 20 overlooks them. Where this is so, a
 * stream is whole only if it is not whole without its last byte.
 */
function isLenient(): Promise<boolean> {
  // An empty stream, then one byte.
  return (lenient ??= isWhole(Uint8Array.of(0x78, 0x9c, 0x03, 0, 0, 0, 0, 1, 0xff), 0));
}

async function isWhole(bytes: Uint8Array, size: number): Promise<boolean> {
  return run(bytes, size).then(
    () => true,
    () => false,
  );
}

async function run(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream('deflate');
  const writer = writable.getWriter();
  const written = writer.write(plain(bytes)).then(() => writer.close());
  // Reading fails first and says the same.
  written.catch(() => undefined);
  const result = new Uint8Array(size);
  let filled = 0;
  const reader = (readable as ReadableStream<Uint8Array>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (next.value.length > size - filled) {
      await reader.cancel().catch(() => undefined);
      throw new Error(`the zlib stream holds more than ${size} bytes`);
    }
    result.set(next.value, filled);
    filled += next.value.length;
  }
  await written;
  if (filled !== size) throw new Error(`the zlib stream holds ${filled} bytes, not ${size}`);
  return result;
}
