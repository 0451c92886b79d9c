/** Reads the words of one command as it is declared, by Node's own parser: for `verify`, which starts sooner so, and for the one-file verifier. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { DisksealError } from '../core/errors.ts';
import { COMMON, type CommandDeclaration, EXITS, type OptionDeclaration } from './declarations/declaration.ts';

export interface ReadWords {
  readonly arguments: readonly string[];
  /** By camelCase name. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** @throws DisksealError `E_USAGE` with the hint `--help` */
export function readWords(
  { options, arguments: wanted }: Pick<CommandDeclaration, 'options' | 'arguments'>,
  words: readonly string[],
): ReadWords {
  const { values, positionals } = parse([...options, ...COMMON], words);
  const [missing] = wanted.slice(positionals.length);
  if (missing) throw usage(`missing required argument '${missing[0].replace(/[<>]/g, '')}'`);
  if (positionals.length > wanted.length) throw usage(`expected ${wanted.length} argument, found ${positionals.length}`);
  const named = Object.entries(values).map(([name, value]) => [name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value]);
  return { arguments: positionals, options: Object.fromEntries(named) as Record<string, unknown> };
}

function parse(declared: readonly OptionDeclaration[], words: readonly string[]): { values: object; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const { flags, list = false } of declared) {
    const [, short, name, value] = /^(?:-(.), )?--([\w-]+)( .*)?$/.exec(flags)!;
    options[name!] = { type: value === undefined ? 'boolean' : 'string', multiple: list, ...(short === undefined ? {} : { short }) };
  }
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message.split('\n', 1)[0]! : String(error), error);
  }
}

function usage(message: string, cause?: unknown): DisksealError {
  return new DisksealError('E_USAGE', message, { hint: '"--help" shows how it is used', cause });
}

/** What `--help` prints. */
export function helpText(
  program: string,
  declaration: Pick<CommandDeclaration, 'summary' | 'about' | 'options' | 'arguments' | 'exits'>,
): string {
  const { summary, about = '', options, exits, arguments: wanted } = declaration;
  const all = [...options, ...COMMON, { flags: '-h, --help', text: 'show this' }];
  const width = Math.max(...all.map(({ flags }) => flags.length));
  return [
    `Usage: ${program} ${wanted.map(([name]) => name).join(' ')} [options]`,
    '',
    summary,
    '',
    about,
    '',
    'Options:',
    ...all.map(({ flags, text }) => `  ${flags.padEnd(width)}  ${text}`),
    '',
    'Exit codes:',
    ...exits.toSorted((a, b) => a - b).map((code) => `  ${String(code).padStart(2)}  ${EXITS[code]}`),
    '',
  ].join('\n');
}
