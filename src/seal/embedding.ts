/** Where a seal goes in an image that another tool made, as a plan: nothing else changes but what says the place. */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { ImageKind } from './place.ts';

export interface Embedding {
  readonly kind: ImageKind;
  /** For people: what is done to the image. */
  readonly about: string;
  /** Bytes that the size of the area is a multiple of. */
  readonly step: number;
  /** Where an area of this size begins, and the image's bytes before and after it. @throws DisksealError `E_NO_ROOM` */
  around(size: number): { readonly before: Disk; readonly after: Disk };
}

/** The image would change more than by a seal; the message says why. It can have a seal in a file of its own. */
export function notEmbeddable(why: string): DisksealError {
  return new DisksealError('E_NO_ROOM', `a seal is not put into this image: ${why}`, { hint: '--detached makes a seal beside it' });
}

/** The bytes of a disk with some of them replaced. @param patches - apart from each other */
export function patched(disk: Disk, patches: readonly { readonly offset: number; readonly bytes: Uint8Array }[]): Disk {
  return {
    size: disk.size,
    async read(position, length, given) {
      const into = await disk.read(position, length, given);
      for (const { offset, bytes } of patches) {
        const from = Math.max(offset, position);
        const to = Math.min(offset + bytes.length, position + length);
        if (from < to) into.set(bytes.subarray(from - offset, to - offset), from - position);
      }
      return into;
    },
    *extents() {
      if (disk.size > 0) yield { position: 0, length: disk.size, kind: 'generated' };
    },
  };
}
