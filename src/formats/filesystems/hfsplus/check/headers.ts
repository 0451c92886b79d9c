/**
 * Checks the volume header and its copy near the end of the volume. Source: TN1150 "Volume Header".
 * The copy is written when a volume is made or repaired and when its special files move, not at each mount: only what says
 * where everything is must be equal (fsck_hfs asks for no more), other differences are warnings.
 */
import type { Disk } from '../../../../core/disk.ts';
import { readJournal } from '../journal.ts';
import { VOLUME_HEADER_OFFSET, VOLUME_HEADER_SIZE, VolumeAttribute, VolumeHeader } from '../structs.ts';
import { alternateHeaderOffset, parseVolumeHeader, readVolumeHeader } from '../volume-header.ts';
import type { Faults } from './faults.ts';

/** What must be equal in both headers. The special files' places may lag behind where Linux has written. */
const VITAL: ReadonlySet<string> = new Set(['signature', 'version', 'blockSize', 'totalBlocks']);

/** @returns the volume header, when anything can be read by it */
export async function checkHeaders(disk: Disk, faults: Faults): Promise<VolumeHeader | undefined> {
  const header = await faults.step('volume-header', () => readVolumeHeader(disk));
  if (!header) return undefined;
  fields(header, faults);
  await alternate(disk, faults);
  await faults.step('journal', () => journal(disk, header, faults));
  return header;
}

function fields(header: VolumeHeader, faults: Faults): void {
  const { attributes, freeBlocks, totalBlocks, nextAllocation } = header;
  if (attributes & VolumeAttribute.inconsistent) {
    faults.error('volume-state', 'the volume says of itself that it is inconsistent', VOLUME_HEADER_OFFSET + 4, 'VolumeHeader.attributes');
  }
  if ((attributes & VolumeAttribute.unmounted) === 0) {
    faults.warning('volume-state', 'the volume was not unmounted', VOLUME_HEADER_OFFSET + 4, 'VolumeHeader.attributes');
  }
  if (freeBlocks > totalBlocks) {
    faults.error('free-blocks', `${freeBlocks} of ${totalBlocks} blocks are free`, VOLUME_HEADER_OFFSET + 48, 'VolumeHeader.freeBlocks');
  }
  if (nextAllocation >= totalBlocks) {
    faults.warning(
      'volume-header',
      `the next block to allocate is ${nextAllocation} of ${totalBlocks}`,
      VOLUME_HEADER_OFFSET + 52,
      'VolumeHeader.nextAllocation',
    );
  }
}

async function alternate(disk: Disk, faults: Faults): Promise<void> {
  const offset = alternateHeaderOffset(disk.size);
  if (offset < VOLUME_HEADER_OFFSET + VOLUME_HEADER_SIZE) {
    faults.error('alternate-header', 'the volume is too small for an alternate header', offset, 'VolumeHeader');
    return;
  }
  const primary = await disk.read(VOLUME_HEADER_OFFSET, VOLUME_HEADER_SIZE);
  const copy = await disk.read(offset, VOLUME_HEADER_SIZE);
  if (!alternateHeader(copy, offset, faults)) return;
  const different = differences(primary, copy);
  for (const key of different.filter((key) => VITAL.has(key))) {
    faults.error('alternate-header', `the alternate header has another ${key}`, offset, `VolumeHeader.${key}`);
  }
  const older = different.filter((key) => !VITAL.has(key));
  if (older.length === 0) return;
  faults.warning('alternate-header', `the alternate header is older, in ${older.join(', ')}`, offset, `VolumeHeader.${older[0]}`);
}

function differences(primary: Uint8Array, copy: Uint8Array): string[] {
  const different: string[] = [];
  let start = 0;
  for (const [key, { type }] of Object.entries(VolumeHeader.fields)) {
    const end = start + type.size;
    if (primary.subarray(start, end).some((byte, index) => byte !== copy[start + index])) different.push(key);
    start = end;
  }
  return different;
}

function alternateHeader(copy: Uint8Array, offset: number, faults: Faults): VolumeHeader | undefined {
  try {
    return parseVolumeHeader(copy, offset);
  } catch {
    faults.error('alternate-header', 'there is no alternate volume header', offset, 'VolumeHeader.signature');
    return undefined;
  }
}

async function journal(disk: Disk, header: VolumeHeader, faults: Faults): Promise<void> {
  const { state, headerOffset } = await readJournal(disk, header);
  if (state === 'dirty')
    faults.error('journal', 'the journal holds changes that were not written to the volume', headerOffset ?? 0, 'JournalHeader.end');
  if (state === 'elsewhere')
    faults.warning('journal', 'the journal is on another device', VOLUME_HEADER_OFFSET + 12, 'VolumeHeader.journalInfoBlock');
}
