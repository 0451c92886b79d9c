/** The public API. What is not exported here may change at any time. */
export { type BuildOptions, type BuildPlan, type BuildResult, buildDmg } from './build/build.ts';
export type { Disk, Extent } from './core/disk.ts';
export { DisksealError, type ErrorCode, type ErrorDetails, EXIT_CODES } from './core/errors.ts';
export type { Entry, File, FileTree, Folder, Metadata, SymbolicLink, Times } from './core/file-tree.ts';
export type { Platform, ReadableSink, Sink } from './core/platform.ts';
export type { Signer } from './core/signer.ts';
export { loadManifest, type Manifest } from './manifest/manifest.ts';
export { treeOf } from './manifest/tree.ts';
export { openFile } from './node/file-disk.ts';
export { createOutput } from './node/output-file.ts';
export { nodePlatform } from './node/platform.ts';
export { createThreadPool, type ThreadPool } from './node/threads.ts';
export { type Anchor, parseAnchors, parseFingerprint } from './trust/anchor.ts';
export type { Check } from './verify/verdict.ts';
export type { VerifiedDisk } from './verify/verified-disk.ts';
export { openVerified, type VerifiedTree } from './verify/verified-tree.ts';
export { type Verdict, type VerifyPolicy, verify } from './verify/verify.ts';
