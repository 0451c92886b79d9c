#!/usr/bin/env node
/** The entry of the command line. `verify` is loaded as one file, which the build makes of `verify-program.ts`: it starts sooner. */
const [, , ...words] = process.argv;
const { main } = await (words[0] === 'verify' ? import('./verify-program.ts') : import('./program.ts'));
await main(words);
