/**
 * A manifest, read and judged: YAML with its places, overrides, variables, schema, and paths made absolute.
 * What it lists is looked at by `treeOf`; nothing but the manifest itself is read here.
 */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { z } from 'zod';
import { meant } from '../core/closest-word.ts';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { readDocument } from './document.ts';
import { type LicenceFile, settleLicence } from './licence.ts';
import { applyOverrides } from './overrides.ts';
import { type ItemInput, type ManifestInput, ManifestSchema, type XattrInput } from './schema.ts';
import { Faults, type KeyPath, SourceMap } from './source-map.ts';
import { parseSourceDateEpoch, parseTime } from './times.ts';
import { expandVariables } from './variables.ts';

export interface ManifestOptions {
  /** The environment as values; only names in `allowedEnvironment` are looked at, and SOURCE_DATE_EPOCH. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `--env NAME`: the variables that may be used. */
  readonly allowedEnvironment?: readonly string[];
  /** `--set key=value`, in the order given. */
  readonly set?: readonly string[];
  /** `--allow-outside`: sources may lie outside the manifest's folder. */
  readonly allowOutside?: boolean;
}

/** A manifest as text, where it does not come from a file. */
export interface ManifestText {
  readonly text: string;
  /** Relative paths start here. */
  readonly folder: string;
}

/** One item of `contents`, checked and with its numbers read. Paths are still as written, relative to the manifest. */
export interface ContentItem extends Omit<ItemInput, 'mode' | 'mtime' | 'exclude' | 'uid' | 'gid'> {
  readonly index: number;
  readonly exclude: readonly string[];
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
  /** Unix seconds. */
  readonly mtime: number | undefined;
  readonly xattrs?: Record<string, XattrInput> | undefined;
}

export interface SignSettings {
  /** Absolute paths. */
  readonly key: string;
  readonly certificates: string | undefined;
  readonly passphraseEnv: string | undefined;
  readonly passphraseFile: string | undefined;
  /** URLs of timestamp authorities, to be tried in order. */
  readonly timestamp: readonly string[];
  /** Absolute paths, or `spki:` and hexadecimal digits. */
  readonly nextKeys: readonly string[];
  /** Whether the seal is to carry what the authorities say about its certificates. */
  readonly revocation: boolean;
}

export interface Manifest
  extends Pick<
    ManifestInput,
    | 'name'
    | 'version'
    | 'platform'
    | 'arch'
    | 'channel'
    | 'volume'
    | 'window'
    | 'dmg'
    | 'raw'
    | 'iso'
    | 'bin'
    | 'appleDouble'
    | 'hostAttributes'
  > {
  /** The manifest's own file, when it has one; absolute. */
  readonly path: string | undefined;
  /** Relative paths start here; absolute. */
  readonly folder: string;
  readonly id: string | undefined;
  readonly build: number | undefined;
  /** What every time in the image is set to, in Unix seconds; undefined: times are those of the sources. */
  readonly mtime: number | undefined;
  readonly mtimeFrom: 'SOURCE_DATE_EPOCH' | 'manifest' | 'sources';
  /** What is built, and where; absolute paths. */
  readonly outputs: readonly { readonly target: Target; readonly path: string }[];
  readonly contents: readonly ContentItem[];
  /** What a DMG shows before it opens, the one for everybody else first; none: it opens at once. */
  readonly license: readonly LicenceFile[];
  readonly sign: SignSettings | undefined;
  readonly allowOutside: boolean;
  /** Where everything stands in the text, for faults that are found later. */
  readonly source: SourceMap;
}

type Target = ManifestInput['targets'][number];

/** What `${ext}` is. */
const EXTENSIONS: Record<Target, string> = { dmg: 'dmg', iso: 'iso', raw: 'img', bin: 'bin' };
/** Stands for `${ext}` until it is known for which target; no text of a manifest can hold it. */
const ANY_EXTENSION = '\uffff';

/** More text than any manifest needs: bytes. */
const SIZE_LIMIT = 64 << 20;

/**
 * Reads a manifest.
 * @param from - a path, or a text with the folder that its relative paths start from
 * @throws DisksealError `E_MANIFEST` (or `E_USAGE` for a wrong `--set`) with line, column, excerpt and hint; every further
 * fault of the same run is in `others`. `E_NOT_FOUND`, `E_READ` when there is no such file
 */
