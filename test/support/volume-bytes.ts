/** A planned HFS+ volume as bytes, with the places of its structures, for tests that damage it or add what `format` never writes. */
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { type FormatOptions, format } from '../../src/formats/filesystems/hfsplus/format.ts';
import {
  CatalogFile,
  CatalogFolder,
  HeaderRecord,
  NodeDescriptor,
  VOLUME_HEADER_OFFSET,
  VolumeHeader,
} from '../../src/formats/filesystems/hfsplus/structs.ts';
import { openVolume } from '../../src/formats/filesystems/hfsplus/volume.ts';
import { NEW_YEAR } from './memory-tree.ts';

export type TreeName = 'extents' | 'catalog' | 'attributes';

const FILES = { extents: 'extentsFile', catalog: 'catalogFile', attributes: 'attributesFile' } as const;

/** One record of a node to be written. */
export interface NewRecord {
  readonly key: Uint8Array;
  readonly data: Uint8Array;
}

export class VolumeBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  static async of(tree: FileTree, options: Partial<FormatOptions> = {}): Promise<VolumeBytes> {
    const volume = await format(tree, { volumeId: 1n, created: NEW_YEAR, ...options });
    return new VolumeBytes(await volume.read(0, volume.size));
  }

  copy(): VolumeBytes {
    return new VolumeBytes(this.bytes.slice());
  }

  get disk(): Disk {
    return bytesDisk(this.bytes);
  }

  get header(): VolumeHeader {
    return VolumeHeader.read(this.bytes, VOLUME_HEADER_OFFSET);
  }

  get blockSize(): number {
    return this.header.blockSize;
  }

  /** Writes some fields of the volume header. */
  setHeader(change: Partial<VolumeHeader>): void {
    VolumeHeader.write({ ...this.header, ...change }, this.bytes, VOLUME_HEADER_OFFSET);
  }

  /** Where a tree's file begins. */
  tree(name: TreeName): number {
    return this.header[FILES[name]].extents[0].startBlock * this.blockSize;
  }

  treeHeader(name: TreeName): HeaderRecord {
    return HeaderRecord.read(this.bytes, this.tree(name) + NodeDescriptor.size);
  }

  setTreeHeader(name: TreeName, change: Partial<HeaderRecord>): void {
    HeaderRecord.write({ ...this.treeHeader(name), ...change }, this.bytes, this.tree(name) + NodeDescriptor.size);
  }

  node(name: TreeName, number: number): number {
    return this.tree(name) + number * this.treeHeader(name).nodeSize;
  }

  descriptor(name: TreeName, number: number): NodeDescriptor {
    return NodeDescriptor.read(this.bytes, this.node(name, number));
  }

  /** Where a record of a node begins; one past the last gives the start of free space. */
  record(name: TreeName, number: number, index: number): number {
    return this.node(name, number) + this.view.getUint16(this.offsetEntry(name, number, index));
  }

  /** Where a node says where one of its records begins. */
  offsetEntry(name: TreeName, number: number, index: number): number {
    return this.node(name, number) + this.treeHeader(name).nodeSize - 2 * (index + 1);
  }

  /** Where the data of a catalog record is, found by key. */
  async item(parent: number, name: string): Promise<number> {
    const volume = await openVolume(this.disk);
    const found = await volume.catalog.get(volume.catalogKey(parent, name));
    if (!found) throw new Error(`no record of "${name}" in folder ${parent}`);
    return found.leaf.offset + found.leaf.data[found.index];
  }

  async file(parent: number, name: string): Promise<{ at: number; record: CatalogFile }> {
    const at = await this.item(parent, name);
    return { at, record: CatalogFile.read(this.bytes, at) };
  }

  async folder(parent: number, name: string): Promise<{ at: number; record: CatalogFolder }> {
    const at = await this.item(parent, name);
    return { at, record: CatalogFolder.read(this.bytes, at) };
  }

  /** Fills a node with records and nothing else. */
  writeNode(name: TreeName, number: number, descriptor: Partial<NodeDescriptor>, records: readonly NewRecord[]): void {
    const at = this.node(name, number);
    const { nodeSize } = this.treeHeader(name);
    this.bytes.fill(0, at, at + nodeSize);
    NodeDescriptor.write({ ...descriptor, numRecords: records.length }, this.bytes, at);
    let start = NodeDescriptor.size;
    for (const [index, { key, data }] of records.entries()) {
      this.view.setUint16(at + nodeSize - 2 * (index + 1), start);
      this.bytes.set(key, at + start);
      this.bytes.set(data, at + start + key.length);
      start += key.length + data.length + (data.length & 1);
    }
    this.view.setUint16(at + nodeSize - 2 * (records.length + 1), start);
  }

  /** The records of a node. */
  records(name: TreeName, number: number): NewRecord[] {
    const { numRecords } = this.descriptor(name, number);
    return Array.from({ length: numRecords }, (_, index) => {
      const start = this.record(name, number, index);
      const keyEnd = start + 2 + this.view.getUint16(start);
      return { key: this.bytes.slice(start, keyEnd), data: this.bytes.slice(keyEnd, this.record(name, number, index + 1)) };
    });
  }

  /** Sets or clears the bit of a block. */
  markBlock(block: number, used: boolean): void {
    const at = this.header.allocationFile.extents[0].startBlock * this.blockSize + (block >> 3);
    const mask = 0x80 >> (block & 7);
    this.bytes[at] = used ? this.bytes[at] | mask : this.bytes[at] & ~mask;
  }

  /** Makes the alternate header what the header is. */
  copyHeader(): void {
    this.bytes.copyWithin(this.bytes.length - 1024, VOLUME_HEADER_OFFSET, VOLUME_HEADER_OFFSET + VolumeHeader.size);
  }
}
