/**
 * An inventory: one line for each entry of the installer, sorted by path. It stands in the seal's area, pinned by its
 * digest in the statement. Specification: docs/seal-format.md section 5.
 */
import { DisksealError } from '../core/errors.ts';
import { toHex } from '../core/struct.ts';

/** One entry. Paths are names joined by "/", in the manifest's own code units, never normalised. */
export type InventoryEntry = { readonly path: string; readonly mode: number } & (
  | { readonly type: 'folder' }
  | { readonly type: 'file'; readonly size: number; readonly digest: Uint8Array }
  | { readonly type: 'symlink'; readonly target: string }
);

/** The inventory's bytes: UTF-8 lines, each ended by a line feed. */
export function encodeInventory(entries: Iterable<InventoryEntry>): Uint8Array {
  const sorted = [...entries].sort((a, b) => compareCodePoints(a.path, b.path));
  const encoder = new TextEncoder();
  return encoder.encode(sorted.map(line).join(''));
}

function line(entry: InventoryEntry): string {
  const mode = entry.mode.toString(8).padStart(4, '0');
  const path = escape(entry.path);
  if (entry.type === 'folder') return `d ${mode} - - ${path}\n`;
  if (entry.type === 'file') return `f ${mode} ${entry.size} ${toHex(entry.digest)} ${path}\n`;
  return `l ${mode} - - ${path}\t${escape(entry.target)}\n`;
}

/** Control characters, backslash and lone surrogates as `\uXXXX`, so that a line is a line and UTF-8 can hold it. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\p{Cc}\p{Cs}\\\u2028\u2029]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescape(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const LINE =
  /^(?:d ([0-7]{4}) - - ([^\t]+)|f ([0-7]{4}) (0|[1-9][0-9]{0,15}) ([0-9a-f]{64}) ([^\t]+)|l ([0-7]{4}) - - ([^\t]+)\t([^\t]*))$/;

/** SHA-256 of no bytes. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Reads an inventory whose digest was checked.
 * @throws DisksealError `E_SEAL` for a line of another form, a path out of order, doubled or leaving the image
 */
export function parseInventory(bytes: Uint8Array): InventoryEntry[] {
  const text = decode(bytes);
  if (text === '') return [];
  if (!text.endsWith('\n')) throw malformed('its last line does not end');
  const entries = text.slice(0, -1).split('\n').map(parseLine);
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    if (before && compareCodePoints(before.path, entry.path) >= 0) throw malformed(`line ${index + 1} is out of order`);
  }
  return entries;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed('it is not UTF-8', cause);
  }
}

function parseLine(text: string, index: number): InventoryEntry {
  const found = LINE.exec(text);
  if (!found) throw malformed(`line ${index + 1} has another form`);
  const [, folderMode, folder, fileMode, size, digest, file, linkMode, link, target] = found;
  const path = checkedPath((folder ?? file ?? link)!, index);
  if (folder !== undefined) return { type: 'folder', path, mode: Number.parseInt(folderMode!, 8) };
  if (file !== undefined) {
    if (size === '0' && digest !== EMPTY) throw malformed(`line ${index + 1} gives nothing a digest that nothing has`);
    if (!Number.isSafeInteger(Number(size))) throw malformed(`line ${index + 1} has a size beyond 2^53-1`);
    return { type: 'file', path, mode: Number.parseInt(fileMode!, 8), size: Number(size), digest: fromHex(digest!) };
  }
  return { type: 'symlink', path, mode: Number.parseInt(linkMode!, 8), target: unescaped(target!, index) };
}

/** There is one spelling. */
function unescaped(spelling: string, index: number): string {
  const text = unescape(spelling);
  if (escape(text) !== spelling) throw malformed(`line ${index + 1} has a character, or an escape, that it may not have`);
  return text;
}

function checkedPath(escaped: string, index: number): string {
  const path = unescaped(escaped, index);
  if (path.split('/').some((name) => name === '' || name === '.' || name === '..')) throw malformed(`line ${index + 1} leaves the image`);
  return path;
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16));
}

/** Order of code points, which is also the order of the UTF-8 bytes; JavaScript's own order differs above U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates after all other units, as the code points they stand for are. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function malformed(message: string, cause?: unknown): DisksealError {
  return new DisksealError('E_SEAL', `the inventory is malformed: ${message}`, { field: 'inventory', cause });
}
