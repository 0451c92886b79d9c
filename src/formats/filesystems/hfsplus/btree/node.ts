/**
 * One node of a B-tree: descriptor, records, and the offsets that grow down from its end.
 * Source: TN1150 "B-Trees", "Node Structure". Read with a plain DataView because listing a large folder reads thousands
 * of nodes; test/hfsplus/structs.test.ts holds it against NodeDescriptor.
 */
import { malformed } from '../malformed.ts';
import { NodeDescriptor, NodeKind } from '../structs.ts';

export interface Node {
  readonly number: number;
  /** Bytes from the start of the volume to the node. */
  readonly offset: number;
  readonly view: DataView;
  readonly fLink: number;
  readonly bLink: number;
  readonly kind: number;
  readonly height: number;
  readonly count: number;
  /** Where each record begins, and last where free space begins. */
  readonly starts: Uint16Array;
}

/** @throws DisksealError `E_HFSPLUS` unless every record lies within the node and behind the one before */
export function parseNode(bytes: Uint8Array, number: number, offset: number): Node {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getInt8(8);
  const height = view.getUint8(9);
  const count = view.getUint16(10);
  if (kind < NodeKind.leaf || kind > NodeKind.map)
    throw malformed(`node ${number} has the kind ${kind}`, offset + 8, 'NodeDescriptor.kind');
  const table = bytes.length - 2 * (count + 1);
  if (table < NodeDescriptor.size) {
    throw malformed(`node ${number} cannot hold ${count} records`, offset + 10, 'NodeDescriptor.numRecords');
  }
  return {
    number,
    offset,
    view,
    fLink: view.getUint32(0),
    bLink: view.getUint32(4),
    kind,
    height,
    count,
    starts: recordStarts(view, number, offset, count, table),
  };
}

function recordStarts(view: DataView, number: number, offset: number, count: number, table: number): Uint16Array {
  const starts = new Uint16Array(count + 1);
  let before = NodeDescriptor.size - 1;
  for (let index = 0; index <= count; index++) {
    const at = view.byteLength - 2 * (index + 1);
    const start = view.getUint16(at);
    // The records lie in the order of their offsets, without a gap from the descriptor on (TN1150, "Node Structure").
    if (start <= before || start > table || (start & 1) !== 0 || (index === 0 && start !== NodeDescriptor.size)) {
      throw malformed(`record ${index} of node ${number} begins at ${start}`, offset + at, 'Node.recordOffsets');
    }
    starts[index] = start;
    before = start;
  }
  return starts;
}
