/**
 * File entries: what a file is and where its bytes lie. Source: ECMA-167 4/14.9, 4/14.17, 4/12.
 * Left out: strategy 4096 (entries that were rewritten on write-once discs), extended allocation descriptors, named streams.
 */
import { bytesDisk, type Disk, joinDisks, readRange, sliceDisk, zerosDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Times } from '../../../core/file-tree.ts';
import { readTag } from './descriptor-tag.ts';
import { Allocation, AllocationExtent, ExtendedFileEntry, FileEntry, IcbFlag, LongAd, ShortAd, TagId } from './structs.ts';
import { fromTimestamp } from './times.ts';

export interface Space {
  /** By partition reference number. */
  readonly partitions: readonly Disk[];
  readonly blockSize: number;
}

export interface StoredFile {
  readonly fileType: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly times: Times;
  readonly links: number;
  readonly content: Disk;
}

/** Extents of one file: more than a terabyte in pieces of a sector. */
const EXTENT_LIMIT = 1 << 20;

/**
 * @param partition - reference number
 * @param block - of the entry, in that partition
 * @throws DisksealError `E_UDF`, `E_UNSUPPORTED`, `E_TRUNCATED`; offsets are in the partition
 */
export async function readContent(space: Space, partition: number, block: number): Promise<StoredFile> {
  const { blockSize } = space;
  const offset = block * blockSize;
  const bytes = await readRange(diskOf(space, partition, offset), offset, blockSize, 'FileEntry');
  const { identifier } = readTag(bytes, block, offset);
  if (identifier !== TagId.fileEntry && identifier !== TagId.extendedFileEntry)
    throw fault('no file entry stands where one should', offset);
  const isExtended = identifier === TagId.extendedFileEntry;
  const entry = isExtended ? { ...ExtendedFileEntry.read(bytes, 0, offset) } : { ...FileEntry.read(bytes, 0, offset), created: undefined };
  if (entry.icb.strategy !== 4) throw new DisksealError('E_UNSUPPORTED', `a file entry of strategy ${entry.icb.strategy}`, { offset });
  const start = (isExtended ? ExtendedFileEntry : FileEntry).size + entry.attributesLength;
  if (entry.attributesLength > blockSize || start + entry.allocationLength > blockSize)
    throw fault('a file entry is longer than its block', offset);
  const allocation = bytes.slice(start, start + entry.allocationLength);
  return {
    fileType: entry.icb.fileType,
    mode: modeOf(entry.permissions, entry.icb.flags),
    uid: entry.uid === NOT_GIVEN ? 0 : entry.uid,
    gid: entry.gid === NOT_GIVEN ? 0 : entry.gid,
    times: timesOf(entry),
    links: entry.links,
    content: await contentOf(space, { partition, kind: entry.icb.flags & 7, allocation, size: entry.size, offset }),
  };
}

const NOT_GIVEN = 0xffff_ffff;

function diskOf({ partitions }: Space, partition: number, offset: number): Disk {
  const disk = partitions[partition];
  if (!disk) throw fault(`partition ${partition} is not there`, offset);
  return disk;
}

/** ECMA-167 4/14.9.5: five bits for each class, the lowest three of them as POSIX has them. */
function modeOf(permissions: number, flags: number): number {
  const special = (flags & IcbFlag.setuid ? 0o4000 : 0) | (flags & IcbFlag.setgid ? 0o2000 : 0) | (flags & IcbFlag.sticky ? 0o1000 : 0);
  return special | (((permissions >> 10) & 7) << 6) | (((permissions >> 5) & 7) << 3) | (permissions & 7);
}

type StoredTimes = Pick<ReturnType<typeof FileEntry.read>, 'accessed' | 'modified' | 'changed'> & {
  readonly created: ReturnType<typeof ExtendedFileEntry.read>['created'] | undefined;
};

function timesOf({ accessed, modified, changed, created }: StoredTimes): Times {
  const made = created && fromTimestamp(created);
  const [access, change] = [fromTimestamp(accessed), fromTimestamp(changed)];
  return {
    modified: fromTimestamp(modified) ?? 0,
    ...(made === undefined ? {} : { created: made }),
    ...(access === undefined ? {} : { accessed: access }),
    ...(change === undefined ? {} : { changed: change }),
  };
}

interface Allocated {
  readonly partition: number;
  readonly kind: number;
  readonly allocation: Uint8Array;
  readonly size: number;
  readonly offset: number;
}

async function contentOf(space: Space, { partition, kind, allocation, size, offset }: Allocated): Promise<Disk> {
  if (kind === Allocation.embedded) {
    if (size > allocation.length) throw fault(`a file of ${size} bytes has ${allocation.length} in its entry`, offset);
    return bytesDisk(allocation.subarray(0, size));
  }
  if (kind === Allocation.extended) throw new DisksealError('E_UNSUPPORTED', 'a file with extended allocation descriptors', { offset });
  const parts: Disk[] = [];
  let total = 0;
  for await (const { type, length, disk, position } of extentsOf(space, partition, kind, allocation, offset)) {
    const take = Math.min(length, size - total);
    if (type === 0 && position + length > disk.size) throw fault(`an extent of ${length} bytes leaves its partition`, offset);
    if (take > 0) parts.push(type === 0 ? sliceDisk(disk, position, take) : zerosDisk(take));
    total += length;
  }
  if (total < size) throw fault(`a file of ${size} bytes has extents of ${total}`, offset);
  return parts.length === 1 ? parts[0]! : joinDisks(parts);
}

interface FoundExtent {
  /** 0: recorded. 1 and 2: not, and read as zeros. */
  readonly type: number;
  readonly length: number;
  readonly disk: Disk;
  readonly position: number;
}

const CONTINUED = 3;

/** The allocation descriptors, through their continuations. Ends: each continuation counts as an extent. */
async function* extentsOf(space: Space, own: number, kind: number, first: Uint8Array, offset: number): AsyncGenerator<FoundExtent> {
  const size = (kind === Allocation.short ? ShortAd : LongAd).size;
  let list: Uint8Array | undefined = first;
  let left = EXTENT_LIMIT;
  while (list) {
    const current: Uint8Array = list;
    list = undefined;
    for (let at = 0; at + size <= current.length; at += size) {
      if (left-- <= 0) throw fault(`a file has more than ${EXTENT_LIMIT} extents`, offset);
      const ad = size === LongAd.size ? LongAd.read(current, at, offset) : { ...ShortAd.read(current, at, offset), partition: own };
      const { length: typed, block, partition } = ad;
      const [type, length] = [typed >>> 30, typed & 0x3fff_ffff];
      if (length === 0) return;
      const found = { type, length, disk: diskOf(space, partition, offset), position: block * space.blockSize };
      if (type !== CONTINUED) {
        yield found;
        continue;
      }
      list = await readContinuation(space, found, block);
      break;
    }
  }
}

async function readContinuation({ blockSize }: Space, { disk, position, length }: FoundExtent, block: number): Promise<Uint8Array> {
  const bytes = await readRange(disk, position, Math.min(length, blockSize), 'AllocationExtentDescriptor');
  if (readTag(bytes, block, position).identifier !== TagId.allocationExtent)
    throw fault('no allocation descriptors stand where they should', position);
  const { length: used } = AllocationExtent.read(bytes, 0, position);
  if (used > bytes.length - AllocationExtent.size) throw fault('allocation descriptors leave their extent', position);
  return bytes.slice(AllocationExtent.size, AllocationExtent.size + used);
}

function fault(message: string, offset: number): DisksealError {
  return new DisksealError('E_UDF', message, { offset });
}
