/** `diskseal restore`: the disk in an image, verified, written to a device or a file and compared with what stands there then. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DisksealError, EXIT_CODES } from '../../core/errors.ts';
import { errnoOf, readError } from '../../core/system-error.ts';
import { compareDisks, type RestoreOptions, refuseSmaller, restore } from '../../mount/restore.ts';
import { type BlockDevice, blockDevice } from '../../node/block-device.ts';
import { openDirect } from '../../node/direct-disk.ts';
import { fileTarget, openDevice, refuseUsed } from '../../node/disk-target.ts';
import { openFile } from '../../node/file-disk.ts';
import { isUrl } from '../../node/http-url.ts';
import { createOutput } from '../../node/output-file.ts';
import { holdSeal, openVerifiedContent, type VerifiedContent } from '../../verify/verified-content.ts';
import type { VerifiedDisk } from '../../verify/verified-disk.ts';
import { type Verdict, verify } from '../../verify/verify.ts';
import type { Call } from '../command.ts';
import { parseByteCount } from '../images/byte-count.ts';
import { INCOMPLETE } from '../images/incomplete.ts';
import { type OpenOptions, withInput } from '../images/opened-image.ts';
import { refuseTaken } from '../images/taken.ts';
import { withPlatform } from '../platform.ts';
import { policyFrom } from '../policy/policy.ts';
import type { Output } from '../terminal/output.ts';
import { counted, humanSize } from '../terminal/printable.ts';
import { createProgress } from '../terminal/progress.ts';
import { refusal, refuseDemonstration } from '../terminal/refusal.ts';

interface Options extends Omit<OpenOptions, 'insecureSkipVerify'> {
  readonly yesErase?: string;
  readonly verifyOnly?: boolean;
  readonly force?: boolean;
  readonly channel?: readonly string[];
}

interface Job {
  readonly image: string;
  readonly target: string;
  /** Absent: a file. */
  readonly device: BlockDevice | undefined;
  readonly options: Options;
  readonly output: Output;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<number> {
  const [image, target] = given as [string, string];
  if (isUrl(image)) throw new DisksealError('E_USAGE', 'an image on a server is not restored', { hint: 'diskseal get downloads it first' });
  const device = await targetDevice(target);
  // What the target is refused for does not wait until the image is read.
  if (options.verifyOnly) refuseEraseWords(options);
  else if (device) await refuseDevice(device, options);
  else await refuseFile(target, options);
  const policy = await policyFrom(options);
  const job = { image, target, device, options, output };
  return withPlatform((platform) =>
    withInput(image, options, async ({ disk, shown }, seal) => {
      const size = options.size === undefined ? {} : { size: parseByteCount(options.size, '--size') };
      output.note(`verifying ${shown}`);
      const held = await holdSeal(disk);
      const verdict = await verify(held.image, { ...policy, ...size, ...(seal ? { seal } : {}) }, platform);
      const verified = accepted(verdict, job);
      const content = await openVerifiedContent(verified, platform, held.seal);
      return options.verifyOnly ? compare(content, verdict, job) : write(content, verdict, job);
    }),
  );
}

function accepted(verdict: Verdict, { image, options, output }: Job): VerifiedDisk {
  for (const check of verdict.checks) output.detail(`${check.status.padEnd(8)} ${check.name.padEnd(11)} ${check.message}`);
  if (!verdict.disk || verdict.exitCode !== 0) throw refusal(verdict);
  refuseDemonstration(verdict, image);
  if (verdict.statement?.channel === INCOMPLETE && !options.channel?.includes(INCOMPLETE)) {
    const hint = `what could not be read is zeros in it; --channel ${INCOMPLETE} takes it all the same`;
    throw new DisksealError('E_PRODUCT', 'the image is of a disk that could not be read whole', { path: image, hint });
  }
  return verdict.disk;
}

