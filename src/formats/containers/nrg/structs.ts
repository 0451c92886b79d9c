/**
 * Disc images of Nero Burning ROM (.nrg). Nero published no specification: names and layout are those of the public descriptions of
 * the format, held against what libcdio, nrg2iso and iat make of such files. Integers are big-endian but for one, which nobody needs.
 * Version 1 has offsets of 32 bits, version 2 (Nero 5.5 and later) of 64.
 */
import { bytes, field, latin1, struct, u8, u16be, u32be, u32le, u64be } from '../../../core/struct.ts';

export const FooterV1 = struct(
  { name: 'NrgFooterV1', size: 8, spec: 'NRG footer, version 1' },
  { identifier: field(latin1(4), '"NERO"'), firstChunk: field(u32be, 'bytes from the start of the file') },
);

export const FooterV2 = struct(
  { name: 'NrgFooterV2', size: 12, spec: 'NRG footer, version 2' },
  { identifier: field(latin1(4), '"NER5"'), firstChunk: field(u64be, 'bytes from the start of the file') },
);

export const ChunkHeader = struct(
  { name: 'NrgChunk', size: 8, spec: 'NRG chunk' },
  { identifier: field(latin1(4)), length: field(u32be, 'bytes after this header') },
);

/** Of a session that was recorded in one go ("disc at once"). */
export const DiscAtOnce = struct(
  { name: 'NrgDiscAtOnce', size: 22, spec: 'NRG chunks DAOI and DAOX, before the tracks' },
  {
    length: field(u32le, 'the length of the chunk once more'),
    upc: field(latin1(14)),
    tocType: field(u16be),
    firstTrack: field(u8),
    lastTrack: field(u8),
  },
);

const trackFields = {
  isrc: field(latin1(12)),
  sectorSize: field(u16be, 'bytes that a sector has in the file'),
  mode: field(u16be, 'high byte: see TrackMode'),
  reserved: field(u16be, '0 or 1'),
};

export const DiscAtOnceTrackV1 = struct(
  { name: 'NrgTrackV1', size: 30, spec: 'NRG chunk DAOI, one track' },
  {
    ...trackFields,
    index0: field(u32be, 'where the gap before the track begins'),
    index1: field(u32be, 'where the track begins'),
    end: field(u32be, 'where it ends'),
  },
);

export const DiscAtOnceTrackV2 = struct(
  { name: 'NrgTrackV2', size: 42, spec: 'NRG chunk DAOX, one track' },
  {
    ...trackFields,
    index0: field(u64be, 'where the gap before the track begins'),
    index1: field(u64be, 'where the track begins'),
    end: field(u64be, 'where it ends'),
  },
);

/** Of a session whose tracks were recorded one by one ("track at once"). */
export const TrackAtOnceV1 = struct(
  { name: 'NrgTrackAtOnceV1', size: 20, spec: 'NRG chunk ETNF, one track' },
  {
    position: field(u32be, 'bytes from the start of the file'),
    length: field(u32be, 'bytes'),
    mode: field(u32be, 'see TrackMode'),
    firstSector: field(u32be, 'on the disc'),
    reserved: field(bytes(4)),
  },
);

export const TrackAtOnceV2 = struct(
  { name: 'NrgTrackAtOnceV2', size: 32, spec: 'NRG chunk ETN2, one track' },
  {
    position: field(u64be, 'bytes from the start of the file'),
    length: field(u64be, 'bytes'),
    mode: field(u32be, 'see TrackMode'),
    firstSector: field(u32be, 'on the disc'),
    reserved: field(bytes(8)),
  },
);

/** How sectors stand in the file. */
export const TrackMode = {
  /** Mode 1, the 2,048 bytes of data alone. */
  data: 0x00,
  /** Mode 1, all 2,352 bytes. */
  rawData: 0x05,
} as const;

export const TRACK_MODE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x00, 'mode 1 data'],
  [0x02, 'mode 2 form 1 data'],
  [0x03, 'mode 2 data'],
  [0x05, 'raw mode 1 sectors'],
  [0x06, 'raw mode 2 sectors'],
  [0x07, 'audio'],
  [0x0f, 'raw mode 1 sectors with subchannels'],
  [0x10, 'audio with subchannels'],
  [0x11, 'raw mode 2 sectors with subchannels'],
]);
