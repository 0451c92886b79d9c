/** `diskseal build`: a manifest becomes images, sealed when it says how. Clock and environment enter here, as values. */
import { isAbsolute, relative, resolve } from 'node:path';
import { buildImages } from '../../build/build.ts';
import type { BuildPlan, BuildResult, IsoSettings } from '../../build/plan.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Signer } from '../../core/signer.ts';
import { readBootSector } from '../../manifest/boot-sector.ts';
import { dressingOf } from '../../manifest/dressing.ts';
import { licencesOf } from '../../manifest/licence-texts.ts';
import { loadManifest, type Manifest } from '../../manifest/manifest.ts';
import { installerOf } from '../../manifest/tree.ts';
import { sourceFile } from '../../node/file-disk.ts';
import type { Call } from '../command.ts';
import { refuseTakenImages, type WantedImage, writeImages } from '../images/image-files.ts';
import { manifestFor } from '../images/named-manifest.ts';
import { withPlatform } from '../platform.ts';
import { readNextKeys } from '../signing/next-keys.ts';
import { revocationsOf } from '../signing/revocations.ts';
import { openSigner } from '../signing/signer.ts';
import { type AskForTimestamp, withTimestamps } from '../signing/timestamps.ts';
import type { Output } from '../terminal/output.ts';
import { counted, humanSize, printable } from '../terminal/printable.ts';
import { createProgress } from '../terminal/progress.ts';

interface Options {
  readonly output?: string;
  readonly target?: readonly string[];
  readonly set?: readonly string[];
  readonly env?: readonly string[];
  readonly force?: boolean;
  readonly allowOutside?: boolean;
  readonly timestamp?: readonly string[];
  readonly embedRevocation?: boolean;
  readonly key?: string;
  readonly certificates?: string;
}

/** One image, written. */
interface Built extends BuildResult, WantedImage {}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [named = '.'] = given as [string?];
  const manifest = await loadManifest(await manifestFor(named, options), {
    environment: process.env,
    allowedEnvironment: options.env ?? [],
    set: options.set ?? [],
    allowOutside: options.allowOutside ?? false,
  });
  const outputs = chosenOutputs(manifest, options);
  await refuseTakenImages(outputs, options.force ?? false);
  const warnings = new Warnings(output);
  const nextKeys = await readNextKeys(manifest.sign?.nextKeys ?? []);
  const signer = manifest.sign ? await openSigner(manifest.sign) : undefined;
  const authorities = timestampAuthorities(manifest, options);
  const licence = await licencesOf(manifest);
  warnAboutLicence(manifest, outputs, warnings);
  warnAbout(manifest, signer && { ...signer, timestamped: authorities.length > 0 }, warnings);

  const built = await withPlatform((platform) =>
    withTimestamps(authorities, platform, async (timestamp) => {
      const installer = await installerOf(manifest, {
        sourceFile,
        platform: process.platform,
        outputs: outputs.map((one) => resolve(one.path)),
      });
      const dressing = await dressingOf(manifest, installer, { sourceFile, platform, warn: (message) => warnings.add(message) });
      const asked = (manifest.sign?.revocation ?? false) || (options.embedRevocation ?? false);
      const revocations = signer && asked ? await revocationsOf(signer.signer, platform) : undefined;
      const made = { tree: installer.tree, dressing, licence };
      const plan = await planOf(manifest, made, signer && { signer: signer.signer, timestamp, revocations, nextKeys });
      return build(outputs, plan, options.force ?? false, { platform, warnings });
    }),
  );
  await output.document({ outputs: built.map(described), warnings: warnings.all });
  for (const { path: wanted, size, entries, statement } of built) {
    await output.line(printable(wanted));
    output.note(
      `${statement ? 'sealed' : 'NOT sealed'}: ${humanSize(size)}${statement ? `, ${counted(entries, 'entry', 'entries')}` : ''}`,
    );
  }
  const [first] = built;
  if (first?.statement && signer) output.note(`check it with: diskseal verify ${first.path} --trust ${shortest(signer.trust)}`);
}

/** Those of the command line stand in for the manifest's. */
function timestampAuthorities({ sign }: Manifest, { timestamp, embedRevocation }: Options): readonly string[] {
  if ((timestamp || embedRevocation) && !sign) {
    const hint = 'add "sign" with a key and its certificates';
    const what = timestamp ? 'timestamp' : 'embed revocation data in';
    throw new DisksealError('E_USAGE', `there is nothing to ${what}: the manifest has no "sign"`, { hint });
  }
  return timestamp ?? sign?.timestamp ?? [];
}

/** Said once to people, and told by `--json`. */
class Warnings {
  readonly all: string[] = [];
  readonly output: Output;

  constructor(output: Output) {
    this.output = output;
  }

  add(text: string): void {
    if (this.all.includes(text)) return;
    this.all.push(text);
    this.output.warning(text);
  }
}

