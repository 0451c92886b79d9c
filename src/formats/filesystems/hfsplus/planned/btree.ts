/**
 * A B-tree built at once from sorted records (TN1150, "B-Trees"): leaves filled to the brim, index levels above them, and
 * nodes that are made when they are read. What stays in memory is one number for each node.
 * Node order: header, leaves, index levels upwards, map nodes, spare nodes.
 */

import { type Disk, generatedDisk, lastAtOrBefore } from '../../../../core/disk.ts';
import { assert } from '../../../../core/errors.ts';
import { HEADER_MAP_OFFSET, HeaderRecord, NodeDescriptor, NodeKind } from '../structs.ts';

/** Records in key order, each known by its place in that order. Sizes are bytes and even. */
export interface SortedRecords {
  readonly count: number;
  /** The key with its length field. */
  keySize(record: number): number;
  dataSize(record: number): number;
  writeKey(record: number, into: Uint8Array, at: number): void;
  /** A promise only where the data must be read first: a million records should not cost a million promises. */
  writeData(record: number, into: Uint8Array, at: number): void | Promise<void>;
}

/** What a tree's header says of its kind; see HeaderRecord. */
export interface TreeKind {
  readonly nodeSize: number;
  readonly maxKeyLength: number;
  readonly keyCompareType: number;
  readonly attributes: number;
  /** Free nodes at the end, so that whoever mounts the volume for writing need not grow the tree at once. */
  readonly spareNodes: number;
}

export interface PlannedTree {
  readonly totalNodes: number;
  /** The file's bytes, all `generated`. */
  disk(clumpSize: number): Disk;
}

/** Nodes of one height. */
interface Level {
  readonly firstNode: number;
  /** For each node its first record: of the tree in a leaf, a node of the level below in an index node. */
  readonly starts: number[];
  /** What the level holds in all. */
  readonly count: number;
}

interface Plan {
  readonly records: SortedRecords;
  readonly kind: TreeKind;
  readonly levels: readonly Level[];
  readonly firstMapNode: number;
  readonly mapNodes: number;
  readonly totalNodes: number;
}

const OFFSET_SIZE = 2;
const CHILD_SIZE = 4;

export function planTree(records: SortedRecords, kind: TreeKind): PlannedTree {
  const plan = planNodes(records, kind);
  return {
    totalNodes: plan.totalNodes,
    disk: (clumpSize) => generatedDisk(plan.totalNodes * kind.nodeSize, (position, into) => readNodes(plan, clumpSize, position, into)),
  };
}

function planNodes(records: SortedRecords, kind: TreeKind): Plan {
  const levels = records.count === 0 ? [] : planLevels(records, kind.nodeSize);
  const firstMapNode = 1 + levels.reduce((sum, { starts }) => sum + starts.length, 0);
  const mapNodes = countMapNodes(firstMapNode + kind.spareNodes, kind.nodeSize);
  return { records, kind, levels, firstMapNode, mapNodes, totalNodes: firstMapNode + mapNodes + kind.spareNodes };
}

function planLevels(records: SortedRecords, nodeSize: number): Level[] {
  const leaves = fillNodes(records.count, nodeSize, (record) => records.keySize(record) + records.dataSize(record));
  const levels: Level[] = [{ firstNode: 1, starts: leaves, count: records.count }];
  for (let below = levels[0]!; below.starts.length > 1; below = levels.at(-1)!) {
    const depth = levels.length - 1;
    const children = below.starts.length;
    const starts = fillNodes(children, nodeSize, (child) => records.keySize(firstRecord(levels, depth, child)) + CHILD_SIZE);
    levels.push({ firstNode: below.firstNode + children, starts, count: children });
  }
  return levels;
}

/** Puts items into nodes one after the other; gives the first item of each node. */
function fillNodes(count: number, nodeSize: number, sizeOf: (item: number) => number): number[] {
  const capacity = nodeSize - NodeDescriptor.size - OFFSET_SIZE;
  const starts: number[] = [];
  let left = 0;
  for (let item = 0; item < count; item++) {
    const needed = sizeOf(item) + OFFSET_SIZE;
    assert(needed <= capacity, `a record of ${needed} bytes in nodes of ${nodeSize}`);
    if (needed > left || item === 0) {
      starts.push(item);
      left = capacity;
    }
    left -= needed;
  }
  return starts;
}

/** The first record of all below one node. */
function firstRecord(levels: readonly Level[], depth: number, node: number): number {
  let found = node;
  for (let level = depth; level >= 0; level--) found = levels[level]!.starts[found]!;
  return found;
}

function headerMapBits(nodeSize: number): number {
  return (nodeSize - HEADER_MAP_OFFSET - 4 * OFFSET_SIZE) * 8;
}

/** The map record of a map node ends two bytes before its two offsets, as Apple's have it. */
function mapNodeBits(nodeSize: number): number {
  return (nodeSize - NodeDescriptor.size - 2 - 2 * OFFSET_SIZE) * 8;
}

/** Map nodes for the nodes that the header's map does not reach, the map nodes themselves included. */
function countMapNodes(otherNodes: number, nodeSize: number): number {
  const beyond = otherNodes - headerMapBits(nodeSize);
  return beyond <= 0 ? 0 : Math.ceil(beyond / (mapNodeBits(nodeSize) - 1));
}

