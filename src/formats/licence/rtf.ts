/**
 * RTF as far as a licence needs it: a text written so, and the plain text of a document. Source: Rich Text Format Specification 1.9.1.
 * Left out: styles, pictures and tables, which reading passes over; code pages other than Windows 1252.
 */

/** ASCII alone: other characters as numbers of their UTF-16 units, with "?" for readers that know none. */
export function rtfOf(text: string): Uint8Array {
  let body = '';
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const character = text[at]!;
    if (character === '\n') body += '\\par\n';
    else if (character === '\t') body += '\\tab ';
    else if (/[\\{}]/.test(character)) body += `\\${character}`;
    else if (unit >= 0x20 && unit < 0x7f) body += character;
    else if (unit > 0x7f) body += `\\u${unit > 0x7fff ? unit - 0x10000 : unit}?`;
  }
  return new TextEncoder().encode(`{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss Helvetica;}}\n\\f0\\fs24 ${body}}\n`);
}

export function isRtf(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 5)) === '{\\rtf';
}

/** What a group begins with whose text is not the document's. */
const ASIDE = /^(?:fonttbl|colortbl|expandedcolortbl|stylesheet|listtable|listoverridetable|info|pict|object|header|footer|generator)$/;
/** A control word with its number, a control symbol, a group's ends, or one character. */
const TOKEN = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([^\\{}]+)/gi;

interface Group {
  readonly aside: boolean;
  /** Characters behind \u that stand in for it. */
  readonly skipped: number;
}

/** The text that a reader sees, line by line; what cannot be understood is left out. */
export function textOfRtf(bytes: Uint8Array): string {
  const source = new TextDecoder('latin1').decode(bytes);
  const cp1252 = new TextDecoder('windows-1252');
  const outer: Group[] = [];
  let group: Group = { aside: false, skipped: 1 };
  let skip = 0;
  let text = '';
  const put = (piece: string): void => {
    const passed = Math.min(skip, piece.length);
    skip -= passed;
    if (!group.aside) text += piece.slice(passed);
  };
  for (const [, word, number, hex, symbol, brace, plain] of source.matchAll(TOKEN)) {
    if (brace === '{') outer.push(group);
    else if (brace === '}') group = outer.pop() ?? group;
    else if (plain !== undefined) put(plain.replaceAll(/[\r\n]/g, ''));
    else if (hex !== undefined) put(cp1252.decode(Uint8Array.of(Number.parseInt(hex, 16))));
    else if (symbol !== undefined) {
      if (symbol === '*') group = { ...group, aside: true };
      else put(SYMBOLS[symbol] ?? symbol);
    } else if (word === 'u' && number !== undefined) {
      if (!group.aside) text += String.fromCharCode(Number(number) & 0xffff);
      skip = group.skipped;
    } else if (word === 'uc') group = { ...group, skipped: Math.min(Number(number ?? 1), 16) };
    else if (word !== undefined && ASIDE.test(word)) group = { ...group, aside: true };
    else if (word !== undefined && !group.aside) text += WORDS[word] ?? '';
  }
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

const SYMBOLS: Readonly<Record<string, string>> = { '~': '\u00a0', _: '-', '-': '', '\n': '\n', '\r': '\n' };
const WORDS: Readonly<Record<string, string>> = {
  par: '\n',
  line: '\n',
  sect: '\n',
  page: '\n',
  tab: '\t',
  emdash: '\u2014',
  endash: '\u2013',
  lquote: '\u2018',
  rquote: '\u2019',
  ldblquote: '\u201c',
  rdblquote: '\u201d',
  bullet: '\u2022',
};
