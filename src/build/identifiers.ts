/**
 * Identifiers derived from what goes into the image, so that the same inputs give the same bytes and another release
 * gives others. The seed is a digest over the tree's listing (paths, types, modes, sizes, times) and the product's identity;
 * contents are hashed later, while they are packed, and nothing of them is known here.
 */
import type { FileTree } from '../core/file-tree.ts';
import { walk } from '../core/file-tree.ts';
import type { Platform } from '../core/platform.ts';

export interface Identifiers {
  /** 64-bit volume id of the HFS+ header. */
  readonly volumeId: bigint;
  /** 16 bytes each, UUIDs of version 8 (RFC 9562 section 5.8). */
  readonly diskGuid: Uint8Array;
  readonly partitionGuid: Uint8Array;
  /** Another UUID for each purpose. */
  guid(purpose: string): Promise<Uint8Array>;
}

/** @param label - what distinguishes this build beside its tree: product, version, volume name */
export async function deriveIdentifiers(tree: FileTree, label: string, platform: Platform): Promise<Identifiers> {
  const seed = await listingDigest(tree, label, platform);
  const volume = await derive(seed, 'volume', platform);
  return {
    volumeId: new DataView(volume.buffer, volume.byteOffset).getBigUint64(0) | 1n,
    diskGuid: uuid(await derive(seed, 'disk', platform)),
    partitionGuid: uuid(await derive(seed, 'partition', platform)),
    guid: async (purpose) => uuid(await derive(seed, purpose, platform)),
  };
}

async function listingDigest(tree: FileTree, label: string, platform: Platform): Promise<Uint8Array> {
  const hash = platform.hash('sha256');
  const encoder = new TextEncoder();
  let lines = `${label}\n`;
  for await (const { path, entry } of walk(tree.root)) {
    const detail = entry.type === 'file' ? entry.content.size : entry.type === 'symlink' ? entry.target : '';
    lines += `${JSON.stringify([path, entry.type, entry.mode, entry.times.modified, detail])}\n`;
    if (lines.length > 65_536) {
      await hash.update(encoder.encode(lines));
      lines = '';
    }
  }
  await hash.update(encoder.encode(lines));
  return hash.digest();
}

function derive(seed: Uint8Array, purpose: string, platform: Platform): Promise<Uint8Array> {
  return platform.digest('sha256', Uint8Array.of(...new TextEncoder().encode(`diskseal ${purpose} `), ...seed));
}

function uuid(digest: Uint8Array): Uint8Array {
  const bytes = digest.slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}
