/**
 * The pipeline from a tree to sealed images: plan the volumes and disks, then read every source once. The first image, a DMG when there
 * is one, is written front to back, and the others are filled from the contents that pass by.
 */
import { DisksealError } from '../core/errors.ts';
import { type FileTree, walk } from '../core/file-tree.ts';
import type { ReadableSink } from '../core/platform.ts';
import type { Statement } from '../seal/statement.ts';
import { contentDigests } from './content-digests.ts';
import { packDmg } from './dmg.ts';
import { binImage, type FollowingImage, type FollowingInput, isoImage, isoReserve, rawImage } from './following-image.ts';
import type { Identifiers } from './identifiers.ts';
import { type Inventories, inventoriesOf } from './inventory.ts';
import { linkNames } from './link-names.ts';
import type { BuildOptions, BuildPlan, BuildResult, ImageOutput } from './plan.ts';
import { gptDisk, identifiersOf, planHfsPlus, planIso, rawDisk } from './volumes.ts';

/**
 * Builds images of one tree. Memory: the tree's metadata and a few MiB of runs under way.
 * @param outputs - of different targets
 * @returns a result for each output, in their order
 * @throws DisksealError `E_HFSPLUS`, `E_ISO9660`, `E_UDF`, `E_BINCUE` for what a volume cannot hold, `E_CHANGED`, `E_READ`, `E_WRITE`,
 *   `E_KEY`, `E_HTTP` for a timestamp that cannot be had
 */
export async function buildImages(plan: BuildPlan, outputs: readonly ImageOutput[], options: BuildOptions): Promise<BuildResult[]> {
  refuseTwoContents(plan, outputs);
  const ids = await identifiersOf(plan, options.platform);
  const needsHfsPlus = outputs.some(({ target }) => target === 'dmg' || target === 'raw');
  const hfsPlus = needsHfsPlus ? await planHfsPlus(plan, ids, options.warn) : undefined;
  const nameOf = outputs.every(({ target }) => target === 'dmg') ? undefined : await linkNames(plan.tree);
  const following = new Map<ImageOutput, FollowingImage>();
  for (const output of outputs) {
    if (output.target === 'dmg' || !nameOf) continue;
    const input = { plan, output, nameOf, options };
    const image =
      output.target === 'raw'
        ? await rawImage(rawDisk(hfsPlus!, plan, ids), input)
        : await withoutDressing(await isoOrBin(ids, input), hfsPlus?.added);
    following.set(output, image);
  }
  const dmg = outputs.find(({ target }) => target === 'dmg');
  const leading = dmg && { sink: dmg.sink, volume: hfsPlus!, disk: gptDisk(hfsPlus!, plan, ids) };
  const followers = [...following.values()];
  // A raw image lacks nothing that another one has.
  const first = [...following].find(([{ target }]) => target === 'raw')?.[1] ?? followers[0];
  const pass = leading ? await packDmg({ plan, ...leading, followers }, options) : await storeFirst(first!, followers, options);
  for (const image of followers) await image.finish();
  const inventories = pass.digests && (await inventoriesOf(plan.tree, hfsPlus?.added, pass.digests, options.platform));
  const entries = inventories?.content.length ?? (await countEntries(plan.tree));
  // At once: while one is compared with the inventory another is hashed. All are waited for, since the caller takes failed ones away.
  const sealed = await Promise.allSettled(
    outputs.map(async (output): Promise<BuildResult> => {
      const image = following.get(output);
      const statement = await (image ? image.seal(inventories!) : pass.finish(inventories ?? { content: [], dressing: [] }));
      const diskSize = image?.planned.disk.size ?? leading!.disk.size;
      return { size: output.sink.position, diskSize, entries, ...(statement ? { statement } : {}) };
    }),
  );
  return sealed.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** One DMG, written front to back. @throws DisksealError as `buildImages` */
export async function buildDmg(plan: BuildPlan, sink: ReadableSink, options: BuildOptions): Promise<BuildResult> {
  const [result] = await buildImages(plan, [{ target: 'dmg', sink }], options);
  return result!;
}

async function isoOrBin(ids: Identifiers, input: FollowingInput): Promise<FollowingImage> {
  const { plan, output, options } = input;
  if (output.target === 'iso') return isoImage(await planIso(plan, ids, await isoReserve(plan, options), options.warn), input);
  // Raw sectors are for a disc, which has no partitions.
  const disc = { ...plan, iso: { ...plan.iso, hybrid: undefined } };
  return binImage(await planIso(disc, ids, () => 0, options.warn), input);
}

/** An image that holds the contents alone, whatever else passes by. @param added - the dressing of another volume */
async function withoutDressing(image: FollowingImage, added: FileTree | undefined): Promise<FollowingImage> {
  const paths = new Set<string>();
  if (added) for await (const { path } of walk(added.root)) paths.add(path);
  return { ...image, put: (path, offset, bytes) => (paths.has(path) ? Promise.resolve() : image.put(path, offset, bytes)) };
}

/** A boot loader that is told where it lies is another file in the ISO image than in the others. */
function refuseTwoContents({ iso }: BuildPlan, outputs: readonly ImageOutput[]): void {
  const changed = iso?.boot?.find(({ infoTable }) => infoTable);
  if (!changed || outputs.every(({ target }) => target === 'iso')) return;
  throw new DisksealError(
    'E_MANIFEST',
    `${changed.path} is changed in an ISO image (infoTable), and the other images would hold another file`,
    {
      hint: 'build the ISO image by itself',
    },
  );
}

interface Pass {
  readonly digests: ReadonlyMap<string, Uint8Array> | undefined;
  finish(inventories: Inventories): Promise<Statement | undefined>;
}

/** Writes one image front to back; the others take the contents that pass. @param first - an image that lacks none of them */
async function storeFirst(first: FollowingImage, all: readonly FollowingImage[], options: BuildOptions): Promise<Pass> {
  const others = all.filter((image) => image !== first);
  const digests = contentDigests(first.planned.contents(), 0, options.platform, others);
  await first.store({ ...options, observe: (position, bytes) => digests.observe(position, bytes) });
  return { digests: await digests.finish(), finish: async () => undefined };
}

async function countEntries(tree: FileTree): Promise<number> {
  let count = 0;
  for await (const _ of walk(tree.root)) count++;
  return count;
}

export type { BuildOptions, BuildPlan, BuildResult, ImageOutput } from './plan.ts';
