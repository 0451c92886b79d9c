/**
 * Compares the allocation file with the blocks that are really in use: bit by bit, and for blocks with two owners.
 * Source: TN1150 "Allocation File". Hot loop over plain bytes: a volume has a bit for each block.
 */

import type { TreeFile } from '../btree/tree.ts';
import type { Blocks } from '../fork.ts';
import type { VolumeHeader } from '../structs.ts';
import { VOLUME_HEADER_OFFSET, VOLUME_HEADER_SIZE } from '../structs.ts';
import { alternateHeaderOffset } from '../volume-header.ts';
import { nameOf, type UsedBlocks } from './extents.ts';
import type { Faults } from './faults.ts';

/** A run of blocks in use. */
interface Run {
  readonly start: number;
  readonly end: number;
}

const CHUNK_BYTES = 64 << 10;

/** @param file - the allocation file */
export async function checkAllocation(
  file: TreeFile,
  blocks: Blocks,
  header: VolumeHeader,
  used: UsedBlocks,
  faults: Faults,
): Promise<void> {
  reserveHeaders(blocks, used);
  const runs = usedRuns(used, blocks, faults);
  const { disk } = file;
  if (disk.size * 8 < blocks.totalBlocks) {
    faults.error(
      'fork-size',
      `the allocation file has ${disk.size} bytes for ${blocks.totalBlocks} blocks`,
      file.locate(0),
      'VolumeHeader.allocationFile',
    );
    return;
  }
  const set = await compareBits(file, blocks.totalBlocks, runs, faults);
  const free = blocks.totalBlocks - set;
  if (header.freeBlocks !== free) {
    const message = `${header.freeBlocks} free blocks are claimed, the allocation file has ${free}`;
    faults.error('free-blocks', message, VOLUME_HEADER_OFFSET + 48, 'VolumeHeader.freeBlocks');
  }
}

/** The blocks of the boot sectors, both headers and the last sector (TN1150, "Volume Header": they are marked as used). */
function reserveHeaders({ disk, blockSize, totalBlocks }: Blocks, used: UsedBlocks): void {
  const first = Math.min(totalBlocks, Math.ceil((VOLUME_HEADER_OFFSET + VOLUME_HEADER_SIZE) / blockSize));
  used.add(0, first, 0);
  const last = Math.max(first, Math.floor(alternateHeaderOffset(disk.size) / blockSize));
  if (last < totalBlocks) used.add(last, totalBlocks - last, 0);
}

/** Sorts, joins, and tells of blocks that two owners have. */
function usedRuns({ starts, counts, owners }: UsedBlocks, { blockSize }: Blocks, faults: Faults): Run[] {
  const order = Uint32Array.from(starts.keys()).sort((a, b) => starts[a]! - starts[b]!);
  const runs: { start: number; end: number }[] = [];
  let farthest = -1;
  for (const index of order) {
    const start = starts[index]!;
    const end = start + counts[index]!;
    const last = runs.at(-1);
    if (last && start < last.end) {
      const both = `${nameOf(owners[farthest]!)} and ${nameOf(owners[index]!)}`;
      faults.error('overlap', `block ${start} belongs to ${both}`, start * blockSize);
    }
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else runs.push({ start, end });
    if (farthest < 0 || end > starts[farthest]! + counts[farthest]!) farthest = index;
  }
  return runs;
}

/** @returns how many bits are set */
async function compareBits(file: TreeFile, totalBlocks: number, runs: readonly Run[], faults: Faults): Promise<number> {
  const { disk } = file;
  const expected = new Uint8Array(CHUNK_BYTES);
  let set = 0;
  let run = 0;
  for (let at = 0; at < disk.size; at += CHUNK_BYTES) {
    const actual = await disk.read(at, Math.min(CHUNK_BYTES, disk.size - at));
    expected.fill(0);
    const first = at * 8;
    const end = first + actual.length * 8;
    while (run < runs.length && runs[run]!.end <= first) run++;
    for (let next = run; next < runs.length && runs[next]!.start < end; next++) {
      fillBits(expected, Math.max(runs[next]!.start, first) - first, Math.min(runs[next]!.end, end) - first);
    }
    set += compareChunk(actual, expected, first, totalBlocks, (position) => file.locate(at + position), faults);
  }
  return set;
}

function fillBits(bytes: Uint8Array, from: number, to: number): void {
  let bit = from;
  for (; bit < to && (bit & 7) !== 0; bit++) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  const whole = Math.max(bit, to - (to & 7));
  bytes.fill(0xff, bit >> 3, whole >> 3);
  for (bit = whole; bit < to; bit++) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
}

function compareChunk(
  actual: Uint8Array,
  expected: Uint8Array,
  first: number,
  totalBlocks: number,
  locate: (position: number) => number,
  faults: Faults,
): number {
  let set = 0;
  for (let index = 0; index < actual.length; index++) {
    const byte = actual[index]!;
    set += BITS[byte]!;
    const difference = byte ^ expected[index]!;
    if (difference !== 0) set -= tellBits(difference, byte, first + index * 8, totalBlocks, locate(index), faults);
  }
  return set;
}

/** @returns how many set bits lie behind the last block */
function tellBits(difference: number, byte: number, first: number, totalBlocks: number, offset: number, faults: Faults): number {
  let behind = 0;
  for (let bit = 0; bit < 8; bit++) {
    const mask = 0x80 >> bit;
    if ((difference & mask) === 0) continue;
    const block = first + bit;
    if (block >= totalBlocks) {
      behind++;
      faults.error('bitmap-tail', `the allocation file marks block ${block} of ${totalBlocks} as used`, offset);
    } else if (byte & mask) faults.error('block-marked-used', `block ${block} is free, but marked as used`, offset);
    else faults.error('block-marked-free', `block ${block} is in use, but marked as free`, offset);
  }
  return behind;
}

/** How many bits of a byte are set. */
const BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
