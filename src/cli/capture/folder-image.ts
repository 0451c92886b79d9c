/** A folder as an image: a build without a manifest, of the files as they are. */
import { resolve } from 'node:path';
import { buildImages } from '../../build/build.ts';
import type { BuildPlan, BuildResult, Sealing } from '../../build/plan.ts';
import { hostTree } from '../../capture/host-tree.ts';
import type { Platform } from '../../core/platform.ts';
import { sourceFile } from '../../node/file-disk.ts';
import type { Identity } from '../../seal/statement.ts';
import { writeImages } from '../images/image-files.ts';

export interface FolderJob {
  readonly folder: string;
  readonly out: string;
  readonly format: 'dmg' | 'raw';
  readonly force: boolean;
  /** What is stated, when it is sealed. */
  readonly identity: Identity | undefined;
  readonly seal: Sealing | undefined;
  readonly platform: Platform;
  readonly progress: (done: number, total: number) => void;
  readonly warn: (message: string) => void;
}

export interface FolderImage extends BuildResult {
  /** Paths of what was left out. */
  readonly skipped: readonly string[];
  readonly filesystem: 'HFS+' | 'HFSX';
}

/** @throws DisksealError what `hostTree` and `buildImages` throw */
export async function folderImage(job: FolderJob): Promise<FolderImage> {
  const { out, platform, progress } = job;
  const warn = (message: string, path?: string): void => job.warn(path === undefined || path === '' ? message : `${path}: ${message}`);
  const without = new Set([resolve(out), resolve(`${out}.seal`)]);
  const { tree, needsCase, skipped } = await hostTree(job.folder, { platform: process.platform, without, sourceFile, warn });
  const { name, times } = tree.root;
  const plan: BuildPlan = {
    tree,
    // Without a seal nothing is stated, and the name only helps to derive identifiers.
    identity: job.identity ?? { product: name, version: '0', platform: 'any', arch: 'universal', channel: 'stable' },
    caseSensitive: needsCase,
    created: Math.floor(times.created ?? times.modified),
    compressionLevel: 6,
    seal: job.seal,
  };
  const [result] = await writeImages([{ target: job.format, path: out }], job.force, (outputs) =>
    buildImages(plan, outputs, { platform, warn, progress }),
  );
  return { ...result!, skipped, filesystem: needsCase ? 'HFSX' : 'HFS+' };
}
