/** Reads a .DS_Store. Source: files that the Finder wrote. Bounded: every node is visited once, every length is checked before it is used. */
import { malformed, RecordReader, type StoreRecord } from './record.ts';

/** Larger ones are not read whole. Bytes. */
export const STORE_LIMIT = 64 << 20;
const MAGIC = 0x42756431;
const HEADER = 36;
const MAX_HEIGHT = 16;
const MAX_BLOCKS = 1 << 20;

/** Whether a file begins as one. @param start - eight bytes at least */
export function isStore(start: Uint8Array): boolean {
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  return start.length >= 8 && view.getUint32(0) === 1 && view.getUint32(4) === MAGIC;
}

/** @returns the records in the order of the tree @throws DisksealError `E_DS_STORE` */
export function readStore(file: Uint8Array): StoreRecord[] {
  if (file.length < HEADER || file.length > STORE_LIMIT) throw malformed(`it has ${file.length} bytes`, 0);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (!isStore(file)) throw malformed('it does not begin as one', 0);
  if (view.getUint32(8) !== view.getUint32(16)) throw malformed('its two pointers to the root block differ', 8);
  const addresses = readAddresses(slice(file, view.getUint32(8), view.getUint32(12)), view.getUint32(8) + 4);
  const reader = new TreeReader(file, addresses.blocks);
  const header = reader.block(addresses.tree);
  if (header.bytes.length < 20) throw malformed('the block that describes its tree is too small', header.offset);
  const about = new DataView(header.bytes.buffer, header.bytes.byteOffset, header.bytes.length);
  const records = [...reader.node(about.getUint32(0), 0)];
  if (records.length !== about.getUint32(8)) {
    throw malformed(`it has ${records.length} records, and says ${about.getUint32(8)}`, header.offset + 8);
  }
  return records;
}

/** @param offset - from byte 4 of the file */
function slice(file: Uint8Array, offset: number, size: number): Uint8Array {
  if (offset + 4 + size > file.length) throw malformed(`a block of ${size} bytes leaves the file`, offset + 4);
  return file.subarray(offset + 4, offset + 4 + size);
}

function readAddresses(root: Uint8Array, offset: number): { blocks: number[]; tree: number } {
  const words = new RecordReader(root, offset);
  const count = words.uint32();
  words.uint32();
  if (count > MAX_BLOCKS || Math.ceil(count / 256) * 1024 > root.length) throw malformed(`it has ${count} blocks`, offset);
  const blocks = Array.from({ length: Math.ceil(count / 256) * 256 }, () => words.uint32()).slice(0, count);
  const at = 8 + Math.ceil(count / 256) * 1024;
  const entry = root.subarray(at + 4, at + 13);
  const isTree = entry.length === 9 && entry[0] === 4 && String.fromCharCode(...entry.subarray(1, 5)) === 'DSDB';
  if (words.uint32() !== 1 || !isTree) throw malformed('its table of contents is not one entry named DSDB', offset + at);
  return { blocks, tree: new DataView(entry.buffer, entry.byteOffset).getUint32(5) };
}

class TreeReader {
  readonly #file: Uint8Array;
  readonly #blocks: readonly number[];
  readonly #visited = new Set<number>();

  constructor(file: Uint8Array, blocks: readonly number[]) {
    this.#file = file;
    this.#blocks = blocks;
  }

  /** Low five bits of an address: the size's logarithm. */
  block(number: number): { bytes: Uint8Array; offset: number } {
    const address = this.#blocks[number];
    if (address === undefined || address === 0) throw malformed(`there is no block ${number}`, 0);
    const offset = address - (address & 31);
    return { bytes: slice(this.#file, offset, 2 ** (address & 31)), offset: offset + 4 };
  }

  /** What the file says of the tree's height is not believed: makers disagree. */
  *node(number: number, depth: number): Generator<StoreRecord> {
    const { bytes, offset } = this.block(number);
    if (this.#visited.has(number)) throw malformed('its tree runs in a circle', offset);
    this.#visited.add(number);
    if (depth > MAX_HEIGHT) throw malformed('its tree is too high', offset);
    const reader = new RecordReader(bytes, offset);
    const last = reader.uint32();
    const count = reader.uint32();
    for (let index = 0; index < count; index++) {
      if (last !== 0) yield* this.node(reader.uint32(), depth + 1);
      yield reader.record();
    }
    if (last !== 0) yield* this.node(last, depth + 1);
  }
}