async function readNodes(plan: Plan, clumpSize: number, position: number, into: Uint8Array): Promise<void> {
  const { nodeSize } = plan.kind;
  for (let done = 0; done < into.length; ) {
    const node = Math.floor((position + done) / nodeSize);
    const skipped = position + done - node * nodeSize;
    const take = Math.min(nodeSize - skipped, into.length - done);
    if (take === nodeSize) await writeNode(plan, clumpSize, node, into.subarray(done, done + take).fill(0));
    else {
      const whole = new Uint8Array(nodeSize);
      await writeNode(plan, clumpSize, node, whole);
      into.set(whole.subarray(skipped, skipped + take), done);
    }
    done += take;
  }
}

/** @param into - one node, all zero */
function writeNode(plan: Plan, clumpSize: number, node: number, into: Uint8Array): void | Promise<void> {
  if (node === 0) return writeHeader(plan, clumpSize, into);
  if (node >= plan.firstMapNode + plan.mapNodes) return undefined;
  if (node >= plan.firstMapNode) return writeMapNode(plan, node, into);
  const depth = lastAtOrBefore(
    plan.levels.map(({ firstNode }) => firstNode),
    node,
  );
  return depth === 0 ? writeLeaf(plan, node, into) : writeIndex(plan, depth, node, into);
}

function writeHeader(plan: Plan, clumpSize: number, into: Uint8Array): void {
  const { kind, levels, records } = plan;
  NodeDescriptor.write({ kind: NodeKind.header, numRecords: 3, fLink: plan.mapNodes > 0 ? plan.firstMapNode : 0 }, into);
  const header = {
    treeDepth: levels.length,
    rootNode: levels.at(-1)?.firstNode ?? 0,
    leafRecords: records.count,
    firstLeafNode: levels.length > 0 ? 1 : 0,
    lastLeafNode: levels[0]?.starts.length ?? 0,
    nodeSize: kind.nodeSize,
    maxKeyLength: kind.maxKeyLength,
    totalNodes: plan.totalNodes,
    freeNodes: kind.spareNodes,
    clumpSize,
    keyCompareType: kind.keyCompareType,
    attributes: kind.attributes,
  };
  HeaderRecord.write(header, into, NodeDescriptor.size);
  setLeadingBits(into, HEADER_MAP_OFFSET, Math.min(plan.totalNodes - kind.spareNodes, headerMapBits(kind.nodeSize)));
  writeOffsets(into, [NodeDescriptor.size, NodeDescriptor.size + HeaderRecord.size, HEADER_MAP_OFFSET, kind.nodeSize - 4 * OFFSET_SIZE]);
}

function writeMapNode(plan: Plan, node: number, into: Uint8Array): void {
  const { nodeSize, spareNodes } = plan.kind;
  const bits = mapNodeBits(nodeSize);
  const index = node - plan.firstMapNode;
  const covered = headerMapBits(nodeSize) + index * bits;
  NodeDescriptor.write({ kind: NodeKind.map, numRecords: 1, fLink: index + 1 < plan.mapNodes ? node + 1 : 0 }, into);
  setLeadingBits(into, NodeDescriptor.size, Math.max(0, Math.min(plan.totalNodes - spareNodes - covered, bits)));
  writeOffsets(into, [NodeDescriptor.size, NodeDescriptor.size + bits / 8]);
}

async function writeLeaf(plan: Plan, node: number, into: Uint8Array): Promise<void> {
  const { first, end } = describeNode(plan, 0, node, into);
  const { records } = plan;
  const offsets = [NodeDescriptor.size];
  let at: number = NodeDescriptor.size;
  for (let record = first; record < end; record++) {
    records.writeKey(record, into, at);
    at += records.keySize(record);
    const pending = records.writeData(record, into, at);
    if (pending) await pending;
    at += records.dataSize(record);
    offsets.push(at);
  }
  writeOffsets(into, offsets);
}

function writeIndex(plan: Plan, depth: number, node: number, into: Uint8Array): void {
  const { first, end } = describeNode(plan, depth, node, into);
  const { levels, records } = plan;
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const offsets = [NodeDescriptor.size];
  let at: number = NodeDescriptor.size;
  for (let child = first; child < end; child++) {
    const record = firstRecord(levels, depth - 1, child);
    records.writeKey(record, into, at);
    at += records.keySize(record);
    view.setUint32(at, levels[depth - 1]!.firstNode + child);
    at += CHILD_SIZE;
    offsets.push(at);
  }
  writeOffsets(into, offsets);
}

/** Writes a leaf's or index node's descriptor and tells what the node holds. */
function describeNode(plan: Plan, depth: number, node: number, into: Uint8Array): { first: number; end: number } {
  const { firstNode, starts, count } = plan.levels[depth]!;
  const index = node - firstNode;
  const first = starts[index]!;
  const end = starts[index + 1] ?? count;
  const descriptor = {
    fLink: index + 1 < starts.length ? node + 1 : 0,
    bLink: index > 0 ? node - 1 : 0,
    kind: depth === 0 ? NodeKind.leaf : NodeKind.index,
    height: depth + 1,
    numRecords: end - first,
  };
  NodeDescriptor.write(descriptor, into);
  return { first, end };
}

/** Offsets of the records and of the free space behind them, from the node's end downwards. */
function writeOffsets(node: Uint8Array, offsets: readonly number[]): void {
  const view = new DataView(node.buffer, node.byteOffset, node.length);
  for (const [index, offset] of offsets.entries()) view.setUint16(node.length - (index + 1) * OFFSET_SIZE, offset);
}

function setLeadingBits(bytes: Uint8Array, at: number, count: number): void {
  const whole = Math.floor(count / 8);
  bytes.fill(0xff, at, at + whole);
  if (count % 8 > 0) bytes[at + whole] = 0xff00 >> (count % 8);
}
