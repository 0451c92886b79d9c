/** The command line: reads the words, loads the one command they name, and turns errors into exit codes. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { DisksealError } from '../core/errors.ts';
import { COMMANDS } from './declarations/commands.ts';
import { COMMON, type CommandDeclaration, EXITS, type OptionDeclaration } from './declarations/declaration.ts';
import { untilExitCode } from './terminal/exit-code.ts';
import { createOutput } from './terminal/output.ts';

export async function main(words: readonly string[]): Promise<void> {
  await untilExitCode(words, async () => {
    try {
      await program().parseAsync([...words], { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode !== 0) throw usageError(error, words);
    }
  });
}

function usageError(error: CommanderError, words: readonly string[]): DisksealError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const named = namedBy(words);
  const guess = /\(Did you mean (.*)\?\)/.exec(suggestion ?? '')?.[1];
  const help = ['diskseal', ...named, '--help'].join(' ');
  const hint = guess ? `did you mean ${guess}? "${help}" lists what there is` : `"${help}" shows how it is used`;
  const said = error.code === 'commander.help' ? 'no command was given' : message;
  return new DisksealError('E_USAGE', said, { hint, cause: error });
}

/** The command that the words begin with, as in `keys new`. */
function namedBy(words: readonly string[]): string[] {
  const found: string[] = [];
  let among: readonly CommandDeclaration[] | undefined = COMMANDS;
  for (const word of words) {
    const next: CommandDeclaration | undefined = among?.find(({ name }) => name === word);
    if (!next) break;
    found.push(word);
    among = next.commands;
  }
  return found;
}

function program(): Command {
  const all = new Command('diskseal')
    .description('build, sign, verify and open disk images that carry software')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined })
    .addHelpText('after', '\nStart with "diskseal init", then "diskseal build". "diskseal <command> --help" has examples.');
  for (const declaration of COMMANDS) all.addCommand(commandOf(declaration, all));
  return all;
}

function commandOf(declaration: CommandDeclaration, parent: Command): Command {
  const { name, summary, about, commands } = declaration;
  const command = new Command(name)
    .copyInheritedSettings(parent)
    .summary(summary)
    .description(about ? `${summary}\n\n${about}` : summary);
  for (const [argument, text] of declaration.arguments) command.argument(argument, text);
  for (const option of declaration.options) command.addOption(optionOf(option));
  if (commands) {
    for (const below of commands) command.addCommand(commandOf(below, command));
    return command;
  }
  for (const option of COMMON) command.addOption(optionOf(option));
  command.addHelpText('after', afterHelp(declaration));
  return command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as Record<string, unknown>;
    if (declaration.threads) (await import('./platform.ts')).prepareThreads(declaration.threads);
    const loaded = await declaration.load?.();
    const code = await loaded?.run({ arguments: given.slice(0, -2) as string[], options, output: createOutput(options) });
    if (code) process.exitCode = code;
  });
}

function optionOf({ flags, text, list, hidden }: OptionDeclaration): Option {
  const option = new Option(flags, text);
  if (list) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return option.hideHelp(hidden ?? false);
}

function afterHelp({ examples, exits }: CommandDeclaration): string {
  const width = Math.max(0, ...examples.map(([command]) => command.length));
  const shown = examples.map(([command, text]) => `  ${command.padEnd(width)}  ${text}`);
  const codes = exits.toSorted((a, b) => a - b).map((code) => `  ${String(code).padStart(2)}  ${EXITS[code]}`);
  return ['', ...(shown.length > 0 ? ['Examples:', ...shown, ''] : []), 'Exit codes:', ...codes].join('\n');
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
