/** Master boot record. Source: UEFI specification 2.10, section 5.2. A protective one stands before a GPT. */
import { array, bytes, field, nested, struct, u8, u16le, u32le, type ValueOf } from '../../../core/struct.ts';

export const MbrEntry = struct(
  { name: 'MbrEntry', size: 16, spec: 'UEFI 5.2.1' },
  {
    bootIndicator: field(u8, '80: started from; otherwise 0'),
    startingChs: field(bytes(3), 'cylinder, head, sector; FE FF FF: beyond what CHS can say'),
    osType: field(u8, 'EE: a GPT follows'),
    endingChs: field(bytes(3)),
    startingLba: field(u32le, 'sector'),
    sizeInLba: field(u32le, 'sectors'),
  },
);
export type MbrEntry = ValueOf<typeof MbrEntry.fields>;

export const MasterBootRecord = struct(
  { name: 'MasterBootRecord', size: 512, spec: 'UEFI 5.2.1' },
  {
    bootCode: field(bytes(440)),
    diskSignature: field(u32le),
    unknown: field(u16le),
    partitions: field(array(nested(MbrEntry), 4)),
    signature: field(u16le, 'AA55'),
  },
);

/** MbrEntry.osType. `hidden`: data that Windows shows nobody; `efi`: what firmware starts from (UEFI 5.2.2). */
export const MbrType = { hidden: 0x17, protective: 0xee, efi: 0xef } as const;

/** Cylinder, head and sector of places beyond what they can say. */
export const BEYOND_CHS = Uint8Array.of(0xfe, 0xff, 0xff);
