/**
 * Reads NRG images: where their one data track lies in the file, and in what form. A track of raw sectors is left to who reads BIN.
 * Left out: discs of several sessions or tracks, audio, mode 2, subchannels, which are refused by name; cue sheets (CUES, CUEX), which
 * repeat what the tracks say, and all that only describes the disc.
 */
import { type Disk, readRange, sliceDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { type Chunk, malformed, readChunks, readFooter } from './chunks.ts';
import {
  ChunkHeader,
  DiscAtOnce,
  DiscAtOnceTrackV1,
  DiscAtOnceTrackV2,
  TRACK_MODE_NAMES,
  TrackAtOnceV1,
  TrackAtOnceV2,
  TrackMode,
} from './structs.ts';

export interface NrgTrack {
  /** Its sectors as they are stored. */
  readonly disk: Disk;
  /** Bytes from the start of the file. */
  readonly position: number;
  /** 2,048: data alone; 2,352: raw sectors of mode 1. */
  readonly sectorSize: 2048 | 2352;
}

/** A disc has at most 99 tracks. */
const TRACK_LIMIT = 99;

/** @throws DisksealError `E_NRG`, `E_UNSUPPORTED`, `E_TRUNCATED` */
export async function open(image: Disk): Promise<NrgTrack> {
  const footer = await readFooter(image);
  const sessions = (await readChunks(image, footer)).filter(({ identifier }) => identifier in READERS);
  const [session, second] = sessions;
  if (!session) throw malformed('no chunk says where its tracks are', footer.firstChunk);
  if (second) throw unsupported(`${sessions.length} sessions`, second.offset);
  const [track, further] = await tracksOf(image, session);
  if (!track) throw malformed('its session has no track', session.offset);
  if (further) throw unsupported('several tracks', further.offset);
  const { position, length, offset } = track;
  if (position > footer.firstChunk || length > footer.firstChunk - position) {
    throw malformed(`a track of ${length} bytes at ${position} leaves the data`, offset);
  }
  const sectorSize = sectorSizeOf(track);
  if (length % sectorSize !== 0) throw malformed(`a track of ${length} bytes is not whole sectors of ${sectorSize}`, offset);
  return { disk: sliceDisk(image, position, length), position, sectorSize };
}

interface StoredTrack {
  /** Of its entry in the chunk. Bytes. */
  readonly offset: number;
  readonly position: number;
  readonly length: number;
  readonly mode: number;
  /** Where the entry says it. */
  readonly sectorSize?: number;
}

type TrackReader = (bytes: Uint8Array, at: number, offset: number) => StoredTrack;

/** The chunks that say where tracks are: bytes before the entries, and how an entry of which length is read. */
const READERS: Readonly<Record<string, { readonly head: number; readonly size: number; readonly read: TrackReader }>> = {
  DAOI: { head: DiscAtOnce.size, size: DiscAtOnceTrackV1.size, read: discAtOnce(DiscAtOnceTrackV1) },
  DAOX: { head: DiscAtOnce.size, size: DiscAtOnceTrackV2.size, read: discAtOnce(DiscAtOnceTrackV2) },
  ETNF: { head: 0, size: TrackAtOnceV1.size, read: trackAtOnce(TrackAtOnceV1) },
  ETN2: { head: 0, size: TrackAtOnceV2.size, read: trackAtOnce(TrackAtOnceV2) },
};

async function tracksOf(image: Disk, { identifier, offset, length }: Chunk): Promise<StoredTrack[]> {
  const { head, size, read } = READERS[identifier]!;
  const count = (length - head) / size;
  if (!Number.isInteger(count) || count < 0 || count > TRACK_LIMIT) throw malformed(`${identifier} has ${length} bytes`, offset);
  const start = offset + ChunkHeader.size;
  const bytes = await readRange(image, start, length, identifier);
  return Array.from({ length: count }, (_, index) => read(bytes, head + index * size, start));
}

function discAtOnce(struct: typeof DiscAtOnceTrackV1 | typeof DiscAtOnceTrackV2): TrackReader {
  return (bytes, at, start) => {
    const { index0, index1, end, sectorSize, mode } = struct.read(bytes, at, start);
    const offset = start + at;
    if (index0 > index1 || index1 > end) throw malformed(`a track from ${index0} by ${index1} to ${end}`, offset);
    return { offset, position: index1, length: end - index1, mode: mode >> 8, sectorSize };
  };
}

function trackAtOnce(struct: typeof TrackAtOnceV1 | typeof TrackAtOnceV2): TrackReader {
  return (bytes, at, start) => {
    const { position, length, mode } = struct.read(bytes, at, start);
    return { offset: start + at, position, length, mode };
  };
}

function sectorSizeOf({ mode, sectorSize, offset }: StoredTrack): 2048 | 2352 {
  const expected = mode === TrackMode.data ? 2048 : mode === TrackMode.rawData ? 2352 : undefined;
  if (expected === undefined) throw unsupported(`a track of ${TRACK_MODE_NAMES.get(mode) ?? `mode ${mode}`}`, offset);
  if (sectorSize !== undefined && sectorSize !== expected) {
    throw malformed(`sectors of ${sectorSize} bytes where the mode means ${expected}`, offset);
  }
  return expected;
}

function unsupported(what: string, offset: number): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `the NRG image holds ${what}, which is not read`, {
    offset,
    hint: 'one data track of mode 1 is read',
  });
}
