/**
 * The hash tree of RFC 9162 section 2.1.1 with SHA-256: a leaf is SHA-256(00 | chunk), a node SHA-256(01 | left | right),
 * split at the largest power of two below the number of leaves; no leaf is padded or doubled.
 */
import { assert } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';

const HASH = 32;

/** What stands before a chunk, as it is hashed. */
export const LEAF_PREFIX = Uint8Array.of(0);

export async function leafHash(chunk: Uint8Array, platform: Platform): Promise<Uint8Array> {
  const leaf = new Uint8Array(1 + chunk.length);
  leaf.set(chunk, 1);
  return platform.digest('sha256', leaf);
}

/**
 * The root over a leaf table (32 bytes a leaf). The root over no leaves is SHA-256 of nothing.
 * Level by level: pairing neighbours and carrying an odd last one up gives the same tree as RFC 9162's split.
 */
export async function treeRoot(table: Uint8Array, platform: Platform): Promise<Uint8Array> {
  assert(table.length % HASH === 0, 'a leaf table has 32 bytes a leaf');
  if (table.length === 0) return platform.digest('sha256', table);
  let level = table;
  const pair = new Uint8Array(1 + 2 * HASH);
  pair[0] = 1;
  while (level.length > HASH) {
    const above = new Uint8Array(Math.ceil(level.length / (2 * HASH)) * HASH);
    for (let at = 0, to = 0; at < level.length; at += 2 * HASH, to += HASH) {
      if (at + HASH === level.length) above.set(level.subarray(at), to);
      else {
        pair.set(level.subarray(at, at + 2 * HASH), 1);
        above.set(await platform.digest('sha256', pair), to);
      }
    }
    level = above;
  }
  return level.slice(0, HASH);
}
