/**
 * Finding and judging a volume header. Source: TN1150 "Volume Header".
 * Left out: HFS Plus inside a wrapper of classic HFS, which is refused by name.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Claim, requireForkSize } from './fork.ts';
import { malformed } from './malformed.ts';
import {
  Cnid,
  type ForkData,
  SIGNATURE_HFS,
  SIGNATURE_HFS_PLUS,
  SIGNATURE_HFSX,
  VERSION_HFS_PLUS,
  VERSION_HFSX,
  VOLUME_HEADER_OFFSET,
  VOLUME_HEADER_SIZE,
  VolumeHeader,
} from './structs.ts';

/** Where the embedded volume's signature is in a classic HFS master directory block (Inside Macintosh: Files, drEmbedSigWord). */
const EMBEDDED_SIGNATURE_OFFSET = 124;

/** Where the alternate header begins. */
export function alternateHeaderOffset(diskSize: number): number {
  // A partition is a whole number of sectors; a file with a few bytes more is still such a volume.
  return Math.floor(diskSize / 512) * 512 - VOLUME_HEADER_OFFSET;
}

/**
 * Reads the volume header and refuses what no reader could go on with.
 * @throws DisksealError `E_HFSPLUS`; `E_UNSUPPORTED` for classic HFS and for HFS Plus inside its wrapper
 */
export async function readVolumeHeader(disk: Disk): Promise<VolumeHeader> {
  if (disk.size < VOLUME_HEADER_OFFSET + VOLUME_HEADER_SIZE) {
    throw malformed(`${disk.size} bytes cannot hold an HFS+ volume`, 0, 'VolumeHeader');
  }
  const bytes = await disk.read(VOLUME_HEADER_OFFSET, VOLUME_HEADER_SIZE);
  const header = parseVolumeHeader(bytes, VOLUME_HEADER_OFFSET);
  judgeGeometry(header, disk.size);
  return header;
}

/** @param offset - where the header lies on the volume */
export function parseVolumeHeader(bytes: Uint8Array, offset: number): VolumeHeader {
  judgeSignature(bytes, offset);
  for (const [name, at] of Object.entries(FORK_OFFSETS)) requireForkSize(bytes, at, { offset: offset + at, field: `VolumeHeader.${name}` });
  return VolumeHeader.read(bytes, 0, offset);
}

function judgeSignature(bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signature = view.getUint16(0);
  if (signature === SIGNATURE_HFS_PLUS || signature === SIGNATURE_HFSX) return;
  if (signature === SIGNATURE_HFS) {
    const wrapper = view.getUint16(EMBEDDED_SIGNATURE_OFFSET) === SIGNATURE_HFS_PLUS;
    const what = wrapper ? 'an HFS+ volume inside an HFS wrapper' : 'a classic HFS volume';
    throw new DisksealError('E_UNSUPPORTED', `${what} is not read`, { offset, field: 'VolumeHeader.signature' });
  }
  const found = signature.toString(16).padStart(4, '0');
  throw malformed(`no HFS+ volume: expected "H+" or "HX", found ${found}`, offset, 'VolumeHeader.signature');
}

function judgeGeometry(header: VolumeHeader, diskSize: number): void {
  const { signature, version, blockSize, totalBlocks } = header;
  if (version !== (signature === SIGNATURE_HFSX ? VERSION_HFSX : VERSION_HFS_PLUS)) {
    throw malformed(`version ${version} does not belong to this signature`, VOLUME_HEADER_OFFSET + 2, 'VolumeHeader.version');
  }
  // Up to 2^31: what a u32 can hold; larger blocks than the volume fail below.
  if (blockSize < 512 || (blockSize & (blockSize - 1)) !== 0) {
    throw malformed(`a block size of ${blockSize} is no power of two from 512`, VOLUME_HEADER_OFFSET + 40, 'VolumeHeader.blockSize');
  }
  if (totalBlocks === 0 || totalBlocks * blockSize > diskSize) {
    throw malformed(
      `${totalBlocks} blocks of ${blockSize} bytes do not fit the ${diskSize} bytes there are`,
      VOLUME_HEADER_OFFSET + 44,
      'VolumeHeader.totalBlocks',
      'the volume may be cut short',
    );
  }
}

export type SpecialFile = 'allocationFile' | 'extentsFile' | 'catalogFile' | 'attributesFile' | 'startupFile';

/** Where the header has the forks of the volume's own files. */
const FORK_OFFSETS: Record<SpecialFile, number> = {
  allocationFile: 112,
  extentsFile: 192,
  catalogFile: 272,
  attributesFile: 352,
  startupFile: 432,
};

const FILE_IDS: Record<SpecialFile, number> = {
  allocationFile: Cnid.allocationFile,
  extentsFile: Cnid.extentsFile,
  catalogFile: Cnid.catalogFile,
  attributesFile: Cnid.attributesFile,
  startupFile: Cnid.startupFile,
};

export interface SpecialFork {
  readonly name: SpecialFile;
  readonly id: number;
  readonly fork: ForkData;
  readonly claim: Claim;
}

/** The fork of one of the volume's own files. */
export function specialFork(header: VolumeHeader, name: SpecialFile): SpecialFork {
  const claim = { offset: VOLUME_HEADER_OFFSET + FORK_OFFSETS[name], field: `VolumeHeader.${name}` };
  return { name, id: FILE_IDS[name], fork: header[name], claim };
}

export function specialForks(header: VolumeHeader): SpecialFork[] {
  return (Object.keys(FORK_OFFSETS) as SpecialFile[]).map((name) => specialFork(header, name));
}
