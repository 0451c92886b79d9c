/** The raw view of a BIN image: its sectors, which are alike but for what they hold; the first one's header shows how. */
import type { Disk } from '../../../core/disk.ts';
import { bytes, field, type RawField, struct, u8 } from '../../../core/struct.ts';
import { RAW_SECTOR } from './sector.ts';

const SectorHeader = struct(
  { name: 'SectorHeader', size: 16, spec: 'ECMA-130 14.1, 14.2' },
  {
    synchronisation: field(bytes(12)),
    minute: field(u8, 'binary-coded decimal'),
    second: field(u8, 'binary-coded decimal'),
    frame: field(u8, 'binary-coded decimal, 75 in a second'),
    mode: field(u8, '1'),
  },
);

/** Front to back. */
export async function rawFields(image: Disk): Promise<RawField[]> {
  const length = image.size - SectorHeader.size;
  const value = `${image.size / RAW_SECTOR} sectors of ${RAW_SECTOR} bytes`;
  return [
    ...SectorHeader.describe(await image.read(0, SectorHeader.size)),
    { offset: SectorHeader.size, bytes: new Uint8Array(), length, label: 'Sectors', value, note: 'data, checksums and correction codes' },
  ];
}
