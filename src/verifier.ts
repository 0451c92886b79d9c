import './cli/verify-thread.ts';
import { parseArgs } from 'node:util';
import { run } from './cli/commands/verify.ts';
import { createOutput } from './cli/output.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { trust: { type: 'string', multiple: true }, quiet: { type: 'boolean' }, quick: { type: 'boolean' } },
});
process.exitCode = (await run({ arguments: positionals, options: values, output: createOutput(values as never) } as never)) as number;
