/**
 * Checks the records of the attributes file. Source: hfs_format.h (HFSPlusAttrData, HFSPlusAttrForkData, HFSPlusAttrExtents);
 * what fsck_hfs refuses (SVerify1.c, CheckAttributeRecord).
 */
import type { AttributeKey } from '../btree/key.ts';
import type { KeyedNode } from '../btree/tree.ts';
import { requireForkSize } from '../fork.ts';
import { AttributeData, AttributeExtents, AttributeFork, AttributeType, Cnid, type ExtentDescriptor, RecordFlag } from '../structs.ts';
import type { CatalogCheck } from './catalog.ts';
import type { ExtentsCheck } from './extents.ts';
import type { Faults } from './faults.ts';

const SECURITY_ATTRIBUTE = 'com.apple.system.Security';

/** A fork with the records of its further extents, which follow it. */
interface OpenFork {
  readonly fileID: number;
  readonly name: string;
  readonly fork: AttributeFork['theFork'];
  readonly offset: number;
  readonly overflow: { startBlock: number; extents: readonly ExtentDescriptor[]; offset: number }[];
}

export class AttributesCheck {
  readonly #faults: Faults;
  readonly #extents: ExtentsCheck;
  #fork: OpenFork | undefined;
  /** By file id: the record flags that its attributes ask for, and where the first one is. */
  readonly #flags = new Map<number, { flags: number; offset: number }>();

  constructor(extents: ExtentsCheck, faults: Faults) {
    this.#extents = extents;
    this.#faults = faults;
  }

  /** Takes one record, in the order of keys. */
  record(leaf: KeyedNode<AttributeKey>, index: number): void {
    const key = leaf.keys[index]!;
    const at = leaf.data[index]!;
    const offset = leaf.offset + at;
    const bytes = new Uint8Array(leaf.view.buffer, leaf.view.byteOffset + at, leaf.starts[index + 1]! - at);
    const type = bytes.length < 4 ? 0 : leaf.view.getUint32(at);
    if (key.name === '') this.#faults.error('name', `an attribute of file ${key.fileID} has no name`, offset, 'AttributeKey.attrName');
    if (type === AttributeType.extents) {
      this.#moreExtents(key, bytes, offset);
      return;
    }
    this.#closeFork();
    this.#note(key, offset);
    if (key.startBlock !== 0) this.#wrong('begins at a block', key, offset, 'AttributeKey.startBlock');
    if (type === AttributeType.inline) this.#inline(key, bytes, offset);
    else if (type === AttributeType.fork) this.#openFork(key, bytes, offset);
    else this.#faults.error('record-type', `an attribute record has the type ${type}`, offset, 'AttributeRecord.recordType');
  }

  /** Compares with what the catalog says of attributes. */
  finish(catalog: CatalogCheck): void {
    this.#closeFork();
    for (const [fileID, { flags, offset }] of this.#flags) {
      const found = catalog.flagsOf(fileID);
      // The volume's own files may have attributes without a record (fsck_hfs, RecordLastAttrBits).
      if (found === undefined) {
        if (fileID >= Cnid.firstUser) this.#faults.error('orphan-attribute', `attributes of file ${fileID}, which does not exist`, offset);
      } else if ((found & flags) !== flags) {
        this.#faults.error('attribute-flag', `file ${fileID} has attributes, its record does not say so`, offset, 'CatalogFile.flags');
      }
    }
    for (const { id, flags, offset } of catalog.withAttributes()) {
      const asked = this.#flags.get(id)?.flags ?? 0;
      if ((flags & ~asked) === 0) continue;
      this.#faults.error('attribute-flag', `file ${id} has no such attributes as its record says`, offset, 'CatalogFile.flags');
    }
  }

  #note({ fileID, name }: AttributeKey, offset: number): void {
    const known = this.#flags.get(fileID) ?? { flags: 0, offset };
    known.flags |= name === SECURITY_ATTRIBUTE ? RecordFlag.hasAttributes | RecordFlag.hasSecurity : RecordFlag.hasAttributes;
    this.#flags.set(fileID, known);
  }

  #inline(key: AttributeKey, bytes: Uint8Array, offset: number): void {
    if (bytes.length < AttributeData.size) {
      this.#faults.error('record-length', `an attribute record has ${bytes.length} bytes`, offset, 'AttributeData');
      return;
    }
    const { attrSize, reserved } = AttributeData.read(bytes, 0, offset);
    const room = bytes.length - AttributeData.size;
    if (attrSize > room) this.#wrong(`has ${attrSize} bytes of data in ${room}`, key, offset + 12, 'AttributeData.attrSize');
    else if (attrSize + (attrSize & 1) !== room) {
      this.#faults.warning(
        'record-length',
        `an attribute record has room for ${room} bytes and ${attrSize} in it`,
        offset,
        'AttributeData',
      );
    }
    if (reserved.some((word) => word !== 0))
      this.#faults.warning('reserved-field', 'reserved fields of an attribute are not zero', offset + 4);
  }

  #openFork({ fileID, name }: AttributeKey, bytes: Uint8Array, offset: number): void {
    if (bytes.length !== AttributeFork.size) {
      this.#faults.error('record-length', `an attribute's fork record has ${bytes.length} bytes`, offset, 'AttributeFork');
      return;
    }
    try {
      requireForkSize(bytes, 8, { offset: offset + 8, field: 'AttributeFork.theFork' });
    } catch (error) {
      this.#faults.caught('fork-size', error);
      return;
    }
    this.#fork = { fileID, name, fork: AttributeFork.read(bytes, 0, offset).theFork, offset, overflow: [] };
  }

  #moreExtents(key: AttributeKey, bytes: Uint8Array, offset: number): void {
    if (bytes.length !== AttributeExtents.size) {
      this.#faults.error('record-length', `an attribute's extents record has ${bytes.length} bytes`, offset, 'AttributeExtents');
    } else if (this.#fork?.fileID !== key.fileID || this.#fork.name !== key.name) {
      this.#wrong('has further extents without a fork', key, offset, 'AttributeExtents.recordType');
    } else {
      const { extents } = AttributeExtents.read(bytes, 0, offset);
      this.#fork.overflow.push({ startBlock: key.startBlock, extents, offset });
    }
  }

  #closeFork(): void {
    const open = this.#fork;
    if (open) this.#extents.forkWith(-open.fileID, open.fork, { offset: open.offset + 8, field: 'AttributeFork.theFork' }, open.overflow);
    this.#fork = undefined;
  }

  #wrong(what: string, { fileID, name }: AttributeKey, offset: number, field: string): void {
    this.#faults.error('attribute-record', `the attribute "${name}" of file ${fileID} ${what}`, offset, field);
  }
}
