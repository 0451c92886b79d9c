/**
 * The one error class, its stable codes, and the exit code that each code stands for.
 * A code never changes its meaning; `docs/errors.md` is checked against this table by a test.
 */
export const EXIT_CODES = {
  /** A promise of our own was broken. */
  E_INTERNAL: 1,
  E_USAGE: 2,
  E_MANIFEST: 2,
  /** A key or certificate cannot be used as given: wrong passphrase, no matching certificate, not a key at all. */
  E_KEY: 2,
  /** A policy file cannot be read as one. */
  E_POLICY: 2,
  /** What was remembered about publishers and versions is damaged, or others can write it. */
  E_STATE: 2,
  E_READ: 3,
  E_WRITE: 3,
  E_EXISTS: 3,
  E_NOT_FOUND: 3,
  /** A source changed between planning and reading. */
  E_CHANGED: 3,
  E_INTERRUPTED: 3,
  /** A server gave no usable answer. */
  E_HTTP: 3,
  /** The image has no room for this in its seal, or embedding it would change more than the seal: a detached seal can be made. */
  E_NO_ROOM: 3,
  E_NO_SEAL: 10,
  /** Not any image that this program knows. */
  E_NOT_IMAGE: 20,
  E_TRUNCATED: 20,
  E_UDIF: 20,
  E_PLIST: 20,
  E_PARTITION: 20,
  E_HFSPLUS: 20,
  E_ISO9660: 20,
  E_UDF: 20,
  E_BINCUE: 20,
  E_NRG: 20,
  E_DS_STORE: 20,
  /** The container is known but uses a part of its format that this version does not read. */
  E_UNSUPPORTED: 20,
  /** Bytes that nothing accounts for. */
  E_UNCOVERED: 20,
  E_TAMPERED: 21,
  E_SEAL: 22,
  E_DER: 22,
  E_CMS: 22,
  E_CERTIFICATE: 22,
  E_SIGNATURE: 23,
  E_UNTRUSTED: 30,
  E_UNKNOWN_PUBLISHER: 31,
  E_EXPIRED: 32,
  E_REVOKED: 33,
  E_TIMESTAMP: 34,
  E_WEAK: 35,
  /** Another product, platform, channel or format than the policy allows. */
  E_PRODUCT: 40,
  /** An older version than one that was seen or is asked for, or the same build with another content. */
  E_DOWNGRADE: 41,
  E_COSIGNATURE: 42,
  E_APPLE: 50,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/** seal-format.md section 9: all checks of an image are reported; the first failure in this order gives the exit code. */
const ORDER: readonly number[] = [3, 20, 10, 22, 23, 35, 30, 34, 32, 33, 31, 42, 40, 41, 50, 21];

/**
 * The place of a code in that order. A code outside of it (2: usage; 1: internal) comes before all others: nothing after it can be
 * believed.
 */
export function verdictRank(code: ErrorCode): number {
  return ORDER.indexOf(EXIT_CODES[code]);
}

/** Where the fault lies and what to do next. Every member is optional; offsets count bytes from the start of `path`. */
export interface ErrorDetails {
  path?: string | undefined;
  offset?: number | undefined;
  /** A structure's field, as in `KolyTrailer.signature`. */
  field?: string | undefined;
  /** 1-based, in a text file such as the manifest. */
  line?: number | undefined;
  column?: number | undefined;
  /** The line of a text file with a caret under the place: two lines, no line feed at the end. */
  excerpt?: string | undefined;
  hint?: string | undefined;
  cause?: unknown;
  /** Further faults of the same run; the message is about the first. */
  others?: readonly DisksealError[] | undefined;
}

export class DisksealError extends Error {
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  readonly field: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly excerpt: string | undefined;
  readonly hint: string | undefined;
  readonly others: readonly DisksealError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DisksealError';
    this.code = code;
    this.path = details.path;
    this.offset = details.offset;
    this.field = details.field;
    this.line = details.line;
    this.column = details.column;
    this.excerpt = details.excerpt;
    this.hint = details.hint;
    this.others = details.others ?? [];
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }

  /** The same error with places filled in that were not known where it was thrown. */
  with(details: ErrorDetails): DisksealError {
    const { path, offset, field, line, column, excerpt, hint } = this;
    const known = { path, offset, field, line, column, excerpt, hint };
    const filled = { ...details, ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) };
    return new DisksealError(this.code, this.message, { ...filled, cause: this.cause ?? this, others: this.others });
  }

  /** What crosses a thread and what `--json` prints. */
  toJSON(): Record<string, unknown> {
    const { code, message, path, offset, field, line, column, excerpt, hint } = this;
    const all = { code, exitCode: this.exitCode, message, path, offset, field, line, column, excerpt, hint };
    const others = this.others.length > 0 ? { others: this.others.map((other) => other.toJSON()) } : {};
    return { ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)), ...others };
  }
}

/** A broken promise of our own: never thrown for bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new DisksealError('E_INTERNAL', `internal error: ${message}`);
}
