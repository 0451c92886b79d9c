/**
 * Checks one B-tree from its header down, level by level, and hands each leaf record on in order.
 * Source: TN1150 "B-Trees"; what fsck_hfs refuses (SVerify2.c), and more: no unused node may hold anything, no bit of the
 * map may be wrong, every index record must repeat the first key of its child.
 */
import { readRange } from '../../../../core/disk.ts';
import type { KeyFormat } from '../btree/key.ts';
import { type Node, parseNode } from '../btree/node.ts';
import { type KeyedNode, keyedNode, readHeader, type TreeFile } from '../btree/tree.ts';
import { HEADER_MAP_OFFSET, HEADER_RESERVED_OFFSET, type HeaderRecord, NodeDescriptor, NodeKind } from '../structs.ts';
import { type Faults, FoundFault } from './faults.ts';

export interface TreeRules<Key> {
  readonly keys: KeyFormat<Key>;
  readonly maxKeyLength: number;
  /** HeaderRecord.attributes, the bits that describe keys. */
  readonly attributes: number;
  /** What HeaderRecord.keyCompareType may be; none: the field is not used. */
  readonly keyCompareTypes: readonly number[];
  /** The volume promises that unused nodes are zero. */
  readonly unusedAreZero: boolean;
}

/** Called for each leaf record, in the order of keys. What it throws as malformed becomes a fault. */
export type Visit<Key> = (leaf: KeyedNode<Key>, index: number) => void;

/**
 * Checks the whole tree. Memory: one level's node numbers and keys.
 * @returns whether every leaf record was reached, so that counting them makes sense
 */
export async function checkTree<Key>(file: TreeFile, rules: TreeRules<Key>, faults: Faults, visit: Visit<Key>): Promise<boolean> {
  const header = await faults.step('tree-header', () => readHeader(file, rules.keys.tree));
  if (!header) return false;
  const check = new TreeCheck(file, header, rules, faults);
  await check.header();
  const whole = await check.levels(visit);
  const map = await faults.step('node-map', () => check.mapNodes());
  if (whole && map) await check.compareMap(map);
  return whole;
}

/** A node that a link leads to, with the key that the link goes by. */
interface Expected<Key> {
  readonly number: number;
  readonly key?: Key | undefined;
}

/** A part of the map of used nodes. */
interface MapPart {
  readonly bytes: Uint8Array;
  /** Bytes from the start of the volume. */
  readonly offset: number;
}

const READ_BYTES = 256 << 10;

class TreeCheck<Key> {
  readonly #file: TreeFile;
  readonly #header: HeaderRecord;
  readonly #rules: TreeRules<Key>;
  readonly #faults: Faults;
  /** Header, index, leaf and map nodes that were reached. */
  readonly #used = new Set<number>([0]);
  #ahead: { first: number; bytes: Uint8Array } | undefined;

  constructor(file: TreeFile, header: HeaderRecord, rules: TreeRules<Key>, faults: Faults) {
    this.#file = file;
    this.#header = header;
    this.#rules = rules;
    this.#faults = faults;
  }

  async header(): Promise<void> {
    const { keys, maxKeyLength, attributes, keyCompareTypes } = this.#rules;
    const header = this.#header;
    const offset = this.#file.locate(0);
    const wrong = (field: keyof HeaderRecord, message: string) =>
      this.#faults.error('tree-header', `${keys.tree}: ${message}`, offset, `HeaderRecord.${field}`);
    const node = await this.#faults.step('tree-header', () => this.#node(0));
    if (node) this.#headerLayout(node);
    if (header.totalNodes * header.nodeSize !== this.#file.disk.size) {
      wrong('totalNodes', `${header.totalNodes} nodes of ${header.nodeSize} bytes in a file of ${this.#file.disk.size}`);
    }
    if (header.maxKeyLength !== maxKeyLength) wrong('maxKeyLength', `a longest key of ${header.maxKeyLength} bytes, not ${maxKeyLength}`);
    if (header.attributes !== attributes) wrong('attributes', `attributes ${header.attributes}, not ${attributes}`);
    if (keyCompareTypes.length > 0 && !keyCompareTypes.includes(header.keyCompareType)) {
      wrong('keyCompareType', `the order of keys is 0x${header.keyCompareType.toString(16)}`);
    }
    if (header.btreeType !== 0) wrong('btreeType', `the type ${header.btreeType}`);
    if (header.reserved1 !== 0 || header.reserved3.some((word) => word !== 0)) {
      this.#faults.warning('reserved-field', `${keys.tree}: reserved fields of the header are not zero`, offset, 'HeaderRecord.reserved3');
    }
  }

