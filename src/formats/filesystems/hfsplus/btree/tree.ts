/**
 * Reading a B-tree: descent by key and scans along the leaves, with a bounded cache of nodes.
 * Source: TN1150 "B-Trees". Nothing is trusted: heights must fall by one at each step down and keys must rise along the
 * leaves, so that no chain of links can lead in a circle. Left out: the map of used nodes, which a reader does not need.
 */
import type { Disk } from '../../../../core/disk.ts';
import { malformed } from '../malformed.ts';
import { HeaderRecord, NodeDescriptor, NodeKind } from '../structs.ts';
import type { KeyFormat } from './key.ts';
import { type Node, parseNode } from './node.ts';

/** A B-tree's file. */
export interface TreeFile {
  readonly disk: Disk;
  /** Bytes from the start of the volume to a byte of the file, for messages. */
  locate(position: number): number;
}

/** A node with its records' keys. */
export interface KeyedNode<Key> extends Node {
  readonly keys: readonly Key[];
  /** Where each record's data begins. */
  readonly data: Uint16Array;
}

/** A place in a leaf. */
export interface Found<Key> {
  readonly leaf: KeyedNode<Key>;
  readonly index: number;
}

/** Bytes of nodes kept per tree, and read at once: leaves of a bulk-built tree lie one after the other. */
const CACHE_BYTES = 4 << 20;
const READ_BYTES = 64 << 10;

export class BTree<Key> {
  readonly header: HeaderRecord;
  readonly keys: KeyFormat<Key>;
  readonly #file: TreeFile;
  readonly #perRead: number;
  readonly #cache = new Map<number, Promise<Cluster<Key>>>();

  private constructor(file: TreeFile, keys: KeyFormat<Key>, header: HeaderRecord) {
    this.#file = file;
    this.keys = keys;
    this.header = header;
    this.#perRead = Math.max(1, READ_BYTES / header.nodeSize);
  }

  /** @param keysOf - the format of the keys, which the header has a say in */
  static async open<Key>(file: TreeFile, tree: string, keysOf: (header: HeaderRecord) => KeyFormat<Key>): Promise<BTree<Key>> {
    const header = await readHeader(file, tree);
    return new BTree(file, keysOf(header), header);
  }

  /** The first record whose key is not below `key`; undefined when all are. */
  async seek(key: Key): Promise<Found<Key> | undefined> {
    let { treeDepth: height, rootNode: number } = this.header;
    if (height === 0) return undefined;
    for (; height > 1; height--) {
      const node = await this.#nodeAt(number, NodeKind.index, height);
      number = this.#child(node, Math.max(0, this.#firstAbove(node, key) - 1));
    }
    const leaf = await this.#nodeAt(number, NodeKind.leaf, 1);
    const index = this.#firstNotBelow(leaf, key);
    if (index < leaf.count) return { leaf, index };
    const next = await this.after(leaf);
    return next && { leaf: next, index: 0 };
  }

  /** The record of exactly this key. */
  async get(key: Key): Promise<Found<Key> | undefined> {
    const found = await this.seek(key);
    return found && this.keys.compare(found.leaf.keys[found.index]!, key) === 0 ? found : undefined;
  }

  /** The leaf behind a leaf: one with records, and with higher keys. */
  async after(leaf: KeyedNode<Key>): Promise<KeyedNode<Key> | undefined> {
    if (leaf.fLink === 0) return undefined;
    const next = await this.#nodeAt(leaf.fLink, NodeKind.leaf, 1);
    const last = leaf.keys.at(-1);
    const first = next.keys[0];
    if (!first || !last || this.keys.compare(last, first) >= 0) {
      throw malformed(`the keys of node ${next.number} do not follow those of node ${leaf.number}`, leaf.offset, 'NodeDescriptor.fLink');
    }
    return next;
  }

  async #nodeAt(number: number, kind: number, height: number): Promise<KeyedNode<Key>> {
    const { totalNodes } = this.header;
    if (number >= totalNodes) {
      throw malformed(`a link to node ${number} of ${totalNodes}`, this.#file.locate(0), `${this.keys.tree} node`);
    }
    const node = await this.#node(number);
    if (node.kind !== kind) {
      throw malformed(`node ${number} has the kind ${node.kind}, expected ${kind}`, node.offset + 8, 'NodeDescriptor.kind');
    }
    if (node.height !== height) {
      throw malformed(`node ${number} has the height ${node.height}, expected ${height}`, node.offset + 9, 'NodeDescriptor.height');
    }
    if (node.count === 0) throw malformed(`node ${number} has no records`, node.offset + 10, 'NodeDescriptor.numRecords');
    return node;
  }

