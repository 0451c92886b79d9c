/** The raw view of an NRG image: its chunks and footer field by field; the data before them by name and length. */
import type { Disk } from '../../../core/disk.ts';
import type { RawField } from '../../../core/struct.ts';
import { type Chunk, readChunks, readFooter } from './chunks.ts';
import { open } from './open.ts';
import {
  ChunkHeader,
  DiscAtOnce,
  DiscAtOnceTrackV1,
  DiscAtOnceTrackV2,
  FooterV1,
  FooterV2,
  TrackAtOnceV1,
  TrackAtOnceV2,
} from './structs.ts';

const ENTRIES = { DAOI: DiscAtOnceTrackV1, DAOX: DiscAtOnceTrackV2, ETNF: TrackAtOnceV1, ETN2: TrackAtOnceV2 };

/** Front to back. @throws DisksealError as `open` */
export async function* rawFields(image: Disk): AsyncGenerator<RawField> {
  const { disk, position, sectorSize } = await open(image);
  const note = sectorSize === 2048 ? 'data of its sectors' : 'raw sectors';
  yield { offset: position, bytes: new Uint8Array(), length: disk.size, label: 'NrgTrack', value: `${disk.size} bytes`, note };
  const footer = await readFooter(image);
  for (const chunk of await readChunks(image, footer)) yield* await chunkFields(image, chunk);
  const struct = footer.version === 1 ? FooterV1 : FooterV2;
  yield* struct.describe(await image.read(footer.offset, struct.size), 0, footer.offset);
}

async function chunkFields(image: Disk, { identifier, offset, length }: Chunk): Promise<RawField[]> {
  const start = offset + ChunkHeader.size;
  const fields = ChunkHeader.describe(await image.read(offset, ChunkHeader.size), 0, offset);
  if (length === 0) return fields;
  if (!(identifier in ENTRIES)) {
    return [...fields, { offset: start, bytes: new Uint8Array(), length, label: 'NrgChunk.content', value: `${length} bytes`, note: '' }];
  }
  // The reader has found it to be whole entries.
  const bytes = await image.read(start, length);
  const head = identifier.startsWith('DAO') ? DiscAtOnce.size : 0;
  if (head > 0) fields.push(...DiscAtOnce.describe(bytes, 0, start));
  const entry = ENTRIES[identifier as keyof typeof ENTRIES];
  for (let at = head; at < length; at += entry.size) fields.push(...entry.describe(bytes, at, start));
  return fields;
}
