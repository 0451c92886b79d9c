/** The footer of an NRG image and the chain of chunks that it leads to: found, and every length in it held against the file. */
import { type Disk, readRange } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { ChunkHeader, FooterV1, FooterV2 } from './structs.ts';

export interface Footer {
  readonly version: 1 | 2;
  /** Where the footer stands, which is where the chunks end. Bytes. */
  readonly offset: number;
  readonly firstChunk: number;
}

export interface Chunk {
  readonly identifier: string;
  /** Of its header. Bytes. */
  readonly offset: number;
  /** Without the header. */
  readonly length: number;
}

/** The last chunk. */
export const END = 'END!';
/** Real images have a chunk or two for each session, and a few more. */
const CHUNK_LIMIT = 1024;

/** Whether a file ends as an NRG image does. Says nothing about the rest. */
export async function isNrg(image: Disk): Promise<boolean> {
  return (await versionOf(image)) !== undefined;
}

async function versionOf(image: Disk): Promise<1 | 2 | undefined> {
  if (image.size < FooterV2.size) return undefined;
  const end = String.fromCharCode(...(await image.read(image.size - FooterV2.size, FooterV2.size)));
  if (end.startsWith('NER5')) return 2;
  return end.startsWith('NERO', FooterV2.size - FooterV1.size) ? 1 : undefined;
}

/** @throws DisksealError `E_NRG` */
export async function readFooter(image: Disk): Promise<Footer> {
  const version = await versionOf(image);
  if (version === undefined) throw malformed('it does not end with a footer', Math.max(0, image.size - FooterV2.size));
  const struct = version === 1 ? FooterV1 : FooterV2;
  const offset = image.size - struct.size;
  const { firstChunk } = struct.read(await image.read(offset, struct.size), 0, offset);
  if (firstChunk > offset) throw malformed(`its chunks should begin at ${firstChunk}, behind the end of the file`, offset);
  return { version, offset, firstChunk };
}

/**
 * All chunks in their order, the last one being `END!`, which ends at the footer: no byte between is unaccounted for.
 * @throws DisksealError `E_NRG`, `E_TRUNCATED`
 */
export async function readChunks(image: Disk, { firstChunk, offset: end }: Footer): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let offset = firstChunk;
  while (chunks.at(-1)?.identifier !== END) {
    if (chunks.length === CHUNK_LIMIT) throw malformed(`it has more than ${CHUNK_LIMIT} chunks`, offset);
    if (offset + ChunkHeader.size > end) throw malformed(`its chunks do not end with "${END}"`, offset);
    const { identifier, length } = ChunkHeader.read(await readRange(image, offset, ChunkHeader.size, 'NrgChunk'), 0, offset);
    if (length > end - offset - ChunkHeader.size) throw malformed(`a chunk of ${length} bytes leaves the file`, offset);
    chunks.push({ identifier, offset, length });
    offset += ChunkHeader.size + length;
  }
  if (offset !== end) throw malformed(`${end - offset} bytes stand between its last chunk and the footer`, offset);
  return chunks;
}

export function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_NRG', `the NRG image is malformed: ${message}`, {
    offset,
    hint: 'the file may be cut short: compare its size with the published one',
  });
}
