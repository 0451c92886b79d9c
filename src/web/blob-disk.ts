/** A file that the user chose, or any other Blob, as a Disk. */
import { type Disk, opaqueDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';

/** Reads what is asked for and nothing more, whatever the blob's size. Reads throw `E_CHANGED` when the file is not what it was. */
export function blobDisk(blob: Blob): Disk {
  return opaqueDisk(blob.size, async (position, into) => {
    const bytes = await blob
      .slice(position, position + into.length)
      .arrayBuffer()
      .catch((error: unknown) => {
        throw changed(error);
      });
    if (bytes.byteLength !== into.length) throw changed(undefined);
    into.set(new Uint8Array(bytes));
  });
}

/** The File API has one error, NotReadableError, for a file that changed, that is gone and that may not be read. */
function changed(cause: unknown): DisksealError {
  return new DisksealError('E_CHANGED', 'the file cannot be read, or is not what it was when it was chosen', {
    cause,
    hint: 'choose it again when nothing writes to it',
  });
}
