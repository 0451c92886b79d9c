/** A picture made smaller: each new pixel is the mean of the area that it covers, colours weighed by their alpha. */
import type { Pixels } from './png.ts';

/** @param width - at most that of the picture; the same holds for `height` */
export function scaledDown({ width: fromWidth, height: fromHeight, rgba }: Pixels, width: number, height: number): Pixels {
  const columns = shares(fromWidth, width);
  const rows = shares(fromHeight, height);
  const result = new Uint8Array(width * height * 4);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      let [red, green, blue, alpha, area] = [0, 0, 0, 0, 0];
      for (const { index: line, share: high } of row) {
        for (const { index, share: wide } of column) {
          const at = 4 * (line * fromWidth + index);
          const weight = high * wide;
          const opaque = weight * rgba[at + 3]!;
          red += opaque * rgba[at]!;
          green += opaque * rgba[at + 1]!;
          blue += opaque * rgba[at + 2]!;
          alpha += opaque;
          area += weight;
        }
      }
      const at = 4 * (y * width + x);
      const colors = alpha === 0 ? [0, 0, 0] : [red / alpha, green / alpha, blue / alpha];
      result.set([...colors, alpha / area].map(Math.round), at);
    }
  }
  return { width, height, rgba: result };
}

interface Share {
  readonly index: number;
  /** How much of the old pixel lies in the new one, 0 to 1. */
  readonly share: number;
}

/** For each new pixel of a line the old ones that it covers. */
function shares(from: number, to: number): Share[][] {
  return Array.from({ length: to }, (_, target) => {
    const [start, end] = [(target * from) / to, ((target + 1) * from) / to];
    const covered: Share[] = [];
    for (let index = Math.floor(start); index < end; index++) {
      covered.push({ index, share: Math.min(end, index + 1) - Math.max(start, index) });
    }
    return covered;
  });
}
