/** Opens an image for `ls`, `cat` and `extract`: verified first, or by the one loud way round it. */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { openFile } from '../node/file-disk.ts';
import { trustUnverified } from '../verify/verified-disk.ts';
import { openVerified, type VerifiedTree } from '../verify/verified-tree.ts';
import { verify } from '../verify/verify.ts';
import type { Output } from './output.ts';
import { refusal } from './refusal.ts';
import { policyFrom, type TrustOptions } from './trust.ts';

export interface OpenOptions extends TrustOptions {
  readonly insecureSkipVerify?: boolean;
}

export interface OpenedImage {
  readonly tree: VerifiedTree;
  /** False only with `--insecure-skip-verify`. */
  readonly verified: boolean;
}

/** Gives the image's tree to `use`; the file stays open so long. @throws DisksealError of the verdict's code when it is refused */
export async function withImage<T>(
  path: string,
  options: OpenOptions,
  output: Output,
  platform: Platform,
  use: (image: OpenedImage) => Promise<T>,
): Promise<T> {
  const policy = options.insecureSkipVerify ? undefined : await policyFrom(options);
  const image = await openFile(path);
  try {
    if (!policy) {
      output.alarm(`${path} is NOT verified: what is in it may come from anyone`);
      return await use({ tree: await openVerified(trustUnverified(image), platform), verified: false });
    }
    const verdict = await verify(image, policy, platform);
    for (const check of verdict.checks) output.detail(`${check.status.padEnd(8)} ${check.name.padEnd(11)} ${check.message}`);
    if (!verdict.disk || verdict.exitCode !== 0) throw refusal(verdict);
    if (verdict.demonstration) output.warning(`${path} is sealed with the example key, which everybody has: it proves nothing`);
    const inventory = await verdict.inventory?.();
    if (!inventory) throw new DisksealError('E_INTERNAL', 'internal error: a verified image without an inventory');
    return await use({ tree: await openVerified(verdict.disk, platform, inventory), verified: true });
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  } finally {
    await image.close();
  }
}
