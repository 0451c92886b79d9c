/** Which structures the records of each tree consist of, and which blocks they name. */
import type { Node } from '../btree/node.ts';
import {
  AttributeData,
  AttributeExtents,
  AttributeFork,
  AttributeKey,
  AttributeType,
  CatalogFile,
  CatalogFolder,
  CatalogKey,
  CatalogThread,
  type ExtentDescriptor,
  ExtentKey,
  ExtentRecord,
  RecordType,
} from '../structs.ts';

export type Tree = 'extents' | 'catalog' | 'attributes';

/** What a structure must have to be shown: all of `Struct` but the types of its fields. */
export type Layout = typeof CatalogFile | typeof CatalogFolder | typeof CatalogThread | KeyLayout | ExtentLayout | AttributeLayout;
type KeyLayout = typeof CatalogKey | typeof ExtentKey | typeof AttributeKey;
type ExtentLayout = typeof ExtentRecord;
type AttributeLayout = typeof AttributeData | typeof AttributeFork | typeof AttributeExtents;

/** The fixed part of each tree's keys. */
export const KEY_LAYOUTS: Record<Tree, KeyLayout> = { extents: ExtentKey, catalog: CatalogKey, attributes: AttributeKey };

/** A record's data, as a view of it: the layout of its fixed part. */
export function layoutOf(tree: Tree, data: DataView): Layout | undefined {
  if (tree === 'extents') return ExtentRecord;
  if (tree === 'catalog') return data.byteLength < 2 ? undefined : CATALOG_LAYOUTS.get(data.getInt16(0));
  return data.byteLength < 4 ? undefined : ATTRIBUTE_LAYOUTS.get(data.getUint32(0));
}

const CATALOG_LAYOUTS = new Map<number, Layout>([
  [RecordType.folder, CatalogFolder],
  [RecordType.file, CatalogFile],
  [RecordType.folderThread, CatalogThread],
  [RecordType.fileThread, CatalogThread],
]);

const ATTRIBUTE_LAYOUTS = new Map<number, Layout>([
  [AttributeType.inline, AttributeData],
  [AttributeType.fork, AttributeFork],
  [AttributeType.extents, AttributeExtents],
]);

/** Blocks that a leaf record names, with as many bytes of them as belong to the content. */
export interface ContentExtents {
  readonly label: string;
  readonly size: number;
  readonly extents: readonly ExtentDescriptor[];
}

/** What the records of a leaf say of where contents lie. Records that cannot be parsed say nothing. */
export function* contentExtents(leaf: Node, tree: Tree): Generator<ContentExtents> {
  for (let index = 0; index < leaf.count; index++) {
    const record = recordAt(leaf, index);
    const layout = record && layoutOf(tree, record.data);
    if (!layout || layout.size > record.data.byteLength) continue;
    const bytes = new Uint8Array(record.data.buffer, record.data.byteOffset, record.data.byteLength);
    if (layout === CatalogFile && Math.max(record.data.getUint32(88), record.data.getUint32(168)) < 0x20_0000) {
      const { fileID, dataFork, resourceFork } = CatalogFile.read(bytes);
      yield { label: `file ${fileID} dataFork`, size: dataFork.logicalSize, extents: dataFork.extents };
      yield { label: `file ${fileID} resourceFork`, size: resourceFork.logicalSize, extents: resourceFork.extents };
    } else if (layout === AttributeFork && record.data.getUint32(8) < 0x20_0000) {
      const { theFork } = AttributeFork.read(bytes);
      yield { label: `file ${record.key.getUint32(4)} attribute`, size: theFork.logicalSize, extents: theFork.extents };
    } else if (layout === ExtentRecord) {
      const { extents } = ExtentRecord.read(bytes);
      yield { label: `file ${record.key.getUint32(4)} fork ${record.key.getUint8(2)}`, size: Infinity, extents };
    } else if (layout === AttributeExtents) {
      const { extents } = AttributeExtents.read(bytes);
      yield { label: `file ${record.key.getUint32(4)} attribute`, size: Infinity, extents };
    }
  }
}

/** A record's two parts; nothing when its key leaves it. */
export function recordAt(node: Node, index: number): { key: DataView; data: DataView } | undefined {
  const start = node.starts[index]!;
  const end = node.starts[index + 1]!;
  const keyEnd = start + 2 + node.view.getUint16(start);
  if (keyEnd > end) return undefined;
  const at = node.view.byteOffset;
  return {
    key: new DataView(node.view.buffer, at + start, keyEnd - start),
    data: new DataView(node.view.buffer, at + keyEnd, end - keyEnd),
  };
}
