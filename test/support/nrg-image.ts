/** NRG images as Nero lays them out: the sectors of one track, with the gap of two seconds before it or without, then chunks and footer. */
import { encodeSector, RAW_SECTOR } from '../../src/formats/containers/bincue/sector.ts';
import {
  ChunkHeader,
  DiscAtOnce,
  DiscAtOnceTrackV1,
  DiscAtOnceTrackV2,
  FooterV1,
  FooterV2,
  TrackAtOnceV1,
  TrackAtOnceV2,
} from '../../src/formats/containers/nrg/structs.ts';

export interface NrgRecipe {
  readonly version?: 1 | 2;
  readonly session?: 'disc at once' | 'track at once';
  /** Raw sectors of 2,352 bytes. */
  readonly raw?: boolean;
  /** Sectors before the track that stand in the file. */
  readonly gap?: number;
  /** Another mode, or other entries, than the right ones. */
  readonly mode?: number;
  readonly tracks?: number;
  readonly sessions?: number;
}

const DATA = 2048;

/** Raw sectors around whole sectors of data. */
export function rawSectors(data: Uint8Array): Uint8Array {
  const count = data.length / DATA;
  const raw = new Uint8Array(count * RAW_SECTOR);
  for (let number = 0; number < count; number++) {
    encodeSector(data.subarray(number * DATA, (number + 1) * DATA), number, raw.subarray(number * RAW_SECTOR, (number + 1) * RAW_SECTOR));
  }
  return raw;
}

export function chunk(identifier: string, content: Uint8Array = new Uint8Array()): Uint8Array {
  return joined([ChunkHeader.write({ identifier, length: content.length }), content]);
}

/** @param data - whole sectors of 2,048 bytes */
export function nrgImage(data: Uint8Array, recipe: NrgRecipe = {}): Uint8Array {
  const { version = 2, raw = false, gap = 0, sessions = 1 } = recipe;
  const stored = raw ? rawSectors(data) : data;
  const sectorSize = raw ? RAW_SECTOR : DATA;
  const before = new Uint8Array(gap * sectorSize);
  const image = [before, stored];
  const sheet = cueSheet(data.length / DATA, version);
  for (let session = 0; session < sessions; session++) image.push(sheet, tracks(before.length, stored.length, sectorSize, recipe));
  image.push(chunk('SINF', Uint8Array.of(0, 0, 0, 1)), chunk('MTYP', Uint8Array.of(0, 0, 0, 1)), chunk('END!'));
  return withFooter(joined(image), before.length + stored.length, version);
}

export function withFooter(bytes: Uint8Array, firstChunk: number, version: 1 | 2 = 2): Uint8Array {
  const footer = version === 1 ? FooterV1.write({ identifier: 'NERO', firstChunk }) : FooterV2.write({ identifier: 'NER5', firstChunk });
  return joined([bytes, footer]);
}

function tracks(start: number, length: number, sectorSize: number, recipe: NrgRecipe): Uint8Array {
  const { version = 2, session = 'disc at once', tracks: count = 1, mode = sectorSize === DATA ? 0 : 5 } = recipe;
  const entries = Array.from({ length: count }, () => {
    if (session === 'disc at once') {
      const places = { index0: 0, index1: start, end: start + length };
      return (version === 1 ? DiscAtOnceTrackV1 : DiscAtOnceTrackV2).write({ sectorSize, mode: mode << 8, reserved: 1, ...places });
    }
    return (version === 1 ? TrackAtOnceV1 : TrackAtOnceV2).write({ position: start, length, mode, firstSector: 0 });
  });
  if (session === 'track at once') return chunk(version === 1 ? 'ETNF' : 'ETN2', joined(entries));
  const size = DiscAtOnce.size + entries.reduce((sum, entry) => sum + entry.length, 0);
  const head = DiscAtOnce.write({ length: size, tocType: 0, firstTrack: 1, lastTrack: count });
  return chunk(version === 1 ? 'DAOI' : 'DAOX', joined([head, ...entries]));
}

/** Lead-in, the gap, the track and the lead-out; in version 2 as sectors, in version 1 as minutes, seconds and frames. */
function cueSheet(sectors: number, version: 1 | 2): Uint8Array {
  const points: [track: number, index: number, sector: number][] = [
    [0, 0, -150],
    [1, 0, -150],
    [1, 1, 0],
    [0xaa, 1, sectors],
  ];
  const bytes = new Uint8Array(points.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [track, part, sector]] of points.entries()) {
    bytes.set([0x41, track, part], index * 8);
    if (version === 2) view.setInt32(index * 8 + 4, sector);
    else bytes.set([Math.floor((sector + 150) / 4500), Math.floor((sector + 150) / 75) % 60, (sector + 150) % 75], index * 8 + 5);
  }
  return chunk(version === 1 ? 'CUES' : 'CUEX', bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
