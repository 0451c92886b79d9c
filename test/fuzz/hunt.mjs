/**
 * The campaign of one target in a process of its own, so that its memory is its own: fuzz.mjs starts one after the other.
 *
 *   node hunt.mjs TARGET SECONDS SEED [keep]
 *
 * Prints the result as one JSON object; faults also on stderr, as they are found.
 */
import { campaign } from './campaign.mjs';

const [name, seconds, seed, keep] = process.argv.slice(2);
console.log(JSON.stringify(await campaign(name, { seconds: Number(seconds), seed: Number(seed), keep: keep === 'keep' })));
