/** An image in memory that a test reads and breaks by the names of its structures. */
import { bytesDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { type PlacedRecord, readRecords } from '../../src/formats/filesystems/iso9660/directory.ts';
import { type FormatOptions, format } from '../../src/formats/filesystems/iso9660/format.ts';
import { DirectoryRecord, SECTOR, VolumeDescriptor } from '../../src/formats/filesystems/iso9660/structs.ts';
import { type DescriptorSet, readDescriptors } from '../../src/formats/filesystems/iso9660/volume-descriptors.ts';
import { NEW_YEAR } from '../support/memory-tree.ts';

export class ImageBytes {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static async of(tree: FileTree, options: Partial<FormatOptions> = {}): Promise<ImageBytes> {
    const volume = await format(tree, { created: NEW_YEAR, padding: 0, ...options });
    return new ImageBytes(await volume.read(0, volume.size));
  }

  get disk() {
    return bytesDisk(this.bytes);
  }

  descriptors(): Promise<DescriptorSet> {
    return readDescriptors(this.disk);
  }

  /** Records of the directory at a sector, "." and ".." among them. */
  async records(sector: number): Promise<PlacedRecord[]> {
    const [first] = await this.#read(sector, SECTOR);
    return this.#read(sector, first.record.dataLength);
  }

  async #read(sector: number, length: number): Promise<PlacedRecord[]> {
    const all: PlacedRecord[] = [];
    for await (const window of readRecords(this.disk, { start: sector * SECTOR, length })) all.push(...window);
    return all;
  }

  async rootSector(view: 'primary' | 'joliet' = 'primary'): Promise<number> {
    return (await this.descriptors())[view]!.root.extentLocation;
  }

  /** The record of a path in the primary tree, by identifiers. */
  async record(...identifiers: string[]): Promise<PlacedRecord> {
    let sector = await this.rootSector();
    for (const [index, identifier] of identifiers.entries()) {
      const found = (await this.records(sector)).find((record) => String.fromCharCode(...record.identifier) === identifier);
      if (!found) throw new Error(`there is no ${identifier}`);
      if (index === identifiers.length - 1) return found;
      sector = found.record.extentLocation;
    }
    throw new Error('no identifiers');
  }

  /** Changes fields of a record. */
  setRecord({ offset }: PlacedRecord, fields: Partial<DirectoryRecord>): void {
    DirectoryRecord.write({ ...DirectoryRecord.read(this.bytes, offset), ...fields }, this.bytes, offset);
  }

  setDescriptor(sector: number, fields: Partial<VolumeDescriptor>): void {
    VolumeDescriptor.write({ ...VolumeDescriptor.read(this.bytes, sector * SECTOR), ...fields }, this.bytes, sector * SECTOR);
  }

  /** Where a system use entry of a record stands. */
  systemUse({ systemUse, systemUseOffset }: PlacedRecord, signature: string): number {
    for (let at = 0; at + 4 <= systemUse.length && systemUse[at + 2] !== 0; at += systemUse[at + 2]) {
      if (String.fromCharCode(systemUse[at], systemUse[at + 1]) === signature) return systemUseOffset + at;
    }
    throw new Error(`there is no ${signature}`);
  }
}
