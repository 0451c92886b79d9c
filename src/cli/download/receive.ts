/**
 * Bytes that come front to back and are put down as they come. With the leaves of a proven seal each chunk is checked before it is
 * written, and the first wrong one ends it.
 */
import { DisksealError } from '../../core/errors.ts';
import type { ProvenLeaves } from '../../verify/proven-leaves.ts';

export type Write = (position: number, bytes: Uint8Array) => Promise<void>;

/** What is taken of an image whose size nobody said. Bytes: 64 GiB. */
export const DEFAULT_LIMIT = 2 ** 36;

/** @returns how many bytes came @throws DisksealError `E_READ` beyond the limit */
export async function receive(pieces: AsyncIterable<Uint8Array>, limit: number, write: Write): Promise<number> {
  let position = 0;
  for await (const piece of pieces) {
    if (piece.length > limit - position) {
      throw new DisksealError('E_READ', `more than ${limit} bytes`, {
        offset: limit,
        hint: 'if the image is that large, raise --max-size',
      });
    }
    await write(position, piece);
    position += piece.length;
  }
  return position;
}

/**
 * Takes the chunks `first` to `end` (not included), which must follow each other without a gap.
 * @throws DisksealError `E_TAMPERED` for the first wrong one, `E_TRUNCATED`, `E_UNCOVERED` for bytes that follow the last chunk
 */
export async function receiveLeaves(
  pieces: AsyncIterable<Uint8Array>,
  leaves: ProvenLeaves,
  [first, end]: readonly [number, number],
  write: Write,
): Promise<void> {
  const [begin] = first < end ? leaves.range(first) : [0];
  let leaf = first;
  let position = begin;
  let chunk = new Uint8Array(leaf < end ? leaves.range(leaf)[1] : 0);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      if (leaf === end) throw new DisksealError('E_UNCOVERED', 'more bytes follow than were signed', { offset: position });
      const take = Math.min(chunk.length - filled, piece.length - at);
      chunk.set(piece.subarray(at, at + take), filled);
      at += take;
      filled += take;
      if (filled < chunk.length) continue;
      await leaves.check(leaf, chunk);
      await write(position, chunk);
      position += chunk.length;
      filled = 0;
      if (++leaf < end) chunk = new Uint8Array(leaves.range(leaf)[1]);
    }
  }
  if (leaf === end) return;
  const offset = position + filled;
  throw new DisksealError('E_TRUNCATED', `it ends after ${offset} bytes, before all that were signed`, {
    offset,
    hint: 'it was cut short: get it again',
  });
}
