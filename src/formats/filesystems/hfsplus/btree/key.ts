/**
 * The three kinds of keys. Sources: TN1150 "Catalog File Key", "Extent Overflow File Key"; hfs_format.h for attributes.
 * Read with a plain DataView because every record that is listed has one; test/hfsplus/structs.test.ts holds them against
 * CatalogKey, ExtentKey and AttributeKey.
 */
import { malformed } from '../malformed.ts';
import { compareBinary, foldKey } from '../names.ts';
import { MAX_ATTRIBUTE_NAME_UNITS, MAX_NAME_UNITS } from '../structs.ts';

/** How one tree's keys are read and ordered. */
export interface KeyFormat<Key> {
  /** The tree's name in messages, as in `catalogFile`. */
  readonly tree: string;
  /**
   * Reads the key of a record. `length` is what the key says of itself, and within the record.
   * @param at - just behind the key length @param offset - where that is on the volume
   */
  read(view: DataView, at: number, length: number, offset: number): Key;
  compare(a: Key, b: Key): number;
}

export interface CatalogKey {
  readonly parent: number;
  /** As stored. */
  readonly name: string;
  /** Keys of one parent are ordered by this. */
  readonly order: string;
}

export interface ExtentKey {
  readonly fileID: number;
  readonly forkType: number;
  readonly startBlock: number;
}

export interface AttributeKey {
  readonly fileID: number;
  readonly name: string;
  readonly startBlock: number;
}

/** @param name - as stored */
export type MakeCatalogKey = (parent: number, name: string) => CatalogKey;

/** @param caseSensitive - HFSX with keyCompareType BC */
export function catalogKeys(caseSensitive: boolean): KeyFormat<CatalogKey> & { readonly of: MakeCatalogKey } {
  const of = (parent: number, name: string) => ({ parent, name, order: caseSensitive ? name : foldKey(name) });
  return {
    tree: 'catalogFile',
    of,
    read(view, at, length, offset) {
      const units = length >= 6 ? view.getUint16(at + 4) : 0;
      if (length !== 6 + 2 * units || units > MAX_NAME_UNITS) {
        throw malformed(`a key of ${length} bytes with a name of ${units} units`, offset - 2, 'CatalogKey.keyLength');
      }
      return of(view.getUint32(at), readUnits(view, at + 6, units));
    },
    compare: (a, b) => a.parent - b.parent || compareBinary(a.order, b.order),
  };
}

export const extentKeys: KeyFormat<ExtentKey> = {
  tree: 'extentsFile',
  read(view, at, length, offset) {
    if (length !== 10) throw malformed(`a key of ${length} bytes`, offset - 2, 'ExtentKey.keyLength');
    return { forkType: view.getUint8(at), fileID: view.getUint32(at + 2), startBlock: view.getUint32(at + 6) };
  },
  compare: (a, b) => a.fileID - b.fileID || a.forkType - b.forkType || a.startBlock - b.startBlock,
};

export const attributeKeys: KeyFormat<AttributeKey> = {
  tree: 'attributesFile',
  read(view, at, length, offset) {
    const units = length >= 12 ? view.getUint16(at + 10) : 0;
    if (length !== 12 + 2 * units || units > MAX_ATTRIBUTE_NAME_UNITS) {
      throw malformed(`a key of ${length} bytes with a name of ${units} units`, offset - 2, 'AttributeKey.keyLength');
    }
    return { fileID: view.getUint32(at + 2), startBlock: view.getUint32(at + 6), name: readUnits(view, at + 12, units) };
  },
  compare: (a, b) => a.fileID - b.fileID || compareBinary(a.name, b.name) || a.startBlock - b.startBlock,
};

/** UTF-16 units as a string; the caller has checked that they are there. */
export function readUnits(view: DataView, at: number, units: number): string {
  let text = '';
  for (let index = 0; index < units; index++) text += String.fromCharCode(view.getUint16(at + 2 * index));
  return text;
}
