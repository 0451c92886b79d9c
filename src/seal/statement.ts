/**
 * The statement: what a publisher signs about an image. Canonical JSON with a closed set of members; the specification
 * is docs/seal-format.md section 3.
 */
import { DisksealError } from '../core/errors.ts';
import { canonicalJson } from './canonical-json.ts';
import { CHUNK, type Coverage, type Range } from './coverage.ts';

export const STATEMENT_TYPE = 'diskseal/seal/1';
/** More than any statement needs; what is longer is not parsed. Bytes. */
export const STATEMENT_LIMIT = 65_536;

/** What the publisher says the image is. */
export interface Identity {
  /** Reverse DNS, `[a-z0-9.-]+`, 255 characters at most. */
  readonly product: string;
  readonly version: string;
  /** A counter that orders versions before any reading of `version`. */
  readonly build?: number | undefined;
  readonly platform: string;
  readonly arch: string;
  readonly channel: string;
}

/** A list of entries that stands in the area, pinned by its digest. */
export interface InventoryDigest {
  readonly entries: number;
  readonly bytes: number;
  /** SHA-256, lower-case hexadecimal, of the stored bytes. */
  readonly digest: string;
}

export interface Statement extends Identity, Coverage {
  readonly type: typeof STATEMENT_TYPE;
  readonly apple: 'none';
  readonly tree: { readonly algorithm: 'rfc9162-sha256'; readonly chunk: typeof CHUNK; readonly leaves: number; readonly root: string };
  /** SHA-256 over the covered bytes, masked ones as zero. */
  readonly flat: string;
  readonly content: InventoryDigest;
  readonly dressing: InventoryDigest;
  /** SHA-256 (hexadecimal, ascending) of the SubjectPublicKeyInfos that may sign this product from now on. */
  readonly keys?: readonly string[] | undefined;
}

export function encodeStatement(statement: Statement): Uint8Array {
  return new TextEncoder().encode(canonicalJson(statement as unknown as Parameters<typeof canonicalJson>[0]));
}

/**
 * Reads a statement and proves that the bytes are its only encoding.
 * @throws DisksealError `E_SEAL` for anything else
 */
export function parseStatement(bytes: Uint8Array): Statement {
  if (bytes.length > STATEMENT_LIMIT) throw malformed(`it has ${bytes.length} bytes, ${STATEMENT_LIMIT} are allowed`);
  const statement = read(parseJson(bytes));
  const again = encodeStatement(statement);
  if (again.length !== bytes.length || again.some((byte, index) => byte !== bytes[index])) {
    throw malformed('it is not in canonical form (RFC 8785)');
  }
  return statement;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    // Nesting deep enough to exhaust the stack ends here too.
    throw malformed('it is not JSON in UTF-8', cause);
  }
}

/** @throws DisksealError `E_SEAL` for an identity that no statement can have */
export function checkIdentity({ product, version, build, platform, arch, channel }: Identity): void {
  matching(product, 'product', PRODUCT);
  display(version, 'version');
  if (build !== undefined) size(build, 'build');
  for (const [name, value] of Object.entries({ platform, arch, channel })) matching(value, name, TOKEN);
}

function read(value: unknown): Statement {
  const top = members(value, 'statement', [...REQUIRED, 'build', 'critical', 'keys'], REQUIRED);
  const critical = top['critical'];
  if (critical !== undefined && !(Array.isArray(critical) && critical.length === 0))
    throw malformed('"critical" names what this version does not know');
  const format = oneOf(top['format'], 'format', ['dmg', 'iso', 'raw'] as const);
  return {
    type: oneOf(top['type'], 'type', [STATEMENT_TYPE] as const),
    product: matching(top['product'], 'product', PRODUCT),
    version: display(top['version'], 'version'),
    ...(top['build'] === undefined ? {} : { build: size(top['build'], 'build') }),
    platform: matching(top['platform'], 'platform', TOKEN),
    arch: matching(top['arch'], 'arch', TOKEN),
    channel: matching(top['channel'], 'channel', TOKEN),
    format,
    placement: oneOf(top['placement'], 'placement', ['embedded', 'detached'] as const),
    imageSize: size(top['imageSize'], 'imageSize'),
    seal: readSeal(top['seal']),
    covered: ranges(top['covered'], 'covered'),
    masked: ranges(top['masked'], 'masked'),
    apple: oneOf(top['apple'], 'apple', ['none'] as const),
    tree: readTree(top['tree']),
    flat: matching(top['flat'], 'flat', DIGEST),
    content: readInventory(top['content'], 'content'),
    dressing: readInventory(top['dressing'], 'dressing'),
    ...(top['keys'] === undefined ? {} : { keys: readKeys(top['keys']) }),
    ...(critical === undefined ? {} : { critical: [] }),
  };
}

