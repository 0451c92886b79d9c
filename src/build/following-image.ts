/**
 * A raw, ISO or BIN image: stored front to back when it is the first of a build, else filled as contents pass by on their way into the
 * first; then sealed, within where there is a place for a seal, else beside it.
 */
import { type Disk, locatedDisk } from '../core/disk.ts';
import type { FileTree } from '../core/file-tree.ts';
import type { PlannedContent } from '../core/planned-volume.ts';
import type { FillableSink } from '../core/platform.ts';
import { writeCueSheet } from '../formats/containers/bincue/cue-sheet.ts';
import { pack as packBin } from '../formats/containers/bincue/pack.ts';
import { open as openHfsPlus } from '../formats/filesystems/hfsplus/open.ts';
import { open as openIso9660 } from '../formats/filesystems/iso9660/open.ts';
import { open as openUdf } from '../formats/filesystems/udf/open.ts';
import { openPartitions } from '../formats/partitions/open.ts';
import { GPT_COPY } from '../formats/partitions/system-area.ts';
import { areaSize } from '../seal/area.ts';
import { type Coverage, leafCount } from '../seal/coverage.ts';
import { hashCoverage } from '../seal/hash-coverage.ts';
import { compareHybridViews, compareUdfAnchors } from '../seal/hybrid-views.ts';
import { encodeInventory } from '../seal/inventory.ts';
import { makeSeal, type SealLists } from '../seal/make-seal.ts';
import { coverageOf } from '../seal/place.ts';
import { RAW_ALIGNMENT } from '../seal/raw-image.ts';
import { detachedSeal } from '../seal/seal-image.ts';
import type { Statement } from '../seal/statement.ts';
import { compareWritten, inHfsPlus } from './compare-views.ts';
import { type Follower, follow } from './follow.ts';
import { type Inventories, inventoryLength } from './inventory.ts';
import type { BuildOptions, BuildPlan, FilledOutput } from './plan.ts';
import { type Digests, type StoreOptions, store } from './store.ts';
import { type PlannedDisk, type PlannedIso, padded, partitionMapOf } from './volumes.ts';

export interface FollowingImage extends Follower {
  /** As planned, without what a seal adds. */
  readonly planned: PlannedDisk;
  /** In place of `put`, when no other image is written before. */
  store(options: Omit<StoreOptions, 'covered' | 'coveredEnd'>): Promise<void>;
  /** After `finish`: seals the image. @returns nothing when the plan has no seal */
  seal(inventories: Inventories): Promise<Statement | undefined>;
}

export interface FollowingInput {
  readonly plan: BuildPlan;
  readonly output: FilledOutput;
  readonly nameOf: (path: string) => string;
  readonly options: BuildOptions;
}

/** @param disk - of the raw image */
export async function rawImage(disk: PlannedDisk, input: FollowingInput): Promise<FollowingImage> {
  const { plan, output, options } = input;
  const map = partitionMapOf(plan.raw);
  // Behind a GUID partition table or a bare volume nothing may be appended: both have a copy of themselves at the end.
  const isEmbedded = plan.seal !== undefined && (map === 'mbr' || map === 'apm');
  const planned = isEmbedded ? padded(disk, RAW_ALIGNMENT) : disk;
  if (plan.seal && !isEmbedded)
    sayDetached(`behind ${map === 'gpt' ? 'a GUID partition table' : 'a bare volume'} nothing can stand`, input);
  const filling = fill(planned, output.sink, input, planned.disk.size);
  return {
    ...filling,
    planned,
    async seal(inventories) {
      if (!plan.seal) return undefined;
      const { partitions } = map === 'none' ? { partitions: [] } : await openPartitions(output.sink.written());
      const volume = partitions[0]?.disk ?? output.sink.written();
      const tree = await openHfsPlus(locatedDisk(volume));
      const stated = [...inventories.content, ...inventories.dressing];
      await compareWritten(tree, stated, relative(disk.contents(), partitions[0]?.position ?? 0), inHfsPlus, options.platform);
      const lists = encoded(inventories);
      if (!isEmbedded) return sealBeside(lists, input, filling.digests());
      const offset = planned.disk.size;
      const size = areaSizeFor(lists, leafCount([[0, offset]]), RAW_ALIGNMENT);
      return embed(coverageOf('raw', 'embedded', { offset, size }, offset + size), lists, input, filling.digests());
    },
  };
}

/** Bytes that a seal of a volume's content needs at its end. @param before - bytes of the volume before it */
export async function isoReserve({ tree, seal, iso }: BuildPlan, { platform }: BuildOptions): Promise<(before: number) => number> {
  // UDF has an anchor in the last sector, where a seal would end.
  if (!seal || iso?.udf) return () => 0;
  const lengths = { content: { length: await inventoryLength(tree, platform) }, dressing: { length: 0 } };
  const behind = leafCount([[0, behindVolume({ iso })]]);
  return (before) => areaSizeFor(lengths, leafCount([[0, before]]) + behind, 1);
}

/** Bytes. */
function behindVolume({ iso }: Pick<BuildPlan, 'iso'>): number {
  return iso?.hybrid?.map === 'gpt' ? GPT_COPY : 0;
}

