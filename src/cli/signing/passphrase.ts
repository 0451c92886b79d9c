/** Passphrases as the command line offers them: an environment variable, a private file, or a prompt; never an argument. */
import { DisksealError } from '../../core/errors.ts';
import { type PassphraseSource, passphraseFromEnvironment, passphraseFromFile, passphraseFromPrompt } from '../../keys/passphrase.ts';

export interface PassphraseOptions {
  /** Name of an environment variable. */
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}

/** The one that is named, else a prompt. @throws DisksealError `E_KEY` when the variable is not set, `E_USAGE` for two sources */
export function passphraseSource({ env, file }: PassphraseOptions): PassphraseSource {
  if (env !== undefined && file !== undefined) {
    throw new DisksealError('E_USAGE', 'a passphrase cannot come from a variable and a file at once', { hint: 'name one of them' });
  }
  if (env !== undefined) return passphraseFromEnvironment(env, process.env);
  if (file !== undefined) return passphraseFromFile(file);
  return passphraseFromPrompt({ input: process.stdin, output: process.stderr });
}

/** A passphrase for something new: typed twice when it is typed. */
export async function newPassphrase(options: PassphraseOptions, what: string): Promise<string> {
  const source = passphraseSource(options);
  const first = await source(`${what} (new)`);
  if (options.env !== undefined || options.file !== undefined) return first;
  if ((await source(`${what} (again)`)) === first) return first;
  throw new DisksealError('E_USAGE', 'the two passphrases differ', { hint: 'nothing was written: try again' });
}
