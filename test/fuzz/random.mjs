/** Numbers that a seed decides. */

/** mulberry32: small, seeded, good enough to choose places. @returns (below) => a whole number from 0 to below - 1 */
export function randomNumbers(seed) {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export const pick = (random, list) => list[random(list.length)];
