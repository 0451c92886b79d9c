/** The set of volume descriptors of a planned volume. Source: ECMA-119 8.2 to 8.5, El Torito 2.0; Joliet level 3. */
import { DisksealError } from '../../../../core/errors.ts';
import { descriptorField, VOLUME_NAME_SIZE } from '../chosen-views.ts';
import { storedDate, type Warn } from '../stored-metadata.ts';
import { BootRecord, DescriptorType, EL_TORITO, SECTOR, STANDARD_ID, Terminator, VolumeDescriptor } from '../structs.ts';
import type { DirectoryTree } from './directory-tree.ts';
import { Column, Kind, type TreeIndex } from './tree-index.ts';
import type { TreeNames } from './tree-names.ts';

/** What a volume says of itself beside its name; texts are printable ASCII, all but the files 128 characters at most (Joliet: 64). */
export interface VolumeFields {
  /** 32 characters (Joliet: 16). */
  readonly system?: string | undefined;
  readonly volumeSet?: string | undefined;
  readonly publisher?: string | undefined;
  readonly preparer?: string | undefined;
  readonly application?: string | undefined;
  /** Names of files in the root. */
  readonly copyrightFile?: string | undefined;
  readonly abstractFile?: string | undefined;
  readonly bibliographicFile?: string | undefined;
  /** Unix seconds. */
  readonly expires?: number | undefined;
  readonly effective?: number | undefined;
}

export interface DescribedTree {
  readonly tree: DirectoryTree;
  readonly names: TreeNames;
  readonly isJoliet: boolean;
  /** Sectors of the path tables. */
  readonly littleTable: number;
  readonly bigTable: number;
  /** Bytes of each. */
  readonly pathTableSize: number;
}

export interface DescribedVolume {
  readonly index: TreeIndex;
  /** Unix seconds. */
  readonly created: number;
  readonly fields: VolumeFields;
  readonly spaceSectors: number;
  readonly warn?: Warn | undefined;
}

const JOLIET_LEVEL_3 = Uint8Array.of(0x25, 0x2f, 0x45);

export function treeDescriptor(volume: DescribedVolume, described: DescribedTree): Uint8Array {
  const { tree, isJoliet, littleTable, bigTable, pathTableSize } = described;
  const created = storedDate(volume.created, 'created', '', volume.warn);
  const escapeSequences = new Uint8Array(32);
  if (isJoliet) escapeSequences.set(JOLIET_LEVEL_3);
  return VolumeDescriptor.write({
    type: isJoliet ? DescriptorType.supplementary : DescriptorType.primary,
    standardIdentifier: STANDARD_ID,
    version: 1,
    ...textsOf(volume, described),
    ...filesOf(volume, described),
    volumeSpaceSize: volume.spaceSectors,
    escapeSequences,
    volumeSetSize: 1,
    volumeSequenceNumber: 1,
    logicalBlockSize: SECTOR,
    pathTableSize,
    typeLPathTable: littleTable,
    typeMPathTable: bigTable,
    rootDirectory: tree.rootRecord(),
    creationDate: created,
    modificationDate: created,
    expirationDate: storedDate(volume.fields.expires, 'expires', '', volume.warn),
    effectiveDate: storedDate(volume.fields.effective, 'effective', '', volume.warn),
    fileStructureVersion: 1,
    applicationUse: isJoliet ? new Uint8Array(512) : new Uint8Array(512).fill(0x20),
  });
}

function textsOf({ index, fields, warn }: DescribedVolume, { isJoliet }: DescribedTree) {
  const text = (value: string | undefined, size: number, what: string): Uint8Array =>
    descriptorField(value ?? '', size, isJoliet, what, warn);
  return {
    systemIdentifier: text(fields.system, 32, 'system identifier'),
    volumeIdentifier: text(index.names[0], VOLUME_NAME_SIZE, 'name of the volume'),
    volumeSetIdentifier: text(fields.volumeSet, 128, 'volume set'),
    publisherIdentifier: text(fields.publisher, 128, 'publisher'),
    dataPreparerIdentifier: text(fields.preparer, 128, 'preparer'),
    applicationIdentifier: text(fields.application, 128, 'application'),
  };
}

/** 8.4.25: identifiers of files in the root. */
function filesOf({ index, fields }: DescribedVolume, { names, isJoliet }: DescribedTree) {
  const identifier = (name: string | undefined): Uint8Array => {
    const none = descriptorField('', 37, isJoliet, '');
    if (name === undefined) return none;
    const entry = name.includes('/') ? undefined : index.find(name);
    if (entry === undefined || index.get(entry, Column.kind) !== Kind.file) {
      throw new DisksealError('E_ISO9660', 'the volume names this file, which is not in its root', { path: name });
    }
    const given = names.identifier(entry);
    // What is too long cannot be said: half a name would be another file's.
    if (given.length <= none.length - (isJoliet ? 1 : 0)) none.set(given);
    return none;
  };
  return {
    copyrightFileIdentifier: identifier(fields.copyrightFile),
    abstractFileIdentifier: identifier(fields.abstractFile),
    bibliographicFileIdentifier: identifier(fields.bibliographicFile),
  };
}

export function bootRecord(catalogSector: number): Uint8Array {
  return BootRecord.write({
    type: DescriptorType.bootRecord,
    standardIdentifier: STANDARD_ID,
    version: 1,
    bootSystemIdentifier: EL_TORITO,
    bootCatalog: catalogSector,
  });
}

export function terminator(): Uint8Array {
  return Terminator.write({ type: DescriptorType.terminator, standardIdentifier: STANDARD_ID, version: 1 });
}
