/**
 * How newfs_hfs sizes the B-trees of a new volume; a planned volume's trees are as small as they can be and name these
 * as the amount to grow by. Source: the behaviour of Apple's newfs_hfs, by volumes that hdiutil made.
 */
import { BLOCK_SIZE } from './forks.ts';

const MEBIBYTE = 1024 * 1024;
const SECTOR = 512;
/** Below this many sectors, 1 GiB, a tree gets four bytes for each sector. */
const TABLE_FROM = 0x20_0000;

/** Mebibytes by volume size: below 2 GiB, 4 GiB, 8 GiB, … */
const CLUMPS = {
  attributes: [4, 6, 8, 11, 64, 84, 111, 147, 194, 256, 294, 338, 388, 446, 512],
  catalog: [4, 6, 8, 11, 32, 49, 74, 111, 169, 256, 294, 338, 388, 446, 512],
  extents: [4, 4, 4, 5, 5, 6, 7, 8, 9, 11, 14, 16, 20, 25, 32],
} as const;

/** Bytes that a tree grows by, on a volume of so many bytes. */
export function clumpSize(tree: keyof typeof CLUMPS, nodeSize: number, volumeSize: number): number {
  const sectors = Math.floor(volumeSize / SECTOR);
  const unit = Math.max(nodeSize, BLOCK_SIZE);
  const wanted = sectors < TABLE_FROM ? Math.max(sectors * 4, 8 * nodeSize) : fromTable(CLUMPS[tree], sectors);
  return Math.floor(wanted / unit) * unit;
}

function fromTable(table: readonly number[], sectors: number): number {
  const row = Math.min(Math.floor(Math.log2(sectors / TABLE_FROM)), table.length - 1);
  return table[row]! * MEBIBYTE;
}

/** newfs gives large volumes larger catalog nodes. */
export function catalogNodeSize(volumeSize: number): number {
  return volumeSize < TABLE_FROM * SECTOR ? 4096 : 8192;
}
