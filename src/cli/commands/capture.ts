/** `diskseal capture`: a device, a disk file or a folder as an image, sealed when a key is named. */
import { rm, stat } from 'node:fs/promises';
import { refuseUnpackable } from '../../build/disk-image.ts';
import type { Sealing } from '../../build/plan.ts';
import type { Hole } from '../../capture/read-around.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { readError } from '../../core/system-error.ts';
import { createOutput } from '../../node/output-file.ts';
import type { Identity, Statement } from '../../seal/statement.ts';
import { type CapturedImage, finishDmg, finishRaw, refuseSealed } from '../capture/captured-image.ts';
import { type DiskSource, openDiskSource } from '../capture/disk-source.ts';
import { folderImage } from '../capture/folder-image.ts';
import { type StagedDisk, stageDisk } from '../capture/staged-disk.ts';
import type { Call } from '../command.ts';
import { INCOMPLETE } from '../images/incomplete.ts';
import { refuseTaken } from '../images/taken.ts';
import { withPlatform } from '../platform.ts';
import { readNextKeys } from '../signing/next-keys.ts';
import { revocationsOf } from '../signing/revocations.ts';
import { givenIdentity, type IdentityOptions, requireIdentity } from '../signing/sign-identity.ts';
import { signingTime } from '../signing/sign-job.ts';
import { type OpenedSigner, openSigner } from '../signing/signer.ts';
import { withTimestamps } from '../signing/timestamps.ts';
import type { Output } from '../terminal/output.ts';
import { counted, humanSize, printable } from '../terminal/printable.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';

interface Options extends IdentityOptions {
  readonly format?: string;
  readonly badSectors?: string;
  readonly restart?: boolean;
  readonly key?: string;
  readonly certificates?: string;
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
  readonly detached?: boolean;
  readonly nextKey?: readonly string[];
  readonly timestamp?: readonly string[];
  readonly embedRevocation?: boolean;
  readonly force?: boolean;
}

type Format = 'dmg' | 'raw';

interface Job {
  readonly source: string;
  readonly out: string;
  readonly format: Format;
  readonly options: Options;
  readonly signer: OpenedSigner | undefined;
  readonly seal: Sealing | undefined;
  readonly identity: Identity | undefined;
  readonly platform: Platform;
  readonly output: Output;
  readonly warnings: string[];
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [source, out] = given as [string, string];
  const format = formatOf(out, options);
  refuseContradictions(options);
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw readError(source, error);
    },
  );
  if (isFolder) refuseForFolder(options);
  for (const path of [out, `${out}.seal`, `${out}.bad`]) await refuseTaken(path, options.force ?? false);
  const { key, certificates, passphraseEnv, passphraseFile } = options;
  const identity = key === undefined ? undefined : requireIdentity(givenIdentity(options));
  const signer = key === undefined ? undefined : await openSigner({ key, certificates, passphraseEnv, passphraseFile });
  const nextKeys = await readNextKeys(options.nextKey ?? []);
  const warnings: string[] = [];
  await withPlatform((platform) =>
    withTimestamps(options.timestamp ?? [], platform, async (timestamp) => {
      const revocations = signer && options.embedRevocation ? await revocationsOf(signer.signer, platform) : undefined;
      const seal = signer && { signer: signer.signer, timestamp, revocations, nextKeys, signingTime: signingTime() };
      const job = { source, out, format, options, signer, seal, identity, platform, output, warnings };
      await (isFolder ? captureFolder(job) : captureDisk(job));
    }),
  );
}

function formatOf(out: string, { format }: Options): Format {
  if (format !== undefined && format !== 'dmg' && format !== 'raw') {
    throw new DisksealError('E_USAGE', `--format ${format} is none`, { hint: 'dmg or raw' });
  }
  if (format) return format;
  if (/\.dmg$/i.test(out)) return 'dmg';
  if (/\.(?:img|raw)$/i.test(out)) return 'raw';
  throw new DisksealError('E_USAGE', 'the name does not say what kind of image it is', {
    path: out,
    hint: 'end it in .dmg or .img, or say --format dmg or raw',
  });
}

