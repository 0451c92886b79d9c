/**
 * Mutation fuzzing of every parser that meets bytes of strangers:
 *
 *   npm run fuzz -- --seconds N [--target NAME] [--seed N] [--keep]
 *
 * Each target gets N seconds. Only a DisksealError may come of an input, within 2 s and 512 MiB. What shows anything else is written
 * to found/, as short as it can be made, and the exit code is 1. With --keep inputs that reach new code are added to corpus/.
 * The suite replays corpus/ and found/ (fuzz.test.ts).
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TARGETS } from './targets.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, target: { type: 'string', multiple: true }, seed: { type: 'string' }, keep: { type: 'boolean' } },
});
const seconds = Number(values.seconds ?? 10);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const names = values.target ?? Object.keys(TARGETS);
const unknown = names.filter((name) => !TARGETS[name]);
if (!(seconds > 0) || !Number.isInteger(seed) || unknown.length > 0) {
  console.error(`usage: npm run fuzz -- --seconds N [--target NAME] [--seed N] [--keep]\ntargets: ${Object.keys(TARGETS).join(' ')}`);
  process.exit(2);
}

console.log(`seed ${seed}, ${seconds} s each\n${row(['target', 'runs', 'a second', 'corpus', 'new', 'reached', 'MiB', 'faults'])}`);
let total = 0;
for (const name of names) {
  const started = Date.now();
  const { runs, corpus, fresh, reached, peak, faults } = hunt(name);
  const rate = Math.round((runs * 1000) / (Date.now() - started));
  console.log(row([name, runs, rate, corpus, fresh, reached, peak >> 20, faults.length]));
  total += runs;
  if (faults.length > 0) process.exitCode = 1;
}
console.log(`${total} runs`);

function hunt(name) {
  const words = [fileURLToPath(new URL('hunt.mjs', import.meta.url)), name, String(seconds), String(seed), values.keep ? 'keep' : ''];
  const { status, stdout } = spawnSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 << 20 });
  if (status !== 0) throw new Error(`the campaign of ${name} ended with ${status}`);
  return JSON.parse(stdout.toString());
}

function row([name, ...numbers]) {
  return String(name).padEnd(12) + numbers.map((value) => String(value).padStart(10)).join('');
}
