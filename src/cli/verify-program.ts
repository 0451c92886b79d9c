/**
 * The program as `verify` loads it: a thread starts, on another processor, while the rest is still on its way. Words that Node's own
 * parser understands need no more; for help, and to say what is wrong with others, there is the whole program.
 */
import './verify-thread.ts';
import { run } from './commands/verify.ts';
import { VERIFY } from './declarations/verify.ts';
import { untilExitCode } from './terminal/exit-code.ts';
import { createOutput } from './terminal/output.ts';
import { type ReadWords, readWords } from './words.ts';

/** @param words - the first one is the command's name */
export async function main(words: readonly string[]): Promise<void> {
  const read = understood(words.slice(1));
  if (!read) {
    const { main: wholeProgram } = await import('./program.ts');
    return wholeProgram(words);
  }
  await untilExitCode(words, async () => {
    process.exitCode = await run({ ...read, output: createOutput(read.options) });
  });
}

function understood(words: readonly string[]): ReadWords | undefined {
  try {
    return readWords(VERIFY, words);
  } catch {
    return undefined;
  }
}
