/** Inputs as files: named by their digest, the large ones packed, because images are mostly zeros. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

export const corpusFolder = (name) => fileURLToPath(new URL(`corpus/${name}/`, import.meta.url));
/** Every input that ever showed a fault, TARGET-DIGEST. */
export const foundFolder = fileURLToPath(new URL('found/', import.meta.url));
const SHARED = new URL('../../../shared/corpus/', import.meta.url);
const PACKED_FROM = 4096;

/**
 * The inputs of a folder, sorted by name; none when it is not there.
 * @param {string} folder
 * @param {(name: string) => boolean} wanted
 * @returns {{ name: string, bytes: Uint8Array }[]}
 */
export function inputsIn(folder, wanted = () => true) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => !/^\.|\.md$/.test(name) && wanted(name));
  return names.sort().map((name) => ({ name, bytes: readInput(join(folder, name)) }));
}

export function readInput(file) {
  const stored = readFileSync(file);
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(stored) : stored);
}

/** @returns the file's path */
export function writeInput(folder, bytes, prefix = '') {
  mkdirSync(folder, { recursive: true });
  const name = prefix + createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const file = join(folder, bytes.length > PACKED_FROM ? `${name}.gz` : name);
  writeFileSync(file, bytes.length > PACKED_FROM ? gzipSync(bytes, { level: 9 }) : bytes);
  return file;
}

/** Real images of other makers, when they lie beside the project: they are not kept here. */
export function sharedInputs(folders, limit = 1 << 18) {
  return folders.flatMap((folder) => inputsIn(fileURLToPath(new URL(`${folder}/`, SHARED)))).filter(({ bytes }) => bytes.length <= limit);
}
