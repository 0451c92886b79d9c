/** A DMG, packed front to back; contents are hashed as they pass, and given to whoever follows. */
import { locatedDisk } from '../core/disk.ts';
import { assert } from '../core/errors.ts';
import type { PlannedVolume } from '../core/planned-volume.ts';
import type { ReadableSink, Sink } from '../core/platform.ts';
import { open as openUdif } from '../formats/containers/udif/open.ts';
import { type PackOptions, packData, trailer } from '../formats/containers/udif/pack.ts';
import { open as openVolume } from '../formats/filesystems/hfsplus/open.ts';
import { writeLicence } from '../formats/licence/write.ts';
import { open as openPartitions } from '../formats/partitions/gpt/open.ts';
import type { GptDisk } from '../formats/partitions/gpt/partition.ts';
import { type CoverageHasher, coverageHasher } from '../seal/coverage.ts';
import { sealDmg } from '../seal/seal-dmg.ts';
import type { Statement } from '../seal/statement.ts';
import { compareWritten, inHfsPlus } from './compare-views.ts';
import { contentDigests } from './content-digests.ts';
import type { ContentSink } from './follow.ts';
import type { Inventories } from './inventory.ts';
import type { BuildOptions, BuildPlan } from './plan.ts';

export interface DmgInput {
  readonly plan: BuildPlan;
  readonly volume: PlannedVolume;
  readonly disk: GptDisk;
  readonly sink: ReadableSink;
  readonly followers: readonly ContentSink[];
}

/** @returns what is left to do when the inventory is known @throws DisksealError `E_CHANGED`, `E_READ`, `E_WRITE` */
export async function packDmg(
  input: DmgInput,
  options: BuildOptions,
): Promise<{
  /** Absent when nobody needs them. */
  readonly digests: ReadonlyMap<string, Uint8Array> | undefined;
  finish(inventories: Inventories): Promise<Statement | undefined>;
}> {
  const { plan, volume, disk, sink, followers } = input;
  // Without a seal and without followers nobody asks what the contents are.
  const watched = plan.seal !== undefined || followers.length > 0;
  const contents = contentDigests(volume.contents(), disk.partitions[0]!.position, options.platform, followers);
  const hasher = plan.seal ? coverageHasher(options.platform) : undefined;
  const observe = (position: number, bytes: Uint8Array): Promise<void> => contents.observe(position, bytes);
  const packed = await packData(disk, hasher ? hashingSink(sink, hasher) : sink, {
    ...packOptions(plan, options),
    ...(watched ? { observe } : {}),
  });
  const resources = plan.licence?.length ? writeLicence(plan.licence) : [];
  return {
    digests: watched ? await contents.finish() : undefined,
    async finish(inventories) {
      const { seal, identity } = plan;
      if (!seal || !hasher) {
        const { plist, koly } = trailer(packed, { xmlOffset: packed.dataForkLength, resources });
        for (const part of [plist, koly]) await sink.write(part);
        return undefined;
      }
      const end = (xmlOffset: number) => trailer(packed, { xmlOffset, resources });
      const place = { dataForkLength: packed.dataForkLength, hasher, trailer: end };
      const sealed = await sealDmg({ ...seal, ...place, identity, ...inventories }, options.platform);
      for (const part of [sealed.area, sealed.plist, sealed.koly]) await sink.write(part);
      const [partition] = await openPartitions(await openUdif(sink.written(), options.platform));
      assert(partition, 'the image shows no partition');
      const tree = await openVolume(locatedDisk(partition.disk));
      await compareWritten(tree, [...inventories.content, ...inventories.dressing], volume.contents(), inHfsPlus, options.platform);
      return sealed.statement;
    },
  };
}

function packOptions(plan: BuildPlan, { platform, progress, signal }: BuildOptions): PackOptions {
  return { platform, threads: platform.threads, level: plan.compressionLevel, progress, signal };
}

/** Everything that is written is hashed as well. */
export function hashingSink(sink: Sink, hasher: CoverageHasher): Sink {
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
