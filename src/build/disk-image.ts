/** Any disk as a DMG, sealed or not: packed front to back in one pass, like the DMG of a build, but of bytes that nobody planned. */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { SECTOR } from '../core/partition.ts';
import type { Sink } from '../core/platform.ts';
import { type PackOptions, packData, trailer } from '../formats/containers/udif/pack.ts';
import { coverageHasher } from '../seal/coverage.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import type { SealSubject } from '../seal/make-seal.ts';
import { sealDmg } from '../seal/seal-dmg.ts';
import type { Statement } from '../seal/statement.ts';
import { hashingSink } from './dmg.ts';

/** hdiutil's name for a disk that it does not divide. */
const WHOLE_DISK = 'whole disk (unknown partition : 0)';
/** 1 TiB: the block table of more runs is larger than readers, ours among them, take. */
const LIMIT = 2 ** 40;

export interface DiskSeal extends SealSubject {
  readonly content: readonly InventoryEntry[];
}

/** @throws DisksealError `E_UNSUPPORTED` when no DMG can hold it */
export function refuseUnpackable({ size }: Disk): void {
  const hint = 'capture it as a raw image, with the extension .img';
  if (size === 0 || size % SECTOR !== 0)
    throw new DisksealError('E_UNSUPPORTED', `a DMG holds whole sectors of 512 bytes, not ${size} bytes`, { hint });
  if (size > LIMIT) throw new DisksealError('E_UNSUPPORTED', `a disk of ${size} bytes: a DMG is made of at most ${LIMIT}`, { hint });
}

/** @throws DisksealError `E_UNSUPPORTED`, `E_READ`, `E_WRITE`, `E_KEY`, `E_SEAL` */
export async function packDisk(disk: Disk, sink: Sink, seal: DiskSeal | undefined, options: PackOptions): Promise<Statement | undefined> {
  refuseUnpackable(disk);
  const hasher = coverageHasher(options.platform);
  const areas = [{ name: WHOLE_DISK, firstSector: 0, sectorCount: disk.size / SECTOR }];
  const packed = await packData({ ...disk, areas }, seal ? hashingSink(sink, hasher) : sink, options);
  const tail = (xmlOffset: number): { plist: Uint8Array; koly: Uint8Array } => trailer(packed, { xmlOffset });
  if (!seal) {
    const { plist, koly } = tail(packed.dataForkLength);
    for (const part of [plist, koly]) await sink.write(part);
    return undefined;
  }
  const input = { ...seal, dataForkLength: packed.dataForkLength, hasher, trailer: tail, dressing: [] };
  const { area, plist, koly, statement } = await sealDmg(input, options.platform);
  for (const part of [area, plist, koly]) await sink.write(part);
  return statement;
}
