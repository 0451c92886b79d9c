/** What a manifest may say about the window in which the Finder shows the volume. Names are electron-builder's and appdmg's. */
import { z } from 'zod';
import { ARRANGEMENTS, VIEWS } from '../formats/finder/window.ts';

/** Points: far more than any screen has. */
const FAR = 20_000;
const HEX_COLOR = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;
const RGB_COLOR = /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/i;

const coordinate = z.int().min(-FAR).max(FAR);
const size = z.int().min(50).max(FAR);
const shown = (what: string) => z.boolean().default(false).describe(`Whether the window has its ${what}.`);

export const place = {
  x: coordinate
    .optional()
    .describe('Middle of the icon in the volume’s window, in points from its left edge. Only of what lies in the volume itself.'),
  y: coordinate.optional().describe('Middle of the icon, in points from the window’s upper edge, below the title bar.'),
  hidden: z
    .boolean()
    .optional()
    .describe('Whether the Finder hides it (the flag invisible). In and on a signed bundle it is refused, as its signature would break.'),
  hideExtension: z
    .boolean()
    .optional()
    .describe('Whether the Finder hides the ending of its name. In and on a signed bundle it is refused, as its signature would break.'),
} as const;

export const window = z
  .strictObject({
    position: z
      .strictObject({ x: coordinate.describe('From the left edge of the main screen.'), y: coordinate.describe('From its lower edge.') })
      .default({ x: 200, y: 240 })
      .describe(
        'Of the window’s lower left corner on the main screen: the Finder counts from below, and nobody knows how high a screen is.',
      ),
    size: z
      .strictObject({ width: size.describe('Points.'), height: size.describe('Points, without the title bar.') })
      .optional()
      .describe('Of what the window shows, which the background picture fills. Default: the size of the picture, else 640 by 400.'),
    view: z.enum(VIEWS).default('icon').describe('How items are shown; places and background are those of icons.'),
    iconSize: z.number().min(16).max(512).default(96).describe('Points.'),
    textSize: z.number().min(10).max(16).default(12).describe('Of the labels, points.'),
    labelPosition: z.enum(['bottom', 'right']).default('bottom').describe('Where labels stand.'),
    arrangeBy: z
      .enum(ARRANGEMENTS)
      .default('none')
      .describe('What the Finder sorts icons by. With anything but none and grid it moves them away from their places.'),
    gridSpacing: z.number().min(1).max(100).default(100).describe('Of the grid that icons keep to, points.'),
    background: z
      .string()
      .min(1, 'background is empty')
      .optional()
      .describe(
        'A picture (PNG, TIFF or JPEG), relative to the manifest. A file name@2x.png beside name.png, twice as large, is found by itself and shown on Retina screens.',
      ),
    backgroundColor: z
      .string()
      .refine((text) => HEX_COLOR.test(text) || RGB_COLOR.test(text), 'a colour is #rrggbb, #rgb or rgb(r, g, b)')
      .refine(
        (text) => (text.match(/\d+/g) ?? []).every((part) => HEX_COLOR.test(text) || Number(part) <= 255),
        'the parts of rgb() are 0 to 255',
      )
      .optional()
      .describe('#rrggbb, #rgb or rgb(r, g, b). Of it and a background picture only one can be.'),
    showSidebar: shown('sidebar'),
    showToolbar: shown('toolbar'),
    showPathBar: shown('path bar'),
    showStatusBar: shown('status bar'),
    scrollPosition: z
      .strictObject({ x: coordinate, y: coordinate })
      .default({ x: 0, y: 0 })
      .describe('What is scrolled out of the window to the left and above, points.'),
  })
  .superRefine(({ background, backgroundColor, view }, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (background !== undefined && backgroundColor !== undefined)
      fault('backgroundColor', 'a window has a background picture or a colour, not both');
    if (background !== undefined && view !== 'icon')
      fault('background', `only the view "icon" has a background, this window has "${view}"`);
  });

/** Each part from 0 to 1. @param text - as the schema lets it through */
export function parseColor(text: string): { red: number; green: number; blue: number } {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  const long = /^#(..)(..)(..)$/.exec(text);
  const parts = short
    ? short.slice(1).map((digit) => Number.parseInt(digit + digit, 16))
    : long
      ? long.slice(1).map((digits) => Number.parseInt(digits, 16))
      : (text.match(/\d+/g) ?? []).map(Number);
  const [red = 0, green = 0, blue = 0] = parts.map((part) => part / 255);
  return { red, green, blue };
}