export async function loadManifest(from: string | ManifestText, options: ManifestOptions = {}): Promise<Manifest> {
  const path = typeof from === 'string' ? resolve(from) : undefined;
  const text = typeof from === 'string' ? await readText(from) : from.text;
  const folder = typeof from === 'string' ? dirname(resolve(from)) : resolve(from.folder);
  const source = new SourceMap(text, typeof from === 'string' ? from : undefined);
  const faults = new Faults();

  const top = readDocument(text, ManifestSchema, source, faults) ?? {};
  if (faults.found.length === 0 && (typeof top !== 'object' || Array.isArray(top))) {
    faults.add(source.fault('a manifest is a list of "key: value" lines', source.place([]), 'start with diskseal init'));
  }
  if (faults.found.length > 0 && isEmpty(top)) faults.check();
  applyOverrides(top, options.set ?? [], ManifestSchema, source, faults);
  const environment = { values: options.environment ?? {}, allowed: options.allowedEnvironment ?? [] };
  expandVariables(fillIn(top), { platform: 'any', arch: 'universal', channel: 'stable', ext: ANY_EXTENSION }, environment, source, faults);
  const config = judge(top, source, faults);
  const manifest = config && settle(config, { path, folder, source, faults, options });
  faults.check();
  if (!manifest) throw new DisksealError('E_INTERNAL', 'internal error: a manifest was refused without a reason');
  return manifest;
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const error = readError(path, cause, 'the manifest');
    throw error.code === 'E_NOT_FOUND' ? error.with({ hint: 'diskseal init writes a first manifest' }) : error;
  });
  if (bytes.length > SIZE_LIMIT) throw new DisksealError('E_MANIFEST', 'the file is too large to be a manifest', { path });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DisksealError('E_MANIFEST', 'the manifest is not UTF-8 text', { path, cause });
  }
}

function isEmpty(top: unknown): boolean {
  return typeof top !== 'object' || top === null || Object.keys(top).length === 0;
}

/** Texts that have defaults with variables in them, so that those are expanded as if they had been written. */
function fillIn(top: unknown): unknown {
  if (typeof top !== 'object' || top === null) return top;
  const manifest = top as Record<string, unknown>;
  manifest['output'] ??= '${name}-${version}.${ext}';
  const volume = (manifest['volume'] ??= {});
  if (typeof volume === 'object') (volume as Record<string, unknown>)['name'] ??= '${name} ${version}';
  return manifest;
}

function judge(top: unknown, source: SourceMap, faults: Faults): ManifestInput | undefined {
  const judged = ManifestSchema.safeParse(top);
  if (judged.success) return judged.data;
  for (const issue of judged.error.issues) report(issue, top, source, faults);
  return undefined;
}

function report(issue: z.core.$ZodIssue, top: unknown, source: SourceMap, faults: Faults): void {
  const path = issue.path as KeyPath;
  const value = valueAt(top, path);
  // A required key that was only misspelled is one mistake, and that one is reported already.
  if (value === undefined && faults.found.some(({ hint }) => hint === meant(String(path.at(-1))))) return;
  const { message, at } = wording(issue, path, value);
  const span = source.place(at);
  // A fault that was found on the way here (an unknown variable in a default, say) needs no second one at its place.
  const said = faults.found.some((fault) => source.fault('', span).line === fault.line && source.fault('', span).column === fault.column);
  if (!said || span === undefined) faults.add(source.fault(message, span));
}

function valueAt(top: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined),
    top,
  );
}

function wording(issue: z.core.$ZodIssue, path: KeyPath, value: unknown): { message: string; at: KeyPath } {
  const name = path.filter((key) => typeof key === 'string').at(-1) ?? 'the manifest';
  if (value === undefined && issue.code !== 'custom') return { message: `"${name}" is missing`, at: path.slice(0, -1) };
  if (value === null) return { message: `"${name}" has no value`, at: path };
  if (issue.code === 'invalid_type') return { message: `"${name}" must be ${article(issue.expected)}, not ${kindOf(value)}`, at: path };
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) {
    return { message: `"${name}" is one of ${issue.values.map(String).join(', ')}`, at: path };
  }
  if (issue.code === 'too_small' && issue.message.startsWith('Too'))
    return { message: `"${name}" must be at least ${issue.minimum}`, at: path };
  if (issue.code === 'too_big' && issue.message.startsWith('Too'))
    return { message: `"${name}" must be at most ${issue.maximum}`, at: path };
  return { message: issue.message, at: path };
}

