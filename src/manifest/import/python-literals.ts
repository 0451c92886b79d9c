/**
 * Assignments of literals in a Python file: `name = 'text'`, numbers, True, False, None, tuples, lists and dictionaries of them. Nothing is
 * executed. What is assigned otherwise is told by its name. Source: The Python Language Reference, sections 2.4 and 6.2.
 */
export type Literal = string | number | boolean | null | readonly Literal[] | { readonly [key: string]: Literal };

export interface Assignments {
  readonly values: Readonly<Record<string, Literal>>;
  /** Names whose value is no literal. */
  readonly others: readonly string[];
}

/** Deeper nesting is no settings file. */
const DEPTH = 32;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', '\n': '' };

export function readAssignments(text: string): Assignments {
  const values: Record<string, Literal> = {};
  const others: string[] = [];
  // At the beginning of a line only: what is indented depends on a condition.
  for (const match of text.matchAll(/^([A-Za-z_]\w*)[ \t]*=(?!=)/gm)) {
    const reader = new LiteralReader(text, match.index + match[0].length);
    const literal = reader.only();
    const name = match[1]!;
    if (literal === undefined) others.push(name);
    else values[name] = literal;
  }
  return { values: Object.fromEntries(Object.entries(values).filter(([name]) => !others.includes(name))), others };
}

class NoLiteral extends Error {}

class LiteralReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  /** A literal that is all there is on its line. */
  only(): Literal | undefined {
    try {
      const first = this.#value(0);
      this.#spaces();
      if (this.#text[this.#at] === ',') return undefined;
      return this.#at >= this.#text.length || /[\r\n;]/.test(this.#text[this.#at]!) ? first : undefined;
    } catch (error) {
      if (error instanceof NoLiteral) return undefined;
      throw error;
    }
  }

  #value(depth: number): Literal {
    if (depth > DEPTH) throw new NoLiteral();
    this.#spaces(depth > 0);
    const character = this.#text[this.#at] ?? '';
    if (character === '[') return this.#items(']', depth).values;
    if (character === '(') {
      const { values, hasComma } = this.#items(')', depth);
      // A pair of parentheses around one value is no tuple.
      return values.length === 1 && !hasComma ? values[0]! : values;
    }
    if (character === '{') return this.#dictionary(depth);
    if (/['"rubRUB]/.test(character) && /^[rubRUB]{0,2}['"]/.test(this.#text.slice(this.#at, this.#at + 3))) return this.#strings(depth);
    const word = /^(?:True|False|None)\b/.exec(this.#text.slice(this.#at, this.#at + 8))?.[0];
    if (word) {
      this.#at += word.length;
      return word === 'None' ? null : word === 'True';
    }
    const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 64))?.[0];
    if (!number || /^\w/.test(this.#text[this.#at + number.length] ?? '')) throw new NoLiteral();
    this.#at += number.length;
    return Number(number);
  }

  #items(close: string, depth: number): { values: Literal[]; hasComma: boolean } {
    const values: Literal[] = [];
    let hasComma = false;
    this.#at++;
    for (;;) {
      this.#spaces(true);
      if (this.#take(close)) return { values, hasComma };
      values.push(this.#value(depth + 1));
      this.#spaces(true);
      if (this.#take(',')) hasComma = true;
      else if (this.#text[this.#at] !== close) throw new NoLiteral();
    }
  }

  #dictionary(depth: number): Literal {
    const entries: [string, Literal][] = [];
    this.#at++;
    for (;;) {
      this.#spaces(true);
      if (this.#take('}')) return Object.fromEntries(entries);
      const key = this.#value(depth + 1);
      this.#spaces(true);
      if (typeof key !== 'string' || !this.#take(':')) throw new NoLiteral();
      entries.push([key, this.#value(depth + 1)]);
      this.#spaces(true);
      if (!this.#take(',') && this.#text[this.#at] !== '}') throw new NoLiteral();
    }
  }

  /** Literals beside each other are one text. */
  #strings(depth: number): string {
    let text = '';
    for (;;) {
      const prefix = /^[rubRUB]{0,2}(?=['"])/.exec(this.#text.slice(this.#at, this.#at + 3))?.[0];
      if (prefix === undefined) return text;
      if (/b/i.test(prefix)) throw new NoLiteral();
      this.#at += prefix.length;
      text += this.#string(/r/i.test(prefix));
      this.#spaces(depth > 0);
    }
  }

  #string(raw: boolean): string {
    const quote =
      this.#text.startsWith("'''", this.#at) || this.#text.startsWith('"""', this.#at)
        ? this.#text.slice(this.#at, this.#at + 3)
        : this.#text[this.#at]!;
    this.#at += quote.length;
    let text = '';
    while (!this.#text.startsWith(quote, this.#at)) {
      const character = this.#text[this.#at];
      if (character === undefined || (character === '\n' && quote.length === 1)) throw new NoLiteral();
      if (character !== '\\') text += this.#text[this.#at++];
      else text += this.#escape(raw);
    }
    this.#at += quote.length;
    return text;
  }

  #escape(raw: boolean): string {
    const next = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    if (raw) return `\\${next}`;
    const simple = ESCAPES[next];
    if (simple !== undefined) return simple;
    const digits = { x: 2, u: 4, U: 8 }[next] ?? 0;
    const code = Number.parseInt(this.#text.slice(this.#at, this.#at + digits), 16);
    // Without a meaning, both stay as they are.
    if (digits === 0) return `\\${next}`;
    if (Number.isNaN(code) || code > 0x10ffff) throw new NoLiteral();
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Spaces and comments; line ends too, where brackets are open. */
  #spaces(lines = false): void {
    for (;;) {
      const character = this.#text[this.#at] ?? '';
      if (character === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      else if (character === ' ' || character === '\t' || (lines && /[\r\n]/.test(character) && character !== '')) this.#at++;
      else if (character === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else return;
    }
  }
}
