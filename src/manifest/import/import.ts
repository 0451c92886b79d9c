/**
 * The configuration of another builder as a manifest with the same result: appdmg, electron-builder, Tauri, dmgbuild, create-dmg.
 * What a file is, its content tells. Nothing of it is executed.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { DisksealError } from '../../core/errors.ts';
import { errnoOf, readError } from '../../core/system-error.ts';
import { importAppdmg, isAppdmg } from './appdmg.ts';
import { importCreateDmg, isCreateDmg } from './create-dmg.ts';
import { importDmgbuild, isDmgbuild } from './dmgbuild.ts';
import { importElectronBuilder, isElectronBuilder } from './electron-builder.ts';
import type { Fields, Imported } from './imported.ts';
import { manifestText } from './manifest-text.ts';
import { importTauri, isTauri } from './tauri.ts';

export interface ImportedManifest {
  /** A manifest, as YAML. */
  readonly text: string;
  readonly builder: string;
  /** Where its relative paths start: beside what was imported. */
  readonly folder: string;
  /** What could not be carried over; the text has it as comments. */
  readonly remarks: readonly string[];
}

const LIMIT = 1 << 20;

/**
 * @param from - a file, or a command line that begins with `create-dmg `
 * @throws DisksealError `E_MANIFEST` when it is nothing that is known, `E_NOT_FOUND`, `E_READ`
 */
export async function importManifest(from: string): Promise<ImportedManifest> {
  const isCommand = /^\s*create-dmg\s/.test(from);
  const text = isCommand ? from : await readText(from);
  const imported = await recognised(text, isCommand ? '' : from);
  const folder = isCommand ? '.' : dirname(from);
  return {
    text: manifestText(imported, isCommand ? 'a command line' : basename(from)),
    builder: imported.builder,
    folder,
    remarks: [...new Set(imported.remarks.map(({ text: remark }) => remark))],
  };
}

/** @returns appdmg's specification as a manifest; nothing when the file is another one */
export async function importAppdmgFile(path: string): Promise<ImportedManifest | undefined> {
  const config = parsed(await readText(path));
  return config && isAppdmg(config) ? importManifest(path) : undefined;
}

async function recognised(text: string, path: string): Promise<Imported> {
  const config = /\.(?:json5?|ya?ml)$/i.test(path) ? parsed(text) : undefined;
  if (config) {
    if (isAppdmg(config)) return importAppdmg(config);
    if (isTauri(config)) return importTauri(config);
    if (basename(path) === 'package.json') return fromPackageJson(config, path);
    if (isElectronBuilder(config)) return importElectronBuilder(config, await packageBeside(path));
  } else {
    if (isCreateDmg(text)) return importCreateDmg(text);
    if (isDmgbuild(text)) return importDmgbuild(text);
  }
  throw new DisksealError('E_MANIFEST', 'this is the configuration of no builder that is known', {
    path,
    hint: 'known are appdmg.json, electron-builder.yml, package.json with "build", tauri.conf.json, dmgbuild settings, and a script with create-dmg',
  });
}

function fromPackageJson(config: Fields, path: string): Imported {
  const { build } = config;
  if (typeof build === 'object' && build !== null) return importElectronBuilder(build as Fields, config);
  throw new DisksealError('E_MANIFEST', 'package.json has no "build" for electron-builder', {
    path,
    hint: 'name electron-builder.yml instead',
  });
}

async function packageBeside(path: string): Promise<Fields> {
  const text = await readFile(join(dirname(path), 'package.json'), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '{}';
    throw readError('package.json', error);
  });
  return parsed(text) ?? {};
}

/** JSON, JSON with comments, and YAML alike: JSON is YAML. */
function parsed(text: string): Fields | undefined {
  const plain = text.replaceAll(/^\s*\/\/.*$/gm, '');
  const document = parseDocument(plain, { prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(path, error);
  });
  if (text.length <= LIMIT) return text;
  throw new DisksealError('E_MANIFEST', `the file is longer than ${LIMIT} characters`, { path });
}
