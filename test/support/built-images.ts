/** Images of one tree, built in memory at once, and what the verifier says of them. */
import { buildImages } from '../../src/build/build.ts';
import type { BuildPlan, FilledOutput, ImageOutput, Target } from '../../src/build/plan.ts';
import { bytesDisk } from '../../src/core/disk.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import type { FillableSink, Sink } from '../../src/core/platform.ts';
import { parseAnchors } from '../../src/trust/anchor.ts';
import { verify } from '../../src/verify/verify.ts';
import { NEW_YEAR } from './memory-tree.ts';
import { testPlatform as platform } from './platform.ts';
import { testIdentity } from './signer.ts';

const identity = testIdentity();

export interface Memory extends FillableSink {
  bytes(): Uint8Array;
}

export function memory(): Memory {
  let bytes = new Uint8Array();
  const grow = (size: number): void => {
    if (size <= bytes.length) return;
    const larger = new Uint8Array(size);
    larger.set(bytes);
    bytes = larger;
  };
  return {
    get position() {
      return bytes.length;
    },
    async write(given) {
      const at = bytes.length;
      grow(at + given.length);
      bytes.set(given, at);
    },
    async resize(size) {
      grow(size);
      bytes = bytes.slice(0, size);
    },
    async writeAt(position, given) {
      if (position + given.length > bytes.length) throw new Error(`a write at ${position} leaves the ${bytes.length} bytes`);
      bytes.set(given, position);
    },
    written: () => bytesDisk(bytes),
    bytes: () => bytes,
  };
}

export interface Made {
  readonly image: Memory;
  readonly beside: Map<string, Memory>;
}

export async function build(targets: readonly Target[], plan: BuildPlan, warnings: string[] = [], by = platform) {
  const made = new Map<Target, Made>();
  const outputs: ImageOutput[] = targets.map((target) => {
    const one: Made = { image: memory(), beside: new Map() };
    made.set(target, one);
    if (target === 'dmg') return { target, sink: one.image };
    const output: FilledOutput = {
      target,
      name: `image.${target}`,
      sink: one.image,
      async beside(what): Promise<Sink> {
        one.beside.set(what, memory());
        return one.beside.get(what)!;
      },
      scratch: async () => memory(),
    };
    return output;
  });
  const results = await buildImages(plan, outputs, { platform: by, warn: (message) => warnings.push(message) });
  return { made, results };
}

export async function planOf(given: FileTree, settings: Partial<BuildPlan> = {}): Promise<BuildPlan> {
  const { signer } = await identity;
  return {
    tree: given,
    identity: { product: 'com.example.targets', version: '1', platform: 'any', arch: 'universal', channel: 'stable' },
    caseSensitive: false,
    created: NEW_YEAR,
    compressionLevel: 6,
    seal: { signer, signingTime: NEW_YEAR },
    ...settings,
  };
}

export async function verdictOf(made: Made) {
  const anchors = parseAnchors((await identity).root);
  const seal = made.beside.get('seal');
  const policy = { anchors, publishers: '*' as const, now: NEW_YEAR, deep: true, ...(seal ? { seal: seal.written() } : {}) };
  return verify(made.image.written(), policy, platform);
}