/** @param planned - with room for the seal at its end, as `isoReserve` says */
export async function isoImage(planned: PlannedIso, input: FollowingInput): Promise<FollowingImage> {
  const { plan, output } = input;
  if (plan.seal && plan.iso?.udf) sayDetached('the UDF volume has an anchor at its end', input);
  const { reserved, disk } = planned;
  const isEmbedded = reserved.size > 0;
  const filling = fill(planned, output.sink, input, isEmbedded ? reserved.offset : disk.size, isEmbedded ? behindVolume(plan) : 0);
  return {
    ...filling,
    planned,
    async seal({ content }) {
      if (!plan.seal) return undefined;
      await compareIso(output.sink.written(), planned, content, input);
      const lists = encoded({ content, dressing: [] });
      if (!isEmbedded) return sealBeside(lists, input, filling.digests());
      return embed(coverageOf('iso', 'embedded', reserved, disk.size), lists, input, filling.digests());
    },
  };
}

/** @param planned - the ISO image that the sectors hold */
export async function binImage(planned: PlannedDisk, input: FollowingInput): Promise<FollowingImage> {
  const { plan, output, options } = input;
  const mode = plan.bin?.mode ?? 'MODE1/2352';
  if (plan.seal) sayDetached('a BIN image has none', input);
  const stage = mode === 'MODE1/2048' ? output.sink : await output.scratch();
  const isStaged = stage !== output.sink;
  const filling = fill(planned, stage, input, isStaged ? 0 : planned.disk.size);
  return {
    ...filling,
    planned,
    async finish() {
      await filling.finish();
      if (isStaged) await packBin(stage.written(), output.sink, options);
      const sheet = await output.beside('cue');
      await sheet.write(new TextEncoder().encode(writeCueSheet({ file: output.name, mode })));
    },
    async seal({ content }) {
      if (!plan.seal) return undefined;
      await compareIso(stage.written(), planned, content, input);
      return sealBeside(encoded({ content, dressing: [] }), input, isStaged ? undefined : filling.digests());
    },
  };
}

interface Filling extends Follower {
  store(options: Omit<StoreOptions, 'covered' | 'coveredEnd'>): Promise<void>;
  /** Of what a seal covers; present after `store`. */
  digests(): Digests | undefined;
}

/**
 * @param covered - how many bytes a seal covers, from the first one on; those are hashed when the image is stored front to back
 * @param coveredEnd - and how many at the end
 */
function fill(planned: PlannedDisk, sink: FillableSink, { plan, nameOf }: FollowingInput, covered: number, coveredEnd = 0): Filling {
  let stored: Digests | undefined;
  let follower: Promise<Follower> | undefined;
  const following = (): Promise<Follower> => (follower ??= follow(planned.disk, planned.contents(), sink, nameOf));
  return {
    put: async (path, offset, bytes) => (await following()).put(path, offset, bytes),
    async finish() {
      if (!stored) await (await following()).finish();
    },
    async store(options) {
      stored = await store(planned.disk, sink, { ...options, ...(plan.seal ? { covered, coveredEnd } : {}) });
    },
    digests: () => stored,
  };
}

function encoded({ content, dressing }: Inventories): SealLists {
  return { content: encodeInventory(content), dressing: encodeInventory(dressing) };
}

interface Lengths {
  readonly content: { readonly length: number };
  readonly dressing: { readonly length: number };
}

function areaSizeFor({ content, dressing }: Lengths, leaves: number, step: number): number {
  const size = areaSize({ contentLength: content.length, dressingLength: dressing.length, tableLength: 32 * leaves });
  return Math.ceil(size / step) * step;
}

async function embed(
  coverage: Coverage,
  lists: SealLists,
  { plan, output, options }: FollowingInput,
  known: Digests | undefined,
): Promise<Statement> {
  const { sink } = output;
  const digests = known ?? (await hashCoverage(sink.written(), coverage.covered, coverage.masked, options.platform));
  const subject = { ...plan.seal!, identity: plan.identity };
  const { statement, area } = await makeSeal(subject, coverage, digests, lists, options.platform);
  if (sink.position < coverage.imageSize) await sink.resize(coverage.imageSize);
  await sink.writeAt(coverage.seal.offset, area);
  return statement;
}

async function sealBeside(lists: SealLists, { plan, output, options }: FollowingInput, known: Digests | undefined): Promise<Statement> {
  const subject = { ...plan.seal!, identity: plan.identity };
  const { statement, area } = await detachedSeal(output.sink.written(), subject, lists, options.platform, known);
  const file = await output.beside('seal');
  await file.write(area);
  return statement;
}

function sayDetached(why: string, { output, options }: FollowingInput): void {
  options.warn?.(`${output.name} gets a seal in a file of its own, ${output.name}.seal: ${why}`);
}

async function compareIso(
  image: Disk,
  planned: PlannedDisk,
  inventory: Inventories['content'],
  { plan, options }: FollowingInput,
): Promise<void> {
  const isUdf = plan.iso?.udf === 'only';
  const tree: FileTree = await (isUdf ? openUdf : openIso9660)(locatedDisk(image));
  await compareWritten(tree, inventory, planned.contents(), (name) => name, options.platform);
  await (isUdf ? compareUdfAnchors : compareHybridViews)(image);
}

function* relative(contents: Iterable<PlannedContent>, start: number): Generator<PlannedContent> {
  for (const content of contents) yield { ...content, position: content.position - start };
}
