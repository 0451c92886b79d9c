/**
 * Text from images and certificates, made safe for a terminal: names come from strangers, and an escape sequence
 * or a right-to-left override in one of them could repaint what diskseal says about it.
 */

/**
 * C0 and C1 controls and DEL, bidirectional and other invisible formatting (Unicode "Cf"), line and paragraph separators,
 * lone surrogates, noncharacters and private tags. Letters, marks and emoji with their joiners stay as they are.
 */
const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{fdd0}-\u{fdef}\u{fffe}\u{ffff}\u{e0000}-\u{e007f}]/gu;

/** Anything unsafe as `\u{202e}`. The result is one line. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON whose strings hold no character that a terminal would act on: such a one can only stand inside a string, where \uXXXX means the same. */
export function jsonText(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, plainValue, indent) ?? 'null';
  return json.replace(
    /[^\n\P{Cc}]|[\p{Zl}\p{Zp}\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}]/gu,
    escape,
  );
}

function escape(found: string): string {
  return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

/** 1234567 as 1,234,567. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A size for people: 1.2 MB, with decimal units as Finder counts. */
export function humanSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}
