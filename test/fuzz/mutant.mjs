/** A new input from old ones. */
import { mutateBytes } from './mutate-bytes.mjs';
import { pick } from './random.mjs';

/** The longest input, unless the target needs more. */
const LIMIT = 256 << 10;

export function mutant({ mutate, repair, words = [], limit = LIMIT }, inputs, random) {
  if (inputs.length === 0) return mutateBytes(new Uint8Array(), random, new Uint8Array(), words);
  // The newest half as often as all of them: they stand where the last new thing was.
  const from = random(2) === 0 ? 0 : inputs.length >> 1;
  let bytes = inputs[from + random(inputs.length - from)].slice();
  const other = pick(random, inputs);
  const changed = mutate && random(3) > 0 ? mutate(bytes, random, other, words) : undefined;
  if (changed) bytes = changed;
  if (!changed || random(4) === 0) {
    for (let left = 1 << random(4); left > 0; left--) bytes = mutateBytes(bytes, random, other, words);
  }
  if (bytes.length > limit) bytes = bytes.slice(0, limit);
  if (repair && random(4) > 0) repair(bytes);
  return bytes;
}
