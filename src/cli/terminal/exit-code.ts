/** Runs a program until its exit code is known: an error is reported once, as it was asked for, whatever threw it. */
import { asDisksealError, errorDocument, reportError } from './errors.ts';
import { handleSignals, removeUnfinished } from './interrupt.ts';
import { createOutput, type Output, ReportedError } from './output.ts';

export async function untilExitCode(words: readonly string[], work: () => Promise<void>): Promise<void> {
  // Before the words are understood only a look can tell how an error in them is wanted.
  const output = createOutput({ json: words.includes('--json'), quiet: words.some((word) => word === '-q' || word === '--quiet') });
  const finish = (error: unknown): Promise<void> => fail(output, error);
  output.onFailure((error) => void finish(error).then(() => process.exit()));
  process.once('uncaughtException', (error) => void finish(error).then(() => process.exit()));
  process.once('unhandledRejection', (error) => void finish(error).then(() => process.exit()));
  handleSignals(output);
  try {
    await work();
  } catch (error) {
    await finish(error);
  }
}

async function fail(output: Output, thrown: unknown): Promise<void> {
  removeUnfinished();
  const error = asDisksealError(thrown);
  // Ctrl-C at a prompt is no signal; it ends the program as one all the same.
  process.exitCode = error.code === 'E_INTERRUPTED' ? 130 : error.exitCode;
  if (output.interactive) output.complain('\r\u001b[K');
  reportError(output, error);
  if (!(error instanceof ReportedError)) await output.document({ error: errorDocument(error) });
}