function article(expected: string): string {
  const words: Record<string, string> = {
    string: 'a text',
    int: 'a whole number',
    number: 'a number',
    array: 'a list',
    object: 'a group of keys',
    record: 'a group of keys',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  return typeof value === 'string' ? 'a text' : JSON.stringify(value);
}

interface Context {
  readonly path: string | undefined;
  readonly folder: string;
  readonly source: SourceMap;
  readonly faults: Faults;
  readonly options: ManifestOptions;
}

/** From what the schema let through to what the build uses. */
function settle(config: ManifestInput, context: Context): Manifest {
  const { path, folder, source, options } = context;
  const { name, version, id, build, platform, arch, channel, volume, window, dmg, raw, iso, bin, appleDouble, hostAttributes } = config;
  return {
    path,
    folder,
    source,
    name,
    version,
    id,
    build,
    platform,
    arch,
    channel,
    volume,
    window,
    dmg,
    raw,
    iso,
    bin,
    appleDouble,
    hostAttributes,
    ...settleTime(config, context),
    outputs: settleOutputs(config, context),
    contents: config.contents.map((item, index) => settleItem(item, index, context)),
    license: settleLicence(config, source, context.faults),
    sign: config.sign && settleSign(config.sign, context),
    allowOutside: options.allowOutside ?? false,
  };
}

function settleOutputs({ targets, output }: ManifestInput, { folder, source, faults }: Context): Manifest['outputs'] {
  if (targets.length > 1 && !output.includes(ANY_EXTENSION)) {
    const hint = 'put ${ext} into it, as in dist/${name}-${version}.${ext}';
    faults.add(source.fault('several targets would be written to one file', source.place(['output']), hint));
  }
  return targets.map((target) => ({ target, path: resolve(folder, output.replaceAll(ANY_EXTENSION, EXTENSIONS[target])) }));
}

function settleTime(config: ManifestInput, { source, faults, options }: Context): Pick<Manifest, 'mtime' | 'mtimeFrom'> {
  const written = config.mtime === undefined ? undefined : timeAt(config.mtime, ['mtime'], source, faults);
  const epoch = options.environment?.['SOURCE_DATE_EPOCH'];
  if (epoch !== undefined && epoch !== '') {
    const mtime = parseSourceDateEpoch(epoch);
    if (mtime !== undefined) return { mtime, mtimeFrom: 'SOURCE_DATE_EPOCH' };
    faults.add(new DisksealError('E_USAGE', `SOURCE_DATE_EPOCH is not a number of seconds: ${JSON.stringify(epoch.slice(0, 40))}`));
  }
  return { mtime: written, mtimeFrom: written === undefined ? 'sources' : 'manifest' };
}

function timeAt(value: string | number, path: KeyPath, source: SourceMap, faults: Faults): number | undefined {
  const time = parseTime(value);
  if (time === undefined) {
    const hint = 'for example 2026-01-01T00:00:00Z; a time of day needs Z or an offset';
    faults.add(source.fault(`${JSON.stringify(value)} is not a time`, source.place(path), hint));
  }
  return time;
}

function settleItem(item: ItemInput, index: number, { source, faults }: Context): ContentItem {
  return {
    ...item,
    index,
    exclude: item.exclude ?? [],
    mode: item.mode === undefined ? undefined : Number.parseInt(item.mode.replace(/^0?o/, ''), 8),
    uid: item.uid ?? 0,
    gid: item.gid ?? 0,
    mtime: item.mtime === undefined ? undefined : timeAt(item.mtime, ['contents', index, 'mtime'], source, faults),
  };
}

function settleSign(sign: NonNullable<ManifestInput['sign']>, { folder, source, faults, options }: Context): SignSettings {
  const variable = sign.passphraseEnv;
  if (variable !== undefined && !options.allowedEnvironment?.includes(variable)) {
    const hint = `allow it with --env ${variable}`;
    faults.add(source.fault(`the environment variable ${variable} is not allowed here`, source.place(['sign', 'passphraseEnv']), hint));
  }
  return {
    key: resolve(folder, sign.key),
    certificates: sign.certificates === undefined ? undefined : resolve(folder, sign.certificates),
    passphraseEnv: variable,
    passphraseFile: sign.passphraseFile === undefined ? undefined : resolve(folder, sign.passphraseFile),
    timestamp: [sign.timestamp ?? []].flat(),
    nextKeys: (sign.nextKeys ?? []).map((key) => (/^spki:/i.test(key) ? key : resolve(folder, key))),
    revocation: sign.revocation,
  };
}

/** Whether a path lies in a folder or is that folder; both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
