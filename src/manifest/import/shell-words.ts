/**
 * The words of a simple shell command, as POSIX 2.2 quotes them. Nothing is expanded or run: a word with a variable or a substitution in
 * it keeps its text and says so.
 */
export interface Word {
  readonly text: string;
  /** Whether a shell would put something else in its place. */
  readonly expands: boolean;
}

/** Assignments, keywords, and programs that start others. */
const BEFORE_A_COMMAND = /^(?:[A-Za-z_]\w*=.*|sudo|exec|env|time|command|if|then|else|do|!)$/s;

/** @returns the words of the first command in a script that is called `program`; nothing when there is none */
export function wordsOfCommand(script: string, program: string): readonly Word[] | undefined {
  for (const command of commandsOf(script)) {
    const at = command.findIndex(({ text }) => text === program || text.endsWith(`/${program}`));
    if (at >= 0 && command.slice(0, at).every(({ text }) => BEFORE_A_COMMAND.test(text))) return command.slice(at + 1);
  }
  return undefined;
}

function* commandsOf(script: string): Generator<Word[]> {
  const text = script.replaceAll(/\\\r?\n/g, ' ');
  let words: Word[] = [];
  let word: { text: string; expands: boolean } | undefined;
  const append = (part: string, expands = false): void => {
    word = { text: (word?.text ?? '') + part, expands: (word?.expands ?? false) || expands };
  };
  const endWord = (): void => {
    if (word) words.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "'") {
      const end = endOf(text, at, "'");
      append(text.slice(at + 1, end));
      at = end;
    } else if (character === '"') {
      const end = endOf(text, at, '"');
      const inside = text.slice(at + 1, end);
      append(inside.replaceAll(/\\([$`"\\])/g, '$1'), /(?<!\\)[$`]/.test(inside));
      at = end;
    } else if (character === '\\') append(text[++at] ?? '');
    else if (character === '#' && word === undefined) at = lineEnd(text, at) - 1;
    else if (/[\n;&|()]/.test(character)) {
      endWord();
      if (words.length > 0) yield words;
      words = [];
    } else if (/\s/.test(character)) endWord();
    else append(character, /[$`]/.test(character));
  }
  endWord();
  if (words.length > 0) yield words;
}

/** Where a quotation ends; the text's end when it does not. */
function endOf(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++;
    else if (text[at] === quote) return at;
  }
  return text.length;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
