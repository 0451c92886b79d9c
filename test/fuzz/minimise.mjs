/**
 * The shortest input that shows the same fault, by leaving out ever smaller parts and blanking what cannot be left out. For faults that
 * are thrown; what hangs is minimised by nobody.
 *
 *   node minimise.mjs TARGET FILE OUTPUT
 */
import { writeFileSync } from 'node:fs';
import { faultOf } from './execute.mjs';
import { readInput } from './inputs.mjs';
import { loadTarget } from './targets.mjs';

const [name, file, output] = process.argv.slice(2);
const target = await loadTarget(name);
// Numbers in messages differ from input to input.
const kind = async (bytes) => (await faultOf(target.run, bytes))?.replaceAll(/\d+/g, '#');
process.on('unhandledRejection', () => undefined);

let best = readInput(file);
const wanted = await kind(best);
if (wanted === undefined) process.exit(1);

for (let size = best.length >> 1; size >= 1; size >>= 1) {
  for (let at = 0; at < best.length; ) {
    const shorter = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]));
    if ((await kind(shorter)) === wanted) best = shorter;
    else at += size;
  }
  writeFileSync(output, best);
}
for (let size = Math.min(best.length >> 1, 4096); size >= 1; size >>= 2) {
  for (let at = 0; at < best.length; at += size) {
    if (best.subarray(at, at + size).every((octet) => octet === 0)) continue;
    const blank = best.slice().fill(0, at, at + size);
    if ((await kind(blank)) === wanted) best = blank;
  }
  writeFileSync(output, best);
}
