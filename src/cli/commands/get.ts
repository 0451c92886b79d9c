/** `diskseal get`: an image from a server, which gets its name only when it is good. */
import { type Disk, opaqueDisk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { quarantine, quarantineOf } from '../../mount/quarantine.ts';
import { createHttpClient, type HttpClient } from '../../node/http-client.ts';
import { httpDisk, TAIL } from '../../node/http-disk.ts';
import { openRemote, type RangedFile, type WholeFile } from '../../node/http-ranges.ts';
import { parseHttpUrl } from '../../node/http-url.ts';
import { openPart, type PartFile } from '../../node/part-file.ts';
import { proveDetachedSeal } from '../../verify/detached-seal.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../verify/verify.ts';
import type { Call } from '../command.ts';
import { downloadRanges, downloadWhole } from '../download/download.ts';
import { downloadName } from '../download/file-name.ts';
import { DEFAULT_LIMIT } from '../download/receive.ts';
import { parseByteCount } from '../images/byte-count.ts';
import { openSeal } from '../images/input.ts';
import { refuseTaken } from '../images/taken.ts';
import { withPlatform } from '../platform.ts';
import { policyFrom, type TrustOptions } from '../policy/policy.ts';
import type { Output } from '../terminal/output.ts';
import { humanSize } from '../terminal/printable.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';
import { refusal, refuseDemonstration } from '../terminal/refusal.ts';

interface Options extends TrustOptions {
  readonly output?: string;
  readonly seal?: string;
  readonly maxSize?: string;
  readonly force?: boolean;
}

interface Job {
  readonly policy: VerifyPolicy;
  readonly target: string;
  readonly limit: number;
  readonly output: Output;
  readonly platform: Platform;
}

/** What a download came to. */
interface Fetched {
  readonly size: number;
  /** Bytes that an earlier try had left. */
  readonly kept: number;
}

/** Of the seal's area, while nobody knows yet who made it. Bytes: 1 GiB. */
const AREA_LIMIT = 2 ** 30;

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const url = parseHttpUrl((given as [string])[0]);
  const target = options.output ?? downloadName(url);
  const limit = options.maxSize === undefined ? DEFAULT_LIMIT : parseByteCount(options.maxSize, '--max-size');
  const trusted = await policyFrom(options);
  await refuseTaken(target, options.force ?? false);
  const client = createHttpClient();
  const seal = options.seal === undefined ? undefined : await openSeal(options.seal);
  try {
    const policy = seal ? { ...trusted, seal: seal.disk } : trusted;
    await withPlatform((platform) => get(url, { policy, target, limit, output, platform }, client, options.force ?? false));
  } finally {
    await seal?.close();
    await client.close();
  }
}

async function get(url: URL, job: Job, client: HttpClient, force: boolean): Promise<void> {
  const { output, target, policy, platform } = job;
  const remote = await openRemote(client, url, TAIL);
  // Before anything is written, and before all of it is asked for.
  const leaves = remote.kind === 'ranges' ? await proveRemote(remote, job) : await proveBeside(remote, job);
  const part = await openPart(`${target}.part`);
  try {
    const progress = createProgress(output, `downloading ${target}`);
    const { size, kept } = await fetchInto(part, remote, leaves, job, progress)
      .finally(() => progress.finish())
      .catch((error: unknown) => {
        if (remote.kind === 'ranges') output.note(`what is right so far is kept in ${part.path}, for the next try`);
        throw error;
      });
    const verdict = await verify(part.disk(size), policy, platform);
    try {
      refuse(verdict, remote.shown, 0);
    } catch (error) {
      await part.remove();
      throw error;
    }
    const mark = await quarantineOf(target, false, Date.now() / 1000);
    if (mark !== undefined) await quarantine(part.path, mark);
    await part.publish(target, force);
    await report(verdict, remote, { size, kept }, job);
  } finally {
    await part.close();
  }
}

type Leaves = NonNullable<Verdict['leaves']>;

/** Trailer, footer, statement and leaf table, by ranges from the end. */
async function proveRemote(remote: RangedFile, { policy, limit, output, platform }: Job): Promise<{ leaves: Leaves; disk: Disk }> {
  const disk = httpDisk(remote);
  const verdict = await verify(limited(disk), { ...policy, quick: true }, platform);
  for (const check of verdict.checks) output.detail(`${check.status.padEnd(8)} ${check.name.padEnd(11)} ${check.message}`);
  refuse(verdict, remote.shown, 12);
  if (remote.size > limit) throw tooLarge(remote, remote.size);
  const { imageSize } = verdict.leaves!.coverage;
  if (imageSize !== remote.size) throw new DisksealError('E_INTERNAL', `internal error: ${imageSize} bytes are sealed of ${remote.size}`);
  return { leaves: verdict.leaves!, disk };
}

/** Without ranges only a detached seal can be proven first. */
async function proveBeside(remote: WholeFile, { policy, limit, output, platform }: Job): Promise<{ leaves: Leaves } | undefined> {
  output.note(`the server gives no parts of the file: ${remote.reason}; it is downloaded whole, then verified`);
  if (remote.size !== undefined && remote.size > limit) throw tooLarge(remote, remote.size);
  if (!policy.seal) return undefined;
  const { leaves, statement } = await proveDetachedSeal(policy.seal, policy, platform);
  if (statement.imageSize > limit) throw tooLarge(remote, statement.imageSize);
  return { leaves };
}

function tooLarge({ shown }: { shown: string }, size: number): DisksealError {
  return new DisksealError('E_READ', `the image has ${size} bytes, more than is taken`, { path: shown, hint: 'raise --max-size' });
}

async function fetchInto(
  part: PartFile,
  remote: RangedFile | WholeFile,
  proven: { leaves: Leaves; disk?: Disk } | undefined,
  { limit }: Job,
  progress: Progress,
): Promise<Fetched> {
  const total = remote.size ?? proven?.leaves.coverage.imageSize;
  const told = (bytes: number): void => progress.update(bytes, total, humanSize(bytes));
  if (remote.kind === 'whole') return { size: await downloadWhole(remote, proven?.leaves, part, limit, told), kept: 0 };
  return { size: remote.size, kept: await downloadRanges(remote, proven!.disk!, proven!.leaves, part, told) };
}

/** Whatever is not exactly the expected answer is refused. */
function refuse(verdict: Verdict, path: string, expected: 0 | 12): void {
  if (verdict.exitCode !== expected || !verdict.leaves) throw refusal(verdict).with({ path });
  refuseDemonstration(verdict, path);
}

function limited(disk: Disk): Disk {
  let left = AREA_LIMIT;
  return opaqueDisk(disk.size, async (position, into) => {
    left -= into.length;
    if (left < 0) throw new DisksealError('E_UNSUPPORTED', `a seal of more than ${AREA_LIMIT} bytes`, { offset: position });
    await disk.read(position, into.length, into);
  });
}

async function report(verdict: Verdict, remote: RangedFile | WholeFile, { size, kept }: Fetched, { target, output }: Job): Promise<void> {
  const { exitCode, checks, statement, signers, demonstration } = verdict;
  const transferred = remote.kind === 'ranges' ? remote.transferred : size;
  const head = { image: target, url: remote.shown, exitCode, verified: true, demonstration, size, kept, transferred };
  await output.document({ ...head, checks, statement, signers });
  await output.line(target);
  const resumed = kept > 0 ? `, ${humanSize(kept)} were there already` : '';
  output.note(`${statement!.product} ${statement!.version}, ${humanSize(size)}${resumed}: every byte is as it was signed`);
}
