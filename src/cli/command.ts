/** The form of a command's code. */
import type { Output } from './terminal/output.ts';

/** What a command is called with. Names of options are camelCase. */
export interface Call<Options = Record<string, unknown>> {
  readonly arguments: readonly (string | readonly string[] | undefined)[];
  readonly options: Options;
  readonly output: Output;
}

/** A command's code. It gives its exit code, 0 when absent; errors are thrown. */
export interface CommandModule {
  run(call: Call): Promise<number | void>;
}