function refuseContradictions(options: Options): void {
  const { key, badSectors = 'refuse', id, productVersion, buildNumber, platform, arch, channel } = options;
  if (badSectors !== 'refuse' && badSectors !== 'zeros') {
    throw new DisksealError('E_USAGE', `--bad-sectors ${badSectors} is none`, { hint: 'refuse or zeros' });
  }
  const { certificates, detached, nextKey, timestamp, embedRevocation } = options;
  const ofSeal = [certificates, detached, nextKey, timestamp, embedRevocation, id, productVersion, buildNumber, platform, arch, channel];
  if (key !== undefined || ofSeal.every((value) => value === undefined)) return;
  throw new DisksealError('E_USAGE', 'it is not said who signs', {
    hint: 'name the private key with --key; without one the image is not sealed',
  });
}

function refuseForFolder({ badSectors, restart, detached }: Options): void {
  const named = badSectors === undefined ? (restart ? '--restart' : detached ? '--detached' : undefined) : '--bad-sectors';
  if (named === undefined) return;
  throw new DisksealError('E_USAGE', `${named} is for disks, and the source is a folder`, { hint: 'leave it out' });
}

async function captureFolder(job: Job): Promise<void> {
  const { source, out, format, options, identity, seal, platform, output } = job;
  warnAboutSeal(job);
  const progress = createProgress(output, `capturing ${source}`);
  const image = await folderImage({
    folder: source,
    out,
    format,
    force: options.force ?? false,
    identity,
    seal,
    platform,
    progress: (done, total) => progress.update(done, total),
    warn: (message) => warn(job, message),
  }).finally(() => progress.finish());
  const { statement, size, diskSize, entries, skipped, filesystem } = image;
  await output.document({ ...head(job, statement), filesystem, size, diskSize, entries, skipped, warnings: job.warnings, statement });
  await report(
    job,
    statement,
    statement?.placement === 'detached' ? `${out}.seal` : undefined,
    `${counted(entries, 'entry', 'entries')}, ${humanSize(size)}`,
  );
}

async function captureDisk(job: Job): Promise<void> {
  const { source: path, out, format, options, output } = job;
  const source = await openDiskSource(path);
  const progress = { check: createProgress(output, `checking ${out}.part`), read: createProgress(output, `reading ${path}`) };
  try {
    if (format === 'dmg') refuseUnpackable(source.disk);
    warnAboutSeal(job);
    if (source.warning) warn(job, source.warning);
    const staged = await stageDisk(source, out, {
      restart: options.restart ?? false,
      progress: (step) => (done, total) => progress[step].update(done, total, humanSize(done)),
    }).catch((error: unknown) => {
      const isKept = error instanceof DisksealError && !['E_CHANGED', 'E_EXISTS'].includes(error.code);
      if (isKept) output.note(`what was captured is kept in ${out}.part; the same command goes on from there`);
      throw error;
    });
    progress.read.finish();
    await imageOf(job, source, staged);
  } finally {
    for (const step of Object.values(progress)) step.finish();
    await source.close();
  }
}

async function imageOf(job: Job, { disk }: DiskSource, staged: StagedDisk): Promise<void> {
  const { source, out, format, options, output, platform } = job;
  const force = options.force ?? false;
  const progress = createProgress(output, `writing ${out}`);
  try {
    const holes = staged.chunks.holes();
    if (holes.length > 0 && options.badSectors !== 'zeros') throw unreadable(job, holes);
    if (job.seal) await refuseSealed(staged, source);
    const seal = sealOf(job, holes.length > 0);
    const finish = format === 'dmg' ? finishDmg : finishRaw;
    const make = () => finish(staged, { out, force, seal, platform, progress: (done, total) => progress.update(done, total) });
    const image = await (holes.length > 0 ? besideList(job, holes, make) : make());
    await staged.journal.remove();
    if (format === 'dmg') await staged.part.remove();
    await tell(job, disk.size, staged, holes, image, progress);
  } catch (error) {
    output.note(`what was captured is kept in ${out}.part`);
    await staged.journal.close();
    await staged.part.close();
    throw error;
  } finally {
    progress.finish();
  }
}

function sealOf({ seal, signer, identity, options }: Job, hasHoles: boolean) {
  if (!seal || !signer || !identity) return undefined;
  const { channel } = options;
  if (hasHoles && channel !== undefined && channel !== INCOMPLETE) {
    throw new DisksealError('E_USAGE', `an image with holes is sealed on the channel ${INCOMPLETE}, not on ${channel}`, {
      hint: 'leave out --channel',
    });
  }
  const stated = hasHoles ? { ...identity, channel: INCOMPLETE } : identity;
  return { subject: { ...seal, identity: stated }, signer, detached: options.detached ?? false };
}

