/**
 * Files that the filesystem itself compresses ("decmpfs", macOS 10.6 and later): an attribute names the real size, and
 * the content is in that attribute or in the resource fork. Source: xnu bsd/sys/decmpfs.h, decmpfs_disk_header.
 * Left out: decompression. Such a file is listed with its real size, and reading it is refused by name.
 */
import { type Disk, opaqueDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { field, latin1, struct, u32le, u64le } from '../../../core/struct.ts';

export const DECMPFS_ATTRIBUTE = 'com.apple.decmpfs';

/** Little-endian, unlike all else in the volume. */
export const DecmpfsHeader = struct(
  { name: 'DecmpfsHeader', size: 16, spec: 'decmpfs.h, decmpfs_disk_header' },
  {
    compressionMagic: field(latin1(4), '"fpmc"'),
    compressionType: field(u32le, '3 and 4 zlib, 7 and 8 lzvn, 11 and 12 lzfse; odd: in the attribute, even: in the resource fork'),
    uncompressedSize: field(u64le, 'bytes of the file as it is read'),
  },
);

/** The content of a compressed file: its size is known, its bytes are not. Undefined when the attribute says nothing of the kind. */
export async function compressedContent(attribute: Disk, name: string, offset: number): Promise<Disk | undefined> {
  if (attribute.size < DecmpfsHeader.size) return undefined;
  const header = DecmpfsHeader.read(await attribute.read(0, DecmpfsHeader.size), 0, offset);
  if (header.compressionMagic !== 'fpmc') return undefined;
  return opaqueDisk(header.uncompressedSize, () =>
    Promise.reject(
      new DisksealError(
        'E_UNSUPPORTED',
        `"${name}" is compressed by the filesystem (decmpfs type ${header.compressionType}), which is not read`,
        {
          offset,
          field: 'DecmpfsHeader.compressionType',
          hint: 'copy it on a Mac with "ditto --nohfsCompression" before the image is made',
        },
      ),
    ),
  );
}
