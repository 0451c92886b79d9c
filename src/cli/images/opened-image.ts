/** Opens an image for `ls`, `cat` and `extract`: verified first, or by the one loud way round it. */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Spelling } from '../../seal/compared-tree.ts';
import type { InventoryEntry } from '../../seal/inventory.ts';
import { trustUnverified } from '../../verify/verified-disk.ts';
import { openVerified, type VerifiedTree } from '../../verify/verified-tree.ts';
import { type VerifyPolicy, verify } from '../../verify/verify.ts';
import { policyFrom, type TrustOptions } from '../policy/policy.ts';
import type { Output } from '../terminal/output.ts';
import { refusal } from '../terminal/refusal.ts';
import { parseByteCount } from './byte-count.ts';
import { deviceSize } from './device-size.ts';
import { type Input, openInput, openSeal } from './input.ts';

export interface OpenOptions extends TrustOptions {
  /** A detached seal, which is used only when it is named. */
  readonly seal?: string;
  readonly size?: string;
  readonly insecureSkipVerify?: boolean;
}

export interface OpenedImage {
  readonly tree: VerifiedTree;
  /** Its name as it may be shown. */
  readonly shown: string;
  /** For documents. `verified` is false only with `--insecure-skip-verify`. */
  readonly standing: { readonly verified: boolean; readonly flat?: 'not-checked' };
  /** It comes from a server, and was not read whole. */
  readonly remote: boolean;
  /** What the volume holds, as far as it was stated; else the image's bytes. */
  readonly extent: { readonly bytes: number; readonly files: number };
}

/**
 * Gives the image's tree to `use`; the file stays open so long. A file is read whole before that. Of an image on a server signature, policy
 * and seal are checked and then each chunk that is read, but not the flat digest over all of it (rule 10 of the seal): `flat` says so.
 * @param spelling - of names, where the publisher stated them
 * @throws DisksealError of the verdict's code when it is refused
 */
export async function withImage<T>(
  name: string,
  options: OpenOptions,
  output: Output,
  platform: Platform,
  use: (image: OpenedImage) => Promise<T>,
  spelling?: Spelling,
): Promise<T> {
  const size = options.size === undefined ? {} : { size: parseByteCount(options.size, '--size') };
  const policy = options.insecureSkipVerify ? undefined : { ...(await policyFrom(options)), ...size };
  return withInput(name, options, async (input, seal) => {
    const opened = await (policy
      ? openChecked(input, seal ? { ...policy, seal } : policy, output, platform, spelling)
      : openUnchecked(input, output, platform));
    const result = await use(opened);
    if (input.remote) output.detail(`${input.transferred()} bytes came from the server`);
    return result;
  });
}

/**
 * Opens an image, and its seal where one is named, for as long as `use` takes. Errors of it name the image.
 * @param shownAs - the name to use there when it is a copy
 */
export async function withInput<T>(
  name: string,
  options: Pick<OpenOptions, 'seal' | 'size'>,
  use: (input: Input, seal: Disk | undefined) => Promise<T>,
  shownAs?: string,
): Promise<T> {
  const seal = options.seal === undefined ? undefined : await openSeal(options.seal);
  const input = await openInput(name, await deviceSize(options.size, seal?.disk)).catch(async (error: unknown) => {
    await seal?.close();
    throw error;
  });
  try {
    return await use(input, seal?.disk);
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path: shownAs ?? input.shown }) : error;
  } finally {
    await seal?.close();
    await input.close();
  }
}

async function openChecked(
  { disk, shown, remote }: Input,
  policy: VerifyPolicy,
  output: Output,
  platform: Platform,
  spelling?: Spelling,
): Promise<OpenedImage> {
  const verdict = await verify(disk, remote ? { ...policy, quick: true } : policy, platform);
  for (const check of verdict.checks) output.detail(`${check.status.padEnd(8)} ${check.name.padEnd(11)} ${check.message}`);
  if (!verdict.disk || verdict.exitCode !== (remote ? 12 : 0)) throw refusal(verdict);
  if (verdict.demonstration) output.warning(`${shown} is sealed with the example key, which everybody has: it proves nothing`);
  const inventory = await verdict.inventory?.();
  if (!inventory) throw new DisksealError('E_INTERNAL', 'internal error: a verified image without an inventory');
  // `sign` seals images that it cannot read: then the bytes are all that was stated.
  const stated = inventory.length > 0 ? inventory : undefined;
  if (!stated) output.note(`the publisher signed no list of files for ${shown}: each byte is as it was signed`);
  const standing = { verified: true, ...(remote ? ({ flat: 'not-checked' } as const) : {}) };
  return {
    tree: await openVerified(verdict.disk, platform, stated, spelling),
    shown,
    standing,
    remote,
    extent: extentOf(inventory, disk.size),
  };
}

async function openUnchecked({ disk, shown, remote }: Input, output: Output, platform: Platform): Promise<OpenedImage> {
  output.alarm(`${shown} is NOT verified: what is in it may come from anyone`);
  return {
    tree: await openVerified(trustUnverified(disk), platform),
    shown,
    standing: { verified: false },
    remote,
    extent: { bytes: disk.size, files: 0 },
  };
}

function extentOf(inventory: readonly InventoryEntry[], size: number): OpenedImage['extent'] {
  if (inventory.length === 0) return { bytes: size, files: 0 };
  const bytes = inventory.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
  return { bytes, files: inventory.length };
}
