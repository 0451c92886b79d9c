/**
 * The pipeline from a tree to a sealed image: plan the volume and the disk, then pack, hash and seal in one pass.
 * Clock, randomness and environment have entered before, as values of the plan.
 */
import { type FileTree, walk } from '../core/file-tree.ts';
import type { Platform, ReadableSink, Sink } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { type PackOptions, pack, packData, trailer } from '../formats/containers/udif/pack.ts';
import { format } from '../formats/filesystems/hfsplus/format.ts';
import { partition } from '../formats/partitions/gpt/partition.ts';
import { type CoverageHasher, coverageHasher } from '../seal/coverage.ts';
import { sealDmg } from '../seal/seal-dmg.ts';
import type { SignOptions } from '../seal/sign.ts';
import type { Identity, Statement } from '../seal/statement.ts';
import { compareWritten } from './compare-views.ts';
import { contentDigests } from './content-digests.ts';
import { deriveIdentifiers } from './identifiers.ts';
import { inventoryOf } from './inventory.ts';

export interface BuildPlan {
  /** Its root's name is the volume's. */
  readonly tree: FileTree;
  readonly identity: Identity;
  /** HFSX instead of HFS+. */
  readonly caseSensitive: boolean;
  /** Unix seconds: creation of the volume. */
  readonly created: number;
  /** zlib's, 1 to 9. */
  readonly compressionLevel: number;
  /** Absent: the image is not sealed. */
  readonly seal?: { readonly signer: Signer } & Omit<SignOptions, 'platform'>;
}

export interface BuildOptions {
  readonly platform: Platform;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
  readonly warn?: (message: string, path?: string) => void;
}

export interface BuildResult {
  /** Bytes of the image. */
  readonly size: number;
  /** Bytes of the disk that it holds. */
  readonly diskSize: number;
  readonly entries: number;
  readonly statement?: Statement;
}

/**
 * Writes a DMG to `sink`, front to back. Memory: the tree's metadata and a few MiB of runs under way.
 * @throws DisksealError `E_HFSPLUS` for names and attributes that the volume cannot hold, `E_CHANGED`, `E_READ`, `E_WRITE`, `E_KEY`,
 *   `E_HTTP` for a timestamp that cannot be had
 */
export async function buildDmg(plan: BuildPlan, sink: ReadableSink, options: BuildOptions): Promise<BuildResult> {
  const { disk, volume, volumePosition } = await planDisk(plan, options);
  if (!plan.seal) {
    await pack(disk, sink, packOptions(plan, options));
    return { size: sink.position, diskSize: disk.size, entries: await countEntries(plan.tree) };
  }
  const digests = contentDigests(volume.contents(), volumePosition, options.platform);
  const hasher = coverageHasher(options.platform);
  const observe = (position: number, bytes: Uint8Array): Promise<void> => digests.observe(position, bytes);
  const packed = await packData(disk, hashingSink(sink, hasher), { ...packOptions(plan, options), observe });
  const inventory = await inventoryOf(plan.tree, await digests.finish(), options.platform);
  const { area, plist, koly, statement } = await sealDmg(
    {
      ...plan.seal,
      identity: plan.identity,
      dataForkLength: packed.dataForkLength,
      hasher,
      trailer: (xmlOffset) => trailer(packed, { xmlOffset }),
      content: inventory,
      dressing: [],
    },
    options.platform,
  );
  for (const part of [area, plist, koly]) await sink.write(part);
  await compareWritten(sink.written(), inventory, volume.contents(), options.platform);
  return { size: sink.position, diskSize: disk.size, entries: inventory.length, statement };
}

function packOptions(plan: BuildPlan, { platform, progress, signal }: BuildOptions): PackOptions {
  return { platform, threads: platform.threads, level: plan.compressionLevel, progress, signal };
}

async function countEntries(tree: FileTree): Promise<number> {
  let count = 0;
  for await (const _ of walk(tree.root)) count++;
  return count;
}

async function planDisk(plan: BuildPlan, { platform, warn }: BuildOptions) {
  const { tree, identity, caseSensitive, created } = plan;
  const label = JSON.stringify([identity.product, identity.version, identity.build ?? 0, tree.root.name, caseSensitive, created]);
  const ids = await deriveIdentifiers(tree, label, platform);
  const volume = await format(tree, { caseSensitive, created, volumeId: ids.volumeId, ...(warn ? { warn } : {}) });
  const type = caseSensitive ? 'Apple_HFSX' : 'Apple_HFS';
  const disk = partition([{ disk: volume, type, name: 'disk image' }], { diskId: ids.diskGuid, volumeIds: [ids.partitionGuid] });
  return { disk, volume, volumePosition: disk.partitions[0]!.position };
}

function hashingSink(sink: Sink, hasher: CoverageHasher): Sink {
  return {
    get position() {
      return sink.position;
    },
    async write(bytes) {
      await hasher.update(bytes);
      await sink.write(bytes);
    },
  };
}
