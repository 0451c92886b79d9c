/**
 * An image that is filled from contents that pass by on their way into another one: no source is read a second time. What is no
 * content, the filesystem's own metadata, is made when all contents are there.
 */
import type { Disk, Extent } from '../core/disk.ts';
import type { PlannedContent } from '../core/planned-volume.ts';
import type { FillableSink } from '../core/platform.ts';

/** Takes pieces of contents, each content front to back; what is left out is zeros. */
export interface ContentSink {
  /** @param path - one of the content's paths @param bytes - may be used until the promise settles */
  put(path: string, offset: number, bytes: Uint8Array): Promise<void>;
}

export interface Follower extends ContentSink {
  /** Writes what is no content. */
  finish(): Promise<void>;
}

/** Pieces that lie close together are written at once: a small file a call would take as long as its content. Bytes. */
const GATHERED = 1 << 20;
/** No two things share a block of this on any volume, so what fills up a block to its end is zeros. */
const BLOCK = 2048;

/**
 * @param disk - as planned; the sink becomes as long as it is
 * @param contents - where they lie in it
 * @param nameOf - as `linkNames` gives it
 */
export async function follow(
  disk: Disk,
  contents: Iterable<PlannedContent>,
  sink: FillableSink,
  nameOf: (path: string) => string,
): Promise<Follower> {
  await sink.resize(disk.size);
  const places = new Map<string, number>();
  for (const { path, position } of contents) places.set(nameOf(path), position);
  const gathered = gathering(sink);
  return {
    put: (path, offset, bytes) => gathered.put(places.get(nameOf(path))! + offset, bytes),
    async finish() {
      for (const { position, length } of madeRanges(disk)) {
        for (let done = 0; done < length; done += GATHERED) {
          const take = Math.min(GATHERED, length - done);
          await gathered.put(position + done, await disk.read(position + done, take));
        }
      }
      await gathered.flush();
    },
  };
}

/** Stretches that come neither from a file nor are zeros, neighbours as one. */
function* madeRanges(disk: Disk): Generator<{ position: number; length: number }> {
  let start = 0;
  let end = 0;
  for (const extent of disk.extents()) {
    if (!isMade(extent)) continue;
    if (extent.position !== end) {
      if (end > start) yield { position: start, length: end - start };
      start = extent.position;
    }
    end = extent.position + extent.length;
  }
  if (end > start) yield { position: start, length: end - start };
}

function isMade({ kind }: Extent): boolean {
  return kind !== 'file' && kind !== 'zeros';
}

function gathering(sink: FillableSink) {
  const buffer = new Uint8Array(GATHERED);
  let start = 0;
  let length = 0;
  const flush = async (): Promise<void> => {
    if (length > 0) await sink.writeAt(start, buffer.subarray(0, length));
    length = 0;
  };
  return {
    flush,
    async put(position: number, bytes: Uint8Array): Promise<void> {
      const gap = position - (start + length);
      const isPadding = gap === 0 || (gap > 0 && gap < BLOCK && position % BLOCK === 0);
      const fits = length > 0 && isPadding && length + gap + bytes.length <= GATHERED;
      if (!fits) {
        await flush();
        start = position;
      }
      if (bytes.length > GATHERED) return sink.writeAt(position, bytes);
      if (fits) buffer.fill(0, length, length + gap);
      length = position - start;
      buffer.set(bytes, length);
      length += bytes.length;
    },
  };
}
