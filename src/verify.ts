/**
 * The library entry `diskseal/verify`: judges sealed images and opens them, in a browser and in Node.js alike. Nothing here opens
 * a path or a socket, holds a key or builds: bytes come as a Disk, trust and time as values.
 *
 *     const [anchor] = parseAnchors(certificatePem);
 *     const policy = { anchors: [anchor], publishers: [], now: Math.floor(Date.now() / 1000) };
 *     const verdict = await verify(blobDisk(file), policy, webPlatform());
 */
export { bytesDisk, type Disk, type Extent } from './core/disk.ts';
export { DisksealError, type ErrorCode, type ErrorDetails, EXIT_CODES } from './core/errors.ts';
export {
  type Entry,
  type File,
  type FileTree,
  type Folder,
  find,
  type Metadata,
  type SymbolicLink,
  type Times,
  walk,
} from './core/file-tree.ts';
export type { Platform } from './core/platform.ts';
export type { InventoryEntry } from './seal/inventory.ts';
export type { Statement } from './seal/statement.ts';
export { type Anchor, parseAnchors, parseFingerprint } from './trust/anchor.ts';
export { DEMONSTRATION_KEYS } from './trust/demonstration.ts';
export type { Policy } from './trust/policy.ts';
export { type PolicySource, policyFromDocument } from './trust/policy-file.ts';
export { policiesInForce } from './trust/policy-sources.ts';
export type { NamedPublisher } from './trust/publisher.ts';
export { parseEvidence, type RevocationEvidence } from './trust/revocation.ts';
export type { SignerReport } from './verify/signer-report.ts';
export { type Check, decidingFailure } from './verify/verdict.ts';
export type { VerifiedDisk } from './verify/verified-disk.ts';
export { openVerified, type VerifiedTree } from './verify/verified-tree.ts';
export { type Verdict, type VerifyPolicy, verify } from './verify/verify.ts';
export { blobDisk } from './web/blob-disk.ts';
export { webPlatform } from './web/platform.ts';