/** Places that are told one by one. */
const SHOWN = 20;

function placesText(holes: readonly Hole[]): string {
  const bytes = holes.reduce((sum, { length }) => sum + length, 0);
  return `${bytes} bytes in ${counted(holes.length, 'place')} cannot be read`;
}

function tellPlaces(holes: readonly Hole[], output: Output): void {
  for (const { offset, length } of holes.slice(0, SHOWN)) output.note(`${length} bytes at ${offset} cannot be read`);
}

/** Each place is in `others`. */
function unreadable({ source: path, output }: Job, holes: readonly Hole[]): DisksealError {
  tellPlaces(holes, output);
  const others = holes
    .slice(0, 1000)
    .map(({ offset, length }) => new DisksealError('E_READ', `${length} bytes cannot be read`, { path, offset }));
  const hint = 'the same command tries these places once more; --bad-sectors zeros makes an image with zeros there';
  return new DisksealError('E_READ', placesText(holes), { path, offset: holes[0]!.offset, hint, others });
}

/** The list is there before the image is. */
async function besideList<T>({ source, out, options, output }: Job, holes: readonly Hole[], make: () => Promise<T>): Promise<T> {
  output.alarm(`${out} is NOT a whole copy of ${source}: ${placesText(holes)}, and are zeros in it; ${out}.bad lists them`);
  tellPlaces(holes, output);
  const list = await createOutput(`${out}.bad`, { force: options.force ?? false });
  try {
    const lines = [
      '# not read, zeros in the image: offset and length in bytes',
      ...holes.map(({ offset, length }) => `${offset} ${length}`),
      '',
    ];
    await list.write(new TextEncoder().encode(lines.join('\n')));
    await list.publish();
  } catch (error) {
    await list.discard();
    throw error;
  }
  return make().catch(async (error: unknown) => {
    await rm(list.path, { force: true });
    throw error;
  });
}

async function tell(
  job: Job,
  diskSize: number,
  { kept }: StagedDisk,
  holes: readonly Hole[],
  image: CapturedImage,
  progress: Progress,
): Promise<void> {
  const { size, statement, sealPath, silence } = image;
  progress.finish();
  if (silence !== undefined) warn(job, `no list of files was signed, only the bytes of the disk: ${silence}`);
  const complete = holes.length === 0;
  const facts = { size, diskSize, kept, complete, unreadable: holes, ...(sealPath === undefined ? {} : { seal: sealPath }) };
  await job.output.document({ ...head(job, statement), ...facts, warnings: job.warnings, statement });
  const resumed = kept > 0 ? `, ${humanSize(kept)} of it read before` : '';
  await report(job, statement, sealPath, `a disk of ${humanSize(diskSize)}${resumed}; the image has ${humanSize(size)}`);
}

function head({ source, out, format }: Job, statement: Statement | undefined): object {
  return { source, output: out, format, sealed: statement !== undefined };
}

async function report(
  { out, signer, output }: Job,
  statement: Statement | undefined,
  sealPath: string | undefined,
  what: string,
): Promise<void> {
  await output.line(printable(out));
  output.note(`${statement ? (sealPath === undefined ? 'sealed' : 'sealed by a file beside it') : 'NOT sealed'}: ${what}`);
  const beside = sealPath === undefined ? '' : ` --seal ${sealPath}`;
  if (statement && signer) output.note(`check it with: diskseal verify ${out}${beside} --trust ${signer.trust}`);
}

function warn({ output, warnings }: Job, text: string): void {
  if (warnings.includes(text)) return;
  warnings.push(text);
  output.warning(text);
}

function warnAboutSeal(job: Job): void {
  const { signer, identity, options } = job;
  if (!signer)
    return warn(job, 'the image is not sealed, because no --key was named: nobody can tell who made it, and "restore" refuses it');
  if (!options.timestamp?.length) {
    const day = new Date(signer.notAfter * 1000).toISOString().slice(0, 10);
    warn(job, `the seal has no timestamp: it can be verified until ${day}, when its certificate expires`);
  }
  if (signer.demonstration && !identity?.product.startsWith('com.example.')) {
    warn(job, `${identity?.product} is sealed with the example key, which everybody has: make your own with "diskseal keys new"`);
  }
}
