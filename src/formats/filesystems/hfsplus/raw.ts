/**
 * The raw view of a volume: every structure field by field where it lies, contents by name and length only.
 * B-trees are read node by node and not from the root, so that a broken tree shows as well; what cannot be parsed is named
 * as such. Bytes without a name (slack, free space, unused nodes) are left for the gaps of the view.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { RawField } from '../../../core/struct.ts';
import { type Node, parseNode } from './btree/node.ts';
import { readHeader, type TreeFile } from './btree/tree.ts';
import { type Blocks, extentsOf, forkDisk, locate } from './fork.ts';
import { readJournal } from './journal.ts';
import { describeNode } from './raw/node.ts';
import { contentExtents, type Tree } from './raw/records.ts';
import { type ExtentDescriptor, type HeaderRecord, JournalInfoBlock, NodeKind, VOLUME_HEADER_OFFSET, VolumeHeader } from './structs.ts';
import { alternateHeaderOffset, readVolumeHeader, type SpecialFile, specialForks } from './volume-header.ts';

/** A stretch of the volume that has a name; `fields` reads it when its turn comes. */
interface Piece {
  readonly offset: number;
  fields(): Iterable<RawField> | AsyncIterable<RawField>;
}

/**
 * All fields front to back. Memory: a few words for each node and each extent of a file, one node at a time.
 * @throws DisksealError `E_HFSPLUS` when there is no volume header to begin from, `E_UNSUPPORTED`
 */
export async function* rawFields(disk: Disk): AsyncGenerator<RawField> {
  const header = await readVolumeHeader(disk);
  const blocks: Blocks = { disk, blockSize: header.blockSize, totalBlocks: header.totalBlocks };
  const pieces: Piece[] = [headerPiece(disk, VOLUME_HEADER_OFFSET), headerPiece(disk, alternateHeaderOffset(disk.size))];
  for (const { name, fork } of specialForks(header)) {
    const extents = fork.extents.filter(({ blockCount }) => blockCount > 0);
    pieces.push(...(await specialPieces(blocks, name, fork.logicalSize, extents)));
  }
  // Last, because the sort is stable: the journal's structures lie in files, which show first.
  pieces.push(...(await journalPieces(disk, header)));
  for (const piece of pieces.sort((a, b) => a.offset - b.offset)) yield* piece.fields();
}

function headerPiece(disk: Disk, offset: number): Piece {
  return {
    offset,
    async *fields() {
      yield* VolumeHeader.describe(await disk.read(offset, VolumeHeader.size), 0, offset);
    },
  };
}

/** A stretch that is named and not shown: its length stands for its bytes. */
function region(label: string, offset: number, length: number, note = ''): Piece {
  return { offset, fields: () => [{ offset, bytes: new Uint8Array(), length, label, value: `${length} bytes`, note }] };
}

async function journalPieces(disk: Disk, header: VolumeHeader): Promise<Piece[]> {
  const journal = await lenient(() => readJournal(disk, header));
  if (journal instanceof DisksealError) return [region('JournalInfoBlock', VOLUME_HEADER_OFFSET + 12, 0, journal.message)];
  const { infoOffset, headerOffset, headerLayout } = journal;
  const pieces: Piece[] = [];
  if (infoOffset !== undefined) {
    const bytes = await disk.read(infoOffset, JournalInfoBlock.size);
    pieces.push({ offset: infoOffset, fields: () => JournalInfoBlock.describe(bytes, 0, infoOffset) });
  }
  if (headerOffset !== undefined && headerLayout) {
    const bytes = await disk.read(headerOffset, headerLayout.size);
    pieces.push({ offset: headerOffset, fields: () => headerLayout.describe(bytes, 0, headerOffset) });
  }
  return pieces;
}

const TREES: Partial<Record<SpecialFile, Tree>> = { extentsFile: 'extents', catalogFile: 'catalog', attributesFile: 'attributes' };

async function specialPieces(blocks: Blocks, name: SpecialFile, size: number, extents: readonly ExtentDescriptor[]): Promise<Piece[]> {
  if (extents.length === 0) return [];
  const tree = TREES[name];
  // Only what the header itself says of the file: extents elsewhere show as extents of file 3, 4 or 8.
  const found = await lenient(() => treeFile(blocks, name, size, extents));
  if (tree && !(found instanceof DisksealError)) {
    const header = await lenient(() => readHeader(found, name));
    if (!(header instanceof DisksealError)) return treePieces(blocks, found, tree, header);
  }
  const { blockSize } = blocks;
  return extents.map(({ startBlock, blockCount }) => region(name, startBlock * blockSize, blockCount * blockSize));
}

async function treeFile(blocks: Blocks, name: SpecialFile, size: number, extents: readonly ExtentDescriptor[]): Promise<TreeFile> {
  const totalBlocks = extents.reduce((sum, { blockCount }) => sum + blockCount, 0);
  const logicalSize = Math.min(size, totalBlocks * blocks.blockSize);
  const joined = await extentsOf(
    blocks,
    { logicalSize, totalBlocks, extents: [...extents] },
    { offset: VOLUME_HEADER_OFFSET, field: name },
  );
  return { disk: forkDisk(blocks, joined, logicalSize), locate: (position) => locate(blocks, joined, position) };
}

async function treePieces(blocks: Blocks, file: TreeFile, tree: Tree, header: HeaderRecord): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (let number = 0; number < header.totalNodes; number++) {
    const node = await lenient(() => nodeAt(file, header.nodeSize, number));
    if (node === undefined) continue;
    const offset = file.locate(number * header.nodeSize);
    if (node instanceof DisksealError) {
      pieces.push(region(`${tree} node ${number}`, offset, header.nodeSize, node.message));
      continue;
    }
    // The node is read again when it is shown: a tree may be larger than memory.
    pieces.push({ offset, fields: () => shownNode(file, tree, header, number) });
    if (node.kind === NodeKind.leaf) pieces.push(...contentPieces(blocks, node, tree));
  }
  return pieces;
}

async function* shownNode(file: TreeFile, tree: Tree, header: HeaderRecord, number: number): AsyncGenerator<RawField> {
  const node = await nodeAt(file, header.nodeSize, number);
  if (node) yield* describeNode(node, tree);
}

/** A node, or nothing when it is not in use and zero. */
async function nodeAt(file: TreeFile, nodeSize: number, number: number): Promise<Node | undefined> {
  const bytes = await file.disk.read(number * nodeSize, nodeSize);
  return bytes.every((byte) => byte === 0) ? undefined : parseNode(bytes, number, file.locate(number * nodeSize));
}

function* contentPieces({ blockSize, totalBlocks }: Blocks, leaf: Node, tree: Tree): Generator<Piece> {
  for (const { label, size, extents } of contentExtents(leaf, tree)) {
    let left = size;
    for (const { startBlock, blockCount } of extents) {
      const length = Math.min(left, blockCount * blockSize);
      left -= length;
      if (length > 0 && startBlock + blockCount <= totalBlocks) yield region(label, startBlock * blockSize, length);
    }
  }
}

/** What is malformed is part of the picture; an unreadable disk is not. */
async function lenient<T>(work: () => Promise<T>): Promise<T | DisksealError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DisksealError && (error.code === 'E_HFSPLUS' || error.code === 'E_UNSUPPORTED' || error.code === 'E_TRUNCATED')) {
      return error;
    }
    throw error;
  }
}
