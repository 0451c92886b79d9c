/**
 * Writes a .DS_Store: the records as a B-tree of pages of 4096 bytes, in a space that a buddy allocator divides. A small one has the
 * layout that other makers' have. Source: files that the Finder wrote.
 */
import { DisksealError } from '../../../core/errors.ts';
import { type Block, type BuddyAllocator, buddyAllocator } from './buddy-allocator.ts';
import { encodeRecord, type StoreRecord } from './record.ts';

const PAGE = 4096;
/** P and the count of records. */
const NODE_HEADER = 8;
const MAGIC = 0x42756431;
/** What Finder-made files have at 20; nobody reads it. */
const UNKNOWN = [0x100c, 0, 0, 0] as const;

/**
 * @param records - in any order, each pair of name and code once
 * @param compareNames - HFS Plus's order of names, in which letters of both cases are one
 * @throws DisksealError `E_DS_STORE` for a record that no page holds, or one that is there twice
 */
export function writeStore(records: readonly StoreRecord[], compareNames: (a: string, b: string) => number): Uint8Array {
  const sorted = records.toSorted((a, b) => compareRecords(a, b, compareNames));
  for (const [index, record] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next && compareRecords(record, next, compareNames) === 0) {
      throw new DisksealError('E_DS_STORE', `${record.code} of "${record.name}" is there twice`);
    }
  }
  const tree = buildTree(sorted.map(encoded));
  const allocator = buddyAllocator();
  const root = allocator.allocate(rootBlockSize(2 + tree.nodes.length, allocator));
  const header = allocator.allocate(20);
  const pages = tree.nodes.map(() => allocator.allocate(PAGE));
  return assemble(tree, [root, header, ...pages], allocator, sorted.length);
}

export function compareRecords(a: StoreRecord, b: StoreRecord, compareNames: (a: string, b: string) => number): number {
  return compareNames(a.name, b.name) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}

function encoded(record: StoreRecord): Uint8Array {
  const bytes = encodeRecord(record);
  // Two records and their children must fit a page, else no tree can be built.
  if (bytes.length <= (PAGE - NODE_HEADER) / 2 - 4) return bytes;
  throw new DisksealError('E_DS_STORE', `${record.code} of "${record.name}" has ${bytes.length} bytes, more than a page holds`);
}

interface TreeNode {
  readonly records: readonly Uint8Array[];
  /** Numbers of nodes, one more than there are records; none in a leaf. */
  readonly children: readonly number[];
}

interface Tree {
  readonly nodes: readonly TreeNode[];
  readonly root: number;
  /** 0: the root is a leaf. */
  readonly height: number;
}

/** From the leaves up. Between two nodes of a level one record stands in the level above. */
function buildTree(records: readonly Uint8Array[]): Tree {
  const nodes: TreeNode[] = [];
  let level = splitLevel(records, undefined);
  let children = addAll(nodes, level.nodes);
  let height = 0;
  while (level.separators.length > 0) {
    level = splitLevel(level.separators, children);
    children = addAll(nodes, level.nodes);
    height++;
  }
  return { nodes, root: children[0]!, height };
}

function addAll(nodes: TreeNode[], added: readonly TreeNode[]): number[] {
  return added.map((node) => nodes.push(node) - 1);
}

interface Level {
  readonly nodes: TreeNode[];
  readonly separators: Uint8Array[];
}

function splitLevel(records: readonly Uint8Array[], children: readonly number[] | undefined): Level {
  const level: Level = { nodes: [], separators: [] };
  let first = 0;
  let size = NODE_HEADER;
  const close = (end: number): void => {
    level.nodes.push({ records: records.slice(first, end), children: children?.slice(first, end + 1) ?? [] });
  };
  for (const [index, record] of records.entries()) {
    const needed = record.length + (children ? 4 : 0);
    // The last record goes up only if one is left for the node behind it.
    if (size + needed > PAGE) {
      const separator = index === records.length - 1 ? index - 1 : index;
      close(separator);
      level.separators.push(records[separator]!);
      first = separator + 1;
      size = NODE_HEADER + (separator < index ? needed : 0);
    } else size += needed;
  }
  close(records.length);
  return level;
}

function encodeNode({ records, children }: TreeNode, blockOf: (node: number) => number): Uint8Array {
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  view.setUint32(0, children.length > 0 ? blockOf(children.at(-1)!) : 0);
  view.setUint32(4, records.length);
  let at = NODE_HEADER;
  for (const [index, record] of records.entries()) {
    if (children.length > 0) {
      view.setUint32(at, blockOf(children[index]!));
      at += 4;
    }
    page.set(record, at);
    at += record.length;
  }
  return page;
}

/** Block count, table of addresses in steps of 256, one entry of contents, the free lists. */
function rootBlockSize(blocks: number, allocator: BuddyAllocator): number {
  const lists = allocator.freeLists();
  // Each allocation halves larger blocks: in every list one block more than now, at most.
  return 8 + addressTable(blocks) * 4 + 4 + 9 + lists.length * 4 + (lists.flat().length + lists.length) * 4;
}

function addressTable(blocks: number): number {
  return Math.ceil(blocks / 256) * 256;
}

function assemble(tree: Tree, blocks: readonly Block[], allocator: BuddyAllocator, records: number): Uint8Array {
  const end = Math.max(...blocks.map(({ offset, size }) => offset + size));
  const file = new Uint8Array(4 + end);
  const view = new DataView(file.buffer);
  const [root, header, ...pages] = blocks;
  const words = [1, MAGIC, root!.offset, root!.size, root!.offset, ...UNKNOWN];
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word);
  file.set(encodeRoot(blocks, allocator, root!.size), 4 + root!.offset);
  const blockOf = (node: number): number => 2 + node;
  const about = [blockOf(tree.root), tree.height, records, tree.nodes.length, PAGE];
  for (const [index, word] of about.entries()) view.setUint32(4 + header!.offset + 4 * index, word);
  for (const [index, node] of tree.nodes.entries()) file.set(encodeNode(node, blockOf), 4 + pages[index]!.offset);
  return file;
}

function encodeRoot(blocks: readonly Block[], allocator: BuddyAllocator, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, blocks.length);
  for (const [index, block] of blocks.entries()) view.setUint32(8 + 4 * index, block.offset | Math.log2(block.size));
  let at = 8 + 4 * addressTable(blocks.length);
  view.setUint32(at, 1);
  bytes[at + 4] = 4;
  bytes.set(new TextEncoder().encode('DSDB'), at + 5);
  view.setUint32(at + 9, 1);
  at += 13;
  for (const list of allocator.freeLists()) {
    for (const word of [list.length, ...list]) {
      view.setUint32(at, word);
      at += 4;
    }
  }
  return bytes;
}
