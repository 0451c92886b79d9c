/**
 * A strict checker: what fsck_hfs refuses, and more. Sources: TN1150; fsck_hfs of Apple's hfs project for what is an error in
 * practice; volumes made by hdiutil, newfs_hfs and Linux for what is not.
 *
 * Checked: both headers, the journal's state, all three B-trees down to the zeros of unused nodes, each record of the catalog
 * and of the attributes file, threads, counts, hard links, forks, and the allocation file bit by bit.
 * Left out: chains of hard links to folders, access control lists, what is inside files.
 */
import type { Disk } from '../../../core/disk.ts';
import { attributeKeys, type CatalogKey, catalogKeys, extentKeys } from './btree/key.ts';
import { BTree, readHeader, type TreeFile } from './btree/tree.ts';
import { checkAllocation } from './check/allocation.ts';
import { AttributesCheck } from './check/attributes.ts';
import { CatalogCheck } from './check/catalog.ts';
import { ExtentsCheck } from './check/extents.ts';
import { type Fault, Faults } from './check/faults.ts';
import { checkHeaders } from './check/headers.ts';
import { checkTree } from './check/tree.ts';
import type { Blocks } from './fork.ts';
import { ForkType, KeyCompare, MaxKeyLength, SIGNATURE_HFSX, TreeAttribute, VolumeAttribute, type VolumeHeader } from './structs.ts';
import { isCaseSensitive, overflowOf, specialFile } from './volume.ts';
import { type SpecialFile, specialFork, specialForks } from './volume-header.ts';

export type { Fault, FaultCode } from './check/faults.ts';

/**
 * Checks a volume. Reads all of its metadata once, and no file's content.
 * Counts and blocks are compared only when every record could be reached: a broken tree is one fault, not a thousand.
 * @returns every fault found, at most twenty of one kind; none for a good volume. Warnings are what good volumes show too
 * @throws DisksealError only when the disk cannot be read
 */
export async function check(disk: Disk): Promise<Fault[]> {
  const faults = new Faults();
  const header = await checkHeaders(disk, faults);
  if (header) await new VolumeCheck(disk, header, faults).run();
  return faults.all();
}

const BIG_AND_VARIABLE = TreeAttribute.bigKeys | TreeAttribute.variableIndexKeys;

class VolumeCheck {
  readonly #header: VolumeHeader;
  readonly #blocks: Blocks;
  readonly #faults: Faults;
  readonly #extents: ExtentsCheck;
  readonly #unusedAreZero: boolean;
  #tree: BTree<{ fileID: number; forkType: number; startBlock: number }> | undefined;

  constructor(disk: Disk, header: VolumeHeader, faults: Faults) {
    this.#header = header;
    this.#faults = faults;
    this.#blocks = { disk, blockSize: header.blockSize, totalBlocks: header.totalBlocks };
    this.#extents = new ExtentsCheck(this.#blocks, faults);
    this.#unusedAreZero = header.attributes >= VolumeAttribute.unusedNodesZeroed;
  }

  async run(): Promise<void> {
    const extentsWhole = await this.#extentsTree();
    if (!extentsWhole) return;
    for (const { id, fork, claim } of specialForks(this.#header)) this.#extents.fork(id, ForkType.data, fork, claim);
    const catalog = new CatalogCheck(this.#header, this.#extents, this.#faults);
    const attributes = new AttributesCheck(this.#extents, this.#faults);
    const catalogWhole = await this.#catalogTree(catalog);
    const attributesWhole = await this.#attributesTree(attributes);
    if (catalogWhole) catalog.finish();
    if (!catalogWhole || !attributesWhole) return;
    attributes.finish(catalog);
    this.#extents.finish();
    const bitmap = await this.#file('allocationFile');
    if (bitmap) await checkAllocation(bitmap, this.#blocks, this.#header, this.#extents.used, this.#faults);
  }

  async #extentsTree(): Promise<boolean> {
    const file = await this.#file('extentsFile');
    if (!file) return false;
    const rules = { keys: extentKeys, maxKeyLength: MaxKeyLength.extents, keyCompareTypes: [], unusedAreZero: this.#unusedAreZero };
    const whole = await checkTree(file, { ...rules, attributes: TreeAttribute.bigKeys }, this.#faults, (leaf, index) =>
      this.#extents.overflowRecord(leaf, index),
    );
    this.#tree = whole ? await BTree.open(file, 'extentsFile', () => extentKeys) : undefined;
    return whole;
  }

  async #catalogTree(catalog: CatalogCheck): Promise<boolean> {
    const file = await this.#file('catalogFile');
    const tree = file && (await this.#faults.step('tree-header', () => readHeader(file, 'catalogFile')));
    if (!file || !tree) return false;
    const keys = catalogKeys(isCaseSensitive(this.#header, tree));
    // HFS+ itself needs no such field, yet every maker fills it in, or leaves it zero.
    const keyCompareTypes =
      this.#header.signature === SIGNATURE_HFSX ? [KeyCompare.caseFolding, KeyCompare.binary] : [KeyCompare.caseFolding, 0];
    const rules = { keys, keyCompareTypes, maxKeyLength: MaxKeyLength.catalog, unusedAreZero: this.#unusedAreZero };
    return checkTree<CatalogKey>(file, { ...rules, attributes: BIG_AND_VARIABLE }, this.#faults, (leaf, index) =>
      catalog.record(leaf, index),
    );
  }

  async #attributesTree(attributes: AttributesCheck): Promise<boolean> {
    if (this.#header.attributesFile.totalBlocks === 0) return true;
    const file = await this.#file('attributesFile');
    if (!file) return false;
    const rules = { keys: attributeKeys, keyCompareTypes: [], maxKeyLength: MaxKeyLength.attributes, unusedAreZero: this.#unusedAreZero };
    return checkTree(file, { ...rules, attributes: BIG_AND_VARIABLE }, this.#faults, (leaf, index) => attributes.record(leaf, index));
  }

  async #file(name: SpecialFile): Promise<TreeFile | undefined> {
    const { id } = specialFork(this.#header, name);
    const overflow = this.#tree && overflowOf(this.#tree, id, ForkType.data);
    return this.#faults.step('extent-record', () => specialFile(this.#blocks, this.#header, name, overflow));
  }
}
