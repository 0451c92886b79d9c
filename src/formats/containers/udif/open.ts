/**
 * Reads UDIF images: runs of zlib, raw bytes, zeros and free space. Images of other codecs open as well; reading one of
 * their runs is `E_UNSUPPORTED`. Strict where a lie endangers (ranges, counts, sizes), patient where it is only odd
 * (sector count 0 of libdmg-hfsplus, segment 0 of 0, forks in any order).
 * Left out: segmented and encrypted images, images whose tables are only in a classic resource fork.
 */
import { type Disk, opaqueDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Area, type PartitionedDisk, SECTOR } from '../../../core/partition.ts';
import type { Platform } from '../../../core/platform.ts';
import { readXmlPlist } from '../../plist/read-xml.ts';
import { isArray, isDict, type PlistValue } from '../../plist/value.ts';
import { type ReadTable, readBlockTable, refuseOverlaps } from './block-table.ts';
import { readKoly } from './koly.ts';
import { RunReader } from './run-reader.ts';
import { KolyTrailer } from './structs.ts';
import type { UdifResource } from './trailer.ts';

export interface UdifDisk extends PartitionedDisk {
  readonly koly: KolyTrailer;
  /** In the order of the property list. */
  readonly tables: readonly ReadTable[];
}

/**
 * Opens an image; reads its end only.
 * @param platform - inflates; the expanded bytes of the last few runs stay in memory (16 MiB)
 * @returns the expanded disk with the image's areas
 * @throws DisksealError `E_UDIF`, `E_PLIST`, `E_UNSUPPORTED`; reading a damaged run later is `E_UDIF` too
 */
export async function open(disk: Disk, platform: Platform): Promise<UdifDisk> {
  const koly = await readKoly(disk);
  const tables = await readTables(disk, koly);
  const ordered = tables.toSorted((a, b) => a.firstSector - b.firstSector);
  refuseOverlaps(ordered, koly.xmlOffset);
  const last = ordered.at(-1)!;
  const sectors = koly.sectorCount === 0 ? last.firstSector + last.sectorCount : koly.sectorCount;
  if (last.firstSector + last.sectorCount > sectors) {
    throw new DisksealError('E_UDIF', `block table "${last.name}" goes beyond the ${sectors} sectors of the device`, {
      offset: disk.size - KolyTrailer.size + 492,
      field: 'KolyTrailer.sectorCount',
    });
  }
  const reader = new RunReader(disk, ordered, platform);
  const expanded = opaqueDisk(sectors * SECTOR, (position, into) => reader.read(position, into));
  return { ...expanded, koly, tables, areas: areasOf(ordered, sectors) };
}

/** The "blkx" resources of the property list, as it holds them. */
export async function readBlkx(disk: Disk, { xmlOffset, xmlLength }: KolyTrailer): Promise<{ name: string; data: Uint8Array }[]> {
  const blkx = member(await readFork(disk, { xmlOffset, xmlLength }), 'blkx', xmlOffset);
  if (!isArray(blkx)) throw new DisksealError('E_UDIF', '"blkx" is not an array', { offset: xmlOffset, field: 'blkx' });
  if (blkx.length === 0) throw new DisksealError('E_UDIF', 'the image has no block table', { offset: xmlOffset, field: 'blkx' });
  return blkx.map((entry) => {
    const data = member(entry, 'Data', xmlOffset);
    if (!(data instanceof Uint8Array))
      throw new DisksealError('E_UDIF', 'a block table is not <data>', { offset: xmlOffset, field: 'blkx.Data' });
    const name = isDict(entry) ? entry.get('Name') : undefined;
    return { name: typeof name === 'string' ? name : '', data };
  });
}

/**
 * What else stands in the property list, a licence for example. Entries that are not as such a list has them are passed over: nothing
 * depends on them.
 */
export async function readResources(disk: Disk, koly: KolyTrailer): Promise<UdifResource[]> {
  const fork = await readFork(disk, koly);
  if (!isDict(fork)) return [];
  return [...fork].flatMap(([type, entries]) =>
    type === 'blkx' || type === 'plst' || !isArray(entries) ? [] : entries.flatMap((entry) => resourceOf(type, entry)),
  );
}

function resourceOf(type: string, entry: PlistValue): UdifResource[] {
  if (!isDict(entry)) return [];
  const [data, id, name] = [entry.get('Data'), entry.get('ID'), entry.get('Name')];
  if (!(data instanceof Uint8Array) || typeof id !== 'string' || !/^-?\d{1,5}$/.test(id)) return [];
  return [{ type, id: Number(id), name: typeof name === 'string' ? name : '', data }];
}

async function readFork(disk: Disk, { xmlOffset, xmlLength }: Pick<KolyTrailer, 'xmlOffset' | 'xmlLength'>): Promise<PlistValue> {
  return member(readXmlPlist(await disk.read(xmlOffset, xmlLength), xmlOffset), 'resource-fork', xmlOffset);
}

async function readTables(disk: Disk, koly: KolyTrailer): Promise<ReadTable[]> {
  const fork = { offset: koly.dataForkOffset, length: koly.dataForkLength };
  const blkx = await readBlkx(disk, koly);
  return blkx.map(({ name, data }) => readBlockTable(data, name, fork, koly.xmlOffset));
}

function member(value: PlistValue, key: string, offset: number): PlistValue {
  const found = isDict(value) ? value.get(key) : undefined;
  if (found === undefined) throw new DisksealError('E_UDIF', `the property list has no "${key}" where it should`, { offset, field: key });
  return found;
}

/** The tables as areas, with what no table covers in between: a whole division of the disk, ready to be packed again. */
function areasOf(ordered: readonly ReadTable[], sectors: number): Area[] {
  const areas: Area[] = [];
  let end = 0;
  const free = (until: number): void => {
    if (until > end) areas.push({ name: ` (Apple_Free : ${areas.length})`, firstSector: end, sectorCount: until - end });
  };
  for (const { name, firstSector, sectorCount } of ordered) {
    free(firstSector);
    if (sectorCount > 0) areas.push({ name, firstSector, sectorCount });
    end = firstSector + sectorCount;
  }
  free(sectors);
  return areas;
}
