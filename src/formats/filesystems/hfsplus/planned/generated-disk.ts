/** Metadata that is made when it is read. */
import { checkRange, type Disk } from '../../../../core/disk.ts';

/** @param readInto - fills every byte of `into`, which may hold anything before */
export function generatedDisk(size: number, readInto: (position: number, into: Uint8Array) => Promise<void>): Disk {
  return {
    size,
    async read(position, length, given) {
      checkRange(size, position, length);
      const into = given ?? new Uint8Array(length);
      await readInto(position, into);
      return into;
    },
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'generated' };
    },
  };
}
