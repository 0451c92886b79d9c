/**
 * One input alone in a process of its own, for what a busy machine may only have seemed to show.
 *
 *   node replay.mjs TARGET FILE
 *
 * Prints one JSON object: the fault or null, processor time in milliseconds, and the most memory that the process had, in bytes. Who
 * called it ends it when it takes too long.
 */
import { describe, faultOf } from './execute.mjs';
import { readInput } from './inputs.mjs';
import { loadTarget } from './targets.mjs';

const [name, file] = process.argv.slice(2);
const target = await loadTarget(name);
let late;
process.on('unhandledRejection', (error) => (late = `not awaited: ${describe(error)}`));
const input = readInput(file);
const before = process.cpuUsage();
const what = await faultOf(target.run, input);
const { user, system } = process.cpuUsage(before);
await new Promise((resolve) => setImmediate(resolve));
console.log(
  JSON.stringify({ what: what ?? late ?? null, milliseconds: (user + system) / 1000, memory: process.resourceUsage().maxRSS * 1024 }),
);
