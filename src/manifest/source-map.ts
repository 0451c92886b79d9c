/** Where things stand in the manifest's text, and the faults that point there. */
import { DisksealError, type ErrorCode } from '../core/errors.ts';

/** Offsets of code units in the text: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Keys and indices from the top of the manifest. */
export type KeyPath = readonly (string | number)[];

/** Columns of text that an excerpt shows. */
const WIDTH = 100;
/** Faults in one report: whoever has more reads no further. */
const REPORTED = 100;

/** The manifest's text with the place of every value in it. */
export class SourceMap {
  readonly path: string | undefined;
  readonly #text: string;
  readonly #lineStarts: number[];
  readonly #values = new Map<string, Span>();
  readonly #keys = new Map<string, Span>();

  constructor(text: string, path?: string) {
    this.path = path;
    this.#text = text;
    this.#lineStarts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  setValue(path: KeyPath, span: Span): void {
    this.#values.set(JSON.stringify(path), span);
  }

  setKey(path: KeyPath, span: Span): void {
    this.#keys.set(JSON.stringify(path), span);
  }

  /** The value at a path; when it is not in the text (a default, a missing key) the key or the nearest thing around it. */
  place(path: KeyPath): Span | undefined {
    const own = this.#values.get(JSON.stringify(path));
    if (own) return own;
    for (let length = path.length; length > 0; length--) {
      const around = JSON.stringify(path.slice(0, length));
      const span = this.#keys.get(around) ?? this.#values.get(around);
      if (span) return this.#firstLine(span);
    }
    const top = this.#values.get('[]');
    return top && this.#firstLine(top);
  }

  key(path: KeyPath): Span | undefined {
    return this.#keys.get(JSON.stringify(path)) ?? this.place(path);
  }

  /** A fault at a place of the text, with line, column and the line itself above a caret. */
  fault(message: string, span?: Span, hint?: string, code: ErrorCode = 'E_MANIFEST'): DisksealError {
    if (!span) return new DisksealError(code, message, { path: this.path, hint });
    const start = Math.min(span.start, this.#text.length);
    const line = this.#lineOf(start);
    return new DisksealError(code, message, {
      path: this.path,
      line: line + 1,
      column: start - this.#lineStarts[line]! + 1,
      excerpt: this.#excerpt(line, start, span.end),
      hint,
    });
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #lineEnd(line: number): number {
    const next = this.#lineStarts[line + 1];
    const end = next === undefined ? this.#text.length : next - 1;
    return this.#text[end - 1] === '\r' ? end - 1 : end;
  }

  #firstLine(span: Span): Span {
    return { start: span.start, end: Math.max(span.start + 1, Math.min(span.end, this.#lineEnd(this.#lineOf(span.start)))) };
  }

  #excerpt(line: number, start: number, end: number): string {
    const lineStart = this.#lineStarts[line]!;
    const lineEnd = this.#lineEnd(line);
    const from = start - lineStart > WIDTH - 20 ? start - 40 : lineStart;
    const to = Math.min(lineEnd, from + WIDTH);
    const carets = Math.max(1, Math.min(end, to) - start);
    const label = `${line + 1} | `;
    // What is shown goes to a terminal: no control characters, no direction marks, and one column for a tab.
    const shown = this.#text.slice(from, to).replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, ' ');
    return `${label}${shown}\n${' '.repeat(label.length - 2)}| ${' '.repeat(start - from)}${'^'.repeat(carets)}`;
  }
}

/** Collects every fault of a run, so that one run reports them all. */
export class Faults {
  readonly found: DisksealError[] = [];

  add(fault: DisksealError): void {
    this.found.push(fault);
  }

  /** Throws the first in the order of the text, with the others attached. */
  check(): void {
    if (this.found.length === 0) return;
    const sorted = this.found.toSorted((a, b) => rank(a) - rank(b) || (a.column ?? 0) - (b.column ?? 0));
    const [first, ...others] = sorted.slice(0, REPORTED);
    const { code, message, path, line, column, excerpt, hint, cause } = first!;
    throw new DisksealError(code, message, { path, line, column, excerpt, hint, cause, others });
  }
}

function rank(fault: DisksealError): number {
  return fault.line ?? Number.MAX_SAFE_INTEGER;
}
