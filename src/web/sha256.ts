/**
 * SHA-256 of a stream: Web Crypto digests only what it is given at once, and an image does not fit into memory.
 * Source: FIPS 180-4 sections 5.1.1 and 6.2. Left out: messages of 2^53 bytes and more, which no file here can have.
 */
import type { Hash } from '../core/platform.ts';
import { compressSha256, SHA256_INITIAL } from './sha256-block.ts';

const BLOCK = 64;

export function sha256(): Hash {
  const state = Int32Array.from(SHA256_INITIAL);
  /** Bytes that do not fill a block yet. */
  const rest = new Uint8Array(BLOCK);
  const restView = new DataView(rest.buffer);
  let length = 0;

  const take = (bytes: Uint8Array): void => {
    let at = 0;
    const begun = length % BLOCK;
    length += bytes.length;
    if (begun > 0) {
      at = Math.min(BLOCK - begun, bytes.length);
      rest.set(bytes.subarray(0, at), begun);
      if (begun + at < BLOCK) return;
      compressSha256(state, restView, 0, BLOCK);
    }
    const whole = at + Math.floor((bytes.length - at) / BLOCK) * BLOCK;
    compressSha256(state, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at, whole);
    rest.set(bytes.subarray(whole));
  };

  return {
    async update(bytes) {
      take(bytes);
    },
    async digest() {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setUint32(0, Math.floor(length / 2 ** 29));
      bits.setUint32(4, length * 8);
      // 5.1.1: a one bit, zeros, and the length in bits, up to a whole block.
      const padding = new Uint8Array(BLOCK - ((length + 8) % BLOCK));
      padding[0] = 0x80;
      take(padding);
      take(new Uint8Array(bits.buffer));
      const digest = new DataView(new ArrayBuffer(32));
      for (const [index, word] of state.entries()) digest.setInt32(4 * index, word);
      return new Uint8Array(digest.buffer);
    },
  };
}