async function targetDevice(target: string): Promise<BlockDevice | undefined> {
  try {
    return await blockDevice(target);
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_NOT_FOUND' && errnoOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

function refuseEraseWords({ yesErase, force }: Options): void {
  if (yesErase === undefined && !force) return;
  throw new DisksealError('E_USAGE', `${force ? '--force' : '--yes-erase'} with --verify-only, which writes nothing`);
}

/** Named twice, and by nobody else in use. */
async function refuseDevice(device: BlockDevice, { yesErase, force }: Options): Promise<void> {
  const { path, size, label } = device;
  const what = `${path}, ${humanSize(size)}${label ? `, ${label}` : ''}`;
  if (force) throw new DisksealError('E_USAGE', '--force is for files', { path, hint: `--yes-erase ${path} is what a device asks for` });
  if (yesErase === undefined) {
    throw new DisksealError('E_USAGE', `everything on the device would be lost: ${what}`, {
      path,
      hint: `say so with --yes-erase ${path}`,
    });
  }
  const named = await realpath(yesErase).catch(() => undefined);
  if (named !== path) {
    throw new DisksealError('E_USAGE', `the target is ${what}, and --yes-erase names ${yesErase}`, {
      path,
      hint: 'name one device, twice',
    });
  }
  refuseUsed(device);
}

async function refuseFile(target: string, { yesErase, force }: Options): Promise<void> {
  if (yesErase !== undefined)
    throw new DisksealError('E_USAGE', 'the target is no device, and nothing of it is erased', {
      path: target,
      hint: 'leave out --yes-erase',
    });
  const found = await stat(target).catch(() => undefined);
  if (found && !found.isFile() && !found.isDirectory())
    throw new DisksealError('E_USAGE', 'the target is neither a block device nor a file', { path: target });
  // A device that is not there must not become a file of that name, in memory.
  const folder = await realpath(dirname(resolve(target))).catch((error: unknown) => {
    throw readError(dirname(target), error);
  });
  if (/^\/dev(?:\/(?!shm(?:\/|$)).*)?$/.test(folder)) throw new DisksealError('E_NOT_FOUND', 'there is no such device', { path: target });
  await refuseTaken(target, force ?? false);
}

async function write(content: VerifiedContent, verdict: Verdict, job: Job): Promise<number> {
  const { target: path, device, options, output } = job;
  if (device) refuseSmaller(content, device);
  const file = device ? undefined : await createOutput(path, { force: options.force ?? false });
  const target = file ? await fileTarget(file, content.size) : await openDevice(device!);
  const progress = progressOf(path, output);
  try {
    const { bytes, untouched } = await restore(content, target, { progress: progress.update, blank: file !== undefined });
    await file?.publish();
    await output.document({ ...head(verdict, job), bytes, untouched, compared: true });
    await output.line(path);
    output.note(`${humanSize(bytes)} written, read back and compared`);
    if (untouched > 0)
      output.note(`the last ${humanSize(untouched)} of the device are as they were; a GUID partition table wants its copy at the end`);
    return 0;
  } finally {
    progress.finish();
    await target.close();
  }
}

async function compare(content: VerifiedContent, verdict: Verdict, job: Job): Promise<number> {
  const { target: path, device, output } = job;
  if (device?.changing) output.warning(`${path} is in use, and may change while it is compared: ${device.uses.join(', ')}`);
  const disk = device ? await openDirect(device.path, device.size) : await openFile(path);
  const progress = progressOf(path, output);
  try {
    const { differences, sectors } = await compareDisks(content, disk, { progress: progress.update });
    const missing = Math.max(0, content.size - disk.size);
    const untouched = Math.max(0, disk.size - content.size);
    const equal = sectors === 0 && missing === 0;
    const exitCode = equal ? 0 : EXIT_CODES.E_TAMPERED;
    await output.document({ ...head(verdict, job), exitCode, equal, missing, untouched, differingSectors: sectors, differences });
    await output.line(equal ? `${path} holds the disk` : `${path} differs`);
    for (const { offset, length } of differences.slice(0, SHOWN)) output.note(`differs: ${length} bytes at ${offset}`);
    if (sectors > 0) output.note(`${counted(sectors, 'sector')} of 512 bytes differ`);
    if (missing > 0) output.note(`the target has ${disk.size} bytes, the disk ${content.size}`);
    if (untouched > 0) output.note(`${humanSize(untouched)} behind the disk were not compared`);
    return exitCode;
  } finally {
    progress.finish();
    await disk.close();
  }
}

/** Differences that are told to people; a document has more. */
const SHOWN = 20;

function head({ statement, exitCode }: Verdict, { image, target, device }: Job): object {
  return { image, target, device: device !== undefined, verified: true, exitCode, statement };
}

function progressOf(path: string, output: Output): { update: NonNullable<RestoreOptions['progress']>; finish: () => void } {
  const steps = { write: createProgress(output, `writing ${path}`), compare: createProgress(output, `comparing ${path}`) };
  return {
    update: (step, done, total) => steps[step].update(done, total, humanSize(done)),
    finish: () => {
      steps.write.finish();
      steps.compare.finish();
    },
  };
}
