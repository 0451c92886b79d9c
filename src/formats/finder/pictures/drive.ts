/** The picture of a drive, drawn by ourselves, with an icon set onto it: what a volume shows that has a badge. */
import { ICON_SIZE } from './icns.ts';
import type { Pixels } from './png.ts';
import { scaledDown } from './scale.ts';

type Color = readonly [red: number, green: number, blue: number];

/** A box with round corners, seen from the front; places and sizes in pixels of an icon. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly radius: number;
  /** Of its upper and its lower edge; between them it changes evenly. */
  readonly colors: readonly [Color, Color];
  readonly alpha?: number;
}

const DRIVE: readonly Box[] = [
  {
    left: 96,
    top: 780,
    right: 928,
    bottom: 888,
    radius: 54,
    colors: [
      [0, 0, 0],
      [0, 0, 0],
    ],
    alpha: 0.18,
  },
  {
    left: 112,
    top: 200,
    right: 912,
    bottom: 860,
    radius: 72,
    colors: [
      [247, 248, 250],
      [198, 203, 210],
    ],
  },
  {
    left: 128,
    top: 216,
    right: 896,
    bottom: 716,
    radius: 58,
    colors: [
      [226, 230, 235],
      [208, 213, 220],
    ],
  },
  {
    left: 112,
    top: 732,
    right: 912,
    bottom: 860,
    radius: 64,
    colors: [
      [176, 182, 191],
      [148, 155, 166],
    ],
  },
  {
    left: 800,
    top: 780,
    right: 840,
    bottom: 812,
    radius: 16,
    colors: [
      [120, 214, 130],
      [70, 180, 90],
    ],
  },
];
const BADGE = { left: 292, top: 244, size: 440 } as const;

/** @param badge - ICON_SIZE each way */
export function driveWith(badge: Pixels): Pixels {
  const rgba = new Uint8Array(ICON_SIZE * ICON_SIZE * 4);
  for (const box of DRIVE) drawBox(rgba, box);
  const small = scaledDown(badge, BADGE.size, BADGE.size);
  for (let y = 0; y < BADGE.size; y++) {
    for (let x = 0; x < BADGE.size; x++) {
      const from = 4 * (y * BADGE.size + x);
      const color = [small.rgba[from]!, small.rgba[from + 1]!, small.rgba[from + 2]!] as const;
      blend(rgba, BADGE.left + x, BADGE.top + y, color, small.rgba[from + 3]! / 255);
    }
  }
  return { width: ICON_SIZE, height: ICON_SIZE, rgba };
}

function drawBox(rgba: Uint8Array, { left, top, right, bottom, radius, colors, alpha = 1 }: Box): void {
  const [above, below] = colors;
  for (let y = top; y < bottom; y++) {
    const part = (y - top) / (bottom - top);
    const color = above.map((value, index) => value + (below[index]! - value) * part) as unknown as Color;
    for (let x = left; x < right; x++) {
      // Distance of the pixel's middle to the inner box that the round corners surround: an edge is one pixel soft.
      const dx = Math.max(left + radius - x - 0.5, x + 0.5 - (right - radius), 0);
      const dy = Math.max(top + radius - y - 0.5, y + 0.5 - (bottom - radius), 0);
      const cover = Math.min(1, Math.max(0, radius - Math.hypot(dx, dy) + 0.5));
      if (cover > 0) blend(rgba, x, y, color, cover * alpha);
    }
  }
}

/** Puts a colour over what is there. */
function blend(rgba: Uint8Array, x: number, y: number, color: Color, alpha: number): void {
  const at = 4 * (y * ICON_SIZE + x);
  const under = (rgba[at + 3]! / 255) * (1 - alpha);
  const total = alpha + under;
  if (total === 0) return;
  for (let index = 0; index < 3; index++) rgba[at + index] = Math.round((color[index]! * alpha + rgba[at + index]! * under) / total);
  rgba[at + 3] = Math.round(total * 255);
}
