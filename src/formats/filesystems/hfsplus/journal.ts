/**
 * Whether a journal still holds changes that the volume lacks. Source: TN1150 "Journal"; hfs_format.h, journal_info_block.
 * Left out: replaying it. Such a volume is refused, because its catalog is not what the Mac that wrote it would show.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Struct } from '../../../core/struct.ts';
import { malformed } from './malformed.ts';
import {
  JOURNAL_ENDIAN,
  JOURNAL_MAGIC,
  JournalFlag,
  JournalHeader,
  JournalHeaderBigEndian,
  JournalInfoBlock,
  VOLUME_HEADER_OFFSET,
  VolumeAttribute,
  type VolumeHeader,
} from './structs.ts';

export type JournalState = 'none' | 'clean' | 'dirty' | 'elsewhere';

export interface Journal {
  readonly state: JournalState;
  /** Bytes from the start of the volume, where the structures are in the volume. */
  readonly infoOffset?: number;
  readonly headerOffset?: number;
  readonly headerLayout?: Struct<typeof JournalHeader.fields>;
  /** Bytes of the journal, its header included. */
  readonly size?: number;
}

/** Finds the journal. @throws DisksealError `E_HFSPLUS` when it is not where the volume says */
export async function readJournal(disk: Disk, header: VolumeHeader): Promise<Journal> {
  if ((header.attributes & VolumeAttribute.journaled) === 0) return { state: 'none' };
  const infoOffset = header.journalInfoBlock * header.blockSize;
  if (header.journalInfoBlock === 0 || infoOffset + JournalInfoBlock.size > disk.size) {
    throw malformed(
      `the journal's block ${header.journalInfoBlock} is not in the volume`,
      VOLUME_HEADER_OFFSET + 12,
      'VolumeHeader.journalInfoBlock',
    );
  }
  const info = JournalInfoBlock.read(await disk.read(infoOffset, JournalInfoBlock.size), 0, infoOffset);
  if (info.flags & JournalFlag.needsInit) return { state: 'clean', infoOffset };
  if ((info.flags & JournalFlag.inVolume) === 0) return { state: 'elsewhere', infoOffset };
  return { infoOffset, ...(await readJournalHeader(disk, info.offset, infoOffset)) };
}

async function readJournalHeader(disk: Disk, offset: number, infoOffset: number): Promise<Journal> {
  if (offset > disk.size - JournalHeader.size) {
    throw malformed(`a journal at ${offset} is not in the volume`, infoOffset + 36, 'JournalInfoBlock.offset');
  }
  const bytes = await disk.read(offset, JournalHeader.size);
  const layout = [JournalHeader, JournalHeaderBigEndian].find((layout) => {
    const { magic, endian } = readAnyOrder(layout, bytes);
    return magic === JOURNAL_MAGIC && endian === JOURNAL_ENDIAN;
  });
  if (!layout) throw malformed('the journal does not begin with "JNLx"', offset, 'JournalHeader.magic');
  const { start, end, size } = layout.read(bytes, 0, offset);
  return { state: start === end ? 'clean' : 'dirty', headerOffset: offset, headerLayout: layout, size };
}

/** The first two fields, in the byte order of a layout: read in the other order, the 64-bit fields may be too large. */
function readAnyOrder(layout: typeof JournalHeader, bytes: Uint8Array): { magic: number; endian: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { magic: layout.fields.magic.type.read(view, 0), endian: layout.fields.endian.type.read(view, 4) };
}

/** @throws DisksealError `E_UNSUPPORTED` when the journal holds, or may hold, changes that the volume lacks */
export async function requireQuietJournal(disk: Disk, header: VolumeHeader): Promise<void> {
  const { state, headerOffset } = await readJournal(disk, header);
  const clean = (header.attributes & VolumeAttribute.unmounted) !== 0;
  if (state === 'dirty' || (state === 'elsewhere' && !clean)) {
    throw new DisksealError('E_UNSUPPORTED', 'the journal holds changes that were not yet written to the volume', {
      offset: headerOffset ?? VOLUME_HEADER_OFFSET + 12,
      field: 'JournalHeader.end',
      hint: 'attach the image once on a Mac, eject it, and try again',
    });
  }
}
