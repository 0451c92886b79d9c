/** Apple partition map. Source: "Inside Macintosh: Devices" (1994), chapter 3, "Partition Map". */
import { bytes, field, latin1, struct, u16be, u32be, type ValueOf } from '../../../core/struct.ts';

export const DriverDescriptorMap = struct(
  { name: 'DriverDescriptorMap', size: 512, spec: 'Inside Macintosh: Devices, 3-12' },
  {
    sbSig: field(latin1(2), '"ER"'),
    sbBlkSize: field(u16be, 'bytes in a block of the map'),
    sbBlkCount: field(u32be, 'blocks on the device'),
    rest: field(bytes(504), 'drivers'),
  },
);

export const PartitionMapEntry = struct(
  { name: 'PartitionMapEntry', size: 136, spec: 'Inside Macintosh: Devices, 3-25' },
  {
    pmSig: field(latin1(2), '"PM"'),
    pmSigPad: field(u16be),
    pmMapBlkCnt: field(u32be, 'entries in the map'),
    pmPyPartStart: field(u32be, 'first block'),
    pmPartBlkCnt: field(u32be, 'blocks'),
    pmPartName: field(latin1(32)),
    pmPartType: field(latin1(32)),
    pmLgDataStart: field(u32be),
    pmDataCnt: field(u32be),
    pmPartStatus: field(u32be),
    pmLgBootStart: field(u32be),
    pmBootSize: field(u32be),
    pmBootAddr: field(u32be),
    pmBootAddr2: field(u32be),
    pmBootEntry: field(u32be),
    pmBootEntry2: field(u32be),
    pmBootCksum: field(u32be),
    pmProcessor: field(latin1(16)),
  },
);
export type PartitionMapEntry = ValueOf<typeof PartitionMapEntry.fields>;
