/**
 * A fork as a Disk: its extents, the first eight from the record and the others from the extents overflow file, in order.
 * Source: TN1150 "Fork Data Structure" and "Extents Overflow File".
 */
import { bytesDisk, type Disk, joinDisks, sliceDisk } from '../../../core/disk.ts';
import { malformed } from './malformed.ts';
import type { ExtentDescriptor, ForkData } from './structs.ts';

/** Blocks of a volume. */
export interface Blocks {
  readonly disk: Disk;
  readonly blockSize: number;
  readonly totalBlocks: number;
}

/** What of ForkData says where the bytes are. */
export type ForkPlace = Pick<ForkData, 'logicalSize' | 'totalBlocks' | 'extents'>;

/** Where a claim about a fork was read, for messages. */
export interface Claim {
  /** Bytes from the start of the volume. */
  readonly offset: number;
  readonly field: string;
}

/** Finds the extents of a fork from one of its blocks on, in the extents overflow file; undefined when there is no such record. */
export type Overflow = (startBlock: number) => Promise<readonly ExtentDescriptor[] | undefined>;

/** Refuses a fork of more than 2^53-1 bytes, before ForkData reads a size that no number holds. @param at - where the fork is in `bytes` */
export function requireForkSize(bytes: Uint8Array, at: number, claim: Claim): void {
  if (new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0) < 0x20_0000) return;
  throw malformed('a size of more than 2^53-1 bytes', claim.offset, `${claim.field}.logicalSize`);
}

/** The extents of a fork in order, neighbours joined, each checked to be within the volume. */
export async function extentsOf(blocks: Blocks, fork: ForkPlace, claim: Claim, overflow?: Overflow): Promise<ExtentDescriptor[]> {
  const found: ExtentDescriptor[] = [];
  let known = append(found, fork.extents, blocks, claim);
  while (known < fork.totalBlocks) {
    const more = await overflow?.(known);
    if (!more) break;
    const added = append(found, more, blocks, claim);
    if (added === 0) throw malformed(`the extents from block ${known} on are empty`, claim.offset, claim.field);
    known += added;
  }
  judge(blocks, fork, known, claim);
  return found;
}

/** The extents of a fork whose record holds them all, or undefined: then extentsOf finds the others. */
export function extentsInRecord(blocks: Blocks, fork: ForkPlace, claim: Claim): ExtentDescriptor[] | undefined {
  const found: ExtentDescriptor[] = [];
  const known = append(found, fork.extents, blocks, claim);
  if (known < fork.totalBlocks) return undefined;
  judge(blocks, fork, known, claim);
  return found;
}

/** Adds a record's extents up to the first empty one. @returns how many blocks they have */
function append(found: ExtentDescriptor[], record: readonly ExtentDescriptor[], blocks: Blocks, claim: Claim): number {
  let count = 0;
  for (const { startBlock, blockCount } of record) {
    if (blockCount === 0) break;
    if (startBlock + blockCount > blocks.totalBlocks) {
      const range = `blocks ${startBlock} to ${startBlock + blockCount - 1}`;
      throw malformed(`${range} are not among the ${blocks.totalBlocks} of the volume`, claim.offset, claim.field);
    }
    count += blockCount;
    const last = found.at(-1);
    if (last && last.startBlock + last.blockCount === startBlock) last.blockCount += blockCount;
    else found.push({ startBlock, blockCount });
  }
  return count;
}

function judge(blocks: Blocks, fork: ForkPlace, known: number, claim: Claim): void {
  if (known !== fork.totalBlocks) {
    throw malformed(`${fork.totalBlocks} blocks are claimed, the extents have ${known}`, claim.offset, `${claim.field}.totalBlocks`);
  }
  if (fork.logicalSize > known * blocks.blockSize) {
    const room = known * blocks.blockSize;
    throw malformed(`${fork.logicalSize} bytes are claimed, the blocks have ${room}`, claim.offset, `${claim.field}.logicalSize`);
  }
}

/** The first `size` bytes of the extents, as a range or ranges of the volume's disk. */
export function forkDisk(blocks: Blocks, extents: readonly ExtentDescriptor[], size: number): Disk {
  const parts: Disk[] = [];
  let left = size;
  for (const { startBlock, blockCount } of extents) {
    const length = Math.min(left, blockCount * blocks.blockSize);
    if (length === 0) break;
    parts.push(sliceDisk(blocks.disk, startBlock * blocks.blockSize, length));
    left -= length;
  }
  if (parts.length === 0) return EMPTY;
  return parts.length === 1 ? parts[0]! : joinDisks(parts);
}

const EMPTY = bytesDisk(new Uint8Array(0));

/** Where a byte of a fork lies on the volume; for messages, so a position past the end gives the end. */
export function locate(blocks: Blocks, extents: readonly ExtentDescriptor[], position: number): number {
  let before = 0;
  for (const { startBlock, blockCount } of extents) {
    const length = blockCount * blocks.blockSize;
    if (position < before + length) return startBlock * blocks.blockSize + position - before;
    before += length;
  }
  return blocks.disk.size;
}
