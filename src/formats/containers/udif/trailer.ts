/** What follows a data fork: the property list with the block tables, and the "koly" trailer that ends the file. */
import { crc32 } from '../../../core/crc32.ts';
import { assert } from '../../../core/errors.ts';
import type { PlistDict, PlistValue } from '../../plist/value.ts';
import { writeXmlPlist } from '../../plist/write-xml.ts';
import { crc32Checksum, KolyTrailer } from './structs.ts';

export interface PackedTable {
  /** As in "disk image (Apple_HFS : 4)". */
  readonly name: string;
  readonly id: number;
  /** The block table, encoded. */
  readonly bytes: Uint8Array;
  readonly crc: number;
}

/** All that the end of an image says about its data fork. */
export interface PackedData {
  /** Bytes; the data fork begins at 0. */
  readonly dataForkLength: number;
  readonly dataForkCrc: number;
  readonly sectorCount: number;
  readonly tables: readonly PackedTable[];
  /** 16 bytes. */
  readonly segmentId: Uint8Array;
}

/** What stands in the property list beside the block tables, such as a licence: as in a resource fork. */
export interface UdifResource {
  /** Four characters. */
  readonly type: string;
  readonly id: number;
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * The two pieces that end an image, nothing written.
 * @param options.xmlOffset - where the property list will begin; a seal may lie between it and the data fork
 * @param options.resources - of other types than "blkx" and "plst"
 */
export function trailer(
  packed: PackedData,
  { xmlOffset, resources = [] }: { xmlOffset: number; resources?: readonly UdifResource[] | undefined },
): { plist: Uint8Array; koly: Uint8Array } {
  assert(xmlOffset >= packed.dataForkLength, 'the property list would lie inside the data fork');
  const plist = writeXmlPlist(resourceFork(packed, resources));
  const koly = KolyTrailer.write({
    signature: 'koly',
    version: 4,
    headerSize: KolyTrailer.size,
    flags: 1,
    dataForkLength: packed.dataForkLength,
    segmentNumber: 1,
    segmentCount: 1,
    segmentId: packed.segmentId,
    dataForkChecksum: crc32Checksum(packed.dataForkCrc),
    xmlOffset,
    xmlLength: plist.length,
    masterChecksum: crc32Checksum(masterCrc(packed.tables.map(({ crc }) => crc))),
    imageVariant: packed.tables.length === 1 ? 2 : 1,
    sectorCount: packed.sectorCount,
  });
  return { plist, koly };
}

/** The master checksum is over the tables' checksum values, one after the other. */
export function masterCrc(tables: readonly number[]): number {
  const values = new DataView(new ArrayBuffer(tables.length * 4));
  for (const [index, crc] of tables.entries()) values.setUint32(index * 4, crc);
  return crc32(new Uint8Array(values.buffer));
}

function resourceFork({ tables }: PackedData, resources: readonly UdifResource[]): PlistDict {
  const blkx = tables.map(
    ({ name, id, bytes }): PlistDict => dict({ Attributes: '0x0050', CFName: name, Data: bytes, ID: String(id), Name: name }),
  );
  const plst = [dict({ Attributes: '0x0050', Data: partitionList(), ID: '0', Name: '' })];
  const others: Record<string, PlistDict[]> = {};
  for (const { type, id, name, data } of resources) {
    (others[type] ??= []).push(dict({ Attributes: '0x0000', Data: data, ID: String(id), Name: name }));
  }
  return dict({ 'resource-fork': dict({ ...others, blkx, plst }) });
}

/** The same 1032 bytes in every image that hdiutil made; nothing is known to read them. */
function partitionList(): Uint8Array {
  const bytes = new Uint8Array(1032);
  bytes[517] = 1;
  bytes[519] = 1;
  return bytes;
}

function dict(members: Record<string, PlistValue>): PlistDict {
  return new Map(Object.entries(members));
}
