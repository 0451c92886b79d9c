/** Metadata that is made when it is read. */
import { type Disk, opaqueDisk } from '../../../../core/disk.ts';

/** @param readInto - fills every byte of `into`, which may hold anything before */
export function generatedDisk(size: number, readInto: (position: number, into: Uint8Array) => Promise<void>): Disk {
  return {
    ...opaqueDisk(size, readInto),
    *extents() {
      if (size > 0) yield { position: 0, length: size, kind: 'generated' };
    },
  };
}
