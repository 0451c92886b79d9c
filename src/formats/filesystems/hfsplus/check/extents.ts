/**
 * Checks where forks lie, and gathers which blocks are in use by whom. Source: TN1150 "Fork Data Structure",
 * "Extents Overflow File".
 */
import type { ExtentKey } from '../btree/key.ts';
import type { KeyedNode } from '../btree/tree.ts';
import type { Blocks, Claim, ForkPlace } from '../fork.ts';
import { Cnid, EXTENTS_PER_RECORD, type ExtentDescriptor, ExtentRecord, ForkType } from '../structs.ts';
import type { Faults } from './faults.ts';

/** Blocks in use: plain columns, because a volume may have a million files. */
export class UsedBlocks {
  readonly starts: number[] = [];
  readonly counts: number[] = [];
  /** Catalog node ids, negative for attributes. */
  readonly owners: number[] = [];

  add(startBlock: number, blockCount: number, owner: number): void {
    this.starts.push(startBlock);
    this.counts.push(blockCount);
    this.owners.push(owner);
  }
}

/** A record of the extents file. */
interface OverflowRecord {
  readonly startBlock: number;
  readonly extents: readonly ExtentDescriptor[];
  readonly offset: number;
}

export class ExtentsCheck {
  readonly used = new UsedBlocks();
  readonly #faults: Faults;
  readonly #blocks: Blocks;
  /** By file id and fork; taken out when the fork is found. */
  readonly #overflow = new Map<string, OverflowRecord[]>();

  constructor(blocks: Blocks, faults: Faults) {
    this.#blocks = blocks;
    this.#faults = faults;
  }

  /** Takes one record of the extents file. */
  overflowRecord(leaf: KeyedNode<ExtentKey>, index: number): void {
    const { fileID, forkType, startBlock } = leaf.keys[index]!;
    const at = leaf.data[index]!;
    const offset = leaf.offset + at;
    const length = leaf.starts[index + 1]! - at;
    if (length !== ExtentRecord.size) {
      this.#faults.error('record-length', `an extent record has ${length} bytes`, offset, 'ExtentRecord');
      return;
    }
    if (forkType !== ForkType.data && forkType !== ForkType.resource) {
      this.#faults.error(
        'extent-record',
        `an extent record is for fork ${forkType}`,
        leaf.offset + leaf.starts[index]! + 2,
        'ExtentKey.forkType',
      );
    }
    const { extents } = ExtentRecord.read(new Uint8Array(leaf.view.buffer, leaf.view.byteOffset + at, length), 0, offset);
    // Bad blocks are in use without any file (TN1150, "Bad Block File").
    if (fileID === Cnid.badBlockFile) this.#take(extents, fileID, { offset, field: 'ExtentRecord' });
    else append(this.#overflow, `${fileID} ${forkType}`, { startBlock, extents, offset });
  }

  /** Checks a fork of the catalog or the header with what the extents file has of it. */
  fork(fileID: number, forkType: number, fork: ForkPlace, claim: Claim): void {
    const key = `${fileID} ${forkType}`;
    this.forkWith(fileID, fork, claim, this.#overflow.get(key) ?? []);
    this.#overflow.delete(key);
  }

  /** @param owner - a file id, negative for an attribute of it */
  forkWith(owner: number, fork: ForkPlace, claim: Claim, overflow: readonly OverflowRecord[]): void {
    let known = this.#take(fork.extents, owner, claim);
    if (overflow.length > 0 && fork.extents.filter(({ blockCount }) => blockCount > 0).length < EXTENTS_PER_RECORD) {
      this.#faults.error(
        'extent-record',
        `${nameOf(owner)} has more extents elsewhere before its record is full`,
        claim.offset,
        claim.field,
      );
    }
    for (const record of overflow) {
      if (record.startBlock !== known) {
        const message = `${nameOf(owner)} has extents for block ${record.startBlock} of it, expected for ${known}`;
        this.#faults.error('extent-record', message, record.offset, 'ExtentKey.startBlock');
      }
      known += this.#take(record.extents, owner, { offset: record.offset, field: 'ExtentRecord' });
    }
    if (known !== fork.totalBlocks) {
      const message = `${nameOf(owner)} claims ${fork.totalBlocks} blocks, its extents have ${known}`;
      this.#faults.error('fork-size', message, claim.offset + 12, `${claim.field}.totalBlocks`);
    }
    if (fork.logicalSize > known * this.#blocks.blockSize) {
      const message = `${nameOf(owner)} claims ${fork.logicalSize} bytes, its blocks have ${known * this.#blocks.blockSize}`;
      this.#faults.error('fork-size', message, claim.offset, `${claim.field}.logicalSize`);
    }
  }

  /** What the extents file has for forks that nobody has. */
  finish(): void {
    for (const [key, records] of this.#overflow) {
      this.#faults.error('orphan-extents', `extents of fork ${key}, which does not exist`, records[0]!.offset, 'ExtentKey.fileID');
    }
  }

  #take(extents: readonly ExtentDescriptor[], owner: number, { offset, field }: Claim): number {
    let count = 0;
    let ended = false;
    for (const { startBlock, blockCount } of extents) {
      if (blockCount === 0) {
        ended = true;
        // An empty extent may still name a block: Apple's kernel leaves a start behind when a file shrinks.
        continue;
      }
      if (ended) this.#faults.error('extent-record', `${nameOf(owner)} has an extent behind an empty one`, offset, field);
      if (startBlock + blockCount > this.#blocks.totalBlocks) {
        const range = `blocks ${startBlock} to ${startBlock + blockCount - 1}`;
        this.#faults.error('extent-range', `${nameOf(owner)} has ${range} of ${this.#blocks.totalBlocks}`, offset, field);
      } else {
        this.used.add(startBlock, blockCount, owner);
      }
      count += blockCount;
    }
    return count;
  }
}

function append<K, T>(lists: Map<K, T[]>, key: K, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** How messages call the owner of blocks. */
export function nameOf(owner: number): string {
  if (owner < 0) return `an attribute of ${nameOf(-owner)}`;
  return SPECIAL_NAMES[owner] ?? `file ${owner}`;
}

const SPECIAL_NAMES: Record<number, string> = {
  0: 'the volume itself',
  [Cnid.extentsFile]: 'the extents file',
  [Cnid.catalogFile]: 'the catalog',
  [Cnid.badBlockFile]: 'the bad block file',
  [Cnid.allocationFile]: 'the allocation file',
  [Cnid.startupFile]: 'the startup file',
  [Cnid.attributesFile]: 'the attributes file',
};