  async #node(number: number): Promise<KeyedNode<Key>> {
    const first = number - (number % this.#perRead);
    const kept = this.#cache.get(first);
    const cluster = kept ?? this.#load(first);
    // Taken out and put in again: the oldest is then always the first of the map.
    this.#cache.delete(first);
    this.#cache.set(first, cluster);
    if (!kept) this.#shrink(first, cluster);
    const { bytes, nodes } = await cluster;
    const index = number - first;
    const { nodeSize } = this.header;
    return (nodes[index] ??= keyedNode(
      parseNode(bytes.subarray(index * nodeSize, (index + 1) * nodeSize), number, this.#file.locate(number * nodeSize)),
      this.keys,
    ));
  }

  async #load(first: number): Promise<Cluster<Key>> {
    const { nodeSize, totalNodes } = this.header;
    const count = Math.min(this.#perRead, totalNodes - first);
    return { bytes: await this.#file.disk.read(first * nodeSize, count * nodeSize), nodes: [] };
  }

  #shrink(first: number, cluster: Promise<Cluster<Key>>): void {
    const limit = Math.max(2, CACHE_BYTES / (this.#perRead * this.header.nodeSize));
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= limit) break;
      this.#cache.delete(oldest);
    }
    // A failed read is not kept: the next one may go well. Whoever asked has the error.
    cluster.catch(() => this.#cache.delete(first));
  }

  #child(node: KeyedNode<Key>, index: number): number {
    const at = node.data[index]!;
    if (node.starts[index + 1]! - at < 4) {
      throw malformed(`record ${index} of index node ${node.number} has no child`, node.offset + at, 'IndexRecord.child');
    }
    return node.view.getUint32(at);
  }

  #firstNotBelow(node: KeyedNode<Key>, key: Key): number {
    return firstIndex(node.count, (index) => this.keys.compare(node.keys[index]!, key) >= 0);
  }

  #firstAbove(node: KeyedNode<Key>, key: Key): number {
    return firstIndex(node.count, (index) => this.keys.compare(node.keys[index]!, key) > 0);
  }
}

interface Cluster<Key> {
  readonly bytes: Uint8Array;
  readonly nodes: (KeyedNode<Key> | undefined)[];
}

/** Index of the first of `count` for which `test` holds, when it holds from some index on; else `count`. */
function firstIndex(count: number, test: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Reads the keys of all records. @throws DisksealError `E_HFSPLUS` when a key leaves its record or keys do not rise */
export function keyedNode<Key>(node: Node, keys: KeyFormat<Key>): KeyedNode<Key> {
  const found: Key[] = [];
  const data = new Uint16Array(node.count);
  if (node.kind !== NodeKind.leaf && node.kind !== NodeKind.index) return { ...node, keys: found, data };
  for (let index = 0; index < node.count; index++) {
    const start = node.starts[index]!;
    const length = node.view.getUint16(start);
    const at = node.offset + start;
    if (start + 2 + length > node.starts[index + 1]!) {
      throw malformed(`the key of record ${index} in node ${node.number} leaves the record`, at, `${keys.tree} keyLength`);
    }
    const key = keys.read(node.view, start + 2, length, at + 2);
    if (index > 0 && keys.compare(found[index - 1]!, key) >= 0) {
      throw malformed(`the key of record ${index} in node ${node.number} does not follow the one before`, at, `${keys.tree} key order`);
    }
    found.push(key);
    data[index] = start + 2 + length;
  }
  return { ...node, keys: found, data };
}

/** The header record of a B-tree's node 0. */
export async function readHeader(file: TreeFile, tree: string): Promise<HeaderRecord> {
  const offset = file.locate(0);
  if (file.disk.size < 512) throw malformed(`${file.disk.size} bytes cannot hold a B-tree`, offset, tree);
  const bytes = await file.disk.read(0, 512);
  const { kind } = NodeDescriptor.read(bytes, 0, offset);
  if (kind !== NodeKind.header) throw malformed(`the ${tree}'s first node has the kind ${kind}`, offset + 8, 'NodeDescriptor.kind');
  const header = HeaderRecord.read(bytes, NodeDescriptor.size, offset);
  const { nodeSize, totalNodes, treeDepth } = header;
  if (nodeSize < 512 || nodeSize > 32768 || (nodeSize & (nodeSize - 1)) !== 0) {
    throw malformed(`a node size of ${nodeSize}`, offset + 32, 'HeaderRecord.nodeSize');
  }
  if (totalNodes === 0 || totalNodes * nodeSize > file.disk.size) {
    throw malformed(`${totalNodes} nodes of ${nodeSize} bytes in ${file.disk.size} bytes`, offset + 36, 'HeaderRecord.totalNodes');
  }
  // A node's height has 8 bits; 2^32 records need far less.
  if (treeDepth > 255) throw malformed(`a depth of ${treeDepth}`, offset + 14, 'HeaderRecord.treeDepth');
  return header;
}
