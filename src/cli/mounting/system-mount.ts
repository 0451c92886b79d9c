/** `mount --system`: a verified private copy, attached by the system's own mounter. */
import { dirname, join } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { type Attachable, attachImage, detachImage, thisMounterHost } from '../../mount/system/mounters.ts';
import { privateCopy, recordedMounts, type SystemMount, sweep } from '../../mount/system/private-copy.ts';
import { isUrl } from '../../node/http-url.ts';
import { divide, openContainer } from '../../verify/layers.ts';
import type { VerifiedDisk } from '../../verify/verified-disk.ts';
import { verify } from '../../verify/verify.ts';
import { thisHost } from '../host.ts';
import { parseByteCount } from '../images/byte-count.ts';
import { withInput } from '../images/opened-image.ts';
import { withPlatform } from '../platform.ts';
import { memoryFile } from '../policy/known-publishers.ts';
import { policyFrom } from '../policy/policy.ts';
import type { Output } from '../terminal/output.ts';
import { refusal } from '../terminal/refusal.ts';
import { folderFor, type MountCommandOptions } from './mount-options.ts';

export async function systemMount(image: string, dir: string | undefined, options: MountCommandOptions, output: Output): Promise<void> {
  refuseOptions(image, options);
  const state = copiesFolder();
  const host = thisMounterHost();
  await sweep(state);
  const copy = await privateCopy(image, state);
  let mount: SystemMount | undefined;
  try {
    const attachable = await withPlatform((platform) => verified(copy.path, image, options, output, platform));
    mount = await attachImage(attachable, dir, () => folderFor(image, undefined), host);
    await copy.record(mount);
  } catch (error) {
    if (mount) await detachImage(mount, copy.path, host).catch(() => undefined);
    await copy.remove();
    throw error;
  }
  await output.document({ image, folder: mount.folder, mounter: mount.mounter, verified: true });
  await output.line(mount.folder);
}

/** @returns false when nothing of ours is mounted there by the system @throws DisksealError `E_WRITE` when it is in use */
export async function systemUnmount(folder: string): Promise<boolean> {
  const state = copiesFolder();
  const found = (await recordedMounts(state)).find(({ mount }) => mount.folder === folder);
  if (!found) return false;
  if (!(await detachImage(found.mount, found.copy.path, thisMounterHost()))) {
    throw new DisksealError('E_WRITE', 'it is in use: a file is open there, or a program works in it', { path: folder });
  }
  await found.copy.remove();
  return true;
}

function refuseOptions(image: string, { insecureSkipVerify, foreground, timeout }: MountCommandOptions): void {
  const usage = (message: string, hint: string): DisksealError => new DisksealError('E_USAGE', message, { hint });
  if (insecureSkipVerify)
    throw usage('--system mounts nothing unverified', 'without --system diskseal serves it, and reads it more carefully');
  if (foreground || timeout !== undefined)
    throw usage('--foreground and --timeout are not for --system', 'the system has no server to end');
  if (isUrl(image)) throw usage('the system mounts files of this machine', 'diskseal get downloads it first');
}

function copiesFolder(): string {
  const file = memoryFile(thisHost());
  if (file !== undefined) return join(dirname(file), 'mounts');
  throw new DisksealError('E_USAGE', "nothing says where this user's files are", { hint: 'set HOME, on Windows LOCALAPPDATA' });
}

/** Judges the copy; what is said of it names the image that it was made of. */
async function verified(
  copy: string,
  image: string,
  options: MountCommandOptions,
  output: Output,
  platform: Platform,
): Promise<Attachable> {
  const policy = await policyFrom(options);
  const size = options.size === undefined ? {} : { size: parseByteCount(options.size, '--size') };
  return withInput(
    copy,
    options,
    async ({ disk }, seal) => {
      const verdict = await verify(disk, { ...policy, ...size, ...(seal ? { seal } : {}) }, platform);
      for (const check of verdict.checks) output.detail(`${check.status.padEnd(8)} ${check.name.padEnd(11)} ${check.message}`);
      if (!verdict.disk || verdict.exitCode !== 0) throw refusal(verdict);
      if (verdict.demonstration) output.warning(`${image} is sealed with the example key, which everybody has: it proves nothing`);
      return attachable(copy, verdict.disk, platform);
    },
    image,
  );
}

async function attachable(path: string, disk: VerifiedDisk, platform: Platform): Promise<Attachable> {
  const container = await openContainer(disk, platform, disk.sealed);
  const isUdif = container.container === 'udif';
  if (!isUdif && container.container !== 'raw') {
    const hint = 'without --system diskseal serves it';
    throw new DisksealError('E_UNSUPPORTED', `no system mounts a ${container.container.toUpperCase()} image by itself`, { hint });
  }
  const isIso = disk.sealed?.format === 'iso';
  return { path, isUdif, isIso, ...(isUdif || isIso ? {} : { volume: await volumeOf(container) }) };
}

/** Where the one volume is on a disk with a partition map. @throws DisksealError `E_UNSUPPORTED` when there are several */
async function volumeOf(container: Awaited<ReturnType<typeof openContainer>>): Promise<Attachable['volume']> {
  // A filesystem that is not known here may be known to the system.
  const layers = await divide(container).catch((error: unknown) => {
    if (error instanceof DisksealError && error.code === 'E_NOT_IMAGE') return undefined;
    throw error;
  });
  if (!layers || layers.map === 'none') return undefined;
  const [volume, second] = layers.volumes;
  if (!volume || second)
    throw new DisksealError('E_UNSUPPORTED', `the disk holds ${layers.volumes.length} volumes, and one can be mounted`);
  return { position: volume.position, size: volume.disk.size };
}
