/** Builds the images that the readers are shown, with the library as `diskseal build` uses it. */
import { type BuildPlan, type BuildResult, buildDmg } from '../../src/build/build.ts';
import type { Platform } from '../../src/core/platform.ts';
import type { Signer } from '../../src/core/signer.ts';
import { createOutput } from '../../src/node/output-file.ts';
import type { InteropTree } from './trees.ts';

const CREATED = 1_700_000_000;

export function planOf({ tree, caseSensitive }: InteropTree, signer?: Signer): BuildPlan {
  return {
    tree,
    identity: { product: 'com.example.interop', version: '1', platform: 'any', arch: 'universal', channel: 'stable' },
    caseSensitive: caseSensitive ?? false,
    created: CREATED,
    compressionLevel: 6,
    ...(signer ? { seal: { signer, signingTime: CREATED } } : {}),
  };
}

export async function buildImage(plan: BuildPlan, path: string, platform: Platform): Promise<BuildResult> {
  const output = await createOutput(path);
  try {
    const result = await buildDmg(plan, output, { platform });
    await output.publish();
    return result;
  } finally {
    await output.discard();
  }
}