  /** Three records of fixed places (TN1150, "Header Node"). */
  #headerLayout(node: Node): void {
    const places = [NodeDescriptor.size, HEADER_RESERVED_OFFSET, HEADER_MAP_OFFSET, this.#header.nodeSize - 8];
    const { tree } = this.#rules.keys;
    if (node.height !== 0) this.#faults.error('node-height', `${tree}: the header node has the height ${node.height}`, node.offset + 9);
    if (node.bLink !== 0) this.#faults.error('backward-link', `${tree}: the header node has a node before it`, node.offset + 4);
    if (node.count !== 3) {
      this.#faults.error('node-records', `${tree}: the header node has ${node.count} records`, node.offset + 10);
    } else if (places.some((place, index) => node.starts[index] !== place)) {
      this.#faults.error('record-offsets', `${tree}: the header node's records begin at ${[...node.starts].join(', ')}`, node.offset);
    }
  }

  /** From the root to the leaves. @returns whether each node of each level could be read */
  async levels(visit: Visit<Key>): Promise<boolean> {
    const { treeDepth, rootNode, leafRecords, firstLeafNode, lastLeafNode } = this.#header;
    const { tree } = this.#rules.keys;
    const offset = this.#file.locate(0);
    let level: Expected<Key>[] = treeDepth === 0 ? [] : [{ number: rootNode }];
    if (treeDepth === 0 && rootNode !== 0) {
      this.#faults.error('tree-depth', `${tree}: an empty tree has the root ${rootNode}`, offset, 'HeaderRecord.rootNode');
    }
    let whole = true;
    let records = 0;
    for (let height = treeDepth; height > 0; height--) {
      const kind = height === 1 ? NodeKind.leaf : NodeKind.index;
      const last = height === 1 ? level : undefined;
      const result = await this.#level(level, kind, height, visit);
      whole &&= result.whole;
      records = result.records;
      level = last ?? result.children;
    }
    if (!whole) return false;
    if (records !== leafRecords) {
      this.#faults.error(
        'leaf-records',
        `${tree}: ${leafRecords} leaf records are claimed, there are ${records}`,
        offset,
        'HeaderRecord.leafRecords',
      );
    }
    const ends = [level[0]?.number ?? 0, level.at(-1)?.number ?? 0];
    if (ends[0] !== firstLeafNode || ends[1] !== lastLeafNode) {
      const message = `${tree}: leaves ${firstLeafNode} to ${lastLeafNode} are claimed, they are ${ends.join(' to ')}`;
      this.#faults.error('first-last-leaf', message, offset, 'HeaderRecord.firstLeafNode');
    }
    return true;
  }

  async #level(level: readonly Expected<Key>[], kind: number, height: number, visit: Visit<Key>) {
    const children: Expected<Key>[] = [];
    let whole = true;
    let records = 0;
    let before: Key | undefined;
    for (const [place, { number, key }] of level.entries()) {
      const node = await this.#faults.step('node-number', () => this.#expectedNode(number, kind, height));
      if (!node) {
        whole = false;
        continue;
      }
      this.#links(node, level[place - 1]?.number ?? 0, level[place + 1]?.number ?? 0);
      this.#order(node, key, before);
      before = node.keys.at(-1);
      records += node.count;
      for (let index = 0; index < node.count; index++) {
        if (kind === NodeKind.leaf) this.#visit(visit, node, index);
        else children.push({ number: this.#child(node, index), key: node.keys[index] });
      }
    }
    return { children, whole, records };
  }

  async #expectedNode(number: number, kind: number, height: number): Promise<KeyedNode<Key>> {
    const { tree } = this.#rules.keys;
    if (number >= this.#header.totalNodes || this.#used.has(number)) {
      const why = this.#used.has(number) ? 'which has its place already' : `of ${this.#header.totalNodes}`;
      throw new FoundFault('node-number', `${tree}: a link to node ${number}, ${why}`, this.#file.locate(0));
    }
    this.#used.add(number);
    const node = await this.#node(number);
    if (node.kind !== kind)
      throw new FoundFault('node-kind', `${tree}: node ${number} has the kind ${node.kind}, not ${kind}`, node.offset + 8);
    if (node.height !== height) {
      throw new FoundFault('node-height', `${tree}: node ${number} has the height ${node.height}, not ${height}`, node.offset + 9);
    }
    if (node.count === 0) throw new FoundFault('node-records', `${tree}: node ${number} has no records`, node.offset + 10);
    if (node.view.getUint16(12) !== 0) {
      this.#faults.warning('reserved-field', `${tree}: a reserved field of node ${number} is not zero`, node.offset + 12);
    }
    return keyedNode(node, this.#rules.keys);
  }

  #links(node: Node, before: number, after: number): void {
    const { tree } = this.#rules.keys;
    if (node.fLink !== after) {
      const message = `${tree}: node ${node.number} leads on to ${node.fLink}, the next one is ${after}`;
      this.#faults.error('forward-link', message, node.offset, 'NodeDescriptor.fLink');
    }
    if (node.bLink !== before) {
      const message = `${tree}: node ${node.number} leads back to ${node.bLink}, the one before is ${before}`;
      this.#faults.error('backward-link', message, node.offset + 4, 'NodeDescriptor.bLink');
    }
  }

  #order(node: KeyedNode<Key>, key: Key | undefined, before: Key | undefined): void {
    const { keys } = this.#rules;
    const first = node.keys[0]!;
    if (key !== undefined && keys.compare(key, first) !== 0) {
      this.#faults.error('index-key', `${keys.tree}: the index has another key for node ${node.number} than its first`, node.offset);
    }
    if (before !== undefined && keys.compare(before, first) >= 0) {
      this.#faults.error('key-order', `${keys.tree}: the keys of node ${node.number} do not follow those of the node before`, node.offset);
    }
  }

  #visit(visit: Visit<Key>, leaf: KeyedNode<Key>, index: number): void {
    try {
      visit(leaf, index);
    } catch (error) {
      this.#faults.caught('record-type', error);
    }
  }

  #child(node: KeyedNode<Key>, index: number): number {
    const at = node.data[index]!;
    const length = node.starts[index + 1]! - at;
    if (length === 4) return node.view.getUint32(at);
    this.#faults.error(
      'record-length',
      `${this.#rules.keys.tree}: an index record has ${length} bytes behind its key, not 4`,
      node.offset + at,
    );
    return length < 4 ? this.#header.totalNodes : node.view.getUint32(at);
  }

  /** The map of used nodes: the header node's third record, then the map nodes (TN1150, "Map Node"). */
  async mapNodes(): Promise<MapPart[]> {
    const { nodeSize, totalNodes } = this.#header;
    const header = await this.#node(0);
    const parts = [part(header, HEADER_MAP_OFFSET, nodeSize - 8 - HEADER_MAP_OFFSET)];
    for (let number = header.fLink; number !== 0; ) {
      if (number >= totalNodes || this.#used.has(number)) {
        throw new FoundFault('node-map', `${this.#rules.keys.tree}: a link to the map node ${number}`, this.#file.locate(0));
      }
      this.#used.add(number);
      const node = await this.#node(number);
      if (node.kind !== NodeKind.map || node.height !== 0 || node.count !== 1) {
        throw new FoundFault('node-map', `${this.#rules.keys.tree}: node ${number} is not a map node`, node.offset + 8);
      }
      parts.push(part(node, NodeDescriptor.size, node.starts[1]! - NodeDescriptor.size));
      number = node.fLink;
    }
    return parts;
  }

  /** Compares the map with the nodes that were reached; those that were not must be zero. */
  async compareMap(map: readonly MapPart[]): Promise<void> {
    const { totalNodes, freeNodes } = this.#header;
    const { tree } = this.#rules.keys;
    let bits = 0;
    for (const { bytes, offset } of map) {
      for (const [at, byte] of bytes.entries()) {
        const first = bits + 8 * at;
        const expected = this.#usedBits(first);
        if (byte !== expected) this.#wrongBits(first, byte ^ expected, offset + at);
      }
      bits += 8 * bytes.length;
    }
    if (bits < totalNodes) this.#faults.error('node-map', `${tree}: the map has ${bits} bits for ${totalNodes} nodes`, map[0]!.offset);
    const free = totalNodes - this.#used.size;
    if (freeNodes !== free) {
      const message = `${tree}: ${freeNodes} free nodes are claimed, there are ${free}`;
      this.#faults.error('free-nodes', message, this.#file.locate(0), 'HeaderRecord.freeNodes');
    }
    if (this.#rules.unusedAreZero) await this.#unusedNodes();
  }

  #usedBits(first: number): number {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) if (this.#used.has(first + bit)) byte |= 0x80 >> bit;
    return byte;
  }

  #wrongBits(first: number, difference: number, offset: number): void {
    for (let bit = 0; bit < 8; bit++) {
      if ((difference & (0x80 >> bit)) === 0) continue;
      const number = first + bit;
      const [is, says] = this.#used.has(number) ? ['in use', 'free'] : [number < this.#header.totalNodes ? 'free' : 'not there', 'in use'];
      this.#faults.error('node-map', `${this.#rules.keys.tree}: node ${number} is ${is}, the map says ${says}`, offset);
    }
  }

  async #unusedNodes(): Promise<void> {
    const { totalNodes, nodeSize } = this.#header;
    for (let number = 0; number < totalNodes; number++) {
      if (this.#used.has(number)) continue;
      const bytes = await this.#bytes(number);
      if (bytes.every((byte) => byte === 0)) continue;
      this.#faults.error(
        'unused-node',
        `${this.#rules.keys.tree}: node ${number} is not used, and not zero`,
        this.#file.locate(number * nodeSize),
      );
    }
  }

  async #node(number: number): Promise<Node> {
    return parseNode(await this.#bytes(number), number, this.#file.locate(number * this.#header.nodeSize));
  }

  /** Reads ahead: levels of a tree that was built in one go lie in order. */
  async #bytes(number: number): Promise<Uint8Array> {
    const { nodeSize, totalNodes } = this.#header;
    const perRead = READ_BYTES / nodeSize;
    const first = number - (number % perRead);
    if (this.#ahead?.first !== first) {
      const count = Math.min(perRead, totalNodes - first);
      this.#ahead = { first, bytes: await readRange(this.#file.disk, first * nodeSize, count * nodeSize, this.#rules.keys.tree) };
    }
    const at = (number - first) * nodeSize;
    return this.#ahead.bytes.subarray(at, at + nodeSize);
  }
}

function part(node: Node, at: number, length: number): MapPart {
  return { bytes: new Uint8Array(node.view.buffer, node.view.byteOffset + at, length).slice(), offset: node.offset + at };
}
