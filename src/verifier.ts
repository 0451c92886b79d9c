/**
 * The verifier alone: `verify` of diskseal as one file without dependencies, for plain Node.js. `npm run build:verifier` makes it.
 * It differs in three ways, and never accepts more (docs/verifiers.md): policies are read as JSON, no connection is opened, and its
 * words are read by Node's own parser.
 */
import './cli/verify-thread.ts';
import { run } from './cli/commands/verify.ts';
import { VERIFY } from './cli/declarations/verify.ts';
import { untilExitCode } from './cli/terminal/exit-code.ts';
import { createOutput } from './cli/terminal/output.ts';
import { helpText, readWords } from './cli/words.ts';

/** Put in by the build. */
declare const DISKSEAL_VERSION: string;

const ALONE = { ...VERIFY, arguments: [['<image>', 'the disk image: a file, or - for standard input']] as const };

async function main(words: readonly string[]): Promise<void> {
  if (words.includes('--help') || words.includes('-h')) return void process.stdout.write(helpText('node diskseal-verify.mjs', ALONE));
  if (words.length === 1 && words[0] === '--version') return void process.stdout.write(`${DISKSEAL_VERSION}\n`);
  const read = readWords(ALONE, words);
  process.exitCode = await run({ ...read, output: createOutput(read.options) });
}

const words = process.argv.slice(2);
void untilExitCode(words, () => main(words));
