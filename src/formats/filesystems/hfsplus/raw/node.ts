/** One node of a B-tree, field by field. */
import type { RawField } from '../../../../core/struct.ts';
import { readUnits } from '../btree/key.ts';
import type { Node } from '../btree/node.ts';
import {
  AttributeData,
  CatalogThread,
  HEADER_MAP_OFFSET,
  HEADER_RESERVED_OFFSET,
  HeaderRecord,
  NodeDescriptor,
  NodeKind,
} from '../structs.ts';
import { KEY_LAYOUTS, type Layout, layoutOf, recordAt, type Tree } from './records.ts';

/** Descriptor, records, offsets; in the order in which they lie. */
export function* describeNode(node: Node, tree: Tree): Generator<RawField> {
  const bytes = new Uint8Array(node.view.buffer, node.view.byteOffset, node.view.byteLength);
  const prefix = `${tree}[${node.number}]`;
  for (const field of NodeDescriptor.describe(bytes, 0, node.offset)) yield { ...field, label: `${prefix}.${field.label}` };
  if (node.kind === NodeKind.header) yield* headerRecords(node, bytes, prefix);
  else if (node.kind === NodeKind.map)
    yield stretch(node, `${prefix}.map`, NodeDescriptor.size, node.starts[1] ?? NodeDescriptor.size, 'one bit for each node');
  else for (let index = 0; index < node.count; index++) yield* record(node, index, tree, `${prefix}[${index}]`);
  const table = bytes.length - 2 * (node.count + 1);
  yield { ...stretch(node, `${prefix}.recordOffsets`, table, bytes.length), value: [...node.starts].reverse().join(' ') };
}

function* headerRecords(node: Node, bytes: Uint8Array, prefix: string): Generator<RawField> {
  for (const field of HeaderRecord.describe(bytes, NodeDescriptor.size, node.offset)) yield { ...field, label: `${prefix}.${field.label}` };
  yield stretch(node, `${prefix}.userData`, HEADER_RESERVED_OFFSET, HEADER_MAP_OFFSET, 'reserved');
  yield stretch(node, `${prefix}.map`, HEADER_MAP_OFFSET, bytes.length - 2 * (node.count + 1), 'one bit for each node');
}

function* record(node: Node, index: number, tree: Tree, prefix: string): Generator<RawField> {
  const found = recordAt(node, index);
  const start = node.starts[index]!;
  const end = node.starts[index + 1]!;
  if (!found) {
    yield stretch(node, prefix, start, end, 'the key leaves the record');
    return;
  }
  const data = end - found.data.byteLength;
  yield* fixedAndRest(node, KEY_LAYOUTS[tree], start, data, prefix, 'name');
  if (node.kind === NodeKind.index) yield { ...stretch(node, `${prefix}.child`, data, end), value: child(found.data) };
  else yield* leafData(node, layoutOf(tree, found.data), data, end, prefix);
}

function child(data: DataView): string {
  return data.byteLength === 4 ? `node ${data.getUint32(0)}` : 'not a node number';
}

function* leafData(node: Node, layout: Layout | undefined, from: number, end: number, prefix: string): Generator<RawField> {
  if (!layout) yield stretch(node, `${prefix}.data`, from, end, 'a record of no known type');
  else yield* fixedAndRest(node, layout, from, end, prefix, layout === CatalogThread ? 'name' : layout === AttributeData ? 'data' : 'rest');
}

/** The fixed part by its layout, and what follows it: a name, data, or bytes that should not be there. */
function* fixedAndRest(
  node: Node,
  layout: Layout,
  from: number,
  end: number,
  prefix: string,
  rest: 'name' | 'data' | 'rest',
): Generator<RawField> {
  if (layout.size > end - from) {
    yield stretch(node, `${prefix}.${layout.name}`, from, end, `too short for ${layout.size} bytes`);
    return;
  }
  const bytes = new Uint8Array(node.view.buffer, node.view.byteOffset, node.view.byteLength);
  for (const field of layout.describe(bytes, from, node.offset)) yield { ...field, label: `${prefix}.${field.label}` };
  const at = from + layout.size;
  if (at === end) return;
  const field = stretch(node, `${prefix}.${layout.name}.${rest}`, at, end);
  yield rest === 'name' ? { ...field, value: JSON.stringify(readUnits(node.view, at, (end - at) >> 1)) } : field;
}

function stretch(node: Node, label: string, from: number, end: number, note = ''): RawField {
  const bytes = new Uint8Array(node.view.buffer, node.view.byteOffset + from, end - from);
  return { offset: node.offset + from, bytes, label, value: `${end - from} bytes`, note };
}
