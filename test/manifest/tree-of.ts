/** What the tests of this folder share: trees from a manifest's text, and errors as short lines. */

import { DisksealError } from '../../src/core/errors.ts';
import type { Entry } from '../../src/core/file-tree.ts';
import { walk } from '../../src/core/file-tree.ts';
import { loadManifest, type ManifestOptions } from '../../src/manifest/manifest.ts';
import { type Host, treeOf } from '../../src/manifest/tree.ts';
import { sourceFile } from '../../src/node/file-disk.ts';

export const host: Host = { sourceFile, platform: process.platform };
export const HEAD = 'name: Hello\nversion: 1.0\n';

export function load(text: string, folder = '/nowhere', options: ManifestOptions = {}) {
  return loadManifest({ text, folder }, options);
}

export async function treeFrom(folder: string, text: string, options: ManifestOptions = {}, machine = host) {
  return treeOf(await load(HEAD + text, folder, options), machine);
}

/** Every entry below the root, by path. */
export async function entriesOf(folder: string, text: string, options: ManifestOptions = {}, machine = host): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  for await (const { path, entry } of walk((await treeFrom(folder, text, options, machine)).root)) found.set(path, entry);
  return found;
}

export async function textOf(entry: Entry | undefined): Promise<string> {
  if (entry?.type !== 'file') throw new Error(`not a file: ${entry?.type}`);
  return new TextDecoder().decode(await entry.content.read(0, entry.content.size));
}

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<DisksealError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DisksealError)) throw new Error(`expected a DisksealError, got ${String(error)}`, { cause: error });
  return error;
}

/** Every fault of a run as "line:column message". */
export async function faultsOf(promise: Promise<unknown>): Promise<string[]> {
  const error = await failure(promise);
  return [error, ...error.others].map(({ line, column, message }) => `${line ?? '-'}:${column ?? '-'} ${message}`);
}