const REQUIRED =
  'type product version platform arch channel format placement imageSize seal covered masked apple tree flat content dressing'.split(' ');
const PRODUCT = /^[a-z0-9.-]{1,255}$/;
const TOKEN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;
// Control characters, direction marks, line separators, noncharacters and lone surrogates: nothing that could make one
// text look like another on a terminal (seal-rules: display strings).
const UNFIT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Whether a text may stand in a statement for people to read. */
export function isDisplayText(text: string): boolean {
  return text.length > 0 && text.length <= 255 && !UNFIT.test(text);
}

function members(value: unknown, name: string, allowed: readonly string[], required: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`"${name}" is not an object`);
  const found = value as Record<string, unknown>;
  const unknown = Object.keys(found).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw malformed(`"${name}" has a member that version 1 does not know: ${JSON.stringify(unknown)}`);
  const missing = required.find((key) => !Object.hasOwn(found, key));
  if (missing !== undefined) throw malformed(`"${name}" lacks "${missing}"`);
  return found;
}

function exactly(value: unknown, name: string, keys: readonly string[]): Record<string, unknown> {
  return members(value, name, keys, keys);
}

function readSeal(value: unknown): Statement['seal'] {
  const { offset, size: length } = exactly(value, 'seal', ['offset', 'size']);
  return { offset: size(offset, 'seal.offset'), size: size(length, 'seal.size') };
}

function readTree(value: unknown): Statement['tree'] {
  const tree = exactly(value, 'tree', ['algorithm', 'chunk', 'leaves', 'root']);
  if (tree['chunk'] !== CHUNK) throw malformed(`"tree.chunk" is not ${CHUNK}`);
  return {
    algorithm: oneOf(tree['algorithm'], 'tree.algorithm', ['rfc9162-sha256'] as const),
    chunk: CHUNK,
    leaves: size(tree['leaves'], 'tree.leaves'),
    root: matching(tree['root'], 'tree.root', DIGEST),
  };
}

function readInventory(value: unknown, name: string): InventoryDigest {
  const inventory = exactly(value, name, ['entries', 'bytes', 'digest']);
  return {
    entries: size(inventory['entries'], `${name}.entries`),
    bytes: size(inventory['bytes'], `${name}.bytes`),
    digest: matching(inventory['digest'], `${name}.digest`, DIGEST),
  };
}

/** More keys than any publisher changes to at once. */
const KEYS_LIMIT = 16;

function readKeys(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > KEYS_LIMIT)
    throw malformed(`"keys" is not a list of 1 to ${KEYS_LIMIT}`);
  const keys = value.map((key: unknown) => matching(key, 'keys', DIGEST));
  if (keys.some((key, index) => index > 0 && key <= keys[index - 1]!)) throw malformed('"keys" is not in ascending order');
  return keys;
}

function ranges(value: unknown, name: string): Range[] {
  if (!Array.isArray(value) || value.length > 16) throw malformed(`"${name}" is not a short list of ranges`);
  return value.map((range: unknown): Range => {
    if (!Array.isArray(range) || range.length !== 2) throw malformed(`"${name}" holds something else than [offset, length]`);
    return [size(range[0], name), size(range[1], name)];
  });
}

function size(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) return value;
  throw malformed(`"${name}" is not a whole number from 0 to 2^53-1`);
}

function matching(value: unknown, name: string, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw malformed(`"${name}" does not have the form ${pattern.source}`);
}

function display(value: unknown, name: string): string {
  if (typeof value === 'string' && isDisplayText(value)) return value;
  throw malformed(`"${name}" is not a text of 1 to 255 characters without control or direction marks`);
}

function oneOf<const T extends readonly string[]>(value: unknown, name: string, allowed: T): T[number] {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw malformed(`"${name}" is none of ${allowed.join(', ')}`);
  return found;
}

function malformed(message: string, cause?: unknown): DisksealError {
  return new DisksealError('E_SEAL', `the statement is malformed: ${message}`, {
    field: 'statement',
    cause,
    hint: 'the seal was made by another version, or it is damaged',
  });
}
