/** The key derivation of PKCS#12. Source: RFC 7292 appendix B. MACs still use it; encryption does in files of old. */
import { createHash, hash as hashOnce } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { HashAlgorithm } from '../core/platform.ts';

export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** Iterations between two chances for the event loop. */
const BREATH = 20_000;

export interface Derivation {
  readonly hash: 'sha1' | HashAlgorithm;
  /** As `pkcs12Password` encodes it. */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly purpose: (typeof PURPOSE)[keyof typeof PURPOSE];
  /** Bytes wanted. */
  readonly length: number;
}

/** B.1: UTF-16, big-endian, ended by two zero bytes. */
export function pkcs12Password(passphrase: string): Uint8Array {
  const bytes = new Uint8Array(2 * passphrase.length + 2);
  for (let index = 0; index < passphrase.length; index++) {
    bytes[2 * index] = passphrase.charCodeAt(index) >>> 8;
    bytes[2 * index + 1] = passphrase.charCodeAt(index) & 0xff;
  }
  return bytes;
}

/** B.2. */
export async function derive({ hash, password, salt, iterations, purpose, length }: Derivation): Promise<Uint8Array> {
  const block = hash === 'sha1' || hash === 'sha256' ? 64 : 128;
  const state = new Uint8Array([...repeatTo(salt, block), ...repeatTo(password, block)]);
  const diversifier = new Uint8Array(block).fill(purpose);
  const result = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    let digest = createHash(hash).update(diversifier).update(state).digest();
    for (let round = 1; round < iterations; round++) {
      digest = hashOnce(hash, digest, 'buffer');
      if (round % BREATH === 0) await setImmediate();
    }
    result.set(digest.subarray(0, length - done), done);
    done += digest.length;
    addToBlocks(state, repeatTo(digest, block), block);
  }
  return result;
}

/** Copies one after the other up to a multiple of the block size; nothing stays nothing. */
function repeatTo(bytes: Uint8Array, block: number): Uint8Array {
  const length = block * Math.ceil(bytes.length / block);
  return Uint8Array.from({ length }, (_, index) => bytes[index % bytes.length]!);
}

/** Each block of the state becomes (block + added + 1) modulo 2^(8 × block size). */
function addToBlocks(state: Uint8Array, added: Uint8Array, block: number): void {
  for (let start = 0; start < state.length; start += block) {
    let carry = 1;
    for (let index = block - 1; index >= 0; index--) {
      carry += state[start + index]! + added[index % added.length]!;
      state[start + index] = carry & 0xff;
      carry >>>= 8;
    }
  }
}