function chosenOutputs({ outputs }: Manifest, { target, output }: Options): readonly WantedImage[] {
  const unknown = target?.find((name) => !outputs.some((one) => one.target === name));
  if (unknown !== undefined) {
    const known = outputs.map((one) => one.target).join(', ');
    throw new DisksealError('E_USAGE', `the manifest has no target ${unknown}`, { hint: `it has ${known}` });
  }
  const chosen = outputs
    .filter((one) => !target || target.includes(one.target))
    .map((one) => ({ target: one.target, path: shortest(one.path) }));
  if (output === undefined) return chosen;
  const [only, second] = chosen;
  if (!only || second) throw new DisksealError('E_USAGE', 'one --output cannot take several targets', { hint: 'choose one with --target' });
  return [{ target: only.target, path: output }];
}

/** A path as people would write it from where they are. */
function shortest(path: string): string {
  const way = relative(process.cwd(), path);
  return way === '' || way.startsWith('..') || isAbsolute(way) ? path : way;
}

function warnAbout(
  { mtimeFrom, id, path }: Manifest,
  signer: { notAfter: number; demonstration: boolean; timestamped: boolean } | undefined,
  warnings: Warnings,
): void {
  if (mtimeFrom === 'sources') {
    const where = path === undefined ? 'SOURCE_DATE_EPOCH' : '"mtime" in the manifest, or SOURCE_DATE_EPOCH';
    warnings.add(`files keep their own times, so another checkout gives another image: set ${where}`);
  }
  if (!signer) {
    warnings.add(
      path === undefined
        ? 'the image is not sealed: nobody can tell who made it; --key and --certificates seal it'
        : 'the image is not sealed, because the manifest has no "sign": nobody can tell who made it',
    );
    return;
  }
  if (!signer.timestamped) {
    warnings.add(
      `the seal has no timestamp: it can be verified until ${new Date(signer.notAfter * 1000).toISOString().slice(0, 10)}, when its certificate expires`,
    );
  }
  if (signer.demonstration && !id?.startsWith('com.example.')) {
    warnings.add(`${id} is sealed with the example key, which everybody has: make your own with "diskseal keys new"`);
  }
}

function warnAboutLicence({ license }: Manifest, outputs: readonly WantedImage[], warnings: Warnings): void {
  if (license.length === 0) return;
  const without = outputs.filter(({ target }) => target !== 'dmg').map(({ path }) => path);
  if (without.length > 0) warnings.add(`only a DMG can ask for agreement to a licence: ${without.join(', ')} will not`);
  if (without.length < outputs.length) {
    warnings.add('a DMG that asks for agreement to a licence is refused by "diskutil image": who scripts its opening has to use hdiutil');
  }
}

interface Sealing {
  readonly signer: Signer;
  readonly timestamp: AskForTimestamp | undefined;
  readonly revocations: readonly Uint8Array[] | undefined;
  readonly nextKeys: readonly string[];
}

type Made = Pick<BuildPlan, 'tree' | 'dressing' | 'licence'>;

async function planOf(manifest: Manifest, { tree, dressing, licence }: Made, sealing: Sealing | undefined): Promise<BuildPlan> {
  const { name, id, version, build, platform, arch, channel, volume, dmg, raw, bin, mtime } = manifest;
  return {
    tree,
    dressing,
    // Without a seal nothing is stated, and the id only helps to derive identifiers.
    identity: { product: id ?? name, version, ...(build === undefined ? {} : { build }), platform, arch, channel },
    caseSensitive: volume.filesystem === 'HFSX',
    created: mtime ?? Math.floor(tree.root.times.modified),
    compressionLevel: dmg.compression.level,
    raw,
    iso: await isoSettings(manifest),
    bin,
    licence,
    ...(sealing ? { seal: { ...sealing, signingTime: mtime ?? Math.floor(Date.now() / 1000) } } : {}),
  };
}

async function isoSettings(manifest: Manifest): Promise<IsoSettings> {
  const { joliet, udf, level, boot, hybrid, bootSector: named, ...fields } = manifest.iso;
  const bootSector = named === undefined ? undefined : await readBootSector(named, manifest);
  return { joliet, udf, level, boot, fields, ...(hybrid === 'none' ? {} : { hybrid: { map: hybrid, bootSector } }) };
}

async function build(
  wanted: readonly WantedImage[],
  plan: BuildPlan,
  force: boolean,
  { platform, warnings }: { platform: Platform; warnings: Warnings },
): Promise<Built[]> {
  const progress = createProgress(warnings.output, `building ${wanted.map(({ path }) => path).join(', ')}`);
  const warn = (message: string, where?: string): void =>
    warnings.add(where === undefined || where === '' ? message : `${where}: ${message}`);
  try {
    const results = await writeImages(wanted, force, (outputs) =>
      buildImages(plan, outputs, { platform, warn, progress: (done, total) => progress.update(done, total) }),
    );
    return results.map((result, index) => ({ ...wanted[index]!, ...result }));
  } finally {
    progress.finish();
  }
}

function described({ target, path, size, diskSize, entries, statement }: Built): object {
  return { target, path, size, diskSize, sealed: statement !== undefined, ...(statement ? { entries, statement } : {}) };
}
