/**
 * SHA-256 of every file, computed from the volume's bytes as they pass by on their way into the image: no file is read
 * a second time, and what is hashed is what is packed.
 */
import { assert } from '../core/errors.ts';
import type { PlannedContent } from '../core/planned-volume.ts';
import type { Hash, Platform } from '../core/platform.ts';
import type { ContentSink } from './follow.ts';

export interface ContentDigests {
  /** The next bytes of the disk that are not all zero, front to back; what is left out is zeros. */
  observe(position: number, bytes: Uint8Array): Promise<void>;
  /** Digests by path, of every file with bytes. */
  finish(): Promise<ReadonlyMap<string, Uint8Array>>;
}

const ZEROS = new Uint8Array(1 << 20);

/**
 * @param contents - where the files' contents lie on the volume, ascending
 * @param start - where the volume begins on the disk, bytes
 * @param followers - are given each piece that is not all zero as well
 */
export function contentDigests(
  contents: Iterable<PlannedContent>,
  start: number,
  platform: Platform,
  followers: readonly ContentSink[] = [],
): ContentDigests {
  const digests = new Map<string, Uint8Array>();
  const remaining = contents[Symbol.iterator]();
  let current = advance();
  let hash: Hash | undefined;
  let done = 0;

  function advance(): PlannedContent | undefined {
    const { value, done: ended } = remaining.next() as IteratorResult<PlannedContent, undefined>;
    return ended ? undefined : value;
  }

  /** Feeds the current file up to disk position `until`; the bytes are zeros unless given. */
  async function feed(until: number, position: number, bytes?: Uint8Array): Promise<void> {
    while (current) {
      const from = start + current.position + done;
      const length = Math.min(current.length - done, until - from);
      if (length <= 0 && current.length > 0) return;
      hash ??= platform.hash('sha256');
      if (bytes) {
        const piece = bytes.subarray(from - position, from - position + length);
        await hash.update(piece);
        for (const follower of followers) await follower.put(current.path, done, piece);
      } else await feedZeros(hash, length);
      done += length;
      if (done < current.length) return;
      digests.set(current.path, await hash.digest());
      hash = undefined;
      done = 0;
      current = advance();
    }
  }

  return {
    async observe(position, bytes) {
      await feed(position, position);
      await feed(position + bytes.length, position, bytes);
    },
    async finish() {
      await feed(Number.POSITIVE_INFINITY, 0);
      assert(!current, 'a file was not hashed to its end');
      return digests;
    },
  };
}

async function feedZeros(hash: Hash, length: number): Promise<void> {
  for (let left = length; left > 0; left -= ZEROS.length) await hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
}
